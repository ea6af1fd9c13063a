//! Chooses the title and techniques of a match by the selections that hold.
use crate::rules::{Branch, Rule};

/// The title of a match: that of the first branch that holds and has one, else the rule's.
pub(super) fn title<'a>(rule: &'a Rule, holding: &[u32]) -> &'a str {
    holding.iter().find_map(|branch| at(rule, *branch)?.title.as_deref()).unwrap_or(&rule.title)
}

/// The techniques of a match: those that every match of the rule claims, then those of the branches that hold.
pub(super) fn techniques<'a>(rule: &'a Rule, holding: &[u32]) -> Vec<&'a str> {
    let own = rule.techniques.iter().take(rule.own_techniques as usize);
    let of_branches = holding.iter().filter_map(|branch| at(rule, *branch));
    let theirs = of_branches.flat_map(|branch| &branch.techniques);
    let mut techniques: Vec<&str> = Vec::new();
    for technique in own.chain(theirs.filter_map(|index| rule.techniques.get(*index as usize))) {
        if !techniques.contains(&technique.as_str()) {
            techniques.push(technique);
        }
    }
    techniques
}

fn at(rule: &Rule, branch: u32) -> Option<&Branch> {
    rule.branches.get(branch as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::View;
    use crate::rules::Level;

    fn rule() -> Rule {
        let branch = |techniques: &[u32], title: Option<&str>| Branch {
            techniques: techniques.to_vec(),
            title: title.map(str::to_owned),
            ..Branch::default()
        };
        Rule {
            id: "r".into(),
            title: "The rule".into(),
            level: Level::High,
            techniques: ["T1053.005", "T1490", "T1003.002"].map(String::from).to_vec(),
            own_techniques: 1,
            branches: vec![
                branch(&[1], None),
                branch(&[2, 0], Some("The hive")),
                branch(&[2], Some("Later")),
            ],
            view: View::Security,
            reported: true,
            condition: Vec::new(),
        }
    }

    #[test]
    fn only_what_holds_has_a_say() {
        let rule = rule();
        for (holding, title_of, of) in [
            (&[][..], "The rule", &["T1053.005"][..]),
            (&[0], "The rule", &["T1053.005", "T1490"]),
            (&[0, 1, 2], "The hive", &["T1053.005", "T1490", "T1003.002"]),
            (&[2], "Later", &["T1053.005", "T1003.002"]),
            (&[9], "The rule", &["T1053.005"]),
        ] {
            assert_eq!((title(&rule, holding), techniques(&rule, holding)), (title_of, of.to_vec()));
        }
    }
}
