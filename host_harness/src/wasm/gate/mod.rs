//! Checks that every supported Fluent Bit can load and run a module.
//!
//! Fluent Bit embeds WAMR without SIMD, tail calls, exceptions, GC or 64-bit memories (`src/wasm/CMakeLists.txt`);
//! up to 4.0.2 also without the encodings of the reference-types proposal, and on Windows without WASI. What
//! all of them load is [`Form::Shipped`].
mod limits;

pub(crate) use limits::check_limits;

use crate::wasm::abi;
use crate::wasm::outline::{Outline, kind_name};
use thiserror::Error;
use wasmparser::types::TypesRef;
use wasmparser::{ElementItems, ElementKind, Export, ExternalKind, ValType, Validator, WasmFeatures};

/// The features that every supported Fluent Bit has: the MVP plus five.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY);

/// A size that loads quickly and fits a Kubernetes ConfigMap (1 MiB in all) with room for the configuration.
pub const DEFAULT_BUDGET: usize = 1_000_000;
/// The share of it for the default rules, so that an operator's own rules and settings find room.
pub const DEFAULT_PACK_BUDGET: usize = 900_000;

/// The purpose of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The compiler's output: it exports `schtag_load`, holds no rules, and may use the encodings of the reference-types
    /// proposal, which rustc does since 1.82.
    Base,
    /// A module that Fluent Bit loads.
    Shipped,
}

/// Why a module is refused.
#[derive(Debug, Error)]
pub enum GateError {
    /// The bytes are not a valid module of any WebAssembly version.
    #[error("this is not a valid WebAssembly module ({0}); give a .wasm file in the binary format")]
    NotWasm(#[source] wasmparser::Error),
    /// The module needs a feature that some supported Fluent Bit lacks.
    #[error(
        "the module needs a WebAssembly feature that not every Fluent Bit has ({0}); \
         build it for wasm32-unknown-unknown without extra target features"
    )]
    Feature(#[source] wasmparser::Error),
    /// A `call_indirect` has the long encoding of the reference-types proposal.
    #[error(
        "a call_indirect has the encoding of the reference-types proposal, on which Fluent Bit up to 4.0.2 fails \
         with \"zero byte expected\"; ship the module that `schtag bake` writes, not the one that cargo writes"
    )]
    CallIndirect,
    /// An element segment is not in the MVP encoding.
    #[error(
        "an element segment is not in its MVP encoding, which Fluent Bit up to 4.0.2 needs; \
         ship the module that `schtag bake` writes, not the one that cargo writes"
    )]
    ElementSegment,
    /// The module imports something.
    #[error(
        "the module imports {}; nothing provides that on Windows, and a call of it loses the record: \
         build the plugin for wasm32-unknown-unknown, without WASI",
        .0.join(", ")
    )]
    Imports(Vec<String>),
    /// The module has a start function.
    #[error("the module has a start function, which would run at every load; remove it")]
    Start,
    /// An export is missing.
    #[error("the module does not export `{0}`; is this schtag's module?")]
    MissingExport(&'static str),
    /// An export has another type.
    #[error("the export `{name}` is {found}, but must be {expected}")]
    ExportType {
        /// The export's name.
        name: String,
        /// The type that it has.
        found: String,
        /// The type that it must have.
        expected: &'static str,
    },
    /// There is an export that does not belong there.
    #[error("the module exports `{0}`, which does not belong there{hint}", hint = if .0 == abi::LOAD {
        ": it is the base module, which holds no rules; ship the module that `schtag bake` makes of it"
    } else {
        "; keep only what schtag's ABI names"
    })]
    UnexpectedExport(String),
    /// A part of the module is larger than it may be.
    #[error(
        "the module has {found} {what}, more than {limit}: compiling or starting it could take too long; no module \
         that `schtag bake` writes is like that"
    )]
    TooMuch {
        /// The kind of thing that there is too much of.
        what: &'static str,
        /// The amount, or as much as was found before the rest was left unread.
        found: u64,
        /// The most that there may be.
        limit: u64,
    },
    /// The module is larger than it may be.
    #[error(
        "the module has {size} bytes, more than its budget of {budget}; \
         bake fewer rules, or raise the budget (--max-size) if nothing (such as a ConfigMap) limits the size"
    )]
    TooLarge {
        /// Size in bytes.
        size: usize,
        /// The most that it may have, in bytes.
        budget: usize,
    },
}

