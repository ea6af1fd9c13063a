//! Sigma rules in compiled form, and their evaluation.
//!
//! A [`Pack`] is what the Sigma compiler of the host makes of rule files; the guest never sees YAML.

mod pack;

pub use pack::{
    Allow, Cidr, Comparison, Correlation, CorrelationKind, Glob, GlobPart, Level, Op, Pack, Pattern,
    Relation, Role, RolePattern, Rule, Settings, Target, Test,
};
