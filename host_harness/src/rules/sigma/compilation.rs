//! All rule files together.

use super::correlation::{self, Referent, Referents};
use super::documents::{Kind, split};
use super::ecs;
use super::filter::Filter;
use super::logsource::LogSource;
use super::metadata::{Metadata, STANDARD};
use super::patterns::Patterns;
use super::refusal::{Fault, Reason, Refusal};
use super::regex::Regexes;
use super::rule::{self, Draft, PackIndex, RuleInfo};
use super::source::Source;
use super::warning::Warning;
use crate::rules::settings::{Configuration, RuleChange};
use crate::rules::yaml::{Node, nearest};
use rsigma_parser::Status;
use schtag::rules::Pack;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use yaml_serde::Value;

/// The keys at the top of a document that are schtag's own.
const OUR_KEYS: [&str; 4] = ["ads", "cases", "techniques", "titles"];

/// The most rules of a pack.
pub(crate) const MAX_RULES: usize = 5_000;
/// The most correlations of a pack.
pub(crate) const MAX_CORRELATIONS: usize = 500;

/// Compiled rules, and what is to be said about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compilation {
    /// The pack that the guest loads.
    pub pack: Pack,
    /// The rules, in the order of the pack, and then the correlations.
    pub rules: Vec<RuleInfo>,
    /// The text of each of [`Pack::regexes`], which holds automata only.
    pub regexes: Vec<String>,
    /// The rules that were not compiled.
    pub refused: Vec<Refusal>,
    /// The rules that were compiled but contain a probable mistake.
    pub remarks: Vec<Remark>,
}

/// A note about a document, or about the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The document's file; `None` for the settings.
    pub path: Option<PathBuf>,
    /// The document's title; empty for the settings.
    pub title: String,
    /// The note.
    pub warning: Warning,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{} ({}): {}", path.display(), self.title, self.warning),
            None => write!(f, "settings: {}", self.warning),
        }
    }
}

/// Compiles rule files with the settings into a pack. Files and documents keep their order; filters and
/// correlations may stand before or after the rules that they name.
pub fn compile(sources: &[Source], configuration: &Configuration) -> Compilation {
    let mut work = Work::new(configuration);
    for source in sources {
        let documents = split(&source.text);
        if documents.is_empty() {
            work.refuse(source, None, Fault::new("", Reason::NoDocument));
        }
        for document in documents {
            match document {
                Ok(document) => work.sort(source, document),
                Err(fault) => work.refuse(source, None, fault),
            }
        }
    }
    work.rules();
    work.correlations();
    work.finish()
}

struct Work<'a> {
    configuration: &'a Configuration,
    rules: Vec<Draft>,
    filters: Vec<Filter>,
    correlations: Vec<Draft>,
    patterns: Patterns,
    regexes: Regexes,
    /// Ids in use, and the title and file of the document that uses each.
    ids: HashMap<String, (String, PathBuf)>,
    referents: Referents,
    /// The ids and folders of the rules that were met.
    known: BTreeSet<String>,
    done: Compilation,
}

impl<'a> Work<'a> {
    fn new(configuration: &'a Configuration) -> Self {
        Self {
            configuration,
            rules: Vec::new(),
            filters: Vec::new(),
            correlations: Vec::new(),
            patterns: Patterns::default(),
            regexes: Regexes::default(),
            ids: HashMap::new(),
            referents: Referents::new(),
            known: BTreeSet::new(),
            done: Compilation::default(),
        }
    }

    /// Refuses a document whose metadata could not be read in full.
    fn refuse(&mut self, source: &Source, document: Option<&Value>, fault: Fault) {
        let text = |key: &str| document?.get(key)?.as_str().map(str::to_owned);
        let refusal = Refusal {
            path: source.path.clone(),
            id: text("id"),
            title: text("title"),
            place: fault.place,
            reason: fault.reason,
        };
        self.done.refused.push(refusal);
    }

    fn remark(&mut self, draft: &Draft, warning: Warning) {
        let path = Some(draft.path.clone());
        self.done.remarks.push(Remark { path, title: draft.metadata.title.clone(), warning });
    }

    /// Remarks on what a document that was compiled says about itself.
    fn remark_on_metadata(&mut self, draft: &Draft) {
        if draft.metadata.status == Some(Status::Deprecated) {
            self.remark(draft, Warning::Deprecated);
        }
        for key in draft.metadata.attributes.keys().filter(|key| !OUR_KEYS.contains(&key.as_str())) {
            let nearest = nearest(key, STANDARD.iter().copied().chain(OUR_KEYS)).map(str::to_owned);
            self.remark(draft, Warning::UnknownKey { key: key.clone(), nearest });
        }
        if !Metadata::has_own_id(&Node::root(&draft.document)) {
            self.remark(draft, Warning::NoId(draft.metadata.id.clone()));
        }
    }

