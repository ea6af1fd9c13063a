//! The beginning of an input, looked at before it is read.

use std::io::{self, Cursor, Read};

/// The number of bytes that are asked for at a time.
const STEP: usize = 4 << 10;

/// An input whose beginning can be looked at. It asks its source for no more than is wanted: an interactive input may not
/// have more yet.
pub(super) struct Peeked<'r> {
    /// The bytes that were looked at and not yet read.
    head: Cursor<Vec<u8>>,
    source: Box<dyn Read + 'r>,
}

impl<'r> Peeked<'r> {
    pub(super) fn new(source: impl Read + 'r) -> Self {
        Self { head: Cursor::default(), source: Box::new(source) }
    }

    /// The beginning: all that has come when it is `enough`, or the input has ended. Nothing may have been read before.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(super) fn peek(&mut self, enough: impl Fn(&[u8]) -> bool) -> io::Result<&[u8]> {
        let mut part = [0; STEP];
        while !enough(self.head.get_ref()) {
            match self.source.read(&mut part) {
                Ok(0) => break,
                Ok(count) => self.head.get_mut().extend(part.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.head.get_ref())
    }

    /// Passes over the first bytes of what was looked at.
    pub(super) fn skip(&mut self, count: u64) {
        self.head.set_position(count);
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => self.source.read(buffer),
            count => Ok(count),
        }
    }
}
