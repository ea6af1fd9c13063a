//! Facts of a cmd.exe: of its built-in commands, which become no process, and of where output goes.

use super::super::{Process, cmd};
use super::entry::Programs;
use super::facts::Kind;
use super::read::{self, Call};
use super::resolve;
use crate::path::PATH_SIGNS;
use crate::work::Work;

/// Units for a byte of a line, and for the search for an entry.
const BYTE: usize = 60;
const NAME: usize = 2_500;

/// A text of a line with the folder in which it is read.
pub(in super::super) type Placed = (String, Option<String>);

/// Adds what built-in commands do with their arguments, and the files that output goes to.
#[inline(never)]
pub(in super::super) fn add(
    programs: &Programs,
    process: &mut Process,
    builtins: &[Placed],
    outputs: &[Placed],
    work: &Work,
) -> bool {
    if programs.is_empty() {
        return true;
    }
    for (file, folder) in outputs {
        if !work.walk(file.len(), BYTE) {
            return false;
        }
        process.facts.add(Kind::Writes, resolve::file(folder.as_deref(), file));
    }
    for (line, folder) in builtins {
        if !work.spend(NAME) || !work.walk(line.len(), BYTE) {
            return false;
        }
        let (name, arguments) = cmd::split_name(line.trim());
        let Some(entry) = programs.find(&name.to_ascii_lowercase()) else { continue };
        let call = Call { argv: &words(arguments), line: arguments, folder: folder.as_deref() };
        if !read::add(programs, entry, call, &mut process.facts, work) {
            return false;
        }
    }
    true
}

/// The words of a built-in command: blanks separate, quotes group, and nothing escapes.
#[inline(never)]
fn words(text: &str) -> Vec<String> {
    let mut list = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' | ',' | ';' if !quoted => {
                if !word.is_empty() {
                    list.push(std::mem::take(&mut word));
                }
            }
            // An option may follow without a blank: `del/f`.
            '/' if !quoted && !word.is_empty() && !PATH_SIGNS.is_in(&word) => {
                list.push(std::mem::take(&mut word));
                word.push(c);
            }
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        list.push(word);
    }
    list
}
