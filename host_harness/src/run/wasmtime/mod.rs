//! Runs the filter module under wasmtime, with the sequence of calls that Fluent Bit makes.
//!
//! - [`Module`] is a checked and compiled module; it is cheap to clone and can be shared between threads.
//! - [`ModuleCache`] compiles each module once, and keeps its code in a folder if it is given one.
//! - [`Instance`] is one running guest. [`Instance::call`] does for a record exactly what Fluent Bit does, and
//!   says what went wrong where Fluent Bit drops the record.
//! - [`Tagger`] is what a pipeline uses: it keeps instances for as long as a Fluent Bit version does, replaces a
//!   faulty one, and gives every record back, tagged or as it was.
//!
//! ```no_run
//! use schtag_host::run::wasmtime::{Module, Options, Tagger, Timestamp};
//!
//! let module = Module::new(&std::fs::read("dist/schtag.wasm")?)?;
//! let mut tagger = Tagger::new(module, Options::default())?;
//! let tagged = tagger.tag_record(b"winevt.security", Timestamp::default(), br#"{"EventID":4624}"#);
//! assert_eq!(&*tagged.record, br#"{"EventID":4624}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod error;
mod instance;
mod module;
mod options;
mod tagger;

pub use cache::ModuleCache;
pub use error::{CallError, EngineError};
pub use instance::{Instance, Reply};
pub use module::Module;
pub use options::{Lifecycle, Options, Timestamp};
pub use tagger::{Tagged, Tagger};
