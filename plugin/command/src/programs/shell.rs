//! Facts of shells: of the built-in commands of a cmd.exe, which become no process, of where output goes, and of a
//! PowerShell's script.

use super::super::{Process, cmd};
use super::cmdlets;
use super::entry::Programs;
use super::facts::Kind;
use super::read::{self, Call};
use super::resolve;
use crate::cmd::Placed;
use crate::path::PATH_SIGNS;
use crate::work::Work;

/// Units for a byte of a line, and for the search for an entry.
const BYTE: usize = 60;
const NAME: usize = 2_500;
/// Longest part of a script that is read, in bytes.
const MAX_SCRIPT: usize = 16 * 1024;

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

/// Adds what is known of a shell once its command is decoded. Returns false where the work did not suffice.
#[inline(never)]
pub(in super::super) fn finish(programs: &Programs, process: &mut Process, work: &Work) -> bool {
    if process.image_name == "cmd.exe" && !process.arguments.is_empty() && !process.facts.list.is_empty() {
        process.facts.add(Kind::Technique, "T1059.003".to_owned());
    }
    let Some(powershell) = &process.powershell else { return true };
    if process.facts.list.is_empty() {
        return true;
    }
    let mut complete = true;
    if let Some(file) = &powershell.file {
        let path = resolve::file(process.working_directory.as_deref(), file);
        process.facts.add(Kind::Runs, path.clone());
        process.facts.add(Kind::Script, path);
    }
    // With its string tricks folded, where that was done.
    let folded = process.decoded.iter().find(|layer| layer.how == "folded").map(|layer| &layer.text);
    let script = folded.or(powershell.script.as_ref()).filter(|script| !script.is_empty()).cloned();
    if let Some(mut script) = script {
        script.truncate(script.floor_char_boundary(MAX_SCRIPT));
        complete = cmdlets::add(programs, process, &script, work);
        process.facts.add(Kind::Code, script);
        process.facts.add(Kind::Language, "powershell".to_owned());
    }
    process.facts.add(Kind::Technique, "T1059.001".to_owned());
    complete
}
