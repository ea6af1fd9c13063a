//! `schtag inspect`.
use super::{Folder, stderr};

#[test]
fn a_baked_module_is_described() {
    let folder = Folder::new();
    let assert = folder.schtag("inspect schtag.wasm").assert().success().stderr("");
    let words = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for part in [
        "loads it, from 2.0.14 on",
        "imports      none",
        "exports      memory, malloc, free, schtag_filter",
        "features     bulk_memory",
        "settings     key schtag",
        "rules        0",
    ] {
        assert!(words.contains(part), "{words} should say {part:?}");
    }
}

#[test]
fn json_holds_the_manifest() {
    let folder = Folder::new();
    let assert = folder.schtag("inspect --json schtag.wasm").assert().success();
    let json: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(json["refused"], serde_json::Value::Null);
    let base = std::fs::read(folder.path("base.wasm")).unwrap();
    assert_eq!(json["manifest"]["base"], schtag_host::text::sha256_hex(&base));
    assert_eq!(json["manifest"]["settings"]["key"], "schtag");
    assert_eq!(json["memory_pages"], 2);
}

#[test]
fn a_module_that_is_not_to_be_shipped_says_so() {
    let folder = Folder::new();
    let assert = folder.schtag("inspect base.wasm").assert().success();
    let words = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(words.contains("it is the base module"), "{words}");
    assert!(words.contains("not a baked module"), "{words}");
}

#[test]
fn what_is_not_a_module_is_exit_code_4_and_what_is_not_there_3() {
    let folder = Folder::new();
    folder.write("text.wasm", b"(module)");
    let assert = folder.schtag("inspect text.wasm").assert().code(4).stdout("");
    assert!(stderr(&assert).contains("text.wasm: this is not a WebAssembly module"), "{}", stderr(&assert));
    folder.schtag("inspect missing.wasm").assert().code(3);
    folder.schtag("inspect .").assert().code(3);
}
