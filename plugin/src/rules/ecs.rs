//! Names for the objects `rule` and `threat` of the Elastic Common Schema.
use serde::{Deserialize, Serialize};

/// What those objects say that a rule's evaluation does not need.
///
/// Source: <https://www.elastic.co/guide/en/ecs/current/ecs-rule.html> and `ecs-threat.html` beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecs {
    /// The ATT&CK tactics that any rule has.
    pub tactics: Vec<AttackName>,
    /// The ATT&CK techniques and sub-techniques that any rule has, and the techniques that the sub-techniques
    /// belong to, by id.
    pub techniques: Vec<AttackName>,
    /// The rules and correlations that have something to add, by id.
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

/// What a rule adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsRule {
    /// The rule's `id`.
    pub id: String,
    /// The first address among its `references`.
    pub reference: Option<String>,
    /// Its tactics, by index into [`Ecs::tactics`].
    pub tactics: Vec<u32>,
}

impl Ecs {
    /// What the rule of that id adds.
    pub fn rule(&self, id: &str) -> Option<&EcsRule> {
        let at = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.rules.get(at)
    }

    /// The name of a technique; its id, where the name is not known.
    pub fn technique<'a>(&'a self, id: &'a str) -> &'a str {
        let at = self.techniques.binary_search_by(|technique| technique.id.as_str().cmp(id)).ok();
        at.and_then(|at| self.techniques.get(at)).map_or(id, |technique| &technique.name)
    }
}
