//! Limits of the parts of a module, so that nobody's module keeps the host busy with checking, compiling and starting it.
//!
//! The base module has 626 functions in 518 kB of code, the largest of 29 kB with 107 locals; its blocks are nested 66
//! deep at most, and have a weight ([`WEIGHT`]) of 55,000 in one function and 344,000 in all.
use super::GateError;
use crate::wasm::limiter::TABLE;
use std::collections::VecDeque;
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// The most functions.
const FUNCTIONS: u64 = 20_000;
/// The most types, globals, exports, imports and segments of elements, each.
const ENTRIES: u64 = 20_000;
/// The most segments of data. A snapshot has thousands, since they leave out what is zero.
const SEGMENTS: u64 = 100_000;
/// The most tables, and the most memories.
const SPACES: u64 = 8;
/// The most pages (64 KiB) that a memory may have at the start: 64 MiB.
const PAGES: u64 = 1_024;
/// The most bytes of code.
const CODE: u64 = 4 << 20;
/// The most bytes of one function.
const BODY: u64 = 128 << 10;
/// The most locals of one function.
const LOCALS: u64 = 2_048;
/// The deepest nesting of blocks in a function.
const DEPTH: u64 = 500;
/// The greatest weight of a function: its blocks times its parameters and locals. The compiler keeps the value of each
/// local at the head of each block.
const WEIGHT: u64 = 150_000;
/// The greatest weight of all functions together.
const TOTAL_WEIGHT: u64 = 1_000_000;
/// The most bytes of data.
const DATA: u64 = 64 << 20;