    /// Puts a document with those of its kind.
    fn sort(&mut self, source: &Source, document: Value) {
        let root = Node::root(&document);
        let kind = Kind::of(&document);
        let read = Metadata::read(&root).and_then(|metadata| {
            // A correlation has its log sources from its rules.
            let logsource =
                if kind == Kind::Correlation { Ok(LogSource::default()) } else { LogSource::read(&root) };
            Ok((metadata, logsource?))
        });
        let (metadata, logsource) = match read {
            Ok(read) => read,
            Err(fault) => return self.refuse(source, Some(&document), fault),
        };
        let mut draft = Draft { path: source.path.clone(), document, metadata, logsource };
        if kind != Kind::Filter {
            match self.change(&draft) {
                Some(RuleChange::Disable) => return,
                Some(RuleChange::Level(level)) => draft.metadata.level = level,
                None => {}
            }
        }
        match kind {
            Kind::Rule => self.rules.push(draft),
            Kind::Correlation => self.correlations.push(draft),
            Kind::Filter => match Filter::read(draft) {
                Ok(filter) => self.filters.push(filter),
                Err(refusal) => self.done.refused.push(*refusal),
            },
        }
    }

    /// The change that the settings make to a rule, by its id or its folder.
    fn change(&mut self, draft: &Draft) -> Option<RuleChange> {
        let folder =
            draft.path.parent().and_then(Path::file_name).filter(|_| draft.path.ends_with("rule.yml"));
        let names = std::iter::once(draft.metadata.id.clone())
            .chain(folder.map(|name| name.to_string_lossy().into()));
        let names: Vec<String> = names.collect();
        let change = names.iter().find_map(|name| self.configuration.rules.get(name)).copied();
        self.known.extend(names);
        change
    }

    fn rules(&mut self) {
        for draft in std::mem::take(&mut self.rules) {
            let referent = match self.rule(&draft) {
                Ok(referent) => referent,
                Err(fault) => {
                    self.done.refused.push(fault.of(&draft));
                    Referent::Refused
                }
            };
            self.refer(&draft.metadata, referent);
        }
    }

    fn rule(&mut self, draft: &Draft) -> Result<Referent, Fault> {
        let view = draft.logsource.view()?;
        let placeholders = &self.configuration.placeholders;
        let mut compiled = rule::compile(draft, "detection", view, placeholders, &mut self.regexes)?;
        let mut filters = Vec::new();
        for filter in &mut self.filters {
            match filter.apply(draft, view, &mut compiled, placeholders, &mut self.regexes) {
                Ok(true) => filters.push(filter.draft.metadata.title.clone()),
                Ok(false) => {}
                Err(refusal) => self.done.refused.push(*refusal),
            }
        }
        let whole = |reason| Fault::new("", reason);
        compiled.fold().map_err(whole)?;
        self.claim_id(draft)?;
        if self.done.pack.rules.len() >= MAX_RULES {
            return Err(whole(Reason::PackFull { what: "rules", limit: MAX_RULES }));
        }
        let mut condition = Vec::new();
        let number = &mut |leaf| self.patterns.number(leaf);
        compiled.expression.lay_out(&mut condition, &mut compiled.parts, number).map_err(whole)?;

        let index = self.done.pack.rules.len();
        self.done.pack.rules.push(rule::pack(&draft.metadata, view, &compiled.parts, condition)?);
        self.done.rules.push(RuleInfo {
            path: draft.path.clone(),
            metadata: draft.metadata.clone(),
            index: PackIndex::Rule(index),
            parts: compiled.parts,
            absent_fields: compiled.absent,
            filters,
            document: draft.document.clone(),
        });
        self.remark_on_metadata(draft);
        for warning in compiled.warnings {
            self.remark(draft, warning);
        }
        Ok(Referent::Rule { index, view })
    }

    fn claim_id(&mut self, draft: &Draft) -> Result<(), Fault> {
        if let Some((title, path)) = self.ids.get(&draft.metadata.id) {
            let reason = Reason::DuplicateId { title: title.clone(), path: path.display().to_string() };
            return Err(Fault::new("id", reason));
        }
        self.ids.insert(draft.metadata.id.clone(), (draft.metadata.title.clone(), draft.path.clone()));
        Ok(())
    }

