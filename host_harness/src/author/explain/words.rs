//! Tests in words.
use schtag::rules::{Comparison, Glob, GlobPart, Pattern, Relation, Target, Test};

/// Returns what a pattern asks, for example ``contains `-enc` ``. `regexes` are the texts of the pack's expressions.
pub(super) fn in_words(pattern: &Pattern, regexes: &[String]) -> String {
    let asks = match &pattern.test {
        Test::Text(glob) => text(glob),
        Test::Regex(index) => {
            let text = regexes.get(*index as usize).map_or("", String::as_str);
            format!("is found by the regular expression `{text}`")
        }
        Test::Exists(true) => "is there".to_owned(),
        Test::Exists(false) => "is absent".to_owned(),
        Test::Number(comparison, number) => format!("is a number {} {number}", compared(*comparison)),
        Test::Cidr(cidr) => format!("is an address in {}/{}", cidr.network, cidr.prefix),
        Test::FieldRef { field, relation, cased } => {
            let relation = match relation {
                Relation::Equals => "is the same as",
                Relation::Contains => "contains",
                Relation::StartsWith => "starts with",
                Relation::EndsWith => "ends with",
            };
            format!("{relation} the field {}{}", field.name(), with_case(*cased))
        }
    };
    match pattern.target {
        Target::Field(_) => asks,
        Target::Anywhere(_) => format!("any field {asks}"),
    }
}

fn text(glob: &Glob) -> String {
    let asks = match glob.parts.as_slice() {
        [] => "is empty".to_owned(),
        [GlobPart::Any] => "is anything".to_owned(),
        [GlobPart::Literal(text)] => format!("is `{text}`"),
        [GlobPart::Any, GlobPart::Literal(text), GlobPart::Any] => format!("contains `{text}`"),
        [GlobPart::Literal(text), GlobPart::Any] => format!("starts with `{text}`"),
        [GlobPart::Any, GlobPart::Literal(text)] => format!("ends with `{text}`"),
        parts => {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    GlobPart::Literal(text) => text.replace('*', "\\*").replace('?', "\\?"),
                    GlobPart::Any => "*".to_owned(),
                    GlobPart::One => "?".to_owned(),
                })
                .collect();
            format!("fits `{}`", parts.concat())
        }
    };
    asks + with_case(glob.cased)
}

const fn with_case(cased: bool) -> &'static str {
    if cased { " (case counts)" } else { "" }
}

const fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Lt => "below",
        Comparison::Lte => "of at most",
        Comparison::Gt => "above",
        Comparison::Gte => "of at least",
        Comparison::Eq => "equal to",
        Comparison::Neq => "other than",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schtag::fields::{Field, View};
    use schtag::rules::Cidr;

    #[test]
    fn tests_read_as_sentences_about_a_field() {
        let literal = |text: &str| GlobPart::Literal(text.into());
        let glob = |cased, parts: Vec<GlobPart>| Test::Text(Glob { cased, parts });
        let reference = Test::FieldRef { field: Field::TaskUri, relation: Relation::EndsWith, cased: false };
        let network = Cidr { network: "10.0.0.0".parse().unwrap(), prefix: 8 };
        for (test, words) in [
            (glob(false, vec![]), "is empty"),
            (glob(false, vec![literal("a")]), "is `a`"),
            (glob(true, vec![literal("a"), GlobPart::Any]), "starts with `a` (case counts)"),
            (glob(false, vec![GlobPart::Any, literal("a")]), "ends with `a`"),
            (glob(false, vec![GlobPart::Any, literal("a"), GlobPart::Any]), "contains `a`"),
            (glob(false, vec![literal("a*"), GlobPart::One, GlobPart::Any]), r"fits `a\*?*`"),
            (Test::Regex(0), "is found by the regular expression `^x`"),
            (Test::Exists(false), "is absent"),
            (Test::Number(Comparison::Lte, 2.5), "is a number of at most 2.5"),
            (Test::Cidr(network), "is an address in 10.0.0.0/8"),
            (reference, "ends with the field task.uri"),
        ] {
            let pattern = Pattern { target: Target::Field(Field::TaskName), test };
            assert_eq!(in_words(&pattern, &["^x".into()]), words);
        }
        let keyword =
            Pattern { target: Target::Anywhere(View::Security), test: glob(false, vec![literal("a")]) };
        assert_eq!(in_words(&keyword, &[]), "any field is `a`");
    }
}
