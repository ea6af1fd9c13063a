//! The command `schtag`.

fn main() -> std::process::ExitCode {
    schtag_host::cli::main()
}
