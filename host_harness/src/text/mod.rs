//! Ground: texts, times, bytes and whole files. Knows nothing of the other rooms.

pub mod digest;
pub(crate) mod files;
pub mod invisible;
pub(crate) mod time;
