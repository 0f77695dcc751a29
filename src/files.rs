//! Safe file access. Reads cannot hang, exhaust memory or follow links out of the store; writes are atomic.

mod atomic;
mod error;

pub use atomic::{create, replace};
pub use error::ReadFileError;

use std::fs::{DirEntry, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, ReadFileError>;

/// Reads a file that the user named. It may be a pipe, such as `<(command)`, so this may block.
///
/// # Errors
/// When it cannot be read, or has more than `max_bytes` bytes.
pub fn read_named(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    read_all(File::open(path)?, max_bytes)
}

/// Reads a text file that the user named.
///
/// # Errors
/// As [`read_named`], and when it is not UTF-8.
pub fn read_text(path: &Path, max_bytes: u64) -> Result<String> {
    read_all_text(File::open(path)?, max_bytes)
}

/// Reads a source to its end, as text.
///
/// # Errors
/// When it cannot be read, has more than `max_bytes` bytes, or is not UTF-8.
pub fn read_all_text(source: impl Read, max_bytes: u64) -> Result<String> {
    String::from_utf8(read_all(source, max_bytes)?).map_err(|_| ReadFileError::NotUtf8)
}

/// Reads a source to its end.
///
/// # Errors
/// When it cannot be read, or has more than `max_bytes` bytes.
pub fn read_all(source: impl Read, max_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, source, max_bytes)?;
    Ok(bytes)
}

/// The folders that files may be read from. Confines what the paths and links in a store can make the program read.
#[derive(Clone, Debug, Default)]
pub struct AllowedFolders {
    /// Canonical paths.
    folders: Vec<PathBuf>,
}

impl AllowedFolders {
    /// Allows some folders. One that does not exist is left out.
    pub fn new<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        Self { folders: folders.into_iter().filter_map(|folder| folder.canonicalize().ok()).collect() }
    }

    /// Allows another folder, given by its canonical path.
    #[must_use]
    pub fn with(mut self, folder: PathBuf) -> Self {
        self.folders.push(folder);
        self
    }

    /// Reads a regular file. If `path` is a link, its target has to be in an allowed folder. Links in the folders of
    /// `path` are not checked here; [`AllowedFolders::check`] does that.
    ///
    /// # Errors
    /// When it cannot be read, links out of the allowed folders, is not a regular file, or has more than `max_bytes`
    /// bytes.
    pub fn read(&self, path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
        // Stores have very many small files, so a file is examined only if it cannot be opened as a regular one.
        let file = match open_regular(path) {
            Err(error) if error.is_not_found() => return Err(error),
            Err(error) => {
                let kind = path.symlink_metadata()?.file_type();
                if !kind.is_symlink() {
                    require_regular(kind)?;
                    return Err(error);
                }
                open_regular(&self.resolve(path)?)?
            }
            Ok(file) => file,
        };
        read_opened(file, max_bytes)
    }

    /// Reads an entry of a folder whose type is known, so that anything but a file or a link is not opened.
    ///
    /// # Errors
    /// As [`AllowedFolders::read`].
    pub fn read_entry(&self, path: &Path, kind: FileType, max_bytes: u64) -> Result<Vec<u8>> {
        if !kind.is_symlink() {
            require_regular(kind)?;
        }
        self.read(path, max_bytes)
    }

    /// Returns the entries of a folder, sorted by name, each with its type. Links are not followed: their type is link.
    ///
    /// # Errors
    /// When the folder cannot be read to its end, or is a link out of the allowed folders.
    pub fn entries(&self, folder: &Path) -> Result<Vec<(DirEntry, FileType)>> {
        self.check(folder)?;
        let typed = |entry: io::Result<DirEntry>| entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind)));
        let mut entries = std::fs::read_dir(folder)?.map(typed).collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_cached_key(|(entry, _)| entry.file_name());
        Ok(entries)
    }

    /// Checks that the last component of a path is not a link, or links into the allowed folders.
    ///
    /// # Errors
    /// When the file does not exist, or links out of the allowed folders.
    pub fn check(&self, path: &Path) -> Result<()> {
        if path.symlink_metadata()?.is_symlink() { self.resolve(path).map(drop) } else { Ok(()) }
    }

    /// Returns the canonical path.
    ///
    /// # Errors
    /// When the file does not exist, or is not in an allowed folder.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf> {
        let real = path.canonicalize()?;
        if self.folders.iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        Err(ReadFileError::LinksOut(real))
    }
}

