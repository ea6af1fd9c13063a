//! A module that counts the stack its calls take.
use super::{OF_HOST, frame_sizes};
use crate::wasm::outline::Outline;
use std::convert::Infallible;
use thiserror::Error;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, Module, RawSection, ValType,
};
use wasmparser::{FuncType, Parser, Payload};

/// The exported global that holds the most stack that any call so far needed, in bytes.
pub const PEAK: &str = "schtag_stack_peak";

/// Why a module cannot be metered.
#[derive(Debug, Error)]
pub enum MeterError {
    /// The bytes are not a valid module.
    #[error("the module cannot be read ({0})")]
    Parse(#[from] wasmparser::Error),
    /// A section cannot be encoded.
    #[error("the module cannot be written ({0})")]
    Encode(#[from] reencode::Error<Infallible>),
    /// Only modules like the shipped one can be metered.
    #[error("a module with imports cannot be metered")]
    Imports,
}

/// Makes of `wasm` a module that does the same and keeps in [`PEAK`] how much of WAMR's stack it would have needed.
///
/// Each function is wrapped in one that adds its frame (`frame_sizes`) before the call and takes it away after it. WAMR
/// refuses a frame unless it fits twice (`wasm_exec_env_alloc_wasm_frame`), so that is what counts.
///
/// # Errors
/// When `wasm` is not a valid module, or imports something.
pub fn metered(wasm: &[u8]) -> Result<Vec<u8>, MeterError> {
    let sizes = frame_sizes(wasm)?;
    let outline = Outline::parse(wasm)?;
    if !outline.imports.is_empty() {
        return Err(MeterError::Imports);
    }
    let mut types: Vec<FuncType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut globals = 0;
    let count = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
    let mut same = RoundtripReencoder;
    let mut module = Module::new();
    let mut bodies = outline.bodies.iter();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(section) => {
                types = section.clone().into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
                copy(&mut module, wasm, &payload);
            }
            Payload::FunctionSection(section) => {
                functions = section.clone().into_iter().collect::<Result<_, _>>()?;
                let mut both = FunctionSection::new();
                functions.iter().chain(&functions).for_each(|ty| {
                    both.function(*ty);
                });
                module.section(&both);
            }
            Payload::GlobalSection(section) => {
                globals = section.count();
                let mut with = GlobalSection::new();
                same.parse_global_section(&mut with, section.clone())?;
                let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
                with.global(ty, &ConstExpr::i32_const(OF_HOST.cast_signed()));
                with.global(ty, &ConstExpr::i32_const(0));
                module.section(&with);
            }
            Payload::ExportSection(section) => {
                let mut with = ExportSection::new();
                same.parse_export_section(&mut with, section.clone())?;
                with.export(PEAK, ExportKind::Global, globals.saturating_add(1));
                module.section(&with);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for (index, (ty, size)) in functions.iter().zip(&sizes).enumerate() {
                    let inner = count.saturating_add(u32::try_from(index).unwrap_or(u32::MAX));
                    let parameters = types.get(*ty as usize).map_or(0, |ty| ty.params().len());
                    code.function(&wrapper(parameters, *size, inner, globals));
                }
                for body in bodies.by_ref() {
                    same.parse_function_body(&mut code, body.clone())?;
                }
                module.section(&code);
            }
            Payload::CodeSectionEntry(_) | Payload::CustomSection(_) => {}
            _ => copy(&mut module, wasm, &payload),
        }
    }
    Ok(module.finish())
}

/// Copies a section byte for byte.
fn copy(module: &mut Module, wasm: &[u8], payload: &Payload<'_>) {
    if let Some((id, range)) = payload.as_section() {
        module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
    }
}

/// Calls the function `inner`, and counts. The global `depth` holds what is in use, the one after it the peak.
fn wrapper(parameters: usize, size: u32, inner: u32, depth: u32) -> Function {
    let peak = depth.saturating_add(1);
    let parameters = u32::try_from(parameters).unwrap_or(u32::MAX);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.global_get(depth).i32_const(size.saturating_mul(2).cast_signed()).i32_add().local_tee(parameters);
    code.global_get(peak).i32_gt_u().if_(BlockType::Empty).local_get(parameters).global_set(peak).end();
    code.global_get(depth).i32_const(size.cast_signed()).i32_add().global_set(depth);
    for parameter in 0..parameters {
        code.local_get(parameter);
    }
    code.call(inner).global_get(depth).i32_const(size.cast_signed()).i32_sub().global_set(depth).end();
    function
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::{Engine, Instance, Module, Store};

    #[test]
    fn it_does_the_same_and_counts() {
        let wat = r#"(module (global i32 (i32.const 7)) (memory 1)
            (func $leaf (param i32) (result i32) (local i64 i64 i64 i64) (i32.add (local.get 0) (i32.const 1)))
            (func (export "f") (param i32) (result i32) (call $leaf (call $leaf (local.get 0)))))"#;
        let wasm = wat::parse_str(wat).unwrap();
        let sizes = frame_sizes(&wasm).unwrap();
        let metered = metered(&wasm).unwrap();
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, &metered).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
        for _ in 0..3 {
            assert_eq!(f.call(&mut store, 40).unwrap(), 42);
            let peak = instance.get_global(&mut store, PEAK).unwrap().get(&mut store).unwrap_i32();
            assert_eq!(peak.cast_unsigned(), OF_HOST + sizes[1] + 2 * sizes[0]);
        }
    }
}
