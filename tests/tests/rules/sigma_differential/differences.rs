//! Where the two engines differ, and why. docs/sigma.md lists the same; each is shown by an event below, so that
//! none stays here that is gone.
use super::engines::{Record, Rules, Verdicts, has};
use super::rules;
use rsigma_parser::SigmaValue;
use rsigma_parser::ast::{DetectionItem, Modifier as M};
use schtag::fields::Field;
use schtag::fields::View::{self, ProcessCreation as P, Security as S};
use schtag::rules::Scratch;
use schtag_host::rules::settings::Configuration;
use std::collections::BTreeSet;

/// A documented difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    LineBreaks,
    PlacedWildcards,
    Dashes,
    Base64Ends,
    NotOfAbsent,
    NullInList,
    WholeNumbers,
    Booleans,
    Spaces,
    References,
    KeywordNumbers,
    AllKeywords,
    Placeholders,
    AsciiClasses,
    WordBoundaries,
    CaseFolding,
    FilterSelectors,
    AllOfOne,
    Networks,
    FoundAnywhere,
    Constants,
}
use Difference as D;

impl Difference {
    const ALL: [Self; 21] = [
        D::LineBreaks,
        D::PlacedWildcards,
        D::Dashes,
        D::Base64Ends,
        D::NotOfAbsent,
        D::NullInList,
        D::WholeNumbers,
        D::Booleans,
        D::Spaces,
        D::References,
        D::KeywordNumbers,
        D::AllKeywords,
        D::Placeholders,
        D::AsciiClasses,
        D::WordBoundaries,
        D::CaseFolding,
        D::FilterSelectors,
        D::AllOfOne,
        D::Networks,
        D::FoundAnywhere,
        D::Constants,
    ];

    /// Its heading in docs/sigma.md.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            D::LineBreaks => "wildcards stand for line breaks, too",
            D::PlacedWildcards => "wildcards with `startswith` and `endswith`",
            D::Dashes => "which dashes `windash` exchanges",
            D::Base64Ends => "the ends of `base64offset`",
            D::NotOfAbsent => "`neq` holds for an absent field",
            D::NullInList => "`null` in a list",
            D::WholeNumbers => "whole numbers are their text",
            D::Booleans => "booleans are their text",
            D::Spaces => "blanks around numbers and addresses",
            D::References => "`fieldref` on fields with several values",
            D::KeywordNumbers => "numbers as keywords",
            D::AllKeywords => "`all` of keywords in several fields",
            D::Placeholders => "placeholders come from the settings",
            D::AsciiClasses => "large regular expressions are ASCII's",
            D::WordBoundaries => "word boundaries are ASCII's",
            D::CaseFolding => "case is compared in lower case",
            D::FilterSelectors => "`1 of` in filters",
            D::AllOfOne => "`all` of a single value",
            D::Networks => "networks in other notations",
            D::FoundAnywhere => "expressions that are found in any text",
            D::Constants => "rules that events cannot decide",
        }
    }
}

/// The documented difference that a rule and a record can show, if there is one.
pub(crate) fn explain(items: &[DetectionItem], record: &Record) -> Option<Difference> {
    items.iter().find_map(|item| of_item(item, record))
}

fn of_item(item: &DetectionItem, record: &Record) -> Option<Difference> {
    let has = |modifier| has(item, modifier);
    let values = |name: &str| {
        let field = Field::ALL.iter().find(|field| field.name() == name);
        field.and_then(|field| record.values.get(field)).map_or(&[][..], Vec::as_slice)
    };
    let own: Vec<&str> = match &item.field.name {
        Some(name) => values(name).iter().map(String::as_str).collect(),
        None => record.values.values().flatten().map(String::as_str).collect(),
    };
    let is_placed = has(M::Contains) || has(M::StartsWith) || has(M::EndsWith);
    let is_text = !has(M::Re) && !has(M::Cidr) && !has(M::Exists) && !has(M::FieldRef);
    let texts: Vec<&str> = item.values.iter().filter_map(text).collect();
    let has_wildcard = is_text && texts.iter().any(|text| text.contains(['*', '?']));
    let cases = [
        (D::NotOfAbsent, has(M::Neq) && own.is_empty()),
        (D::NullInList, own.is_empty() && item.values.len() > 1 && item.values.contains(&SigmaValue::Null)),
        (D::Dashes, has(M::WindAsh) && texts.iter().any(|text| text.contains(['-', '/', '*', '?']))),
        (D::Base64Ends, has(M::Base64Offset)),
        (D::PlacedWildcards, has_wildcard && (has(M::StartsWith) || has(M::EndsWith))),
        (D::LineBreaks, has_wildcard && own.iter().any(|value| value.contains(['\n', '\r']))),
        (
            D::WholeNumbers,
            !is_placed
                && item.values.iter().any(|value| {
                    matches!(value, SigmaValue::Integer(number)
                    if own.iter().any(|own| own.parse() == Ok(*number as f64) && *own != number.to_string()))
                }),
        ),
        (
            D::Spaces,
            ([M::Cidr, M::Lt, M::Lte, M::Gt, M::Gte].into_iter().any(has) || has_float(item))
                && own.iter().any(|value| value.trim() != *value),
        ),
        (
            D::References,
            has(M::FieldRef) && (own.len() > 1 || texts.iter().any(|name| values(name).len() > 1)),
        ),
        (D::AsciiClasses, has(M::Re) && own.iter().any(|value| !value.is_ascii())),
    ];
    cases.into_iter().find(|(_, is)| *is).map(|(difference, _)| difference)
}

