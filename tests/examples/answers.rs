//! Writes the tables of docs/reliability.md from tests/testdata/answers.yml: `make docs`.

use schtag_tests::answers::{Answers, page};
use std::fs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let written = Answers::read()?.render(&fs::read_to_string(page())?)?;
    fs::write(page(), written)?;
    Ok(())
}
