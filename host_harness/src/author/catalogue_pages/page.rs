//! The page of one rule.
use super::markdown::{code, link, prose};
use super::{MARK, relative};
use crate::author::check::cases;
use crate::rules::sigma::{Compilation, PackIndex, RuleInfo};
use crate::rules::{ads, attack, default_rules};
use std::path::Path;
use yaml_serde::{Mapping, Value};

/// The page of a rule, to be put into the folder `output`.
pub(super) fn page(info: &RuleInfo, name: &str, compiled: &Compilation, output: &Path) -> String {
    let metadata = &info.metadata;
    let mut out = format!("{MARK}\n# {}\n\n", prose(&metadata.title));
    if !metadata.description.is_empty() {
        out.push_str(&format!("{}\n\n", prose(&metadata.description)));
    }
    facts(&mut out, info, name, output);
    if let Some(section) = metadata.attributes.get("ads") {
        for (part, heading) in ads::PARTS {
            let texts = ads::texts(section, part);
            out.push_str(&format!("\n## {heading}\n\n"));
            match &*texts {
                [] => out.push_str("Not said.\n"),
                [text] if !text.starts_with("http") => paragraphs(&mut out, text),
                several => list(&mut out, several.iter().map(|text| prose(text))),
            }
        }
    } else if !metadata.falsepositives.is_empty() {
        out.push_str("\n## False positives\n\n");
        list(&mut out, metadata.falsepositives.iter().map(|text| prose(text)));
    }
    detection(&mut out, info, compiled);
    case_list(&mut out, &info.path);
    if !metadata.references.is_empty() {
        out.push_str("\n## References\n\n");
        list(&mut out, metadata.references.iter().map(|text| prose(text)));
    }
    out
}

fn facts(out: &mut String, info: &RuleInfo, name: &str, output: &Path) {
    let metadata = &info.metadata;
    let techniques: Vec<String> = metadata
        .techniques
        .iter()
        .map(|technique| link(technique, &attack::technique_url(technique)))
        .collect();
    out.push_str("| | |\n|---|---|\n");
    out.push_str(&format!("| Name | {} |\n", code(name)));
    out.push_str(&format!("| Id | {} |\n", code(&metadata.id)));
    out.push_str(&format!("| Level | {} |\n", metadata.level.as_str()));
    let status = info.document.get("status").and_then(Value::as_str);
    if let Some(status) = status {
        out.push_str(&format!("| Status | {status} |\n"));
    }
    if !techniques.is_empty() {
        out.push_str(&format!("| ATT&CK | {} |\n", techniques.join(", ")));
    }
    if let Some(author) = &metadata.author {
        out.push_str(&format!("| Author | {} |\n", prose(author)));
    }
    if let Some(path) = relative(output, &info.path) {
        out.push_str(&format!("| Source | {} |\n", link(&path.replace("../", ""), &path)));
    }
}

fn paragraphs(out: &mut String, text: &str) {
    let paragraphs: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(prose).collect();
    out.push_str(&paragraphs.join("\n\n"));
    out.push('\n');
}

fn list(out: &mut String, items: impl Iterator<Item = String>) {
    for item in items {
        out.push_str(&format!("- {}\n", item.replace('\n', " ")));
    }
}

fn detection(out: &mut String, info: &RuleInfo, compiled: &Compilation) {
    out.push_str("\n## Detection\n\n");
    yaml(out, &info.document);
    let PackIndex::Correlation(index) = info.index else { return };
    let joined =
        compiled.pack.correlations.get(index).map_or(&[] as &[u32], |correlation| &correlation.rules);
    let is_joined = |other: &&RuleInfo| match other.index {
        PackIndex::Rule(index) => joined.iter().any(|rule| *rule as usize == index),
        PackIndex::Correlation(_) => false,
    };
    for rule in compiled.rules.iter().filter(is_joined) {
        out.push_str(&format!("\n### {}\n\n", prose(&rule.metadata.title)));
        if !rule.metadata.description.is_empty() {
            out.push_str(&format!("{}\n\n", prose(&rule.metadata.description)));
        }
        yaml(out, &rule.document);
    }
}

fn yaml(out: &mut String, document: &Value) {
    let mut shown = Mapping::new();
    for key in ["name", "logsource", "detection", "correlation"] {
        if let Some(value) = document.get(key) {
            shown.insert(key.into(), value.clone());
        }
    }
    // What was read as YAML can be written as YAML.
    let yaml = yaml_serde::to_string(&shown).unwrap_or_default();
    out.push_str(&format!("```yaml\n{}\n```\n", yaml.trim_end()));
}

fn case_list(out: &mut String, rule: &Path) {
    let Some((cases, _)) = crate::author::check::has_own_folder(rule)
        .then(|| {
            let path = rule.with_file_name(cases::FILE);
            let of_default = || Some(cases::of(&path, default_rules::text(&path)?.as_bytes()));
            cases::read(&path).ok().or_else(of_default)
        })
        .flatten()
    else {
        return;
    };
    for (matches, heading) in [(true, "It must match"), (false, "It must not match")] {
        let names: Vec<String> =
            cases.iter().filter(|case| case.matches == matches).map(|case| prose(&case.name)).collect();
        if !names.is_empty() {
            if matches {
                out.push_str("\n## Cases\n");
            }
            out.push_str(&format!("\n{heading}:\n\n"));
            list(out, names.into_iter());
        }
    }
}
