//! Folds the string tricks that hide words in a script.
//!
//! Only what is certain: an expression whose every part is a constant string is replaced by its value.
//! Nothing is run and no variable is followed. The order is PowerShell's operator precedence
//! (about_Operator_Precedence): members and indexes, casts, `-join`, `,`, `-f`, `+`, `-replace`.

use super::lexer::{Token, tokens, write};
use super::literals;
use super::reader::{MAX_LIST, Reader};

/// Most passes over a script; each folds one level of nesting.
const MAX_PASSES: usize = 16;
/// Most bytes that the folding of one script produces.
const MAX_PRODUCED: usize = 256 * 1024;

/// The script with its string tricks folded, or `None` when there is nothing to fold.
pub(in crate::command) fn folded(script: &str) -> Option<String> {
    if !script.contains(['\'', '"', '`', '[', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}']) {
        return None;
    }
    let mut list = tokens(script);
    // Backticks are gone already; other ways of writing the same literal are no folding.
    let mut changed = list.iter().any(|token| matches!(token, Token::Code(std::borrow::Cow::Owned(_))));
    let mut produced = 0_usize;
    for _ in 0..MAX_PASSES {
        let (next, bytes) = pass(list);
        list = next;
        let Some(bytes) = bytes else { break };
        changed = true;
        produced = produced.saturating_add(bytes);
        if produced > MAX_PRODUCED {
            break;
        }
    }
    let text = if changed { write(&list) } else { return None };
    (text != script).then_some(text)
}

/// One pass from left to right: the new list, and how many bytes were produced, `None` for nothing folded.
fn pass(mut list: Vec<Token<'_>>) -> (Vec<Token<'_>>, Option<usize>) {
    let mut out = Vec::with_capacity(list.len());
    let mut produced = None;
    let mut at = 0_usize;
    while at < list.len() {
        let spent: usize = produced.unwrap_or(0);
        let fold = if spent > MAX_PRODUCED { None } else { Reader { list: &list, at }.fold(&out) };
        if let Some((value, next)) = fold {
            produced = Some(spent.saturating_add(value.len()));
            out.push(Token::Literal(value));
            at = next;
        } else {
            out.extend(list.get_mut(at).map(std::mem::take));
            at = at.saturating_add(1);
        }
    }
    (out, produced)
}

/// A value and the place behind the expression that made it.
type Fold = Option<(String, usize)>;