fn text(value: &SigmaValue) -> Option<&str> {
    match value {
        SigmaValue::String(text) => Some(&text.original),
        _ => None,
    }
}

fn has_float(item: &DetectionItem) -> bool {
    item.values.iter().any(|value| matches!(value, SigmaValue::Float(_)))
}

/// The result of an engine for a rule and an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Matches,
    Misses,
    Refuses,
}
use Outcome::{Matches, Misses, Refuses};

/// A difference, a rule, an event that shows it, and what ours and rsigma make of them.
type Shown = (Difference, View, &'static str, &'static [(&'static str, &'static str)], Outcome, Outcome);

#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    (D::LineBreaks, S, "{s: {TaskContent: '*<a>*<b>*'}, condition: s}", &[("TaskContent", "<a>\n<b>")], Matches, Misses),
    (D::LineBreaks, S, "{s: {TaskContent: 'a?b'}, condition: s}", &[("TaskContent", "a\nb")], Matches, Misses),
    (D::PlacedWildcards, P, "{s: {Image|startswith: 'a?b'}, condition: s}", &[("Image", "axb and more")], Matches, Misses),
    (D::PlacedWildcards, P, "{s: {Image|startswith: 'a?b'}, condition: s}", &[("Image", "before axb")], Misses, Matches),
    (D::PlacedWildcards, P, "{s: {Image|endswith: 'a?b'}, condition: s}", &[("Image", "before axb")], Matches, Misses),
    (D::Dashes, P, "{s: {CommandLine|contains|windash: ' /c '}, condition: s}", &[("CommandLine", "cmd -c x"), ("Image", "")], Matches, Misses),
    (D::Dashes, P, "{s: {CommandLine|contains|windash: a-b}, condition: s}", &[("CommandLine", "a/b"), ("Image", "")], Misses, Matches),
    (D::Dashes, P, "{s: {CommandLine|windash: '-a*'}, condition: s}", &[("CommandLine", "/abc"), ("Image", "")], Matches, Misses),
    // "foobar!" and "foobar?" in Base64.
    (D::Base64Ends, P, "{s: {CommandLine|base64offset|contains|cased: foob}, condition: s}", &[("CommandLine", "Zm9vYmFyIQ=="), ("Image", "")], Matches, Misses),
    (D::NotOfAbsent, P, "{s: {User|neq: a}, condition: s}", &[("Image", "")], Matches, Misses),
    (D::NullInList, P, "{s: {User: [null, '']}, condition: s}", &[("Image", "")], Matches, Misses),
    (D::WholeNumbers, P, "{s: {CommandLine: 7}, condition: s}", &[("CommandLine", "7.0"), ("Image", "")], Misses, Matches),
    (D::WholeNumbers, P, "{s: {CommandLine: 18446744073709551615}, condition: s}", &[("CommandLine", "18446744073709551614"), ("Image", "")], Misses, Matches),
    (D::Booleans, S, "{s: {task.hidden: true}, condition: s}", &[("task.hidden", "yes")], Misses, Matches),
    (D::Spaces, S, "{s: {task.action_count|gt: 1}, condition: s}", &[("task.action_count", " 2")], Matches, Misses),
    (D::Spaces, S, "{s: {Computer|cidr: 10.0.0.0/8}, condition: s}", &[("Computer", "10.1.1.1 ")], Matches, Misses),
    (D::References, P, "{s: {CommandLine|fieldref: User}, condition: s}", &[("CommandLine", "a"), ("CommandLine", "b"), ("User", "b"), ("Image", "")], Matches, Misses),
    (D::KeywordNumbers, S, "{k: [4444], condition: k}", &[("TaskName", "port 4444")], Matches, Misses),
    (D::AllKeywords, S, "{k: {'|all': [one, two]}, condition: k}", &[("TaskName", "one"), ("TaskContent", "two")], Matches, Misses),
    (D::Placeholders, P, "{s: {User|expand: '%admins%'}, condition: s}", &[("User", "alice"), ("Image", "")], Matches, Misses),
    (D::AsciiClasses, P, r"{s: {CommandLine|re: '^\w{1,60}-\w{1,60}$'}, condition: s}", &[("CommandLine", "ä-ö"), ("Image", "")], Misses, Matches),
    (D::WordBoundaries, P, r"{s: {CommandLine|re: '\bcmd'}, condition: s}", &[("CommandLine", "écmd"), ("Image", "")], Matches, Misses),
    (D::CaseFolding, P, "{s: {CommandLine: 's*'}, condition: s}", &[("CommandLine", "ſ"), ("Image", "")], Misses, Matches),
    (D::CaseFolding, P, "{s: {CommandLine|contains: 'ΔΟΣ'}, condition: s}", &[("CommandLine", "ΟΔΟΣΑ"), ("Image", "")], Matches, Misses),
    (D::AllOfOne, P, "{s: {CommandLine|contains|all: a}, condition: s}", &[("CommandLine", "a"), ("Image", "")], Matches, Refuses),
    (D::Networks, S, "{s: {Computer|cidr: 192.0.2.1}, condition: s}", &[("Computer", "192.0.2.1")], Matches, Refuses),
    (D::Networks, S, "{s: {Computer|cidr: 192.0.2.1/24}, condition: s}", &[("Computer", "192.0.2.7")], Refuses, Matches),
    (D::FoundAnywhere, S, "{s: {TaskName|re: 'a*'}, condition: s}", &[("TaskName", "b")], Refuses, Matches),
    (D::Constants, S, "{s: {EventID: 4688}, condition: s}", &[("EventID", "4698")], Refuses, Misses),
    (D::Constants, P, "{s: {OriginalFileName: a}, condition: not s}", &[("Image", "a")], Refuses, Matches),
];

