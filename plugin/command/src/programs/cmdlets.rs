//! Facts of a PowerShell script: of the cmdlets that its statements begin with.

use super::super::Process;
use super::entry::{Programs, style};
use super::read::{self, Call};
use crate::bytes;
use crate::work::Work;
use schtag_task::byte_set::ByteSet;

/// Units for a byte of a script.
const BYTE: usize = 130;
/// Units for a word that may be a cmdlet's name.
const NAME: usize = 1_500;
/// Most statements that are looked at.
const MAX_STATEMENTS: usize = 64;

/// Adds what the cmdlets of a script do with their arguments. The statements are not run: each is read by its words.
/// Returns false where the work did not suffice.
#[inline(never)]
pub(super) fn add(programs: &Programs, process: &mut Process, script: &str, work: &Work) -> bool {
    let (mut names, mut rest) = (1_usize, script.as_bytes());
    while let Some(behind) = ENDS_STATEMENT.find_in(rest).and_then(|at| rest.get(at.saturating_add(1)..)) {
        names = names.saturating_add(1);
        rest = behind;
    }
    if !work.walk(script.len(), BYTE) || !work.spend(NAME.saturating_mul(names)) {
        return false;
    }
    let mut statements =
        Statements { programs, words: Vec::new(), word: String::new(), bracketed: false, done: Vec::new() };
    statements.split(script);
    let folder = process.working_directory.as_deref();
    for (name, argv) in statements.done {
        let Some(entry) = programs.find(&name) else { continue };
        let line = argv.join(" ");
        let call = Call { argv: &argv, line: &line, folder };
        if !read::add(programs, entry, call, &mut process.facts, work) {
            return false;
        }
    }
    true
}

/// The signs that end a statement outside quotes.
const ENDS_STATEMENT: ByteSet = ByteSet::of(b";|&\n\r(){}=");
/// The signs that end a word outside quotes.
const ENDS_WORD: ByteSet = ByteSet::of(b";|&\n\r(){}=\"' \t,");

/// The statements of a script that begin with a cmdlet.
struct Statements<'p> {
    programs: &'p Programs,
    words: Vec<String>,
    word: String,
    /// An argument in brackets is open.
    bracketed: bool,
    /// The name and the arguments of each.
    done: Vec<(String, Vec<String>)>,
}

impl Statements<'_> {
    fn split(&mut self, script: &str) {
        let mut rest = script;
        while let Some((letters, from)) = ENDS_WORD.find(rest).and_then(|at| rest.split_at_checked(at)) {
            self.word.push_str(letters);
            if self.done.len() >= MAX_STATEMENTS {
                return;
            }
            let sign = from.bytes().next().unwrap_or_default();
            rest = from.get(1..).unwrap_or_default();
            match sign {
                b'"' | b'\'' => {
                    let (quoted, behind) = bytes::split_once(rest, sign).unwrap_or((rest, ""));
                    self.word.push_str(quoted);
                    rest = behind;
                }
                b' ' | b'\t' | b',' => self.end_word(),
                // A cmdlet's argument may stand in brackets.
                b'(' if self.names_cmdlet() => {
                    self.end_word();
                    self.bracketed = true;
                }
                b')' if self.bracketed => {
                    self.end_word();
                    self.bracketed = false;
                }
                _ => self.end_statement(),
            }
        }
        self.word.push_str(rest);
        self.end_statement();
    }

    /// Returns whether what was read of the statement is a cmdlet's name and nothing else.
    fn names_cmdlet(&self) -> bool {
        match self.words.as_slice() {
            [] => self.is_cmdlet(&self.word),
            [name] => self.word.is_empty() && self.is_cmdlet(name),
            _ => false,
        }
    }

    fn is_cmdlet(&self, word: &str) -> bool {
        /// The longest name of a cmdlet.
        const LONGEST: usize = 40;
        (2..=LONGEST).contains(&word.len())
            && self
                .programs
                .find(&word.to_ascii_lowercase())
                .is_some_and(|entry| entry.style & style::CMDLET != 0)
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    fn end_statement(&mut self) {
        self.end_word();
        self.bracketed = false;
        let mut words = std::mem::take(&mut self.words).into_iter();
        if let Some(name) = words.next().filter(|name| self.is_cmdlet(name)) {
            self.done.push((name.to_ascii_lowercase(), words.collect()));
        }
    }
}
