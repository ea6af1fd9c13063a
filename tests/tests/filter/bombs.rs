//! Records that are small to ship and costly to read: what each costs is bounded, what was not read is noted, and the
//! alert of a plain action stands beside it.
//!
//! Fuel is about one unit an instruction and the same on every machine, so that a bound on it is a bound on time
//! that no slow machine breaks. One bound holds for every record: [`allowed`]. An ordinary task event takes a half to
//! three million.

use schtag::rules::{GlobPart, Test};
use schtag_tests::bombs::{self, Bomb};
use schtag_tests::catalogue;
use schtag_tests::expensive::{self, LOGGED, PARTS, PLAIN, Part, Recipe, WORDS, allowed};
use schtag_tests::filter::{self, Filter};
use schtag_tests::mutations::Mutations;
use schtag_tests::{pack, seeds, table};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most linear memory that any of them may need, in bytes, besides some times the record's length. It starts at about
/// 2 MiB, rules included.
const MEMORY: usize = 16 << 20;

/// Runs records, and keeps what is wrong with each.
struct Trial {
    filter: Filter,
    failures: Vec<String>,
    /// The most costly record so far: its share of the allowed fuel, in thousandths, and its name.
    dearest: (u64, String),
}

impl Trial {
    fn new() -> Self {
        let filter = Filter::new(&filter::module().unwrap()).unwrap();
        Self { filter, failures: Vec::new(), dearest: (0, String::new()) }
    }

    /// The tag of a record, which must not cost more than any record may.
    fn run(&mut self, name: &str, record: &str) -> Value {
        let tag = match self.filter.judge(record, 0) {
            Ok((tag, _)) => tag,
            Err(fault) => {
                self.failures.push(format!("{name}: {fault}"));
                self.filter = Filter::new(&filter::module().unwrap()).unwrap();
                return Value::Null;
            }
        };
        let (fuel, most) = (self.filter.fuel(), allowed(record.len(), self.filter.out()));
        self.dearest = self.dearest.clone().max((fuel * 1000 / most, name.to_owned()));
        if fuel > most {
            self.failures.push(format!(
                "{name}, {} bytes: {:.1} million of fuel, more than {:.1}, notes {}",
                record.len(),
                fuel as f64 / 1e6,
                most as f64 / 1e6,
                tag["notes"]
            ));
        }
        let memory = self.filter.memory();
        if memory > MEMORY + 24 * record.len() {
            self.failures.push(format!("{name}, {} bytes: {memory} bytes of memory", record.len()));
            self.filter = Filter::new(&filter::module().unwrap()).unwrap();
        }
        if tag.to_string().len() > 32 << 10 {
            self.failures.push(format!("{name}: a tag of {} bytes", tag.to_string().len()));
        }
        tag
    }

    fn finish(self) {
        println!("the dearest, in thousandths of what is allowed: {:?}", self.dearest);
        assert!(self.failures.is_empty(), "{} failures\n{}", self.failures.len(), self.failures.join("\n"));
    }
}

