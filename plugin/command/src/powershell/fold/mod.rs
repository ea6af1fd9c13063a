//! Folds the constant expressions of a script, in one pass from left to right.
//!
//! An operator-precedence parser (about_Operator_Precedence) over values that may be unknown: what is read stays on
//! a stack of operands, operators and open brackets, and an operation whose operands are known becomes its value at
//! once, so that nesting and length cost no second pass. Loops over known values are run (`loops`). The output is
//! the script with each text that was calculated in place of its expression.

mod access;
mod brackets;
mod signs;
mod stack;

use std::borrow::Cow;

use super::lexer::{LINE_ENDS, Token, is_double};
use super::loop_state::{Each, For};
use super::members;
use super::operators::{Binary, cast, split_blanks};
use super::values::{Value, join};
use super::variables::{Variables, given};
use crate::work::Work;

/// Units that a token costs here.
const TOKEN: usize = 1_500;
/// Longest string of the script itself that is put in where a variable is read. A longer one stands in the script
/// anyway, and twice it would take the place of what else there is.
const MAX_WRITTEN: usize = 2048;
/// Most bytes of values that are put in.
pub(super) const MAX_SHOWN: usize = 64 * 1024;

/// An operand on the stack.
#[derive(Debug)]
pub(super) struct Operand<'a> {
    pub(super) value: Option<Value<'a>>,
    /// Where its tokens begin in the output.
    pub(super) start: usize,
    /// True if its one token in the output is only the place for its value.
    shown: bool,
    /// True if the value stands in the script no more than the expression does.
    calculated: bool,
    /// The variable that it is.
    variable: Option<usize>,
    /// True if it is a statement without a value, such as an assignment.
    silent: bool,
}

impl<'a> Operand<'a> {
    pub(super) const fn unknown(start: usize) -> Self {
        Self { value: None, start, shown: false, calculated: false, variable: None, silent: false }
    }

    pub(super) fn silent(start: usize) -> Self {
        Self { silent: true, ..Self::unknown(start) }
    }

    #[inline(never)]
    pub(super) fn known(value: Value<'a>, start: usize, calculated: bool) -> Self {
        Self { value: Some(value), calculated, ..Self::unknown(start) }
    }
}

#[derive(Debug)]
pub(super) enum Prefix {
    Cast(String),
    Join,
    Split,
    Comma,
    Minus,
    Plus,
    Increment(i64),
    Other,
}

impl Prefix {
    const fn strength(&self) -> u8 {
        match self {
            Self::Comma => 80,
            Self::Join | Self::Split => 85,
            _ => 90,
        }
    }
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Group,
    /// Parentheses right after a word, which gives them their meaning.
    Call,
    Array,
    Sub,
    Index,
    Block,
    /// The body of a loop over a list that is not run.
    Body,
    MemberName,
    Method(Cow<'a, str>, Vec<Option<Value<'a>>>),
    /// The list of `foreach ($x in list)`, and where the statement begins.
    ForeachHead(Option<usize>, usize),
    Each(Box<Each<'a>>),
    For(Box<For>),
}

#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) kind: Kind<'a>,
    /// Where the bracket is in the output.
    pub(super) start: usize,
    /// True if all in it so far is one expression.
    pub(super) single: bool,
}

#[derive(Debug)]
pub(super) enum Entry<'a> {
    Operand(Operand<'a>),
    Binary(Binary),
    Prefix(Prefix),
    Open(Open<'a>),
}

/// A script that is being folded.
pub(super) struct Folder<'t, 'a, 'w> {
    pub(super) tokens: &'t [Token<'a>],
    pub(super) at: usize,
    pub(super) out: Vec<Token<'a>>,
    stack: Vec<Entry<'a>>,
    /// The places of the open brackets in the stack.
    opens: Vec<usize>,
    pub(super) variables: Variables<'a>,
    /// The values of `$_`, innermost last.
    pub(super) items: Vec<Option<Value<'a>>>,
    pub(super) work: &'w Work,
    changed: bool,
    shown: usize,
    /// The number of loops that are being run.
    loops: usize,
}

