//! Finds the files of a trace: where its tag says, and after a store was moved, copied or served, where they are now.

use crate::files::{self, AllowedFolders};
use crate::limits;
use crate::model::{MovedFile, OutsideFile, Problem};
use percent_encoding::percent_decode_str;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The name of the file that holds a trace's spans.
pub(super) const TRACES_JSON: &str = "traces.json";
/// The name of the file that holds an archived trace's spans.
pub(super) const TRACES_PB: &str = "traces.pb";

/// The folders below which artifacts may lie.
#[derive(Clone, Debug)]
pub(super) struct Artifacts {
    /// The folder of the database; or the file store itself, and the one it lies in, where a server keeps `mlartifacts`.
    /// None for the sample in memory.
    pub(super) bases: Vec<PathBuf>,
    /// Where a local server keeps artifacts (`MLFLOW_ARTIFACTS_DESTINATION`).
    destination: Option<PathBuf>,
    /// Around the folders of artifacts of the store.
    own: AllowedFolders,
    /// Around the bases.
    around: AllowedFolders,
}

/// What a file of a trace came to.
pub(super) enum ArtifactFile {
    /// Its bytes.
    Bytes(PathBuf, Vec<u8>),
    /// It is not there.
    Missing(Problem),
}

impl Artifacts {
    pub(super) fn new(bases: Vec<PathBuf>, destination: Option<PathBuf>) -> Self {
        let roots = bases.iter().flat_map(|base| ["mlruns", "mlartifacts"].map(|root| base.join(root)));
        let roots: Vec<PathBuf> = roots.chain(destination.clone()).collect();
        let own = AllowedFolders::around(roots.iter().map(PathBuf::as_path));
        let around = AllowedFolders::around(bases.iter().map(PathBuf::as_path));
        Self { bases, destination, own, around }
    }

    /// Reads a file of a trace. `location` is the folder that a tag names.
    pub(super) fn read(&self, location: Option<&str>, experiment: &str, trace: &str, name: &str) -> ArtifactFile {
        let candidates = self.candidates(location, &format!("{experiment}/traces/{trace}/artifacts"));
        for folder in &candidates {
            let path = folder.join(name);
            match read_settled(&path, || self.read_file(folder, &path)) {
                Ok(bytes) => return ArtifactFile::Bytes(path, bytes),
                Err(error) if is_absent(&error) => {}
                Err(error) => {
                    return ArtifactFile::Missing(
                        Problem::new("unreadable_file", format!("cannot read {name}: {error}")).at(&path),
                    );
                }
            }
        }
        if let Some(location) = location.filter(|location| is_foreign(location)) {
            let message = format!("its files are at {location}, which is not read from here");
            return ArtifactFile::Missing(Problem::new("foreign_location", message));
        }
        let problem = Problem::new("missing_file", format!("{name} is not there"));
        ArtifactFile::Missing(match candidates.first() {
            Some(folder) => problem.at(&folder.join(name)),
            None => problem,
        })
    }

    /// Reads a file in a folder. Where its path has no link at all, it is where it seems to be.
    fn read_file(&self, folder: &Path, path: &Path) -> std::io::Result<Vec<u8>> {
        files::read_without_links(path, limits::FILE_BYTES).unwrap_or_else(|| {
            let fence = self.fence(folder)?;
            fence.read(&fence.resolve(path)?, limits::FILE_BYTES)
        })
    }

    /// What a file in a folder may be a link to: another file of that folder, or artifacts of the store. A folder that lies
    /// in the store is no way out of it.
    fn fence(&self, folder: &Path) -> std::io::Result<AllowedFolders> {
        let is_inside = self.bases.iter().any(|base| folder.starts_with(base));
        let real = if is_inside { self.around.resolve(folder) } else { folder.canonicalize() };
        Ok(self.own.clone().and(real?))
    }

    /// Whether a file was found elsewhere than where its record says. What a relative path is relative to is not recorded,
    /// and where a server keeps what it serves neither.
    pub(super) fn moved(location: Option<&str>, found: &Path) -> Option<MovedFile> {
        let Some(LocalPath::Path(folder)) = location.and_then(local_path) else { return None };
        let recorded = folder.join(found.file_name()?);
        let is_moved = recorded.is_absolute() && recorded != found;
        is_moved.then(|| MovedFile { recorded: recorded.display().to_string(), found: found.display().to_string() })
    }

