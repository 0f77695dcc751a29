//! Atomic writes: a file is written completely or not at all, even if the process is killed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// Creates a file.
///
/// # Errors
/// When it cannot be written, or already exists.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    if let Some(file) = unnamed(folder, bytes)? {
        return link(&file, path);
    }
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Creates or replaces a file. A pipe or a device is written to instead.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let permissions = match std::fs::metadata(path) {
        // Anything in `/dev` and `/proc` is written to, even if it is a regular file: replacing the target of
        // `/dev/stdout` would detach other writers from it.
        Ok(metadata) if metadata.is_file() && !path.starts_with("/dev") && !path.starts_with("/proc") => {
            metadata.permissions()
        }
        Ok(_) => return OpenOptions::new().write(true).open(path)?.write_all(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => return create(path, bytes),
        Err(error) => return Err(error),
    };
    // Fails if the file is read-only.
    OpenOptions::new().write(true).open(path)?;
    // Replaces the target of a link, not the link.
    let path = path.canonicalize()?;
    let folder = folder_of(&path);
    if let Some(file) = unnamed(folder, bytes)? {
        file.set_permissions(permissions)?;
        tempfile::Builder::new().make_in(folder, |name| link(&file, name))?.persist(path)?;
        return Ok(());
    }
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions)?;
    file.persist(path)?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Creates an unnamed file, which disappears if the process is killed. Returns `None` if the file system has none.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path, bytes: &[u8]) -> Result<Option<File>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match OpenOptions::new().write(true).mode(0o666).custom_flags(libc::O_TMPFILE).open(folder) {
        Ok(mut file) => {
            file.write_all(bytes)?;
            Ok(Some(file))
        }
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::IsADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Links an unnamed file into its folder. Fails if `path` exists.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path, _: &[u8]) -> Result<Option<File>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_does_not_overwrite_and_replace_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create(&path, b"first").unwrap();
        assert_eq!(create(&path, b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        replace(&folder.path().join("new"), b"new").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
        assert_eq!(replace(&folder.path().join("no/file"), b"x").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    #[cfg(unix)]
    fn replace_keeps_permissions_and_links_and_writes_to_devices() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        create(&path, b"first").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        replace(&link, b"second").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        replace(Path::new("/dev/null"), b"x").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
