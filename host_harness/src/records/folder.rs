//! The files below a folder, in order of their names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most folders within each other that are followed.
const MOST_DEPTH: usize = 100;

/// The files and folders below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Regular files, with their sizes in bytes.
    pub(crate) files: Vec<(PathBuf, u64)>,
    /// Folders and files that cannot be looked at.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Links, pipes, sockets and devices, which are left alone.
    pub(crate) left_alone: u64,
}

/// Looks through a folder and those in it. Links are not followed, so that none leads out of it or in a circle.
pub(crate) fn find(folder: &Path) -> Found {
    let mut found = Found::default();
    let mut open = vec![(folder.to_owned(), 0_usize)];
    // The last is the next, so that what is below a folder stands together.
    while let Some((path, depth)) = open.pop() {
        if let Err(error) = look(&path, depth, folder, &mut open, &mut found) {
            found.unreadable.push((path, error));
        }
    }
    found
}

fn look(
    path: &Path,
    depth: usize,
    root: &Path,
    open: &mut Vec<(PathBuf, usize)>,
    found: &mut Found,
) -> io::Result<()> {
    let metadata = if path == root { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    if metadata.is_dir() {
        if depth >= MOST_DEPTH {
            return Err(io::Error::other(format!("more than {MOST_DEPTH} folders deep")));
        }
        let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
        let mut entries = entries.collect::<io::Result<Vec<PathBuf>>>()?;
        entries.sort_unstable_by(|a, b| b.cmp(a));
        open.extend(entries.into_iter().map(|entry| (entry, depth.saturating_add(1))));
    } else if metadata.is_file() {
        found.files.push((path.to_owned(), metadata.len()));
    } else {
        found.left_alone = found.left_alone.saturating_add(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b/c", "b/a/d"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["z.ndjson", "a.ndjson", "b/y", "b/a/x", "b/a/d/w"] {
            fs::write(at(name), name).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("..", at("b/up")).unwrap();
            std::os::unix::fs::symlink("a.ndjson", at("link")).unwrap();
        }
        let found = find(folder.path());
        let names: Vec<_> =
            found.files.iter().map(|(path, _)| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, ["a.ndjson", "b/a/d/w", "b/a/x", "b/y", "z.ndjson"].map(Path::new));
        assert_eq!(found.files[1].1, 7);
        assert!(found.unreadable.is_empty());
        assert_eq!(found.left_alone, if cfg!(unix) { 2 } else { 0 });
        let missing = find(&at("missing"));
        assert_eq!((missing.files.len(), missing.unreadable.len()), (0, 1));
    }
}
