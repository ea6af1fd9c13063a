//! Inputs: samples, events, and records that are hostile, expensive or made by chance.

pub mod bombs;
pub mod events;
pub mod expensive;
pub mod hostile;
pub mod hungry;
pub mod mutations;
pub mod random;
pub mod samples;
pub mod seeds;
pub mod stalls;
pub mod stream;
pub mod table;
pub mod workload;
