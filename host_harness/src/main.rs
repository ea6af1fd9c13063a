//! The command `schtag`.
fn main() {}
