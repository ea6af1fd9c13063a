//! Passes on what an earlier filter said, in our own words.
use super::earlier::Handling;
use super::finding::Finding;
use super::words::{PASSED_ON, Verdict};
use crate::json::Writer;
use crate::rules::Level;

/// Writes the member about what an earlier filter found and did, where there is any of it.
pub(super) fn write(
    json: &mut Writer<'_>,
    findings: &[Finding<'_>],
    handling: Option<&Handling>,
    entries: usize,
) {
    let (verdict, severity) = match (findings.first(), handling) {
        (Some(finding), _) => (Verdict::Alert, finding.level),
        (None, Some(handling)) => (handling.verdict, Level::Informational),
        (None, None) => return,
    };
    json.key(PASSED_ON);
    json.open('{');
    json.text("verdict", verdict.as_str());
    json.text("severity", severity.as_str());
    write_rules(json, findings, entries);
    json.list("notes", handling.map(|handling| &handling.note));
    json.text("verified", "no");
    json.close('}');
}

/// Writes the member that names the first of some rules, unless there are none.
pub(super) fn write_rules(json: &mut Writer<'_>, findings: &[Finding<'_>], entries: usize) {
    if findings.is_empty() {
        return;
    }
    json.key("rules");
    json.open('[');
    for finding in findings.iter().take(entries) {
        json.open('{');
        json.text("id", finding.id);
        json.text("title", finding.title);
        json.text("level", finding.level.as_str());
        json.close('}');
    }
    json.close(']');
}
