//! Finds the files of a trace: in the folder its tag names, or where they are after the store was moved, copied or
//! served.

use crate::files::{self, AllowedFolders, ReadFileError};
use crate::limits;
use crate::model::{MovedFile, OutsideFile, Problem, TraceInfo, keys};
use crate::store::StoreError;
use percent_encoding::percent_decode_str;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The name of the file that holds a trace's spans.
pub(super) const TRACES_JSON: &str = "traces.json";
/// The name of the file that holds an archived trace's spans.
pub(super) const TRACES_PB: &str = "traces.pb";

/// The folders that may contain artifacts.
#[derive(Clone, Debug)]
pub(super) struct Artifacts {
    /// The folder of the database; or the file store itself and its parent folder, where a server stores `mlartifacts`.
    /// Empty for the built-in sample.
    pub(super) bases: Vec<PathBuf>,
    /// The artifact folder of a local server (`MLFLOW_ARTIFACTS_DESTINATION`).
    destination: Option<PathBuf>,
    /// Allows the artifact folders of the store.
    artifact_roots: AllowedFolders,
    /// Allows the bases.
    base_folders: AllowedFolders,
}

/// The result of reading a file of a trace.
pub(super) enum ArtifactFile {
    /// The path where the file was found, and its bytes.
    Bytes(PathBuf, Vec<u8>),
    /// The file is missing or cannot be read.
    Missing(Problem),
}

impl Artifacts {
    pub(super) fn new(bases: Vec<PathBuf>, destination: Option<PathBuf>) -> Self {
        let roots = bases.iter().flat_map(|base| ["mlruns", "mlartifacts"].map(|root| base.join(root)));
        let roots: Vec<PathBuf> = roots.chain(destination.clone()).collect();
        let artifact_roots = AllowedFolders::new(roots.iter().map(PathBuf::as_path));
        let base_folders = AllowedFolders::new(bases.iter().map(PathBuf::as_path));
        Self { bases, destination, artifact_roots, base_folders }
    }

    /// Reads a file of a trace. `location` is the artifact folder named by a tag.
    pub(super) fn read(&self, location: Option<&str>, experiment: &str, trace: &str, name: &str) -> ArtifactFile {
        let candidates = self.candidates(location, &format!("{experiment}/traces/{trace}/artifacts"));
        for folder in &candidates {
            let path = folder.join(name);
            match read_when_settled(&path, || self.read_file(folder, &path)) {
                Ok(bytes) => return ArtifactFile::Bytes(path, bytes),
                Err(error) if is_absent(&error) => {}
                Err(error) => {
                    return ArtifactFile::Missing(
                        Problem::new("unreadable_file", format!("cannot read {name}: {error}")).at_path(&path),
                    );
                }
            }
        }
        if let Some(location) = location.filter(|location| is_remote_scheme(location)) {
            let message = format!("its files are at {location}, which is not supported");
            return ArtifactFile::Missing(Problem::new("foreign_location", message));
        }
        let problem = Problem::new("missing_file", format!("{name} not found"));
        ArtifactFile::Missing(match candidates.first() {
            Some(folder) => problem.at_path(&folder.join(name)),
            None => problem,
        })
    }

    /// Reads an attachment of a trace.
    pub(super) fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>, StoreError> {
        let location = info.tags.get(keys::ARTIFACT_LOCATION);
        match self.read(location, &info.experiment_id, &info.trace_id, &format!("attachments/{id}")) {
            ArtifactFile::Bytes(_, bytes) => Ok(bytes),
            ArtifactFile::Missing(problem) => {
                Err(StoreError::NoAttachment { id: id.to_owned(), problem: Box::new(problem) })
            }
        }
    }

    /// Reads a file in a folder. Links in its path are followed only to allowed folders.
    fn read_file(&self, folder: &Path, path: &Path) -> Result<Vec<u8>, ReadFileError> {
        files::read_without_links(path, limits::FILE_BYTES).unwrap_or_else(|| {
            let allowed = self.allowed_folders(folder)?;
            allowed.read(&allowed.resolve(path)?, limits::FILE_BYTES)
        })
    }

    /// Returns where a link in `folder` may lead: to the same folder, or to artifacts of the store. A folder in the
    /// store must not lead out of it.
    fn allowed_folders(&self, folder: &Path) -> Result<AllowedFolders, ReadFileError> {
        let is_inside = self.bases.iter().any(|base| folder.starts_with(base));
        let real = if is_inside { self.base_folders.resolve(folder) } else { Ok(folder.canonicalize()?) };
        Ok(self.artifact_roots.clone().with(real?))
    }

    /// Returns the recorded and actual path of a file that is not where its record says. `None` for relative paths,
    /// whose base is not recorded, and for artifacts served by a server, whose folder is not recorded.
    pub(super) fn moved(location: Option<&str>, found: &Path) -> Option<MovedFile> {
        let Some(LocalPath::Path(folder)) = location.and_then(local_path) else { return None };
        let recorded = folder.join(found.file_name()?);
        let is_moved = recorded.is_absolute() && recorded != found;
        is_moved.then(|| MovedFile { recorded: recorded.display().to_string(), found: found.display().to_string() })
    }