/// Checks that `wasm` is a module of the given form and has at most `budget` bytes.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(wasm: &[u8], form: Form, budget: usize) -> Result<(), GateError> {
    if wasm.len() > budget {
        return Err(GateError::TooLarge { size: wasm.len(), budget });
    }
    check_limits(wasm)?;
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).map_err(GateError::NotWasm)?;
    let outline = Outline::parse(wasm).map_err(GateError::NotWasm)?;
    if !outline.imports.is_empty() {
        let names = outline.imports.iter().map(|import| format!("{}.{}", import.module, import.name));
        return Err(GateError::Imports(names.collect()));
    }
    let allowed = match form {
        Form::Base => FEATURES.union(WasmFeatures::REFERENCE_TYPES),
        Form::Shipped => FEATURES,
    };
    let types = match Validator::new_with_features(allowed).validate_all(wasm) {
        Ok(types) => types,
        Err(error) => {
            let lenient = allowed.union(WasmFeatures::CALL_INDIRECT_OVERLONG);
            return Err(match Validator::new_with_features(lenient).validate_all(wasm) {
                Ok(_) => GateError::CallIndirect,
                Err(_) => GateError::Feature(error),
            });
        }
    };
    if outline.start.is_some() {
        return Err(GateError::Start);
    }
    if form == Form::Shipped && !outline.elements.iter().all(is_mvp_segment) {
        return Err(GateError::ElementSegment);
    }
    check_exports(&outline, types.as_ref(), form)
}

fn is_mvp_segment(segment: &wasmparser::Element<'_>) -> bool {
    matches!(segment.kind, ElementKind::Active { table_index: None, .. })
        && matches!(segment.items, ElementItems::Functions(_))
}

fn check_exports(outline: &Outline<'_>, types: TypesRef<'_>, form: Form) -> Result<(), GateError> {
    for export in &outline.exports {
        let expected = match export.name {
            abi::MEMORY => "a memory",
            abi::FILTER => "a function (i32, i32, i32, i32, i32, i32) -> (i32)",
            abi::MALLOC | abi::CREATE_BUFFER => "a function (i32) -> (i32)",
            abi::FREE | abi::DESTROY_BUFFER => "a function (i32) -> ()",
            abi::TAG => "a function (i32, i32) -> (i32)",
            abi::LOAD if form == Form::Base => "a function (i32, i32) -> (i32)",
            abi::HEAP_BASE | abi::DATA_END => "a global",
            other => return Err(GateError::UnexpectedExport(other.into())),
        };
        let found = describe(export, types);
        if found != expected {
            return Err(GateError::ExportType { name: export.name.into(), found, expected });
        }
    }
    let load = (form == Form::Base).then_some(abi::LOAD);
    for name in [abi::MEMORY, abi::FILTER, abi::MALLOC, abi::FREE].into_iter().chain(load) {
        if outline.export(name).is_none() {
            return Err(GateError::MissingExport(name));
        }
    }
    Ok(())
}

