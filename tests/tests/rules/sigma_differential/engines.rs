//! The two engines, which both take one form of event.
use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CompiledRule, Engine, evaluate_rule};
use rsigma_parser::ast::{Detection, DetectionItem, FilterRule, FilterRuleTarget, Modifier};
use rsigma_parser::{SigmaCollection, parse_sigma_yaml};
use schtag::fields::{Field, Table, View};
use schtag::rules::{Matcher, Pack, Scratch};
use schtag_host::rules::settings::Configuration;
use schtag_host::rules::sigma::{self, Compilation, PackIndex, Source};
use serde_json::Value;
use std::collections::BTreeMap;

/// One event with one action or none: values by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) values: BTreeMap<Field, Vec<String>>,
}

impl Record {
    /// A record of fields by name.
    pub(crate) fn of(view: View, fields: &[(&str, &str)]) -> Self {
        let mut record = Self::default();
        for (name, value) in fields {
            let field = Field::resolve(view, name).unwrap_or_else(|| panic!("no field {name}"));
            record.values.entry(field).or_default().push((*value).to_owned());
        }
        record
    }

    fn table(&self, per_action: bool) -> Table<'_> {
        let mut table = Table::new();
        for (&field, values) in self.values.iter().filter(|(field, _)| field.per_action() == per_action) {
            for value in values {
                table.push(field, value.as_str());
            }
        }
        table
    }

    /// Returns what rules of a view see, as the JSON object that rsigma reads: a list where there are several values.
    fn json(&self, view: View) -> Value {
        let visible = self.values.iter().filter(|(field, _)| field.visible_in(view));
        let member = |(field, values): (&Field, &Vec<String>)| {
            let value = match values.as_slice() {
                [only] => Value::from(only.as_str()),
                several => Value::from(several.to_vec()),
            };
            (field.name().to_owned(), value)
        };
        Value::Object(visible.map(member).collect())
    }

    /// The rules of ours that match, by number.
    pub(crate) fn matched(&self, matcher: &Matcher, scratch: &mut Scratch) -> Vec<u32> {
        let (event, action) = (self.table(false), self.table(true));
        let is_action = self.values.keys().any(|field| field.per_action());
        let actions = if is_action { std::slice::from_ref(&action) } else { &[] };
        matcher.evaluate(&event, actions, scratch).into_iter().map(|matched| matched.rule).collect()
    }

    /// Returns whether the action will become a process, so that rules about processes are asked at all.
    pub(crate) fn is_process(&self) -> bool {
        self.values.contains_key(&Field::Image)
    }
}

/// Rules in both engines, by their number in our pack.
pub(crate) struct Rules {
    pub(crate) compilation: Compilation,
    /// The pack, whole: the matcher keeps only a part of it.
    pub(crate) pack: Pack,
    matcher: Matcher,
    theirs: Vec<Result<CompiledRule, String>>,
    /// The detection items of each rule, as rsigma-parser reads it.
    pub(crate) items: Vec<Vec<DetectionItem>>,
}

/// The results of both engines for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdicts {
    pub(crate) rule: usize,
    pub(crate) ours: bool,
    pub(crate) theirs: bool,
}

impl Rules {
    /// Compiles files for both engines.
    pub(crate) fn new(sources: &[Source], configuration: &Configuration) -> Self {
        let compilation = sigma::compile(sources, configuration);
        let pack = compilation.pack.clone();
        let parsed: BTreeMap<_, _> = sources
            .iter()
            .filter_map(|source| Some((source.path.clone(), parse_sigma_yaml(&source.text).ok()?)))
            .collect();
        let mut theirs = Vec::new();
        let mut items = Vec::new();
        for info in compilation.rules.iter().filter(|info| matches!(info.index, PackIndex::Rule(_))) {
            let id = info.metadata.id.as_str();
            let file = parsed.get(&info.path).map(|file| {
                // Filters of other files that name the rule.
                let others = parsed.iter().filter(|(path, _)| **path != info.path);
                let filters = others.flat_map(|(_, other)| &other.filters).filter(|filter| names(filter, id));
                let mut file = file.clone();
                file.filters.extend(filters.cloned());
                file
            });
            let file = file.as_ref();
            theirs
                .push(file.ok_or_else(|| "not parsed".to_owned()).and_then(|file| compile_theirs(file, id)));
            items.push(file.map(|file| items_of(file, id)).unwrap_or_default());
        }
        let matcher = Matcher::new(pack.clone()).unwrap();
        Self { compilation, pack, matcher, theirs, items }
    }

