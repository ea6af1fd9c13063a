//! Chooses which of many started programs are read: a limit must not hide the one that matters behind harmless ones.

use super::cmd::Started;
use super::environment::find_ignoring_case;
use super::tokens;
use super::{cmd, path};
use crate::order;

/// Programs that do nothing worth a place by themselves.
const HARMLESS: [&str; 14] = [
    "ping", "timeout", "choice", "chcp", "find", "findstr", "hostname", "more", "sort", "where", "calc",
    "notepad", "mode", "tree",
];

/// Programs that run what stands in their arguments.
const INTERPRETERS: [&str; 14] = [
    "powershell",
    "pwsh",
    "cmd",
    "mshta",
    "wscript",
    "cscript",
    "rundll32",
    "regsvr32",
    "msiexec",
    "certutil",
    "wmic",
    "bitsadmin",
    "schtasks",
    "forfiles",
];

/// The oddness of a program that runs what stands in its arguments.
const INTERPRETER: u8 = 8;

/// Keeps at most `most` programs, in their order: the first, the last, and the oddest between.
pub(super) fn keep(list: &mut Vec<Started>, most: usize) {
    let last = list.len().saturating_sub(1);
    let mut order: Vec<(u8, usize)> = list
        .iter()
        .enumerate()
        .map(|(at, one)| (if at == 0 || at == last { u8::MAX } else { oddity(one) }, at))
        .collect();
    // The oddest first, and of equals the earlier.
    order::sort_by(&mut order, |left, right| right.0.cmp(&left.0));
    order.truncate(most);
    let mut at = 0_usize;
    list.retain(|_| {
        let kept = order.iter().any(|&(_, index)| index == at);
        at = at.saturating_add(1);
        kept
    });
}

/// Returns whether one of them may start further programs.
pub(super) fn nests(list: &[Started]) -> bool {
    list.len() > 1 && list.iter().any(|one| oddity(one) >= INTERPRETER)
}

/// Returns how much a command line differs from one that does no harm.
fn oddity(started: &Started) -> u8 {
    let (program, rest) = tokens::split_program(&started.line);
    let name = path::file_name(program.trim_matches('"')).to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").unwrap_or(&name);
    let mut odd = 4_u8;
    if HARMLESS.contains(&stem) {
        odd = 0;
    } else if INTERPRETERS.contains(&stem) {
        odd = INTERPRETER;
    } else if !cmd::is_system_program(stem) {
        odd = 6;
    }
    let address = find_ignoring_case(rest, "://").is_some() || started.line.starts_with(r"\\");
    odd.saturating_add(u8::from(started.input_from.is_some()) << 3)
        .saturating_add(u8::from(address) << 2)
        .saturating_add(u8::from(started.line.len() > 200) << 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoys_do_not_displace_what_matters() {
        let mut list: Vec<Started> = (0..100).map(|n| Started::new(format!("ping -n {n} x"))).collect();
        list.insert(50, Started::new("powershell -enc AAAA"));
        list.insert(70, Started::new(r"C:\Users\Public\a.exe"));
        keep(&mut list, 8);
        let lines: Vec<&str> = list.iter().map(|one| one.line.as_str()).collect();
        assert_eq!(lines.len(), 8);
        assert_eq!((lines[0], lines[7]), ("ping -n 0 x", "ping -n 99 x"));
        assert!(lines.contains(&"powershell -enc AAAA") && lines.contains(&r"C:\Users\Public\a.exe"));
    }
}
