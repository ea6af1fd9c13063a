//! The records of an input, one by one.

use super::input::{Found, Input, Opened};
use super::ndjson::{DEFAULT_LINE_LIMIT, InputError, Piece};
use std::io::Read;
use std::path::Path;

/// Hands on each record of an input in any form that [`Opened`] knows, in order. What is no record is passed over.
///
/// # Errors
/// When the input cannot be read, or holds no records.
pub(crate) fn records(
    input: impl Read,
    path: Option<&Path>,
    mut take: impl FnMut(Vec<u8>),
) -> Result<(), InputError> {
    match Opened::new(input, DEFAULT_LINE_LIMIT, path, true)?.input {
        Input::Lines(mut lines) => {
            while let Some(piece) = lines.next_piece()? {
                let Piece::Line { text, .. } = piece else { continue };
                let record = text.trim_ascii();
                if !record.is_empty() {
                    take(record.to_vec());
                }
            }
        }
        Input::Records(mut records) => {
            while let Some(found) = records.next_record()? {
                if let Found::Record { json, .. } = found {
                    take(json);
                }
            }
        }
        Input::EventLog(mut log) => loop {
            let more = log.next_chunk(|found| {
                if let Ok(event) = found {
                    take(event.json);
                }
                Ok::<(), std::convert::Infallible>(())
            })?;
            if matches!(more, Ok(false)) {
                break;
            }
        },
    }
    Ok(())
}
