//! The settings file: what the operator decides. Its schema is docs/settings.md.
//!
//! A settings file with a slip in it must not be half-applied: unknown keys, wrong types and entries that
//! could cover more than was meant are errors that name their place.

mod allowlist;
mod date;

use crate::rules::globs::path_glob;
use crate::rules::yaml::{Node, SchemaError, documents};
use schtag::rules::{Glob, Level, Role, RolePattern, Source};
use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

/// Values of the placeholders (`%name%`) of Sigma's `expand` modifier, by name.
pub(crate) type Placeholders = BTreeMap<String, Vec<String>>;

/// A settings file, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// The settings that go into the pack.
    pub settings: schtag::rules::Settings,
    /// The values for rules with `|expand`.
    pub placeholders: Placeholders,
    /// True if the allowlists that come with rules are left out.
    pub without_packaged: bool,
    /// True if tags have the ECS objects `rule` and `threat`.
    pub ecs: bool,
    /// The changes to single rules, by id or by the name of the rule's folder.
    pub(crate) rules: BTreeMap<String, RuleChange>,
    /// Settings that parse but are probably mistakes.
    pub warnings: Vec<SettingsWarning>,
}

/// A change to a rule that is not the operator's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleChange {
    /// The rule is left out.
    Disable,
    /// It has another level.
    Level(Level),
}

/// An error in a settings file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is not YAML.
    #[error("the settings are {0}")]
    Yaml(#[from] crate::rules::yaml::YamlError),
    /// There is more than one document.
    #[error("the settings are one YAML document; found {0}")]
    Documents(usize),
    /// A key is unknown or missing, or a value has the wrong type.
    #[error("settings: {place}{0}", place = at(.0.place()))]
    Schema(#[from] SchemaError),
    /// A value has the right type but no meaning here.
    #[error("settings: {at}{reason}", at = at(.place))]
    Value {
        /// Where, for example `allowlist[1].expires`.
        place: String,
        /// The problem, and how to solve it.
        reason: String,
    },
}

fn at(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

impl SettingsError {
    fn value(node: &Node<'_>, reason: impl fmt::Display) -> Self {
        Self::Value { place: node.place().to_owned(), reason: reason.to_string() }
    }
}

/// A setting that parses but is probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsWarning {
    /// An allowlist entry no longer counts.
    #[error("{place}: the allowlist entry `{name}` expired after {expired}; remove it or review its date")]
    Expired {
        /// Where, for example `allowlist[1].expires`.
        place: String,
        /// The entry's name.
        name: String,
        /// Its last day, as written.
        expired: String,
    },
}

/// Reads a settings file.
///
/// `now` decides which allowlist entries are reported as expired. An empty file means the defaults.
///
/// # Errors
/// See [`SettingsError`]. The first error is reported; nothing is applied in part.
pub fn parse(text: &str, now: SystemTime) -> Result<Configuration, SettingsError> {
    let (documents, error) = documents(text);
    if let Some(error) = error {
        return Err(error.into());
    }
    let document = match documents.as_slice() {
        [] => return Ok(Configuration::default()),
        [document] => document,
        several => return Err(SettingsError::Documents(several.len())),
    };
    let root = Node::root(document);
    root.only(&[
        "key",
        "minimum_level",
        "observe",
        "hosts",
        "allowlist",
        "packaged_allowlist",
        "placeholders",
        "source",
        "ecs",
        "elastic",
        "rules",
    ])?;

    let mut read = Configuration::default();
    if let Some(node) = root.get("key")? {
        read.settings.key = key(&node)?;
    }
    if let Some(node) = root.get("minimum_level")? {
        read.settings.minimum_level = level(node.text()?).ok_or_else(|| node.expected(LEVELS))?;
    }
    if let Some(node) = root.get("observe")? {
        read.settings.observe_all = match node.text()? {
            "all" => true,
            "none" => false,
            _ => return Err(node.expected("`all` or `none`").into()),
        };
    }
    if let Some(node) = root.get("ecs")? {
        read.ecs = node.boolean()?;
    }
    if let Some(node) = root.get("elastic")? {
        read.settings.elastic = node.boolean()?;
    }
    if let Some(node) = root.get("hosts")? {
        hosts(&node, &mut read.settings)?;
    }
    entries(&root, now, &mut read)?;
    if let Some(node) = root.get("packaged_allowlist")? {
        read.without_packaged = !node.boolean()?;
    }
    if let Some(node) = root.get("source")? {
        read.settings.source = match node.text()? {
            "any" => Source::Any,
            "winevtlog" => Source::Winevtlog,
            _ => return Err(node.expected("`any` or `winevtlog`").into()),
        };
    }
    if let Some(node) = root.get("placeholders")? {
        read.placeholders = placeholders(&node)?;
    }
    if let Some(node) = root.get("rules")? {
        for (rule, node) in node.entries()? {
            read.rules.insert(rule.to_owned(), change(&node)?);
        }
    }
    Ok(read)
}

/// Reads what is to become of a rule: `disable`, or a mapping with its `level`.
fn change(node: &Node<'_>) -> Result<RuleChange, SettingsError> {
    const FORM: &str = "`disable`, or a level as in `{level: low}`";
    match node.value().as_str() {
        Some("disable") => return Ok(RuleChange::Disable),
        Some(_) => return Err(node.expected(FORM).into()),
        None => {}
    }
    if node.entries().is_err() {
        return Err(node.expected(FORM).into());
    }
    node.only(&["level"])?;
    let level_node = node.require("level")?;
    level(level_node.text()?).map(RuleChange::Level).ok_or_else(|| level_node.expected(LEVELS).into())
}

/// Adds the entries of an allowlist that comes with rules: a YAML file with the key `allowlist` and nothing else. An
/// entry of the settings takes the place of a packaged one with the same name.
///
/// # Errors
/// See [`SettingsError`].
pub(crate) fn add_packaged(
    configuration: &mut Configuration,
    text: &str,
    now: SystemTime,
) -> Result<(), SettingsError> {
    let (documents, error) = documents(text);
    if let Some(error) = error {
        return Err(error.into());
    }
    let [document] = documents.as_slice() else { return Err(SettingsError::Documents(documents.len())) };
    let root = Node::root(document);
    root.only(&["allowlist"])?;
    let mut packaged = Configuration::default();
    entries(&root, now, &mut packaged)?;
    if configuration.without_packaged {
        return Ok(());
    }
    let own = &mut configuration.settings.allowlist;
    for entry in packaged.settings.allowlist {
        if !own.iter().any(|other| other.name == entry.name) {
            own.push(entry);
        }
    }
    configuration.warnings.extend(packaged.warnings);
    Ok(())
}

/// Reads the allowlist of a document.
fn entries(root: &Node<'_>, now: SystemTime, read: &mut Configuration) -> Result<(), SettingsError> {
    let Some(node) = root.get("allowlist")? else { return Ok(()) };
    for entry in node.elements()? {
        let (allow, warning) = allowlist::entry(&entry, now)?;
        if read.settings.allowlist.iter().any(|other| other.name == allow.name) {
            let reason = format!("there is another entry named `{}`; names tell entries apart", allow.name);
            return Err(SettingsError::value(&entry, reason));
        }
        read.settings.allowlist.push(allow);
        read.warnings.extend(warning);
    }
    Ok(())
}

/// The five levels, in words.
pub(crate) const LEVELS: &str = "`informational`, `low`, `medium`, `high` or `critical`";

/// Sigma's level of a name.
pub(crate) fn level(name: &str) -> Option<Level> {
    [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical]
        .into_iter()
        .find(|level| level.as_str() == name)
}

/// The name of the tag's member in the record.
fn key(node: &Node<'_>) -> Result<String, SettingsError> {
    const MAX_KEY: usize = 64;
    let key = node.text()?;
    if key.is_empty() || key.len() > MAX_KEY || key.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        let reason =
            format!("a key is 1 to {MAX_KEY} bytes without quotes, backslashes and control characters");
        return Err(SettingsError::value(node, reason));
    }
    Ok(key.to_owned())
}

