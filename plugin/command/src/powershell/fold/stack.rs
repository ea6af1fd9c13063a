//! The stack of operands and operators, and what an operation comes to.

use super::*;

impl<'t, 'a> Folder<'t, 'a, '_> {
    pub(in crate::powershell) fn has_operand(&self) -> bool {
        matches!(self.stack.last(), Some(Entry::Operand(_)))
    }

    #[inline(never)]
    pub(in crate::powershell) fn push(&mut self, operand: Operand<'a>) {
        self.stack.push(Entry::Operand(operand));
    }

    /// Reduces what is on top to one operand and takes it.
    #[inline(never)]
    pub(in crate::powershell) fn pop(&mut self) -> Option<Operand<'a>> {
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

    pub(in crate::powershell) fn top_operand(&self) -> Option<&Operand<'a>> {
        match self.stack.last()? {
            Entry::Operand(operand) => Some(operand),
            _ => None,
        }
    }

    /// Takes the operand on top, without reducing.
    #[inline(never)]
    pub(in crate::powershell) fn take_operand(&mut self) -> Option<Operand<'a>> {
        match self.stack.pop_if(|entry| matches!(entry, Entry::Operand(_)))? {
            Entry::Operand(operand) => Some(operand),
            _ => None,
        }
    }

    #[inline(never)]
    pub(in crate::powershell) fn push_open(&mut self, open: Open<'a>) {
        self.opens.push(self.stack.len());
        self.stack.push(Entry::Open(open));
    }

    /// Takes the bracket on top.
    #[inline(never)]
    pub(in crate::powershell) fn pop_open(&mut self) -> Option<Open<'a>> {
        match self.stack.pop_if(|entry| matches!(entry, Entry::Open(_)))? {
            Entry::Open(open) => {
                self.opens.pop();
                Some(open)
            }
            _ => None,
        }
    }

    pub(in crate::powershell) fn begin_loop(&mut self, kind: Kind<'a>) {
        self.loops = self.loops.saturating_add(1);
        let start = self.out.len();
        self.push_open(Open { kind, start, single: true });
    }

    pub(in crate::powershell) fn end_loop(&mut self) {
        self.loops = self.loops.saturating_sub(1);
    }

    /// Writes tokens as they are, and goes on after them.
    pub(in crate::powershell) fn write_raw(&mut self, from: usize, to: usize) {
        self.at = from;
        self.keep_many(to.saturating_sub(from));
    }

    /// Writes the token here as it is, and moves on.
    #[inline(never)]
    pub(super) fn keep(&mut self, token: &Token<'a>) {
        self.out.push(token.clone());
        self.at = self.at.saturating_add(1);
    }

    #[inline(never)]
    pub(super) fn keep_many(&mut self, count: usize) {
        let end = self.at.saturating_add(count);
        let tokens = self.tokens;
        self.out.extend(tokens.get(self.at..end.min(tokens.len())).into_iter().flatten().cloned());
        self.at = end;
    }

    /// Settles an operand that stands alone before another one: two words of a command.
    pub(super) fn begin_operand(&mut self) {
        if self.has_operand() {
            self.drain();
        }
    }

    /// Takes all off the stack down to the innermost bracket, which holds more than one expression then.
    #[inline(never)]
    pub(in crate::powershell) fn drain(&mut self) {
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
    pub(super) fn unknown(&mut self, token: &Token<'a>) {
        self.drain();
        self.keep(token);
    }

    #[inline(never)]
    pub(super) fn open(&mut self, kind: Kind<'a>, tokens: usize) {
        let start = self.out.len();
        self.keep_many(tokens);
        self.push_open(Open { kind, start, single: true });
    }

    #[inline(never)]
    pub(super) fn binary(&mut self, operator: Binary, tokens: usize) {
        // An assignment takes what is on its right first.
        let assigns = matches!(operator, Binary::Assign | Binary::AssignPlus);
        self.reduce(operator.strength().saturating_add(u8::from(assigns)));
        self.keep_many(tokens);
        self.stack.push(Entry::Binary(operator));
    }

    #[inline(never)]
    pub(super) fn prefix(&mut self, prefix: Prefix, tokens: usize) {
        self.begin_operand();
        self.stack.push(Entry::Operand(Operand::silent(self.out.len())));
        self.stack.push(Entry::Prefix(prefix));
        self.keep_many(tokens);
    }

    /// Applies the operators on top of the stack that bind at least so strongly.
    #[inline(never)]
    pub(in crate::powershell) fn reduce(&mut self, strength: u8) {
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
    pub(super) fn combine(
        &mut self,
        mut left: Operand<'a>,
        operator: Binary,
        right: Operand<'a>,
    ) -> Operand<'a> {
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
    pub(super) fn apply(&mut self, prefix: &Prefix, start: usize, right: Operand<'a>) -> Operand<'a> {
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
    pub(in crate::powershell) fn result(
        &mut self,
        value: Option<Value<'a>>,
        start: usize,
        calculated: bool,
    ) -> Operand<'a> {
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
    pub(in crate::powershell) fn settle(&mut self, operand: &Operand<'a>) {
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
}
