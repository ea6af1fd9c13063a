//! The compiled form of a rule set: plain data, written by the host's compiler, read by the guest once.
use super::{Dfa, Ecs};
use crate::command::programs::Programs;
use crate::fields::{Field, View};
use serde::{Deserialize, Serialize};

/// Rules and settings, compiled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pack {
    /// The operator's settings.
    pub settings: Settings,
    /// The rules, in the order in which they were given.
    pub rules: Vec<Rule>,
    /// Every distinct test of all rules; rules refer to them by index.
    pub patterns: Vec<Pattern>,
    /// Regular expressions.
    pub regexes: Vec<Regex>,
    /// Rules over several events.
    pub correlations: Vec<Correlation>,
    /// The entries for programs, which say what they do with their arguments.
    pub programs: Programs,
    /// The data for the tag's ECS objects, where the settings ask for them.
    pub ecs: Option<Ecs>,
}

impl Pack {
    /// The version of this form. A guest refuses a pack of another version.
    pub const FORMAT: u32 = 6;
}

/// A Sigma rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The rule's `id`.
    pub id: String,
    /// The rule's `title`.
    pub title: String,
    /// The rule's `level`.
    pub level: Level,
    /// ATT&CK techniques from its `tags`, in the form `T1053.005`. First those that every match claims.
    pub techniques: Vec<String>,
    /// The number of `techniques` that every match claims; the others belong to `branches`.
    pub own_techniques: u32,
    /// The techniques and titles of single selections, in the order of the rule.
    pub branches: Vec<Branch>,
    /// The kind of event that it matches.
    pub view: View,
    /// True if a match is reported by itself; false for a rule that only feeds a correlation.
    pub reported: bool,
    /// The condition, in postfix order. It leaves one truth value.
    pub condition: Vec<Op>,
}

/// A selection of a rule with techniques or a title of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The selection, in postfix order: a part of the rule's condition.
    pub condition: Vec<Op>,
    /// The techniques that it claims when it holds: indices into [`Rule::techniques`].
    pub techniques: Vec<u32>,
    /// The title of a match in which it is the first that holds and has one.
    pub title: Option<String>,
}

/// One step of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Push whether a pattern (by index) matches.
    Pattern(u32),
    /// Push a constant.
    Constant(bool),
    /// Pop that many and push whether at least so many of them are true: `AtLeast { least: n, of: n }` is
    /// "and", `AtLeast { least: 1, of: n }` is "or".
    AtLeast {
        /// The number that must be true.
        least: u32,
        /// The number that are popped.
        of: u32,
    },
    /// Negate the top.
    Not,
}

/// Sigma's levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "Sigma's own words")]
pub enum Level {
    #[default]
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// The level's name, as in Sigma.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The next level up; the highest stays.
    pub(crate) const fn raised(self) -> Self {
        match self {
            Self::Informational => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

/// A test of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Where to look.
    pub target: Target,
    /// The test of the field's value.
    pub test: Test,
}

/// A regular expression, compiled by the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Regex {
    /// Says whether it is found.
    pub automaton: Dfa,
    /// Every value in which it is found holds one of these texts, in folded case, so that others need not be
    /// searched. Empty when nothing of the kind is known.
    pub literals: Vec<String>,
}

/// Where a pattern looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// One field. The pattern matches when any value of the field does.
    Field(Field),
    /// Any field that the view shows (Sigma's keywords).
    Anywhere(View),
}

/// A test of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// The whole value fits a glob.
    Text(Glob),
    /// A regular expression, by index, is found in the value.
    Regex(u32),
    /// The field has a value, or has none.
    Exists(bool),
    /// The value is a number that compares so.
    Number(Comparison, f64),
    /// The value is an address within a network.
    Cidr(Cidr),
    /// The value relates so to a value of another field.
    FieldRef {
        /// The other field.
        field: Field,
        /// The relation between this field's value and the other's.
        relation: Relation,
        /// True if case counts.
        cased: bool,
    },
}

/// A text pattern that the whole value must fit: `contains` is `Any, literal, Any`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Glob {
    /// True if case counts. When it does not, literals are stored as [`super::fold`] has them.
    pub cased: bool,
    /// The parts in order. No two literals and no two `Any` are neighbours. No part at all fits only the
    /// empty value.
    pub parts: Vec<GlobPart>,
}

