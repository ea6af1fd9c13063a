//! Where and why a scan ends early.

/// Why a text is not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Byte offset of the first byte that does not fit; the text's length where it ends too early.
    pub at: usize,
    /// The thing that was expected there, in words.
    pub expected: &'static str,
}

/// The rest of a text after a parsed part.
pub(super) type Rest<'a> = Result<&'a [u8], Stop<'a>>;

/// Where and why a scan ends early.
pub(super) struct Stop<'a> {
    /// From the first byte that does not fit.
    pub(super) rest: &'a [u8],
    pub(super) expected: Expected,
}

impl Stop<'_> {
    /// The error where the scan of a text stopped, or that a byte before it is not UTF-8, which is noticed at the end of
    /// its string. What is left ends so many bytes after the text as `padding` says, which are zeros.
    #[cold]
    pub(super) fn invalid(self, text: &[u8], padding: usize) -> Invalid {
        let at = text.len().saturating_add(padding).saturating_sub(self.rest.len()).min(text.len());
        let expected = match self.expected {
            Expected::NoControl if at == text.len() => Expected::Quote,
            expected => expected,
        };
        match std::str::from_utf8(text.get(..at).unwrap_or(text)) {
            Ok(_) => Invalid { at, expected: expected.words() },
            Err(error) => Invalid { at: error.valid_up_to(), expected: Expected::Utf8.words() },
        }
    }
}

/// The thing that was expected.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    Object,
    Key,
    Colon,
    Value,
    CommaOrBrace,
    CommaOrBracket,
    End,
    Quote,
    NoControl,
    Escape,
    Utf8,
    Digit,
    LessNesting,
}

impl Expected {
    const fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Key => "a key",
            Self::Colon => "a colon",
            Self::Value => "a value",
            Self::CommaOrBrace => "a comma or a closing brace",
            Self::CommaOrBracket => "a comma or a closing bracket",
            Self::End => "the end",
            Self::Quote => "a closing quote",
            Self::NoControl => "no raw control character in a string",
            Self::Escape => "a valid escape",
            Self::Utf8 => "UTF-8",
            Self::Digit => "a digit",
            Self::LessNesting => "less nesting",
        }
    }
}
