//! Reads the entries of a file.
use super::Loaded;
use super::error::{Problem, ProgramError};
use crate::rules::yaml::{Node, documents, nearest};
use schtag::command::programs::{
    Argument, Condition, FormSource, Kind, LANGUAGES, OptionSource, ProgramSource, Role, SCHEMES, parameter,
    style,
};
use std::path::{Path, PathBuf};

/// The most forms of an entry, and the most of each kind in a form: a line costs the product of the two.
const MAX_FORMS: usize = 48;
const MAX_ITEMS: usize = 96;

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Where its behaviour is described.
    pub references: Vec<String>,
    /// The entry's definition, from which the pack is compiled.
    pub source: ProgramSource,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// A command line and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The line of the file on which it begins, counted from 1.
    pub at: usize,
    /// The command line.
    pub line: String,
    /// The working directory.
    pub folder: Option<String>,
    /// The facts, all that the arguments give.
    pub facts: Vec<(Kind, String)>,
}

/// The facts that a case names, by their keys. The others follow from these.
pub(super) const FACTS: [(&str, Kind); 18] = [
    ("script", Kind::Script),
    ("library", Kind::Library),
    ("package", Kind::Package),
    ("project", Kind::Project),
    ("command", Kind::Command),
    ("code", Kind::Code),
    ("language", Kind::Language),
    ("address", Kind::Address),
    ("reads", Kind::Reads),
    ("writes", Kind::Writes),
    ("uploads", Kind::Uploads),
    ("deletes", Kind::Deletes),
    ("computer", Kind::Computer),
    ("account", Kind::Account),
    ("service", Kind::Service),
    ("task", Kind::Task),
    ("registry_key", Kind::RegistryKey),
    ("technique", Kind::Technique),
];

/// Reads a file's entries into `loaded`.
pub(super) fn parse(path: &Path, text: &str, loaded: &mut Loaded) {
    let (values, error) = documents(text);
    if let Some(error) = error {
        loaded.errors.push(ProgramError::of_file(path, error.into()));
    }
    let mut lines = Lines::new(text);
    for value in &values {
        let root = Node::root(value);
        let entries = match root.elements() {
            Ok(entries) => entries,
            Err(error) => {
                loaded.errors.push(ProgramError::of_file(path, error.into()));
                continue;
            }
        };
        for entry in entries {
            let line = lines.next_entry();
            let mut program = Program {
                path: path.to_owned(),
                line,
                references: Vec::new(),
                source: ProgramSource::default(),
                cases: Vec::new(),
            };
            match read(&entry, &mut program, &mut lines) {
                Ok(()) => loaded.programs.push(program),
                Err(problem) => loaded.errors.push(program.error(problem)),
            }
        }
    }
}

/// The lines of a file on which entries and cases begin.
struct Lines<'t> {
    text: Vec<&'t str>,
    at: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text: text.lines().collect(), at: 0 }
    }

    /// Goes to the next entry; returns its line.
    fn next_entry(&mut self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ahead = rest.iter().position(|line| line.starts_with("- ")).unwrap_or(0);
        self.at = self.at.saturating_add(ahead).saturating_add(1);
        self.at
    }

    /// The line of this entry on which a command line stands; else the entry's own.
    fn of_case(&self, command_line: &str) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let own = rest.iter().take_while(|line| !line.starts_with("- "));
        let mut lines = own.zip(1_usize..).filter(|(line, _)| line.contains("line:"));
        let found = lines.find(|(line, _)| line.contains(command_line));
        found.map_or(self.at, |(_, ahead)| self.at.saturating_add(ahead))
    }
}

fn read(entry: &Node<'_>, program: &mut Program, lines: &mut Lines<'_>) -> Result<(), Problem> {
    entry.only(&["names", "source", "reads", "technique", "options", "arguments", "forms", "cases"])?;
    for name in entry.require("names")?.texts()? {
        let is_file = !name.is_empty() && !name.contains(['\\', '/', ' ', '"']);
        if !is_file || name.to_lowercase() != name || name.ends_with(".exe") {
            return Err(Problem::Name(name));
        }
        program.source.names.push(name);
    }
    program.references = entry.require("source")?.texts()?;
    if let Some(reads) = entry.get("reads")? {
        for word in reads.texts()? {
            let bit = style::ALL.iter().find(|(name, _)| *name == word);
            let words = style::ALL.iter().map(|(name, _)| *name);
            program.source.style |= bit.map(|(_, bit)| *bit).ok_or_else(|| Problem::Style {
                nearest: nearest(&word, words).map(str::to_owned),
                word: word.clone(),
            })?;
        }
    }
    program.source.common = form(entry)?;
    if let Some(forms) = entry.get("forms")? {
        for node in forms.elements()? {
            node.only(&["when", "technique", "options", "arguments"])?;
            let mut source = form(&node)?;
            source.conditions = node.require("when")?.texts()?.into_iter().map(condition).collect();
            limit("conditions", source.conditions.len())?;
            program.source.forms.push(source);
        }
    }
    if program.source.forms.len() > MAX_FORMS {
        return Err(Problem::TooMany { what: "forms", most: MAX_FORMS });
    }
    for case in entry.get("cases")?.iter().flat_map(Node::one_or_more) {
        program.cases.push(read_case(&case, lines)?);
    }
    // Names without arguments, such as those of Windows' libraries, have nothing to show.
    let is_bare = program.source.common == FormSource::default() && program.source.forms.is_empty();
    if program.cases.is_empty() && !is_bare { Err(Problem::NoCase) } else { Ok(()) }
}

