//! The index of all rules.
use super::MARK;
use super::markdown::{cell, code, link};
use crate::rules::attack;
use crate::rules::sigma::RuleInfo;
use std::collections::BTreeMap;

/// The index page: a table of the rules by level, and one of the ATT&CK techniques.
pub(super) fn index(rules: &[(&RuleInfo, String)]) -> String {
    let mut out = format!(
        "{MARK}\n# Rules\n\n{} rules, the most severe first. A tag names a rule by its id; `schtag rule ID` prints its page.\n\n",
        rules.len()
    );
    out.push_str("| rule | id | level | ATT&CK | what it finds |\n|---|---|---|---|---|\n");
    let mut sorted: Vec<&(&RuleInfo, String)> = rules.iter().collect();
    sorted.sort_by_key(|(info, name)| (std::cmp::Reverse(info.metadata.level), name));
    for (info, name) in sorted {
        let metadata = &info.metadata;
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            link(name, &format!("{name}.md")),
            code(metadata.id.get(..8).unwrap_or(&metadata.id)),
            metadata.level.as_str(),
            metadata
                .techniques
                .iter()
                .map(|t| link(t, &attack::technique_url(t)))
                .collect::<Vec<_>>()
                .join(", "),
            cell(&metadata.title)
        ));
    }
    let mut coverage: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (info, name) in rules {
        for technique in &info.metadata.techniques {
            coverage.entry(technique).or_default().push(name);
        }
    }
    out.push_str("\n## ATT&CK coverage\n\nA technique is covered as far as a scheduled task shows it.\n\n");
    out.push_str("| technique | rules |\n|---|---|\n");
    for (technique, mut names) in coverage {
        names.sort_unstable();
        let names: Vec<String> = names.iter().map(|name| link(name, &format!("{name}.md"))).collect();
        out.push_str(&format!(
            "| {} | {} |\n",
            link(technique, &attack::technique_url(technique)),
            names.join(", ")
        ));
    }
    out
}
