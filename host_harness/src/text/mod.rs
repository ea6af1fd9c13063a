//! Ground: texts, times, bytes and whole files. Knows nothing of the other rooms.

pub(crate) mod digest;
pub(crate) mod files;
pub(crate) mod invisible;
pub(crate) mod time;

pub use digest::sha256_hex;
pub use files::FileError;
pub use invisible::is_invisible;
