//! Detections: from their YAML to trees of tests.

use super::condition::MAX_TESTS;
use super::expression::{Expression, Leaf, LeafTest, Part};
use super::known_values;
use super::modifiers::{self, Kind, Meaning, Place, TextMeaning};
use super::refusal::{Fault, Reason, shown};
use super::regex::Regexes;
use super::values;
use super::warning::Warning;
use crate::rules::settings::Placeholders;
use crate::rules::yaml::{Node, SchemaError, nearest};
use rsigma_parser::parse_field_spec;
use schtag::event::Change;
use schtag::fields::{Field, View};
use schtag::rules::{Cidr, Comparison, Glob, GlobPart, Relation, Target};
use std::net::IpAddr;
use yaml_serde::Value;

/// Compiles the detections of one rule.
pub(super) struct Compiler<'a> {
    pub(super) view: View,
    pub(super) placeholders: &'a Placeholders,
    pub(super) regexes: &'a mut Regexes,
    /// The named parts so far.
    pub(super) parts: &'a mut Vec<Part>,
    /// Fields that these events do not have.
    pub(super) absent: &'a mut Vec<String>,
    /// Event ids that are not of scheduled tasks.
    pub(super) other_events: &'a mut Vec<String>,
    /// True once an item names all ids of scheduled tasks.
    pub(super) every_event: &'a mut bool,
    /// Probable mistakes.
    pub(super) warnings: &'a mut Vec<Warning>,
    /// Before the names of parts.
    pub(super) prefix: &'a str,
    /// The number of tests counted until now.
    pub(super) tests: usize,
}