impl<'a> Reader<'_, 'a> {
    /// Folds the expression that begins here, if there is one; `before` is what the pass has written.
    fn fold(mut self, before: &[Token<'a>]) -> Fold {
        match self.list.get(self.at)? {
            Token::Blank(_) => None,
            Token::Literal(text) => {
                self.at = self.at.saturating_add(1);
                self.after_literal(text, before)
            }
            Token::Code(code) => match code.as_ref() {
                "[" => self.bracket(),
                "(" => self.parenthesis(before),
                "-" => None,
                join if join.eq_ignore_ascii_case("-join") && !ends_operand(before) => self.unary_join(),
                _ => None,
            },
        }
    }

    /// What can follow a literal, strongest first.
    fn after_literal(self, text: &str, before: &[Token<'a>]) -> Fold {
        if let Some(fold) = self.member(text).or_else(|| self.index(text)) {
            return Some(fold);
        }
        // A cast or an index before would bind stronger; a format's argument list as well.
        self.format(text)
            .or_else(|| self.joined(text))
            .or_else(|| self.sum(text, before))
            .or_else(|| self.replaced(text))
    }

    /// `.Replace('a', 'b')`, `.ToString()`, `.ToLower()`, `.ToUpper()`, `.Trim()`.
    fn member(mut self, text: &str) -> Fold {
        self.code(".")?;
        let name = match self.literal() {
            Some(name) => name,
            None => self.any_code()?,
        };
        self.code("(")?;
        let value = if name.eq_ignore_ascii_case("replace") {
            let old = self.literal()?;
            self.code(",")?;
            literals::replace(text, old, self.literal()?)?
        } else if name.eq_ignore_ascii_case("tostring") {
            text.to_owned()
        } else if name.eq_ignore_ascii_case("tolower") {
            text.to_lowercase()
        } else if name.eq_ignore_ascii_case("toupper") {
            text.to_uppercase()
        } else if name.eq_ignore_ascii_case("trim") {
            text.trim().to_owned()
        } else {
            return None;
        };
        self.code(")")?;
        Some((value, self.at))
    }

    /// `[-1..-9]` or `[4,24,25]`, with what joins the letters: nothing else makes sense of them.
    fn index(mut self, text: &str) -> Fold {
        self.code("[")?;
        let first = self.number()?;
        let value = if self.optional(".") {
            self.code(".")?;
            literals::range(text, first, self.number()?)?
        } else {
            let mut places = vec![first];
            while places.len() < MAX_LIST && self.optional(",") {
                places.push(self.number()?);
            }
            literals::picked(text, &places)?
        };
        self.code("]")?;
        Some((value, self.at))
    }

    /// `-f 'a', 'b'`
    fn format(mut self, text: &str) -> Fold {
        self.code("-f")?;
        let arguments = self.list()?;
        Some((literals::format(text, &arguments)?, self.at))
    }

    /// `'x' -join ''`: the letters of an index, or one string, which joining leaves as it is.
    fn joined(mut self, text: &str) -> Fold {
        self.code("-join")?;
        self.literal()?;
        Some((text.to_owned(), self.at))
    }

    /// `+ 'b' + 'c'`, as far as nothing stronger follows.
    fn sum(mut self, text: &str, before: &[Token<'a>]) -> Fold {
        if binds_stronger(last_code(before)) {
            return None;
        }
        let mut value = text.to_owned();
        let mut end = None;
        while self.code("+").is_some() {
            let Some(next) = self.literal() else { break };
            if self.binds_next() || value.len().saturating_add(next.len()) > literals::MAX_LITERAL {
                break;
            }
            value.push_str(next);
            end = Some(self.at);
        }
        end.map(|end| (value, end))
    }

    /// Whether an operator stronger than `+` follows.
    fn binds_next(mut self) -> bool {
        let Some(code) = self.any_code() else { return false };
        matches!(code, "." | "[" | "*") || code.eq_ignore_ascii_case("-f")
    }

    /// `-replace 'a', 'b'`
    fn replaced(mut self, text: &str) -> Fold {
        let operator = self.any_code()?;
        let exact = operator.eq_ignore_ascii_case("-creplace");
        if !exact && !operator.eq_ignore_ascii_case("-replace") && !operator.eq_ignore_ascii_case("-ireplace")
        {
            return None;
        }
        let arguments = self.list()?;
        let old = arguments.first()?;
        let new = arguments.get(1).copied().unwrap_or_default();
        Some((literals::replace_pattern(text, old, new, exact)?, self.at))
    }

    /// `-join ('a', 'b')`, with nothing before it.
    fn unary_join(mut self) -> Fold {
        self.at = self.at.saturating_add(1);
        let list = self.list()?;
        Some((literals::join(&list, ""), self.at))
    }

    /// `('a')` where the parentheses only group; `('a', 'b') -join ','`.
    fn parenthesis(mut self, before: &[Token<'a>]) -> Fold {
        if is_call(before) {
            return None;
        }
        self.at = self.at.saturating_add(1);
        let list = self.literals()?;
        self.code(")")?;
        if let [only] = list.as_slice() {
            return Some(((*only).to_owned(), self.at));
        }
        self.code("-join")?;
        let separator = self.literal()?;
        Some((literals::join(&list, separator), self.at))
    }

    /// `[char]65`, `[string]'a'`, `[char[]](65, 66)`, `[string]::Join('', 'a', 'b')`.
    fn bracket(mut self) -> Fold {
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

fn character(code: i64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

/// The last piece of code before a place, across blanks.
fn last_code<'t>(before: &'t [Token<'_>]) -> Option<&'t str> {
    match before.iter().rev().find(|token| !matches!(token, Token::Blank(_)))? {
        Token::Code(code) => Some(code.as_ref()),
        _ => None,
    }
}

/// Whether what stands before an expression binds it stronger than `+` would.
fn binds_stronger(code: Option<&str>) -> bool {
    code.is_some_and(|code| matches!(code, "]" | "*" | ",") || code.eq_ignore_ascii_case("-f"))
}

/// Whether an operand ends here, so that an operator that follows is a binary one.
fn ends_operand(before: &[Token<'_>]) -> bool {
    match before.iter().rev().find(|token| !matches!(token, Token::Blank(_))) {
        Some(Token::Literal(_)) => true,
        Some(Token::Code(code)) => code.starts_with('$') || matches!(code.as_ref(), ")" | "]" | "}"),
        _ => false,
    }
}

/// Whether a parenthesis that follows belongs to a call or an index rather than only grouping.
fn is_call(before: &[Token<'_>]) -> bool {
    match before.last() {
        Some(Token::Code(code)) => {
            let word = code
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ']' | ')' | '@' | '$'));
            word && !code.starts_with('-')
        }
        Some(Token::Literal(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_tricks_are_folded() {
        for (script, plain) in [
            ("i`e`x 'a'", "iex 'a'"),
            ("&('i'+'ex') 'a'", "iex 'a'"),
            ("&('i'+'e'+'x')", "iex"),
            (".('ie'+'x') $x", ".iex $x"),
            ("('Down'+'load'+'String')", "'DownloadString'"),
            ("$c.('Down'+'loadString').Invoke('http://x')", "$c.DownloadString.Invoke('http://x')"),
            ("&(\"{1}{0}\" -f 'X','IE')", "IEX"),
            ("&(\"{1}{0}\"-f'X','IE')", "IEX"),
            ("& (\"{0}{1}\" -f 'i',('e'+'x'))", "& 'iex'"),
            ("-join ('i','e','x')", "'iex'"),
            ("('i','e','x') -join ''", "'iex'"),
            ("('i','e','x')-join','", "'i,e,x'"),
            ("[char]73+[char]69+[char]0x58", "'IEX'"),
            ("([char]73+[char]69+[char]88)", "'IEX'"),
            ("[string][char]73", "'I'"),
            ("-join [char[]](73,69,88)", "'IEX'"),
            ("&('iXeXx'.Replace('X',''))", "iex"),
            ("&('iXex'.rePlace('X',''))", "iex"),
            ("&('i#e#x' -replace '#','')", "iex"),
            ("'i#e#x' -replace '#'", "'iex'"),
            ("&('xei'[-1..-3] -join '')", "iex"),
            ("& (-join 'xei'[-1..-3])", "& 'iex'"),
            ("[string]::Join('',('i','e','x'))", "'iex'"),
            ("[String]::Join('', 'i','e','x')", "'iex'"),
            ("&($env:ComSpec[4,24,25]-join'')", "iex"),
            ("&($env:comspec[4,24,25] -join '')", "iex"),
            (".($PSHome[21]+$PSHome[34]+'x')", ".iex"),
            ("&($ShellId[1]+$ShellId[13]+'x')", "iex"),
            ("&($VerbosePreference.ToString()[1,3]+'x'-join'')", "iex"),
            ("'a' + 'b'.Replace('b','c') + 'd'", "'acd'"),
            ("\"a`tb\" + 'c'", "'a\tbc'"),
            ("(('a'))", "'a'"),
        ] {
            assert_eq!(folded(script).as_deref(), Some(plain), "{script}");
        }
    }

    #[test]
    fn what_is_not_certain_stays() {
        for script in [
            "",
            "Get-Date",
            "Write-Host 'a' 'b'",
            "\"a $b\"",
            "$x + 'a'",
            "$x.Replace('a','b')",
            "[Convert]::FromBase64String('aWV4')",
            "(New-Object Net.WebClient).DownloadString('http://x')",
            "'a','b'",
            "$a -join ','",
            "'a.b' -replace '.',''",
            "{0}{1}",
            "foo('a')",
            "if(\"a\") { 1 }",
            "\"same as\" ",
            "[char]$x",
        ] {
            assert_eq!(folded(script), None, "{script}");
        }
    }

    #[test]
    fn folding_is_bounded() {
        let sum = vec!["'a'"; 20_000].join("+");
        assert_eq!(folded(&sum), Some(format!("'{}'", "a".repeat(20_000))));
        let nested = format!("{}'a'{}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(folded(&nested).is_some());
        let growing = format!("'{}'{}", "a".repeat(500), ".Replace('a','aa')".repeat(40));
        assert!(folded(&growing).unwrap().len() < 2 * literals::MAX_LITERAL);
        let formats = format!("('{}{}' -f '{}');", "{0}".repeat(60), "", "b".repeat(1_000)).repeat(40);
        assert!(folded(&formats).unwrap().len() < 4 * MAX_PRODUCED);
    }
}
