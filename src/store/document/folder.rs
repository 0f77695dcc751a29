//! Which files of a folder may be documents of traces, and which stores of MLflow lie among them.

use crate::limits;
use crate::shell;
use crate::store::file::is_file_store;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// Endings of files that may hold traces, also followed by `.gz`: JSON, and OTLP in bytes. Recorders of HTTP requests call
/// what was sent `.body`.
const EXTENSIONS: [&str; 7] = ["json", "jsonl", "ndjson", "pb", "bin", "otlp", "body"];

/// What lies in a folder.
#[derive(Default)]
pub(super) struct Folder {
    /// Regular files with a known ending, in the order of their paths.
    pub(super) files: Vec<PathBuf>,
    /// Other entries, and why they are not read.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    /// Databases and file stores of MLflow, which are stores of their own.
    pub(super) stores: Vec<PathBuf>,
    /// Whether there are more entries than are looked at.
    pub(super) is_cut: bool,
    /// Folders that could not be listed.
    pub(super) unreadable: Vec<(PathBuf, std::io::Error)>,
}

impl Folder {
    /// Lists a folder. Hidden entries are left out. No link is followed and no file is opened, so that neither what lies
    /// outside nor a pipe is ever read.
    pub(super) fn list(root: &Path) -> Self {
        Self::list_up_to(root, limits::FOLDER_ENTRIES)
    }

    fn list_up_to(root: &Path, most: usize) -> Self {
        let mut folder = Self::default();
        let mut open: Vec<(PathBuf, usize)> = vec![(root.to_owned(), 0)];
        let mut seen = 0;
        while let Some((path, depth)) = open.pop() {
            if depth == 0 || path.symlink_metadata().is_ok_and(|data| data.is_dir()) {
                if !folder.enters(&path, depth) {
                    continue;
                }
                let mut below = match shown_in(&path, most - seen + 1) {
                    Ok(below) => below,
                    Err(error) => {
                        folder.unreadable.push((path, error));
                        continue;
                    }
                };
                folder.is_cut |= below.len() > most - seen;
                below.truncate(most - seen);
                seen += below.len();
                below.sort_unstable_by(|a, b| b.cmp(a));
                open.extend(below.into_iter().map(|path| (path, depth + 1)));
            } else {
                folder.add_file(path);
            }
        }
        folder
    }

    /// Whether the entries of a folder are to be looked at.
    fn enters(&mut self, path: &Path, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        if is_file_store(path) {
            self.stores.push(path.to_owned());
            return false;
        }
        let why = if path.join("meta.yaml").exists() || is_artifacts(path) {
            "part of an MLflow store"
        } else if depth >= limits::FOLDER_LEVELS {
            "deeper than two levels"
        } else {
            return true;
        };
        self.skipped.push((path.to_owned(), why));
        false
    }

    fn add_file(&mut self, path: PathBuf) {
        let kind = path.symlink_metadata().map(|data| data.file_type());
        let why = match kind {
            Ok(kind) if kind.is_symlink() => "a link",
            Ok(kind) if !kind.is_file() => "not a regular file",
            Err(_) => "cannot be looked at",
            Ok(_) if path.file_name().is_some_and(|name| name == "mlflow.db") => {
                self.stores.push(path);
                return;
            }
            Ok(_) if !has_known_extension(&path) => "unknown extension",
            Ok(_) => {
                self.files.push(path);
                return;
            }
        };
        self.skipped.push((path, why));
    }
}

/// The first entries of a folder that are not hidden.
fn shown_in(folder: &Path, most: usize) -> std::io::Result<Vec<PathBuf>> {
    let is_shown = |entry: &std::io::Result<DirEntry>| {
        entry.as_ref().map_or(true, |entry| !entry.file_name().to_string_lossy().starts_with('.'))
    };
    let entries = std::fs::read_dir(folder)?.filter(is_shown).take(most);
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// The command that opens a store.
pub(super) fn opening(store: &Path) -> String {
    let path = std::path::absolute(store).unwrap_or_else(|_| store.to_owned()).display().to_string();
    format!("`mltrace {} traces list`", shell::option("-u", &path))
}

fn has_known_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// Whether a folder holds what a database leaves to files (`<experiment>/traces/<trace>/artifacts`): half of a store is none.
fn is_artifacts(path: &Path) -> bool {
    let name = |at| path.ancestors().nth(at).and_then(Path::file_name);
    name(0).is_some_and(|name| name == "artifacts") && name(2).is_some_and(|name| name == "traces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_entries_than_the_limit_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        for name in ["a.json", "b.json", "run/c.json", "run/d.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        for (most, is_cut) in [(5, false), (4, true), (1, true)] {
            let listed = Folder::list_up_to(folder.path(), most);
            assert_eq!((listed.is_cut, listed.files.len() < 4), (is_cut, is_cut), "{most}");
        }
    }
}
