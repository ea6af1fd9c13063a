//! Reads records that stand one on a line, without changing a byte of what stands between them.
use super::BUFFER;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use thiserror::Error;

/// The longest line that is held as one, in bytes: 64 MiB.
pub(crate) const DEFAULT_LINE_LIMIT: usize = 64 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why an input cannot be read.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    /// It cannot be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a directory.
    #[error("it is a directory; name the files in it")]
    Directory,
    /// It holds no records, or none that can be read. What it is, and what to do.
    #[error("not read: this is {0}")]
    NotRecords(&'static str),
    /// It was found in a folder and holds no records.
    #[error("passed over: this is {0}")]
    PassedOver(&'static str),
    /// Its name says that it holds something, and it is empty.
    #[error("not read: the file is empty")]
    Empty,
}

/// Opens a file that holds one JSON record a line.
///
/// # Errors
/// When it does not exist, may not be read, or is a directory.
pub(crate) fn open(path: &Path) -> Result<File, InputError> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(InputError::Directory) } else { Ok(file) }
}

/// A piece of the input, as [`Lines`] returns it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line.
    Line {
        /// The line without its end.
        text: &'a [u8],
        /// The end of the line: `\n`, `\r\n`, or nothing at the end of the input.
        end: &'a [u8],
    },
    /// A part, with its end, of a line that is longer than the limit.
    Oversized {
        /// The bytes, at most as many as the limit.
        bytes: &'a [u8],
        /// True if it is the line's first part.
        first: bool,
    },
    /// A byte-order mark at the very beginning, as Windows tools write it.
    ByteOrderMark(&'a [u8]),
}

/// The lines of an input. The bytes of all pieces together are the (decompressed) input.
pub(crate) struct Lines<'r> {
    input: BufReader<Box<dyn Read + 'r>>,
    limit: usize,
    line: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a byte-order mark.
    Beginning,
    BetweenLines,
    /// Within a line that is longer than the limit.
    Oversized,
}

impl<'r> Lines<'r> {
    /// Reads a text. `limit` is the longest line, its end included, that is held as one, in bytes.
    ///
    /// # Errors
    /// When the beginning cannot be read.
    pub(crate) fn of_text(mut text: Box<dyn Read + 'r>, limit: usize) -> Result<Self, InputError> {
        let head = read_magic(&mut text, &[BOM])?;
        let (state, head) =
            if head == BOM { (State::Beginning, Vec::new()) } else { (State::BetweenLines, head) };
        let input: Box<dyn Read + 'r> = Box::new(Cursor::new(head).chain(text));
        Ok(Self {
            input: BufReader::with_capacity(BUFFER, input),
            limit: limit.max(1),
            line: Vec::new(),
            state,
        })
    }

    /// The next piece, or nothing at the end.
    ///
    /// # Errors
    /// When the input cannot be read, or its compressed form is damaged. What could be read of the last line is
    /// then in [`Self::rest`].
    pub(crate) fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.line.clear();
        if self.state == State::Beginning {
            self.state = State::BetweenLines;
            return Ok(Some(Piece::ByteOrderMark(BOM)));
        }
        let first = self.state != State::Oversized;
        while self.line.len() < self.limit {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let room = self.limit.saturating_sub(self.line.len());
            let visible = available.get(..room).unwrap_or(available);
            let newline = memchr::memchr(b'\n', visible);
            let taken = newline.map_or(visible.len(), |at| at.saturating_add(1));
            self.line.extend_from_slice(visible.get(..taken).unwrap_or(visible));
            self.input.consume(taken);
            if newline.is_some() {
                return Ok(Some(self.line_end(first)));
            }
            if taken == 0 {
                // The end of the input.
                return Ok((!self.line.is_empty()).then(|| self.line_end(first)));
            }
        }
        self.state = State::Oversized;
        Ok(Some(Piece::Oversized { bytes: &self.line, first }))
    }

    /// After an error, what had been read of the line.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.line
    }

    /// Returns whether the next line is at hand wholly, so that the source need not be asked, which may have to wait
    /// for it.
    pub(crate) fn has_line(&self) -> bool {
        memchr::memchr(b'\n', self.input.buffer()).is_some()
    }

    fn line_end(&mut self, first: bool) -> Piece<'_> {
        self.state = State::BetweenLines;
        if !first {
            return Piece::Oversized { bytes: &self.line, first };
        }
        let text = self
            .line
            .strip_suffix(b"\n")
            .map_or(&*self.line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let (text, end) = self.line.split_at_checked(text.len()).unwrap_or((&self.line, &[]));
        Piece::Line { text, end }
    }
}

