//! JSON as bytes: strict validation without recursion, members in place, and edits that touch nothing else.
//!
//! A record must leave exactly as it came, number spelling, key order and all, so it is never parsed into
//! a tree and written back. [`Scanner::scan`] answers "is this one JSON object (RFC 8259, valid UTF-8)?"
//! and remembers where its members are; [`Object`] and [`Value`] look into it one level at a time;
//! [`append_member`] and [`remove_members`] copy bytes; [`repair()`] mends what a host is known to break;
//! [`append_in_place`] and its kin do without memory.

mod defects;
mod edit;
mod in_place;
mod levels;
mod mender;
mod number;
mod pairs;
#[cfg(test)]
mod properties;
mod repair;
mod scan;
mod scan_number;
mod scan_string;
mod sieve;
mod stop;
mod string_end;
mod text;
mod value;
mod walk;
mod window;
mod writer;

pub(crate) use defects::{is_description, is_kept_as_text};
pub use edit::{NotWritten, append_member, remove_members};
pub use in_place::{MORE, append_in_place, blank_members, wrap_in_place};
pub use repair::{Repaired, repair, wrap};
pub use scan::Scanner;
pub(crate) use scan_string::plain_string;
pub(crate) use sieve::Sieve;
pub use stop::Invalid;
pub use text::unescape;
pub(crate) use text::write_string;
pub(crate) use value::{Kind, Member};
pub use value::{Object, Value};
pub(crate) use walk::container_len;
pub use writer::Writer;
