//! The ten parts of a rule's section `ads`: its Alerting and Detection Strategy.
//!
//! Source: Palantir's Alerting and Detection Strategy Framework
//! (<https://github.com/palantir/alerting-detection-strategy-framework>).
use yaml_serde::Value;

/// The parts in their order: each its key and its heading.
pub(crate) const PARTS: [(&str, &str); 10] = [
    ("goal", "Goal"),
    ("categorization", "Categorization"),
    ("strategy_abstract", "Strategy abstract"),
    ("technical_context", "Technical context"),
    ("blind_spots_and_assumptions", "Blind spots and assumptions"),
    ("false_positives", "False positives"),
    ("validation", "Validation"),
    ("priority", "Priority"),
    ("response", "Response"),
    ("additional_resources", "Additional resources"),
];

/// Returns what a part says: one text, or the entries of a list. Empty when there is nothing in it.
pub(crate) fn texts(ads: &Value, part: &str) -> Vec<String> {
    let values = match ads.get(part) {
        Some(Value::Sequence(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    let texts = values.iter().filter_map(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}

/// Returns what is wrong with a section `ads`, in words.
pub(crate) fn problems(ads: &Value) -> Vec<String> {
    let Some(mapping) = ads.as_mapping() else {
        return vec!["`ads` is not a mapping of its ten parts".into()];
    };
    let mut problems = Vec::new();
    for (part, _) in PARTS {
        if !mapping.contains_key(part) {
            problems.push(format!("`ads.{part}` is missing"));
        } else if texts(ads, part).is_empty() {
            problems.push(format!("`ads.{part}` says nothing"));
        }
    }
    for key in mapping.keys().filter_map(Value::as_str) {
        if !PARTS.iter().any(|(part, _)| *part == key) {
            let hint = crate::rules::yaml::hint(crate::rules::yaml::nearest(
                key,
                PARTS.iter().map(|(part, _)| *part),
            ));
            problems.push(format!("`ads.{key}` is no part of an ADS{hint}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_must_say_something() {
        let mut text: String = PARTS.iter().map(|(part, _)| format!("{part}: x\n")).collect();
        assert!(problems(&yaml_serde::from_str(&text).unwrap()).is_empty());
        text = text.replace("goal: x", "gaol: x").replace("response: x", "response: ' '");
        assert_eq!(
            problems(&yaml_serde::from_str(&text).unwrap()),
            [
                "`ads.goal` is missing",
                "`ads.response` says nothing",
                "`ads.gaol` is no part of an ADS; did you mean `goal`?"
            ]
        );
        assert_eq!(problems(&Value::Null).len(), 1);
    }

    #[test]
    fn a_part_is_a_text_or_a_list() {
        let ads: Value = yaml_serde::from_str("{goal: ' a ', response: [b, '', c]}").unwrap();
        assert_eq!(texts(&ads, "goal"), ["a"]);
        assert_eq!(texts(&ads, "response"), ["b", "c"]);
        assert_eq!(texts(&ads, "priority"), [""; 0]);
    }
}
