//! Guests for tests.
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection, Function, FunctionSection,
    Instruction, MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

/// `tests/guest/base.wat`, in which what the guest does is described.
pub(crate) fn base() -> Vec<u8> {
    wat::parse_str(include_str!("../../tests/guest/base.wat")).unwrap()
}

/// [`base`] with an empty pack in it.
pub(crate) fn baked() -> Vec<u8> {
    crate::wasm::bake::bake(&base(), &schtag::rules::Pack::default(), usize::MAX).unwrap().wasm
}

/// A guest whose `call_indirect` is encoded as rustc does it since 1.82, which `wat` cannot write.
pub(crate) fn with_long_call_indirect() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 6], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32], []);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1).function(2);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("schtag_filter", ExportKind::Func, 0)
        .export("malloc", ExportKind::Func, 1)
        .export("free", ExportKind::Func, 2);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(vec![1].into()));
    let mut filter = Function::new([]);
    filter
        .instruction(&Instruction::I32Const(0))
        .instruction(&Instruction::I32Const(0))
        .raw([0x11, 1, 0x80, 0x80, 0x80, 0x80, 0x00])
        .instruction(&Instruction::End);
    let mut malloc = Function::new([]);
    malloc.instruction(&Instruction::I32Const(1024)).instruction(&Instruction::End);
    let mut free = Function::new([]);
    free.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&filter).function(&malloc).function(&free);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&tables)
        .section(&memories)
        .section(&exports)
        .section(&elements)
        .section(&code);
    module.finish()
}
