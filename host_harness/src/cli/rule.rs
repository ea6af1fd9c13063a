//! `schtag rule`.
use super::failure::{Exit, Failure};
use super::module;
use super::output;
use super::terminal::{Style, Terminal};
use crate::author::check::names;
use crate::author::{catalogue_pages, find};
use crate::rules::sigma::Compilation;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag rule
  schtag rule f6f75093
  schtag rule powershell-encoded-command
  schtag rule --rules my-rules/";

/// Print the page of a rule: what it finds, when it is wrong, what to do; without one, the list of rules
///
/// The page is Markdown, that of the catalogue (docs/rules).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rule {
    /// The rule's id, as a tag has it, or its beginning; or the name of the rule's folder
    #[arg(value_name = "ID|NAME")]
    rule: Option<String>,
    /// A folder of Sigma rules, searched for .yml and .yaml, or a single file, instead of the default rules; give
    /// --rules once for each
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

impl Rule {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let compiled = module::usable(module::compile(&self.rules, None)?)?;
        let terminal = Terminal::of_standard_output();
        let text = match &self.rule {
            None => list(&compiled, terminal),
            Some(wanted) => {
                let (info, name) =
                    find::rule(&compiled, wanted).map_err(|error| Failure::new(Exit::Input, error))?;
                catalogue_pages::rule_page(info, &name, &compiled)
            }
        };
        output::print(terminal, &text)?;
        Ok(Exit::Done)
    }
}

/// The rules that are reported, the most severe first.
fn list(compiled: &Compilation, terminal: Terminal) -> String {
    let named = compiled.rules.iter().zip(names(compiled));
    let mut rules: Vec<_> = named.filter(|(info, _)| !compiled.feeds_only(info)).collect();
    rules.sort_by(|(a, a_name), (b, b_name)| {
        b.metadata.level.cmp(&a.metadata.level).then_with(|| a_name.cmp(b_name))
    });
    let rows: Vec<_> = rules
        .iter()
        .map(|(info, name)| {
            let cell = |text: &str| (Style::Plain, text.to_owned());
            vec![
                cell(name),
                cell(info.metadata.level.as_str()),
                cell(info.metadata.id.get(..8).unwrap_or(&info.metadata.id)),
                cell(&info.metadata.title),
            ]
        })
        .collect();
    terminal.table(&["rule", "level", "id", "what it finds"], &rows, &[])
}
