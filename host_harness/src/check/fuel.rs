//! What a rule costs in the module, in wasmtime fuel: about one unit an instruction.
use super::cases::Case;
use crate::bake::{BakeError, bake};
use crate::engine::{EngineError, Module, Options, Tagger, Timestamp};
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
        /// What went wrong.
        fault: String,
    },
}

/// Measures rules one at a time.
pub(super) struct Meter<'b> {
    base: &'b [u8],
    settings: Settings,
    empty: Tagger,
}

impl<'b> Meter<'b> {
    /// A meter that bakes into a base module.
    ///
    /// # Errors
    /// When it cannot be baked or run.
    pub(super) fn new(base: &'b [u8], settings: &Settings) -> Result<Self, FuelError> {
        let settings = settings.clone();
        let empty = tagger(base, &Pack { settings: settings.clone(), ..Pack::default() })?;
        Ok(Self { base, settings, empty })
    }

    /// The fuel of the cases through a module with this rule alone, beyond what they take through one without
    /// rules. It holds the matching, and for cases that match the tag.
    ///
    /// # Errors
    /// When no module can be made, or it fails on a case.
    pub(super) fn measure(&mut self, pack: &Pack, rule: usize, cases: &[Case]) -> Result<u64, FuelError> {
        let mut alone = tagger(self.base, &alone(pack, rule, &self.settings))?;
        let mut total: u64 = 0;
        for case in cases {
            let with = fuel(&mut alone, case)?;
            total = total.saturating_add(with.saturating_sub(fuel(&mut self.empty, case)?));
        }
        Ok(total)
    }
}

/// Bakes a pack into a base module and starts it.
///
/// # Errors
/// When it cannot be baked or run.
pub(crate) fn tagger(base: &[u8], pack: &Pack) -> Result<Tagger, FuelError> {
    let baked = bake(base, pack, usize::MAX)?;
    Ok(Tagger::new(Module::new(&baked.wasm)?, Options::default())?)
}

fn fuel(tagger: &mut Tagger, case: &Case) -> Result<u64, FuelError> {
    let tagged = tagger.tag_record(b"check", Timestamp::default(), case.record.as_bytes());
    match tagged.fault {
        None => Ok(tagged.fuel),
        Some(fault) => {
            Err(FuelError::Fault { record: format!("the case \"{}\"", case.name), fault: fault.to_string() })
        }
    }
}

/// A pack with one rule of another and what that needs.
fn alone(pack: &Pack, rule: usize, settings: &Settings) -> Pack {
    let mut single = Pack { settings: settings.clone(), ..Pack::default() };
    let Some(rule) = pack.rules.get(rule) else { return single };
    let mut rule = rule.clone();
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for op in &mut rule.condition {
        let Op::Pattern(number) = op else { continue };
        let Some(pattern) = pack.patterns.get(*number as usize) else { continue };
        *number = *numbers.entry(*number).or_insert_with(|| {
            let mut pattern = pattern.clone();
            if let Test::Regex(index) = &mut pattern.test {
                let automaton = pack.regexes.get(*index as usize).cloned().unwrap_or_default();
                *index = u32::try_from(single.regexes.len()).unwrap_or(u32::MAX);
                single.regexes.push(automaton);
            }
            single.patterns.push(pattern);
            u32::try_from(single.patterns.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
    }
    single.rules.push(rule);
    single
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
    fn a_rule_alone_keeps_what_it_needs_and_nothing_else() {
        let text = format!("{RULES}\n---\n{OTHER}\n");
        let source = crate::sigma::Source { path: "x.yml".into(), text };
        let compiled = crate::sigma::compile(&[source], &crate::settings::Configuration::default());
        assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
        let single = alone(&compiled.pack, 1, &Settings::default());
        assert_eq!((single.rules.len(), single.patterns.len(), single.regexes.len()), (1, 2, 1));
        assert_eq!(single.regexes[0], compiled.pack.regexes[1]);
        let author = |p: &Pattern| p.target == Target::Field(Field::TaskAuthor);
        assert_eq!(single.patterns.iter().filter(|p| author(p)).count(), 1);
        assert!(Matcher::new(single).is_ok());
        assert!(alone(&compiled.pack, 7, &Settings::default()).rules.is_empty());
    }
}