impl Compiler<'_> {
    /// Compiles a named detection: a mapping (all items hold), a list of mappings (one of them does), or
    /// keywords.
    pub(super) fn named(&mut self, name: &str, node: &Node<'_>) -> Result<Expression, Fault> {
        let part = self.part(name.to_owned());
        Ok(Expression::Part(part, Box::new(self.detection(name, node)?)))
    }

    fn part(&mut self, name: String) -> usize {
        let name = if self.prefix.is_empty() { name } else { format!("{}: {name}", self.prefix) };
        self.parts.push(Part { name, constant: None, ops: Vec::new() });
        self.parts.len().saturating_sub(1)
    }

    fn detection(&mut self, name: &str, node: &Node<'_>) -> Result<Expression, Fault> {
        match node.value() {
            Value::Mapping(_) => {
                let mut items = Vec::new();
                for (key, value) in node.entries()? {
                    let part = self.part(format!("{name}.{key}"));
                    items.push(Expression::Part(part, Box::new(self.item(key, &value)?)));
                }
                some(items, node).map(Expression::all)
            }
            Value::Sequence(_) => {
                let mut alternatives = Vec::new();
                for element in node.elements()? {
                    alternatives.push(self.detection(name, &element)?);
                }
                some(alternatives, node).map(Expression::any)
            }
            _ => self.item("", node),
        }
    }

    /// Compiles `Field|modifiers: values`; without a field, keywords.
    fn item(&mut self, key: &str, node: &Node<'_>) -> Result<Expression, Fault> {
        let fault = |reason| Fault::new(node.place(), reason);
        let spec =
            parse_field_spec(key).map_err(|error| fault(modifiers::unreadable(key, error.to_string())))?;
        let meaning = Meaning::read(&spec.modifiers).map_err(fault)?;
        let target = match &spec.name {
            None => Some(Target::Anywhere(self.view)),
            Some(name) => self.field(name).map_err(fault)?.map(Target::Field),
        };
        if target == Some(Target::Field(Field::EventId))
            && meaning == Meaning::default()
            && is_every_event(node)
        {
            *self.every_event = true;
            return Ok(Expression::Constant(true));
        }
        let mut tests = Vec::new();
        for value in node.one_or_more() {
            self.look_at(target, meaning.test, &value);
            let test = self.value(target, meaning.test, &value)?;
            tests.push(test);
        }
        let tests = some(tests, node)?;
        let expression = if meaning.all { Expression::all(tests) } else { Expression::any(tests) };
        Ok(if meaning.negated { expression.negated() } else { expression })
    }

    /// The field of a name, or `None` when these events do not have it.
    fn field(&mut self, name: &str) -> Result<Option<Field>, Reason> {
        let field = Field::resolve(self.view, name);
        if field.is_none() {
            if name.starts_with("task.") {
                let names = Field::ALL.iter().filter(|f| f.visible_in(self.view)).map(|f| f.name());
                let nearest = nearest(name, names).map(str::to_owned);
                return Err(Reason::UnknownTaskField { name: name.to_owned(), nearest });
            }
            if !self.absent.iter().any(|absent| absent == name) {
                self.absent.push(name.to_owned());
            }
        }
        Ok(field)
    }

    /// Notes what is probably not meant.
    fn look_at(&mut self, target: Option<Target>, test: Kind, node: &Node<'_>) {
        let Some(text) = node.value().as_str() else { return };
        let place = node.place().to_owned();
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            self.warnings.push(Warning::ControlCharacter { place, control });
        } else if let Kind::Text(meaning) = test {
            if text.is_empty() && meaning.place != Place::Whole {
                self.warnings.push(Warning::AnyText { place });
            } else if matches!(target, Some(Target::Field(field)) if is_path(field))
                && has_escaped_wildcard(text)
            {
                self.warnings.push(Warning::EscapedWildcard { place, value: shown(text) });
            }
        }
    }

    /// Compiles one value. `target` is `None` for a field that these events do not have.
    fn value(&mut self, target: Option<Target>, test: Kind, node: &Node<'_>) -> Result<Expression, Fault> {
        let fault = |reason| Fault::new(node.place(), reason);
        let keyword = matches!(target, Some(Target::Anywhere(_)));
        let tests = match test {
            Kind::Text(_) if node.value().is_null() && !keyword => vec![LeafTest::Exists(false)],
            Kind::Text(mut meaning) => {
                if keyword {
                    if meaning.place != Place::Whole && meaning.place != Place::Anywhere {
                        let needs = "a field before it: keywords are looked for anywhere";
                        let modifier = if meaning.place == Place::Start { "startswith" } else { "endswith" };
                        return Err(fault(Reason::ModifierNeeds { modifier, needs }));
                    }
                    meaning.place = Place::Anywhere;
                }
                let whole = meaning == TextMeaning::default();
                match scalar(node)? {
                    Scalar::Float(number) if whole => vec![LeafTest::Number(Comparison::Eq, number)],
                    Scalar::Text(text) if keyword && text.is_empty() => return Err(fault(Reason::Empty)),
                    scalar => {
                        let text = scalar.into_text();
                        let globs = values::globs(&text, meaning, self.placeholders).map_err(fault)?;
                        if let Some(Target::Field(field)) = target {
                            globs
                                .iter()
                                .try_for_each(|glob| known_values::check(field, glob, &text))
                                .map_err(fault)?;
                        }
                        globs.into_iter().map(LeafTest::Text).collect()
                    }
                }
            }
            Kind::Regex(flags) => {
                let pattern = scalar(node)?.into_text();
                vec![LeafTest::Regex(self.regexes.compile(&pattern, flags).map_err(fault)?)]
            }
            _ if keyword => {
                return Err(fault(Reason::Modifier("this modifier needs a field before it".into())));
            }
            Kind::Exists => vec![LeafTest::Exists(truth(node)?)],
            Kind::Cidr => vec![LeafTest::Cidr(cidr(node)?)],
            Kind::Number(comparison) => vec![LeafTest::Number(comparison, number(node)?)],
            Kind::FieldRef { place, cased } => {
                let relation = match place {
                    Place::Whole => Relation::Equals,
                    Place::Start => Relation::StartsWith,
                    Place::End => Relation::EndsWith,
                    Place::Anywhere => Relation::Contains,
                };
                match self.field(node.text()?).map_err(fault)? {
                    Some(field) => vec![LeafTest::FieldRef { field, relation, cased }],
                    // A value that is not there is like none.
                    None => return Ok(Expression::Constant(false)),
                }
            }
        };
        self.tests = self.tests.saturating_add(tests.len());
        if self.tests > MAX_TESTS {
            return Err(fault(Reason::RuleTooLarge(MAX_TESTS)));
        }
        let tests = tests.into_iter().map(|test| self.leaf(target, test)).collect();
        Ok(Expression::any(tests))
    }

    /// A test, or the constant that it is on scheduled-task events.
    fn leaf(&mut self, target: Option<Target>, test: LeafTest) -> Expression {
        let Some(target) = target else {
            return Expression::Constant(test == LeafTest::Exists(false));
        };
        if target == Target::Field(Field::EventId)
            && let LeafTest::Text(glob) = &test
            && let Some(id) = other_event(glob)
        {
            if !self.other_events.contains(&id) {
                self.other_events.push(id);
            }
            return Expression::Constant(false);
        }
        Expression::Leaf(Leaf { target, test })
    }
}

