//! A pack as bytes: what the baking host hands to the guest.
use super::Pack;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A pack with its identity, in [postcard](https://postcard.jamesmunns.com/wire-format) form: the format
/// first, so that a guest can tell a pack of another version from one that is broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// [`Pack::FORMAT`] of the compiler that made it.
    pub format: u32,
    /// Lower-case hexadecimal SHA-256 of the pack's own postcard form.
    pub hash: String,
    /// The rules and settings.
    pub pack: Pack,
}

impl Packed {
    /// Reads a pack.
    ///
    /// # Errors
    /// When the bytes are not a pack, or one of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        let (format, _) = postcard::take_from_bytes::<u32>(bytes).map_err(|_| LoadError::NotAPack)?;
        if format != Pack::FORMAT {
            return Err(LoadError::OtherFormat);
        }
        postcard::from_bytes(bytes).map_err(|_| LoadError::NotAPack)
    }

    /// The pack as bytes.
    ///
    /// # Errors
    /// Never in practice: nothing in a pack is beyond the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LoadError> {
        postcard::to_allocvec(self).map_err(|_| LoadError::NotAPack)
    }
}

/// Why a pack cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// The bytes are not a pack.
    NotAPack,
    /// The pack was made by a compiler of another version.
    OtherFormat,
    /// A part of it does not fit the rest, in words.
    Unusable(&'static str),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPack => f.write_str("not a rule pack"),
            Self::OtherFormat => {
                write!(f, "a rule pack of another format than {}; compile the rules again", Pack::FORMAT)
            }
            Self::Unusable(why) => write!(f, "unusable rule pack: {why}"),
        }
    }
}

impl std::error::Error for LoadError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_survives_the_journey() {
        let packed = Packed { format: Pack::FORMAT, hash: "ab".into(), pack: Pack::default() };
        assert_eq!(Packed::from_bytes(&packed.to_bytes().unwrap()).unwrap(), packed);
    }

    #[test]
    fn another_format_is_told_from_garbage() {
        let other = Packed { format: Pack::FORMAT + 1, hash: String::new(), pack: Pack::default() };
        assert_eq!(Packed::from_bytes(&other.to_bytes().unwrap()), Err(LoadError::OtherFormat));
        assert_eq!(Packed::from_bytes(&[]), Err(LoadError::NotAPack));
        assert_eq!(Packed::from_bytes(&[2, 200, 200]), Err(LoadError::NotAPack));
    }
}
