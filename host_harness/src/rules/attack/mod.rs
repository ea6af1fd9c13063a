//! ATT&CK's tactics and techniques, by the names that people know them by.
//!
//! Source: <https://attack.mitre.org>, version 18, and what version 19 added to it. Names change between versions, ids
//! seldom do: whoever needs to be sure goes by the id.

mod techniques;

/// A tactic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tactic {
    /// As Sigma's tags write it: `defense-evasion` in `attack.defense-evasion`.
    pub tag: &'static str,
    /// For example `TA0005`.
    pub id: &'static str,
    /// For example `Defense Evasion`.
    pub name: &'static str,
}

const fn tactic(tag: &'static str, id: &'static str, name: &'static str) -> Tactic {
    Tactic { tag, id, name }
}

/// The tactics as tags name them: those of ATT&CK up to version 18, and the two that version 19 made of "defense
/// evasion", of which "stealth" kept the id. In the order of ATT&CK's matrix.
pub(crate) const TACTICS: [Tactic; 16] = [
    tactic("reconnaissance", "TA0043", "Reconnaissance"),
    tactic("resource-development", "TA0042", "Resource Development"),
    tactic("initial-access", "TA0001", "Initial Access"),
    tactic("execution", "TA0002", "Execution"),
    tactic("persistence", "TA0003", "Persistence"),
    tactic("privilege-escalation", "TA0004", "Privilege Escalation"),
    tactic("defense-evasion", "TA0005", "Defense Evasion"),
    tactic("stealth", "TA0005", "Stealth"),
    tactic("defense-impairment", "TA0112", "Defense Impairment"),
    tactic("credential-access", "TA0006", "Credential Access"),
    tactic("discovery", "TA0007", "Discovery"),
    tactic("lateral-movement", "TA0008", "Lateral Movement"),
    tactic("collection", "TA0009", "Collection"),
    tactic("command-and-control", "TA0011", "Command and Control"),
    tactic("exfiltration", "TA0010", "Exfiltration"),
    tactic("impact", "TA0040", "Impact"),
];

/// The tactics among Sigma tags, in the order of ATT&CK's matrix.
pub(crate) fn tactics(tags: &[String]) -> Vec<Tactic> {
    let named = |tactic: &&Tactic| tags.iter().any(|tag| tag.strip_prefix("attack.") == Some(tactic.tag));
    TACTICS.iter().filter(named).copied().collect()
}

/// The name of a technique such as `T1053.005`, where it is known.
pub(crate) fn technique_name(id: &str) -> Option<&'static str> {
    let at = techniques::NAMES.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
    techniques::NAMES.get(at).map(|(_, name)| *name)
}

/// The address of the page of a technique such as `T1053.005`.
pub(crate) fn technique_url(technique: &str) -> String {
    format!("https://attack.mitre.org/techniques/{}/", technique.replace('.', "/"))
}

/// The technique that a sub-technique belongs to; of another, itself.
pub(crate) fn parent(technique: &str) -> &str {
    technique.split('.').next().unwrap_or(technique)
}

/// Returns whether a text is the address of a page.
pub(crate) fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_have_pages() {
        assert_eq!(technique_url("T1112"), "https://attack.mitre.org/techniques/T1112/");
        assert_eq!(technique_url("T1053.005"), "https://attack.mitre.org/techniques/T1053/005/");
    }

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        assert!(techniques::NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(technique_name("T1053.005"), Some("Scheduled Task"));
        assert_eq!(technique_name("T1053"), Some("Scheduled Task/Job"));
        assert_eq!(technique_name("T9999"), None);
        for (id, _) in techniques::NAMES {
            assert!(technique_name(parent(id)).is_some(), "{id} has no parent");
        }
    }

    #[test]
    fn every_technique_of_the_default_rules_has_a_name() {
        for rule in crate::rules::catalogue::Catalogue::embedded().rules() {
            for technique in &rule.metadata.techniques {
                assert!(technique_name(technique).is_some(), "{technique} of {}", rule.metadata.title);
            }
        }
    }
}
