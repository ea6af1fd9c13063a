//! Members of values: properties, methods, static methods.

use super::*;

impl<'t, 'a> Folder<'t, 'a, '_> {
    /// `.name`, `.name(...)`, `.'name'(...)`, `.('na'+'me')(...)`, or the second dot of a range.
    pub(super) fn member(&mut self) {
        if self.code_at(1) == Some(".") {
            self.binary(Binary::Range, 2);
            return;
        }
        // The operand before is complete; a cast before it waits for its members.
        self.keep_many(1);
        self.member_name();
    }

    /// Reads the name after `.` or `::`.
    #[inline(never)]
    pub(super) fn member_name(&mut self) {
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
    pub(super) fn lose(&mut self) {
        if let Some(Entry::Operand(operand)) = self.stack.pop() {
            self.settle(&operand);
            self.push(Operand::unknown(operand.start));
        }
    }

    /// Goes on after a member's name: a call, or a property.
    #[inline(never)]
    pub(super) fn named(&mut self, name: Cow<'a, str>) {
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
    pub(super) fn call(
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
}