    /// Returns whether any of our rules matches.
    pub(crate) fn ours_alone(&self, record: &Record) -> bool {
        !record.matched(&self.matcher, &mut Scratch::default()).is_empty()
    }

    /// Returns whether rsigma's form of a file with one rule matches; `None` when rsigma refuses it.
    pub(crate) fn theirs_alone(text: &str, record: &Record, view: View) -> Option<bool> {
        let file = parse_sigma_yaml(text).ok()?;
        let rule = compile_theirs(&file, file.rules.first()?.id.as_deref()?).ok()?;
        Some(evaluate_rule(&rule, &JsonEvent::borrow(&record.json(view))).is_some())
    }

    pub(crate) fn title(&self, rule: usize) -> &str {
        &self.pack.rules[rule].title
    }

    /// The rules that rsigma does not take.
    pub(crate) fn not_theirs(&self) -> Vec<(&str, &str)> {
        let refused = self.theirs.iter().enumerate();
        refused
            .filter_map(|(rule, theirs)| Some((self.title(rule), theirs.as_ref().err()?.as_str())))
            .collect()
    }

    /// Asks both engines about every rule that both have.
    pub(crate) fn evaluate(&self, record: &Record, scratch: &mut Scratch) -> Vec<Verdicts> {
        let matched = record.matched(&self.matcher, scratch);
        let (security, process) = (record.json(View::Security), record.json(View::ProcessCreation));
        let mut verdicts = Vec::with_capacity(self.theirs.len());
        for (rule, theirs) in self.theirs.iter().enumerate() {
            let Ok(theirs) = theirs else { continue };
            let json = match self.pack.rules[rule].view {
                View::Security => &security,
                View::ProcessCreation if record.is_process() => &process,
                View::ProcessCreation => continue,
            };
            let theirs = evaluate_rule(theirs, &JsonEvent::borrow(json)).is_some();
            let ours = matched.contains(&(rule as u32));
            verdicts.push(Verdicts { rule, ours, theirs });
        }
        verdicts
    }
}

/// Returns true if a filter names a rule by its id.
fn names(filter: &FilterRule, id: &str) -> bool {
    matches!(&filter.rules, FilterRuleTarget::Specific(rules) if rules.iter().any(|rule| rule == id))
}

/// A rule in rsigma, the filters of its file applied.
fn compile_theirs(file: &SigmaCollection, id: &str) -> Result<CompiledRule, String> {
    let mut engine = Engine::new();
    engine.add_collection(file).map_err(|error| error.to_string())?;
    let rule = engine.rules().iter().find(|rule| rule.id.as_deref() == Some(id));
    rule.cloned().ok_or_else(|| "not parsed".to_owned())
}

/// The items of a rule's detections, and of the filters in its file.
fn items_of(file: &SigmaCollection, id: &str) -> Vec<DetectionItem> {
    let rule = file.rules.iter().filter(|rule| rule.id.as_deref() == Some(id)).map(|rule| &rule.detection);
    let filters = file.filters.iter().map(|filter| &filter.detection);
    let mut items = Vec::new();
    for section in rule.chain(filters) {
        // In the order of their names, not of a hash map, so that every run makes the same events.
        let named: BTreeMap<_, _> = section.named.iter().collect();
        named.into_values().for_each(|detection| collect(detection, &mut items));
    }
    items
}

fn collect(detection: &Detection, items: &mut Vec<DetectionItem>) {
    match detection {
        Detection::AllOf(of) => items.extend(of.iter().cloned()),
        Detection::AnyOf(of) | Detection::And(of) => of.iter().for_each(|inner| collect(inner, items)),
        _ => {}
    }
}

/// Returns whether an item has a modifier.
pub(crate) fn has(item: &DetectionItem, modifier: Modifier) -> bool {
    item.field.modifiers.contains(&modifier)
}
