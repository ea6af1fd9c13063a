//! Sigma rules in compiled form, and their evaluation.
//!
//! A [`Pack`] is what the Sigma compiler of the host makes of rule files; the guest never sees YAML. A
//! [`Matcher`] is a pack made ready: its automata are built once, before the module is baked.

mod compact;
mod condition;
mod dfa;
mod ecs;
mod glob;
mod groups;
mod matcher;
mod needles;
mod pack;
mod packed;
mod short_circuit;
mod values;

pub use dfa::{Cells, Dfa};
pub use ecs::{AttackName, Ecs, EcsRule};
pub use glob::fold;
pub(crate) use matcher::{Evaluated, Order};
pub use matcher::{Evidence, Matched, Matcher, Place, Scratch, Trace};
pub use pack::{
    Allow, Branch, Cidr, Comparison, Correlation, CorrelationKind, Glob, GlobPart, Level, Op, Pack, Pattern,
    Regex, Relation, Role, RolePattern, Rule, Settings, Source, Target, Test,
};
pub use packed::{LoadError, Packed};
