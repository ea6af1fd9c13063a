//! `schtag inspect`.
use super::failure::{Exit, Failure};
use super::module;
use super::output::Output;
use clap::Args;
use schtag_host::calls::Calls;
use schtag_host::digest::sha256_hex;
use schtag_host::inspect::{Inspection, PAGE};
use schtag_host::manifest::{Manifest, RuleSummary};
use schtag_host::stack;
use std::fmt::{self, Write};
use std::fs;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag inspect dist/schtag.wasm
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
        let wasm = fs::read(&self.file).map_err(|error| Failure::of_file(Exit::Input, &self.file, error))?;
        if self.calls {
            return self.print_calls(&wasm);
        }
        let inspection =
            Inspection::of(&wasm).map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
        let mut text = String::new();
        if self.json {
            text = serde_json::to_string_pretty(&inspection)
                .map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
            text.push('\n');
        } else {
            // Writing to a string cannot fail.
            let _ = in_words(&mut text, &inspection);
        }
        let mut output = Output::new();
        output.write(text.as_bytes())?;
        output.flush()?;
        Ok(Exit::Done)
    }
}

impl Inspect {
    fn print_calls(&self, wasm: &[u8]) -> Result<Exit, Failure> {
        // A baked module has no names; its base has them, when it is the one in here.
        let base = module::base(None)?.filter(|base| {
            let baked_of = Manifest::of(wasm).ok().flatten().map(|manifest| manifest.base);
            baked_of.is_some_and(|baked_of| baked_of == sha256_hex(base))
        });
        let calls = Calls::named_by(wasm, base.as_deref().unwrap_or(wasm));
        let calls = calls.map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
        let mut text = String::new();
        if self.json {
            text = serde_json::to_string_pretty(&calls)
                .map_err(|error| Failure::of_file(Exit::Module, &self.file, error))?;
            text.push('\n');
        } else {
            // Writing to a string cannot fail.
            let _ = calls_in_words(&mut text, &calls);
        }
        let mut output = Output::new();
        output.write(text.as_bytes())?;
        output.flush()?;
        Ok(Exit::Done)
    }
}

fn calls_in_words(out: &mut String, calls: &Calls) -> fmt::Result {
    writeln!(out, "reachable    {} functions", calls.reachable)?;
    writeln!(out, "never return {} of them, called by", calls.traps.len())?;
    for (trap, callers) in &calls.traps {
        writeln!(out, "  {trap}")?;
        callers.iter().try_for_each(|caller| writeln!(out, "    {caller}"))?;
    }
    writeln!(out, "cycles       {}", calls.cycles.len())?;
    calls.cycles.iter().try_for_each(|cycle| writeln!(out, "  {}", cycle.join(", ")))?;
    let bytes: u32 = calls.deepest.iter().map(|frame| frame.bytes).sum();
    writeln!(out, "deepest      {bytes} bytes of {} in {} calls", stack::AVAILABLE, calls.deepest.len())?;
    calls.deepest.iter().try_for_each(|frame| writeln!(out, "  {:5} {}", frame.bytes, frame.function))
}

fn in_words(out: &mut String, module: &Inspection) -> fmt::Result {
    writeln!(out, "sha256       {}", module.sha256)?;
    writeln!(out, "size         {} bytes, of which data {}", module.size, module.data)?;
    writeln!(out, "Fluent Bit   {}", module.refused.as_deref().unwrap_or("loads it, from 2.0 on"))?;
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
    writeln!(out, "baked by     schtag {}", manifest.version)?;
    writeln!(out, "base         {}", manifest.base)?;
    writeln!(out, "rule pack    {} (format {})", manifest.pack, manifest.format)?;
    let settings = &manifest.settings;
    writeln!(out, "settings     key {}, from level {}", settings.key, settings.minimum_level.as_str())?;
    writeln!(out, "             describe every task event: {}", yes(settings.observe_all))?;
    writeln!(out, "             raise on servers: {}", yes(settings.raise_on_servers))?;
    writeln!(out, "             ECS objects in tags: {}", yes(settings.ecs))?;
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
    write!(out, "  {:36}  {:13}  {}", rule.id, rule.level.as_str(), rule.title)?;
    if !rule.techniques.is_empty() {
        write!(out, " [{}]", rule.techniques.join(", "))?;
    }
    writeln!(out)
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<_> = items.collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

const fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
