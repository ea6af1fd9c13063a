//! The operator's settings: any file is read or refused in words.

use crate::text::lossy;
use std::time::SystemTime;

/// Reads a settings file.
pub fn check(data: &[u8]) {
    match schtag_host::rules::settings::parse(&lossy(data), SystemTime::UNIX_EPOCH) {
        Ok(read) => assert!(!read.settings.key.is_empty() && read.settings.key.len() <= 64),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
