//! Operators with several meanings, assignments and statements.

use super::*;

impl<'t, 'a> Folder<'t, 'a, '_> {
    pub(super) fn comma(&mut self, operand: bool) {
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
    pub(super) fn sign(&mut self, sign: &str, operand: bool) {
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

    /// Returns whether the operand on top is a variable that can be assigned here.
    pub(super) fn assigns(&self) -> bool {
        matches!(self.stack.last(), Some(Entry::Operand(Operand { variable: Some(_), .. })))
    }

    pub(super) fn assign(&mut self) {
        if self.assigns() {
            self.binary(Binary::Assign, 1);
        } else {
            self.forget_target();
            self.drain();
            self.keep_many(1);
        }
    }

    /// `$a[0] = ...`, `$a.b = ...`, `$a -= ...`: what `$a` is afterwards is not certain.
    pub(super) fn forget_target(&mut self) {
        if let Some(Entry::Operand(operand)) = self.stack.last()
            && let Some(Token::Code(code)) = self.out.get(operand.start)
            && code.starts_with('$')
        {
            let code = code.clone();
            self.variables.forget(&code);
        }
    }

    #[inline(never)]
    pub(super) fn store(&mut self, left: &Operand<'a>, operator: Binary, right: &Operand<'a>) {
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

    pub(super) fn ends_at_line(&self) -> bool {
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
    pub(in crate::powershell) fn end_statement(&mut self) {
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

    pub(super) fn semicolon(&mut self) {
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

    pub(super) fn pipe(&mut self, operand: bool) {
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
