//! `schtag completions`.
use super::failure::{Exit, Failure};
use super::{Cli, output};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  schtag completions bash > schtag.bash
  schtag completions zsh > _schtag
  schtag completions fish > schtag.fish
  schtag completions powershell > schtag.ps1";

/// Print a script with which a shell completes the words of this command
///
/// For bash, write it to ~/.local/share/bash-completion/completions/schtag; for zsh, to a file _schtag in a folder of
/// $fpath; for fish, to ~/.config/fish/completions/schtag.fish; for PowerShell, run it from your profile.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "schtag", &mut script);
        output::write(&script)?;
        Ok(Exit::Done)
    }
}
