//! Host side of schtag.

pub mod settings;
pub mod sigma;
pub mod yaml;