/// Reads as many bytes as it takes to know which of the magic numbers the input begins with, and no more: an
/// interactive input may not have more yet.
pub(crate) fn read_magic(input: &mut impl Read, magics: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while magics.iter().any(|magic| magic.len() > head.len() && magic.starts_with(&head)) {
        let mut byte = [0];
        match input.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

#[cfg(test)]
#[cfg(feature = "cli")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use schtag_test_files::gzip;

    /// The lines of an input, decompressed where it is compressed.
    fn lines<'r>(input: impl Read + 'r, limit: usize) -> Lines<'r> {
        let (input, _) = crate::records::compression::decompressed(input).unwrap();
        Lines::of_text(Box::new(input), limit).unwrap()
    }

    /// The pieces of an input, as text: lines as they are with `|` before their end, parts of long ones in
    /// brackets, the first with `!`.
    fn pieces(input: &[u8], limit: usize) -> Vec<String> {
        let mut lines = lines(input, limit);
        let mut pieces = Vec::new();
        while let Some(piece) = lines.next_piece().unwrap() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            pieces.push(match piece {
                Piece::Line { text: line, end } => text(line) + "|" + &text(end),
                Piece::Oversized { bytes, first } => {
                    format!("[{}{}]", if first { "!" } else { "" }, text(bytes))
                }
                Piece::ByteOrderMark(_) => "BOM".into(),
            });
        }
        pieces
    }

    #[test]
    fn lines_keep_their_ends() {
        assert_eq!(pieces(b"", 100), [""; 0]);
        assert_eq!(pieces(b"a\nb\n", 100), ["a|\n", "b|\n"]);
        assert_eq!(pieces(b"a\r\n\r\n\nb", 100), ["a|\r\n", "|\r\n", "|\n", "b|"]);
        assert_eq!(pieces(b"a\rb\r", 100), ["a\rb\r|"]);
        assert_eq!(pieces(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", 100), ["BOM", "a|\n", "\u{feff}b|"]);
        assert_eq!(pieces(b"\xef\xbb", 100), ["\u{fffd}|"]);
    }

    #[test]
    fn long_lines_come_in_parts() {
        assert_eq!(pieces(b"abc\nd\n", 4), ["abc|\n", "d|\n"]);
        assert_eq!(pieces(b"abcd\ne\n", 4), ["[!abcd]", "[\n]", "e|\n"]);
        assert_eq!(pieces(b"abcdefghij\ne", 4), ["[!abcd]", "[efgh]", "[ij\n]", "e|"]);
        assert_eq!(pieces(b"abcd", 4), ["[!abcd]"]);
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes() {
        let mut two_members = gzip(b"\xef\xbb\xbfa\nb");
        two_members.extend(gzip(b"c\n"));
        assert_eq!(pieces(&two_members, 100), ["BOM", "a|\n", "bc|\n"]);
        assert_eq!(pieces(b"\x1f", 100), ["\u{1f}|"]);
    }

    #[test]
    fn damaged_gzip_is_an_error_after_what_could_be_read() {
        let mut cut = gzip(b"a\nb");
        cut.truncate(cut.len() - 4);
        let mut lines = lines(&*cut, 100);
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::Line { text: b"a", end: b"\n" }));
        assert_eq!(lines.next_piece().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(lines.rest(), b"b");
    }

    #[test]
    fn directories_are_refused_with_advice() {
        assert!(matches!(open(Path::new("/")), Err(InputError::Directory)));
        assert!(matches!(open(Path::new("/nonexistent")), Err(InputError::Io(_))));
    }

    #[test]
    fn an_input_that_has_no_more_yet_is_not_waited_for() {
        /// Gives one line, and fails when asked for more.
        struct Interactive(&'static [u8]);
        impl Read for Interactive {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(!self.0.is_empty(), "asked for more");
                self.0.read(buffer)
            }
        }
        let mut lines = Lines::of_text(Box::new(Interactive(b"{}\n")), 100).unwrap();
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::Line { text: b"{}", end: b"\n" }));
        assert!(!lines.has_line());
        let mut lines = Lines::of_text(Box::new(Interactive(b"{}\n{}\n{")), 100).unwrap();
        assert!(lines.next_piece().unwrap().is_some() && lines.has_line());
        // The beginning of a line is no line.
        assert!(lines.next_piece().unwrap().is_some() && !lines.has_line());
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(input in r"(\PC|\n|\r|\xef|\x1f){0,40}", limit in 1_usize..20, zip: bool) {
            let bytes = if zip { gzip(input.as_bytes()) } else { input.clone().into_bytes() };
            let mut lines = lines(&*bytes, limit);
            let mut output = Vec::new();
            while let Some(piece) = lines.next_piece().unwrap() {
                match piece {
                    Piece::Line { text, end } => {
                        prop_assert!(!text.contains(&b'\n'));
                        output.extend_from_slice(text);
                        output.extend_from_slice(end);
                    }
                    Piece::Oversized { bytes, .. } => {
                        prop_assert!(bytes.len() <= limit);
                        output.extend_from_slice(bytes);
                    }
                    Piece::ByteOrderMark(mark) => output.extend_from_slice(mark),
                }
            }
            prop_assert_eq!(output, input.into_bytes());
        }
    }
}
