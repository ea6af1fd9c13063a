//! Measures the cost of a rule in the module, in wasmtime fuel: about one unit an instruction.
use super::cases::Case;
use crate::rules::sigma::PackIndex;
use crate::run::wasmtime::{EngineError, Module, Options, Tagger, Timestamp};
use crate::wasm::bake::{BakeError, bake};
use schtag::rules::{Op, Pack, Settings, Test};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why there is no figure.
#[derive(Debug, Error)]
pub enum FuelError {
    /// No module could be made.
    #[error(transparent)]
    Bake(#[from] BakeError),
    /// The module does not run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The module failed on a record.
    #[error("the module failed on {record}: {fault}")]
    Fault {
        /// Which record.
        record: String,
        /// The fault, in words.
        fault: String,
    },
}

/// Measures rules one at a time.
pub(super) struct Meter<'b> {
    base: &'b [u8],
    settings: Settings,
    empty: Module,
}

impl<'b> Meter<'b> {
    /// A meter that bakes into a base module.
    ///
    /// # Errors
    /// When it cannot be baked or run.
    pub(super) fn new(base: &'b [u8], settings: &Settings) -> Result<Self, FuelError> {
        let empty = module(base, &Pack { settings: settings.clone(), ..Pack::default() })?;
        Ok(Self { base, settings: settings.clone(), empty })
    }

    /// The fuel of the cases through a module with this rule alone, beyond what they take through one without
    /// rules. It holds the matching, and for cases that match the tag.
    ///
    /// # Errors
    /// When no module can be made, or it fails on a case.
    pub(super) fn measure(&self, pack: &Pack, index: PackIndex, cases: &[Case]) -> Result<u64, FuelError> {
        let alone = module(self.base, &alone(pack, index, &self.settings))?;
        let mut total: u64 = 0;
        for case in cases {
            total = total.saturating_add(fuel(&alone, case)?.saturating_sub(fuel(&self.empty, case)?));
        }
        Ok(total)
    }
}

/// Bakes a pack into a base module.
///
/// # Errors
/// When it cannot be baked or run.
pub(crate) fn module(base: &[u8], pack: &Pack) -> Result<Module, FuelError> {
    Ok(Module::new(&bake(base, pack, usize::MAX)?.wasm)?)
}

/// The fuel of a case's records through a new instance.
fn fuel(module: &Module, case: &Case) -> Result<u64, FuelError> {
    let mut tagger = Tagger::new(module.clone(), Options::default())?;
    let mut total: u64 = 0;
    for arrival in &case.records {
        let time = Timestamp { seconds: arrival.seconds, nanoseconds: 0 };
        let tagged = tagger.tag_record(b"check", time, arrival.record.as_bytes());
        if let Some(fault) = tagged.fault {
            let record = format!("the case \"{}\"", case.name);
            return Err(FuelError::Fault { record, fault: fault.to_string() });
        }
        total = total.saturating_add(tagged.fuel);
    }
    Ok(total)
}

/// A pack with one rule of another, or one correlation, and what that needs.
fn alone(pack: &Pack, index: PackIndex, settings: &Settings) -> Pack {
    let mut single = Pack { settings: settings.clone(), ..Pack::default() };
    match index {
        PackIndex::Rule(index) => add_rule(&mut single, pack, index),
        PackIndex::Correlation(index) => {
            let Some(mut correlation) = pack.correlations.get(index).cloned() else { return single };
            for rule in &mut correlation.rules {
                let index = *rule as usize;
                *rule = narrow(single.rules.len());
                add_rule(&mut single, pack, index);
            }
            single.correlations.push(correlation);
        }
    }
    single
}

fn add_rule(single: &mut Pack, pack: &Pack, index: usize) {
    let Some(mut rule) = pack.rules.get(index).cloned() else { return };
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for op in &mut rule.condition {
        let Op::Pattern(number) = op else { continue };
        let Some(pattern) = pack.patterns.get(*number as usize) else { continue };
        *number = *numbers.entry(*number).or_insert_with(|| {
            let mut pattern = pattern.clone();
            if let Test::Regex(index) = &mut pattern.test {
                let automaton = pack.regexes.get(*index as usize).cloned().unwrap_or_default();
                *index = narrow(single.regexes.len());
                single.regexes.push(automaton);
            }
            single.patterns.push(pattern);
            narrow(single.patterns.len().saturating_sub(1))
        });
    }
    single.rules.push(rule);
}

/// A pack has fewer of everything than that.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schtag::fields::Field;
    use schtag::rules::{Matcher, Pattern, Target};

    const RULES: &str = "{title: one, id: a, logsource: {product: windows, service: security}, detection: {s: \
                         {TaskName|re: ^x}, condition: s}}";
    const OTHER: &str = "{title: two, id: b, logsource: {product: windows, service: security}, detection: {s: \
                         {TaskName|re: ^y, task.author: z}, condition: s}}";

    #[test]
    fn a_correlation_alone_keeps_its_rules() {
        const BOTH: &str = "{title: both, id: c, correlation: {type: temporal, rules: [b, a], group-by: [Computer], \
                            timespan: 1m}}";
        let text = format!("{RULES}\n---\n{OTHER}\n---\n{BOTH}\n");
        let source = crate::rules::sigma::Source { path: "x.yml".into(), text };
        let compiled =
            crate::rules::sigma::compile(&[source], &crate::rules::settings::Configuration::default());
        assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
        let single = alone(&compiled.pack, PackIndex::Correlation(0), &Settings::default());
        let ids: Vec<&str> =
            single.correlations[0].rules.iter().map(|rule| &*single.rules[*rule as usize].id).collect();
        assert_eq!(ids, ["b", "a"]);
        assert!(Matcher::new(single).is_ok());
    }

    #[test]
    fn a_rule_alone_keeps_what_it_needs_and_nothing_else() {
        let text = format!("{RULES}\n---\n{OTHER}\n");
        let source = crate::rules::sigma::Source { path: "x.yml".into(), text };
        let compiled =
            crate::rules::sigma::compile(&[source], &crate::rules::settings::Configuration::default());
        assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
        let single = alone(&compiled.pack, PackIndex::Rule(1), &Settings::default());
        assert_eq!((single.rules.len(), single.patterns.len(), single.regexes.len()), (1, 2, 1));
        assert_eq!(single.regexes[0], compiled.pack.regexes[1]);
        let author = |p: &Pattern| p.target == Target::Field(Field::TaskAuthor);
        assert_eq!(single.patterns.iter().filter(|p| author(p)).count(), 1);
        assert!(Matcher::new(single).is_ok());
        assert!(alone(&compiled.pack, PackIndex::Rule(7), &Settings::default()).rules.is_empty());
    }
}
