//! Windows event logs: any bytes are read to their end as events or as damage in words, within a bounded size.

use crate::text::is_object;
use schtag_host::records::EventLog;
use std::convert::Infallible;

/// Bytes of a chunk of the file, and the most of it that can be records.
const CHUNK: usize = 64 << 10;
const RECORDS: usize = CHUNK / 24;
/// The most bytes of text that a chunk may become: a template can be used again and again.
const TEXT: usize = 128 << 20;

/// Reads a log.
pub fn check(data: &[u8]) {
    let mut log = EventLog::new(Box::new(data)).unwrap();
    let mut chunks = 0;
    loop {
        let (mut found, mut bytes) = (0, 0);
        let more = log
            .next_chunk(|event| {
                found += 1;
                match event {
                    Ok(event) => {
                        assert!(is_object(&event.json), "{}", event.json.escape_ascii());
                        assert!(!event.json.contains(&b'\n'), "more than a line");
                        bytes += event.json.len();
                    }
                    Err(damage) => {
                        assert!(!damage.what.is_empty());
                        bytes += damage.what.len();
                    }
                }
                Ok::<(), Infallible>(())
            })
            .unwrap();
        assert!(found <= 2 * RECORDS, "{found} from one chunk");
        assert!(bytes <= TEXT, "{bytes} bytes from one chunk");
        if !more.unwrap() {
            break;
        }
        chunks += 1;
    }
    assert!(chunks <= data.len().div_ceil(CHUNK), "{chunks} chunks");
}
