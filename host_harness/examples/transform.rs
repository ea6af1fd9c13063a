//! The filter as a transform, with metadata that is moved along, as in a Vector pipeline.
//!
//! ```sh
//! cargo run --locked --example transform -- dist/schtag.wasm config_examples/demo/events.ndjson
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use schtag_host::run::transform::{Event, FunctionTransform, OutputBuffer, Tag, TagOptions};
use schtag_host::run::wasmtime::ModuleCache;
use serde_json::{Map, Value};
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let module = arguments.next().unwrap_or_else(|| "dist/schtag.wasm".into());
    let events = arguments.next().unwrap_or_else(|| "config_examples/demo/events.ndjson".into());

    // `ModuleCache::in_folder` keeps the compiled code for the next process, too.
    let module = ModuleCache::in_memory().load(&fs::read(module)?)?;
    let transform = Tag::new(module, TagOptions::default())?;

    // A Vector topology makes a clone of the transform for each batch.
    for batch in fs::read_to_string(events)?.lines().collect::<Vec<_>>().chunks(4) {
        let mut clone = transform.clone();
        let mut output = OutputBuffer::default();
        for (line, text) in batch.iter().enumerate() {
            let value: Map<String, Value> = serde_json::from_str(text)?;
            clone.transform(&mut output, Event { value, metadata: format!("event {line} of its batch") });
        }
        for event in output.into_events() {
            let tag = event.value.get("schtag");
            let title = tag.and_then(|tag| tag.get("title")).and_then(Value::as_str);
            println!("{}: {}", event.metadata, title.unwrap_or("nothing found"));
        }
    }
    let counted = transform.counters().snapshot();
    println!(
        "{} events in, {} out, faults: {:?}",
        counted.received_events, counted.sent_events, counted.errors
    );
    Ok(())
}
