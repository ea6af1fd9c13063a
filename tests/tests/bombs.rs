//! Records that are small to ship and costly to read: what each costs is bounded, what was not read is noted, and the
//! alert of a plain action stands beside it.
//!
//! Fuel is about one unit an instruction and the same on every machine, so that a bound on it is a bound on time
//! that no slow machine breaks. One bound holds for every record: [`allowed`]. An ordinary task event takes a half to
//! three million.

use flate2::Compression;
use flate2::read::GzEncoder;
use schtag::rules::{GlobPart, Test};
use schtag_tests::base64::encode as base64;
use schtag_tests::catalogue;
use schtag_tests::expensive::{self, PARTS, PLAIN, Part, Recipe, WORDS, allowed};
use schtag_tests::filter::{self, Filter};
use schtag_tests::mutations::Mutations;
use schtag_tests::samples::{escape_xml, task_xml};
use schtag_tests::{pack, seeds, table};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read as _;

/// The most linear memory that any of them may need, in bytes, besides some times the record's length. It starts at about
/// 2 MiB, rules included.
const MEMORY: usize = 16 << 20;

/// The most characters of a definition that Windows logs, about.
const LOGGED: usize = 3_400;

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

struct Bomb {
    name: &'static str,
    content: String,
    /// Words of the note that the tag must have; the note of the work limit does as well. Nothing where all is read.
    note: &'static str,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let read = GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed);
    assert!(read.is_ok(), "memory is all that it reads");
    packed
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A script that holds another in base64, as often as fits into 60 KiB.
fn nested(wrap: impl Fn(&str) -> String) -> String {
    let mut script = "Write-Host 'the innermost script'".to_owned();
    loop {
        let next = wrap(&script);
        if next.len() > 60_000 {
            return script;
        }
        script = next;
    }
}

fn powershell(script: &str) -> String {
    task_xml("powershell.exe", &format!("-Command {script}"))
}

fn cmd(line: &str) -> String {
    task_xml("cmd.exe", &format!("/v:on /c {line}"))
}

fn bombs() -> Vec<Bomb> {
    let bomb = |name, content, note| Bomb { name, content, note };
    let zeros = base64(&gzip(&vec![b'a'; 30_000_000]));
    let small_bomb = base64(&gzip(&vec![b'a'; 400_000]));
    let inflate = |blob: &str| format!("(GzipStream [Convert]::FromBase64String('{blob}'))");
    let doubled =
        (0..40).map(|n| format!("set a{n}=!b{n}!!b{n}!&& set b{}=!a{n}!&& ", n + 1)).collect::<String>();
    let replaced = format!("$x='a'{}", ".Replace('a','aaaaaaaaaaaaaaaa')".repeat(1_500));
    let formatted = (0..30).fold("'a'".to_owned(), |text, _| {
        if text.len() > 20_000 { text } else { format!("('{{0}}{{0}}{{0}}{{0}}' -f {text})") }
    });
    let exec = |arguments: &str| {
        format!(
            "<Exec><Command>powershell.exe</Command><Arguments>{}</Arguments></Exec>",
            escape_xml(arguments)
        )
    };
    let many_actions = |arguments: &str, count: usize| {
        format!("<Task><Actions>{}</Actions></Task>", exec(arguments).repeat(count))
    };
    vec![
        bomb("30 MB in a gzip stream", powershell(&inflate(&zeros)), "128 KiB"),
        bomb("many gzip streams of 400 kB", powershell(&inflate(&small_bomb).repeat(60)), "128 KiB"),
        bomb(
            "a gzip stream in a gzip stream",
            powershell(&inflate(&base64(&gzip(inflate(&zeros).as_bytes())))),
            "128 KiB",
        ),
        bomb(
            "base64 in base64, 20 deep",
            powershell(&nested(|script| format!("FromBase64String('{}')", base64(script.as_bytes())))),
            "nested deeper than 6",
        ),
        bomb(
            "-EncodedCommand in -EncodedCommand",
            powershell(&nested(|script| format!("powershell -enc {}", base64(&utf_16(script))))),
            "nested deeper",
        ),
        bomb(
            "2,000 short base64 texts",
            powershell(
                &(0..2_000)
                    .map(|n| format!("'{}',", base64(format!("script number {n:06}").as_bytes())))
                    .collect::<String>(),
            ),
            "more than 16 layers",
        ),
        bomb("replacements that grow 16 times each", powershell(&replaced), ""),
        bomb("formats that grow 4 times each", powershell(&formatted), ""),
        bomb("a sum of 15,000 strings", powershell(&format!("$x={}'a'", "'a'+".repeat(15_000))), ""),
        bomb(
            "10,000 nested parentheses",
            powershell(&format!("{}'a'{}", "(".repeat(10_000), ")".repeat(10_000))),
            "",
        ),
        bomb(
            "cmd variables that double 40 times",
            cmd(&format!("\"set b0=powershell&& {doubled}!b40!\"")),
            "",
        ),
        bomb(
            "a variable that grows ten times, 140 times",
            task_xml(
                "cmd.exe",
                &format!("/c powershell {}", format!("%PSModulePath:s={}% ", "s".repeat(400)).repeat(140)),
            ),
            "65536",
        ),
        bomb("2,000 commands in a line", cmd(&"powershell -c x & ".repeat(2_000)), "started processes"),
        bomb("cmd in cmd, 5,000 deep", cmd(&"cmd /c ".repeat(5_000)), "nested deeper than 4"),
        bomb(
            "a megabyte in one element",
            powershell(&"Write-Host x; ".repeat(75_000)),
            "bytes that were read",
        ),
        bomb("carets and quotes", cmd(&"^\"^p\"o\"^w^e^r^s^h^e^l^l".repeat(2_500)), ""),
        bomb(
            "32 actions with a gzip bomb each",
            many_actions(&format!("-c {}", inflate(&zeros)), 32),
            "128 KiB",
        ),
        bomb("1,000 actions", many_actions("-c Write-Host x", 1_000), "actions"),
        // A loop looks through a long value again and again, and little or nothing comes out.
        bomb("a loop over a value that ends late", looped(1_000, "z", "!x:*ab=!"), ""),
        bomb("a loop over a long value", looped(30_000, "z", "!x:*ab=!"), ""),
        bomb("a loop of many commands", looped(1_500, "z", &"!x:*ab=!&set y=%i!x:ab=!".repeat(14)), ""),
        bomb("a loop that replaces", looped(3_000, "z", "!x:a=b!"), ""),
        bomb("a loop that takes one character", looped(30_000, "z", "!x:~%i,1!"), ""),
        bomb("a loop that takes from the end", looped(30_000, "z", "!x:~-%i!"), ""),
        bomb(
            "a loop in a loop",
            looped(1_000, "z", "!x:*ab=!&for /L %j in (1,1,512) do set y=%j!x:*ab=!"),
            "",
        ),
        bomb("a loop that makes its value longer", looped(10, "x", "!x!!x!"), ""),
        bomb("call in a loop", looped(3_000, "z", "1&call set z=%x:a=b%"), ""),
        bomb(
            "loops over words",
            cmd(&format!("\"for %i in ({}) do set x=%i!x:*b=!\"", "a ".repeat(15_000))),
            "",
        ),
        bomb(
            "16 actions with a loop each",
            format!("<Task><Actions>{}</Actions></Task>", looped_action(1_500).repeat(16)),
            "",
        ),
        // What was costly before: nested interpreters, rewritings, look-alikes.
        bomb("powershell in powershell, 4,500 deep", powershell(&"powershell -c ".repeat(4_500)), ""),
        bomb("the word powershell, 5,900 times", powershell(&"powershell ".repeat(5_900)), ""),
        bomb("3,000 replacements", powershell(&format!("$x='a'{}", ".Replace('b','c')".repeat(3_000))), ""),
        bomb("30,000 parentheses", powershell(&"(".repeat(30_000)), ""),
        bomb("60,000 look-alikes", powershell(&"\u{ff50}\u{2013}".repeat(10_000)), ""),
        bomb("250,000 signs of and", cmd(&"&".repeat(250_000)), ""),
        bomb("backticks", powershell(&"`i`e`x ".repeat(9_000)), ""),
        bomb("characters from numbers", powershell(&"[char]105+".repeat(6_000)), ""),
        bomb("one long word", task_xml("a.exe", &"a".repeat(60_000)), "bytes"),
        bomb("one long word of wide letters", task_xml("a.exe", &"\u{6f22}".repeat(20_000)), "bytes"),
        // Markup.
        bomb("tags that are not closed", described(&"<".repeat(60_000)), ""),
        bomb("elements in a value", described(&"<a>".repeat(20_000)), ""),
        bomb("references in a value", described(&"&#x41;".repeat(10_000)), ""),
        bomb("unknown references", described(&"&a;".repeat(20_000)), ""),
        bomb("CDATA sections", described(&"<![CDATA[a]]>".repeat(4_500)), ""),
        bomb("comments", described(&"<!---->".repeat(8_500)), ""),
        bomb("processing instructions", described(&"<?a?>".repeat(12_000)), ""),
        bomb("document types", described(&"<!DOCTYPE a>".repeat(5_000)), ""),
        bomb("attributes", described(&"<a b=\"c\" d='e'/>".repeat(3_700)), ""),
        bomb("namespaces", described(&"<t:a xmlns:t=\"t\"/>".repeat(3_300)), ""),
    ]
}

/// A line of cmd.exe that works on a long value in a loop of 512 rounds.
fn looped(length: usize, name: &str, word: &str) -> String {
    cmd(&format!("\"set x={}b&for /L %i in (1,1,512) do set {name}=%i{word}\"", "a".repeat(length)))
}

fn looped_action(length: usize) -> String {
    let line =
        format!("/v:on /c \"set x={}b&for /L %i in (1,1,512) do set z=%i!x:*ab=!\"", "a".repeat(length));
    expensive::exec("cmd.exe", &line)
}

fn described(text: &str) -> String {
    let description = format!("<RegistrationInfo><Description>{text}</Description>");
    task_xml(PLAIN.0, PLAIN.1).replacen("<RegistrationInfo>", &description, 1)
}

#[test]
fn what_a_bomb_costs_is_bounded_and_noted() {
    let mut trial = Trial::new();
    for Bomb { name, content, note } in bombs() {
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
    for Bomb { name, content, .. } in bombs() {
        let Some((before, behind)) = content.split_once("<Exec>") else { continue };
        if content.len() < 60_000 {
            stands(&format!("plain before: {name}"), format!("{before}{plain}<Exec>{behind}"));
        }
        let Some((before, behind)) = content.rsplit_once("</Exec>").filter(|_| content.len() < 60_000) else {
            continue;
        };
        stands(&format!("plain behind: {name}"), format!("{before}</Exec>{plain}{behind}"));
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
    for part in PARTS {
        for (number, word) in WORDS.iter().enumerate() {
            trial.run(&format!("{word} in {part:?}"), &Recipe::of_word(part, word, LOGGED).record());
            if number % 5 == 0 {
                trial.run(&format!("{word} in {part:?}"), &Recipe::of_word(part, word, 30_000).record());
            }
        }
    }
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
