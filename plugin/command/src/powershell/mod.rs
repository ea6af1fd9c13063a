//! Reads a command line as PowerShell does, the string tricks in a script, and the shells that it starts.

mod calls;
mod characters;
mod fold;
mod lexer;
mod literals;
mod loop_state;
mod loops;
mod members;
mod obfuscation;
mod operators;
mod parameters;
mod script;
mod values;
mod variables;

pub(super) use calls::started;
pub(super) use obfuscation::obfuscation;
pub(super) use parameters::{Edition, parse};
pub(super) use script::folded;

use crate::bytes;

use super::tokens::ends_with_ignoring_case;
use crate::work::Work;

/// The edition of PowerShell that a file name stands for, or `None` when it is no PowerShell.
pub(super) fn edition(image_name: &str) -> Option<Edition> {
    match image_name {
        "powershell.exe" | "powershell_ise.exe" | "sqlps.exe" | "sqltoolsps.exe" => Some(Edition::Windows),
        "pwsh.exe" | "pwsh-preview.exe" | "pwsh-preview.cmd" => Some(Edition::Core),
        _ => None,
    }
}

/// The script file that a script runs: a `.ps1` called by its path at the beginning of a statement.
pub(super) fn called_file(script: &str, work: &Work) -> Option<String> {
    let dots = bytes::count(script.as_bytes(), b'.');
    work.walk(script.len(), 5).then_some(())?;
    work.walk(dots, 170).then_some(())?;
    let mut rest = script;
    let mut passed = 0_usize;
    while let Some(at) = super::environment::find_ignoring_case(rest, ".ps1") {
        let end = passed.saturating_add(at).saturating_add(4);
        let name = script.get(..end)?;
        work.walk(name.len().min(LONGEST), 20).then_some(())?;
        if let Some(file) = file_before(name, script.get(end..).unwrap_or_default()) {
            return Some(file.to_owned());
        }
        passed = end;
        rest = script.get(end..)?;
    }
    None
}

/// Longest path that is looked at, in bytes.
const LONGEST: usize = 1024;

/// The path that `text` ends with, if a statement begins with it.
fn file_before<'a>(text: &'a str, behind: &str) -> Option<&'a str> {
    if behind.starts_with(|c: char| c.is_alphanumeric() || c == '.') {
        return None;
    }
    let from = text.ceil_char_boundary(text.len().saturating_sub(LONGEST));
    let tail = text.get(from..)?;
    let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''));
    let start = match quote {
        Some(quote) => tail.rfind(quote).map(|at| at.saturating_add(1))?,
        None => tail.rfind(|c: char| c.is_whitespace() || "'\";|&{(=,".contains(c)).map_or(0, |at| {
            at.saturating_add(tail.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8))
        }),
    };
    let (before, file) = tail.split_at_checked(start)?;
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let begins = before.is_empty() || before.ends_with(['&', ';', '{', '(', '|', '\n'])
        // The dot operator, not the end of a word.
        || before == "." || before.ends_with(" .") || before.ends_with(";.") || before.ends_with("{.");
    let option = ends_with_ignoring_case(before, "-file") || ends_with_ignoring_case(before, "-f");
    ((begins || option) && !file.is_empty()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_called_by_its_path() {
        for (script, file) in [
            (r"C:\x\a.ps1", Some(r"C:\x\a.ps1")),
            (r"C:\x\a.ps1 -Force", Some(r"C:\x\a.ps1")),
            (r"& 'C:\my files\a.ps1' -x", Some(r"C:\my files\a.ps1")),
            (r#"& "C:\my files\a.PS1"; exit"#, Some(r"C:\my files\a.PS1")),
            (r". .\a.ps1", Some(r".\a.ps1")),
            (r"Start-Sleep 5; & C:\x\a.ps1", Some(r"C:\x\a.ps1")),
            (r"Get-Content a.ps1 > x; & 'b.ps1'", Some("b.ps1")),
            (r"if (1) {.\a.ps1}", Some(r".\a.ps1")),
            ("Get-Content a.ps1", None),
            ("Write-Host 'see a.ps1'", None),
            ("a.ps1xml", None),
            ("Get-Date", None),
        ] {
            assert_eq!(called_file(script, &Work::unlimited()).as_deref(), file, "{script}");
        }
    }

    #[test]
    fn every_name_of_powershell() {
        for name in ["powershell.exe", "powershell_ise.exe", "sqlps.exe", "sqltoolsps.exe"] {
            assert_eq!(edition(name), Some(Edition::Windows));
        }
        assert_eq!(edition("pwsh.exe"), Some(Edition::Core));
        assert_eq!(edition("notpowershell.exe"), None);
    }
}
