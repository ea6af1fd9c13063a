//! The same answers as the scanner's, found one byte at a time: the grammar of RFC 8259 written down, to compare with.
use crate::json::Member;
use crate::json::stop::Invalid;

/// The members of the one object that a text is.
pub(in crate::json) fn members(text: &[u8]) -> Result<Vec<Member>, Invalid> {
    let mut reader = Reader { text, at: 0, members: Vec::new() };
    let read = reader.document();
    match (read, std::str::from_utf8(&text[..reader.at])) {
        (Ok(()), Ok(_)) => Ok(reader.members),
        (Err(expected), Ok(_)) => Err(Invalid { at: reader.at, expected }),
        (_, Err(error)) => Err(Invalid { at: error.valid_up_to(), expected: "UTF-8" }),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    members: Vec<Member>,
}

type Read = Result<(), &'static str>;

impl Reader<'_> {
    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool, expected: &'static str) -> Read {
        match self.next() {
            Some(byte) if wanted(byte) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(expected),
        }
    }

    fn blanks(&mut self) {
        while self.take(|byte| b" \t\n\r".contains(&byte), "").is_ok() {}
    }

    fn document(&mut self) -> Read {
        self.blanks();
        if self.next() != Some(b'{') {
            return Err("an object");
        }
        self.value(1)?;
        self.blanks();
        if self.next().is_none() { Ok(()) } else { Err("the end") }
    }

    fn value(&mut self, depth: usize) -> Read {
        match self.next() {
            Some(b'"') => self.string("a value"),
            Some(b'{') => self.container(depth, b'}', "a comma or a closing brace"),
            Some(b'[') => self.container(depth, b']', "a comma or a closing bracket"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for literal in ["true", "false", "null"] {
                    if self.text[self.at..].starts_with(literal.as_bytes()) {
                        self.at += literal.len();
                        return Ok(());
                    }
                }
                Err("a value")
            }
        }
    }

    fn container(&mut self, depth: usize, end: u8, expected: &'static str) -> Read {
        self.at += 1;
        self.blanks();
        if self.take(|byte| byte == end, "").is_ok() {
            return Ok(());
        }
        loop {
            self.blanks();
            if end == b'}' {
                self.member(depth)?;
            } else {
                self.value(depth + 1)?;
            }
            self.blanks();
            if self.take(|byte| byte == end, "").is_ok() {
                return Ok(());
            }
            self.take(|byte| byte == b',', expected)?;
        }
    }

    fn member(&mut self, depth: usize) -> Read {
        let key_start = self.at + 1;
        self.string("a key")?;
        let key_end = self.at - 1;
        self.blanks();
        self.take(|byte| byte == b':', "a colon")?;
        self.blanks();
        let value_start = self.at;
        self.value(depth + 1)?;
        if depth == 1 {
            let [key_start, key_end, value_start, value_end] =
                [key_start, key_end, value_start, self.at].map(|at| at as u32);
            self.members.push(Member { key_start, key_end, value_start, value_end });
        }
        Ok(())
    }

    fn string(&mut self, expected: &'static str) -> Read {
        self.take(|byte| byte == b'"', expected)?;
        let start = self.at;
        loop {
            match self.next() {
                None => return Err("a closing quote"),
                Some(0..b' ') => return Err("no raw control character in a string"),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    if self.take(|byte| byte == b'u', "").is_err() {
                        self.take(|byte| b"\"\\/bfnrt".contains(&byte), "a valid escape")?;
                    } else {
                        for _ in 0..4 {
                            self.take(|byte| byte.is_ascii_hexdigit(), "a valid escape")?;
                        }
                    }
                }
                Some(_) => self.at += 1,
            }
        }
        if std::str::from_utf8(&self.text[start..self.at]).is_err() {
            return Err("UTF-8");
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Read {
        let _ = self.take(|byte| byte == b'-', "");
        if self.take(|byte| byte == b'0', "").is_err() {
            self.digits()?;
        }
        if self.take(|byte| byte == b'.', "").is_ok() {
            self.digits()?;
        }
        if self.take(|byte| matches!(byte, b'e' | b'E'), "").is_ok() {
            let _ = self.take(|byte| matches!(byte, b'+' | b'-'), "");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Read {
        self.take(|byte| byte.is_ascii_digit(), "a digit")?;
        while self.take(|byte| byte.is_ascii_digit(), "").is_ok() {}
        Ok(())
    }
}