/// The ids of the rules in a tag.
fn rules(tag: &Value) -> BTreeSet<String> {
    let rules = tag["rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["id"].as_str()).map(str::to_owned).collect()
}

#[test]
fn what_a_bomb_costs_is_bounded_and_noted() {
    let mut trial = Trial::new();
    for Bomb { name, content, note } in bombs::all() {
        let tag = trial.run(name, &expensive::record(&content));
        let notes = tag["notes"].to_string();
        let is_noted = notes.contains(note) || notes.contains("work limit");
        if !note.is_empty() && !is_noted {
            trial.failures.push(format!("{name}: notes {notes}"));
        }
        if is_noted && !note.is_empty() && !(tag["verdict"] == "alert" && tag["severity"] != "low") {
            trial.failures.push(format!("{name}: verdict {} {}", tag["verdict"], tag["severity"]));
        }
    }
    trial.finish();
}

#[test]
fn the_alert_of_a_plain_action_stands_beside_a_bomb() {
    let mut trial = Trial::new();
    let plain = expensive::exec(PLAIN.0, PLAIN.1);
    let expected =
        rules(&trial.run("plain", &expensive::record(&format!("<Task><Actions>{plain}</Actions></Task>"))));
    assert!(expected.len() >= 3, "{expected:?}");
    let mut stands = |name: &str, content: String| {
        let found = rules(&trial.run(name, &expensive::record(&content)));
        let missing: Vec<&String> = expected.difference(&found).collect();
        if !missing.is_empty() {
            trial.failures.push(format!("{name}: rules {missing:?} are missing"));
        }
    };
    for bomb in bombs::all() {
        for (place, content) in bomb.with_action(&plain) {
            stands(&format!("plain {place}: {}", bomb.name), content);
        }
    }
    for part in PARTS.into_iter().filter(|part| *part != Part::Actions) {
        for word in WORDS.iter().step_by(7) {
            let recipe = Recipe::of_word(part, word, LOGGED);
            for (place, before, behind) in [
                ("before", &*plain, ""),
                ("behind", "", &*plain),
                ("between", &*recipe.definition("", ""), &*plain),
            ] {
                // A definition in the list of actions stands for its own actions.
                stands(&format!("plain {place} {part:?} of {word}"), recipe.definition(before, behind));
            }
        }
    }
    trial.finish();
}

#[test]
fn every_action_of_a_logged_definition_is_judged() {
    let mut trial = Trial::new();
    let plain = expensive::exec("mshta.exe", "http://x.example/a");
    let expected =
        rules(&trial.run("plain", &expensive::record(&format!("<Task><Actions>{plain}</Actions></Task>"))));
    assert!(!expected.is_empty());
    for (command, arguments) in
        [("a", ""), ("cmd", "/c a&b&c&d"), ("cmd", "/c cmd /c cmd /c a"), ("powershell", "iex(a)")]
    {
        let other = expensive::exec(command, arguments);
        let count = 63.min((LOGGED - plain.len() - 40) / other.len());
        for before in [0, 1, count / 2, count - 1, count] {
            let actions = format!("{}{plain}{}", other.repeat(before), other.repeat(count - before));
            let name = format!("{command} {arguments}, {before} of {count} before");
            let found = rules(
                &trial.run(&name, &expensive::record(&format!("<Task><Actions>{actions}</Actions></Task>"))),
            );
            if !expected.is_subset(&found) {
                trial.failures.push(format!("{name}: {found:?}"));
            }
        }
    }
    trial.finish();
}

#[test]
fn words_in_any_part_cost_no_more() {
    let mut trial = Trial::new();
    let mut taken = Vec::new();
    for part in PARTS {
        for (number, word) in WORDS.iter().enumerate() {
            trial.run(&format!("{word} in {part:?}"), &Recipe::of_word(part, word, LOGGED).record());
            taken.push(trial.filter.fuel());
            if number % 5 == 0 {
                trial.run(&format!("{word} in {part:?}"), &Recipe::of_word(part, word, 30_000).record());
            }
        }
    }
    // docs/reliability.md states them.
    let (count, all) = (taken.len(), taken.iter().sum::<u64>() as f64);
    let most = taken.iter().max().map_or(0.0, |most| *most as f64 / 1e6);
    println!("{count} records: {:.1} million on average, {most:.1} at most", all / count as f64 / 1e6);
    trial.finish();
}

#[test]
fn words_by_chance_cost_no_more() {
    let mut trial = Trial::new();
    let mut chance = Mutations::new(0x5ee_d0f0);
    for number in 0..600 {
        let bytes = [1_000, LOGGED, 10_000, 60_000][number % 4];
        let recipe = Recipe::by_chance(&mut chance, bytes);
        trial.run(&format!("{recipe:?}"), &recipe.record());
    }
    trial.finish();
}

#[test]
fn repeats_of_what_the_rules_look_for_cost_no_more() {
    let mut trial = Trial::new();
    let pack = pack::packed().unwrap().pack;
    let mut literals = BTreeSet::new();
    for pattern in &pack.patterns {
        if let Test::Text(glob) = &pattern.test {
            literals.extend(glob.parts.iter().filter_map(|part| match part {
                GlobPart::Literal(text) => Some(text.clone()),
                _ => None,
            }));
        }
    }
    for (number, literal) in literals.iter().enumerate() {
        let part = PARTS[number % 5];
        trial.run(&format!("{literal} in {part:?}"), &Recipe::of_word(part, literal, LOGGED).record());
        if number % 10 == 0 {
            trial.run(&literal.to_string(), &Recipe::of_word(PARTS[3], literal, 60_000).record());
        }
    }
    trial.finish();
}

#[test]
fn members_of_any_kind_cost_no_more() {
    let mut trial = Trial::new();
    for bytes in [1_000, LOGGED, 30_000, 300_000, 3_000_000] {
        for (name, record) in expensive::of_members(bytes) {
            // What has to be mended costs up to 830 units a byte, so that 3 MB of it are over.
            if bytes <= 300_000 || !["control characters", "no JSON"].contains(&name) {
                trial.run(name, &record);
                let (fuel, length) = (trial.filter.fuel(), record.len() as u64);
                let both = length + trial.filter.out() as u64;
                println!("{name}, {length} bytes: {} units a byte, {} in or out", fuel / length, fuel / both);
            }
        }
    }
    trial.finish();
}

#[test]
fn no_record_of_the_tables_and_seeds_costs_more() {
    let mut trial = Trial::new();
    let mut records = Vec::new();
    for rule in catalogue::rules().unwrap() {
        for case in rule.cases().unwrap() {
            let place = rule.place(&case);
            records.extend(case.records.into_iter().map(|arrival| (place.clone(), arrival.record)));
        }
    }
    for (name, words) in
        [("benign.ndjson", ["task", "expect"]), ("evasion.ndjson", ["rewriting", "rewriting"])]
    {
        let rows = table::testdata(name, |mut row| {
            for word in words {
                row.take::<serde::de::IgnoredAny>(word)?;
            }
            table::record(row)
        });
        records.extend(rows.unwrap());
    }
    for (place, record) in &records {
        trial.run(place, record);
    }
    let count = records.len();
    assert!(count > 500, "{count} records in the tables");
    for target in ["record", "wasm"] {
        for (number, seed) in seeds::of(target).unwrap().iter().enumerate() {
            for record in seed.split(|byte| *byte == 0).filter_map(|record| std::str::from_utf8(record).ok())
            {
                trial.run(&format!("seed {number} of {target}"), record);
            }
        }
    }
    trial.finish();
}