fn configuration() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.placeholders.insert("admins".into(), vec!["alice".into()]);
    configuration
}

/// Returns what both engines make of a rule file with one rule.
fn outcomes(source: schtag_host::rules::sigma::Source, record: &Record) -> (Outcome, Outcome) {
    let outcome = |matches| if matches { Matches } else { Misses };
    let rules = Rules::new(std::slice::from_ref(&source), &configuration());
    if rules.pack.rules.is_empty() {
        let view = if source.text.contains("security") { S } else { P };
        return (Refuses, Rules::theirs_alone(&source.text, record, view).map_or(Refuses, outcome));
    }
    match rules.evaluate(record, &mut Scratch::default()).as_slice() {
        [Verdicts { ours, theirs, .. }] => (outcome(*ours), outcome(*theirs)),
        _ => (outcome(rules.ours_alone(record)), Refuses),
    }
}

#[test]
fn every_documented_difference_is_there() {
    for (difference, view, detection, fields, ours, theirs) in SHOWN {
        let found = outcomes(rules::source("shown", *view, detection), &Record::of(*view, fields));
        assert_eq!(found, (*ours, *theirs), "{difference:?}: {detection} on {fields:?}");
    }
    let mut shown: BTreeSet<Difference> = SHOWN.iter().map(|(difference, ..)| *difference).collect();

    // A filter is a document of its own.
    let mut source = rules::source("shown", P, "{s: {Image: a}, condition: s}");
    source.text.push_str(
        "---\ntitle: quiet\nid: quiet\nlogsource: {product: windows}\n\
         filter: {rules: [shown], f_a: {User: u}, f_b: {User: v}, condition: not 1 of f_*}\n",
    );
    let record = Record::of(P, &[("Image", "a"), ("User", "v")]);
    assert_eq!(outcomes(source, &record), (Misses, Matches));
    shown.insert(D::FilterSelectors);

    assert_eq!(shown, D::ALL.into(), "a documented difference without a case");
}

#[test]
fn every_difference_is_in_the_documentation() {
    let document = std::fs::read_to_string(schtag_tests::project::root().join("docs/sigma.md")).unwrap();
    for difference in D::ALL {
        let row = format!("| {} |", difference.reason());
        assert!(document.contains(&row), "{}", difference.reason());
    }
}
