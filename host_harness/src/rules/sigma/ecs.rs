//! The names that the ECS objects of a tag need: of tactics, techniques and references.

use super::metadata::Metadata;
use crate::rules::attack::{TACTICS, Tactic, is_address, parent, tactics, technique_name};
use schtag::rules::{AttackName, Ecs, EcsRule};
use std::collections::BTreeSet;

/// Returns what the ECS objects need of these rules, which are given in the pack's order.
pub(crate) fn ecs<'m>(rules: impl IntoIterator<Item = &'m Metadata>) -> Ecs {
    let rules: Vec<&Metadata> = rules.into_iter().collect();
    let used: Vec<&Tactic> = TACTICS
        .iter()
        .filter(|tactic| rules.iter().any(|rule| tactics(&rule.tags).contains(tactic)))
        .collect();
    let mut techniques = BTreeSet::new();
    let mut references: Vec<String> = Vec::new();
    let mut added = Vec::with_capacity(rules.len());
    for rule in rules {
        for technique in &rule.techniques {
            techniques.extend([technique.as_str(), parent(technique)]);
        }
        let reference = rule.references.iter().find(|text| is_address(text)).map(|address| {
            references.iter().position(|known| known == address).unwrap_or_else(|| {
                references.push(address.clone());
                references.len().saturating_sub(1)
            })
        });
        let of_rule = tactics(&rule.tags);
        let bits = used.iter().zip(0_u32..).filter(|(tactic, _)| of_rule.contains(tactic));
        added.push(EcsRule {
            reference: reference.and_then(|index| u32::try_from(index).ok()),
            tactics: bits.fold(0, |bits, (_, bit)| bits | 1 << bit),
        });
    }
    let name = |id: &str, name: &str| AttackName { id: id.to_owned(), name: name.to_owned() };
    Ecs {
        tactics: used.iter().map(|tactic| name(tactic.id, tactic.name)).collect(),
        techniques: techniques
            .iter()
            .filter_map(|technique| Some(name(technique, technique_name(technique)?)))
            .collect(),
        references,
        rules: added,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::sigma;

    #[test]
    fn rules_give_names_tactics_and_the_first_address() {
        let text = "title: A\nid: b\ntags: [attack.t1053.005, attack.persistence, attack.execution]\n\
                    references: [Some book, 'https://example.com/1', 'https://example.com/2']\n---\n\
                    title: B\nid: a\ntags: [attack.t1112, attack.persistence]\n";
        let ecs = ecs(&sigma::metadata(text));
        let names =
            |names: &[AttackName]| names.iter().map(|n| format!("{} {}", n.id, n.name)).collect::<Vec<_>>();
        assert_eq!(names(&ecs.tactics), ["TA0002 Execution", "TA0003 Persistence"]);
        assert_eq!(
            names(&ecs.techniques),
            ["T1053 Scheduled Task/Job", "T1053.005 Scheduled Task", "T1112 Modify Registry"]
        );
        assert_eq!(ecs.reference(0), Some("https://example.com/1"));
        assert_eq!(ecs.reference(1), None);
        let tactics = |rule| ecs.tactics_of(rule).map(|tactic| tactic.id.as_str()).collect::<Vec<_>>();
        assert_eq!(tactics(0), ["TA0002", "TA0003"]);
        assert_eq!(tactics(1), ["TA0003"]);
        assert_eq!(tactics(2), [""; 0]);
    }
}