/// Checks that no part of a module is larger than it may be. Nothing else is checked.
///
/// # Errors
/// The first part that is too large, and [`GateError::NotWasm`] when the bytes cannot be read.
pub(crate) fn check_limits(wasm: &[u8]) -> Result<(), GateError> {
    let bad = GateError::NotWasm;
    let (mut data, mut elements, mut weight) = (0_u64, 0_u64, 0_u64);
    // The number of parameters by type, and of the functions that have no body yet.
    let (mut types, mut parameters) = (Vec::new(), VecDeque::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(bad)? {
            Payload::TypeSection(section) => {
                within("types", section.count().into(), ENTRIES)?;
                // Other types than those of functions are refused later.
                let read = section.into_iter_err_on_gc_types().map_while(Result::ok);
                types = read.map(|ty| ty.params().len() as u64).collect();
            }
            Payload::ImportSection(section) => within("imports", section.count().into(), ENTRIES)?,
            Payload::FunctionSection(section) => {
                within("functions", section.count().into(), FUNCTIONS)?;
                let read = section.into_iter().map_while(Result::ok);
                parameters = read.map(|ty| types.get(ty as usize).copied().unwrap_or(0)).collect();
            }
            Payload::GlobalSection(section) => within("globals", section.count().into(), ENTRIES)?,
            Payload::ExportSection(section) => within("exports", section.count().into(), ENTRIES)?,
            Payload::TableSection(section) => {
                within("tables", section.count().into(), SPACES)?;
                for table in section {
                    within("table elements", table.map_err(bad)?.ty.initial, TABLE as u64)?;
                }
            }
            Payload::MemorySection(section) => {
                within("memories", section.count().into(), SPACES)?;
                for memory in section {
                    within("pages of memory", memory.map_err(bad)?.initial, PAGES)?;
                }
            }
            Payload::ElementSection(section) => {
                within("element segments", section.count().into(), ENTRIES)?;
                for segment in section {
                    let count = match segment.map_err(bad)?.items {
                        wasmparser::ElementItems::Functions(items) => items.count(),
                        wasmparser::ElementItems::Expressions(_, items) => items.count(),
                    };
                    elements = elements.saturating_add(count.into());
                    within("elements in segments", elements, TABLE as u64)?;
                }
            }
            Payload::DataSection(section) => {
                within("data segments", section.count().into(), SEGMENTS)?;
                for segment in section {
                    data = data.saturating_add(segment.map_err(bad)?.data.len() as u64);
                    within("bytes of data", data, DATA)?;
                }
            }
            Payload::CodeSectionStart { count, size, .. } => {
                within("functions", count.into(), FUNCTIONS)?;
                within("bytes of code", size.into(), CODE)?;
            }
            Payload::CodeSectionEntry(body) => {
                weight = weight.saturating_add(function(&body, parameters.pop_front().unwrap_or(0))?);
                within("blocks times locals", weight, TOTAL_WEIGHT)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks a function with this number of parameters. Returns its weight.
fn function(body: &FunctionBody<'_>, parameters: u64) -> Result<u64, GateError> {
    let bad = |error: BinaryReaderError| GateError::NotWasm(error);
    within("bytes in a function", body.range().len() as u64, BODY)?;
    let mut locals = parameters;
    for declaration in body.get_locals_reader().map_err(bad)? {
        locals = locals.saturating_add(declaration.map_err(bad)?.0.into());
        within("locals in a function", locals, LOCALS)?;
    }
    let (mut depth, mut weight) = (0_u64, 0_u64);
    for operator in body.get_operators_reader().map_err(bad)? {
        match operator.map_err(bad)? {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => {
                depth = depth.saturating_add(1);
                within("nested blocks", depth, DEPTH)?;
                weight = weight.saturating_add(locals);
                within("blocks times locals in a function", weight, WEIGHT)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(weight)
}

const fn within(what: &'static str, found: u64, limit: u64) -> Result<(), GateError> {
    if found > limit { Err(GateError::TooMuch { what, found, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;
    use wasm_encoder::{
        CodeSection, ConstExpr, DataSection, Function, FunctionSection, Instruction, MemorySection,
        MemoryType, Module, RefType, TableSection, TableType, TypeSection,
    };

    /// A module of `count` functions, each of `blocks` nested blocks and `locals` locals.
    fn functions(count: u32, blocks: usize, locals: u32) -> Vec<u8> {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        let mut function = Function::new([(locals, wasm_encoder::ValType::I32)]);
        for _ in 0..blocks {
            function.instruction(&Instruction::Block(wasm_encoder::BlockType::Empty));
        }
        for _ in 0..=blocks {
            function.instruction(&Instruction::End);
        }
        for _ in 0..count {
            functions.function(0);
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module.finish()
    }

    fn memory(pages: u64) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut module = Module::new();
        module.section(&memories);
        module.finish()
    }

    fn table(elements: u64) -> Vec<u8> {
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: elements,
            maximum: None,
            table64: false,
            shared: false,
        });
        let mut module = Module::new();
        module.section(&tables);
        module.finish()
    }

    fn segments(count: u32) -> Vec<u8> {
        let mut data = DataSection::new();
        (0..count).for_each(|_| {
            data.active(0, &ConstExpr::i32_const(0), [0]);
        });
        let mut module = Module::new();
        module.section(&data);
        module.finish()
    }

    #[test]
    fn what_is_too_large_is_refused_before_anything_is_compiled() {
        for (wasm, words) in [
            (functions(300_000, 0, 0), "300000 functions, more than 20000"),
            (functions(1, 30_000, 0), "501 nested blocks, more than 500"),
            (functions(1, 400_000, 0), "bytes in a function, more than 131072"),
            (functions(1, 0, 50_000), "50000 locals in a function"),
            (functions(20_000, 400, 0), "bytes of code"),
            (functions(1, 400, 1_000), "151000 blocks times locals in a function, more than 150000"),
            (functions(100, 100, 500), "1050000 blocks times locals, more than 1000000"),
            (memory(65_536), "65536 pages of memory"),
            (table(u32::MAX.into()), "table elements"),
            (segments(100_001), "100001 data segments"),
        ] {
            let error = super::super::check(&wasm, super::super::Form::Base, usize::MAX).unwrap_err();
            assert!(matches!(error, GateError::TooMuch { .. }), "{error}");
            assert!(error.to_string().contains(words), "{error} should say {words:?}");
        }
    }

    #[test]
    fn what_the_base_has_is_far_within() {
        check_limits(&test_guest::base()).unwrap();
        check_limits(&functions(2_000, 20, 20)).unwrap();
        check_limits(&functions(1, 500, 300)).unwrap();
        check_limits(&functions(1, 70, 2_048)).unwrap();
        check_limits(&memory(1_024)).unwrap();
    }
}
