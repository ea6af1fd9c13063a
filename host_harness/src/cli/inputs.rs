//! The files that are read, and what became of each.
use crate::records::folder;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most files that are listed of those that were read, and of those that were not.
const LISTED: usize = 1_000;

/// A file to read.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// Its path; `-` is standard input.
    pub(crate) path: PathBuf,
    /// False for one that was found in a folder.
    pub(crate) named: bool,
}

/// All files to read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) inputs: Vec<Input>,
    /// Their bytes, where all are known.
    pub(crate) bytes: Option<u64>,
    /// Folders that cannot be looked through, and why.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Links, pipes and devices in folders.
    pub(crate) left_alone: u64,
}

impl Plan {
    /// Looks through the folders among the paths. Without a path, standard input is read.
    pub(crate) fn new(paths: &[PathBuf]) -> Self {
        let standard_input = [PathBuf::from("-")];
        let paths = if paths.is_empty() { &standard_input } else { paths };
        let mut plan = Self { bytes: Some(0), ..Self::default() };
        for path in paths {
            let metadata = if path == Path::new("-") { None } else { fs::metadata(path).ok() };
            if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
                let found = folder::find(path);
                for (path, bytes) in found.files {
                    plan.add(path, false, Some(bytes));
                }
                plan.unreadable.extend(found.unreadable);
                plan.left_alone += found.left_alone;
            } else {
                let bytes = metadata.filter(fs::Metadata::is_file).map(|metadata| metadata.len());
                plan.add(path.clone(), true, bytes);
            }
        }
        plan
    }

    fn add(&mut self, path: PathBuf, named: bool, bytes: Option<u64>) {
        self.inputs.push(Input { path, named });
        self.bytes = self.bytes.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
    }
}

/// Returns whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt;
        return one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The outcome of each input.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcomes {
    /// Read to their end.
    pub(crate) read: u64,
    /// Not read, or not to their end, or damaged.
    pub(crate) unread: u64,
    /// Files in folders that hold no records.
    pub(crate) passed_over: u64,
    /// Links, pipes and devices in folders.
    pub(crate) left_alone: u64,
    /// The first of each kind.
    pub(crate) files: Vec<Outcome>,
    #[serde(skip)]
    listed: [usize; 2],
}

/// The outcome of one input.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Outcome {
    /// Its path.
    pub(crate) file: String,
    /// Its form; empty when that is not known.
    pub(crate) form: String,
    /// Records read.
    pub(crate) records: u64,
    /// Those with a tag.
    pub(crate) tagged: u64,
    /// Lines that are no JSON objects, and were not checked.
    pub(crate) not_json: u64,
    /// Why it was not read, or not to its end.
    pub(crate) problem: Option<String>,
    #[serde(skip)]
    pub(crate) passed_over: bool,
}

impl Outcomes {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        let count = match (&outcome.problem, outcome.passed_over) {
            (None, _) => &mut self.read,
            (_, true) => &mut self.passed_over,
            _ => &mut self.unread,
        };
        *count += 1;
        let kind = usize::from(outcome.problem.is_some());
        if let Some(listed) = self.listed.get_mut(kind).filter(|listed| **listed < LISTED) {
            *listed += 1;
            self.files.push(outcome);
        }
    }

    /// The files of which something was not read, and why.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&Outcome, &str)> {
        self.files.iter().filter_map(|file| Some((file, file.problem.as_deref()?)))
    }
}

impl Outcome {
    /// Says in words what was read.
    pub(crate) fn in_words(&self) -> String {
        let mut words = format!(
            "{}: {}, {} read, {} tagged",
            self.file,
            self.form,
            several(self.records, "record"),
            self.tagged
        );
        if self.not_json > 0 {
            words.push_str(&format!("; {} not JSON and not checked", are(self.not_json, "line")));
        }
        words
    }
}

/// `1 record`, `2 records`.
pub(crate) fn several(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// `1 line is`, `2 lines are`.
pub(crate) fn are(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one} is") } else { format!("{count} {one}s are") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_expanded_and_sizes_added() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        for name in ["in/a", "in/b", "c"] {
            fs::write(folder.path().join(name), "12345").unwrap();
        }
        let plan = Plan::new(&[folder.path().join("c"), folder.path().join("in")]);
        let named: Vec<bool> = plan.inputs.iter().map(|input| input.named).collect();
        assert_eq!((named, plan.bytes), (vec![true, false, false], Some(15)));
        // What has no size makes the whole unknown.
        assert_eq!(Plan::new(&[folder.path().join("c"), "missing".into()]).bytes, None);
        assert_eq!(Plan::new(&[]).inputs[0].path, Path::new("-"));
    }

    #[test]
    fn one_file_has_many_paths() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, hard] = ["a", "b", "hard"].map(|name| folder.path().join(name));
        fs::write(&a, "").unwrap();
        fs::write(&b, "").unwrap();
        fs::hard_link(&a, &hard).unwrap();
        assert!(is_same_file(&a, &folder.path().join(".").join("a")));
        assert!(!is_same_file(&a, &b) && !is_same_file(&a, &folder.path().join("missing")));
        assert_eq!(is_same_file(&a, &hard), cfg!(unix));
    }
}
