//! A third engine, and the one that matters: WAMR, which is in Fluent Bit, by its own command `iwasm`.
//!
//! `iwasm` is the program that the environment variable `IWASM` names, else `iwasm` on PATH. It takes numbers and
//! prints numbers, so [`driven`] adds functions to the filter by which a record goes in and a checksum comes out. One
//! process is one instance: `--repl` runs call after call in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, MemArg, Module, RawSection, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload};

use crate::project::on_path;

/// The bytes of stack that a call has in Fluent Bit, where nobody sets it.
pub const STACK: usize = 8192;

/// An error of `iwasm`.
#[derive(Debug, Error)]
pub enum WamrError {
    /// It cannot be started, or talked to.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// It says something else than one checksum for each record.
    #[error("{asked} records, {answered} answers from {program}: {said}")]
    Answers {
        /// The program.
        program: PathBuf,
        /// The number of records.
        asked: usize,
        /// The number of checksums that came.
        answered: usize,
        /// The end of what it wrote.
        said: String,
    },
}

/// Where `iwasm` is, if it is.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("IWASM") {
        return Some(named.into());
    }
    on_path("iwasm")
}

/// Passes records through one instance, with the stack that Fluent Bit gives. For each the [`checksum`] of what comes out.
///
/// `wasm` is the file of a [`driven`] module.
///
/// # Errors
/// When the program does not start, or a call traps.
pub fn run(program: &Path, wasm: &Path, seconds: u32, records: &[Vec<u8>]) -> Result<Vec<u64>, WamrError> {
    let failed = |error| WamrError::Io(program.to_owned(), error);
    let mut script = Vec::new();
    for record in records {
        commands(&mut script, seconds, record).map_err(failed)?;
    }
    let mut child = Command::new(program)
        .arg(format!("--stack-size={STACK}"))
        .arg(format!("--heap-size={STACK}"))
        .arg("--repl")
        .arg(wasm)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let input = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // Writing waits for reading, so each has a thread. A program that ends early says so by its answers.
        scope.spawn(|| input.map(|mut input| input.write_all(&script)));
        child.wait_with_output()
    })
    .map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout);
    // `webassembly> 0x1234:i64`, where each line that was read left a prompt.
    let answers: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?.strip_suffix(":i64")?, 16).ok())
        .collect();
    if answers.len() == records.len() {
        return Ok(answers);
    }
    let lines = said.lines().filter(|line| line.contains("xception") || line.contains("fail"));
    Err(WamrError::Answers {
        program: program.to_owned(),
        asked: records.len(),
        answered: answers.len(),
        said: lines.take(3).collect::<Vec<_>>().join("; "),
    })
}

/// The lines that pass a record.
fn commands(script: &mut Vec<u8>, seconds: u32, record: &[u8]) -> std::io::Result<()> {
    writeln!(script, "begin {}", record.len())?;
    for part in record.chunks(8) {
        let mut word = [0; 8];
        word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        writeln!(script, "put {}", i64::from_le_bytes(word))?;
    }
    writeln!(script, "pass {seconds}")
}

