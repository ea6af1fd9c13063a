//! The pages for operators and analysts: what they link to exists.

use std::fs;
use std::path::Path;

use schtag_tests::project;

use crate::Outcome;

/// The pages, from the project's root.
const PAGES: [&str; 5] = [
    "docs/fluent_bit.md",
    "docs/analyst.md",
    "docs/scaling.md",
    "config_examples/fluent-bit/README.md",
    "config_examples/dashboards/README.md",
];

/// Written by another part of the project.
const ELSEWHERE: [&str; 1] = ["clickhouse.md"];

#[test]
fn their_links_lead_somewhere() -> Outcome {
    for page in PAGES {
        let path = project::root().join(page);
        let text = fs::read_to_string(&path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or(link);
            if file.is_empty() || file.starts_with("http") || ELSEWHERE.contains(&file) {
                continue;
            }
            assert!(folder.join(file).exists(), "{page}: {link}");
        }
    }
    Ok(())
}
