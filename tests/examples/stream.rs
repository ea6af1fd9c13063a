//! Writes a stream of events, one JSON record a line: `stream winevtlog|flat COUNT`.
#![allow(clippy::print_stderr, reason = "a command")]

use schtag_tests::stream::{Form, Stream};
use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (form, count) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["winevtlog", count] => (Form::Winevtlog, count.parse()),
        ["flat", count] => (Form::Flat, count.parse()),
        _ => (Form::Flat, "".parse::<usize>()),
    };
    let Ok(count) = count else {
        eprintln!("usage: stream winevtlog|flat COUNT");
        return ExitCode::from(2);
    };
    let mut output = BufWriter::new(stdout().lock());
    let written = Stream::new(form).take(count).try_for_each(|record| writeln!(output, "{record}"));
    match written.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stream: {error}");
            ExitCode::FAILURE
        }
    }
}
