//! `schtag new`.
use super::failure::{Exit, Failure};
use super::say;
use clap::{Args, Subcommand};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  schtag new rule my-rules/notepad-at-logon";

/// Write the beginning of a rule, with its cases, to change
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A folder with a rule.yml that compiles and passes its cases
    Rule {
        /// The folder to make; its name is the rule's
        #[arg(value_name = "NAME")]
        folder: PathBuf,
    },
}

impl New {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let What::Rule { folder } = self.what;
        let path = folder.join("rule.yml");
        if path.exists() {
            return Err(Failure::of_file(Exit::Output, &path, "it is there already, and is left alone"));
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().replace(['-', '_'], " ");
        let text = TEMPLATE.replace("{id}", &new_id()).replace("{name}", &name.replace('\'', "''"));
        fs::create_dir_all(&folder).map_err(|error| Failure::of_file(Exit::Output, &folder, error))?;
        fs::write(&path, text).map_err(|error| Failure::of_file(Exit::Output, &path, error))?;
        say(&format!("{}: change it, then `schtag check {}`", path.display(), folder.display()));
        Ok(Exit::Done)
    }
}

/// A new rule: every line is an example of what may stand there.
const TEMPLATE: &str = r"title: 'Scheduled task: {name}'
id: {id}
status: experimental
description: Say in a sentence what the task does that is worth a look.
# `category: process_creation` sees each process that the task will start; `service: security` sees the event itself.
# docs/fields.md has the fields of both.
logsource: {product: windows, category: process_creation}
detection:
  selection:
    # In single quotes a backslash is a backslash.
    Image|endswith: '\notepad.exe'
    task.trigger: logon
  condition: selection
falsepositives: [Name the ordinary task that comes nearest.]
level: medium
tags: [attack.persistence, attack.t1053.005]

# What the rule must match, and what it must not: docs/cases.md. `schtag check` runs them.
cases:
  - {case: at each logon, matches: true, command: 'C:\Windows\notepad.exe', trigger: logon}
  - {case: once a day, matches: false, command: 'C:\Windows\notepad.exe', trigger: daily}
";

/// A new random UUID of version 4.
fn new_id() -> String {
    // The keys of each state are random.
    let [high, low] = [(), ()].map(|()| RandomState::new().build_hasher().finish());
    let number = (u128::from(high) << 64) | u128::from(low);
    let number = (number & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_4_and_differ() {
        let (one, other) = (new_id(), new_id());
        assert_ne!(one, other);
        for id in [one, other] {
            let groups: Vec<&str> = id.split('-').collect();
            assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(groups[2].starts_with('4') && groups[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        }
    }
}
