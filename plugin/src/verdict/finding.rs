//! A rule or correlation that is reported.
use crate::rules::{Evidence, Level};

/// A rule or correlation that is reported.
#[derive(Debug, PartialEq)]
pub struct Finding<'a> {
    /// Its number in the pack: a correlation's is behind those of the rules.
    pub number: usize,
    /// Its id.
    pub id: &'a str,
    /// Its title, or that of the first selection that holds and has one.
    pub title: &'a str,
    /// Its own level.
    pub level: Level,
    /// The ATT&CK techniques of what decided.
    pub techniques: Vec<&'a str>,
    /// The values that the matches of a correlation have in common.
    pub in_common: Vec<Evidence<'a>>,
    /// The values that decided.
    pub evidence: &'a [Evidence<'a>],
}
