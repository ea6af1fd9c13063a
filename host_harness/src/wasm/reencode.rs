//! Rewrites a module so that every supported Fluent Bit loads it, and so that it holds nothing needless.
//!
//! rustc since 1.82 encodes `call_indirect` with a five-byte table index, since the reference-types proposal
//! allows it; WAMR without that proposal (Fluent Bit up to 4.0.2) reads one byte and refuses the module. The
//! interpreter translates every function at load time, so functions that nothing can reach any more lose
//! their bodies.
use crate::wasm::abi;
use crate::wasm::outline::Outline;
use crate::wasm::reachability::{reachable_functions, referenced_function};
use std::convert::Infallible;
use thiserror::Error;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, ConstExpr, Elements, Function, Instruction, Module};
use wasmparser::{
    CustomSectionReader, DataKind, Element, ElementItems, ElementKind, Operator, Parser, Payload,
};

/// Why a module cannot be rewritten.
#[derive(Debug, Error)]
pub enum ReencodeError {
    /// The bytes are not a module.
    #[error("the module cannot be read ({0})")]
    Parse(#[from] wasmparser::Error),
    /// A section cannot be encoded.
    #[error("the module cannot be written ({0})")]
    Encode(#[from] reencode::Error<Infallible>),
    /// The module needs something that has no MVP form.
    #[error("the module has {0}, which has no form that every Fluent Bit loads")]
    NoMvpForm(&'static str),
}

/// Rewrites `wasm`. Of its exports those named in `keep` stay, of its custom sections the manifest.
///
/// - `call_indirect` and active element segments get their MVP encoding.
/// - Functions that neither those exports, nor the start function, nor an element segment leads to keep their
///   index, and their bodies become `unreachable`.
/// - Passive data segments that no instruction names are dropped.
///
/// The same input gives the same bytes. Whether the result fits is for [`crate::wasm::gate::check`] to say: this
/// removes encodings, not features.
///
/// # Errors
/// When `wasm` is not a module, or has passive element segments.
pub(crate) fn reencode(wasm: &[u8], keep: &[&str]) -> Result<Vec<u8>, ReencodeError> {
    let outline = Outline::parse(wasm)?;
    let reachable = reachable_functions(&outline, keep)?;
    let mut names_data = false;
    for body in reachable.iter().zip(&outline.bodies).filter_map(|(kept, body)| kept.then_some(body)) {
        for operator in body.get_operators_reader()? {
            names_data |= matches!(operator?, Operator::MemoryInit { .. } | Operator::DataDrop { .. });
        }
    }
    let mut mvp = Mvp { keep };
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut bodies_kept = reachable.into_iter();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                let mut types = wasm_encoder::TypeSection::new();
                mvp.parse_type_section(&mut types, section)?;
                module.section(&types);
            }
            Payload::ImportSection(section) => {
                let mut imports = wasm_encoder::ImportSection::new();
                mvp.parse_import_section(&mut imports, section)?;
                module.section(&imports);
            }
            Payload::FunctionSection(section) => {
                let mut functions = wasm_encoder::FunctionSection::new();
                mvp.parse_function_section(&mut functions, section)?;
                module.section(&functions);
            }
            Payload::TableSection(section) => {
                let mut tables = wasm_encoder::TableSection::new();
                mvp.parse_table_section(&mut tables, section)?;
                module.section(&tables);
            }
            Payload::MemorySection(section) => {
                let mut memories = wasm_encoder::MemorySection::new();
                mvp.parse_memory_section(&mut memories, section)?;
                module.section(&memories);
            }
            Payload::GlobalSection(section) => {
                let mut globals = wasm_encoder::GlobalSection::new();
                mvp.parse_global_section(&mut globals, section)?;
                module.section(&globals);
            }
            Payload::ExportSection(section) => {
                let mut exports = wasm_encoder::ExportSection::new();
                mvp.parse_export_section(&mut exports, section)?;
                module.section(&exports);
            }
            Payload::StartSection { func, .. } => {
                module.section(&wasm_encoder::StartSection { function_index: func });
            }
            Payload::ElementSection(section) => {
                let mut elements = wasm_encoder::ElementSection::new();
                for element in section {
                    add_element(&mut mvp, &mut elements, element?)?;
                }
                if !elements.is_empty() {
                    module.section(&elements);
                }
            }
            Payload::DataCountSection { count, .. } if names_data => {
                module.section(&wasm_encoder::DataCountSection { count });
            }
            Payload::CodeSectionEntry(body) => {
                match bodies_kept.next() {
                    Some(false) => code.function(&unreachable_body()),
                    _ => {
                        mvp.parse_function_body(&mut code, body)?;
                        &mut code
                    }
                };
                if bodies_kept.len() == 0 {
                    module.section(&code);
                }
            }
            Payload::DataSection(section) => {
                let mut data = wasm_encoder::DataSection::new();
                for segment in section {
                    let segment = segment?;
                    if names_data || !matches!(segment.kind, DataKind::Passive) {
                        mvp.parse_data(&mut data, segment)?;
                    }
                }
                if !data.is_empty() {
                    module.section(&data);
                }
            }
            Payload::CustomSection(section) => mvp.parse_custom_section(&mut module, section)?,
            Payload::TagSection(_) => return Err(ReencodeError::NoMvpForm("exception tags")),
            Payload::Version { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::DataCountSection { .. }
            | Payload::End(_) => {}
            _ => return Err(ReencodeError::NoMvpForm("a section of a later proposal")),
        }
    }
    Ok(module.finish())
}

/// Appends a custom section to a module.
pub(crate) fn append_custom_section(wasm: &mut Vec<u8>, name: &str, data: &[u8]) {
    use wasm_encoder::{CustomSection, Encode, Section};
    let section = CustomSection { name: name.into(), data: data.into() };
    wasm.push(section.id());
    section.encode(wasm);
}

fn unreachable_body() -> Function {
    let mut function = Function::new([]);
    function.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
    function
}

/// Adds an element segment in its MVP encoding. Declared segments only serve `ref.func` and are dropped.
fn add_element(
    mvp: &mut Mvp<'_>,
    elements: &mut wasm_encoder::ElementSection,
    element: Element<'_>,
) -> Result<(), ReencodeError> {
    let ElementKind::Active { table_index, offset_expr } = element.kind else {
        return match element.kind {
            ElementKind::Declared => Ok(()),
            _ => Err(ReencodeError::NoMvpForm("a passive element segment")),
        };
    };
    if table_index.unwrap_or(0) != 0 {
        return Err(ReencodeError::NoMvpForm("a second table"));
    }
    let offset: ConstExpr = mvp.const_expr(offset_expr)?;
    let functions = match element.items {
        ElementItems::Functions(functions) => functions.into_iter().collect::<Result<Vec<_>, _>>()?,
        ElementItems::Expressions(_, items) => {
            let mut functions = Vec::new();
            for item in items {
                let function = referenced_function(item?.get_operators_reader())?;
                functions.push(function.ok_or(ReencodeError::NoMvpForm("a null in an element segment"))?);
            }
            functions
        }
    };
    elements.active(None, &offset, Elements::Functions(functions.into()));
    Ok(())
}

/// The differences from a plain round trip.
struct Mvp<'k> {
    keep: &'k [&'k str],
}

