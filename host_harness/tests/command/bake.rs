//! `schtag bake`.
use super::{Folder, stderr};

#[test]
fn without_a_base_it_says_how_to_get_one() {
    let folder = Folder::new();
    if option_env!("SCHTAG_BASE_WASM").is_some_and(|path| !path.is_empty()) {
        return;
    }
    let assert = folder.schtag("bake --rules . -o out.wasm").assert().code(4);
    assert!(stderr(&assert).contains("SCHTAG_BASE_WASM"), "{}", stderr(&assert));
    assert!(!folder.path("out.wasm").exists());
}

#[test]
fn a_base_that_is_not_there_is_exit_code_3() {
    let folder = Folder::new();
    let assert = folder.schtag("bake --rules . --base missing.wasm -o out.wasm").assert().code(3);
    assert!(stderr(&assert).contains("missing.wasm: "), "{}", stderr(&assert));
    assert!(!folder.path("out.wasm").exists());
}
