//! An event gets the same verdict wherever it stands in a record, or the record is said to be unreadable.

use schtag::engine::{At, Engine};
use schtag_tests::events::records;
use schtag_tests::random::Random;
use schtag_tests::{filter, pack};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most layers around a record.
const LAYERS: usize = 3;

/// The judgement of a record by itself: the verdict and the rules with their levels.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    verdict: String,
    rules: BTreeSet<String>,
}

/// Returns what an engine says of a record; `None` when it is silent. What it says of several records is left out.
fn said(engine: &mut Engine, record: &[u8]) -> Option<Said> {
    let mut out = Vec::new();
    let _ = engine.process(record, At { seconds: filter::AT, nanoseconds: 0 }, &mut out);
    let tagged: Value = serde_json::from_slice(&out).ok()?;
    let tag = tagged.get("schtag")?;
    let correlations = &engine.matcher()?.pack().correlations;
    let is_own = |rule: &&Value| !correlations.iter().any(|other| rule["id"] == other.id);
    let rules = tag["rules"].as_array().into_iter().flatten().filter(is_own);
    let rules: BTreeSet<String> = rules.map(|rule| format!("{} {}", rule["id"], rule["level"])).collect();
    let verdict = tag["verdict"].as_str()?.to_owned();
    (verdict != "alert" || !rules.is_empty()).then_some(Said { verdict, rules })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn word(random: &mut Random) -> String {
    let letters = b"bcdfghjklmnpqrstvwxz";
    (0..random.below(8) + 1).map(|_| char::from(*random.pick(letters))).collect()
}

/// A value that says nothing of an event.
fn noise(random: &mut Random) -> Value {
    match random.below(5) {
        0 => Value::Null,
        1 => json!(random.below(4000)),
        2 => json!(word(random)),
        3 => json!({word(random): word(random), "l": [1, word(random)]}),
        _ => json!([true, word(random)]),
    }
}

/// A record around a record.
fn wrapped(record: &Value, random: &mut Random) -> Value {
    // The keys of noise are longer.
    let key = word(random);
    let mut around = json!({});
    for _ in 0..random.below(3) {
        around[format!("noise_{}", word(random))] = noise(random);
    }
    around[key] = match random.below(4) {
        0 => record.clone(),
        1 => {
            let mut list: Vec<Value> = (0..random.below(3)).map(|_| noise(random)).collect();
            list.push(record.clone());
            list.into()
        }
        2 => record.to_string().into(),
        _ => format!("<w><v a=\"b\">{}</v></w>", escape(&record.to_string())).into(),
    };
    for _ in 0..random.below(3) {
        around[format!("noise_{}", word(random))] = noise(random);
    }
    around
}

#[test]
fn a_wrapped_event_gets_the_same_verdict() {
    let pack = pack::with_settings("").unwrap();
    let packed = schtag::rules::Packed { format: schtag::rules::Pack::FORMAT, hash: String::new(), pack };
    let mut engine = Engine::new(packed).unwrap();
    let mut random = Random::new(15);
    let (mut different, mut same, mut unreadable) = (Vec::new(), 0, 0);
    for (name, record) in records() {
        // What is no event by a known shape is another test's; a role beside the event is not within it.
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(&record) else { continue };
        if record.len() > 16_000 || members.contains_key("host_role") || members.contains_key("schtag") {
            continue;
        }
        let Some(plain) = said(&mut engine, &record) else { continue };
        let shows = |sign: &[u8]| record.windows(sign.len()).any(|part| part == sign);
        // An id alone counts only where a known shipper puts it.
        if plain.verdict == "unreadable" && !shows(b"mit/task") && !shows(b"Security-Auditing") {
            continue;
        }
        let mut around = Value::Object(members);
        for _ in 0..random.below(LAYERS) + 1 {
            around = wrapped(&around, &mut random);
        }
        match said(&mut engine, around.to_string().as_bytes()) {
            Some(within) if within == plain => same += 1,
            Some(within) if within.verdict == "unreadable" => unreadable += 1,
            within => different.push(format!("{name}:\n  {plain:?}\n  {within:?}\n  {around}")),
        }
    }
    assert!(same > 500, "only {same} records were compared");
    assert!(unreadable * 50 < same, "{unreadable} of {same} events cannot be read when wrapped");
    let first: String =
        different.iter().take(5).map(|line| line.chars().take(1500).collect::<String>() + "\n").collect();
    assert!(different.is_empty(), "{} of {same} differ:\n{first}", different.len());
}
