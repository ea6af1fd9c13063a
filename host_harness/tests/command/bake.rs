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

const RULE: &str = r"
title: Task runs PowerShell
id: 7d240724-0000-4000-8000-000000000001
status: test
logsource: {product: windows, service: security}
detection:
  selection: {EventID: 4698, TaskContent|contains: powershell}
  condition: selection
level: medium
tags: [attack.persistence, attack.t1053.005]
";

#[test]
fn rules_and_settings_end_up_in_a_module_that_runs() {
    let folder = Folder::new();
    folder.write("rule.yml", RULE.as_bytes());
    let bake = |output: &str| {
        let words = format!("bake --rules rule.yml --base base.wasm -o {output}");
        let assert = folder.schtag(&words).assert().success().stdout("");
        let wasm = std::fs::read(folder.path(output)).unwrap();
        let said = stderr(&assert);
        assert!(said.contains(&format!("{output}: 1 rules, {} bytes, sha256", wasm.len())), "{said}");
        wasm
    };
    assert_eq!(bake("one.wasm"), bake("two.wasm"));
    let assert = folder.schtag("inspect --json one.wasm").assert().success();
    let json: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(json["manifest"]["rules"][0]["title"], "Task runs PowerShell");
    assert_eq!(json["manifest"]["rules"][0]["techniques"][0], "T1053.005");
    folder
        .schtag("tag --module one.wasm")
        .write_stdin("{\"a\":1}\n")
        .assert()
        .success()
        .stdout("{\"a\":1}\n");
}

#[test]
fn nothing_is_written_when_something_is_wrong() {
    let folder = Folder::new();
    folder.write("rule.yml", RULE.as_bytes());
    folder.write("wrong.yml", b"title: No detection\nlogsource: {product: windows, service: security}\n");
    let rules = "bake --rules rule.yml -o out.wasm --base";
    for (words, code, said) in [
        (format!("{rules} schtag.wasm"), 4, "already been baked"),
        (format!("{rules} rule.yml"), 4, "rule.yml: not usable as a base"),
        (format!("{rules} base.wasm --max-size 100"), 4, "more than its budget of 100"),
        (format!("{rules} base.wasm --settings missing.yml"), 3, "missing.yml: "),
        (format!("{rules} base.wasm --rules wrong.yml --strict"), 3, "left out: wrong.yml"),
        ("bake --rules wrong.yml --base base.wasm -o out.wasm".into(), 3, "no usable rule"),
        ("bake --rules rule.yml --base base.wasm -o missing/out.wasm".into(), 5, "missing/out.wasm: "),
        ("bake --rules rule.yml --base base.wasm -o .".into(), 5, ".: "),
    ] {
        let assert = folder.schtag(&words).assert().code(code).stdout("");
        assert!(stderr(&assert).contains(said), "{words}: {}", stderr(&assert));
        assert!(!folder.path("out.wasm").exists(), "{words}");
    }
    // With --keep-going a wrong rule is left out, and named.
    let words = format!("{rules} base.wasm --rules wrong.yml --keep-going");
    let assert = folder.schtag(&words).assert().success();
    assert!(stderr(&assert).contains("left out: wrong.yml"), "{}", stderr(&assert));
}

#[test]
fn what_cannot_be_used_is_not_left_out_in_silence() {
    let folder = Folder::new();
    folder.write("rule.yml", RULE.as_bytes());
    let of = |from: &str, to: &str| RULE.replace("000001", "000002").replace(from, to);
    for (file, text, said) in [
        ("broken.yml", "title: [\n".to_owned(), "not valid YAML"),
        ("notes.yml", "server: {port: 80}\n".to_owned(), "the key `title` is missing"),
        ("empty.yml", "# later\n".to_owned(), "there is no rule in this file"),
        ("modifier.yml", of("contains", "containz"), "did you mean `contains`?"),
        ("same.yml", RULE.to_owned(), "has the same id as `Task runs PowerShell`"),
    ] {
        folder.write(file, text.as_bytes());
        let bake = format!("bake --rules rule.yml --rules {file} --base base.wasm -o out.wasm");
        let assert = folder.schtag(&bake).assert().code(3).stdout("");
        let text = stderr(&assert);
        assert!(text.contains(said) && text.contains("--keep-going"), "{file}: {text}");
        assert!(!folder.path("out.wasm").exists(), "{file}");
        folder.schtag(&format!("{bake} --keep-going")).assert().success();
        std::fs::remove_file(folder.path("out.wasm")).unwrap();
        folder.schtag(&format!("check rule.yml {file}")).assert().code(1);
    }
    // A rule from elsewhere for other events is left out, and that is no fault.
    folder.write("linux.yml", of("product: windows, service: security", "product: linux").as_bytes());
    let bake = "bake --rules rule.yml --rules linux.yml --base base.wasm -o out.wasm";
    let assert = folder.schtag(bake).assert().success();
    assert!(stderr(&assert).contains("left out: linux.yml"), "{}", stderr(&assert));
    folder.schtag(&format!("{bake} --strict")).assert().code(3);
}

/// A base module with this body of `schtag_load`, which gives its records back as they were.
fn base_with(load: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 1)
            (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
            (func (export "malloc") (param i32) (result i32) i32.const 1024)
            (func (export "free") (param i32))
            (func (export "schtag_load") (param i32 i32) (result i32) {load}))"#
    ))
    .unwrap()
}

#[test]
fn no_subcommand_runs_a_hostile_base_for_ever() {
    let folder = Folder::new();
    folder.write("rule.yml", RULE.as_bytes());
    folder.write("event.json", b"{\"EventID\":4698,\"Channel\":\"Security\",\"TaskContent\":\"<Task/>\"}");
    for (load, words) in [
        ("(loop $ever (br $ever)) unreachable", "fuel"),
        ("(loop $ever (drop (memory.grow (i32.const 60000))) (br $ever)) unreachable", "asked for memory"),
        // It says that it has loaded the rules, and judges nothing.
        ("i32.const 0", "judge"),
    ] {
        folder.write("hostile.wasm", &base_with(load));
        for command in [
            "bake --rules rule.yml --base hostile.wasm -o out.wasm",
            "explain --rules rule.yml --base hostile.wasm event.json",
            "check rule.yml --module-fuel --base hostile.wasm",
        ] {
            let mut command_line = folder.schtag(command);
            let assert = command_line.timeout(std::time::Duration::from_secs(300)).assert().code(4);
            let said = stderr(&assert);
            assert!(said.contains(words), "{command}: {load}: {said}");
        }
        assert!(!folder.path("out.wasm").exists());
    }
}
