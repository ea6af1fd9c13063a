//! Casts and static calls that make strings: `[char]65`, `[string]::Join(...)`.

use super::expressions::Fold;
use super::literals;
use super::reader::{MAX_LIST, Reader};

impl Reader<'_, '_> {
    /// `[char]65`, `[string]'a'`, `[char[]](65, 66)`, `[string]::Join('', 'a', 'b')`.
    pub(super) fn bracket(mut self) -> Fold {
        self.at = self.at.saturating_add(1);
        let kind = self.any_code()?;
        let (is_char, is_string) = (kind.eq_ignore_ascii_case("char"), kind.eq_ignore_ascii_case("string"));
        if !is_char && !is_string {
            return None;
        }
        if is_char && self.optional("[") {
            self.code("]")?;
            self.code("]")?;
            return self.char_array();
        }
        self.code("]")?;
        if is_string {
            return self.static_call().or_else(|| self.cast_string());
        }
        let value = match self.literal() {
            Some(text) => text.to_owned(),
            None => String::from(self.grouped_number()?),
        };
        Some((value, self.at))
    }

    fn cast_string(mut self) -> Fold {
        let text = self.literal()?;
        Some((text.to_owned(), self.at))
    }

    /// `65` or `(65)`, as a character.
    fn grouped_number(&mut self) -> Option<char> {
        let grouped = self.optional("(");
        let value = self.number()?;
        if grouped {
            self.code(")")?;
        }
        character(value)
    }

    /// `(65, 66)`, `@(65, 66)` or `65, 66`.
    fn char_array(mut self) -> Fold {
        self.optional("@");
        let grouped = self.optional("(");
        let mut value = String::new();
        let mut count = 0_usize;
        loop {
            value.push(character(self.number()?)?);
            count = count.saturating_add(1);
            if count >= MAX_LIST || !self.optional(",") {
                break;
            }
        }
        if grouped {
            self.code(")")?;
        }
        Some((value, self.at))
    }

    /// `::Join(separator, ...)`, `::Concat(...)`, `::Format(format, ...)`.
    fn static_call(mut self) -> Fold {
        self.code(":")?;
        self.code(":")?;
        let name = self.any_code()?;
        self.code("(")?;
        let value = if name.eq_ignore_ascii_case("concat") {
            literals::join(&self.list()?, "")
        } else {
            let first = self.literal()?;
            self.code(",")?;
            let list = self.list()?;
            if name.eq_ignore_ascii_case("join") {
                literals::join(&list, first)
            } else if name.eq_ignore_ascii_case("format") {
                literals::format(first, &list)?
            } else {
                return None;
            }
        };
        self.code(")")?;
        Some((value, self.at))
    }
}

pub(super) fn character(code: i64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}
