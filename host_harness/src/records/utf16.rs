//! Text in UTF-16, as Windows' tools write it, read as UTF-8.

use std::io::{self, Read};

/// The number of bytes that are asked for at a time.
const STEP: usize = 16 << 10;

/// The order of the two bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    LittleEndian,
    BigEndian,
}

/// Tells UTF-16 by its byte-order mark, or by an ASCII character at its beginning.
pub(super) const fn order(head: &[u8]) -> Option<Order> {
    match head {
        [0xff, 0xfe, ..] => Some(Order::LittleEndian),
        [0xfe, 0xff, ..] => Some(Order::BigEndian),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(Order::LittleEndian),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(Order::BigEndian),
        _ => None,
    }
}

/// An input in UTF-16, as UTF-8 without a byte-order mark. Half of a pair becomes U+FFFD.
pub(super) struct Utf16<R> {
    source: R,
    order: Order,
    /// A byte that waits for its second half.
    half: Option<u8>,
    /// A high surrogate that waits for its low one.
    high: Option<u16>,
    /// True before the first unit.
    beginning: bool,
    ended: bool,
    out: Vec<u8>,
    /// The number of bytes of `out` that have been taken.
    taken: usize,
}

impl<R: Read> Utf16<R> {
    pub(super) const fn new(source: R, order: Order) -> Self {
        Self {
            source,
            order,
            half: None,
            high: None,
            beginning: true,
            ended: false,
            out: Vec::new(),
            taken: 0,
        }
    }

    /// Reads and converts the next part.
    fn fill(&mut self) -> io::Result<()> {
        let mut part = [0; STEP];
        let count = loop {
            match self.source.read(&mut part) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.out.clear();
        self.taken = 0;
        for &byte in part.iter().take(count) {
            match self.half.take() {
                None => self.half = Some(byte),
                Some(first) => self.unit(match self.order {
                    Order::LittleEndian => u16::from_le_bytes([first, byte]),
                    Order::BigEndian => u16::from_be_bytes([first, byte]),
                }),
            }
        }
        if count == 0 {
            self.ended = true;
            if self.half.take().is_some() || self.high.take().is_some() {
                self.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        if std::mem::take(&mut self.beginning) && unit == 0xfeff {
            return;
        }
        if let Some(high) = self.high.take() {
            match char::decode_utf16([high, unit]).next() {
                Some(Ok(character)) => return self.push(character),
                _ => self.push(char::REPLACEMENT_CHARACTER),
            }
        }
        match char::from_u32(unit.into()) {
            Some(character) => self.push(character),
            None if unit < 0xdc00 => self.high = Some(unit),
            None => self.push(char::REPLACEMENT_CHARACTER),
        }
    }

    fn push(&mut self, character: char) {
        self.out.extend(character.encode_utf8(&mut [0; 4]).bytes());
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken >= self.out.len() && !self.ended {
            self.fill()?;
        }
        let mut rest = self.out.get(self.taken..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.taken = self.taken.saturating_add(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives one byte at a time.
    struct Slowly<'a>(&'a [u8]);
    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(buffer.get_mut(..most).unwrap())
        }
    }

    fn read(bytes: &[u8]) -> String {
        let order = order(bytes).unwrap();
        let mut out = String::new();
        Utf16::new(Slowly(bytes), order).read_to_string(&mut out).unwrap();
        out
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn both_orders_are_read_with_a_mark_or_without() {
        let big: Vec<u8> = "\u{feff}<é>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&big), "<é>");
        assert_eq!(read(&little("\u{feff}{\"a\":\"😀\"}\r\n")), "{\"a\":\"😀\"}\r\n");
        assert_eq!(read(&little("<a>")), "<a>");
        assert_eq!(read(b"\0<\0a"), "<a");
    }

    #[test]
    fn halves_are_replaced() {
        assert_eq!(read(b"\xff\xfea\0\x3d\xd8b\0"), "a\u{fffd}b");
        assert_eq!(read(b"\xff\xfe\x3d\xd8\x3d\xd8\0\xde"), "\u{fffd}\u{1f600}");
        assert_eq!(read(b"\xff\xfe\0\xdea\0"), "\u{fffd}a");
        assert_eq!(read(b"\xff\xfea\0\x3d\xd8"), "a\u{fffd}");
        assert_eq!(read(b"\xff\xfea\0b"), "a\u{fffd}");
    }

    #[test]
    fn other_text_is_not_utf_16() {
        for text in [&b""[..], b"{}", b"<a", b"\xef\xbb\xbf{", b"\0\0\0\0", b"a\0b"] {
            assert_eq!(order(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in r"[a-z]\PC{0,40}") {
            let bytes = [b"\xff\xfe".to_vec(), little(&text)].concat();
            prop_assert_eq!(read(&bytes), text);
        }
    }
}
