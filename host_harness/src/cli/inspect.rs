//! `schtag inspect`.
use super::failure::{Exit, Failure};
use super::module;
use super::output;
use super::terminal::{Terminal, visible};
use crate::text::digest::sha256_hex;
use crate::text::files;
use crate::wasm::call_graph::Calls;
use crate::wasm::gate;
use crate::wasm::inspect::{Inspection, PAGE};
use crate::wasm::manifest::{Manifest, RuleSummary};
use crate::wasm::stack;
use clap::Args;
use std::fmt::{self, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag inspect schtag.wasm
  schtag inspect --json schtag.wasm | jq -r '.manifest.rules[].id'";

/// Describe a module: its rules, settings, origin, and whether every Fluent Bit loads it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// The module
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print which functions can call each other or trap, and the path that takes the most of Fluent Bit's stack
    #[arg(long)]
    calls: bool,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let wasm =
            files::read(&self.file, files::MODULE).map_err(|error| Failure::new(Exit::Input, error))?;
        if self.calls {
            return self.print_calls(&wasm);
        }
        let inspection =
            Inspection::of(&wasm).map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
        if self.json {
            output::write_json(&inspection)?;
        } else {
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = in_words(&mut text, &inspection);
            output::print(Terminal::of_standard_output(), &text)?;
        }
        Ok(Exit::Done)
    }
}

impl Inspect {
    fn print_calls(&self, wasm: &[u8]) -> Result<Exit, Failure> {
        gate::check_limits(wasm).map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
        // A baked module has no names; its base has them, when it is the one in here.
        let base = module::base(None)?.filter(|base| {
            let baked_of = Manifest::of(wasm).ok().flatten().map(|manifest| manifest.base);
            baked_of.is_some_and(|baked_of| baked_of == sha256_hex(base))
        });
        let calls = Calls::named_by(wasm, base.as_deref().unwrap_or(wasm));
        let calls = calls.map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
        if self.json {
            output::write_json(&calls)?;
        } else {
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = calls_in_words(&mut text, &calls);
            output::print(Terminal::of_standard_output(), &text)?;
        }
        Ok(Exit::Done)
    }
}

fn calls_in_words(out: &mut String, calls: &Calls) -> fmt::Result {
    writeln!(out, "reachable    {} functions", calls.reachable)?;
    writeln!(out, "never return {} of them, called by", calls.traps.len())?;
    for (trap, callers) in &calls.traps {
        writeln!(out, "  {}", visible(trap))?;
        callers.iter().try_for_each(|caller| writeln!(out, "    {}", visible(caller)))?;
    }
    writeln!(out, "cycles       {}", calls.cycles.len())?;
    calls.cycles.iter().try_for_each(|cycle| writeln!(out, "  {}", visible(&cycle.join(", "))))?;
    let bytes: u32 = calls.deepest.iter().map(|frame| frame.bytes).sum();
    writeln!(out, "deepest      {bytes} bytes of {} in {} calls", stack::AVAILABLE, calls.deepest.len())?;
    calls
        .deepest
        .iter()
        .try_for_each(|frame| writeln!(out, "  {:5} {}", frame.bytes, visible(&frame.function)))
}

fn in_words(out: &mut String, module: &Inspection) -> fmt::Result {
    writeln!(out, "sha256       {}", module.sha256)?;
    writeln!(out, "size         {} bytes, of which data {}", module.size, module.data)?;
    writeln!(
        out,
        "Fluent Bit   {}",
        visible(module.refused.as_deref().unwrap_or("loads it, from 2.0.14 on"))
    )?;
    let maximum = module.memory_pages_maximum.map_or_else(String::new, |pages| format!(", at most {pages}"));
    writeln!(out, "memory       {} pages of {} KiB{maximum}", module.memory_pages, PAGE / 1024)?;
    writeln!(out, "functions    {}", module.functions)?;
    writeln!(out, "features     {}", list(module.features.iter().copied()))?;
    writeln!(out, "imports      {}", list(module.imports.iter().map(String::as_str)))?;
    writeln!(out, "exports      {}", list(module.exports.iter().map(|export| export.name.as_str())))?;
    match &module.manifest {
        Some(manifest) => manifest_in_words(out, manifest),
        None => writeln!(out, "rules        none: this is not a baked module"),
    }
}

fn manifest_in_words(out: &mut String, manifest: &Manifest) -> fmt::Result {
    writeln!(out, "baked by     schtag {}", visible(&manifest.version))?;
    writeln!(out, "base         {}", visible(&manifest.base))?;
    writeln!(out, "rule pack    {} (format {})", visible(&manifest.pack), manifest.format)?;
    let settings = &manifest.settings;
    writeln!(
        out,
        "settings     key {}, from level {}",
        visible(&settings.key),
        settings.minimum_level.as_str()
    )?;
    writeln!(out, "             describe every task event: {}", yes(settings.observe_all))?;
    writeln!(out, "             raise on servers: {}", yes(settings.raise_on_servers))?;
    writeln!(out, "             ECS objects in tags: {}", yes(settings.ecs))?;
    writeln!(out, "             Elastic's scheduled_task in tags: {}", yes(settings.elastic))?;
    writeln!(
        out,
        "             host role from {}, else {} host-name patterns",
        list(std::iter::once(settings.role_member.join(".").as_str()).filter(|path| !path.is_empty())),
        settings.role_patterns
    )?;
    writeln!(out, "allowlist    {}", list(settings.allowlist.iter().map(String::as_str)))?;
    for (what, rules) in [("rules", &manifest.rules), ("correlations", &manifest.correlations)] {
        writeln!(out, "{what:12} {}", rules.len())?;
        rules.iter().try_for_each(|rule| rule_in_words(out, rule))?;
    }
    Ok(())
}

fn rule_in_words(out: &mut String, rule: &RuleSummary) -> fmt::Result {
    write!(out, "  {:36}  {:13}  {}", visible(&rule.id), rule.level.as_str(), visible(&rule.title))?;
    if !rule.techniques.is_empty() {
        write!(out, " [{}]", visible(&rule.techniques.join(", ")))?;
    }
    writeln!(out)
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.map(visible).collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

const fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