impl Reencode for Mvp<'_> {
    type Error = Infallible;

    fn instruction<'a>(
        &mut self,
        operator: Operator<'a>,
    ) -> Result<Instruction<'a>, reencode::Error<Self::Error>> {
        match operator {
            // The type is only needed to select between references.
            Operator::TypedSelect { ty } if !ty.is_reference_type() => Ok(Instruction::Select),
            other => reencode::utils::instruction(self, other),
        }
    }

    fn parse_export(
        &mut self,
        exports: &mut wasm_encoder::ExportSection,
        export: wasmparser::Export<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        if self.keep.contains(&export.name) {
            reencode::utils::parse_export(self, exports, export)?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        if section.name() == abi::MANIFEST_SECTION {
            let section = self.custom_section(section)?;
            module.section(&section);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::gate::{self, Form};
    use crate::wasm::test_guest;

    fn rewritten(wat: &str, keep: &[&str]) -> Vec<u8> {
        reencode(&wat::parse_str(wat).unwrap(), keep).unwrap()
    }

    #[test]
    fn long_call_indirect_becomes_short() {
        let long = test_guest::with_long_call_indirect();
        gate::check(&long, Form::Shipped, usize::MAX).unwrap_err();
        let short = reencode(&long, &abi::SHIPPED_EXPORTS).unwrap();
        gate::check(&short, Form::Shipped, usize::MAX).unwrap();
        assert!(short.len() < long.len());
        assert_eq!(short, reencode(&short, &abi::SHIPPED_EXPORTS).unwrap(), "a second pass changes nothing");
    }

    #[test]
    fn element_segments_get_the_mvp_encoding() {
        for segment in [
            "(elem (i32.const 1) func $f)",
            "(elem (table 0) (i32.const 1) funcref (ref.func $f))",
            "(elem declare func $f)",
        ] {
            let wasm = rewritten(
                &format!(r#"(module (table 4 funcref) {segment} (memory (export "memory") 1) (func $f))"#),
                &["memory"],
            );
            let outline = Outline::parse(&wasm).unwrap();
            for element in outline.elements {
                assert!(matches!(element.kind, ElementKind::Active { table_index: None, .. }), "{segment}");
                assert!(matches!(element.items, ElementItems::Functions(_)), "{segment}");
            }
        }
        let passive = wat::parse_str("(module (table 4 funcref) (func $f) (elem func $f))").unwrap();
        assert!(matches!(reencode(&passive, &[]), Err(ReencodeError::NoMvpForm(_))));
    }

    #[test]
    fn what_cannot_run_loses_its_body() {
        let wat = r#"(module
            (func (export "kept") nop nop)
            (func (export "dropped") (local i64) nop nop))"#;
        let wasm = rewritten(wat, &["kept"]);
        let outline = Outline::parse(&wasm).unwrap();
        assert!(outline.export("kept").is_some() && outline.exports.len() == 1);
        // An `end` closes each body.
        let sizes: Vec<_> =
            outline.bodies.iter().map(|b| b.get_operators_reader().unwrap().into_iter().count()).collect();
        assert_eq!(sizes, [3, 2]);
    }

    #[test]
    fn custom_sections_go_but_for_the_manifest() {
        let mut wasm = wat::parse_str(r#"(module $named (func $f (export "f") (local $l i32)))"#).unwrap();
        append_custom_section(&mut wasm, "producers", b"\0");
        append_custom_section(&mut wasm, abi::MANIFEST_SECTION, b"{}");
        assert_eq!(Outline::parse(&wasm).unwrap().custom.len(), 3);
        let wasm = reencode(&wasm, &["f"]).unwrap();
        assert_eq!(Outline::parse(&wasm).unwrap().custom, [(abi::MANIFEST_SECTION, b"{}".as_slice())]);
    }

    #[test]
    fn passive_data_stays_only_where_it_is_used() {
        let with = |body: &str| {
            let wat = format!(
                r#"(module (memory 1) (data "unused") (data $d "used") (data (i32.const 0) "active")
                    (func (export "f") {body}))"#
            );
            Outline::parse(&rewritten(&wat, &["f"])).unwrap().data.len()
        };
        assert_eq!(with("nop"), 1);
        assert_eq!(with("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"), 3);
    }

    #[test]
    fn a_typed_select_of_numbers_is_written_as_the_mvp_does() {
        let wasm = rewritten(
            r#"(module (func (export "f") (result i32)
                (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3))))"#,
            &["f"],
        );
        wasmparser::Validator::new_with_features(gate::FEATURES).validate_all(&wasm).unwrap();
    }
}