const fn limit(what: &'static str, count: usize) -> Result<(), Problem> {
    if count > MAX_ITEMS { Err(Problem::TooMany { what, most: MAX_ITEMS }) } else { Ok(()) }
}

/// Reads what an entry and a form have in common.
fn form(node: &Node<'_>) -> Result<FormSource, Problem> {
    let mut form = FormSource::default();
    if let Some(technique) = node.get("technique")? {
        technique.text()?.clone_into(&mut form.technique);
        if !is_technique(&form.technique) {
            return Err(Problem::Technique(form.technique));
        }
    }
    if let Some(options) = node.get("options")? {
        for (names, role) in options.entries()? {
            let value = argument(role.text()?)?;
            let options = names.split('|').map(|name| OptionSource { name: name.to_owned(), value });
            form.options.extend(options);
        }
    }
    limit("options", form.options.len())?;
    if let Some(arguments) = node.get("arguments")? {
        for role in arguments.texts()? {
            form.arguments.push(argument(&role)?);
        }
    }
    limit("arguments", form.arguments.len())?;
    Ok(form)
}

fn is_technique(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('T').map(|rest| rest.split_once('.').unwrap_or((rest, "000"))) {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => false,
    }
}

/// `word|word`, `*.js`, `-option` or `~text`.
fn condition(text: String) -> Condition {
    if let Some(held) = text.strip_prefix('~') {
        Condition::Holds(held.to_owned())
    } else if let Some(option) = text.strip_prefix('-').filter(|option| !option.is_empty()) {
        Condition::Option(option.to_owned())
    } else if text.contains('*') && text != "*" {
        Condition::Like(text)
    } else {
        Condition::Word(text)
    }
}

/// Reads a role with the word or sign after it: `code python`, `input*`, `command...`.
fn argument(text: &str) -> Result<Argument, Problem> {
    let (text, is_rest) = text.strip_suffix("...").map_or((text, false), |text| (text, true));
    let (text, is_repeated) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
    let (word, behind) = text.split_once(' ').map_or((text, None), |(word, behind)| (word, Some(behind)));
    let Some(&(_, role)) = Role::ALL.iter().find(|(name, _)| *name == word) else {
        let nearest = nearest(word, Role::ALL.iter().map(|(name, _)| *name)).map(str::to_owned);
        return Err(Problem::Role { word: word.to_owned(), nearest });
    };
    let number = behind.map_or(Some(0), |word| match role {
        Role::Code => place(LANGUAGES, word),
        Role::Address => place(SCHEMES, word),
        _ => parameter::ALL.iter().find(|(name, _)| *name == word).map(|(_, number)| *number),
    });
    let word = || Problem::Parameter { role: word.to_owned(), word: behind.unwrap_or_default().to_owned() };
    Ok(Argument { role, parameter: number.ok_or_else(word)?, is_repeated, is_rest })
}

fn place(list: &[&str], word: &str) -> Option<u8> {
    list.iter().zip(0_u8..).find(|(known, _)| **known == word).map(|(_, number)| number)
}

fn read_case(node: &Node<'_>, lines: &Lines<'_>) -> Result<Case, Problem> {
    let keys: Vec<&str> = ["line", "folder"].into_iter().chain(FACTS.map(|(key, _)| key)).collect();
    node.only(&keys)?;
    let line = node.require("line")?.text()?.to_owned();
    let folder = node.get("folder")?.map(|folder| folder.text().map(str::to_owned)).transpose()?;
    let mut facts = Vec::new();
    for (key, kind) in FACTS {
        if let Some(values) = node.get(key)? {
            facts.extend(values.texts()?.into_iter().map(|value| (kind, value)));
        }
    }
    Ok(Case { at: lines.of_case(&line), line, folder, facts })
}
