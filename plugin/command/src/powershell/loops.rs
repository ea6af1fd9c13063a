//! Loops over values that are known, which are run: `list | % { ... }`, `foreach ($x in list) { ... }` and
//! `for (...; ...; ...) { ... }`.
//!
//! A loop stays in the output as it is written; what it comes to shows where its value is used. A loop of which a
//! part is not known is read once, as a block, and what it assigns is not certain from there on.

use super::characters::Characters;
use super::fold::{Entry, Folder, Kind, Open, Operand};
use super::lexer::Token;
use super::loop_state::{Each, For};
use super::values::Value;
use super::variables::next_code;

/// Most tokens of a loop.
const MAX_LOOP: usize = 400;
/// Most rounds of a `for`.
const MAX_ROUNDS: usize = 16 * 1024;

impl<'a> Folder<'_, 'a, '_> {
    /// The place of the next token from a place on that is no white space.
    #[inline(never)]
    fn solid(&self, from: usize) -> Option<usize> {
        let rest = self.tokens.get(from..)?;
        rest.iter().position(|token| !matches!(token, Token::Blank(_))).map(|at| at.saturating_add(from))
    }

    #[inline(never)]
    fn is_code(&self, at: usize, wanted: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token::Code(code)) if code.eq_ignore_ascii_case(wanted))
    }

    /// Where the bracket at a place is closed, and the semicolons right inside.
    #[inline(never)]
    fn matching(&self, open: usize) -> Option<(usize, Vec<usize>)> {
        let mut depth = 0_usize;
        let mut semicolons = Vec::new();
        for (at, token) in self.tokens.iter().enumerate().skip(open).take(MAX_LOOP) {
            let Token::Code(code) = token else { continue };
            match code.as_ref() {
                "(" | "{" | "[" => depth = depth.saturating_add(1),
                ")" | "}" | "]" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let read = at.saturating_sub(open);
                        return self.work.walk(read, 15).then_some((at, semicolons));
                    }
                }
                ";" if depth == 1 => semicolons.push(at),
                _ => {}
            }
        }
        // Paid in any case, so that many brackets without an end are not free.
        let _ = self.work.walk(MAX_LOOP, 15);
        None
    }

    /// Finds the opening brace of the body of `% {`, `foreach {` or `ForEach-Object {` after the pipe here; and whether
    /// it is a filter (`? {`, `where {`) instead.
    fn body_behind_pipe(&self) -> Option<(usize, bool)> {
        let word = self.solid(self.at.saturating_add(1))?;
        let filter = ["?", "where"].iter().any(|name| self.is_code(word, name));
        if !filter && !["%", "foreach"].iter().any(|name| self.is_code(word, name)) {
            return None;
        }
        let next = word.saturating_add(1);
        let next = if self.is_code(next, "-object") { next.saturating_add(1) } else { next };
        let brace = self.solid(next).filter(|&at| self.is_code(at, "{"))?;
        Some((brace, filter))
    }

    /// Begins to run the loop after the pipe here, over the operand on top. Returns whether there is one.
    pub(super) fn begin_each(&mut self) -> bool {
        let Some((brace, filter)) = self.body_behind_pipe() else { return false };
        self.reduce(20);
        if !matches!(self.top_operand(), Some(Operand { value: Some(_), .. })) {
            return false;
        }
        let Some((end, _)) = self.matching(brace) else { return false };
        let Some(operand) = self.take_operand() else { return false };
        self.settle(&operand);
        let start = operand.start;
        let copied = if matches!(operand.value, Some(Value::Type(_) | Value::Base64(_))) {
            None
        } else {
            operand.value
        };
        let items = copied.and_then(|value| value.into_items(self.work));
        let Some(items) = items else {
            self.push(Operand::unknown(start));
            return false;
        };
        if filter {
            return self.filter(items, start, brace, end);
        }
        let tokens = self.tokens;
        let body = tokens.get(brace.saturating_add(1)..end).unwrap_or_default();
        if let Some(body) = Characters::of(body)
            && self.work.walk(items.len(), 90)
        {
            let wanted = items.iter().filter(|item| !matches!(item, Value::Text(text) if text.len() == 0));
            let chars: Option<Vec<_>> = wanted.map(|item| body.character(item).map(Value::Char)).collect();
            if let Some(chars) = chars {
                self.write_raw(self.at, end.saturating_add(1));
                self.push(Operand::known(Value::list(chars), start, true));
                return true;
            }
        }
        let each = Each {
            items: items.into_iter(),
            results: Vec::new(),
            unknown: false,
            empty: false,
            variable: None,
            statement: self.at,
            out: self.out.len(),
            start,
            brace,
            end,
        };
        self.begin_loop(Kind::Each(Box::new(each)));
        self.items.push(None);
        self.next_item();
        true
    }

    /// `| ? { $_ }`: the values that are not empty.
    fn filter(&mut self, items: Vec<Value<'a>>, start: usize, brace: usize, end: usize) -> bool {
        let body = self.tokens.get(brace.saturating_add(1)..end).unwrap_or_default();
        let mut solid = body.iter().filter(|token| !matches!(token, Token::Blank(_)));
        let is_item = matches!(solid.next(), Some(Token::Code(code)) if code.as_ref() == "$_");
        if !is_item || solid.next().is_some() || !self.work.walk(items.len(), 20) {
            self.push(Operand::unknown(start));
            return false;
        }
        let kept = items.into_iter().filter(|item| item.is_true() != Some(false)).collect();
        self.write_raw(self.at, end.saturating_add(1));
        self.push(Operand::known(Value::list(kept), start, true));
        true
    }

    /// `foreach ($x in`: reads the head of a loop over a list.
    pub(super) fn begin_foreach(&mut self) -> bool {
        let Some(paren) = self.solid(self.at.saturating_add(1)).filter(|&at| self.is_code(at, "(")) else {
            return false;
        };
        let Some(name) = self.solid(paren.saturating_add(1)) else { return false };
        let Some(Token::Code(code)) = self.tokens.get(name) else { return false };
        if !code.starts_with('$')
            || !next_code(self.tokens, name, 1).is_some_and(|word| word.eq_ignore_ascii_case("in"))
        {
            return false;
        }
        let Some(word) = self.solid(name.saturating_add(1)) else { return false };
        self.drain();
        let variable = self.variables.own(code, self.work);
        let (statement, start) = (self.at, self.out.len());
        self.write_raw(statement, word.saturating_add(1));
        self.push_open(Open { kind: Kind::ForeachHead(variable, statement), start, single: true });
        true
    }

    /// Begins to run a loop of which the head has been read.
    pub(super) fn begin_each_of_head(
        &mut self,
        variable: Option<usize>,
        statement: usize,
        out: usize,
        list: Option<Operand<'a>>,
    ) {
        let items = list.and_then(|list| {
            self.settle(&list);
            list.value.and_then(|value| value.into_items(self.work))
        });
        let brace = self.solid(self.at).filter(|&at| self.is_code(at, "{"));
        let end = brace.and_then(|brace| self.matching(brace));
        let (Some(items), Some(brace), Some((end, _)), Some(_)) = (items, brace, end, variable) else {
            if let Some(index) = variable {
                self.variables.lose(index);
            }
            self.push(Operand::unknown(out));
            return;
        };
        let each = Each {
            items: items.into_iter(),
            results: Vec::new(),
            unknown: false,
            empty: false,
            variable,
            statement,
            out,
            start: out,
            brace,
            end,
        };
        self.begin_loop(Kind::Each(Box::new(each)));
        let item = self.items.last().cloned().flatten();
        self.items.push(item);
        self.next_item();
    }

    /// Goes on with the next value, or after the loop.
    #[inline(never)]
    fn next_item(&mut self) {
        let Some(Open { kind: Kind::Each(each), single, .. }) = self.innermost_mut() else { return };
        let (variable, brace, out) = (each.variable, each.brace, each.out);
        let item = each.items.next();
        each.unknown = false;
        each.empty = matches!(&item, Some(Value::Text(text)) if text.len() == 0);
        *single = true;
        let Some(item) = item else {
            self.end_each();
            return;
        };
        match variable {
            Some(index) => self.variables.set(index, Some(item), true),
            None => {
                self.items.pop();
                self.items.push(Some(item));
            }
        }
        self.out.truncate(out);
        self.at = brace.saturating_add(1);
    }

    #[inline(never)]
    fn end_each(&mut self) {
        let Some(Open { kind: Kind::Each(each), .. }) = self.pop_open() else { return };
        self.end_loop();
        self.items.pop();
        self.out.truncate(each.out);
        self.write_raw(each.statement, each.end.saturating_add(1));
        if let Some(index) = each.variable {
            self.variables.set(index, None, true);
            return;
        }
        let mut results = each.results;
        let operand = match results.len() {
            1 => self.result(results.pop(), each.start, true),
            // Of no rounds, or of rounds that give nothing, it is a list of nothing.
            _ => Operand::known(Value::list(results), each.start, true),
        };
        self.push(operand);
    }

    /// Gives a loop up: its body is read as a block, in which nothing that it assigns is certain.
    #[inline(never)]
    fn give_up(&mut self) {
        let Some(open) = self.pop_open() else { return };
        self.end_loop();
        let (statement, out, brace, end, kind) = match open.kind {
            Kind::Each(each) => {
                self.items.pop();
                self.items.push(None);
                if let Some(index) = each.variable {
                    self.variables.lose(index);
                }
                (each.statement, each.out, each.brace, each.end, Kind::Body)
            }
            Kind::For(each) => (each.statement, each.out, each.brace, each.end, Kind::Block),
            _ => return,
        };
        self.variables.forget_assigned(self.tokens, statement, end);
        self.out.truncate(out);
        self.write_raw(statement, brace.saturating_add(1));
        self.push_open(Open { kind, start: out, single: true });
    }

    /// `}`: the end of a block, or of a round.
    pub(super) fn close_block(&mut self) {
        let at = self.at;
        match self.innermost().map(|open| &open.kind) {
            Some(Kind::Each(each)) if each.end == at => {
                self.end_statement();
                let Some(Open { kind: Kind::Each(each), single, .. }) = self.innermost_mut() else { return };
                if *single && (!each.unknown || each.empty) { self.next_item() } else { self.give_up() }
            }
            Some(Kind::For(each)) if each.end == at => {
                let step = each.second.saturating_add(1);
                self.end_statement();
                match self.innermost() {
                    Some(open) if open.single => self.at = step,
                    _ => self.give_up(),
                }
            }
            Some(Kind::Block | Kind::Body) => {
                self.end_statement();
                let Some(open) = self.pop_open() else { return };
                if matches!(open.kind, Kind::Body) {
                    self.items.pop();
                }
                self.write_raw(at, at.saturating_add(1));
                self.push(Operand::unknown(open.start));
            }
            _ => {
                self.drain();
                self.write_raw(at, at.saturating_add(1));
            }
        }
    }

    /// `for (a; b; c) {`: begins to run the loop that begins here. Returns whether there is one.
    pub(super) fn begin_for(&mut self) -> bool {
        let Some(paren) = self.solid(self.at.saturating_add(1)).filter(|&at| self.is_code(at, "(")) else {
            return false;
        };
        let Some((head, semicolons)) = self.matching(paren) else { return false };
        let &[first, second] = semicolons.as_slice() else { return false };
        let brace = self.solid(head.saturating_add(1)).filter(|&at| self.is_code(at, "{"));
        let Some(brace) = brace else { return false };
        let Some((end, _)) = self.matching(brace) else { return false };
        self.drain();
        let (statement, out) = (self.at, self.out.len());
        self.begin_loop(Kind::For(Box::new(For {
            statement,
            out,
            first,
            second,
            head,
            brace,
            end,
            rounds: 0,
        })));
        self.at = paren.saturating_add(1);
        true
    }

    /// Ends the part of a `for` that a semicolon ends. Returns whether this one does.
    pub(super) fn ends_part(&mut self) -> bool {
        let at = self.at;
        let Some(Open { kind: Kind::For(each), .. }) = self.innermost() else { return false };
        let (first, second) = (each.first, each.second);
        if at == first {
            self.end_statement();
            self.at = first.saturating_add(1);
            return true;
        }
        if at != second {
            return false;
        }
        let condition = if self.has_operand() { self.pop() } else { None };
        let goes_on = condition.and_then(|condition| condition.value).and_then(|value| value.is_true());
        let Some(Open { kind: Kind::For(each), single, .. }) = self.innermost_mut() else { return false };
        each.rounds = each.rounds.saturating_add(1);
        let (brace, out, fine) = (each.brace, each.out, *single && each.rounds <= MAX_ROUNDS);
        match goes_on.filter(|_| fine) {
            Some(true) => {
                self.out.truncate(out);
                self.at = brace.saturating_add(1);
            }
            Some(false) => {
                let Some(Open { kind: Kind::For(each), .. }) = self.pop_open() else { return true };
                self.end_loop();
                self.out.truncate(each.out);
                self.write_raw(each.statement, each.end.saturating_add(1));
            }
            None => {
                self.drain();
                self.give_up();
            }
        }
        true
    }

    /// Ends the head of a `for` at its parenthesis: the condition is next. Returns whether this one is.
    pub(super) fn ends_head(&mut self) -> bool {
        let at = self.at;
        let Some(Open { kind: Kind::For(each), .. }) = self.innermost() else { return false };
        let (head, condition) = (each.head, each.first.saturating_add(1));
        if at != head {
            return false;
        }
        self.end_statement();
        self.at = condition;
        true
    }

    pub(super) fn entry_is_loop(entry: &Entry<'a>) -> Option<(usize, usize)> {
        match entry {
            Entry::Open(Open { kind: Kind::Each(each), .. }) => Some((each.statement, each.out)),
            Entry::Open(Open { kind: Kind::For(each), .. }) => Some((each.statement, each.out)),
            _ => None,
        }
    }
}
