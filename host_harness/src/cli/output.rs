//! All that the command prints goes through here: data on standard output as it is, and words, in which there is nothing
//! that a terminal obeys.
use super::failure::{Exit, Failure};
use super::terminal::{Terminal, visible};
use crate::text::invisible::is_invisible;
use serde::Serialize;
use std::io::{BufWriter, StdoutLock, Write, stderr, stdout};

/// Buffered standard output.
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    /// True if the last line has no end yet.
    open_line: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { writer: BufWriter::with_capacity(64 << 10, stdout().lock()), open_line: false }
    }

    /// Writes data: records, a page, JSON, a module.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(last) = bytes.last() {
            self.open_line = *last != b'\n';
        }
        self.writer.write_all(bytes).map_err(|error| Failure::of_output(&error))
    }

    /// Writes words, in lines.
    pub(crate) fn print(&mut self, terminal: Terminal, lines: &str) -> Result<(), Failure> {
        self.write(terminal.rendered(lines).as_bytes())
    }

    /// Ends the last line of a file that does not, so that the next file's first line is not joined to it.
    pub(crate) fn end_line(&mut self) -> Result<(), Failure> {
        if self.open_line { self.write(b"\n") } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| Failure::of_output(&error))
    }
}

/// Writes data to standard output and ends it.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = Output::new();
    output.write(bytes)?;
    output.flush()
}

/// Writes a JSON value to standard output, laid out, and ends it. The value stays the same, but no character that is not
/// seen stands in it as itself.
pub(crate) fn write_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::Output, error))?;
    write((escaped_json(&json) + "\n").as_bytes())
}

/// The same JSON, with each character that is not seen as an escape (RFC 8259, 7). They are in strings only.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Prints words, in lines, on standard output and ends it.
pub(crate) fn print(terminal: Terminal, lines: &str) -> Result<(), Failure> {
    let mut output = Output::new();
    output.print(terminal, lines)?;
    output.flush()
}

/// Tells the user something, on one line of standard error. When nobody can hear it, nothing else can be done.
pub(crate) fn say(text: &str) {
    tell(&format!("schtag: {}", visible(text)));
}

/// Writes a text of several lines to standard error.
pub(crate) fn tell(lines: &str) {
    let lines: Vec<String> = lines.lines().map(visible).collect();
    let _ = writeln!(stderr().lock(), "{}", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_value_and_shows_all_of_it() {
        let value = serde_json::json!({"a": "x\u{202e}\u{e0041}\u{9b}\n\u{1b}ü"});
        let text = escaped_json(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(text, "{\n  \"a\": \"x\\u202e\\udb40\\udc41\\u009b\\n\\u001bü\"\n}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
