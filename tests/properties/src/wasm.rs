//! The built module does what the core does natively, for any record and any tag, in any order.

use crate::record::pass;
use schtag::engine::Engine;
use schtag_host::run::wasmtime::{Instance, Timestamp};

/// Passes each of the records in `data`, which NULs separate, through both. What is before the first NUL is the tag.
pub fn check(engine: &mut Engine, instance: &mut Instance, data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let tag = parts.next().unwrap_or_default();
    for record in parts {
        let reply = instance.call(tag, Timestamp::default(), record).unwrap();
        let native = pass(engine, record);
        assert_eq!(reply.record, native, "{} and {}", reply.record.escape_ascii(), native.escape_ascii());
        assert_eq!(reply.in_place, native == record, "an unchanged record is answered by its own address");
    }
}
