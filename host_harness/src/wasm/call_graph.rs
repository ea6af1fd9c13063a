//! Who calls whom in a module: cycles, panics, and the deepest path.
use crate::wasm::outline::Outline;
use crate::wasm::reachability::functions_in_tables;
use crate::wasm::stack::frame_sizes;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    BinaryReader, Error, ExternalKind, Name, NameSectionReader, Operator, Validator, WasmFeatures,
};

/// The calls that the functions of a module can make, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// The number of functions that an export leads to, and of those that it reaches only through a table.
    pub reachable: usize,
    /// The functions that never return (a call of them is followed by `unreachable`), with those that call them;
    /// under `unreachable`, those that trap by themselves.
    pub traps: BTreeMap<String, Vec<String>>,
    /// Groups of functions that can call each other, directly or through a table of functions of the same type.
    pub cycles: Vec<Vec<String>>,
    /// The path from an export that takes the most stack, as if a call through a table could reach every function of
    /// the type. Within a cycle only one function counts.
    pub deepest: Vec<Frame>,
}

/// One call of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The function: by the module's name section, else by its export or its index.
    pub function: String,
    /// Its frame in WAMR, in bytes.
    pub bytes: u32,
}

impl Calls {
    /// Reads the calls of a module.
    ///
    /// # Errors
    /// When it is not a valid module.
    pub fn of(wasm: &[u8]) -> Result<Self, Error> {
        Self::named_by(wasm, wasm)
    }

    /// Reads the calls of a baked module. Its functions are those of the base module that it was made of, which has
    /// their names.
    ///
    /// # Errors
    /// When either is not a valid module.
    pub fn named_by(wasm: &[u8], base: &[u8]) -> Result<Self, Error> {
        let graph = Graph::of(wasm, &Outline::parse(base)?)?;
        let reachable = graph.reachable();
        let groups = graph.groups(&reachable);
        let name = |function: &usize| graph.name(*function);
        let cycles = groups.iter().filter(|group| graph.is_cycle(group));
        Ok(Self {
            reachable: reachable.iter().filter(|reached| **reached).count(),
            traps: graph.named_traps(&reachable),
            cycles: cycles.map(|group| group.iter().map(name).collect()).collect(),
            deepest: graph.deepest(&groups),
        })
    }
}

fn is(flags: &[bool], index: usize) -> bool {
    flags.get(index).copied().unwrap_or(false)
}

/// Functions by their place among those that the module defines.
struct Graph {
    names: BTreeMap<u32, String>,
    imported: usize,
    callees: Vec<Vec<usize>>,
    /// For each function what it calls before an `unreachable`; `None` stands for nothing.
    traps: Vec<BTreeSet<Option<usize>>>,
    frames: Vec<u32>,
    exported: Vec<usize>,
}

