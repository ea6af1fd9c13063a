//! The filter as a transform for pipelines in Rust, in the form of Vector's.
//!
//! [`FunctionTransform`], [`Event`] and [`OutputBuffer`] mirror what a Vector transform is made of
//! (`lib/vector-core/src/transform/mod.rs` in its source): an event goes in, events come out, and each carries
//! metadata that is moved along untouched. They do not link Vector, whose crates are not published; an adapter
//! implements [`EventValue`] for its own value and passes its own metadata as `M`.
//!
//! [`Tag`] is the transform. What it keeps to:
//!
//! - One event in, one event out, with the same metadata. Vector's acknowledgements hang on the metadata: a
//!   transform that makes it anew acknowledges what has not been delivered.
//! - When the guest fails on an event (it traps, answers nonsense, runs out of fuel or memory), the event comes out
//!   as it was, with a note of that under the tag's key, it is counted, and the next event gets a fresh instance.
//!   Nothing is dropped and nothing panics.
//! - A clone costs next to nothing, since Vector makes one for each batch: it takes an instance from a shared pool
//!   at its first event and gives it back when it is dropped.
//!
//! Rules over several events (a task created, then deleted) see what passed through their own instance. One clone
//! after the other gets the same instance; clones at work at the same time do not share a memory.
//!
//! ```no_run
//! use schtag_host::run::wasmtime::Module;
//! use schtag_host::run::transform::{Event, FunctionTransform, OutputBuffer, Tag, TagOptions};
//!
//! let module = Module::new(&std::fs::read("dist/schtag.wasm")?)?;
//! let mut tag = Tag::new(module, TagOptions::default())?;
//! let mut output = OutputBuffer::default();
//! let value = serde_json::from_str::<serde_json::Map<_, _>>(r#"{"event_id": 4698}"#)?;
//! tag.transform(&mut output, Event { value, metadata: "whatever the pipeline keeps about it" });
//! for event in output.into_events() {
//!     println!("{}: {:?}", event.metadata, event.value.get("schtag"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod counters;
mod event;
mod note;
mod pool;
mod tag;
#[cfg(test)]
mod tests;

pub use counters::{Counters, ERRORS, RECEIVED_EVENTS, SENT_EVENTS, Snapshot};
pub use event::{Event, EventValue, OutputBuffer, RawJson};
pub use tag::{Judged, Tag, TagOptions};

/// A transform that needs no order and keeps nothing between events that a result depends on: Vector may run
/// clones of it at the same time.
pub trait FunctionTransform<V, M>: Send + Sync {
    /// Takes one event, and puts what becomes of it into `output`.
    fn transform(&mut self, output: &mut OutputBuffer<V, M>, event: Event<V, M>);
}
