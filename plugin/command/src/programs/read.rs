//! A process read by its program's entry.

use super::super::{Process, tokens};
use super::conditions::{holds_text, is_like, is_word};
use super::encode::Condition;
use super::entry::{Entry, Form, Options, Programs, Value, style};
use super::facts::{Facts, Kind, Role, parameter};
use super::options::{Grammar, MAX_READ, Token};
use super::resolve;
use crate::work::{CALL, Work};

/// Units for the program itself and the search for its entry.
const PROGRAM: usize = 2_500;
/// Units for a byte of arguments, and for an argument.
const BYTE: usize = 60;
const ARGUMENT: usize = 400;
/// Units for an option of the entry that an argument is compared with, and for a form.
const OPTION: usize = 60;
const FORM: usize = 500;
/// Units for a byte in which a text of a condition is searched.
const SEARCHED: usize = 12;
/// Longest value that is resolved, in bytes. Windows' longest path has 32,767 characters.
const MAX_VALUE: usize = 4096;

/// The arguments of a program, and where it runs.
pub(super) struct Call<'c> {
    /// The arguments, as the program receives them and as written.
    pub(super) argv: &'c [String],
    pub(super) line: &'c str,
    /// The working directory.
    pub(super) folder: Option<&'c str>,
}

/// Returns what a process does with its arguments; `line` is the arguments as written. Without the work for it only
/// what is known of the program itself, and false.
#[inline(never)]
pub(in super::super) fn read(
    programs: &Programs,
    process: &Process,
    line: &str,
    work: &Work,
) -> (Facts, bool) {
    let mut facts = Facts::default();
    if programs.is_empty() || process.image.is_empty() {
        return (facts, true);
    }
    if !work.spend(PROGRAM.saturating_add(process.image.len().saturating_mul(BYTE))) {
        return (facts, false);
    }
    let call = Call { argv: &process.argv, line, folder: process.working_directory.as_deref() };
    let entry = programs.find(&process.image_name);
    let is_system = entry.is_some_and(|entry| entry.style & style::SYSTEM != 0);
    facts.add(Kind::Runs, resolve::program(call.folder, &process.image, &process.image_name, is_system));
    let complete = entry.is_none_or(|entry| add(programs, entry, call, &mut facts, work));
    (facts, complete)
}

/// Adds what a program does with its arguments by its entry, the program itself apart. Returns false where the work did not suffice.
#[inline(never)]
pub(super) fn add(
    programs: &Programs,
    entry: Entry<'_>,
    call: Call<'_>,
    facts: &mut Facts,
    work: &Work,
) -> bool {
    if !work.spend(cost(&entry, call.argv, call.line)) {
        return false;
    }
    ArgumentReader { programs, call, facts, sources: Vec::new(), destination: None }.by_entry(entry);
    true
}

/// The units that reading the arguments takes at most.
fn cost(entry: &Entry<'_>, argv: &[String], line: &str) -> usize {
    let arguments = argv.len().min(MAX_READ);
    let most = entry.forms().map(|form| form.options.len()).max().unwrap_or(0);
    let options = entry.common.options.len().saturating_add(most).saturating_mul(2).saturating_add(1);
    let searches = |(kind, _): &(u8, u16)| matches!(*kind, Condition::HOLDS | Condition::LIKE);
    let searched = entry.forms().flat_map(|form| form.conditions()).filter(searches).count();
    let bytes = line.len().saturating_mul(BYTE.saturating_add(searched.saturating_mul(SEARCHED)));
    arguments
        .saturating_mul(options.saturating_mul(OPTION).saturating_add(ARGUMENT))
        .saturating_add(bytes)
        .saturating_add(entry.count().saturating_mul(FORM))
        .saturating_add(CALL)
}

pub(super) struct ArgumentReader<'r, 'f> {
    pub(super) programs: &'r Programs,
    pub(super) call: Call<'r>,
    pub(super) facts: &'f mut Facts,
    /// The files to copy, and their destination.
    pub(super) sources: Vec<&'r str>,
    pub(super) destination: Option<&'r str>,
}

