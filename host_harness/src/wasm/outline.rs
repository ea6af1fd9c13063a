//! The sections of a WebAssembly module that the other modules ask about.
use wasmparser::{
    Data, Element, Error, Export, ExternalKind, FunctionBody, Import, MemoryType, Parser, Payload, TypeRef,
};

/// A module's sections, borrowed from its bytes. Nothing here is validated; see [`crate::wasm::gate`].
#[derive(Default)]
pub(crate) struct Outline<'a> {
    /// Imports.
    pub imports: Vec<Import<'a>>,
    /// Exports.
    pub exports: Vec<Export<'a>>,
    /// Memories that the module defines.
    pub memories: Vec<MemoryType>,
    /// Index of the start function.
    pub start: Option<u32>,
    /// Element segments.
    pub elements: Vec<Element<'a>>,
    /// Data segments.
    pub data: Vec<Data<'a>>,
    /// Bodies of the functions that the module defines.
    pub bodies: Vec<FunctionBody<'a>>,
    /// Custom sections, by name.
    pub custom: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Outline<'a> {
    /// Reads the sections of `wasm`.
    ///
    /// # Errors
    /// When the bytes are not a module in the binary format.
    pub(crate) fn parse(wasm: &'a [u8]) -> Result<Self, Error> {
        let mut outline = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    outline.imports = section.into_imports().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(section) => {
                    outline.exports = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::MemorySection(section) => {
                    outline.memories = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::StartSection { func, .. } => outline.start = Some(func),
                Payload::ElementSection(section) => {
                    outline.elements = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::DataSection(section) => {
                    outline.data = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::CodeSectionEntry(body) => outline.bodies.push(body),
                Payload::CustomSection(section) => outline.custom.push((section.name(), section.data())),
                _ => {}
            }
        }
        Ok(outline)
    }

    /// The bytes of a custom section.
    pub(crate) fn custom(&self, name: &str) -> Option<&'a [u8]> {
        self.custom.iter().find(|(found, _)| *found == name).map(|(_, data)| *data)
    }

    /// An export by name.
    pub(crate) fn export(&self, name: &str) -> Option<&Export<'a>> {
        self.exports.iter().find(|export| export.name == name)
    }

    /// Returns how many functions are imported: the index of the first that has a body.
    pub(crate) fn imported_functions(&self) -> usize {
        self.imports
            .iter()
            .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)))
            .count()
    }
}

/// Returns what kind of thing is exported, in words.
pub(crate) const fn kind_name(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