/// Returns whether a field holds a path of Windows, in which there is neither `*` nor `?`.
const fn is_path(field: Field) -> bool {
    use Field as F;
    matches!(
        field,
        F::Image
            | F::ParentImage
            | F::CurrentDirectory
            | F::TaskName
            | F::TaskPath
            | F::TaskImage
            | F::TaskImageName
            | F::TaskWorkingDirectory
    )
}

/// Returns whether a wildcard in a text is escaped: after an odd number of backslashes.
fn has_escaped_wildcard(text: &str) -> bool {
    let mut backslashes = 0_usize;
    text.chars().any(|char| {
        let escaped = matches!(char, '*' | '?') && backslashes % 2 == 1;
        backslashes = if char == '\\' { backslashes.saturating_add(1) } else { 0 };
        escaped
    })
}

/// Returns whether the values of an item on `EventID` are all ids that there are.
fn is_every_event(node: &Node<'_>) -> bool {
    let texts: Vec<String> =
        node.one_or_more().iter().filter_map(|value| scalar(value).ok().map(Scalar::into_text)).collect();
    known_values::is_every_event(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The event id that a glob spells out, if it is none of the five.
fn other_event(glob: &Glob) -> Option<String> {
    let id = match glob.parts.as_slice() {
        [] => "",
        [GlobPart::Literal(id)] => id,
        _ => return None,
    };
    let known =
        id.parse().ok().and_then(Change::from_event_id).filter(|change| change.event_id().to_string() == id);
    known.is_none().then(|| id.to_owned())
}

fn some(of: Vec<Expression>, node: &Node<'_>) -> Result<Vec<Expression>, Fault> {
    if of.is_empty() { Err(Fault::new(node.place(), Reason::Empty)) } else { Ok(of) }
}

enum Scalar {
    Text(String),
    Float(f64),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Float(number) => number.to_string(),
        }
    }
}

/// A value as text. Whole numbers and booleans equal their text.
fn scalar(node: &Node<'_>) -> Result<Scalar, SchemaError> {
    match node.value() {
        Value::String(text) => Ok(Scalar::Text(text.clone())),
        Value::Bool(value) => Ok(Scalar::Text(value.to_string())),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.is_finite() => Ok(Scalar::Float(float)),
            _ => Ok(Scalar::Text(number.to_string())),
        },
        _ => Err(node.expected("a text, a number, `true` or `false`")),
    }
}

/// The value of `|exists`. YAML 1.1 read `yes` and `no` as booleans, and rules are written for it.
fn truth(node: &Node<'_>) -> Result<bool, SchemaError> {
    match node.value() {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text.eq_ignore_ascii_case("yes") || text.eq_ignore_ascii_case("true") => {
            Ok(true)
        }
        Value::String(text) if text.eq_ignore_ascii_case("no") || text.eq_ignore_ascii_case("false") => {
            Ok(false)
        }
        _ => Err(node.expected("`true` or `false`")),
    }
}

fn number(node: &Node<'_>) -> Result<f64, SchemaError> {
    let number = match node.value() {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite()).ok_or_else(|| node.expected("a number"))
}

/// A network in CIDR notation; an address alone is a network of one.
fn cidr(node: &Node<'_>) -> Result<Cidr, Fault> {
    let text = node.text()?;
    let problem = |problem: &str| {
        Fault::new(node.place(), Reason::Value { value: shown(text), problem: problem.into() })
    };
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let network: IpAddr = address.parse().map_err(|_| problem("not an IP network such as `10.0.0.0/8`"))?;
    let (bits, value) = match network {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    let prefix: u8 = match length {
        None => bits,
        Some(length) => length
            .parse()
            .ok()
            .filter(|&length| length <= bits)
            .ok_or_else(|| problem("the length of the prefix is not a number of bits"))?,
    };
    let host_bits = u32::from(bits.saturating_sub(prefix));
    let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
    if value & !mask != 0 {
        return Err(problem("has bits set after the prefix; write the network's first address"));
    }
    Ok(Cidr { network, prefix })
}
