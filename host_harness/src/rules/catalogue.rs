//! The descriptions of rules, for programs that show matches to people: the default rules, which are inside this
//! crate, and folders of others.
use crate::rules::default_rules;
use crate::rules::sigma::{self, Metadata};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Rules by their id.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(BTreeMap<String, CatalogueRule>);

/// A rule.
#[derive(Debug, Clone)]
pub struct CatalogueRule {
    /// Its description.
    pub metadata: Metadata,
    /// Where it is to be read.
    pub source: RuleSource,
}

/// Where a rule is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSource {
    /// A page of the default rules' catalogue.
    Page(String),
    /// A file.
    File(PathBuf),
}

impl Catalogue {
    /// The default rules.
    pub fn embedded() -> Self {
        let mut catalogue = Self::default();
        for (name, text) in default_rules::rules() {
            let page = format!("{}/blob/main/docs/rules/{name}.md", env!("CARGO_PKG_REPOSITORY"));
            catalogue.add(text, &RuleSource::Page(page));
        }
        catalogue
    }

    /// Adds the rules in folders or files. They come before rules of the same id that are there. Gives what could not
    /// be read, in words.
    pub fn add_files(&mut self, paths: &[PathBuf]) -> Vec<String> {
        let loaded = sigma::load(paths);
        for source in &loaded.sources {
            self.add(&source.text, &RuleSource::File(source.path.clone()));
        }
        loaded.refused.iter().map(ToString::to_string).collect()
    }

    fn add(&mut self, text: &str, source: &RuleSource) {
        for metadata in sigma::metadata(text) {
            self.0.insert(metadata.id.clone(), CatalogueRule { metadata, source: source.clone() });
        }
    }

    /// The rule of that id.
    pub(crate) fn rule(&self, id: &str) -> Option<&CatalogueRule> {
        self.0.get(id)
    }

    /// Every rule, by id.
    pub fn rules(&self) -> impl Iterator<Item = &CatalogueRule> {
        self.0.values()
    }
}

impl CatalogueRule {
    /// Returns what it says of false positives: the section `ads`, else `falsepositives`.
    pub(crate) fn false_positives(&self) -> Vec<String> {
        let ads = self.metadata.attributes.get("ads");
        let texts = ads.map(|ads| crate::rules::ads::texts(ads, "false_positives")).unwrap_or_default();
        if texts.is_empty() { self.metadata.falsepositives.clone() } else { texts }
    }

    /// Returns what to do about a match: the response in the section `ads`.
    pub(crate) fn response(&self) -> Vec<String> {
        let ads = self.metadata.attributes.get("ads");
        ads.map(|ads| crate::rules::ads::texts(ads, "response")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_default_rules_are_there() {
        let catalogue = Catalogue::embedded();
        assert!(catalogue.rules().count() >= 70);
        let rule = catalogue.rule("f6f75093-f4e7-4d7c-9361-9b49c0f78998").unwrap();
        assert!(rule.metadata.title.contains("encoded PowerShell"));
        assert!(rule.false_positives().concat().contains("Management tools"));
        assert!(!rule.response().is_empty());
        assert!(
            matches!(&rule.source, RuleSource::Page(page) if page.ends_with("/docs/rules/powershell-encoded-command.md"))
        );
    }

    #[test]
    fn rules_of_ones_own_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.yml");
        fs::write(
            &file,
            "title: Own\nid: f6f75093-f4e7-4d7c-9361-9b49c0f78998\nfalsepositives: [none]\n---\n- not a rule\n",
        )
        .unwrap();
        let mut catalogue = Catalogue::embedded();
        assert!(catalogue.add_files(std::slice::from_ref(&file)).is_empty());
        let rule = catalogue.rule("f6f75093-f4e7-4d7c-9361-9b49c0f78998").unwrap();
        assert_eq!(rule.metadata.title, "Own");
        assert_eq!(rule.false_positives(), ["none"]);
        assert_eq!(rule.source, RuleSource::File(file));
        assert_eq!(catalogue.add_files(&[folder.path().join("missing.yml")]).len(), 1);
    }
}
