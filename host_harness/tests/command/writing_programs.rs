//! docs/writing_programs.md, followed to the letter: its files, written where it says, and its commands, one after the
//! other.
use super::{is_whole, schtag_in, stdout};
use schtag_host::author::check::samples::{Sample, Shape};
use std::fs;
use std::path::Path;

/// The texts of the page's blocks in that language, each with the paragraph before it.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<(&'a str, &'a str)> {
    let fence = format!("```{language}\n");
    let starts = page.match_indices(&fence);
    let block = |(at, _): (usize, &str)| {
        let (before, text) = (page.get(..at)?, page.get(at + fence.len()..)?);
        Some((before.trim_end().rsplit("\n\n").next()?, text.split("```").next()?))
    };
    starts.filter_map(block).collect()
}

/// Writes the files of the page: a paragraph that ends with a path and a colon names the block after it.
fn write_files(page: &str, folder: &Path) -> Vec<String> {
    let blocks = blocks(page, "yaml").into_iter().chain(blocks(page, "json"));
    let named = blocks.map(|(before, text)| {
        let name = before.rsplit('`').nth(1).unwrap();
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        name.to_owned()
    });
    named.collect()
}

#[test]
fn the_page_leads_from_an_entry_to_a_module_that_alerts() {
    if !is_whole("the_page_leads_from_an_entry_to_a_module_that_alerts") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/writing_programs.md")).unwrap().replace("\r\n", "\n");
    let folder = tempfile::tempdir().unwrap();
    let files = write_files(&page, folder.path());
    assert_eq!(files, ["programs/fetchit.yml", "rules/fetchit/rule.yml", "rules/fetchit/cases.ndjson"]);
    let event =
        Sample::new(4698, r"C:\Tools\fetchit.exe", r"get https://host.example.net/a -o C:\Temp\a.exe");
    fs::write(folder.path().join("event.json"), event.record(Shape::Winevtlog) + "\n").unwrap();

    let mut said = Vec::new();
    for (_, text) in blocks(&page, "console") {
        for words in text.lines().filter_map(|line| line.strip_prefix("$ schtag ")) {
            said.push((words, stdout(&schtag_in(folder.path(), words).assert().success())));
        }
    }
    let of = |start: &str| &said.iter().find(|(words, _)| words.starts_with(start)).unwrap().1;
    assert_eq!(said.len(), 4);
    assert!(
        of("check").contains("4 of 4 cases passed") && of("check").contains("1 program: 0 failed; 3 cases")
    );
    for fact in ["task.program_technique  \"T1105\"", r#""C:\Temp\a.exe""#, "alert, severity high"] {
        assert!(of("explain").contains(fact), "{fact}: {}", of("explain"));
    }
    let record: serde_json::Value = serde_json::from_str(of("tag")).unwrap();
    let rules: Vec<_> =
        record["schtag"]["rules"].as_array().unwrap().iter().map(|rule| &rule["title"]).collect();
    // Ours, and a default one on the same task.
    assert!(rules.contains(&&"Scheduled task fetches with fetchit from outside".into()), "{rules:?}");
    assert!(rules.len() > 1, "{rules:?}");
}
