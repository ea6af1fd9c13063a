//! Reads what a rule says about itself.

use super::documents::split;
use super::refusal::{Fault, Reason};
use crate::rules::settings::{LEVELS, level};
use crate::rules::yaml::Node;
use rsigma_parser::Status;
use schtag::rules::Level;
use std::collections::BTreeMap;
use yaml_serde::Value;

/// Longest id, name and title.
const MAX_NAME: usize = 512;

/// The description that a rule, correlation or filter gives of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Its `id`; for a rule without one, the title in lower case with `-` between words.
    pub id: String,
    /// Its `title`.
    pub title: String,
    /// Its `name`, by which correlations and filters may refer to it.
    pub name: Option<String>,
    /// Its `status`.
    pub status: Option<Status>,
    /// Its `level`; `medium` when it has none.
    pub level: Level,
    /// Its `description`.
    pub description: String,
    /// Its `author`.
    pub author: Option<String>,
    /// Its `tags`.
    pub tags: Vec<String>,
    /// The ATT&CK techniques among the tags, in the form `T1053.005`.
    pub techniques: Vec<String>,
    /// Its `references`.
    pub references: Vec<String>,
    /// Its `falsepositives`.
    pub falsepositives: Vec<String>,
    /// Everything that is not Sigma's, for example the section `ads`.
    pub attributes: BTreeMap<String, Value>,
}

/// The keys of Sigma 2.1, and those of rsigma's that change what a rule means.
pub(super) const STANDARD: &[&str] = &[
    "title",
    "id",
    "related",
    "name",
    "taxonomy",
    "status",
    "description",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "logsource",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "tags",
    "scope",
    "correlation",
    "filter",
    "generate",
    "sigma-version",
    "type",
];

impl Metadata {
    /// Reads a document's metadata.
    pub(super) fn read(root: &Node<'_>) -> Result<Self, Fault> {
        let title = named(&root.require("title")?)?;
        let id = match root.get("id")? {
            Some(node) => named(&node)?,
            None => slug(&title),
        };
        sigma_version(root)?;
        let status = match root.get("status")? {
            Some(node) => Some(node.text()?.parse().map_err(|()| {
                node.expected("`stable`, `test`, `experimental`, `deprecated` or `unsupported`")
            })?),
            None => None,
        };
        if status == Some(Status::Unsupported) {
            return Err(Fault::new("status", Reason::UnsupportedStatus));
        }
        let level = match root.get("level")? {
            Some(node) => level(node.text()?).ok_or_else(|| node.expected(LEVELS))?,
            None => Level::Medium,
        };
        let texts = |key: &str| root.get(key)?.map_or(Ok(Vec::new()), |node| node.texts());
        let tags = texts("tags")?;
        Ok(Self {
            id,
            name: root.get("name")?.map(|node| named(&node)).transpose()?,
            status,
            level,
            description: root.get("description")?.map_or(Ok(""), |node| node.text())?.trim().to_owned(),
            author: root.get("author")?.map(|node| node.texts()).transpose()?.map(|names| names.join(", ")),
            techniques: techniques(&tags),
            tags,
            references: texts("references")?,
            falsepositives: texts("falsepositives")?,
            attributes: root
                .entries()?
                .filter(|(key, _)| !STANDARD.contains(key))
                .map(|(key, node)| (key.to_owned(), node.value().clone()))
                .collect(),
            title,
        })
    }

    /// Returns whether the id is made up from the title.
    pub(super) fn has_own_id(root: &Node<'_>) -> bool {
        matches!(root.get("id"), Ok(Some(_)))
    }
}

/// Returns what the rules and correlations of a file say about themselves, without compiling them. Documents that say
/// less than a rule must are left out.
pub(crate) fn metadata(text: &str) -> Vec<Metadata> {
    let documents = split(text).into_iter().filter_map(Result::ok);
    documents.filter_map(|document| Metadata::read(&Node::root(&document)).ok()).collect()
}

