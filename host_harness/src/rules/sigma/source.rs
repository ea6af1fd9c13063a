//! Rule files.

use super::refusal::{Reason, Refusal};
use crate::text::files::{self, FileError};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most bytes of a rule file.
pub(crate) const MAX_FILE: u64 = 1 << 20;
/// The most rule files, and the most folders, that are read.
pub(crate) const MAX_FILES: usize = 20_000;

/// The text of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in reports.
    pub path: PathBuf,
    /// The content: one or more YAML documents.
    pub text: String,
}

/// The files that [`load`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The files, those of a folder by name.
    pub sources: Vec<Source>,
    /// The files named allowlist.yml among them, which hold no rules; `settings` adds their entries.
    pub allowlists: Vec<Source>,
    /// The files that could not be read.
    pub refused: Vec<Refusal>,
}

/// Reads rule files: every path that is a file, and each `*.yml` and `*.yaml` in and below every path that is a
/// folder.
///
/// A file or folder that is reached twice (a symbolic link, an argument given twice) is read once. What cannot
/// be read is reported, and the rest is read all the same.
pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Loaded {
    let mut loader = Loader::default();
    for path in paths {
        let path = path.as_ref();
        if path.is_dir() {
            let met = loader.met;
            loader.folder(path);
            if loader.met == met {
                loader.refuse(path, Reason::NoRules);
            }
        } else {
            loader.file(path)
        }
        if loader.full {
            break;
        }
    }
    loader.loaded
}

#[derive(Default)]
struct Loader {
    loaded: Loaded,
    seen: HashSet<PathBuf>,
    /// The number of files that were met, and of folders that were refused or met once more.
    met: usize,
    full: bool,
}

impl Loader {
    fn folder(&mut self, path: &Path) {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            if !self.is_new(&folder) {
                self.met = self.met.saturating_add(1);
                continue;
            }
            let mut entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
                Ok(entries) => entries,
                Err(error) => {
                    self.refuse(&folder, Reason::Unreadable(error.to_string()));
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            let mut below = Vec::new();
            for path in entries.into_iter().map(|entry| entry.path()) {
                if self.full {
                    return;
                }
                if path.is_dir() {
                    below.push(path);
                } else if is_yaml(&path) {
                    self.file(&path);
                }
            }
            folders.extend(below.into_iter().rev());
        }
    }

    fn file(&mut self, path: &Path) {
        self.met = self.met.saturating_add(1);
        if !self.is_new(path) {
            return;
        }
        match read(path) {
            Ok(text) => {
                let source = Source { path: path.to_owned(), text };
                let is_allowlist = path.file_stem().is_some_and(|stem| stem == "allowlist");
                if is_allowlist {
                    self.loaded.allowlists.push(source);
                } else {
                    self.loaded.sources.push(source);
                }
            }
            Err(reason) => self.refuse(path, reason),
        }
    }

    /// Returns whether a file or folder was not met before. Counts them.
    fn is_new(&mut self, path: &Path) -> bool {
        if self.seen.len() >= MAX_FILES.saturating_mul(2) || self.loaded.sources.len() >= MAX_FILES {
            if !self.full {
                self.full = true;
                self.refuse(path, Reason::TooManyFiles(MAX_FILES));
            }
            return false;
        }
        // A path without a canonical form cannot be read either; reading it will say why.
        self.seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
    }

    fn refuse(&mut self, path: &Path, reason: Reason) {
        self.met = self.met.saturating_add(1);
        self.loaded.refused.push(Refusal {
            path: path.to_owned(),
            id: None,
            title: None,
            place: String::new(),
            reason,
        });
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("yml") || ext.eq_ignore_ascii_case("yaml"))
}

fn read(path: &Path) -> Result<String, Reason> {
    files::read_text(path, MAX_FILE).map_err(|error| match error {
        FileError::TooLarge { limit, .. } => Reason::FileTooLarge(limit),
        FileError::NotRegular { .. } => Reason::Unreadable("not a regular file".into()),
        FileError::NotText { .. } => Reason::Unreadable("not UTF-8 text".into()),
        FileError::System { error, .. } => Reason::Unreadable(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_order_and_everything_only_once() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        for name in ["z.yml", "a.YAML", "b/rule.yml", "b/c/rule.yaml", "b/notes.md"] {
            fs::write(at(name), name).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path(), at("b/loop")).unwrap();
            std::os::unix::fs::symlink(at("nowhere"), at("b/dangling.yml")).unwrap();
        }
        fs::create_dir(at("empty")).unwrap();
        let loaded = load([root.path(), &at("z.yml"), &at("b/notes.md"), &at("missing.yml")]);
        let names: Vec<&str> = loaded.sources.iter().map(|source| source.text.as_str()).collect();
        assert_eq!(names, ["a.YAML", "z.yml", "b/rule.yml", "b/c/rule.yaml", "b/notes.md"]);
        let refused: Vec<PathBuf> = loaded.refused.into_iter().map(|refusal| refusal.path).collect();
        let unreadable =
            if cfg!(unix) { vec![at("b/dangling.yml"), at("missing.yml")] } else { vec![at("missing.yml")] };
        assert_eq!(refused, unreadable);
        let empty = load([at("empty"), at("b/c"), root.path().into(), at("b/c")]);
        assert_eq!(empty.refused[0].path, at("empty"));
        assert_eq!(empty.refused[0].reason, Reason::NoRules);
        let others = empty.refused[1..].iter().filter(|refusal| refusal.reason == Reason::NoRules);
        assert_eq!(others.count(), 0, "a folder that was read before is not without rules");
    }

    #[test]
    fn what_is_not_a_rule_file_is_refused_with_a_reason() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("large.yml"), vec![b'#'; (1 << 20) + 1]).unwrap();
        fs::write(root.path().join("just.yml"), vec![b'#'; 1 << 20]).unwrap();
        fs::write(root.path().join("latin1.yml"), b"title: caf\xe9").unwrap();
        let loaded = load([root.path()]);
        assert_eq!(loaded.sources.len(), 1);
        let reasons: Vec<Reason> = loaded.refused.into_iter().map(|refusal| refusal.reason).collect();
        assert_eq!(reasons, [Reason::FileTooLarge(MAX_FILE), Reason::Unreadable("not UTF-8 text".into())]);
    }
}
