//! Sigma rules and the operator's settings: read, checked and compiled to the pack that the guest evaluates.

pub(crate) mod ads;
pub(crate) mod attack;
pub mod catalogue;
pub(crate) mod default_rules;
pub(crate) mod globs;
pub mod load;
pub mod programs;
pub mod settings;
pub mod sigma;
pub mod yaml;
