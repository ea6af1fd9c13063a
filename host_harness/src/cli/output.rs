//! Standard output, as a file of lines.
use super::failure::Failure;
use std::io::{BufWriter, StdoutLock, Write, stdout};

/// Buffered standard output.
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    /// Whether the last line has no end yet.
    open_line: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { writer: BufWriter::with_capacity(64 << 10, stdout().lock()), open_line: false }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(last) = bytes.last() {
            self.open_line = *last != b'\n';
        }
        self.writer.write_all(bytes).map_err(|error| Failure::of_output(&error))
    }

    /// Ends the last line of a file that does not, so that the next file's first line is not joined to it.
    pub(crate) fn end_line(&mut self) -> Result<(), Failure> {
        if self.open_line { self.write(b"\n") } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| Failure::of_output(&error))
    }
}
