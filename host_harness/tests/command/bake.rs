//! `schtag bake`.
use super::{Folder, stderr};

#[test]
fn without_a_base_or_rules_it_says_how_to_get_them() {
    let folder = Folder::new();
    let embedded = option_env!("SCHTAG_BASE_WASM").is_some_and(|path| !path.is_empty());
    // The base comes first: without it there is nothing to bake rules into.
    let code = if embedded { 3 } else { 4 };
    let assert = folder.schtag("bake --rules . -o out.wasm").assert().code(code);
    assert_eq!(stderr(&assert).contains("SCHTAG_BASE_WASM"), !embedded, "{}", stderr(&assert));
    assert!(!folder.path("out.wasm").exists());
}

#[test]
fn a_base_that_is_not_there_is_exit_code_3() {
    let folder = Folder::new();
    let assert = folder.schtag("bake --rules . --base missing.wasm -o out.wasm").assert().code(3);
    assert!(stderr(&assert).contains("missing.wasm: "), "{}", stderr(&assert));
    assert!(!folder.path("out.wasm").exists());
}
