//! Properties of the whole module, checked against serde_json on arbitrary texts.
use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;

/// White space between tokens.
fn blanks() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(String::new()), 1 => "[ \t\n\r]{0,3}"]
}

/// The inside of a string as it may be written: raw characters, short escapes, `\u` escapes with or
/// without their surrogate partner.
fn inside() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => r#"[^"\\\x00-\x1f]{0,12}"#,
        2 => "[ -!#-\\[\\]-~]{0,40}",
        2 => r#"\\["\\/bfnrt]"#,
        1 => r"\\u[0-9a-fA-F]{4}",
        1 => r"\\u[dD][89abAB][0-9a-f]{2}\\u[dD][c-fC-F][0-9a-f]{2}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn number() -> impl Strategy<Value = String> {
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?"
}

fn object(value: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> + Clone {
    let key = prop_oneof![4 => "[a-k]{0,2}".boxed(), 1 => inside().boxed()];
    let member = (blanks(), key, blanks(), blanks(), value, blanks())
        .prop_map(|(a, key, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}"));
    (blanks(), prop::collection::vec(member, 0..6), blanks())
        .prop_map(|(a, members, b)| format!("{{{a}{}{b}}}", members.join(",")))
        .boxed()
}

fn value() -> impl Strategy<Value = String> + Clone {
    let leaf = prop_oneof![
        inside().prop_map(|inside| format!("\"{inside}\"")),
        number(),
        prop::sample::select(vec!["true", "false", "null", "[]", "{}", "[ ]"]).prop_map(str::to_owned),
    ]
    .boxed();
    leaf.prop_recursive(5, 40, 5, |inner| {
        let array = (blanks(), prop::collection::vec(inner.clone(), 1..5), blanks())
            .prop_map(|(a, elements, b)| format!("[{a}{}{b}]", elements.join(", ")));
        prop_oneof![array.boxed(), object(inner.boxed()).boxed()]
    })
}

/// One object with white space around it.
fn document() -> impl Strategy<Value = String> {
    (blanks(), object(value()), blanks()).prop_map(|(a, object, b)| a + &object + &b)
}

/// Asks serde_json, below its recursion limit, the same question. A `RawValue` checks the grammar
/// and accepts lone surrogates, as RFC 8259 does.
fn serde_accepts(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok_and(|value| value.get().starts_with('{'))
}

fn scans(text: &[u8]) -> bool {
    Scanner::default().scan(text).is_ok()
}

/// A text with a few bytes replaced, inserted or removed, or cut short.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(br#"{}[]:,"\0123456789-+.eEtrufalsnx/ "#.to_vec()),
        1 => any::<u8>(),
    ];
    let mutation = (any::<prop::sample::Index>(), 0..4u8, byte);
    (document(), prop::collection::vec(mutation, 0..4)).prop_map(|(text, mutations)| {
        let mut text = text.into_bytes();
        for (index, kind, byte) in mutations {
            let at = index.index(text.len() + 1);
            match kind {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = byte,
                2 if at < text.len() => drop(text.remove(at)),
                3 if byte & 1 == 0 => text.truncate(at),
                _ => {}
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn what_is_valid_is_accepted(text in document()) {
        prop_assert_eq!(Scanner::default().scan(text.as_bytes()).map(drop), Ok(()));
        prop_assert!(serde_accepts(text.as_bytes()));
    }

    #[test]
    fn the_scanner_accepts_what_serde_json_accepts(text in mutated()) {
        prop_assert_eq!(scans(&text), serde_accepts(&text), "{}", text.escape_ascii());
    }

    #[test]
    fn the_scanner_answers_what_one_finds_byte_by_byte(
        text in mutated(),
        unit in prop::sample::select(vec![
            "a", "\\n", "\\\\", "word\\t", "C:\\\\dir", "\\u00e9", "é", "日本", "x\u{1f600}", "\\r\\n\\t",
        ]),
        count in 0..400_usize,
        flip in prop::option::weighted(0.5, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        // A long string at the beginning, with one byte of it changed or none.
        let mut long = format!("{{\"long\":\"{}\"", unit.repeat(count)).into_bytes();
        if let Some((index, byte)) = flip {
            let at = index.index(long.len());
            long[at] = byte;
        }
        let joined = text.iter().position(|byte| *byte == b'{').map_or(&b"}"[..], |at| &text[at + 1..]);
        for text in [&text[..], &[&long[..], b",", joined].concat(), &[&long[..], b"}"].concat()] {
            let mut scanner = Scanner::default();
            let found = scanner.scan(text).map(|object| object.members().to_vec());
            prop_assert_eq!(found, scan::reference::members(text), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_sieve_loses_no_member_that_it_wants(text in document(), wanted in "[a-k]{1,2}") {
        let (mut scanner, mut sifter) = (Scanner::default(), Scanner::default());
        let all = scanner.scan(text.as_bytes()).unwrap();
        let sifted = sifter.sift(text.as_bytes(), &Sieve::new().with(wanted.as_bytes())).unwrap();
        prop_assert_eq!((sifted.len(), sifted.objects()), (all.len(), all.objects()));
        prop_assert_eq!(sifted.get(&wanted), all.get(&wanted));
        let of_all: Vec<_> = all.members().iter().filter(|member| sifted.members().contains(member)).collect();
        prop_assert_eq!(of_all, sifted.members().iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_cut_object_is_an_object(text in document(), at in any::<prop::sample::Index>()) {
        let text = text.trim_end().as_bytes();
        let cut = &text[..at.index(text.len())];
        let invalid = Scanner::default().scan(cut).map(drop).unwrap_err();
        // A cut inside of a character, of an escape or of a literal is named where that begins or ends.
        prop_assert!(invalid.at <= cut.len() && invalid.at + 5 > cut.len(), "{invalid:?} of {}", cut.len());
    }

    #[test]
    fn members_and_elements_are_those_of_serde_json(text in document()) {
        let mut scanner = Scanner::default();
        let scanned = scanner.scan(text.as_bytes()).unwrap();
        let walked = Value::new(text.trim().as_bytes()).as_object().unwrap();
        let pairs = |object: &Object<'_>| -> Vec<(String, Vec<u8>)> {
            object.iter().map(|(key, value)| (unescape(key).into_owned(), value.bytes().to_vec())).collect()
        };
        prop_assert_eq!(pairs(&scanned), pairs(&walked));
        // serde_json has no text for lone surrogates: such records are compared in the tests above only.
        let lone_surrogate = pairs(&scanned).iter().any(|(key, _)| key.contains(char::REPLACEMENT_CHARACTER));
        if lone_surrogate {
            return Ok(());
        }
        let Raws(expected) = serde_json::from_str(&text).unwrap();
        let expected: Vec<_> = expected.iter().map(|(key, raw)| (key.clone(), raw.get().as_bytes().to_vec())).collect();
        prop_assert_eq!(pairs(&scanned), expected.clone());
        for (key, _) in &expected {
            let last = expected.iter().rev().find(|(other, _)| other == key).map(|(_, value)| &value[..]);
            prop_assert_eq!(scanned.get(key).map(Value::bytes), last);
            prop_assert_eq!(walked.get(key).map(Value::bytes), last);
            prop_assert_eq!(Value::new(text.trim().as_bytes()).get(key).map(Value::bytes), last);
        }
        for (_, value) in expected {
            if let Some(elements) = Value::new(&value).as_array() {
                let elements: Vec<_> = elements.map(|element| element.bytes().to_vec()).collect();
                let raws: Vec<&RawValue> = serde_json::from_slice(&value).unwrap();
                prop_assert_eq!(elements, raws.iter().map(|raw| raw.get().as_bytes().to_vec()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn unescaping_is_that_of_serde_json(inside in inside()) {
        let text = unescape(inside.as_bytes());
        match serde_json::from_str::<String>(&format!("\"{inside}\"")) {
            Ok(expected) => prop_assert_eq!(text, expected),
            // The one difference: a lone surrogate, for which serde_json has no text.
            Err(_) => prop_assert!(text.contains(char::REPLACEMENT_CHARACTER)),
        }
    }

    #[test]
    fn unescaping_any_bytes_is_bounded(inside in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(unescape(&inside).len() <= 3 * inside.len());
    }

    #[test]
    fn written_strings_read_back(text in any::<String>()) {
        let mut out = Vec::new();
        write_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text.clone());
        prop_assert_eq!(unescape(&out[1..out.len() - 1]), text);
    }

    #[test]
    fn whole_numbers_are_exact(value in any::<u64>(), zeros in 0..30usize) {
        for spelling in [
            value.to_string(),
            format!("{value}.{:0<zeros$}", "0"),
            format!("{value}{:0<zeros$}e-{zeros}", ""),
            format!("0.{value}e{}", value.to_string().len()),
            format!("\" {value}\\n\""),
        ] {
            prop_assert_eq!(Value::new(spelling.as_bytes()).as_u64(), Some(value), "{}", spelling);
        }
        prop_assert_eq!(Value::new(format!("{value}.{:0<zeros$}1", "").as_bytes()).as_u64(), None);
    }

    #[test]
    fn removing_undoes_appending(text in document(), key in "k[lm]{1,3}|\"\u{0}é", value in value()) {
        let mut appended = Vec::new();
        append_member(&mut appended, text.as_bytes(), &key, value.as_bytes()).unwrap();
        prop_assert!(serde_accepts(&appended), "{}", appended.escape_ascii());
        let mut scanner = Scanner::default();
        let object = scanner.scan(&appended).unwrap();
        prop_assert_eq!(object.get(&key).map(Value::bytes), Some(value.as_bytes()));
        let mut removed = Vec::new();
        prop_assert_eq!(remove_members(&mut removed, &object, &key), Ok(true));
        prop_assert_eq!(removed, text.into_bytes());
    }

    #[test]
    fn removing_leaves_the_other_members(text in document(), key in "[a-k]{0,1}") {
        let mut scanner = Scanner::default();
        let object = scanner.scan(text.as_bytes()).unwrap();
        let others: Vec<_> = object.iter().filter(|(other, _)| unescape(other) != key).collect();
        let mut out = Vec::new();
        if remove_members(&mut out, &object, &key).unwrap() {
            prop_assert!(others.len() < object.len());
            let mut scanner = Scanner::default();
            let rest = scanner.scan(&out).unwrap();
            prop_assert_eq!(rest.iter().collect::<Vec<_>>(), others);
        } else {
            prop_assert_eq!(others.len(), object.len());
        }
    }

    #[test]
    fn a_repaired_text_is_an_object(text in prop_oneof![
        mutated().boxed(),
        prop::collection::vec(any::<u8>(), 0..64).boxed(),
        r#"(\{|\}|\[|\]|:|,|"|\\|\\x|f|nan|-inf|true|1|[\x00-\x20]|é){0,20}"#.prop_map(String::into_bytes).boxed(),
    ]) {
        let mut out = Vec::new();
        let repaired = repair(&mut out, &text).unwrap();
        prop_assert!(serde_accepts(&out), "{} of {}", out.escape_ascii(), text.escape_ascii());
        prop_assert!(out.len() <= 6 * text.len() + 10);
        if scans(&text) {
            prop_assert_eq!(&out, &text);
            prop_assert!(repaired.structure_kept && repaired.what.is_empty());
        }
        if !repaired.structure_kept {
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(&value["log"], &*String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn broken_values_do_not_cost_the_others(before in value(), after in value(), broken in prop::sample::select(vec![
        "nan", "-inf", "\"\\x4f\\xffffff8f\"", "\"\u{1}\"", "{1:2}", "{[1]:{true:nan}}", "\"\\q\"",
    ])) {
        let text = format!("{{\"before\":{before},\"broken\":{broken},\"after\":{after}}}");
        let mut out = Vec::new();
        prop_assert!(repair(&mut out, text.as_bytes()).unwrap().structure_kept);
        let mut scanner = Scanner::default();
        let object = scanner.scan(&out).unwrap();
        prop_assert_eq!(object.get("before").map(Value::bytes), Some(before.as_bytes()));
        prop_assert_eq!(object.get("after").map(Value::bytes), Some(after.as_bytes()));
    }

    #[test]
    fn bytes_that_are_not_json_are_walked_to_their_end(text in mutated(), key in "[a-k]{0,1}") {
        let value = Value::new(&text);
        let _ = (value.as_text(), value.as_u64(), value.get(&key));
        let found = value.as_object().map_or(0, |object| object.len()) + value.as_array().map_or(0, Iterator::count);
        prop_assert!(found <= text.len());
    }
}

/// The members of an object in order, duplicates included.
struct Raws(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Raws {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Raws;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Raws, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Raws(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
