//! The size of each function's frame in WAMR's fast interpreter.
//!
//! Source: WAMR 2.4.1, `wasm_interp_fast.c` (a frame is `offsetof(WASMInterpFrame, operand)` and 4 bytes for each cell
//! of constants, parameters, locals and operands) and `wasm_loader.c` (operands that are locals or constants take no
//! cell, unless a local is written, or a block begins, while its old value is still an operand).
use std::collections::BTreeSet;
use wasmparser::{
    Error, FuncValidatorAllocations, FunctionBody, Operator, Parser, ValType, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

/// `offsetof(WASMInterpFrame, operand)` on a 64-bit machine; less on a 32-bit one.
const HEADER: u32 = 40;

/// The frame of each function that `wasm` defines, in bytes.
///
/// # Errors
/// When it is not a valid module.
pub(crate) fn frame_sizes(wasm: &[u8]) -> Result<Vec<u32>, Error> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut allocations = FuncValidatorAllocations::default();
    let mut sizes = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            let mut function = function.into_validator(allocations);
            sizes.push(frame_size(&mut function, &body)?);
            allocations = function.into_allocations();
        }
    }
    Ok(sizes)
}

/// An operand, by where its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A local's own cells.
    Local(u32),
    /// Cells that are counted elsewhere: a constant's, or those that a local's old value was moved to.
    Elsewhere,
    /// Cells of the operand stack.
    Stack,
}

/// Returns what a value takes, in cells of 4 bytes.
const fn cells(ty: Option<ValType>) -> u32 {
    match ty {
        Some(ValType::I64 | ValType::F64) => 2,
        Some(ValType::V128) => 4,
        _ => 1,
    }
}

#[derive(Default)]
struct Frame {
    operands: Vec<(Place, u32)>,
    /// The most cells of operands at one time.
    peak: u32,
    /// Cells that old values of locals were moved to.
    preserved: u32,
    consts: BTreeSet<(u32, u64)>,
}

impl Frame {
    /// Moves the values of locals that are operands out of the way.
    fn preserve(&mut self, wanted: impl Fn(u32) -> bool) {
        let mut moved = BTreeSet::new();
        for (place, cells) in &mut self.operands {
            if let Place::Local(local) = *place
                && wanted(local)
            {
                if moved.insert(local) {
                    self.preserved = self.preserved.saturating_add(*cells);
                }
                *place = Place::Elsewhere;
            }
        }
    }

    fn count(&mut self) {
        let on_stack = self.operands.iter().filter(|(place, _)| *place == Place::Stack);
        self.peak = self.peak.max(on_stack.map(|(_, cells)| cells).sum());
    }
}

fn frame_size(
    function: &mut wasmparser::FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
) -> Result<u32, Error> {
    let mut reader = body.get_binary_reader();
    function.read_locals(&mut reader)?;
    let locals: u32 = (0..function.len_locals()).map(|index| cells(function.get_local_type(index))).sum();
    let mut frame = Frame::default();
    let mut operators = wasmparser::OperatorsReader::new(reader);
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        let (_, pushed) = operator.operator_arity(function).unwrap_or_default();
        let popped = frame.operands.last().map(|(place, _)| *place);
        function.op(offset, &operator)?;
        let height = function.operand_stack_height();
        let pushed = pushed.min(height);
        frame.operands.resize((height - pushed) as usize, (Place::Stack, 1));
        let place = match operator {
            Operator::LocalGet { local_index } => Place::Local(local_index),
            Operator::LocalTee { .. } => popped.unwrap_or(Place::Stack),
            Operator::I32Const { value } => constant(&mut frame, 1, u64::from(value.cast_unsigned())),
            Operator::F32Const { value } => constant(&mut frame, 1, u64::from(value.bits())),
            Operator::I64Const { value } => constant(&mut frame, 2, value.cast_unsigned()),
            Operator::F64Const { value } => constant(&mut frame, 2, value.bits()),
            _ => Place::Stack,
        };
        match operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                frame.preserve(|local| local == local_index);
            }
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => frame.preserve(|_| true),
            _ => {}
        }
        for depth in (0..pushed).rev() {
            let ty = function.get_operand_type(depth as usize).flatten();
            frame.operands.push((place, cells(ty)));
        }
        frame.count();
    }
    let consts: u32 = frame.consts.iter().map(|(cells, _)| cells).sum();
    let all = [consts, locals, frame.peak, frame.preserved, 1];
    Ok(all.into_iter().sum::<u32>().saturating_mul(4).saturating_add(HEADER))
}

fn constant(frame: &mut Frame, cells: u32, bits: u64) -> Place {
    frame.consts.insert((cells, bits));
    Place::Elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of the one function in a module, without the one that WAMR always adds.
    fn cells_of(function: &str) -> u32 {
        let wasm = wat::parse_str(format!("(module (memory 1) {function})")).unwrap();
        (frame_sizes(&wasm).unwrap()[0] - HEADER) / 4 - 1
    }

    #[test]
    fn cells_are_those_of_parameters_locals_constants_and_operands() {
        assert_eq!(cells_of("(func)"), 0);
        assert_eq!(cells_of("(func (param i32 i64) (local f64 f32))"), 6);
        // Constants once each; no operand but the sum.
        assert_eq!(
            cells_of("(func (drop (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.const 2)))))"),
            4 - 1
        );
        assert_eq!(cells_of("(func (drop (i64.add (i64.const 1) (i64.const 2))))"), 6);
        // Two loads wait for the addition.
        let load = "(i32.load (local.get 0))";
        assert_eq!(cells_of(&format!("(func (param i32) (drop (i32.add {load} {load})))")), 3);
    }

    #[test]
    fn a_local_that_is_written_while_its_old_value_is_an_operand_takes_another_cell() {
        let wat = "(func (param i32) local.get 0 local.get 0 i32.eqz local.set 0 drop)";
        assert_eq!(cells_of(wat), 1 + 1 + 1);
        let wat = "(func (param i64) local.get 0 (block) drop)";
        assert_eq!(cells_of(wat), 2 + 2);
    }
}
