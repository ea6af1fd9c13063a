//! The written answers for the filter's cycles of calls and panics: tests/testdata/answers.yml, and the tables of
//! docs/reliability.md that are made of it.

use crate::project;
use schtag_host::rules::yaml;
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;

/// The answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The beginning of the version of the compiler from which the names in the answers come.
    pub rustc: String,
    /// For functions that can call each other.
    pub cycles: Vec<Cycle>,
    /// For functions that never return.
    pub panics: Vec<Panic>,
}

/// Why a cycle of calls ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// The cycle in words.
    what: Option<String>,
    /// Parts of its functions' names.
    pub functions: Vec<String>,
    why: String,
}

/// Why a panic is not reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panic {
    /// The panic in words.
    what: Option<String>,
    /// Parts of the names of functions that never return.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The callers in words, where the answer is for all that call one of `kinds`.
    pub anywhere: Option<String>,
    /// Parts of the names of the callers for which the answer is.
    #[serde(default)]
    pub callers: Vec<String>,
    why: String,
}

impl Answers {
    /// Reads the answers.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
    pub fn read() -> Result<Self, String> {
        let path = project::root().join("tests/testdata/answers.yml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (documents, error) = yaml::documents(text);
        if let Some(error) = error {
            return Err(error.to_string());
        }
        let document = serde_json::to_value(documents.first()).map_err(|error| error.to_string())?;
        let answers: Self = serde_json::from_value(document).map_err(|error| error.to_string())?;
        let unclear = |panic: &&Panic| panic.anywhere.is_some() != panic.callers.is_empty();
        match answers.panics.iter().find(unclear) {
            Some(panic) => Err(format!("a panic has either `anywhere` or `callers`: \"{}\"", panic.why)),
            None => Ok(answers),
        }
    }

    /// The page with its tables written anew.
    ///
    /// # Errors
    /// When the page does not have the marks between which a table stands.
    pub fn render(&self, page: &str) -> Result<String, String> {
        let cycles = self
            .cycles
            .iter()
            .map(|cycle| [named(cycle.what.as_deref(), &cycle.functions), cycle.why.clone()]);
        let panics = self.panics.iter().map(|panic| {
            let callers = panic.anywhere.clone().unwrap_or_else(|| named(None, &panic.callers));
            [named(panic.what.as_deref(), &panic.kinds), callers, panic.why.clone()]
        });
        let page = between(page, "cycles", &table(["cycle", "why it ends"], cycles))?;
        between(&page, "panics", &table(["what", "in", "why it is not reached"], panics))
    }
}

/// The page that has the tables.
pub fn page() -> PathBuf {
    project::root().join("docs/reliability.md")
}

/// Words, and after them names as code.
fn named(what: Option<&str>, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    what.map(str::to_owned).into_iter().chain(names).collect::<Vec<_>>().join(", ")
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let rows = rows.map(|row| line(&row.each_ref().map(String::as_str)));
    format!("{}|{}\n{}", line(&head), "---|".repeat(N), rows.collect::<String>())
}

/// The page with this text between the marks of that name.
fn between(page: &str, name: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- answers: {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let split = || {
        let (before, rest) = page.split_once(&begin)?;
        let (_, behind) = rest.split_once(&end)?;
        Some(format!("{before}{begin}{text}{end}{behind}"))
    };
    split().ok_or_else(|| format!("the page has no marks {} and {}", begin.trim_end(), end.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "rustc: '1.'
cycles: [{functions: ['a::b', c], why: it ends}]
panics:
  - {what: checks, kinds: [d], callers: [e], why: f}
  - {kinds: [g], anywhere: all, why: h}
";

    #[test]
    fn answers_become_tables_between_their_marks() {
        let page = "x\n<!-- answers: cycles -->\nold\n<!-- end of cycles -->\ny\n<!-- answers: panics -->\n<!-- end of panics -->\nz\n";
        let expected = "x\n<!-- answers: cycles -->\n| cycle | why it ends |\n|---|---|\n| `a::b`, `c` | it ends |\n\
            <!-- end of cycles -->\ny\n<!-- answers: panics -->\n| what | in | why it is not reached |\n|---|---|---|\n\
            | checks, `d` | `e` | f |\n| `g` | all | h |\n<!-- end of panics -->\nz\n";
        let answers = Answers::parse(TEXT).unwrap();
        assert_eq!(answers.render(page).unwrap(), expected);
        assert_eq!(answers.render(expected).unwrap(), expected);
        assert!(answers.render("x").unwrap_err().contains("<!-- answers: cycles -->"));
    }

    #[test]
    fn answers_that_say_too_little_or_too_much_are_refused() {
        for (from, to) in [
            ("why: f", "reason: f"),
            ("callers: [e], ", ""),
            ("anywhere", "callers: [x], anywhere"),
            ("]", "}"),
        ] {
            assert!(Answers::parse(&TEXT.replace(from, to)).is_err(), "{from}");
        }
    }
}
