//! The command `schtag`.
mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