    /// Notes what a document's id and name stand for. An id that was compiled stays; a name that two compiled
    /// rules have is ambiguous.
    fn refer(&mut self, metadata: &Metadata, referent: Referent) {
        for name in std::iter::once(&metadata.id).chain(&metadata.name) {
            let entry = self.referents.entry(name.clone()).or_insert(referent);
            match (*entry, referent) {
                (Referent::Refused, _) => *entry = referent,
                (_, Referent::Refused) => {}
                (before, now) if before == now => {}
                _ => *entry = Referent::Ambiguous,
            }
        }
    }

    fn correlations(&mut self) {
        let drafts = std::mem::take(&mut self.correlations);
        for draft in &drafts {
            self.refer(&draft.metadata, Referent::Correlation);
        }
        // Rules that are reported by themselves although a correlation is about them; rules that only feed
        // correlations; and of these, rules that feed one which was compiled.
        let mut reported = HashSet::new();
        let mut feeding = Vec::new();
        let mut fed = HashSet::new();
        for draft in &drafts {
            let root = Node::root(&draft.document);
            let read = match correlation::Draft::read(&root) {
                Ok(read) => read,
                Err(fault) => {
                    self.done.refused.push(fault.of(draft));
                    continue;
                }
            };
            let compiled = read.compile(&draft.metadata, &self.referents).and_then(|compiled| {
                self.claim_id(draft)?;
                Ok(compiled)
            });
            let is_compiled = match compiled {
                Ok(_) if self.done.pack.correlations.len() >= MAX_CORRELATIONS => {
                    let reason = Reason::PackFull { what: "correlations", limit: MAX_CORRELATIONS };
                    self.done.refused.push(Fault::new("", reason).of(draft));
                    false
                }
                Ok(compiled) => {
                    self.done.rules.push(RuleInfo {
                        path: draft.path.clone(),
                        metadata: draft.metadata.clone(),
                        index: PackIndex::Correlation(self.done.pack.correlations.len()),
                        parts: Vec::new(),
                        absent_fields: Vec::new(),
                        filters: Vec::new(),
                        document: draft.document.clone(),
                    });
                    self.done.pack.correlations.push(compiled);
                    self.remark_on_metadata(draft);
                    true
                }
                Err(fault) => {
                    self.done.refused.push(fault.of(draft));
                    false
                }
            };
            for name in &read.rules {
                let Some(&Referent::Rule { index, .. }) = self.referents.get(name) else { continue };
                if read.generate {
                    reported.insert(index);
                } else {
                    feeding.push(index);
                }
                if is_compiled {
                    fed.insert(index);
                }
            }
        }
        for index in feeding.into_iter().filter(|index| !reported.contains(index)) {
            let Some(rule) = self.done.pack.rules.get_mut(index) else { continue };
            let first = std::mem::replace(&mut rule.reported, false);
            if first
                && !fed.contains(&index)
                && let Some(info) = self.done.rules.get(index)
            {
                let (path, title) = (Some(info.path.clone()), info.metadata.title.clone());
                self.done.remarks.push(Remark { path, title, warning: Warning::FeedsNothing });
            }
        }
    }

    fn finish(mut self) -> Compilation {
        for filter in std::mem::take(&mut self.filters) {
            for target in filter.targets.iter().flatten() {
                if filter.elsewhere.contains(target) {
                    self.remark(&filter.draft, Warning::FilterLogSource(target.clone()));
                } else if !filter.met.contains(target) {
                    self.remark(&filter.draft, Warning::FilterTarget(target.clone()));
                }
            }
        }
        for rule in self.configuration.rules.keys().filter(|rule| !self.known.contains(*rule)) {
            let nearest = nearest(rule, self.known.iter().map(String::as_str)).map(str::to_owned);
            let warning = Warning::ChangedRule { rule: rule.clone(), nearest };
            self.done.remarks.push(Remark { path: None, title: String::new(), warning });
        }
        for allow in &self.configuration.settings.allowlist {
            for rule in allow.rules.iter().filter(|rule| !self.ids.contains_key(*rule)) {
                let warning = Warning::AllowlistRule { entry: allow.name.clone(), rule: rule.clone() };
                self.done.remarks.push(Remark { path: None, title: String::new(), warning });
            }
        }
        self.done.pack.settings = self.configuration.settings.clone();
        if self.configuration.ecs {
            self.done.pack.ecs = Some(ecs::ecs(self.done.rules.iter().map(|info| &info.metadata)));
        }
        self.done.pack.patterns = self.patterns.patterns;
        self.done.regexes = self.regexes.texts(&self.patterns.regexes);
        self.done.pack.regexes = self.patterns.regexes;
        self.done
    }
}
