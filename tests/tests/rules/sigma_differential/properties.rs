//! Rules of random text, compiled and evaluated, against the reference.
use super::engines::Record;
use super::reference::{Coding, Item, Place, Utf, base64};
use proptest::collection::vec;
use proptest::prelude::*;
use schtag::fields::{Field, View};
use schtag::rules::{Matcher, Scratch};
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Compilation};

/// Compiles a rule with one item. The value is written as JSON, which is YAML.
fn compile(key: &str, value: &serde_json::Value) -> Compilation {
    let source = super::rules::source(
        "random",
        View::ProcessCreation,
        &format!("{{s: {{'{key}': {value}}}, condition: s}}"),
    );
    sigma::compile(&[source], &Configuration::default())
}

fn matches(compilation: &Compilation, field: &[String]) -> bool {
    let mut record = Record::of(View::ProcessCreation, &[("Image", "")]);
    if !field.is_empty() {
        record.values.insert(Field::CommandLine, field.to_vec());
    }
    let matcher = Matcher::new(compilation.pack.clone()).unwrap();
    !record.matched(&matcher, &mut Scratch::default()).is_empty()
}

fn utf() -> impl Strategy<Value = Utf> {
    prop_oneof![Just(Utf::Utf8), Just(Utf::Utf16Le), Just(Utf::Utf16Be), Just(Utf::Utf16)]
}

prop_compose! {
    fn item(value: &'static str)(
        place in prop_oneof![Just(Place::Whole), Just(Place::Start), Just(Place::End), Just(Place::Anywhere)],
        cased: bool,
        windash in prop::bool::weighted(0.3),
        coding in prop_oneof![
            4 => Just(Coding::Plain),
            1 => utf().prop_map(Coding::Base64),
            1 => utf().prop_map(Coding::Base64Offset),
        ],
        all: bool,
        negated in prop::bool::weighted(0.2),
        values in vec(value, 1..4),
    ) -> Item {
        let place = if matches!(coding, Coding::Base64Offset(_)) { Place::Anywhere } else { place };
        Item { place, cased, windash, coding, all, negated, values }
    }
}

/// A content that may well meet a value: its wildcards filled, something around it, a piece lost, or its case
/// changed.
fn near(item: Item) -> impl Strategy<Value = (Item, Vec<String>)> {
    let content = (
        any::<prop::sample::Index>(),
        "[a*?\n ]{0,2}",
        r"[aB\\ -]{0,2}",
        r"[aB\\ /]{0,2}",
        0_u8..5,
        0_u8..12,
    );
    let contents = vec(content, 0..3).prop_map({
        let item = item.clone();
        move |contents| {
            let make = |(which, filling, before, after, change, cut): (
                prop::sample::Index,
                String,
                String,
                String,
                u8,
                u8,
            )| {
                let mut text = which.get(&item.values).replace('*', &filling).replace(r"\\", r"\");
                if change & 1 == 0 {
                    text = text.replace("\\", "").replace('?', "x");
                }
                if let Coding::Base64(_) | Coding::Base64Offset(_) = item.coding {
                    let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
                    text = base64(if change < 3 { text.as_bytes() } else { &wide });
                }
                text = match change {
                    2 => text.to_uppercase(),
                    3 => text.to_lowercase(),
                    _ => text,
                };
                if cut == 0 {
                    text.pop();
                }
                if cut < 6 { text } else { format!("{before}{text}{after}") }
            };
            contents.into_iter().map(make).collect::<Vec<String>>()
        }
    });
    (Just(item), contents)
}

/// The characters of values: wildcards, escapes, dashes, letters of either case, some with a case of their own.
const VALUE: &str = r"[abAB*?\\/ _ –üÜςΣ-]{0,7}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn text_items_hold_as_the_specification_says((item, contents) in item(VALUE).prop_flat_map(near)) {
        let compilation = compile(&format!("CommandLine{}", item.modifiers()), &item.values.clone().into());
        prop_assert_eq!(compilation.refused.is_empty(), item.is_possible(), "{:?}", compilation.refused);
        if item.is_possible() {
            prop_assert_eq!(matches(&compilation, &contents), item.holds(&contents), "{:?} on {:?}", item, contents);
        }
    }

    #[test]
    fn any_text_can_be_written_so_that_only_it_is_met(text in any::<String>(), other in any::<String>()) {
        let escaped: String =
            text.chars().flat_map(|c| ['\\'].into_iter().filter(move |_| "*?\\".contains(c)).chain([c])).collect();
        let compilation = compile("CommandLine|cased", &escaped.into());
        prop_assert_eq!(&compilation.refused, &[]);
        prop_assert!(matches(&compilation, std::slice::from_ref(&text)));
        prop_assert_eq!(matches(&compilation, std::slice::from_ref(&other)), text == other);
    }

    #[test]
    fn numbers_compare_as_numbers(limit in -50_i32..50, halves in -100_i32..100, least: bool, equal: bool) {
        let modifier = match (least, equal) {
            (true, true) => "gte",
            (true, false) => "gt",
            (false, true) => "lte",
            (false, false) => "lt",
        };
        let value = f64::from(halves) / 2.0;
        let compilation = compile(&format!("CommandLine|{modifier}"), &limit.into());
        let beyond = if least { halves > limit * 2 } else { halves < limit * 2 };
        let expected = beyond || equal && halves == limit * 2;
        prop_assert_eq!(matches(&compilation, &[value.to_string()]), expected);
        prop_assert!(!matches(&compilation, &["text".to_owned()]));
        prop_assert!(!matches(&compilation, &[]));
    }

    #[test]
    fn networks_hold_the_addresses_that_begin_alike(network: u32, length in 0_u8..=32, address: u32, flipped in 0_u32..32) {
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        let network = network & mask;
        let written = format!("{}/{length}", std::net::Ipv4Addr::from_bits(network));
        let compilation = compile("CommandLine|cidr", &written.into());
        for address in [address, network, network | !mask, network ^ 1 << flipped] {
            let text = std::net::Ipv4Addr::from_bits(address).to_string();
            prop_assert_eq!(matches(&compilation, &[text]), address & mask == network);
        }
    }
}
