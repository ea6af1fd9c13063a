//! The command line. Data goes to standard output, words to standard error.
mod bake;
mod check;
mod completions;
mod docs;
mod excerpt;
mod explain;
mod failure;
mod filter;
mod format;
mod inputs;
mod inspect;
mod man;
mod module;
mod new;
mod output;
mod pretty;
mod progress;
mod report;
mod rows;
mod rule;
mod serve;
mod summary;
mod tag;
mod terminal;
mod workers;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use failure::{Exit, Failure};
use output::{say, tell};
use std::process::ExitCode;

/// The base module inside this executable, and the version, written by build.rs.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/base.rs"));
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, but the module failed on some record, or used up its fuel (`tag`, `report`; `tag` writes the record as it
     was); or some case or lint failed, a rule was not compiled, or there was no rule (`check`)
  2  wrong usage
  3  some input or rule could not be read, or most lines of an input were not JSON (`tag`, `report`), or the address
     cannot be listened on (`serve`)
  4  no module was found, or it was rejected
  5  the output could not be written
  6  an alert of the level of --fail-on, or a higher one, was found (`tag`, `report`)";

/// Tags Windows scheduled-task events that match reported attacker behaviour.
///
/// This is the same filter that Fluent Bit runs, schtag.wasm, on the command line; and the tool that checks
/// and explains Sigma rules and bakes them into it.
#[derive(Debug, Parser)]
#[command(name = "schtag", version = embedded::VERSION, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tag(tag::Tag),
    Serve(serve::Serve),
    Inspect(inspect::Inspect),
    Bake(bake::Bake),
    Check(check::Check),
    Explain(explain::Explain),
    Rule(rule::Rule),
    New(new::New),
    Docs(docs::Docs),
    Report(report::Report),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the command and says how it ended.
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return usage(&error),
    };
    let result = match command {
        Command::Tag(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Bake(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Rule(command) => command.run(),
        Command::New(command) => command.run(),
        Command::Docs(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Message { exit, text }) => {
            say(&text);
            exit.into()
        }
    }
}

/// Prints the help or version that was asked for, or says what is wrong with the arguments, which may be names of files.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // When nobody can hear it, nothing else can be done.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
        }
        _ => {
            tell(&error.render().to_string());
            Exit::Usage.into()
        }
    }
}
