//! `schtag tag --format`.
use super::{Folder, stderr};
use serde_json::Value;

const INPUT: &str = "{\"t\":1}\n{\"a\":1}\nnope\n\n{\"o\":1}\n{\"t\":2}";

#[test]
fn ocsf_writes_findings_only_and_counts_the_rest() {
    let folder = Folder::new();
    let assert = folder.schtag("tag --format ocsf --at 7").write_stdin(INPUT).assert().success();
    let output = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let findings: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings.len(), 2, "{output}");
    for (finding, raw) in findings.iter().zip(["{\"t\":1}", "{\"t\":2}"]) {
        assert_eq!((&finding["class_uid"], &finding["severity_id"]), (&2004.into(), &4.into()));
        assert_eq!((&finding["time"], &finding["raw_data"]), (&7000.into(), &raw.into()));
        assert_eq!(finding["unmapped"]["schtag"]["verdict"], "alert");
    }
    assert_ne!(findings[0]["finding_info"]["uid"], findings[1]["finding_info"]["uid"]);
    assert!(output.ends_with('\n'), "each finding is a line");
    assert!(stderr(&assert).contains("3 left out, no finding"), "{}", stderr(&assert));
    let assert = folder.schtag("tag --format ocsf --stats json").write_stdin(INPUT).assert().success();
    let summary: Value = serde_json::from_str(&stderr(&assert)).unwrap();
    assert_eq!(summary["no_findings"], 3);
}

#[test]
fn ecs_leaves_what_it_has_no_rule_for() {
    let folder = Folder::new();
    let native = folder.schtag("tag").write_stdin(INPUT).assert().success();
    let native = native.get_output().stdout.clone();
    // The small guest names no rules, so that there is nothing to lift.
    folder.schtag("tag --format ecs").write_stdin(INPUT).assert().success().stdout(native);
}

#[test]
fn a_format_needs_rules_and_goes_without_pretty() {
    let folder = Folder::new();
    folder.schtag("tag --format ocsf --pretty").assert().code(2);
    folder.schtag("tag --format sarif").assert().code(2);
    let assert = folder.schtag("tag --format ecs -m base.wasm").write_stdin(INPUT).assert().code(4);
    assert!(stderr(&assert).contains("schtag bake"), "{}", stderr(&assert));
}
