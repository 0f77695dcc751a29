//! Lists a folder: files that may be trace documents, and MLflow stores among them.

use crate::limits;
use crate::shell;
use crate::store::file::is_file_store;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// Extensions of files that may contain traces, optionally followed by `.gz`: JSON and binary OTLP. Recorders of HTTP
/// requests write request bodies to `.body` files.
const EXTENSIONS: [&str; 7] = ["json", "jsonl", "ndjson", "pb", "bin", "otlp", "body"];

/// Contents of a folder.
#[derive(Default)]
pub(super) struct Folder {
    /// Regular files with a known extension, sorted by path.
    pub(super) files: Vec<PathBuf>,
    /// Other entries, and why they are not read.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    /// MLflow databases and file stores.
    pub(super) stores: Vec<PathBuf>,
    /// Whether the folder has more entries than the limit.
    pub(super) is_truncated: bool,
    /// Folders that could not be listed.
    pub(super) unreadable: Vec<(PathBuf, std::io::Error)>,
}

impl Folder {
    /// Lists a folder recursively, without hidden entries. Follows no links and opens no files, so that nothing outside
    /// the folder and no pipe is ever read.
    pub(super) fn list(root: &Path) -> Self {
        Self::list_up_to(root, limits::FOLDER_ENTRIES)
    }

    fn list_up_to(root: &Path, max_entries: usize) -> Self {
        let mut folder = Self::default();
        let mut pending: Vec<(PathBuf, usize)> = vec![(root.to_owned(), 0)];
        let mut seen = 0;
        while let Some((path, depth)) = pending.pop() {
            if depth == 0 || path.symlink_metadata().is_ok_and(|data| data.is_dir()) {
                if !folder.should_enter(&path, depth) {
                    continue;
                }
                let mut entries = match visible_entries(&path, max_entries - seen + 1) {
                    Ok(entries) => entries,
                    Err(error) => {
                        folder.unreadable.push((path, error));
                        continue;
                    }
                };
                folder.is_truncated |= entries.len() > max_entries - seen;
                entries.truncate(max_entries - seen);
                seen += entries.len();
                entries.sort_unstable_by(|a, b| b.cmp(a));
                pending.extend(entries.into_iter().map(|path| (path, depth + 1)));
            } else {
                folder.add_file(path);
            }
        }
        folder
    }

    /// Whether to list a subfolder. If not, records it as a store or as skipped.
    fn should_enter(&mut self, path: &Path, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        if is_file_store(path) {
            self.stores.push(path.to_owned());
            return false;
        }
        let reason = if path.join("meta.yaml").exists() || is_artifact_folder(path) {
            "part of an MLflow store"
        } else if depth >= limits::FOLDER_LEVELS {
            "deeper than two levels"
        } else {
            return true;
        };
        self.skipped.push((path.to_owned(), reason));
        false
    }

    fn add_file(&mut self, path: PathBuf) {
        let kind = path.symlink_metadata().map(|data| data.file_type());
        let reason = match kind {
            Ok(kind) if kind.is_symlink() => "a link",
            Ok(kind) if !kind.is_file() => "not a regular file",
            Err(_) => "cannot be accessed",
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
        self.skipped.push((path, reason));
    }
}

/// Returns the first non-hidden entries of a folder.
fn visible_entries(folder: &Path, max_entries: usize) -> std::io::Result<Vec<PathBuf>> {
    let is_visible = |entry: &std::io::Result<DirEntry>| {
        entry.as_ref().map_or(true, |entry| !entry.file_name().to_string_lossy().starts_with('.'))
    };
    let entries = std::fs::read_dir(folder)?.filter(is_visible).take(max_entries);
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// Returns the command that opens a store.
pub(super) fn open_command(store: &Path) -> String {
    let path = std::path::absolute(store).unwrap_or_else(|_| store.to_owned()).display().to_string();
    format!("`mltrace {} traces list`", shell::option("-u", &path))
}

fn has_known_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// Whether a folder contains trace artifacts of a database store (`<experiment>/traces/<trace>/artifacts`), which are
/// only a part of that store.
fn is_artifact_folder(path: &Path) -> bool {
    let name = |at| path.ancestors().nth(at).and_then(Path::file_name);
    name(0).is_some_and(|name| name == "artifacts") && name(2).is_some_and(|name| name == "traces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        for name in ["a.json", "b.json", "run/c.json", "run/d.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        for (max_entries, is_cut) in [(5, false), (4, true), (1, true)] {
            let listed = Folder::list_up_to(folder.path(), max_entries);
            assert_eq!((listed.is_truncated, listed.files.len() < 4), (is_cut, is_cut), "{max_entries}");
        }
    }
}
