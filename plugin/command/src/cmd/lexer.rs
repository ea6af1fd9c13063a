//! The characters of a line as cmd.exe's parser sees them: carets, quotes, delimiters, operators.
//!
//! Source: "How does the Windows Command Interpreter (CMD.EXE) parse scripts?", phase 2, as summarised on
//! <https://ss64.com/nt/syntax-esc.html>.

use schtag_task::byte_set::ByteSet;

/// Bytes that separate words.
pub(super) const DELIMITERS: ByteSet = ByteSet::of(b" \t,;=\r\x0b\x0c");
/// Signs that may stand before a command.
pub(super) const BEFORE_COMMAND: ByteSet = ByteSet::of(b" @,;=");
/// The signs around the name of a variable.
pub(super) const REFERENCES: ByteSet = ByteSet::of(b"%!");
/// The signs that stand for any letters of a file's name.
pub(super) const WILDCARDS: ByteSet = ByteSet::of(b"*?");

/// Bytes that do not stand for themselves: within quotes, and outside.
const QUOTED_ENDS: ByteSet = ByteSet::of(b"\"\n");
const PLAIN_ENDS: ByteSet = ByteSet::of(b"\"\n^&|<>()");

/// A character of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexed {
    /// One that stands for itself. Only the first byte of a longer character; the others follow.
    Plain(u8),
    /// One that a caret makes plain.
    Escaped(u8),
    /// An operator, a parenthesis or the end of a line.
    Special(u8),
    /// The end of the text.
    End,
}

/// Returns whether a byte separates words.
pub(super) fn is_delimiter(byte: u8) -> bool {
    DELIMITERS.contains(byte)
}

/// A blank or the end of a line.
pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    quoted: bool,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, quoted: false }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    /// The next byte as it stands.
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    /// Returns the byte after the next one.
    pub(super) fn peek_second(&self) -> Option<u8> {
        self.byte(1)
    }

    pub(super) const fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Returns what is left of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character with its meaning.
    pub(super) fn next(&mut self) -> Lexed {
        let Some(byte) = self.peek() else { return Lexed::End };
        self.skip(1);
        match byte {
            b'"' => {
                self.quoted = !self.quoted;
                Lexed::Plain(byte)
            }
            b'\n' => {
                self.quoted = false;
                Lexed::Special(byte)
            }
            _ if self.quoted => Lexed::Plain(byte),
            b'^' => self.escaped(),
            b'&' | b'|' | b'<' | b'>' | b'(' | b')' => Lexed::Special(byte),
            _ => Lexed::Plain(byte),
        }
    }

    /// Passes over the characters that stand for themselves up to the next that may mean something, and returns them.
    #[inline(never)]
    pub(super) fn plain(&mut self) -> &'a str {
        let rest = self.rest();
        let quoted = self.quoted;
        let ends = if quoted { &QUOTED_ENDS } else { &PLAIN_ENDS };
        let length = ends.find(rest).unwrap_or(rest.len());
        self.skip(length);
        rest.get(..length).unwrap_or_default()
    }

    /// Passes over the characters that stand for themselves or that a caret makes plain, and adds them to a text.
    #[inline(never)]
    pub(super) fn plain_into(&mut self, out: &mut Vec<u8>) {
        let mut rest = self.rest().as_bytes();
        let length = rest.len();
        loop {
            let ends = if self.quoted { &QUOTED_ENDS } else { &PLAIN_ENDS };
            let end = ends.find_in(rest).unwrap_or(rest.len());
            let (plain, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            out.extend_from_slice(plain);
            rest = behind;
            let (byte, behind) = match rest {
                [b'"', behind @ ..] => {
                    self.quoted = !self.quoted;
                    (b'"', behind)
                }
                [b'^', byte, behind @ ..] if !matches!(byte, b'\r' | b'\n') => (*byte, behind),
                _ => break,
            };
            out.push(byte);
            rest = behind;
        }
        self.skip(length.saturating_sub(rest.len()));
    }

    /// Returns the character after a caret. A caret at the end of a line joins the next line to it.
    fn escaped(&mut self) -> Lexed {
        let joined = match (self.byte(0), self.byte(1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\n'), _) => 1,
            _ => 0,
        };
        self.skip(joined);
        match self.peek() {
            Some(byte) => {
                self.skip(1);
                Lexed::Escaped(byte)
            }
            None => Lexed::End,
        }
    }

    /// Passes over delimiters, and carets before them.
    pub(super) fn skip_delimiters(&mut self) {
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let run = DELIMITERS.run(rest);
            self.skip(run);
            match rest.get(run..) {
                Some([b'^', byte, ..]) if is_delimiter(*byte) => self.skip(2),
                _ => return,
            }
        }
    }

    /// Reads a word: up to a delimiter or an operator outside quotes. Passes over delimiters before it.
    pub(super) fn word(&mut self) -> String {
        self.skip_delimiters();
        let mut out = Vec::new();
        loop {
            let before = *self;
            match self.next() {
                Lexed::Plain(byte) if !is_delimiter(byte) || before.quoted => out.push(byte),
                Lexed::Escaped(byte) if !is_delimiter(byte) => out.push(byte),
                _ => {
                    *self = before;
                    break;
                }
            }
        }
        self.quoted = false;
        text_of(out)
    }

    /// Passes over a keyword, if it is the next word. It ends at a delimiter, an operator or a slash.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let mut lexer = *self;
        for expected in keyword.bytes() {
            match lexer.next() {
                Lexed::Plain(byte) | Lexed::Escaped(byte) if byte.eq_ignore_ascii_case(&expected) => {}
                _ => return false,
            }
        }
        let after = lexer;
        let ends = match lexer.next() {
            Lexed::Plain(byte) | Lexed::Escaped(byte) => {
                is_delimiter(byte) || matches!(byte, b'/' | b'"' | b'@')
            }
            Lexed::Special(_) | Lexed::End => true,
        };
        if ends {
            *self = after;
        }
        ends
    }
}

/// Bytes that were taken out of a text at its ASCII characters, as a text again.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}
