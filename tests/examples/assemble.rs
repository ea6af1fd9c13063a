//! Assembles a module: `assemble IN.wat OUT.wasm`.
#![allow(clippy::print_stderr, reason = "a command")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        eprintln!("usage: assemble IN.wat OUT.wasm");
        return ExitCode::from(2);
    };
    let written = match wat::parse_file(input) {
        Ok(wasm) => std::fs::write(output, wasm).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{input}: {error}");
            ExitCode::FAILURE
        }
    }
}
