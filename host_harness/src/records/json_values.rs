//! JSON objects that stand over several lines or in arrays, as `jq`, `ConvertTo-Json` and exports of SIEMs write them:
//! each becomes one line.

use super::BUFFER;
use std::io::{self, BufRead, BufReader, Read};

/// The objects of an input. What stands between them is passed over: white space, commas, brackets of arrays.
pub(crate) struct Values<'r> {
    input: BufReader<Box<dyn Read + 'r>>,
    /// The longest object, in bytes.
    limit: usize,
    /// The object, without the white space outside of its strings.
    object: Vec<u8>,
    /// The brackets that are open in it.
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
    /// A byte that ended a damaged object and begins the next.
    waiting: Option<u8>,
    /// An error that comes after an object that was cut by it.
    error: Option<io::Error>,
}

/// A [`Value`] without its text.
enum Kind {
    Object,
    Damaged,
    TooLong,
    Other,
}

/// The next finding of a [`Values`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// An object, on one line.
    Object(&'a [u8]),
    /// The beginning of an object that is cut or damaged.
    Damaged(&'a [u8]),
    /// An object that is longer than the limit, of which nothing is kept.
    TooLong,
    /// Something else than an object: text, a number.
    Other,
}

impl<'r> Values<'r> {
    /// Reads `input`. `limit` is the longest object that is held, in bytes.
    pub(crate) fn new(input: Box<dyn Read + 'r>, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            limit: limit.max(1),
            object: Vec::new(),
            open: Vec::new(),
            in_string: false,
            escaped: false,
            waiting: None,
            error: None,
        }
    }

    /// The next value, or nothing at the end.
    ///
    /// # Errors
    /// When the input cannot be read. What had been read of an object came before the error, as damaged.
    pub(crate) fn next_value(&mut self) -> io::Result<Option<Value<'_>>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let next = match self.next_kind() {
            Err(error) if self.object.is_empty() => return Err(error),
            Err(error) => {
                self.error = Some(error);
                Kind::Damaged
            }
            Ok(None) => return Ok(None),
            Ok(Some(kind)) => kind,
        };
        Ok(Some(match next {
            Kind::Object => Value::Object(&self.object),
            Kind::Damaged => Value::Damaged(&self.object),
            Kind::TooLong => Value::TooLong,
            Kind::Other => Value::Other,
        }))
    }

    fn next_kind(&mut self) -> io::Result<Option<Kind>> {
        self.object.clear();
        self.open.clear();
        self.in_string = false;
        self.escaped = false;
        // Between objects.
        let mut other = false;
        loop {
            match self.next_byte()? {
                None if other => return Ok(Some(Kind::Other)),
                None => return Ok(None),
                Some(b'{') if !self.in_string => {
                    if other {
                        self.waiting = Some(b'{');
                        return Ok(Some(Kind::Other));
                    }
                    break;
                }
                // RFC 7464 has a record separator before each object.
                Some(b' ' | b'\t' | b'\r' | b'[' | b']' | 0x1e) if !self.in_string => {}
                Some(b',' | b'\n') if !self.in_string && !other => {}
                Some(b',' | b'\n') => {
                    self.in_string = false;
                    return Ok(Some(Kind::Other));
                }
                Some(byte) => {
                    other = true;
                    self.pass(byte);
                }
            }
        }
        self.object.push(b'{');
        self.open.push(b'{');
        self.inside()
    }

    /// Returns whether the source need not be asked for the next byte, which may have to wait for it.
    pub(crate) fn has_more(&self) -> bool {
        let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | 0x1e);
        self.waiting.is_some() || !self.input.buffer().iter().all(is_between)
    }

    /// The rest of an object.
    fn inside(&mut self) -> io::Result<Option<Kind>> {
        let mut before = b'{';
        loop {
            let Some(byte) = self.next_byte()? else { return Ok(Some(Kind::Damaged)) };
            if self.object.len() >= self.limit {
                self.skip()?;
                return Ok(Some(Kind::TooLong));
            }
            if self.in_string {
                // No string goes over the end of a line: the object was cut here.
                if byte == b'\n' {
                    return Ok(Some(Kind::Damaged));
                }
                self.object.push(byte);
                self.pass(byte);
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'{' | b'[' if !self.may_open(before) => {
                    // The object was cut, and another one begins.
                    self.waiting = Some(byte).filter(|byte| *byte == b'{');
                    return Ok(Some(Kind::Damaged));
                }
                b'{' | b'[' => self.open.push(byte),
                b'}' | b']' => {
                    let opened = if byte == b'}' { b'{' } else { b'[' };
                    if self.open.pop() != Some(opened) {
                        return Ok(Some(Kind::Damaged));
                    }
                }
                other => self.pass(other),
            }
            self.object.push(byte);
            before = byte;
            if self.open.is_empty() {
                return Ok(Some(Kind::Object));
            }
        }
    }

    /// Returns whether a bracket may open after this byte (RFC 8259): as a member's value, or as an element.
    fn may_open(&self, before: u8) -> bool {
        match self.open.last() {
            Some(b'[') => matches!(before, b'[' | b','),
            _ => before == b':',
        }
    }

    /// Passes over an object to its end, or to a line that begins with one.
    fn skip(&mut self) -> io::Result<()> {
        self.object.clear();
        let mut fresh = false;
        while let Some(byte) = self.next_byte()? {
            match byte {
                b'\n' => fresh = true,
                b'{' if fresh => {
                    self.waiting = Some(byte);
                    return Ok(());
                }
                b' ' | b'\t' | b'\r' => {}
                _ if self.in_string => {
                    fresh = false;
                    self.pass(byte);
                }
                b'{' | b'[' => self.open.push(byte),
                b'}' | b']' => {
                    self.open.pop();
                    if self.open.is_empty() {
                        return Ok(());
                    }
                }
                other => {
                    fresh = false;
                    self.pass(other);
                }
            }
        }
        Ok(())
    }

    /// Keeps track of strings.
    const fn pass(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
        } else if byte == b'"' {
            self.in_string = !self.in_string;
        } else if byte == b'\\' && self.in_string {
            self.escaped = true;
        }
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.waiting.take() {
            return Ok(Some(byte));
        }
        loop {
            match self.input.fill_buf() {
                Ok(available) => {
                    let byte = available.first().copied();
                    self.input.consume(usize::from(byte.is_some()));
                    return Ok(byte);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The values as text: damaged ones with `!`, others as `?`, long ones as `…`.
    fn values(text: &str, limit: usize) -> Vec<String> {
        let mut values = Values::new(Box::new(text.as_bytes()), limit);
        let mut found = Vec::new();
        while let Some(value) = values.next_value().unwrap() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.push(match value {
                Value::Object(object) => text(object),
                Value::Damaged(start) => text(start) + "!",
                Value::TooLong => "…".into(),
                Value::Other => "?".into(),
            });
        }
        found
    }

    #[test]
    fn objects_are_found_in_arrays_and_over_lines() {
        assert_eq!(values("", 100), [""; 0]);
        assert_eq!(values("[]", 100), [""; 0]);
        assert_eq!(values("[{\"a\":1}, {\"b\" : [ {} ] }]", 100), [r#"{"a":1}"#, r#"{"b":[{}]}"#]);
        assert_eq!(values("{\n  \"a\": \"b , \\\" }\"\n}\n{\n}\n", 100), [r#"{"a":"b , \" }"}"#, "{}"]);
        assert_eq!(values("[[{\"a\":1}],[{\"a\":2}]]\r\n\u{1e}{\"a\":3}\n", 100).len(), 3);
        // Brackets that stand at the beginning of a line are no new object.
        assert_eq!(values("{\n\"a\":\n[\n{\n\"b\":1\n},\n{\n}\n]\n}\n", 100), [r#"{"a":[{"b":1},{}]}"#]);
    }

    #[test]
    fn what_is_cut_does_not_take_the_next_with_it() {
        assert_eq!(values("{\n \"a\": 1,\n{\n \"b\": 2\n}\n", 100), ["{\"a\":1,!", "{\"b\":2}"]);
        assert_eq!(values("{\n \"a\": \"cut\n{\n \"b\": 2\n}\n", 100), ["{\"a\":\"cut!", "{\"b\":2}"]);
        assert_eq!(values("[{\"a\":1]\n{\"b\":2}\n", 100), ["{\"a\":1!", "{\"b\":2}"]);
        assert_eq!(values("{\"a\":[1}\n{\"b\":2}", 100), ["{\"a\":[1!", "{\"b\":2}"]);
        assert_eq!(values("{\n \"a\": 1", 100), ["{\"a\":1!"]);
    }

    #[test]
    fn what_is_no_object_is_counted_a_line_or_element() {
        assert_eq!(values("[1, \"a{b\", {\"a\":1}, null]", 100), ["?", "?", "{\"a\":1}", "?"]);
        assert_eq!(values("[{\"a\":1}]\nnot JSON\nneither\n{}\n", 100), ["{\"a\":1}", "?", "?", "{}"]);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(100));
        assert_eq!(values(&format!("[{long},{{\"b\":1}}]"), 50), ["…", "{\"b\":1}"]);
        assert_eq!(values(&format!("{{\"a\":[{}\n{{\"b\":1}}", "1,".repeat(100)), 50), ["…", "{\"b\":1}"]);
    }

    proptest! {
        #[test]
        fn every_object_comes_back(texts in prop::collection::vec(r#"[a{}\[\]",: \\é]{0,8}"#, 0..6), pretty: bool, array: bool) {
            let objects: Vec<serde_json::Value> =
                texts.iter().map(|text| serde_json::json!({"a": [text, {"b": text}], text.as_str(): 1})).collect();
            let write = |object| if pretty { serde_json::to_string_pretty(object) } else { serde_json::to_string(object) };
            let written: Vec<String> = objects.iter().map(|object| write(object).unwrap()).collect();
            let text = if array { format!("[\n{}\n]", written.join(",\n")) } else { written.join("\n") };
            let expected: Vec<String> = objects.iter().map(ToString::to_string).collect();
            prop_assert_eq!(values(&text, 10_000), expected);
        }

        #[test]
        fn any_text_comes_to_an_end(text in r#"[a{}\[\]",:\n \\]{0,60}"#, limit in 1_usize..20) {
            values(&text, limit);
        }
    }
}
