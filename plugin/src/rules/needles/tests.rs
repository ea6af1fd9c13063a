//! Tests of the search for literals.

use super::*;
use crate::rules::fold;
use proptest::prelude::*;

fn literals(texts: &[&str]) -> Vec<Literal> {
    let literal =
        |(text, pattern): (&&str, u32)| Literal { text: fold(text).into_owned(), pattern, says: Says::Fits };
    texts.iter().zip(0..).map(literal).collect()
}

fn found(list: Vec<Literal>, value: &str) -> Vec<u32> {
    let literals: Vec<String> = list.iter().map(|literal| literal.text.clone()).collect();
    let needles = Needles::new(list, Values::Long).unwrap().unwrap();
    let mut found = Vec::new();
    needles.search(value, (&Work::unlimited(), &Work::unlimited()), |pattern, what| {
        let Found::At(at) = what else { panic!("{what:?}") };
        assert!(
            fold(value.get(at..).unwrap()).starts_with(&*literals[pattern as usize]),
            "{pattern} at {at}"
        );
        found.push(pattern);
    });
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn every_literal_is_found_also_inside_another() {
    let texts = literals(&["powershell", "shell", "shell", "zsh", "c:"]);
    assert_eq!(found(texts.clone(), "C:\\PowerSHELL.exe"), [0, 1, 2, 4]);
    assert!(found(texts, "").is_empty());
    assert_eq!(found(literals(&["ab"]), "ab"), [0]);
    assert_eq!(found(literals(&["größe"]), "eine größe"), [0]);
}

#[test]
fn a_long_literal_is_compared_by_its_beginning_and_does_not_decide() {
    let long = "a".repeat(40);
    let needles = Needles::new(literals(&[&long, "aa"]), Values::Long).unwrap().unwrap();
    let mut found = Vec::new();
    needles.search(&"a".repeat(33), (&Work::unlimited(), &Work::unlimited()), |pattern, place| {
        found.push((pattern, matches!(place, Found::At(_))))
    });
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, [(0, false), (1, true)]);
}

proptest! {
    #[test]
    fn few_long_literals_are_found_wherever_they_stand(
        texts in prop::collection::vec("[ab]{3,12}", 1..7), value in "[abAB]{0,60}",
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let value_folded = fold(&value);
        let expected: Vec<u32> =
            texts.iter().zip(0..).filter(|(text, _)| value_folded.contains(**text)).map(|(_, number)| number).collect();
        prop_assert_eq!(found(literals(&texts), &value), expected);
    }
}

#[test]
fn a_place_says_whether_an_anchored_literal_fits() {
    let all = [Says::Fits, Says::FitsAtStart, Says::FitsAtEnd, Says::FitsAlone, Says::MayFit, Says::MayMatch];
    let list = all.iter().zip(0..).map(|(&says, pattern)| Literal { text: "ab".into(), pattern, says });
    let needles = Needles::new(list.collect(), Values::Long).unwrap().unwrap();
    let search = |value: &str| {
        let mut found = Vec::new();
        needles.search(value, (&Work::unlimited(), &Work::unlimited()), |pattern, _| found.push(pattern));
        found.sort_unstable();
        found.dedup();
        found
    };
    for (value, expected) in [
        ("xabx", &[0, 4, 5][..]),
        ("abx", &[0, 1, 4, 5]),
        ("xAB", &[0, 2, 4, 5]),
        ("Ab", &[0, 1, 2, 3, 4, 5]),
        ("ab-ab", &[0, 1, 2, 4, 5]),
        ("ba", &[]),
    ] {
        assert_eq!(search(value), expected, "{value}");
    }
}

#[test]
fn a_value_is_searched_as_far_as_the_work_suffices() {
    let needles = Needles::new(literals(&["ab", "cd"]), Values::Long).unwrap().unwrap();
    let search = |value: &str, walk: usize, work: usize| {
        let (walk, work, mut found) = (Work::new(walk), Work::new(work), Vec::new());
        needles.search(value, (&walk, &work), |pattern, _| found.push(pattern));
        (found, walk.is_spent() || work.is_spent())
    };
    let value = format!("ab{}cd", "-".repeat(1_000));
    assert_eq!(search(&value, usize::MAX, usize::MAX), (vec![0, 1], false));
    assert_eq!(search(&value, 10_000, usize::MAX), (vec![0], true));
    assert_eq!(search(&value, usize::MAX, 600), (vec![0], true));
    assert_eq!(search(&value, 0, 0), (vec![], true));
}

proptest! {
    #[test]
    fn texts_are_compared_whatever_the_case(text in prop::collection::vec(any::<u8>(), 0..40), other in "[@-`]{0,20}") {
        for text in [text.as_slice(), other.as_bytes()] {
            let lower = text.to_ascii_lowercase();
            prop_assert!(is_lower(text, &lower));
            for at in 0..text.len() {
                let mut changed = text.to_vec();
                changed[at] ^= 0x20;
                prop_assert_eq!(is_lower(&changed, &lower), changed.to_ascii_lowercase() == lower);
            }
        }
    }
}

#[test]
fn no_literals_no_search_and_short_ones_are_refused() {
    assert!(Needles::new(Vec::new(), Values::Long).unwrap().is_none());
    assert!(Needles::new(literals(&["ab", "a"]), Values::Short).is_err());
}

proptest! {
    #[test]
    fn what_is_in_a_value_is_found_and_nothing_else(
        texts in prop::collection::vec("[abAé\\\\]{2,5}|[ab]{4,9}", 1..20),
        value in "[abABé\\\\ ]{0,40}",
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let value = fold(&value);
        let expected: Vec<u32> =
            texts.iter().zip(0..).filter(|(text, _)| value.contains(&*fold(text))).map(|(_, number)| number).collect();
        prop_assert_eq!(found(literals(&texts), &value), expected);
    }

    #[test]
    fn the_case_of_ascii_values_does_not_count(
        texts in prop::collection::vec("[a-cX.]{2,4}", 1..20), value in "[a-cA-CxX.]{0,30}",
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        prop_assert_eq!(found(literals(&texts), &value), found(literals(&texts), &fold(&value)));
    }
}