impl<'t, 'a, 'w> Folder<'t, 'a, 'w> {
    pub(super) fn new(tokens: &'t [Token<'a>], variables: Variables<'a>, work: &'w Work) -> Self {
        Self {
            tokens,
            at: 0,
            out: Vec::with_capacity(tokens.len()),
            stack: Vec::new(),
            opens: Vec::new(),
            variables,
            items: Vec::new(),
            work,
            changed: false,
            shown: 0,
            loops: 0,
        }
    }

    /// Folds to the end. Returns the tokens of the result, and whether anything was folded.
    #[inline(never)]
    pub(super) fn run(mut self) -> (Vec<Token<'a>>, bool) {
        let tokens = self.tokens;
        while let Some(token) = tokens.get(self.at) {
            if !self.work.spend(TOKEN) || self.shown > MAX_SHOWN {
                self.abandon();
                break;
            }
            self.step(token);
            if self.at >= tokens.len() && self.loops > 0 {
                self.abandon();
                break;
            }
        }
        self.close_all();
        (self.out, self.changed)
    }

    /// Settles what is open, and takes the rest as it is written. A loop that is being run is taken as a whole.
    #[inline(never)]
    fn abandon(&mut self) {
        let tokens = self.tokens;
        let mut places = self.opens.iter();
        let begun = places.find_map(|&place| Some((place, Self::entry_is_loop(self.stack.get(place)?)?)));
        if let Some((place, (statement, length))) = begun {
            self.stack.truncate(place);
            self.at = statement;
            self.out.truncate(length);
        }
        self.close_all();
        self.out.extend(tokens.get(self.at..).into_iter().flatten().cloned());
        self.at = tokens.len();
    }

    #[inline(never)]
    fn close_all(&mut self) {
        loop {
            // What is on top may be an operation that is complete.
            self.reduce(0);
            match self.stack.pop() {
                Some(Entry::Operand(operand)) => self.settle(&operand),
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Reads one token, or what begins with it.
    fn step(&mut self, token: &Token<'a>) {
        match token {
            Token::Blank(text) => {
                if LINE_ENDS.is_in(text) && !text.starts_with("<#") && self.ends_at_line() {
                    self.end_statement();
                }
                self.keep(token);
            }
            Token::Literal(text) => {
                self.begin_operand();
                let operand = Operand::known(Value::Text(text.clone()), self.out.len(), false);
                self.keep(token);
                self.push(operand);
            }
            Token::Code(code) => self.code(code.clone(), token),
        }
    }

    fn code(&mut self, code: Cow<'a, str>, token: &Token<'a>) {
        let operand = self.has_operand();
        // One byte is compared where there is one: texts would be compared with each sign.
        let sign = if let [sign] = code.as_bytes() { *sign } else { 0 };
        match sign {
            b'(' => self.open_parenthesis(),
            b')' => self.close_parenthesis(),
            b'[' if operand && self.is_glued() => self.open(Kind::Index, 1),
            b'[' => self.bracket(),
            b']' => self.close_index(),
            b'{' => {
                self.begin_operand();
                self.open(Kind::Block, 1);
            }
            b'}' => self.close_block(),
            b',' => self.comma(operand),
            b';' => self.semicolon(),
            b'|' => self.pipe(operand),
            b'=' if operand => self.assign(),
            b'.' if operand && self.is_glued() => self.member(),
            b'+' | b'-' => self.sign(code.as_ref(), operand),
            b'*' if operand => self.binary(Binary::Times, 1),
            b'/' if operand => self.binary(Binary::Divided, 1),
            b'%' if operand => self.binary(Binary::Modulo, 1),
            b'!' => self.prefix(Prefix::Other, 1),
            b'@' | b'$' if self.code_at(1) == Some("(") => {
                self.begin_operand();
                let kind = if sign == b'@' { Kind::Array } else { Kind::Sub };
                self.open(kind, 2);
            }
            _ => match Binary::of_word(&plain_dash(&code)) {
                Some(Binary::Join) if !operand => self.prefix(Prefix::Join, 1),
                Some(Binary::Split) if !operand => self.prefix(Prefix::Split, 1),
                Some(operator) if operand => self.binary(operator, 1),
                Some(_) => self.unknown(token),
                None => self.word(&code, token),
            },
        }
    }

    #[inline(never)]
    fn word(&mut self, word: &str, token: &Token<'a>) {
        let first = word.bytes().next().unwrap_or_default();
        if (word.eq_ignore_ascii_case("for") && self.begin_for())
            || (word.eq_ignore_ascii_case("foreach") && self.begin_foreach())
        {
            return;
        }
        if !(first == b'$' || first.is_ascii_alphanumeric() || word.starts_with(is_double) || first == b'_') {
            self.unknown(token);
            return;
        }
        self.begin_operand();
        let start = self.out.len();
        let operand = if first == b'$' {
            self.variable(word, start)
        } else if word.starts_with(is_double) {
            match self.variables.expanded(word, self.work) {
                Some((text, own)) => Operand { shown: own, ..Operand::known(Value::Text(text), start, own) },
                None => Operand::unknown(start),
            }
        } else {
            match super::values::number(word, 10).filter(|_| first.is_ascii_digit()) {
                Some(number) => Operand::known(Value::Int(number), start, false),
                None => Operand::unknown(start),
            }
        };
        self.keep(token);
        self.push(operand);
    }

    fn variable(&mut self, code: &str, start: usize) -> Operand<'a> {
        if code == "$_" || code.eq_ignore_ascii_case("$psitem") {
            let item = self.items.last().cloned().flatten();
            return Operand { value: item, calculated: true, ..Operand::unknown(start) };
        }
        let Some(index) = self.variables.own(code, self.work) else {
            return Operand { value: given(code), calculated: true, ..Operand::unknown(start) };
        };
        let (value, calculated) = self.variables.value(index).unzip();
        let variable = Some(index);
        Operand { value, calculated: calculated.unwrap_or(false), variable, ..Operand::unknown(start) }
    }
}

/// Returns whether a value is a text, which takes the place of its expression.
const fn is_shown(value: Option<&Value<'_>>) -> bool {
    matches!(value, Some(Value::Text(_) | Value::Char(_)))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A word whose dash of another kind is a plain one.
fn plain_dash(word: &str) -> Cow<'_, str> {
    let mut chars = word.chars();
    match chars.next() {
        Some('-') | None => Cow::Borrowed(word),
        Some(c) if crate::unicode::is_dash(c) => Cow::Owned(["-", chars.as_str()].concat()),
        Some(_) => Cow::Borrowed(word),
    }
}