/// An export's type, as error messages and reports name it.
pub(crate) fn describe(export: &Export<'_>, types: TypesRef<'_>) -> String {
    if export.kind != ExternalKind::Func {
        return format!("a {}", kind_name(export.kind));
    }
    let Some(function) = types.get(types.core_function_at(export.index)) else {
        return "a function".into();
    };
    let function = function.unwrap_func();
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("a function ({}) -> ({})", list(function.params()), list(function.results()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;

    fn refusal(wat: &str) -> String {
        let wasm = wat::parse_str(wat).unwrap();
        check(&wasm, Form::Shipped, usize::MAX).unwrap_err().to_string()
    }

    /// A shipped module with `extra` in it.
    fn shipped_with(extra: &str) -> String {
        format!(
            r#"(module
                (memory (export "memory") 1)
                (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32) local.get 4)
                (func (export "malloc") (param i32) (result i32) i32.const 1024)
                (func (export "free") (param i32))
                {extra})"#
        )
    }

    #[test]
    fn the_minimum_passes_as_shipped_but_not_as_base() {
        let wasm = wat::parse_str(shipped_with("")).unwrap();
        check(&wasm, Form::Shipped, wasm.len()).unwrap();
        let error = check(&wasm, Form::Base, usize::MAX).unwrap_err();
        assert!(matches!(error, GateError::MissingExport(abi::LOAD)), "{error}");
        check(&test_guest::base(), Form::Base, usize::MAX).unwrap();
    }

    #[test]
    fn what_clickhouse_calls_passes() {
        let wat = shipped_with(
            r#"(func (export "clickhouse_create_buffer") (param i32) (result i32) i32.const 0)
               (func (export "clickhouse_destroy_buffer") (param i32))
               (func (export "clickhouse_tag") (param i32 i32) (result i32) i32.const 0)"#,
        );
        check(&wat::parse_str(wat).unwrap(), Form::Shipped, usize::MAX).unwrap();
    }

    #[test]
    fn features_that_every_fluent_bit_has_pass() {
        let wat = shipped_with(
            r#"(global $g (mut i32) (i32.const 0))
               (func (param f32) (result i32 i32)
                 (memory.copy (i32.const 0) (i32.const 8) (i32.const 8))
                 (memory.fill (i32.const 0) (i32.const 0) (i32.const 8))
                 (i32.trunc_sat_f32_s (local.get 0))
                 (i32.extend8_s (i32.const 255)))"#,
        );
        check(&wat::parse_str(wat).unwrap(), Form::Shipped, usize::MAX).unwrap();
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let cases = [
            (shipped_with("(func (result v128) (v128.const i64x2 0 0))"), "feature"),
            (shipped_with("(func $f (return_call $f))"), "feature"),
            (shipped_with("(table 1 externref)"), "feature"),
            (shipped_with("(func $f) (start $f)"), "start function"),
            (shipped_with(r#"(func (export "extra"))"#), "exports `extra`"),
            (shipped_with(r#"(func (export "schtag_load"))"#), "base module"),
            (shipped_with(r#"(func (export "clickhouse_tag"))"#), "`clickhouse_tag` is a function () -> ()"),
            (shipped_with(r#"(func (export "__heap_base"))"#), "`__heap_base` is a function () -> ()"),
            (shipped_with("(table 1 funcref) (func $f) (elem func $f)"), "element segment"),
            (r#"(module (import "env" "now" (func)))"#.into(), "imports env.now"),
            ("(module)".into(), "does not export `memory`"),
            (
                r#"(module (memory (export "memory") 1) (func (export "malloc")))"#.into(),
                "`malloc` is a function () -> (), but must be a function (i32) -> (i32)",
            ),
        ];
        for (wat, words) in cases {
            let refusal = refusal(&wat);
            assert!(refusal.contains(words), "{refusal:?} should say {words:?} of {wat}");
        }
    }

    #[test]
    fn the_long_call_indirect_is_named() {
        let error = check(&test_guest::with_long_call_indirect(), Form::Shipped, usize::MAX).unwrap_err();
        assert!(error.to_string().contains("zero byte expected"), "{error}");
    }

    #[test]
    fn text_and_oversize_are_refused() {
        assert!(matches!(check(b"(module)", Form::Shipped, 100), Err(GateError::NotWasm(_))));
        assert!(matches!(
            check(&[0; 101], Form::Shipped, 100),
            Err(GateError::TooLarge { size: 101, budget: 100 })
        ));
    }
}
