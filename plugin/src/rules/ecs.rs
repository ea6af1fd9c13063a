//! Names for the objects `rule` and `threat` of the Elastic Common Schema.
use serde::{Deserialize, Serialize};

/// The names and addresses in the tag's objects `rule` and `threat`. A rule's evaluation does not need them.
///
/// Source: <https://www.elastic.co/guide/en/ecs/current/ecs-rule.html> and `ecs-threat.html` beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecs {
    /// The ATT&CK tactics that any rule has.
    pub tactics: Vec<AttackName>,
    /// The ATT&CK techniques and sub-techniques that any rule has, and the techniques that the sub-techniques
    /// belong to, by id.
    pub techniques: Vec<AttackName>,
    /// The addresses that rules refer to.
    pub references: Vec<String>,
    /// The parts for each rule, in the pack's order, and then for each correlation.
    pub rules: Vec<EcsRule>,
}

/// Something of ATT&CK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackName {
    /// For example `T1053.005` or `TA0002`.
    pub id: String,
    /// For example `Scheduled Task`.
    pub name: String,
}

/// The part for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsRule {
    /// The first address among its `references`, by index into [`Ecs::references`].
    pub reference: Option<u32>,
    /// Its tactics: the bit of each index into [`Ecs::tactics`], of which ATT&CK has fewer than 32.
    pub tactics: u32,
}

impl Ecs {
    /// The address that a rule refers to.
    pub fn reference(&self, rule: usize) -> Option<&str> {
        let reference = self.rules.get(rule)?.reference?;
        self.references.get(reference as usize).map(String::as_str)
    }

    /// The tactics of a rule.
    pub fn tactics_of(&self, rule: usize) -> impl Iterator<Item = &AttackName> {
        let bits = self.rules.get(rule).map_or(0, |rule| rule.tactics);
        self.tactics
            .iter()
            .zip(0..u32::BITS)
            .filter(move |(_, bit)| bits >> bit & 1 == 1)
            .map(|(name, _)| name)
    }

    /// The name of a technique; its id, where the name is not known.
    pub(crate) fn technique<'a>(&'a self, id: &'a str) -> &'a str {
        let at = self.techniques.binary_search_by(|technique| technique.id.as_str().cmp(id)).ok();
        at.and_then(|at| self.techniques.get(at)).map_or(id, |technique| &technique.name)
    }
}
