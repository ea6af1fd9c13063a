//! Writes what the fuzz targets start from: seeds for each into `fuzz/corpus/TARGET`, and the compiled rules into
//! `fuzz/corpus/pack.postcard`.

use schtag_tests::{pack, project, seeds};
use std::fs;

fn main() -> Result<(), String> {
    let corpus = project::root().join("fuzz/corpus");
    let said = |error: std::io::Error| format!("{}: {error}", corpus.display());
    for target in seeds::TARGETS {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).map_err(said)?;
        for (number, seed) in seeds::of(target)?.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), seed).map_err(said)?;
        }
    }
    let bytes = pack::packed()?.to_bytes().map_err(|error| error.to_string())?;
    fs::write(corpus.join("pack.postcard"), bytes).map_err(said)
}
