//! Which functions of a module can run.
use crate::wasm::outline::Outline;
use std::mem;
use wasmparser::{ElementItems, Error, ExternalKind, Operator, OperatorsReader};

/// For each function that the module defines, whether an export named in `keep`, the start function or an
/// element segment leads to it.
///
/// # Errors
/// When a body or an element segment cannot be read.
pub(crate) fn reachable_functions(outline: &Outline<'_>, keep: &[&str]) -> Result<Vec<bool>, Error> {
    let imported = outline.imported_functions();
    let mut reached = vec![false; outline.bodies.len()];
    let mut pending = functions_in_tables(outline)?;
    pending.extend(outline.start);
    let exported = outline.exports.iter().filter(|export| export.kind == ExternalKind::Func);
    pending.extend(exported.filter(|export| keep.contains(&export.name)).map(|export| export.index));
    while let Some(function) = pending.pop() {
        let Some(defined) = (function as usize).checked_sub(imported) else { continue };
        let (Some(seen), Some(body)) = (reached.get_mut(defined), outline.bodies.get(defined)) else {
            continue;
        };
        if mem::replace(seen, true) {
            continue;
        }
        for operator in body.get_operators_reader()? {
            if let Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } = operator?
            {
                pending.push(function_index);
            }
        }
    }
    Ok(reached)
}

/// The function that a constant expression refers to.
pub(crate) fn referenced_function(operators: OperatorsReader<'_>) -> Result<Option<u32>, Error> {
    for operator in operators {
        if let Operator::RefFunc { function_index } = operator? {
            return Ok(Some(function_index));
        }
    }
    Ok(None)
}

/// The functions that element segments refer to.
pub(crate) fn functions_in_tables(outline: &Outline<'_>) -> Result<Vec<u32>, Error> {
    let mut functions = Vec::new();
    for element in &outline.elements {
        match &element.items {
            ElementItems::Functions(items) => {
                for item in items.clone() {
                    functions.push(item?);
                }
            }
            ElementItems::Expressions(_, items) => {
                for item in items.clone() {
                    functions.extend(referenced_function(item?.get_operators_reader())?);
                }
            }
        }
    }
    Ok(functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions that can run, as a string of `x` and `-`.
    fn reachable(wat: &str, keep: &[&str]) -> String {
        let wasm = wat::parse_str(wat).unwrap();
        let reached = reachable_functions(&Outline::parse(&wasm).unwrap(), keep).unwrap();
        reached.into_iter().map(|reached| if reached { 'x' } else { '-' }).collect()
    }

    #[test]
    fn calls_lead_from_exports() {
        let wat = r#"(module
            (import "env" "f" (func))
            (func (export "kept") call 2)
            (func call 0)
            (func (export "dropped") call 2 call 4)
            (func call 3))"#;
        assert_eq!(reachable(wat, &["kept"]), "xx--");
        assert_eq!(reachable(wat, &["dropped"]), "-xxx");
        assert_eq!(reachable(wat, &[]), "----");
    }

    #[test]
    fn a_start_function_runs() {
        assert_eq!(reachable("(module (func $s call 1) (func) (func) (start $s))", &[]), "xx-");
    }

    #[test]
    fn whatever_is_in_a_table_may_be_called() {
        let wat = r#"(module
            (table 2 funcref)
            (elem (i32.const 0) $f) (elem (table 0) (i32.const 1) funcref (ref.func $g))
            (func $f call 2) (func $g) (func) (func))"#;
        assert_eq!(reachable(wat, &[]), "xxx-");
    }
}