/// A part of a [`Glob`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GlobPart {
    /// This text.
    Literal(String),
    /// `*`: any text, also none.
    Any,
    /// `?`: one character.
    One,
}

/// A numeric comparison: the value of the field is … than the given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Sigma's own words")]
pub enum Comparison {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
}

/// A relation between the values of two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Sigma's own words")]
pub enum Relation {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
}

/// An IP network. IPv4 networks are kept as such, not mapped into IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cidr {
    /// The network's address.
    pub network: std::net::IpAddr,
    /// Length of the prefix, in bits.
    pub prefix: u8,
}

/// A Sigma correlation rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The rule's `id`.
    pub id: String,
    /// The rule's `title`.
    pub title: String,
    /// The rule's `level`.
    pub level: Level,
    /// ATT&CK techniques from its `tags`.
    pub techniques: Vec<String>,
    /// Which kind.
    pub kind: CorrelationKind,
    /// The rules it is about, by index, in order.
    pub rules: Vec<u32>,
    /// The fields that group events: for each, the field to read on a match of each rule in `rules`.
    pub group_by: Vec<Vec<Field>>,
    /// The window, in seconds.
    pub timespan: u32,
    /// The counts that satisfy it; all must hold. Empty for the temporal kinds.
    pub condition: Vec<(Comparison, u64)>,
    /// The field whose distinct values are counted, of `ValueCount`.
    pub value_field: Option<Field>,
}

/// The kinds of correlation that are evaluated in the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Sigma's own words")]
pub enum CorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
}

/// The operator's settings. The schema of the settings file is docs/settings.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The key of the tag in the record.
    pub key: String,
    /// Matches below this level are not reported.
    pub minimum_level: Level,
    /// True if every task event is described, also when no rule matches.
    pub observe_all: bool,
    /// True if a match on a server or domain controller is raised by one level.
    pub raise_on_servers: bool,
    /// The path of the record member that names the host's role, for example `["host_role"]`.
    pub role_member: Vec<String>,
    /// Host-name patterns, tried in order when the record does not name a role.
    pub role_patterns: Vec<RolePattern>,
    /// True if a name that is a server's or a domain controller's by convention says the role where nothing else does.
    pub roles_by_name: bool,
    /// Entries for known benign tasks.
    pub allowlist: Vec<Allow>,
    /// Where every record comes from.
    pub source: Source,
    /// True if tags have Elastic's object `winlog.scheduled_task`.
    pub elastic: bool,
}

/// Where every record comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// From anywhere: a record is validated before it is passed on.
    #[default]
    Any,
    /// Straight from Fluent Bit's `winevtlog` input: a record that begins as those of other events do is passed on
    /// unread.
    Winevtlog,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            key: "schtag".into(),
            minimum_level: Level::Informational,
            observe_all: false,
            raise_on_servers: true,
            role_member: vec!["host_role".into()],
            role_patterns: Vec::new(),
            roles_by_name: true,
            allowlist: Vec::new(),
            source: Source::Any,
            elastic: false,
        }
    }
}

/// The part that a host plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Role {
    Endpoint,
    Server,
    DomainController,
    #[default]
    Unknown,
}

impl Role {
    /// The role's name in settings, records and tags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Server => "server",
            Self::DomainController => "domain_controller",
            Self::Unknown => "unknown",
        }
    }
}

/// A role by host name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePattern {
    /// Fits the whole host name as shipped, or its first label.
    pub pattern: Glob,
    /// The role of the hosts that it fits.
    pub role: Role,
}

/// An allowlist entry. It covers an event when all that it names fit; at least one pattern is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allow {
    /// The name of the entry in the tag.
    pub name: String,
    /// Why it is there.
    pub reason: String,
    /// Unix time in seconds after which it no longer counts.
    pub expires: Option<u64>,
    /// Ids of the rules that it silences; empty means every rule.
    pub rules: Vec<String>,
    /// Patterns that must all fit: every value of the field for per-action fields of every action, so that
    /// one benign action does not cover for another.
    pub patterns: Vec<(Field, Glob)>,
    /// Lower-case hexadecimal SHA-256 of each action's `task.command_line`, any one of which may be met by
    /// every action; empty means that no hash is asked for.
    pub command_hashes: Vec<String>,
    /// Class ids of COM handlers, any one of which each action must have; empty means that none is asked for. A
    /// class id is its 32 hexadecimal digits as a number.
    pub class_ids: Vec<u128>,
}