/// A text that names something.
fn named(node: &Node<'_>) -> Result<String, Fault> {
    let text = node.text()?.trim();
    if text.is_empty() {
        return Err(node.expected("a text").into());
    }
    if text.len() > MAX_NAME {
        return Err(Fault::new(node.place(), Reason::TextTooLong(MAX_NAME)));
    }
    Ok(text.to_owned())
}

/// Sigma 3 gives brackets in field names a meaning that the rule must be read with.
fn sigma_version(root: &Node<'_>) -> Result<(), Fault> {
    let Some(node) = root.get("sigma-version")? else { return Ok(()) };
    match rsigma_parser::version::major_from_value(node.value()) {
        Some(1 | 2) => Ok(()),
        Some(other) => Err(Fault::new(node.place(), Reason::SigmaVersion(other.to_string()))),
        None => Err(node.expected("a version of Sigma such as `2`").into()),
    }
}

/// `attack.t1053.005` is `T1053.005`; `None` of a tag that names no technique.
pub(super) fn technique(tag: &str) -> Option<String> {
    techniques(&[tag.to_owned()]).pop()
}

/// The techniques among tags, each once.
fn techniques(tags: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for tag in tags {
        let Some(technique) = tag.strip_prefix("attack.t") else { continue };
        let (number, sub) = technique.split_once('.').map_or((technique, None), |(n, s)| (n, Some(s)));
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let technique = format!("T{technique}");
        if digits(number, 4) && sub.is_none_or(|sub| digits(sub, 3)) && !found.contains(&technique) {
            found.push(technique);
        }
    }
    found
}

/// A title as an id: its letters and digits in lower case, `-` for what is between.
fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Metadata, String> {
        let value = yaml_serde::from_str(text).unwrap();
        Metadata::read(&Node::root(&value)).map_err(|fault| format!("{}: {}", fault.place, fault.reason))
    }

    #[test]
    fn metadata_is_read_and_what_is_not_sigmas_is_kept() {
        let read = read(
            "{title: 'A task: hidden!', level: high, status: test, description: ' x ', author: [a, b],
              tags: [attack.persistence, attack.t1053.005, attack.t1112, attack.t1053.005, attack.t10, cve.2020-1],
              falsepositives: none, ads: {goal: y}}",
        )
        .unwrap();
        assert_eq!(read.id, "a-task-hidden");
        assert_eq!(read.level, Level::High);
        assert_eq!(read.techniques, ["T1053.005", "T1112"]);
        assert_eq!(read.falsepositives, ["none"]);
        assert_eq!(read.author.as_deref(), Some("a, b"));
        assert_eq!(read.attributes["ads"]["goal"], Value::String("y".into()));
        assert_eq!(read.attributes.len(), 1);
    }

    #[test]
    fn a_rule_without_a_level_is_of_medium_level() {
        assert_eq!(read("{title: x, id: y}").unwrap().level, Level::Medium);
    }

    #[test]
    fn slips_are_refused() {
        for (text, complaint) in [
            ("{id: x}", ": the key `title` is missing"),
            ("{title: ''}", "title: expected a text"),
            ("{title: [x]}", "title: expected a text, found a list"),
            ("{title: x, id: 3}", "id: expected a text, found the number 3"),
            ("{title: x, level: severe}", "level: expected `informational`"),
            ("{title: x, status: retired}", "status: expected `stable`"),
            ("{title: x, status: unsupported}", "status: its status is `unsupported`"),
            ("{title: x, sigma-version: 3}", "sigma-version: written for Sigma 3"),
            ("{title: x, sigma-version: new}", "sigma-version: expected a version"),
            ("{title: x, tags: {a: b}}", "tags: expected a text, found a mapping"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.starts_with(complaint), "{text}: {found}");
        }
        assert_eq!(
            read(&format!("{{title: {}}}", "x".repeat(600))).unwrap_err(),
            "title: longer than 512 bytes"
        );
    }
}
