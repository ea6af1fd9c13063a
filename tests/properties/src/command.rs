//! Command lines: normalisation, wrappers, PowerShell and decoders end, and what they make is bounded.

use crate::text::lossy;
use schtag::command::{self, programs::Programs};
use schtag::task::Exec;
use schtag::work::Work;

/// What the limits of the reader come to, in bytes, with room for what is said about each process.
const TOTAL: usize = 16 << 20;

/// Reads the action whose command is the first line of `data` and whose arguments are the rest.
pub fn check(data: &[u8]) {
    let text = lossy(data);
    let (command, arguments) = text.split_once('\n').unwrap_or((&text, ""));
    let exec = Exec {
        command: Some(command.to_owned()),
        arguments: (!arguments.is_empty()).then(|| arguments.to_owned()),
        working_directory: None,
    };
    let processes = command::read(&exec, &Programs::default(), &Work::unlimited());
    assert!(processes.list.len() <= 16);
    let mut total = 0;
    for (index, process) in processes.list.iter().enumerate() {
        assert!(process.parent.is_none_or(|parent| parent < index), "a process that starts itself");
        total += process.command_line.len() + process.normalized.len() + process.arguments.len();
        total += process.argv.iter().map(String::len).sum::<usize>();
        total += process.decoded.iter().map(|layer| layer.text.len()).sum::<usize>();
        assert!(process.decoded.len() <= 16);
    }
    assert!(total <= TOTAL, "{total} bytes");
    assert_eq!(
        command::read(&exec, &Programs::default(), &Work::unlimited()),
        processes,
        "not the same twice"
    );
}
