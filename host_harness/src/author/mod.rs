//! Help for who writes rules: checks with cases, explanations of a verdict, the catalogue's pages.

pub mod catalogue_pages;
pub mod check;
pub(crate) mod explain;
pub(crate) mod find;
