//! The rules of `plugin/rules` as the tests need them.

use crate::project;
use schtag_host::author::check::cases::{self, Case};
use schtag_host::rules::load;
use std::path::PathBuf;

/// A rule folder: its one document that is reported and has an `ads:` section.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The folder's name.
    pub slug: String,
    /// The rule's `id`, as tags have it.
    pub id: String,
    /// The rule's `ads.false_positives`, on one line.
    pub false_positives: String,
}

impl Rule {
    /// The cases beside the rule.
    ///
    /// # Errors
    /// The lines that are malformed, or why the file cannot be read.
    pub fn cases(&self) -> Result<Vec<Case>, String> {
        let path = folder().join(&self.slug).join(cases::FILE);
        let (cases, errors) = cases::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if errors.is_empty() { Ok(cases) } else { Err(errors.join("\n")) }
    }

    /// The name of a case in messages.
    pub fn place(&self, case: &Case) -> String {
        format!("{}/{}:{} ({})", self.slug, cases::FILE, case.line, case.name)
    }
}

fn folder() -> PathBuf {
    project::root().join("plugin/rules")
}

/// Every rule folder, by name.
///
/// # Errors
/// A sentence that says what is wrong with a folder.
pub fn rules() -> Result<Vec<Rule>, String> {
    let compiled = load::compile(&[folder()], None).map_err(|error| error.to_string())?;
    if let Some(refusal) = compiled.refused.first() {
        return Err(refusal.to_string());
    }
    let mut rules: Vec<Rule> = Vec::new();
    for info in &compiled.rules {
        // Documents without the section only feed a correlation of the same folder.
        let Some(ads) = info.metadata.attributes.get("ads") else { continue };
        let slug = info.path.parent().and_then(|parent| parent.file_name());
        let slug = slug.ok_or("a rule file without a folder")?.to_string_lossy().into_owned();
        if rules.iter().any(|other| other.slug == slug) {
            return Err(format!("{slug}: two documents have an `ads:` section"));
        }
        let text = ads.get("false_positives").and_then(|value| value.as_str());
        let text = text.ok_or_else(|| format!("{slug}: `ads:` says nothing of false positives"))?;
        let false_positives = text.split_whitespace().collect::<Vec<_>>().join(" ");
        rules.push(Rule { slug, id: info.metadata.id.clone(), false_positives });
    }
    rules.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(rules)
}

/// The folder's name of each rule id of a tag; an id that no folder has stays as it is.
pub fn slugs(rules: &[Rule], tag: &serde_json::Value) -> Vec<String> {
    let ids = tag.get("rules").and_then(serde_json::Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(|rule| rule.get("id")?.as_str());
    ids.map(|id| rules.iter().find(|rule| rule.id == id).map_or(id, |rule| &rule.slug).to_owned()).collect()
}