    /// Returns the paths of a file that was read outside of the store although the store contains it too, as in a
    /// copied store. Artifacts stored elsewhere on purpose exist only once.
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
        // The path of the store may contain a link.
        let real = found.canonicalize().ok()?;
        let name = found.file_name()?;
        let candidates = self.candidates(location, &format!("{experiment}/traces/{trace}/artifacts"));
        let in_store = candidates.iter().map(|folder| folder.join(name)).find(|path| {
            let is_inside = self.bases.iter().any(|base| path.starts_with(base));
            is_inside && path.canonicalize().is_ok_and(|path| path != real)
        })?;
        Some(OutsideFile { read: found.display().to_string(), in_store: in_store.display().to_string() })
    }

    /// Returns the existing folders with an experiment's traces; only traces with a folder in them may have files.
    pub(super) fn trace_folders(&self, location: Option<&str>, experiment: &str) -> Vec<PathBuf> {
        let traces = location.map(|location| format!("{}/traces", location.trim_end_matches('/')));
        let mut folders = self.candidates(traces.as_deref(), &format!("{experiment}/traces"));
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// Returns every possible folder of an artifact, the most likely first. `default` is its path below an artifact
    /// root.
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
            Some(LocalPath::Path(path) | LocalPath::Proxied(path)) => path.as_path(),
            None => Path::new(""),
        };
        let parts: Vec<_> = path
            .components()
            .filter_map(|part| if let Component::Normal(part) = part { Some(part) } else { None })
            .collect();
        let is_plain = !path.components().any(|part| part == Component::ParentDir);
        if let Some(LocalPath::Proxied(path)) = &named
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

/// An artifact location that may be on this machine.
enum LocalPath {
    /// A path in the file system.
    Path(PathBuf),
    /// A path below the artifact root of a server.
    Proxied(PathBuf),
}

/// Parses `/abs`, `rel`, `file:///abs`, `mlflow-artifacts:/p` or `mlflow-artifacts://host/p`. `None` for other schemes
/// and hosts.
fn local_path(location: &str) -> Option<LocalPath> {
    if let Some(rest) = location.strip_prefix("mlflow-artifacts:") {
        let path = rest.strip_prefix("//").map_or(rest, |after| after.find('/').map_or("", |slash| &after[slash..]));
        return Some(LocalPath::Proxied(PathBuf::from(path.trim_start_matches('/'))));
    }
    if let Some(rest) = location.strip_prefix("file:") {
        let path = match rest.strip_prefix("//") {
            None => rest,
            Some(after) if after.starts_with('/') => after,
            Some(after) => after.strip_prefix("localhost")?,
        };
        return Some(LocalPath::Path(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())));
    }
    // On Windows, a path that starts with two slashes or backslashes is on another host.
    let is_remote = is_remote_scheme(location) || location.starts_with("//") || location.starts_with("\\\\");
    (!is_remote).then(|| LocalPath::Path(PathBuf::from(location)))
}

/// Whether a location has a scheme that mltrace does not read, such as `s3://…`, `dbfs:/…` or `wasbs://…`.
fn is_remote_scheme(location: &str) -> bool {
    let Some((scheme, _)) = location.split_once(':') else { return false };
    scheme.len() > 1
        && !matches!(scheme, "file" | "mlflow-artifacts")
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Whether a path stays in its folder. Ids come from the store and are not trusted.
fn is_safe(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether an error means that the file does not exist.
fn is_absent(error: &ReadFileError) -> bool {
    use std::io::ErrorKind;
    // A name that is too long for the file system cannot exist.
    matches!(
        error.io_kind(),
        Some(
            ErrorKind::NotFound
                | ErrorKind::NotADirectory
                | ErrorKind::IsADirectory
                | ErrorKind::InvalidFilename
                | ErrorKind::InvalidInput
        )
    )
}

/// Reads a file that another program may be writing in place. Retries if a recent file is empty, as MLflow does.
///
/// # Errors
/// Errors of reading the file.
pub(super) fn read_when_settled(
    path: &Path,
    read: impl Fn() -> Result<Vec<u8>, ReadFileError>,
) -> Result<Vec<u8>, ReadFileError> {
    for pause in [100, 200] {
        let bytes = read()?;
        if !bytes.is_empty() || !is_recently_modified(path) {
            return Ok(bytes);
        }
        std::thread::sleep(Duration::from_millis(pause));
    }
    read()
}

/// Whether a file changed in the last two seconds, so that a program may still be writing it.
pub(super) fn is_recently_modified(path: &Path) -> bool {
    let age = path.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age < Duration::from_secs(2))
}
