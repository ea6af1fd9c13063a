//! Sigma rules and the operator's settings: read, checked and compiled to the pack that the guest evaluates.

pub mod ads;
pub mod attack;
pub mod catalogue;
pub mod default_rules;
pub mod load;
pub mod programs;
pub mod settings;
pub mod sigma;
pub mod yaml;
