//! `schtag man`.
use super::failure::{Exit, Failure};
use super::{Cli, output};
use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;
use std::fs;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag man > schtag.1
  schtag man --output man1/";

/// Print the manual page of this command, or write those of all subcommands
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Man {
    /// Write schtag.1 and a page for each subcommand, such as schtag-tag.1, to this folder; it is made if it is not
    /// there
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        // The version of the executable names its base module on a second line, which a title cannot have.
        let command = Cli::command().version(env!("CARGO_PKG_VERSION"));
        match &self.output {
            None => {
                let mut page = Vec::new();
                Page::new(command).render(&mut page).map_err(|error| Failure::of_output(&error))?;
                output::write(&page)?;
            }
            Some(folder) => {
                let written =
                    fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
                written.map_err(|error| Failure::of_file(Exit::Output, folder, error))?;
            }
        }
        Ok(Exit::Done)
    }
}