impl<'r> ArgumentReader<'r, '_> {
    #[inline(never)]
    fn by_entry(&mut self, entry: Entry<'r>) {
        let argv = self.call.argv;
        let mut grammar = Grammar { programs: self.programs, entry, options: Options::default() };
        let tokens = grammar.tokens(argv);
        let found = entry.forms().find_map(|form| {
            let used = self.fits(&form, &entry, &tokens)?;
            Some((form, used))
        });
        let (form, used, tokens) = match found {
            Some((form, used)) if form.options.len() > 0 => {
                grammar.options = form.options;
                (form, used, grammar.tokens(argv))
            }
            Some((form, used)) => (form, used, tokens),
            None => (entry.common, 0, tokens),
        };
        let before = self.facts.list.len();
        if entry.style & style::COMPUTER != 0 {
            self.computers(&tokens);
        }
        let is_computer = |token: &Token<'_>| token.option.is_none() && entry.names_computer(token.value);
        for token in tokens.iter().filter(|token| token.option.is_some()) {
            if let Some(known) = token.known {
                self.value(known, token);
            }
        }
        let others = tokens.iter().filter(|token| token.option.is_none() && !is_computer(token)).skip(used);
        let others: Vec<&Token<'r>> = others.collect();
        self.arguments(&form, &others);
        self.copy();
        let technique = self.programs.text(form.technique);
        // Without a fact, the program was not used for what the technique is.
        if found.is_some() || self.facts.list.len() > before {
            self.facts.add(Kind::Technique, technique.to_owned());
        }
    }

    /// Returns how many arguments a form's conditions use up, where all hold.
    #[inline(never)]
    fn fits(&self, form: &Form<'_>, entry: &Entry<'_>, tokens: &[Token<'_>]) -> Option<usize> {
        let is_computer = |token: &&Token<'_>| token.option.is_none() && entry.names_computer(token.value);
        let mut words = tokens.iter().filter(|token| token.option.is_none() && !is_computer(token));
        let mut next = words.next();
        let mut used = 0_usize;
        let abbreviated = entry.style & style::ABBREVIATED != 0;
        for (kind, text) in form.conditions() {
            let text = self.programs.text(text);
            let holds = match kind {
                Condition::WORD => {
                    let holds = next.is_some_and(|token| is_word(text, token.value, abbreviated));
                    next = words.next();
                    used = used.saturating_add(1);
                    holds
                }
                Condition::LIKE => next.is_some_and(|token| is_like(text, token.value)),
                Condition::OPTION => tokens.iter().any(|token| {
                    token.option.is_some_and(|option| {
                        if entry.style & style::CASED != 0 {
                            text.split('|').any(|known| known == option)
                        } else {
                            is_word(text, option, abbreviated)
                        }
                    })
                }),
                _ => tokens.iter().any(|token| holds_text(token.value, text)),
            };
            if !holds {
                return None;
            }
        }
        Some(used)
    }

    /// Gives each argument that is no option its role, in order.
    #[inline(never)]
    fn arguments(&mut self, form: &Form<'r>, others: &[&Token<'r>]) {
        let mut roles = form.arguments();
        let mut at = 0_usize;
        while let Some(role) = roles.next() {
            if role.is_rest() {
                if let Some(token) = others.get(at) {
                    self.value(role, token);
                }
                return;
            }
            // What follows a repeated one takes the last arguments.
            let count = if role.is_repeated() {
                others.len().saturating_sub(at).saturating_sub(roles.len())
            } else {
                1
            };
            let end = at.saturating_add(count).min(others.len());
            for token in others.get(at..end).unwrap_or_default() {
                self.value(role, token);
            }
            at = end;
        }
    }

    /// `\\computer`, also several.
    fn computers(&mut self, tokens: &[Token<'r>]) {
        let named = tokens.iter().filter(|token| token.option.is_none() && token.value.starts_with(r"\\"));
        for name in named.flat_map(|token| token.value.split(',')) {
            self.facts.add(Kind::Computer, resolve::computer(name));
        }
    }

    fn value(&mut self, known: Value, token: &Token<'r>) {
        let rest = known.is_rest().then(|| tokens::after_arguments(self.call.line, token.at));
        let value = rest.unwrap_or(token.value).trim();
        let value = value.get(..value.floor_char_boundary(MAX_VALUE)).unwrap_or(value);
        let role = Role::of(known.role());
        let is_list = known.parameter == parameter::LIST && !matches!(role, Role::Code | Role::Address);
        if is_list {
            for part in value.split([',', ';']) {
                self.fact(role, 0, part.trim());
            }
        } else {
            self.fact(role, known.parameter, value);
        }
    }
}
