//! Writes the catalogue: a page for each rule, their index, and the pages of fields and of programs. The same rules give the same
//! pages, so that a test can tell when the written ones are stale.

mod fields;
mod index;
mod markdown;
mod page;
mod programs;

pub use fields::fields;
pub use programs::programs;

use crate::author::check::names;
use crate::rules::sigma::{Compilation, RuleInfo};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// The first line of every page. A file that begins otherwise was written by a person, and is left alone.
pub(crate) const MARK: &str =
    "<!-- Written by `schtag docs`; change the rules instead, and run `make docs`. -->";

/// The pages for the folder `output`, which must exist: their contents by their file names. The index is
/// `README.md`.
pub fn pages(compiled: &Compilation, output: &Path) -> BTreeMap<String, String> {
    // What only feeds a correlation stands on the correlation's page.
    let named = compiled.rules.iter().zip(names(compiled));
    let rules: Vec<(&RuleInfo, String)> = named.filter(|(info, _)| !compiled.feeds_only(info)).collect();
    let mut pages = BTreeMap::new();
    for (info, name) in &rules {
        pages.insert(format!("{name}.md"), page::page(info, name, compiled, output));
    }
    pages.insert("README.md".to_owned(), index::index(&rules));
    pages
}

/// The page of one rule, for a terminal: without the line that marks a written file, and with the rule's name.
pub(crate) fn rule_page(info: &RuleInfo, name: &str, compiled: &Compilation) -> String {
    let page = page::page(info, name, compiled, Path::new("."));
    page.strip_prefix(MARK).unwrap_or(&page).trim_start().to_owned()
}

/// The way from a folder to a file, with `/` between the names; `None` when there is none or either is not there.
fn relative(folder: &Path, file: &Path) -> Option<String> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let common = folder.components().zip(file.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| "..".into());
    let down = file.components().skip(common).map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy()),
        // Another drive.
        _ => None,
    });
    let names: Option<Vec<_>> = up.map(Some).chain(down).collect();
    Some(names?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load;
    use std::fs;

    const RULE: &str = r"title: Runs *evil*
id: 60d5087d-4140-4c5a-8fbe-f6d946845cd6
tags: [attack.t1053.005]
description: See C:\_x.
references: [https://example.com/a_b]
logsource: {product: windows, service: security}
detection: {s: {task.command_line|contains: evil}, condition: s}
level: high
ads: {goal: Find evil., additional_resources: [https://example.com/c]}
";

    #[test]
    fn a_page_holds_what_the_rule_says() {
        let folder = tempfile::tempdir().unwrap();
        let rule = folder.path().join("rules/evil");
        let output = folder.path().join("docs/rules");
        fs::create_dir_all(&rule).unwrap();
        fs::create_dir_all(&output).unwrap();
        fs::write(rule.join("rule.yml"), RULE).unwrap();
        fs::write(rule.join("cases.ndjson"), r#"{"case":"plain","matches":true,"record":{}}"#).unwrap();
        let compiled = load::compile(&[folder.path().to_owned()], None).unwrap();
        let pages = pages(&compiled, &output);
        assert_eq!(pages.keys().collect::<Vec<_>>(), ["README.md", "evil.md"]);
        let page = &pages["evil.md"];
        assert!(page.starts_with(MARK));
        for part in [
            "\n# Runs \\*evil\\*\n\nSee C:\\\\\\_x.\n",
            "| Name | `evil` |\n| Id | `60d5087d-4140-4c5a-8fbe-f6d946845cd6` |\n| Level | high |\n",
            "[T1053.005](https://attack.mitre.org/techniques/T1053/005/)",
            "[rules/evil/rule.yml](../../rules/evil/rule.yml)",
            "\n## Goal\n\nFind evil.\n",
            "\n## Response\n\nNot said.\n",
            "\n## Additional resources\n\n- <https://example.com/c>\n",
            "```yaml\nlogsource:\n  product: windows\n  service: security\ndetection:\n",
            "\n## Cases\n\nIt must match:\n\n- plain\n",
            "\n## References\n\n- <https://example.com/a_b>\n",
        ] {
            assert!(page.contains(part), "{page}\nshould have {part:?}");
        }
        let index = &pages["README.md"];
        assert!(index.contains("| [evil](evil.md) | `60d5087d` | high | [T1053.005]("), "{index}");
        assert!(index.contains("/T1053/005/) | [evil](evil.md) |\n"), "{index}");
    }
}
