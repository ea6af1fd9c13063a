//! The default rules, which are inside this crate: their texts, their allowlist and their cases.
use crate::rules::sigma::{Loaded, Source};
use std::path::{Path, PathBuf};

/// The files of `plugin/rules`, by their paths below it, written by build.rs.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/rules.rs"));
}

/// The folder in which reports say that the default rules are. There is no such folder.
pub(crate) const FOLDER: &str = "(default rules)";

/// The name of each rule's folder and the text of its rule.yml.
pub(crate) fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    embedded::FILES.iter().filter_map(|(path, text)| Some((path.strip_suffix("/rule.yml")?, *text)))
}

/// The default rules, as if they were read from [`FOLDER`].
pub(crate) fn load() -> Loaded {
    let mut loaded = Loaded::default();
    for (path, text) in embedded::FILES {
        let source = || Source { path: Path::new(FOLDER).join(path), text: (*text).to_owned() };
        if *path == "allowlist.yml" {
            loaded.allowlists.push(source());
        } else if path.ends_with(".yml") {
            loaded.sources.push(source());
        }
    }
    loaded
}

/// The text of a file in [`FOLDER`].
pub(crate) fn text(path: &Path) -> Option<&'static str> {
    let below: PathBuf = path.strip_prefix(FOLDER).ok()?.into();
    embedded::FILES.iter().find(|(path, _)| Path::new(path) == below).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_there_with_its_cases_and_the_allowlist() {
        let loaded = load();
        assert!(loaded.sources.len() >= 70 && loaded.refused.is_empty());
        // The filters that rules share stand in a file of their own.
        assert_eq!(loaded.sources.len(), rules().count() + 1);
        assert_eq!(loaded.allowlists.len(), 1);
        for source in loaded.sources.iter().filter(|source| source.path.ends_with("rule.yml")) {
            let cases = source.path.with_file_name(crate::author::check::cases::FILE);
            assert!(text(&cases).is_some_and(|text| text.starts_with('{')), "{}", cases.display());
            // Of one's own rules nobody asks it; the default ones have it.
            assert!(source.text.contains("\nads:"), "{}", source.path.display());
        }
        assert_eq!(text(Path::new("allowlist.yml")), None);
    }
}