/// A number for bytes that hold no NUL (FNV-1a).
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(BASIS, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(PRIME))
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The filter with three more exports:
///
/// - `begin(length)` asks the filter for room for a record,
/// - `put(word)` puts the next eight bytes there,
/// - `pass(seconds)` passes the record, gives its room back, and returns the checksum of the answer.
///
/// # Errors
/// When `wasm` is not a module like the filter.
pub fn driven(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let mut same = RoundtripReencoder;
    let mut module = Module::new();
    let mut added = Added::default();
    let mut bodies = CodeSection::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| error.to_string())?;
        let said = |error: wasm_encoder::reencode::Error<_>| error.to_string();
        match &payload {
            Payload::TypeSection(section) => {
                let mut with = TypeSection::new();
                same.parse_type_section(&mut with, section.clone()).map_err(said)?;
                added.types = section.count();
                with.ty().function([ValType::I32], []);
                with.ty().function([ValType::I64], []);
                with.ty().function([ValType::I32], [ValType::I64]);
                module.section(&with);
            }
            Payload::FunctionSection(section) => {
                let mut with = FunctionSection::new();
                same.parse_function_section(&mut with, section.clone()).map_err(said)?;
                added.functions = section.count();
                (0..3).for_each(|index| {
                    with.function(added.types + index);
                });
                module.section(&with);
            }
            Payload::GlobalSection(section) => {
                let mut with = GlobalSection::new();
                same.parse_global_section(&mut with, section.clone()).map_err(said)?;
                added.globals = section.count();
                let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
                (0..3).for_each(|_| {
                    with.global(ty, &ConstExpr::i32_const(0));
                });
                module.section(&with);
            }
            Payload::ExportSection(section) => {
                let mut with = ExportSection::new();
                same.parse_export_section(&mut with, section.clone()).map_err(said)?;
                for export in section.clone() {
                    let export = export.map_err(|error| error.to_string())?;
                    if export.kind == ExternalKind::Func {
                        match export.name {
                            "malloc" => added.malloc = export.index,
                            "free" => added.free = export.index,
                            "schtag_filter" => added.filter = export.index,
                            _ => {}
                        }
                    }
                }
                for (name, index) in ["begin", "put", "pass"].into_iter().zip(added.functions..) {
                    with.export(name, ExportKind::Func, index);
                }
                module.section(&with);
            }
            Payload::CodeSectionEntry(body) => {
                same.parse_function_body(&mut bodies, body.clone()).map_err(said)?;
                if bodies.len() == added.functions {
                    bodies.function(&added.begin()).function(&added.put()).function(&added.pass());
                    module.section(&bodies);
                }
            }
            Payload::CodeSectionStart { .. } | Payload::CustomSection(_) => {}
            Payload::ImportSection(_) => return Err("the module imports something".into()),
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
                }
            }
        }
    }
    Ok(module.finish())
}

/// Where the additions are, and what they call.
#[derive(Default)]
struct Added {
    types: u32,
    functions: u32,
    /// The record's address, its length, and where the next word of it goes.
    globals: u32,
    malloc: u32,
    free: u32,
    filter: u32,
}

impl Added {
    const fn record(&self) -> u32 {
        self.globals
    }

    const fn length(&self) -> u32 {
        self.globals.saturating_add(1)
    }

    const fn next(&self) -> u32 {
        self.globals.saturating_add(2)
    }

    fn begin(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        code.local_get(0).global_set(self.length());
        // Room for the rest of the last word, and a NUL.
        code.local_get(0).i32_const(8).i32_add().call(self.malloc).global_set(self.record());
        code.global_get(self.record()).global_set(self.next()).end();
        function
    }

    fn put(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        code.global_get(self.next()).local_get(0).i64_store(BYTES);
        code.global_get(self.next()).i32_const(8).i32_add().global_set(self.next()).end();
        function
    }

    fn pass(&self) -> Function {
        let (tag, at, sum) = (1, 2, 3);
        let mut function = Function::new([(2, ValType::I32), (1, ValType::I64)]);
        let mut code = function.instructions();
        code.global_get(self.record()).global_get(self.length()).i32_add().i32_const(0).i32_store8(BYTES);
        code.i32_const(2).call(self.malloc).local_tee(tag).i32_const(i32::from(b't')).i32_store16(BYTES);
        code.local_get(tag).i32_const(1).local_get(0).i32_const(0);
        code.global_get(self.record()).global_get(self.length()).call(self.filter).local_set(at);
        code.i64_const(BASIS.cast_signed()).local_set(sum);
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        code.local_get(at).i32_load8_u(BYTES).i32_eqz().br_if(1);
        code.local_get(sum).local_get(at).i64_load8_u(BYTES).i64_xor();
        code.i64_const(PRIME.cast_signed()).i64_mul().local_set(sum);
        code.local_get(at).i32_const(1).i32_add().local_set(at).br(0).end().end();
        code.local_get(tag).call(self.free).global_get(self.record()).call(self.free);
        code.local_get(sum).end();
        function
    }
}

/// An access to bytes that need not be aligned.
const BYTES: MemArg = MemArg { offset: 0, align: 0, memory_index: 0 };
