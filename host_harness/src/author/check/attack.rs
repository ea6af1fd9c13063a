//! ATT&CK in Sigma's tags.
//!
//! Source: Sigma's tags specification, appendix "Tags" of version 2.1.0.
use crate::rules::attack::TACTICS;

/// Returns what is wrong with a tag, in words.
pub(super) fn problem(tag: &str) -> Option<String> {
    let Some((namespace, name)) = tag.split_once('.') else {
        return Some(format!("the tag `{tag}` has no namespace: write `namespace.name`"));
    };
    let plain = |text: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        !text.is_empty() && text.chars().all(allowed)
    };
    if !plain(namespace) || !plain(name) {
        return Some(format!("the tag `{tag}` has something else than a-z, 0-9, `-`, `_` and `.` in it"));
    }
    if namespace != "attack" || TACTICS.iter().any(|tactic| tactic.tag == name) || is_id(name) {
        return None;
    }
    let hint = crate::rules::yaml::hint(crate::rules::yaml::nearest(name, TACTICS.map(|tactic| tactic.tag)));
    Some(format!("the tag `{tag}` is no tactic, and no technique such as `attack.t1053.005`{hint}"))
}

/// A technique (`t1053.005`), group (`g0016`), software (`s0111`) or campaign (`c0024`).
fn is_id(name: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    match name.strip_prefix('t') {
        Some(technique) => match technique.split_once('.') {
            Some((number, sub)) => digits(number, 4) && digits(sub, 3),
            None => digits(technique, 4),
        },
        None => name.strip_prefix(['g', 's', 'c']).is_some_and(|number| digits(number, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_the_form_that_they_must_have() {
        for good in [
            "attack.t1053",
            "attack.t1053.005",
            "attack.defense-evasion",
            "attack.s0111",
            "cve.2024-1086",
            "tlp.red",
        ] {
            assert_eq!(problem(good), None);
        }
        for (bad, complaint) in [
            ("attack.t1053.5", "no technique"),
            ("attack.T1053", "a-z"),
            ("attack.t105", "no technique"),
            ("attack.defense-evason", "did you mean `defense-evasion`?"),
            ("attack.defense_evasion", "did you mean `defense-evasion`?"),
            ("persistence", "has no namespace"),
            ("attack.", "a-z"),
        ] {
            let problem = problem(bad).unwrap();
            assert!(problem.contains(complaint), "{problem}");
        }
    }
}