impl Graph {
    fn of(wasm: &[u8], named_by: &Outline<'_>) -> Result<Self, Error> {
        let types = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm)?;
        let types = types.as_ref();
        let outline = Outline::parse(wasm)?;
        let imported = outline.imported_functions();
        let defined = |function: u32| (function as usize).checked_sub(imported);
        let in_tables = functions_in_tables(&outline)?;
        let mut callees = Vec::new();
        let mut traps = Vec::new();
        for body in &outline.bodies {
            let mut calls = Vec::new();
            let mut trap = BTreeSet::new();
            let mut last = None;
            for operator in body.get_operators_reader()? {
                let before = last.take();
                match operator? {
                    Operator::Call { function_index } => {
                        last = defined(function_index);
                        calls.extend(last);
                    }
                    Operator::CallIndirect { type_index, .. } => {
                        let ty = types.core_type_at_in_module(type_index);
                        let same =
                            in_tables.iter().filter(|function| types.core_function_at(**function) == ty);
                        calls.extend(same.filter_map(|function| defined(*function)));
                    }
                    Operator::Unreachable => {
                        trap.insert(before);
                    }
                    _ => {}
                }
            }
            calls.sort_unstable();
            calls.dedup();
            callees.push(calls);
            traps.push(trap);
        }
        let exports = outline.exports.iter().filter(|export| export.kind == ExternalKind::Func);
        let mut names: BTreeMap<u32, String> =
            exports.clone().map(|export| (export.index, export.name.to_owned())).collect();
        names.extend(named(named_by)?);
        let exported = exports.filter_map(|export| defined(export.index)).collect();
        Ok(Self { names, imported, callees, traps, frames: frame_sizes(wasm)?, exported })
    }

    fn named_traps(&self, reachable: &[bool]) -> BTreeMap<String, Vec<String>> {
        let mut traps: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (function, kinds) in
            self.traps.iter().enumerate().filter(|(function, _)| is(reachable, *function))
        {
            for kind in kinds {
                let kind = kind.map_or_else(|| "unreachable".to_owned(), |kind| self.name(kind));
                traps.entry(kind).or_default().push(self.name(function));
            }
        }
        traps
    }

    fn name(&self, function: usize) -> String {
        let index = u32::try_from(function.saturating_add(self.imported)).unwrap_or(u32::MAX);
        self.names.get(&index).cloned().unwrap_or_else(|| format!("function {index}"))
    }

    fn callees(&self, function: usize) -> &[usize] {
        self.callees.get(function).map_or(&[], Vec::as_slice)
    }

    fn frame(&self, function: usize) -> u32 {
        self.frames.get(function).copied().unwrap_or(0)
    }

    fn reachable(&self) -> Vec<bool> {
        let mut reached = vec![false; self.callees.len()];
        let mut pending = self.exported.clone();
        while let Some(function) = pending.pop() {
            if let Some(seen @ false) = reached.get_mut(function) {
                *seen = true;
                pending.extend(self.callees(function));
            }
        }
        reached
    }

    /// The functions that are reached, grouped by who can call each other (strongly connected components), callers
    /// before what they call (Kosaraju's algorithm).
    fn groups(&self, reachable: &[bool]) -> Vec<Vec<usize>> {
        let count = self.callees.len();
        let mut callers = vec![Vec::new(); count];
        for (caller, callees) in self.callees.iter().enumerate().filter(|(caller, _)| is(reachable, *caller))
        {
            for callee in callees {
                if let Some(callers) = callers.get_mut(*callee) {
                    callers.push(caller);
                }
            }
        }
        let mut seen = vec![false; count];
        let mut finished = Vec::new();
        for start in (0..count).filter(|function| is(reachable, *function)) {
            walk(start, &mut seen, |function| self.callees(function), |function| finished.push(function));
        }
        let mut seen = vec![false; count];
        let mut groups = Vec::new();
        for start in finished.into_iter().rev() {
            let mut group = Vec::new();
            let callers = |function: usize| callers.get(function).map_or(&[] as &[usize], Vec::as_slice);
            walk(start, &mut seen, callers, |function| group.push(function));
            if !group.is_empty() {
                groups.push(group);
            }
        }
        groups
    }

    fn is_cycle(&self, group: &[usize]) -> bool {
        match group {
            [only] => self.callees(*only).contains(only),
            several => several.len() > 1,
        }
    }

    /// The path that takes the most: the groups in order, each by its largest frame.
    fn deepest(&self, groups: &[Vec<usize>]) -> Vec<Frame> {
        let mut group_of = vec![usize::MAX; self.callees.len()];
        for (index, group) in groups.iter().enumerate() {
            for function in group {
                if let Some(slot) = group_of.get_mut(*function) {
                    *slot = index;
                }
            }
        }
        let largest = |group: &[usize]| group.iter().copied().max_by_key(|function| self.frame(*function));
        // For each group what the deepest path from it takes, and the group that goes on.
        let mut depths: Vec<(u32, Option<usize>)> = vec![(0, None); groups.len()];
        for (index, group) in groups.iter().enumerate().rev() {
            let callees = group.iter().flat_map(|function| self.callees(*function));
            let next = callees
                .filter_map(|callee| group_of.get(*callee).copied().filter(|next| *next != index))
                .filter_map(|next| Some((depths.get(next)?.0, next)))
                .max();
            let own = largest(group).map_or(0, |function| self.frame(function));
            if let Some(slot) = depths.get_mut(index) {
                *slot = (own.saturating_add(next.map_or(0, |(depth, _)| depth)), next.map(|(_, next)| next));
            }
        }
        let starts = self.exported.iter().filter_map(|function| group_of.get(*function).copied());
        let mut at = starts.max_by_key(|group| depths.get(*group).map_or(0, |(depth, _)| *depth));
        let mut path = Vec::new();
        while let Some(index) = at {
            path.extend(
                groups
                    .get(index)
                    .and_then(|group| largest(group))
                    .map(|function| Frame { function: self.name(function), bytes: self.frame(function) }),
            );
            at = depths.get(index).and_then(|(_, next)| *next);
        }
        path
    }
}

