//! Brackets: groups, calls, indexes and types.

use super::*;

impl<'t, 'a> Folder<'t, 'a, '_> {
    /// Returns whether nothing stands between what is written and the token here.
    pub(super) fn is_glued(&self) -> bool {
        !matches!(self.out.last(), Some(Token::Blank(_)))
    }

    /// Returns the code that is this number of tokens further on.
    #[inline(never)]
    pub(in crate::powershell) fn code_at(&self, ahead: usize) -> Option<&'t str> {
        match self.tokens.get(self.at.saturating_add(ahead))? {
            Token::Code(code) => Some(code.as_ref()),
            _ => None,
        }
    }

    pub(super) fn open_parenthesis(&mut self) {
        let glued = self.has_operand() && self.is_glued();
        self.begin_operand();
        self.open(if glued { Kind::Call } else { Kind::Group }, 1);
    }

    pub(in crate::powershell) fn innermost(&self) -> Option<&Open<'a>> {
        match self.stack.get(*self.opens.last()?)? {
            Entry::Open(open) => Some(open),
            _ => None,
        }
    }

    pub(in crate::powershell) fn innermost_mut(&mut self) -> Option<&mut Open<'a>> {
        match self.stack.get_mut(*self.opens.last()?)? {
            Entry::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Takes the expression that a bracket closes, and the bracket.
    #[inline(never)]
    pub(super) fn close(&mut self) -> Option<(Open<'a>, Option<Operand<'a>>)> {
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

    pub(super) fn close_parenthesis(&mut self) {
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
                let is_empty = operand.is_none();
                let operand = self.settled(operand);
                let value = match (operand.value, single) {
                    (Some(value), true) => value.into_items(self.work).map(Value::list),
                    (None, true) if is_empty => Some(Value::list(Vec::new())),
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
    pub(super) fn settled(&mut self, operand: Option<Operand<'a>>) -> Operand<'a> {
        match operand {
            Some(operand) => {
                self.settle(&operand);
                operand
            }
            None => Operand::unknown(self.out.len()),
        }
    }

    #[inline(never)]
    pub(super) fn close_group(
        &mut self,
        kind: &Kind<'a>,
        start: usize,
        single: bool,
        operand: Option<Operand<'a>>,
    ) {
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
    pub(super) fn found_variable(&self, start: usize) -> Option<Value<'a>> {
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
    pub(super) fn close_index(&mut self) {
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
    pub(super) fn bracket(&mut self) {
        const MOST: usize = 24;
        /// Most brackets of a type's name, as in `[List[string[]]]`.
        const DEEPEST: usize = 3;
        /// Units for a token of the name.
        const NAMED: usize = 90;
        self.begin_operand();
        let mut name = String::new();
        let mut end = 1_usize;
        let mut depth = 1_usize;
        while depth > 0 && depth <= DEEPEST && end < MOST {
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
        let paid = self.work.spend(end.saturating_mul(NAMED));
        if depth > 0 || name.is_empty() || !paid {
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
}
