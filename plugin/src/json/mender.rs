//! Copies a text that is no valid JSON and mends it on the way.
use super::defects::{Defects, count};
use super::edit::{NotWritten, reserve};
use super::levels::Levels;
use super::text::{REPLACEMENT, hex4, lossy_len, write_byte_escape, write_escape, write_lossy};
use super::walk::container_len;

/// Why mending ended early.
pub(super) enum Stop {
    TooDeep,
    OutOfMemory,
}

impl From<NotWritten> for Stop {
    fn from(_: NotWritten) -> Self {
        Self::OutOfMemory
    }
}

/// Copies a text and mends it on the way, without a view on whether the result is valid.
pub(super) struct Mender<'a, 'o> {
    pub(super) rest: &'a [u8],
    pub(super) out: &'o mut Vec<u8>,
    pub(super) levels: Levels,
    pub(super) defects: Defects,
}

impl<'a> Mender<'a, '_> {
    /// Copies and mends the whole text.
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        let mut at_key = false;
        while let Some(&byte) = self.rest.first() {
            match byte {
                b'"' => {
                    self.string()?;
                    at_key = false;
                }
                b'{' | b'[' if at_key => {
                    let len = container_len(self.rest);
                    self.key(len)?;
                    at_key = false;
                }
                b'{' | b'[' => {
                    if !self.levels.push(byte == b'{') {
                        return Err(Stop::TooDeep);
                    }
                    self.copy(1)?;
                    at_key = byte == b'{';
                }
                b'}' | b']' => {
                    self.levels.pop();
                    self.copy(1)?;
                    at_key = false;
                }
                b',' => {
                    self.copy(1)?;
                    at_key = self.levels.in_object();
                }
                b':' | b' ' | b'\t' | b'\n' | b'\r' => self.copy(1)?,
                _ => {
                    self.word(at_key)?;
                    at_key = false;
                }
            }
        }
        Ok(())
    }

    /// Takes the next `len` bytes.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        reserve(self.out, bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn copy(&mut self, len: usize) -> Result<(), Stop> {
        let bytes = self.take(len);
        self.write(bytes)
    }

    /// A number, a literal or what stands in place of one.
    fn word(&mut self, at_key: bool) -> Result<(), Stop> {
        let ends =
            |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b',' | b':' | b'[' | b']' | b'{' | b'}');
        // At least one byte, so that this always moves on.
        let len = self.rest.iter().position(ends).unwrap_or(self.rest.len()).max(1);
        let word = self.rest.get(..len).unwrap_or_default();
        if at_key && is_scalar(word) {
            return self.key(len);
        }
        if is_not_a_number(word) {
            count(&mut self.defects.not_numbers);
            self.take(len);
            return self.write(b"null");
        }
        self.copy(len)
    }

    /// Makes a string of the next `len` bytes.
    fn key(&mut self, len: usize) -> Result<(), Stop> {
        count(&mut self.defects.keys);
        let key = self.take(len);
        reserve(self.out, lossy_len(key).saturating_add(2))?;
        self.out.push(b'"');
        write_lossy(self.out, key);
        self.out.push(b'"');
        Ok(())
    }

    /// Writes a string, from its opening quote past its closing one or to the end.
    fn string(&mut self) -> Result<(), Stop> {
        self.copy(1)?;
        loop {
            let plain =
                self.rest.iter().position(|byte| !matches!(byte, 0x20..0x80) || matches!(byte, b'"' | b'\\'));
            self.copy(plain.unwrap_or(self.rest.len()))?;
            match self.rest.first() {
                None => return Ok(()),
                Some(b'"') => return self.copy(1),
                Some(b'\\') => self.escape()?,
                Some(&byte) if byte < 0x20 => {
                    count(&mut self.defects.controls);
                    self.take(1);
                    reserve(self.out, 6)?;
                    write_escape(self.out, byte);
                }
                Some(_) => self.not_ascii()?,
            }
        }
    }

    /// A run of bytes that are not ASCII.
    fn not_ascii(&mut self) -> Result<(), Stop> {
        let len = self.rest.iter().position(u8::is_ascii).unwrap_or(self.rest.len());
        for chunk in self.take(len).utf8_chunks() {
            self.write(chunk.valid().as_bytes())?;
            if !chunk.invalid().is_empty() {
                count(&mut self.defects.not_utf8);
                self.write(REPLACEMENT)?;
            }
        }
        Ok(())
    }

    /// An escape or what stands in place of one, from its backslash.
    fn escape(&mut self) -> Result<(), Stop> {
        match self.rest.get(1..).unwrap_or_default() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.copy(2),
            [b'u', digits @ ..] if hex4(digits).is_some() => self.copy(6),
            [b'x', digits @ ..] if let Some((byte, len)) = byte_escape(digits) => {
                count(&mut self.defects.byte_escapes);
                self.take(len.saturating_add(2));
                reserve(self.out, 6)?;
                write_byte_escape(self.out, byte);
                Ok(())
            }
            _ => {
                // A backslash that escapes nothing means itself.
                count(&mut self.defects.other_escapes);
                self.take(1);
                self.write(b"\\\\")
            }
        }
    }
}

/// The byte of a `\x` escape and how many digits it has: two, or eight where the host printed a negative
/// `char` (`\xffffff8f`).
fn byte_escape(digits: &[u8]) -> Option<(u8, usize)> {
    if let Some(byte) = digits.strip_prefix(b"ffffff").and_then(hex2) {
        return Some((byte, 8));
    }
    Some((hex2(digits)?, 2))
}

/// The value of the two hexadecimal digits that a text begins with.
fn hex2(text: &[u8]) -> Option<u8> {
    let (&[high, low], _) = text.split_first_chunk::<2>()?;
    let value = char::from(high).to_digit(16)? << 4 | char::from(low).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Returns whether C's `printf` writes a number so that is none: `nan`, `-nan`, `inf`, `-inf`, and with Microsoft's
/// runtime `-nan(ind)` and `nan(snan)`.
fn is_not_a_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"-").unwrap_or(word);
    matches!(word, b"nan" | b"inf" | b"nan(ind)" | b"nan(snan)")
        || [&b"nan"[..], b"inf", b"infinity"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Returns whether a key without quotes is what the host writes for a number, a boolean or nil.
fn is_scalar(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let number = digits.first().is_some_and(u8::is_ascii_digit)
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    number || matches!(word, b"true" | b"false" | b"null") || is_not_a_number(word)
}
