//! Tests of the rules: what they find, what they leave alone, and how Sigma is read.

mod anywhere;
mod detection;
mod elastic;
mod evasion;
mod false_positives;
mod filters;
mod mappings;
mod rule_cases;
mod sequences;
mod sigma_differential;