    /// Whether a file that was found lies outside of the store, though the store has one of this name at a place of its own:
    /// a copied store. Artifacts that are kept elsewhere on purpose are there once.
    pub(super) fn outside(
        &self,
        location: Option<&str>,
        experiment: &str,
        trace: &str,
        found: &Path,
    ) -> Option<OutsideFile> {
        let Some(LocalPath::Path(named)) = location.and_then(local_path) else { return None };
        if !named.is_absolute() || self.bases.iter().any(|base| found.starts_with(base)) {
            return None;
        }
        // The store may be reached by a link.
        let real = found.canonicalize().ok()?;
        let name = found.file_name()?;
        let candidates = self.candidates(location, &format!("{experiment}/traces/{trace}/artifacts"));
        let own = candidates.iter().map(|folder| folder.join(name)).find(|path| {
            let is_inside = self.bases.iter().any(|base| path.starts_with(base));
            is_inside && path.canonicalize().is_ok_and(|path| path != real)
        })?;
        Some(OutsideFile { read: found.display().to_string(), own: own.display().to_string() })
    }

    /// The folders of an experiment's traces that exist, for telling which traces may have files at all.
    pub(super) fn trace_folders(&self, location: Option<&str>, experiment: &str) -> Vec<PathBuf> {
        let traces = location.map(|location| format!("{}/traces", location.trim_end_matches('/')));
        let mut folders = self.candidates(traces.as_deref(), &format!("{experiment}/traces"));
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// Every folder where something may lie, the likeliest first. `default` is its path below an artifact root.
    pub(super) fn candidates(&self, location: Option<&str>, default: &str) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        let mut add = |folder: PathBuf| {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        };
        let named = location.and_then(local_path);
        if let Some(LocalPath::Path(path)) = &named {
            let base = self.bases.first();
            add(base.map_or_else(|| path.clone(), |base| base.join(path)));
        }
        let path = match &named {
            Some(LocalPath::Path(path) | LocalPath::Served(path)) => path.as_path(),
            None => Path::new(""),
        };
        let parts: Vec<_> = path
            .components()
            .filter_map(|part| if let Component::Normal(part) = part { Some(part) } else { None })
            .collect();
        let is_plain = !path.components().any(|part| part == Component::ParentDir);
        if let Some(LocalPath::Served(path)) = &named
            && is_plain
        {
            for root in self.destination.iter().cloned().chain(self.bases.iter().map(|base| base.join("mlartifacts"))) {
                add(root.join(path));
            }
        }
        for base in &self.bases {
            if is_plain {
                for start in 0..parts.len() {
                    add(base.join(parts[start..].iter().collect::<PathBuf>()));
                }
            }
            if is_safe(default) {
                for root in ["", "mlruns", "mlartifacts"] {
                    add(base.join(root).join(default));
                }
            }
        }
        folders
    }
}

/// A location that may be on this machine.
enum LocalPath {
    /// A path.
    Path(PathBuf),
    /// A path below the artifact root of a server.
    Served(PathBuf),
}

/// `/abs`, `rel`, `file:///abs`, `mlflow-artifacts:/p`, `mlflow-artifacts://host/p`; none for other schemes and hosts.
fn local_path(location: &str) -> Option<LocalPath> {
    if let Some(rest) = location.strip_prefix("mlflow-artifacts:") {
        let path = rest.strip_prefix("//").map_or(rest, |after| after.find('/').map_or("", |slash| &after[slash..]));
        return Some(LocalPath::Served(PathBuf::from(path.trim_start_matches('/'))));
    }
    if let Some(rest) = location.strip_prefix("file:") {
        let path = match rest.strip_prefix("//") {
            None => rest,
            Some(after) if after.starts_with('/') => after,
            Some(after) => after.strip_prefix("localhost")?,
        };
        return Some(LocalPath::Path(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())));
    }
    // Two slashes or backslashes would reach for another host on Windows.
    let is_remote = is_foreign(location) || location.starts_with("//") || location.starts_with("\\\\");
    (!is_remote).then(|| LocalPath::Path(PathBuf::from(location)))
}

/// `s3://…`, `dbfs:/…`, `wasbs://…`: read by others.
fn is_foreign(location: &str) -> bool {
    let Some((scheme, _)) = location.split_once(':') else { return false };
    scheme.len() > 1
        && !matches!(scheme, "file" | "mlflow-artifacts")
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Ids come from the store: none may climb out of a folder.
fn is_safe(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    // A name longer than the file system allows is not there either.
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
    )
}

/// Reads a file that a live program may be writing in place: one found empty is looked at again, as MLflow does.
///
/// # Errors
/// Those of reading it.
pub(super) fn read_settled(path: &Path, read: impl Fn() -> std::io::Result<Vec<u8>>) -> std::io::Result<Vec<u8>> {
    for pause in [100, 200] {
        let bytes = read()?;
        if !bytes.is_empty() || !is_fresh(path) {
            return Ok(bytes);
        }
        std::thread::sleep(Duration::from_millis(pause));
    }
    read()
}

/// Whether a file changed within the last seconds, so that a writer may still be at it.
pub(super) fn is_fresh(path: &Path) -> bool {
    let age = path.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age < Duration::from_secs(2))
}
