//! Measures what packs of rules find in labelled sets, and prints it as Markdown: docs/detection.md.
//!
//! usage: cargo run --example detection -- [--module NAME=FILE]... [--families] [--list missed|low|false] [FOLDER]...
//!
//! Without `--module` it is the built filter. The tables of this repository are always measured; a FOLDER adds its sets.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use schtag_host::run::wasmtime::Module;
use schtag_tests::detection::{self, List, Scores};
use schtag_tests::project;
use std::path::{Path, PathBuf};

fn main() -> Result<(), String> {
    let (mut modules, mut rows, mut list, mut families) = (Vec::new(), detection::own()?, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument}: a value is missing"));
        match argument.as_str() {
            "--module" => {
                let value = value()?;
                let (name, file) = value.split_once('=').ok_or(format!("{value}: write NAME=FILE"))?;
                modules.push((name.to_owned(), PathBuf::from(file)));
            }
            "--list" => {
                let name = value()?;
                list = Some(List::of(&name).ok_or(format!("{name}: write missed, low or false"))?);
            }
            "--families" => families = true,
            folder => rows.extend(detection::folder(Path::new(folder))?),
        }
    }
    if modules.is_empty() {
        modules.push(("default pack".into(), project::module()?));
    }
    for (name, file) in modules {
        let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let module = Module::new(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut scores = Scores::default();
        for row in &rows {
            let judged = detection::judge(&module, row)?;
            scores.add(row, &judged);
            if let Some(line) = list.and_then(|list| detection::listed(list, row, &judged)) {
                println!("{line}");
            }
        }
        if list.is_none() {
            println!("{}", detection::markdown(&format!("{name} ({} bytes)", bytes.len()), &scores));
        }
        if families && list.is_none() {
            println!("{}", detection::families(&scores));
        }
    }
    Ok(())
}