/// Visits what `next` leads to from `start` and was not seen. Calls `done` for each when all that it leads to is done.
fn walk<'a>(
    start: usize,
    seen: &mut [bool],
    next: impl Fn(usize) -> &'a [usize],
    mut done: impl FnMut(usize),
) {
    let mut first =
        |function: usize| seen.get_mut(function).is_some_and(|seen| !std::mem::replace(seen, true));
    if !first(start) {
        return;
    }
    let mut open = vec![(start, next(start))];
    while let Some((function, rest)) = open.pop() {
        match rest.split_first() {
            None => done(function),
            Some((callee, rest)) => {
                open.push((function, rest));
                if first(*callee) {
                    open.push((*callee, next(*callee)));
                }
            }
        }
    }
}

/// The names in the module's name section, which a shipped module lacks.
fn named(outline: &Outline<'_>) -> Result<BTreeMap<u32, String>, Error> {
    let mut names = BTreeMap::new();
    let Some(section) = outline.custom("name") else { return Ok(names) };
    for part in NameSectionReader::new(BinaryReader::new(section, 0)) {
        if let Name::Function(functions) = part? {
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(wat: &str) -> Calls {
        Calls::of(&wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn cycles_and_traps_are_found_where_an_export_leads() {
        let calls = calls(
            r#"(module
                (type $t (func (param i32))) (table 2 funcref) (elem (i32.const 0) $through $other)
                (func $export (export "f") call $a call $leaf)
                (func $a call $b) (func $b call $a)
                (func $self call $self)
                (func $leaf (call_indirect (type $t) (i32.const 1) (i32.const 0)))
                (func $through (type $t) (call_indirect (type $t) (i32.const 1) (i32.const 0)))
                (func $other (param i64) unreachable)
                (func $trap unreachable))"#,
        );
        assert_eq!(calls.reachable, 5);
        assert!(calls.traps.is_empty());
        let mut cycles = calls.cycles.clone();
        cycles.iter_mut().for_each(|cycle| cycle.sort());
        cycles.sort();
        assert_eq!(cycles, [vec!["a", "b"], vec!["through"]]);
    }

    #[test]
    fn a_stripped_module_has_the_names_of_its_base() {
        let wasm = |name: &str| {
            wat::parse_str(format!(r#"(module (func (export "f") (call 1)) (func {name} (call 1)))"#))
                .unwrap()
        };
        assert_eq!(Calls::of(&wasm("")).unwrap().cycles, [["function 1"]]);
        assert_eq!(Calls::named_by(&wasm(""), &wasm("$self")).unwrap().cycles, [["self"]]);
    }

    #[test]
    fn a_table_may_be_filled_by_expressions() {
        let calls = calls(
            r#"(module
                (type $t (func)) (table 1 funcref) (elem (table 0) (i32.const 0) funcref (ref.func $through))
                (func $through (export "f") (type $t) (call_indirect (type $t) (i32.const 0))))"#,
        );
        assert_eq!(calls.cycles, [["through"]]);
    }

    #[test]
    fn the_deepest_path_is_the_one_that_takes_most() {
        let calls = calls(
            r#"(module
                (func $f (export "f") call $shallow call $deep)
                (func $shallow (local i64 i64 i64 i64 i64 i64))
                (func $deep call $end) (func $end (local i64 i64 i64) unreachable))"#,
        );
        let path: Vec<(&str, u32)> =
            calls.deepest.iter().map(|frame| (frame.function.as_str(), frame.bytes)).collect();
        assert_eq!(path, [("f", 44), ("deep", 44), ("end", 68)]);
        assert_eq!(calls.traps, BTreeMap::from([("unreachable".to_owned(), vec!["end".to_owned()])]));
    }
}