fn hosts(node: &Node<'_>, settings: &mut schtag::rules::Settings) -> Result<(), SettingsError> {
    node.only(&["role_member", "raise_on_servers", "roles_by_name", "roles"])?;
    if let Some(by_name) = node.get("roles_by_name")? {
        settings.roles_by_name = by_name.boolean()?;
    }
    if let Some(member) = node.get("role_member")? {
        let path: Vec<String> = member.text()?.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(SettingsError::value(&member, "name a record member, or a path to it: `host.role`"));
        }
        settings.role_member = path;
    }
    if let Some(raise) = node.get("raise_on_servers")? {
        settings.raise_on_servers = raise.boolean()?;
    }
    if let Some(roles) = node.get("roles")? {
        for entry in roles.elements()? {
            entry.only(&["pattern", "role"])?;
            let pattern = pattern(&entry.require("pattern")?)?;
            let role = entry.require("role")?;
            let role = [Role::Endpoint, Role::Server, Role::DomainController]
                .into_iter()
                .find(|known| Some(known.as_str()) == role.value().as_str())
                .ok_or_else(|| role.expected("`endpoint`, `server` or `domain_controller`"))?;
            settings.role_patterns.push(RolePattern { pattern, role });
        }
    }
    Ok(())
}

/// A glob; see docs/settings.md for its notation.
fn pattern(node: &Node<'_>) -> Result<Glob, SettingsError> {
    let text = node.text()?;
    if text.is_empty() {
        return Err(SettingsError::value(
            node,
            "an empty pattern fits nothing but the empty text; remove it",
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(SettingsError::value(
            node,
            "it holds a tab, a line break or another control character, and would never fit: in YAML's double quotes a \
             backslash begins an escape; use single quotes",
        ));
    }
    path_glob(text).map_err(|error| SettingsError::value(node, error))
}

fn placeholders(node: &Node<'_>) -> Result<Placeholders, SettingsError> {
    let mut read = Placeholders::new();
    for (name, values) in node.entries()? {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            let reason = "a placeholder's name has only letters, digits, `_` and `-`, without the `%` signs";
            return Err(SettingsError::value(&values, reason));
        }
        let texts = values.texts()?;
        if texts.is_empty() {
            return Err(SettingsError::value(&values, "give at least one value"));
        }
        read.insert(name.to_owned(), texts);
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
