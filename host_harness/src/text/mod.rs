//! Ground: texts, times, bytes and whole files. Knows nothing of the other rooms.

pub mod digest;
pub mod files;
pub mod invisible;
pub mod time;
