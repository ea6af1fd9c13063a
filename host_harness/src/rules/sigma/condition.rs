//! Conditions: from their text to a tree over the named detections.

use super::expression::Expression;
use super::refusal::{Fault, Reason};
use crate::rules::yaml::{Node, nearest};
use rsigma_parser::ast::{ConditionExpr, Quantifier, SelectorPattern};

/// The most tests of a rule; every use of a detection counts.
pub(super) const MAX_TESTS: usize = 20_000;
/// Longest condition.
const MAX_CONDITION: usize = 8 << 10;
/// The limits to the nesting of brackets and negations, and to the number of words. rsigma-parser recurses over them
/// before it applies limits of its own.
const MAX_DEPTH: usize = 32;
const MAX_WORDS: usize = 1_000;

/// A compiled detection by name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) expression: Expression,
    pub(super) used: bool,
}

/// Reads a detection section's `condition`: one, or several of which one must hold.
pub(super) fn read(section: &Node<'_>, named: &mut [Named]) -> Result<Expression, Fault> {
    let node = section.require("condition")?;
    let mut alternatives = Vec::new();
    let mut tests = 0;
    for node in node.one_or_more() {
        let parsed = parse(node.text()?).map_err(|reason| Fault::new(node.place(), reason))?;
        let expression =
            lower(&parsed, named, &mut tests).map_err(|reason| Fault::new(node.place(), reason))?;
        alternatives.push(expression);
    }
    if alternatives.is_empty() {
        return Err(Fault::new(node.place(), Reason::Empty));
    }
    Ok(Expression::any(alternatives))
}

/// Parses a condition, after what would overwhelm the parser is turned away.
pub(super) fn parse(text: &str) -> Result<ConditionExpr, Reason> {
    if text.contains('|') {
        return Err(Reason::Aggregation);
    }
    if text.len() > MAX_CONDITION {
        return Err(Reason::ConditionTooComplex("longer than 8192 bytes"));
    }
    let words = text.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
    if words.filter(|word| !word.is_empty()).count() > MAX_WORDS {
        return Err(Reason::ConditionTooComplex("more than 1000 words"));
    }
    let mut depth = 0_usize;
    let mut negations = 0_usize;
    for word in text.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        match word {
            "(" => depth = depth.saturating_add(1),
            ")" => depth = depth.saturating_sub(1),
            "not" => negations = negations.saturating_add(1),
            _ => negations = 0,
        }
        if depth > MAX_DEPTH || negations > MAX_DEPTH {
            return Err(Reason::ConditionTooComplex("brackets or negations nested more than 32 deep"));
        }
    }
    rsigma_parser::parse_condition(text).map_err(|error| match error {
        rsigma_parser::SigmaParserError::Condition(message, _) => Reason::Condition(message),
        other => Reason::Condition(other.to_string()),
    })
}

fn lower(condition: &ConditionExpr, named: &mut [Named], tests: &mut usize) -> Result<Expression, Reason> {
    let mut several = |of: &[ConditionExpr]| {
        of.iter().map(|condition| lower(condition, named, tests)).collect::<Result<Vec<_>, _>>()
    };
    match condition {
        ConditionExpr::And(of) => several(of).map(Expression::all),
        ConditionExpr::Or(of) => several(of).map(Expression::any),
        ConditionExpr::Not(inner) => Ok(lower(inner, named, tests)?.negated()),
        ConditionExpr::Identifier(name) => {
            let index = named.iter().position(|detection| detection.name == *name);
            match index.and_then(|index| named.get_mut(index)) {
                Some(detection) => take(detection, tests),
                None => Err(Reason::UnknownDetection {
                    name: name.clone(),
                    nearest: nearest(name, named.iter().map(|detection| detection.name.as_str()))
                        .map(str::to_owned),
                }),
            }
        }
        ConditionExpr::Selector { quantifier, pattern } => {
            let mut of = Vec::new();
            for detection in named.iter_mut().filter(|detection| selects(pattern, &detection.name)) {
                of.push(take(detection, tests)?);
            }
            let needed = match quantifier {
                Quantifier::Any => 1,
                Quantifier::All => (of.len() as u64).max(1),
                Quantifier::Count(count) => *count,
            };
            let least = usize::try_from(needed).ok().filter(|needed| *needed <= of.len() && *needed > 0);
            let Some(least) = least else {
                let selector = format!("{quantifier} of {pattern}");
                return Err(Reason::TooFewDetections { selector, needed, found: of.len() });
            };
            Ok(Expression::AtLeast { least, of })
        }
    }
}

fn take(detection: &mut Named, tests: &mut usize) -> Result<Expression, Reason> {
    detection.used = true;
    *tests = tests.saturating_add(detection.expression.size());
    if *tests > MAX_TESTS {
        return Err(Reason::RuleTooLarge(MAX_TESTS));
    }
    Ok(detection.expression.clone())
}

/// Returns whether a selector means a detection. `them` leaves out names that begin with `_`; in patterns, `*` stands
/// for any text.
fn selects(pattern: &SelectorPattern, name: &str) -> bool {
    let pattern = match pattern {
        SelectorPattern::Them => return !name.starts_with('_'),
        SelectorPattern::Pattern(pattern) => pattern,
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_mean_detections_by_name() {
        let pattern = |text: &str| SelectorPattern::Pattern(text.into());
        for (selector, name, expected) in [
            (SelectorPattern::Them, "selection", true),
            (SelectorPattern::Them, "_helper", false),
            (pattern("selection*"), "selection", true),
            (pattern("selection_*"), "selection_a", true),
            (pattern("selection_*"), "selection", false),
            (pattern("*_b"), "selection_b", true),
            (pattern("s*_*b"), "selection_x_b", true),
            (pattern("a*a"), "a", false),
            (pattern("selection"), "selection_a", false),
            (pattern("_*"), "_helper", true),
            (pattern("*"), "_helper", true),
        ] {
            assert_eq!(selects(&selector, name), expected, "{selector} {name}");
        }
    }

    #[test]
    fn overwhelming_conditions_are_turned_away() {
        for text in [
            "(".repeat(8_000),
            format!("{}a{}", "(".repeat(33), ")".repeat(33)),
            format!("{}a", "not ".repeat(33)),
            format!("{}a", "not(".repeat(33)),
            vec!["a"; 1_001].join(" or "),
            "a".repeat(9_000),
            format!("a{}", " ".repeat(9_000)),
        ] {
            let refused = parse(&text);
            assert!(matches!(refused, Err(Reason::ConditionTooComplex(_))), "{refused:?}");
        }
        assert!(parse(&format!("{}a{}", "(".repeat(32), ")".repeat(32))).is_ok());
        assert!(parse(&vec!["a"; 500].join(" or ")).is_ok());
    }

    #[test]
    fn what_is_not_a_condition_is_refused() {
        assert_eq!(parse("selection | count() by User > 5"), Err(Reason::Aggregation));
        for text in ["", "a and", "a b", "and", "1 of", "not", "(a", "a)", "5 of them or", "ä"] {
            assert!(matches!(parse(text), Err(Reason::Condition(_))), "{text}");
        }
    }
}
