//! Describes a module, for `schtag inspect` and for those who were handed a `.wasm` file.
use crate::text::digest::sha256_hex;
use crate::wasm::gate::{self, Form};
use crate::wasm::manifest::{Manifest, ManifestError};
use crate::wasm::outline::Outline;
use serde::Serialize;
use std::collections::BTreeSet;
use wasmparser::types::Types;
use wasmparser::{BlockType, ExternalKind, Operator, Validator, WasmFeatures};

/// Size of a page of linear memory, in bytes.
pub(crate) const PAGE: u64 = 65_536;

/// A description of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Inspection {
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Why some supported Fluent Bit would not load it; nothing when all would.
    pub refused: Option<String>,
    /// Its description of its rules. A base module has none.
    pub manifest: Option<Manifest>,
    /// `module.name` of each import.
    pub imports: Vec<String>,
    /// Each export.
    pub exports: Vec<ExportSummary>,
    /// The WebAssembly proposals that its code uses, beyond the MVP.
    pub features: BTreeSet<&'static str>,
    /// Pages of memory that it starts with, of 64 KiB.
    pub memory_pages: u64,
    /// The most pages that it may have, if it says so.
    pub memory_pages_maximum: Option<u64>,
    /// The number of functions with a body, without those that only trap.
    pub functions: usize,
    /// Bytes in data segments.
    pub data: usize,
    /// Names of the custom sections.
    pub custom_sections: Vec<String>,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ExportSummary {
    /// Its name.
    pub name: String,
    /// Its type, in words.
    pub kind: String,
}

impl Inspection {
    /// Describes a module of any WebAssembly version.
    ///
    /// # Errors
    /// When the bytes are not a valid module, or its manifest cannot be read.
    pub(crate) fn of(wasm: &[u8]) -> Result<Self, ManifestError> {
        let types = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm)?;
        let refused = gate::check(wasm, Form::Shipped, usize::MAX).err();
        let outline = Outline::parse(wasm)?;
        let memory = outline.memories.first();
        let mut functions = 0;
        for body in &outline.bodies {
            let mut operators = body.get_operators_reader()?;
            functions += usize::from(!matches!(operators.read()?, Operator::Unreachable));
        }
        Ok(Self {
            size: wasm.len(),
            sha256: sha256_hex(wasm),
            refused: refused.map(|error| error.to_string()),
            manifest: Manifest::of(wasm)?,
            imports: outline.imports.iter().map(|i| format!("{}.{}", i.module, i.name)).collect(),
            exports: outline
                .exports
                .iter()
                .map(|export| ExportSummary {
                    name: export.name.into(),
                    kind: gate::describe(export, types.as_ref()),
                })
                .collect(),
            features: features(&outline, &types)?,
            memory_pages: memory.map_or(0, |memory| memory.initial),
            memory_pages_maximum: memory.and_then(|memory| memory.maximum),
            functions,
            data: outline.data.iter().map(|segment| segment.data.len()).sum(),
            custom_sections: outline.custom.iter().map(|(name, _)| (*name).to_owned()).collect(),
        })
    }
}

fn features(outline: &Outline<'_>, types: &Types) -> Result<BTreeSet<&'static str>, wasmparser::Error> {
    let mut features = BTreeSet::new();
    for export in &outline.exports {
        if export.kind == ExternalKind::Global && types.as_ref().global_at(export.index).mutable {
            features.insert("mutable_globals");
        }
    }
    for index in 0..types.as_ref().function_count() {
        let function = types.as_ref().get(types.as_ref().core_function_at(index));
        if function.is_some_and(|ty| ty.unwrap_func().results().len() > 1) {
            features.insert("multi_value");
        }
    }
    for body in &outline.bodies {
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if let Operator::Block { blockty: BlockType::FuncType(_) }
            | Operator::Loop { blockty: BlockType::FuncType(_) }
            | Operator::If { blockty: BlockType::FuncType(_) } = operator
            {
                features.insert("multi_value");
            }
            match proposal(&operator) {
                "mvp" => {}
                name => {
                    features.insert(name);
                }
            }
        }
    }
    Ok(features)
}

macro_rules! proposals {
    ($(@$proposal:ident $operator:ident $({ $($argument:ident: $type:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The proposal that an instruction is from.
        fn proposal(operator: &Operator<'_>) -> &'static str {
            match operator {
                $(Operator::$operator { .. } => stringify!($proposal),)*
                _ => "simd",
            }
        }
    };
}
wasmparser::for_each_operator!(proposals);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::test_guest;

    #[test]
    fn describes_a_baked_module() {
        let wasm = test_guest::baked();
        let inspection = Inspection::of(&wasm).unwrap();
        assert_eq!(inspection.refused, None);
        assert_eq!(inspection.size, wasm.len());
        assert_eq!(inspection.manifest.unwrap().rules, []);
        assert!(inspection.imports.is_empty());
        let exports: Vec<_> = inspection.exports.iter().map(|e| (e.name.as_str(), e.kind.as_str())).collect();
        assert!(exports.contains(&("malloc", "a function (i32) -> (i32)")), "{exports:?}");
        assert_eq!(inspection.features, BTreeSet::from(["bulk_memory"]));
        assert!(inspection.memory_pages >= 2);
        assert_eq!(inspection.custom_sections, ["schtag.manifest"]);
        // One function of the base is only there to load a pack, beside the export itself.
        assert_eq!(inspection.functions + 2, Inspection::of(&test_guest::base()).unwrap().functions);
    }

    #[test]
    fn names_the_features_and_imports_of_any_module() {
        let wat = r#"(module
            (import "env" "now" (func))
            (memory 1 4)
            (func (param f32) (result i32 i32) (i32.trunc_sat_f32_s (local.get 0)) (i32.extend8_s (i32.const 1)))
            (func (result v128) (v128.const i64x2 0 0))
            (func $f (return_call $f)))"#;
        let inspection = Inspection::of(&wat::parse_str(wat).unwrap()).unwrap();
        assert_eq!(inspection.imports, ["env.now"]);
        assert_eq!(inspection.memory_pages_maximum, Some(4));
        assert!(inspection.refused.is_some_and(|why| why.contains("env.now")));
        assert_eq!(
            inspection.features,
            BTreeSet::from(["multi_value", "saturating_float_to_int", "sign_extension", "simd", "tail_call"])
        );
    }

    #[test]
    fn what_is_not_a_module_is_an_error() {
        Inspection::of(b"\x7fELF").unwrap_err();
    }
}
