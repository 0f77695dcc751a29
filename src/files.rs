//! Files, read so that none hangs the program, fills memory, or leads out of the store that it is said to be part of, and
//! written whole or not at all.

mod whole;

pub use whole::{create, replace};

use std::fs::{DirEntry, File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};

/// Reads a file that a user has named, to its end. It may be a pipe, as `<(command)` makes one, so this may wait.
///
/// # Errors
/// When it cannot be read, or has more than `most` bytes.
pub fn read_named(path: &Path, most: u64) -> Result<Vec<u8>> {
    bytes_of(File::open(path)?, most)
}

/// The same as text.
///
/// # Errors
/// As [`read_named`], and when it is no UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    text_of(File::open(path)?, most)
}

/// All text of a source.
///
/// # Errors
/// When it cannot be read, has more than `most` bytes, or is no UTF-8.
pub fn text_of(source: impl Read, most: u64) -> Result<String> {
    String::from_utf8(bytes_of(source, most)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is no UTF-8"))
}

/// All bytes of a source.
///
/// # Errors
/// When it cannot be read, or has more than `most` bytes.
pub fn bytes_of(source: impl Read, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, source, most)?;
    Ok(bytes)
}

/// Folders that what is read has to lie in. Whatever a store holds, it makes the program read nothing else.
#[derive(Clone, Debug, Default)]
pub struct AllowedFolders {
    /// Without links.
    folders: Vec<PathBuf>,
}

impl AllowedFolders {
    /// A fence around folders. One that is not there encloses nothing.
    pub fn around<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        Self { folders: folders.into_iter().filter_map(|folder| folder.canonicalize().ok()).collect() }
    }

    /// The fence with another folder, which is without links.
    #[must_use]
    pub fn and(mut self, folder: PathBuf) -> Self {
        self.folders.push(folder);
        self
    }

    /// Reads a regular file that lies inside, as far as its path is without links, or behind a link that stays inside.
    /// The folders above it are not looked at: [`AllowedFolders::check`] does.
    ///
    /// # Errors
    /// When it cannot be read, leads out of the fence, is no regular file, or has more than `most` bytes.
    pub fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>> {
        // Stores have very many small files: the name is looked at only where it cannot be opened as one.
        let file = match open_regular(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(error),
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
        all_of(file, most)
    }

    /// The same for an entry of a folder: one that is no file is not opened.
    ///
    /// # Errors
    /// As [`AllowedFolders::read`].
    pub fn read_entry(&self, path: &Path, kind: FileType, most: u64) -> Result<Vec<u8>> {
        if !kind.is_symlink() {
            require_regular(kind)?;
        }
        self.read(path, most)
    }

    /// The entries of a folder that lies inside, by name, each with what it is: a link is one.
    ///
    /// # Errors
    /// When the folder cannot be read to its end, or is a link that leads out of the fence.
    pub fn entries(&self, folder: &Path) -> Result<Vec<(DirEntry, FileType)>> {
        self.check(folder)?;
        let typed = |entry: Result<DirEntry>| entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind)));
        let mut entries = std::fs::read_dir(folder)?.map(typed).collect::<Result<Vec<_>>>()?;
        entries.sort_by_cached_key(|(entry, _)| entry.file_name());
        Ok(entries)
    }

    /// Whether the last part of a path is no link, or one that stays inside.
    ///
    /// # Errors
    /// When there is no such file, or when it leads out.
    pub fn check(&self, path: &Path) -> Result<()> {
        if path.symlink_metadata()?.is_symlink() { self.resolve(path).map(drop) } else { Ok(()) }
    }

    /// Where a path leads.
    ///
    /// # Errors
    /// When it leads nowhere, or out of the fence.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf> {
        let real = path.canonicalize()?;
        if self.folders.iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        Err(Error::new(ErrorKind::PermissionDenied, format!("it leads out of the store, to `{}`", real.display())))
    }
}

/// Reads a regular file whose path has no link in it; `None` where it may have one, or the system does not say.
#[must_use]
pub fn read_without_links(path: &Path, most: u64) -> Option<Result<Vec<u8>>> {
    let file = match open_without_links(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(Err(error)),
        // A link, or a kernel or a container that does not let this be asked.
        Err(_) => return None,
    };
    Some(file.metadata().and_then(|metadata| {
        require_regular(metadata.file_type())?;
        all_of((file, metadata), most)
    }))
}

#[cfg(target_os = "linux")]
fn open_without_links(path: &Path) -> Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
    Ok(File::from(opened?))
}

#[cfg(not(target_os = "linux"))]
fn open_without_links(_: &Path) -> Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Opens a regular file, and no link. A pipe is not waited for.
fn open_regular(path: &Path) -> Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOFOLLOW);
    #[cfg(not(unix))]
    if path.is_symlink() {
        return Err(ErrorKind::Unsupported.into());
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
        return Err(ErrorKind::IsADirectory.into());
    }
    Err(Error::new(ErrorKind::Unsupported, "it is no regular file"))
}

/// All bytes of a file, if there are at most `most`.
fn all_of((file, metadata): (File, Metadata), most: u64) -> Result<Vec<u8>> {
    let expected = metadata.len();
    if expected > most {
        return Err(too_large(most));
    }
    let mut bytes = Vec::new();
    // Where memory does not suffice, this is an error, and the program goes on.
    bytes.try_reserve_exact(usize::try_from(expected).unwrap_or(usize::MAX))?;
    read_into(&mut bytes, file, most)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, source: impl Read, most: u64) -> Result<()> {
    source.take(most.saturating_add(1)).read_to_end(bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: u64) -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it has more than {most} bytes, which is the limit"))
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
    fn links_are_followed_as_far_as_they_stay_inside() {
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
        let fence = AllowedFolders::around([&*inside]);
        assert_eq!(fence.read(&inside.join("near"), 10).unwrap(), b"inside");
        for name in ["far", "environment"] {
            assert!(message(fence.read(&inside.join(name), 10)).contains("leads out of the store"), "{name}");
        }
        assert!(message(fence.read(&inside.join("loop"), 10)).contains("symbolic links"));
        assert!(fence.entries(&inside.join("up")).unwrap_err().to_string().contains("leads out"));
        assert_eq!(fence.entries(&inside).unwrap().len(), 6);
        let real = inside.canonicalize().unwrap();
        for (name, is_plain) in [("file", true), ("near", false), ("far", false), ("up/store/file", false)] {
            let found = read_without_links(&real.join(name), 10);
            assert_eq!(found.is_some(), is_plain && cfg!(target_os = "linux"), "{name}");
        }
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let fence = AllowedFolders::around([folder.path(), Path::new("/dev")]);
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, Path::new("/dev/zero")] {
            assert_eq!(message(fence.read(path, 10)), "it is no regular file", "{}", path.display());
        }
        symlink("/dev/zero", folder.path().join("zero")).unwrap();
        assert_eq!(message(fence.read(&folder.path().join("zero"), 10)), "it is no regular file");
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(11).unwrap();
        assert_eq!(message(fence.read(&large, 10)), "it has more than 10 bytes, which is the limit");
        assert_eq!(fence.read(&large, 11).unwrap().len(), 11);
        assert_eq!(message(read_named(Path::new("/dev/zero"), 10)), "it has more than 10 bytes, which is the limit");
    }
}