/// Reads a regular file if no component of its path is a link. Returns `None` if one may be, or if the system cannot
/// check it (`openat2` needs Linux 5.6).
#[must_use]
pub fn read_without_links(path: &Path, max_bytes: u64) -> Option<Result<Vec<u8>>> {
    let file = match open_without_links(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(Err(error.into())),
        // A link, or a kernel or container without `openat2`.
        Err(_) => return None,
    };
    Some(file.metadata().map_err(ReadFileError::from).and_then(|metadata| {
        require_regular(metadata.file_type())?;
        read_opened((file, metadata), max_bytes)
    }))
}

#[cfg(target_os = "linux")]
fn open_without_links(path: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    Ok(File::from(opened?))
}

#[cfg(not(target_os = "linux"))]
fn open_without_links(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Opens a regular file; fails for anything else, including links. Does not block on a pipe.
fn open_regular(path: &Path) -> Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOFOLLOW);
    #[cfg(not(unix))]
    if path.is_symlink() {
        return Err(ReadFileError::NotRegular);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    require_regular(metadata.file_type())?;
    Ok((file, metadata))
}

fn require_regular(kind: FileType) -> Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::Error::from(ErrorKind::IsADirectory).into());
    }
    Err(ReadFileError::NotRegular)
}

/// Reads an opened file if it has at most `max_bytes` bytes.
fn read_opened((file, metadata): (File, Metadata), max_bytes: u64) -> Result<Vec<u8>> {
    let expected = metadata.len();
    if expected > max_bytes {
        return Err(ReadFileError::TooLarge(max_bytes));
    }
    let mut bytes = Vec::new();
    // Turns a lack of memory into an error instead of an abort.
    bytes.try_reserve_exact(usize::try_from(expected).unwrap_or(usize::MAX)).map_err(io::Error::from)?;
    read_into(&mut bytes, file, max_bytes)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, source: impl Read, max_bytes: u64) -> Result<()> {
    source.take(max_bytes.saturating_add(1)).read_to_end(bytes)?;
    if bytes.len() as u64 > max_bytes { Err(ReadFileError::TooLarge(max_bytes)) } else { Ok(()) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn message(result: Result<Vec<u8>>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn links_are_followed_only_within_allowed_folders() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("store");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("file"), "inside").unwrap();
        std::fs::write(folder.path().join("secret"), "outside").unwrap();
        symlink("file", inside.join("near")).unwrap();
        symlink("../secret", inside.join("far")).unwrap();
        symlink("loop", inside.join("loop")).unwrap();
        symlink("/proc/self/environ", inside.join("environment")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        let allowed = AllowedFolders::new([&*inside]);
        assert_eq!(allowed.read(&inside.join("near"), 10).unwrap(), b"inside");
        for name in ["far", "environment"] {
            assert!(message(allowed.read(&inside.join(name), 10)).contains("links out of the store"), "{name}");
        }
        assert!(message(allowed.read(&inside.join("loop"), 10)).contains("symbolic links"));
        assert!(allowed.entries(&inside.join("up")).unwrap_err().to_string().contains("links out"));
        assert_eq!(allowed.entries(&inside).unwrap().len(), 6);
        let real = inside.canonicalize().unwrap();
        for (name, is_plain) in [("file", true), ("near", false), ("far", false), ("up/store/file", false)] {
            let found = read_without_links(&real.join(name), 10);
            assert_eq!(found.is_some(), is_plain && cfg!(target_os = "linux"), "{name}");
        }
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let allowed = AllowedFolders::new([folder.path(), Path::new("/dev")]);
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, Path::new("/dev/zero")] {
            assert_eq!(message(allowed.read(path, 10)), "not a regular file", "{}", path.display());
        }
        symlink("/dev/zero", folder.path().join("zero")).unwrap();
        assert_eq!(message(allowed.read(&folder.path().join("zero"), 10)), "not a regular file");
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(11).unwrap();
        assert_eq!(message(allowed.read(&large, 10)), "larger than the limit of 10 bytes");
        assert_eq!(allowed.read(&large, 11).unwrap().len(), 11);
        assert_eq!(message(read_named(Path::new("/dev/zero"), 10)), "larger than the limit of 10 bytes");
    }
}
