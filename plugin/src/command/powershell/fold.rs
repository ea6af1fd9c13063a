//! Folds the constant expressions of a script, in one pass from left to right.
//!
//! An operator-precedence parser (about_Operator_Precedence) over values that may be unknown: what is read stays on
//! a stack of operands, operators and open brackets, and an operation whose operands are known becomes its value at
//! once, so that nesting and length cost no second pass. Loops over known values are run (`loops`). The output is
//! the script with each text that was calculated in place of its expression.

use std::borrow::Cow;

use super::lexer::{Token, is_double};
use super::loops::{Each, For};
use super::members;
use super::operators::{Binary, cast, split_blanks};
use super::values::{Value, join};
use super::variables::{Variables, given};
use crate::work::Work;

/// Units that a token costs here.
const TOKEN: usize = 450;
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
    /// Whether its one token in the output is only the place for its value.
    shown: bool,
    /// Whether the value stands in the script no more than the expression does.
    calculated: bool,
    /// The variable that it is.
    variable: Option<usize>,
    /// Whether it is a statement without a value, such as an assignment.
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
    /// Parentheses right behind a word, of which the meaning is the word's.
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
    /// Whether all in it so far is one expression.
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
    /// What `$_` is, innermost last.
    pub(super) items: Vec<Option<Value<'a>>>,
    pub(super) work: &'w Work,
    changed: bool,
    shown: usize,
    /// How many loops are being run.
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
                if text.contains(['\n', '\r']) && !text.starts_with("<#") && self.ends_at_line() {
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
        match code.as_ref() {
            "(" => self.open_parenthesis(),
            ")" => self.close_parenthesis(),
            "[" if operand && self.is_glued() => self.open(Kind::Index, 1),
            "[" => self.bracket(),
            "]" => self.close_index(),
            "{" => {
                self.begin_operand();
                self.open(Kind::Block, 1);
            }
            "}" => self.close_block(),
            "," => self.comma(operand),
            ";" => self.semicolon(),
            "|" => self.pipe(operand),
            "=" if operand => self.assign(),
            "." if operand && self.is_glued() => self.member(),
            "+" | "-" => self.sign(code.as_ref(), operand),
            "*" if operand => self.binary(Binary::Times, 1),
            "/" if operand => self.binary(Binary::Divided, 1),
            "%" if operand => self.binary(Binary::Modulo, 1),
            "!" => self.prefix(Prefix::Other, 1),
            "@" | "$" if self.code_at(1) == Some("(") => {
                self.begin_operand();
                let kind = if code.as_ref() == "@" { Kind::Array } else { Kind::Sub };
                self.open(kind, 2);
            }
            word => match Binary::of_word(&plain_dash(word)) {
                Some(Binary::Join) if !operand => self.prefix(Prefix::Join, 1),
                Some(Binary::Split) if !operand => self.prefix(Prefix::Split, 1),
                Some(operator) if operand => self.binary(operator, 1),
                Some(_) => self.unknown(token),
                None => self.word(word, token),
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

    // The stack.

    pub(super) fn has_operand(&self) -> bool {
        matches!(self.stack.last(), Some(Entry::Operand(_)))
    }

    #[inline(never)]
    pub(super) fn push(&mut self, operand: Operand<'a>) {
        self.stack.push(Entry::Operand(operand));
    }

    /// Reduces what is on top to one operand and takes it.
    #[inline(never)]
    pub(super) fn pop(&mut self) -> Option<Operand<'a>> {
        self.reduce(0);
        match self.stack.pop() {
            Some(Entry::Operand(operand)) => Some(operand),
            Some(other) => {
                self.stack.push(other);
                None
            }
            None => None,
        }
    }

    pub(super) fn top_operand(&self) -> Option<&Operand<'a>> {
        match self.stack.last()? {
            Entry::Operand(operand) => Some(operand),
            _ => None,
        }
    }

    /// Takes the operand on top, without reducing.
    #[inline(never)]
    pub(super) fn take_operand(&mut self) -> Option<Operand<'a>> {
        match self.stack.pop_if(|entry| matches!(entry, Entry::Operand(_)))? {
            Entry::Operand(operand) => Some(operand),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn push_open(&mut self, open: Open<'a>) {
        self.opens.push(self.stack.len());
        self.stack.push(Entry::Open(open));
    }

    /// Takes the bracket on top.
    #[inline(never)]
    pub(super) fn pop_open(&mut self) -> Option<Open<'a>> {
        match self.stack.pop_if(|entry| matches!(entry, Entry::Open(_)))? {
            Entry::Open(open) => {
                self.opens.pop();
                Some(open)
            }
            _ => None,
        }
    }

    pub(super) fn begin_loop(&mut self, kind: Kind<'a>) {
        self.loops = self.loops.saturating_add(1);
        let start = self.out.len();
        self.push_open(Open { kind, start, single: true });
    }

    pub(super) fn end_loop(&mut self) {
        self.loops = self.loops.saturating_sub(1);
    }

    /// Writes tokens as they are, and goes on behind them.
    pub(super) fn write_raw(&mut self, from: usize, to: usize) {
        self.at = from;
        self.keep_many(to.saturating_sub(from));
    }

    /// Writes the token here as it is, and moves on.
    #[inline(never)]
    fn keep(&mut self, token: &Token<'a>) {
        self.out.push(token.clone());
        self.at = self.at.saturating_add(1);
    }

    #[inline(never)]
    fn keep_many(&mut self, count: usize) {
        let end = self.at.saturating_add(count);
        let tokens = self.tokens;
        self.out.extend(tokens.get(self.at..end.min(tokens.len())).into_iter().flatten().cloned());
        self.at = end;
    }

    /// Settles an operand that stands alone before another one: two words of a command.
    fn begin_operand(&mut self) {
        if self.has_operand() {
            self.drain();
        }
    }

    /// Takes all off the stack down to the innermost bracket, which holds more than one expression then.
    #[inline(never)]
    pub(super) fn drain(&mut self) {
        if let Some(operand) = self.pop() {
            self.settle(&operand);
        }
        while let Some(entry) = self.stack.pop() {
            match entry {
                Entry::Open(open) => {
                    self.stack.push(Entry::Open(Open { single: false, ..open }));
                    return;
                }
                Entry::Operand(operand) => self.settle(&operand),
                Entry::Binary(_) | Entry::Prefix(_) => {}
            }
        }
    }

    /// A token that belongs to no expression.
    #[inline(never)]
    fn unknown(&mut self, token: &Token<'a>) {
        self.drain();
        self.keep(token);
    }

    #[inline(never)]
    fn open(&mut self, kind: Kind<'a>, tokens: usize) {
        let start = self.out.len();
        self.keep_many(tokens);
        self.push_open(Open { kind, start, single: true });
    }

    #[inline(never)]
    fn binary(&mut self, operator: Binary, tokens: usize) {
        // An assignment takes what is on its right first.
        let assigns = matches!(operator, Binary::Assign | Binary::AssignPlus);
        self.reduce(operator.strength().saturating_add(u8::from(assigns)));
        self.keep_many(tokens);
        self.stack.push(Entry::Binary(operator));
    }

    #[inline(never)]
    fn prefix(&mut self, prefix: Prefix, tokens: usize) {
        self.begin_operand();
        self.stack.push(Entry::Operand(Operand::silent(self.out.len())));
        self.stack.push(Entry::Prefix(prefix));
        self.keep_many(tokens);
    }

    /// Applies the operators on top of the stack that bind at least so strongly.
    #[inline(never)]
    pub(super) fn reduce(&mut self, strength: u8) {
        while let [.., before, Entry::Operand(_)] = self.stack.as_slice() {
            match before {
                Entry::Binary(operator) if operator.strength() >= strength => {}
                Entry::Prefix(prefix) if prefix.strength() >= strength => {}
                _ => return,
            }
            let (right, operator, left) = (self.stack.pop(), self.stack.pop(), self.stack.pop());
            let (Some(Entry::Operand(right)), Some(Entry::Operand(left))) = (right, left) else { return };
            let result = match operator {
                Some(Entry::Binary(operator)) => self.combine(left, operator, right),
                Some(Entry::Prefix(prefix)) => self.apply(&prefix, left.start, right),
                _ => return,
            };
            self.push(result);
        }
    }

    #[inline(never)]
    fn combine(&mut self, mut left: Operand<'a>, operator: Binary, right: Operand<'a>) -> Operand<'a> {
        let start = left.start;
        if !self.work.spend(300) {
            self.settle(&left);
            self.settle(&right);
            return Operand::unknown(start);
        }
        match operator {
            Binary::Assign | Binary::AssignPlus => {
                self.store(&left, operator, &right);
                self.settle(&right);
                return Operand::silent(start);
            }
            Binary::Comma => {
                // A list stands as it is written, with its texts folded.
                self.settle(&left);
                self.settle(&right);
                let calculated = left.calculated || right.calculated;
                let value = match (left.value, right.value) {
                    (Some(left), Some(right)) => left.append(right, self.work),
                    _ => None,
                };
                return Operand { value, calculated, ..Operand::unknown(start) };
            }
            Binary::Plus => {
                // In place, so that a long sum costs what it is long.
                if let (Some(Value::Text(text)), Some(more)) = (&mut left.value, &right.value)
                    && left.variable.is_none()
                    && let Some(more) = more.to_text(self.work)
                    && text.push(more.as_str(), self.work).is_some()
                {
                    return self.result(left.value, start, true);
                }
            }
            _ => {}
        }
        let value = match (&left.value, &right.value) {
            (Some(left), Some(right)) => operator.apply(left.clone(), right.clone(), self.work),
            _ => None,
        };
        if !is_shown(value.as_ref()) {
            self.settle(&left);
            self.settle(&right);
        }
        self.result(value, start, true)
    }

    #[inline(never)]
    fn apply(&mut self, prefix: &Prefix, start: usize, right: Operand<'a>) -> Operand<'a> {
        let given = right.value.clone();
        let value = match prefix {
            Prefix::Cast(kind) => given.and_then(|value| cast(kind, value, self.work)),
            Prefix::Join => given.and_then(|value| match value {
                Value::List(list) => join(&list, "", self.work).map(Value::text),
                one => one.to_text(self.work).map(Value::Text),
            }),
            Prefix::Split => given.and_then(|value| split_blanks(&value, self.work)),
            Prefix::Comma => given.and_then(|value| value.into_items(self.work)).map(Value::list),
            Prefix::Minus => given.and_then(|value| value.to_int()?.checked_neg()).map(Value::Int),
            Prefix::Plus => given.and_then(|value| match &value {
                Value::Text(text) if text.len() == 0 => Some(Value::Int(0)),
                other => other.to_int().map(Value::Int),
            }),
            Prefix::Increment(by) => {
                let value = given.and_then(|value| value.to_int()?.checked_add(*by)).map(Value::Int);
                if let Some(index) = right.variable {
                    self.variables.set(index, value.clone(), true);
                }
                value
            }
            Prefix::Other => None,
        };
        // A cast that changes nothing is no folding; `[char]65` alone is.
        let quiet = matches!((&value, &right.value), (Some(new), Some(old)) if new == old);
        if quiet || !is_shown(value.as_ref()) {
            self.settle(&right);
            let calculated = right.calculated;
            return Operand { value, calculated, ..Operand::unknown(start) };
        }
        self.result(value, start, true)
    }

    /// The operand that an operation came to. A text takes the place of its expression.
    #[inline(never)]
    pub(super) fn result(&mut self, value: Option<Value<'a>>, start: usize, calculated: bool) -> Operand<'a> {
        let shown = is_shown(value.as_ref());
        if shown {
            let blank = match self.out.last() {
                Some(Token::Blank(blank)) if self.out.len() > start.saturating_add(1) => Some(*blank),
                _ => None,
            };
            self.out.truncate(start);
            self.out.push(Token::Literal("".into()));
            self.out.extend(blank.map(Token::Blank));
        }
        Operand { value, shown, calculated, ..Operand::unknown(start) }
    }

    /// Writes an operand's value into the output, where it is a text that was calculated.
    #[inline(never)]
    pub(super) fn settle(&mut self, operand: &Operand<'a>) {
        let text = match &operand.value {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Char(c)) if operand.shown => String::from(*c).into(),
            _ => return,
        };
        let read = operand.variable.is_some() && (operand.calculated || text.len() <= MAX_WRITTEN);
        if !(operand.shown || read) {
            return;
        }
        self.shown = self.shown.saturating_add(text.len());
        if let Some(place) = self.out.get_mut(operand.start) {
            self.changed = true;
            *place = Token::Literal(text);
        }
    }

    // Brackets.

    /// Whether nothing stands between what is written and the token here.
    fn is_glued(&self) -> bool {
        !matches!(self.out.last(), Some(Token::Blank(_)))
    }

    /// The code so many tokens on.
    #[inline(never)]
    pub(super) fn code_at(&self, ahead: usize) -> Option<&'t str> {
        match self.tokens.get(self.at.saturating_add(ahead))? {
            Token::Code(code) => Some(code.as_ref()),
            _ => None,
        }
    }

    fn open_parenthesis(&mut self) {
        let glued = self.has_operand() && self.is_glued();
        self.begin_operand();
        self.open(if glued { Kind::Call } else { Kind::Group }, 1);
    }

    pub(super) fn innermost(&self) -> Option<&Open<'a>> {
        match self.stack.get(*self.opens.last()?)? {
            Entry::Open(open) => Some(open),
            _ => None,
        }
    }

    pub(super) fn innermost_mut(&mut self) -> Option<&mut Open<'a>> {
        match self.stack.get_mut(*self.opens.last()?)? {
            Entry::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Takes the expression that a bracket closes, and the bracket.
    #[inline(never)]
    fn close(&mut self) -> Option<(Open<'a>, Option<Operand<'a>>)> {
        let operand = if self.has_operand() { self.pop() } else { None };
        if !matches!(self.stack.last(), Some(Entry::Open(_)) | None) {
            self.drain();
        }
        match self.pop_open() {
            Some(open) => Some((open, operand)),
            None => {
                if let Some(operand) = operand {
                    self.settle(&operand);
                }
                None
            }
        }
    }

    fn close_parenthesis(&mut self) {
        if self.ends_head() {
            return;
        }
        if let Some(Open {
            kind: Kind::Index | Kind::Block | Kind::Body | Kind::Each(_) | Kind::For(_),
            ..
        }) = self.innermost()
        {
            self.drain();
            self.keep_many(1);
            return;
        }
        let Some((open, operand)) = self.close() else {
            self.keep_many(1);
            return;
        };
        self.keep_many(1);
        let Open { kind, start, single } = open;
        let operand = operand.filter(|operand| !operand.silent);
        match kind {
            Kind::Group | Kind::Sub => self.close_group(&kind, start, single, operand),
            Kind::Array => {
                let operand = self.settled(operand);
                let value = match (operand.value, single) {
                    (Some(value), true) => value.into_items(self.work).map(Value::list),
                    _ => None,
                };
                self.push(Operand { value, calculated: operand.calculated, ..Operand::unknown(start) });
            }
            Kind::MemberName => {
                let name = operand.filter(|_| single).and_then(|operand| operand.value);
                match name {
                    Some(Value::Text(name)) if is_name(name.as_str()) => {
                        self.out.truncate(start);
                        self.out.push(Token::Code(Cow::Owned(name.as_str().to_owned())));
                        self.changed = true;
                        self.named(Cow::Owned(name.as_str().to_owned()));
                    }
                    other => {
                        if let Some(value) = other {
                            let place = start.saturating_add(1);
                            let shown = self.out.len() == start.saturating_add(3);
                            self.settle(&Operand { shown, ..Operand::known(value, place, true) });
                        }
                        self.named(Cow::Borrowed(""));
                    }
                }
            }
            Kind::Method(name, arguments) => self.call(&name, arguments, operand, single),
            Kind::ForeachHead(variable, statement) => {
                self.begin_each_of_head(variable, statement, start, operand)
            }
            _ => {
                self.settled(operand);
                self.push(Operand::unknown(start));
            }
        }
    }

    #[inline(never)]
    fn settled(&mut self, operand: Option<Operand<'a>>) -> Operand<'a> {
        match operand {
            Some(operand) => {
                self.settle(&operand);
                operand
            }
            None => Operand::unknown(self.out.len()),
        }
    }

    #[inline(never)]
    fn close_group(&mut self, kind: &Kind<'a>, start: usize, single: bool, operand: Option<Operand<'a>>) {
        let Some(operand) = operand.filter(|_| single) else {
            let value = if matches!(kind, Kind::Sub) && single {
                // `$()` is nothing, which counts as zero.
                Some(Value::text(""))
            } else {
                self.found_variable(start)
            };
            self.push(Operand { value, calculated: true, ..Operand::unknown(start) });
            return;
        };
        let known = operand.calculated || operand.shown || !matches!(operand.value, Some(Value::Text(_)));
        let one_token = self.out.len() == start.saturating_add(3);
        let literal = one_token && matches!(self.out.get(start.saturating_add(1)), Some(Token::Literal(_)));
        let variable = operand.variable.is_some();
        if is_shown(operand.value.as_ref()) && (operand.shown || literal || variable) && (known || literal) {
            let calculated = operand.calculated;
            let operand = self.result(operand.value, start, calculated);
            self.push(operand);
            return;
        }
        self.settle(&operand);
        self.push(Operand {
            value: operand.value,
            calculated: operand.calculated,
            ..Operand::unknown(start)
        });
    }

    /// `(gv '*mdr*')`: the one automatic variable whose name fits.
    #[inline(never)]
    fn found_variable(&self, start: usize) -> Option<Value<'a>> {
        const MOST: usize = 12;
        const COMMANDS: [&str; 9] =
            ["gv", "get-variable", "variable", "gi", "get-item", "ls", "dir", "gci", "get-childitem"];
        let inside = self.out.get(start.saturating_add(1)..self.out.len().saturating_sub(1))?;
        if inside.len() > MOST {
            return None;
        }
        let mut text = String::new();
        for token in inside {
            match token {
                Token::Code(code) => text.push_str(code),
                Token::Literal(literal) => text.push_str(literal.as_str()),
                Token::Blank(_) => text.push(' '),
            }
        }
        let (command, pattern) = text.trim().split_once(' ')?;
        let is_item = !command.to_ascii_lowercase().ends_with("variable") && command.len() != 2
            || command.eq_ignore_ascii_case("gi")
            || command.eq_ignore_ascii_case("ls");
        let named = pattern.trim_start().to_ascii_lowercase().starts_with("variable:");
        let known = COMMANDS.iter().any(|known| known.eq_ignore_ascii_case(command));
        let (name, value) =
            members::variable_like(pattern.trim()).filter(|_| known && (named || !is_item))?;
        Some(Value::Variable(name, value))
    }

    #[inline(never)]
    fn close_index(&mut self) {
        if !matches!(self.innermost(), Some(Open { kind: Kind::Index, .. })) {
            self.drain();
            self.keep_many(1);
            return;
        }
        let Some((open, place)) = self.close() else { return };
        self.keep_many(1);
        let Some(Entry::Operand(operand)) = self.stack.pop() else { return };
        let value = match (&operand.value, place.as_ref().and_then(|place| place.value.as_ref())) {
            (Some(value), Some(place)) if open.single => value.index(place, self.work),
            _ => None,
        };
        if is_shown(value.as_ref()) {
            let operand = self.result(value, operand.start, true);
            self.push(operand);
            return;
        }
        if operand.shown || value.is_none() {
            self.settle(&operand);
        }
        self.settled(place);
        self.push(Operand { value, calculated: true, ..Operand::unknown(operand.start) });
    }

    /// `[type]`: a cast, or a type whose static member follows.
    #[inline(never)]
    fn bracket(&mut self) {
        const MOST: usize = 24;
        self.begin_operand();
        let mut name = String::new();
        let mut end = 1_usize;
        let mut depth = 1_usize;
        while depth > 0 && end < MOST {
            let Some(code) = self.code_at(end) else { break };
            match code {
                "[" => depth = depth.saturating_add(1),
                "]" => depth = depth.saturating_sub(1),
                "." => {}
                word if word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {}
                _ => break,
            }
            if depth > 0 {
                name.push_str(code);
            }
            end = end.saturating_add(1);
        }
        if depth > 0 || name.is_empty() {
            self.drain();
            self.keep_many(1);
            return;
        }
        name.make_ascii_lowercase();
        let kind = name.strip_prefix("system.").unwrap_or(&name).to_owned();
        if self.code_at(end) == Some(":") && self.code_at(end.saturating_add(1)) == Some(":") {
            let start = self.out.len();
            self.keep_many(end.saturating_add(2));
            self.push(Operand::known(Value::Type(kind), start, false));
            self.member_name();
            return;
        }
        self.prefix(Prefix::Cast(kind), end);
    }

    // Members.

    /// `.name`, `.name(...)`, `.'name'(...)`, `.('na'+'me')(...)`, or the second dot of a range.
    fn member(&mut self) {
        if self.code_at(1) == Some(".") {
            self.binary(Binary::Range, 2);
            return;
        }
        // The operand before is complete; a cast before it waits for its members.
        self.keep_many(1);
        self.member_name();
    }

    /// Reads the name behind `.` or `::`.
    #[inline(never)]
    fn member_name(&mut self) {
        let tokens = self.tokens;
        match tokens.get(self.at) {
            Some(Token::Code(code)) if code.as_ref() == "(" => self.open(Kind::MemberName, 1),
            Some(Token::Code(code)) if is_name(code) && !code.starts_with(|c: char| c.is_ascii_digit()) => {
                self.keep_many(1);
                self.named(code.clone());
            }
            Some(Token::Literal(name)) if is_name(name.as_str()) => {
                self.out.push(Token::Code(Cow::Owned(name.as_str().to_owned())));
                self.at = self.at.saturating_add(1);
                self.named(Cow::Owned(name.as_str().to_owned()));
            }
            _ => self.lose(),
        }
    }

    /// Makes the operand on top unknown.
    #[inline(never)]
    fn lose(&mut self) {
        if let Some(Entry::Operand(operand)) = self.stack.pop() {
            self.settle(&operand);
            self.push(Operand::unknown(operand.start));
        }
    }

    /// Goes on behind a member's name: a call, or a property.
    #[inline(never)]
    fn named(&mut self, name: Cow<'a, str>) {
        if self.code_at(0) == Some("(") {
            self.open(Kind::Method(name, Vec::new()), 1);
            return;
        }
        let Some(Entry::Operand(operand)) = self.stack.pop() else { return };
        let value = match &operand.value {
            Some(Value::Type(kind)) => members::static_property(kind, &name),
            Some(value) => members::property(value, &name, self.work),
            None => None,
        };
        let copy = value.is_some() && value == operand.value;
        if is_shown(value.as_ref()) && !copy {
            let operand = self.result(value, operand.start, true);
            self.push(operand);
            return;
        }
        // A variable of which only a property is read stays.
        if operand.shown || value.is_none() {
            self.settle(&operand);
        }
        self.push(Operand { value, calculated: operand.calculated, ..Operand::unknown(operand.start) });
    }

    #[inline(never)]
    fn call(
        &mut self,
        name: &str,
        mut arguments: Vec<Option<Value<'a>>>,
        last: Option<Operand<'a>>,
        single: bool,
    ) {
        let calculated = last.as_ref().is_some_and(|last| last.calculated || last.shown);
        let last_variable = last.as_ref().and_then(|last| last.variable);
        if let Some(last) = last {
            // Settled only when the call stays; until then its place may go.
            self.settle(&last);
            arguments.push(last.value);
        } else if !single {
            arguments.push(None);
        }
        let Some(Entry::Operand(operand)) = self.stack.pop() else { return };
        let start = operand.start;
        let arguments: Option<Vec<_>> = if single { arguments.into_iter().collect() } else { None };
        let is_static = matches!(operand.value, Some(Value::Type(_)));
        if let (Some(Value::Type(kind)), Some(index)) = (&operand.value, last_variable)
            && kind == "array"
            && name.eq_ignore_ascii_case("reverse")
        {
            let reversed =
                self.variables.value(index).and_then(|(value, _)| members::reversed(&value, self.work));
            self.variables.set(index, reversed, true);
            self.push(Operand::silent(start));
            return;
        }
        // What the base64 of a script says is found by decoding; nothing was folded.
        let plain = |list: &[Value<'_>]| matches!(list, [Value::Base64(_)]) && !calculated;
        let quiet = arguments.as_deref().is_some_and(plain);
        let value = match (&operand.value, arguments) {
            (Some(Value::Type(kind)), Some(arguments)) if !kind.starts_with("text.encoding.") => {
                members::static_method(kind, name, arguments, self.work)
            }
            (Some(value), Some(arguments)) => members::method(value.clone(), name, &arguments, self.work),
            _ => None,
        };
        let same = !is_static && !operand.shown && value.is_some() && value == operand.value;
        if is_shown(value.as_ref()) && !quiet && !same {
            let operand = self.result(value, start, true);
            self.push(operand);
            return;
        }
        if operand.shown || value.is_none() {
            self.settle(&operand);
        }
        let calculated = calculated || (operand.calculated && !is_static);
        self.push(Operand { value, calculated, ..Operand::unknown(start) });
    }

    // Operators with several meanings.

    fn comma(&mut self, operand: bool) {
        if !operand {
            if matches!(self.stack.last(), None | Some(Entry::Open(_) | Entry::Binary(_))) {
                self.prefix(Prefix::Comma, 1);
            } else {
                self.drain();
                self.keep_many(1);
            }
            return;
        }
        let in_call = matches!(self.innermost(), Some(Open { kind: Kind::Method(..), .. }));
        if !in_call {
            self.binary(Binary::Comma, 1);
            return;
        }
        let Some(operand) = self.pop() else { return };
        self.settle(&operand);
        match self.stack.last_mut() {
            Some(Entry::Open(Open { kind: Kind::Method(_, arguments), .. })) => arguments.push(operand.value),
            _ => self.drain(),
        }
        self.keep_many(1);
    }

    #[inline(never)]
    fn sign(&mut self, sign: &str, operand: bool) {
        let next = self.code_at(1);
        if operand && next == Some("=") {
            if sign == "+" && self.assigns() {
                self.binary(Binary::AssignPlus, 2);
            } else {
                self.forget_target();
                self.drain();
                self.keep_many(2);
            }
        } else if next == Some(sign) {
            let by = if sign == "+" { 1 } else { -1 };
            if !operand {
                self.prefix(Prefix::Increment(by), 2);
                return;
            }
            let Some(Entry::Operand(operand)) = self.stack.pop() else { return };
            let value =
                operand.value.as_ref().and_then(|value| value.to_int()?.checked_add(by)).map(Value::Int);
            if let Some(index) = operand.variable {
                self.variables.set(index, value, true);
            }
            self.keep_many(2);
            // The statement `$i++` gives nothing; within an expression the old value counts.
            let old = operand.value.filter(|value| matches!(value, Value::Int(_)));
            self.push(Operand { value: old, ..Operand::silent(operand.start) });
        } else if operand {
            self.binary(if sign == "+" { Binary::Plus } else { Binary::Minus }, 1);
        } else {
            self.prefix(if sign == "+" { Prefix::Plus } else { Prefix::Minus }, 1);
        }
    }

    /// Whether the operand on top is a variable that can be assigned here.
    fn assigns(&self) -> bool {
        matches!(self.stack.last(), Some(Entry::Operand(Operand { variable: Some(_), .. })))
    }

    fn assign(&mut self) {
        if self.assigns() {
            self.binary(Binary::Assign, 1);
        } else {
            self.forget_target();
            self.drain();
            self.keep_many(1);
        }
    }

    /// `$a[0] = ...`, `$a.b = ...`, `$a -= ...`: what `$a` is afterwards is not certain.
    fn forget_target(&mut self) {
        if let Some(Entry::Operand(operand)) = self.stack.last()
            && let Some(Token::Code(code)) = self.out.get(operand.start)
            && code.starts_with('$')
        {
            let code = code.clone();
            self.variables.forget(&code);
        }
    }

    #[inline(never)]
    fn store(&mut self, left: &Operand<'a>, operator: Binary, right: &Operand<'a>) {
        let Some(index) = left.variable else { return };
        let value = right.value.clone();
        if operator == Binary::Assign {
            let calculated = right.calculated || right.shown;
            self.variables.set(index, value, calculated);
            return;
        }
        let fresh = self.variables.is_fresh(index);
        let value = match (self.variables.take(index), value) {
            (None, new) if fresh => new,
            (Some(Value::Text(mut old)), Some(new)) => new
                .to_text(self.work)
                .and_then(|new| old.push(new.as_str(), self.work))
                .map(|()| Value::Text(old)),
            (Some(old @ Value::List(_)), Some(new)) => old.append(new, self.work),
            (Some(old), Some(new)) => Binary::Plus.apply(old, new, self.work),
            _ => None,
        };
        self.variables.set(index, value, true);
    }

    // Statements, and loops that are run.

    fn ends_at_line(&self) -> bool {
        self.has_operand()
            && matches!(
                self.innermost(),
                None | Some(Open {
                    kind: Kind::Block | Kind::Body | Kind::Sub | Kind::Array | Kind::Each(_) | Kind::For(_),
                    ..
                })
            )
    }

    #[inline(never)]
    pub(super) fn end_statement(&mut self) {
        let operand = self.has_operand().then(|| self.pop()).flatten();
        let complete = matches!(self.stack.last(), None | Some(Entry::Open(_)));
        if let Some(operand) = operand {
            self.settle(&operand);
            if let Some(Entry::Open(open)) = self.stack.last_mut().filter(|_| complete) {
                match &mut open.kind {
                    Kind::Each(each) => each.emit(operand.value, operand.silent),
                    Kind::For(_) => {}
                    _ => open.single = false,
                }
                return;
            }
        }
        if !complete {
            self.drain();
        }
    }

    fn semicolon(&mut self) {
        if self.ends_part() {
            return;
        }
        self.end_statement();
        if let Some(Entry::Open(open)) = self.stack.last_mut()
            && !matches!(open.kind, Kind::Each(_) | Kind::For(_))
        {
            open.single = false;
        }
        self.keep_many(1);
    }

    fn pipe(&mut self, operand: bool) {
        if operand && self.begin_each() {
            return;
        }
        if operand && self.code_at(1) != Some("|") {
            self.binary(Binary::Pipe, 1);
        } else {
            self.drain();
            self.keep_many(1);
        }
    }
}

/// Whether a value is a text, which takes the place of its expression.
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
        Some(c) if crate::command::unicode::is_dash(c) => Cow::Owned(["-", chars.as_str()].concat()),
        Some(_) => Cow::Borrowed(word),
    }
}
