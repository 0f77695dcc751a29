//! Why a file cannot be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a file cannot be read. The path is known to the caller.
#[derive(Debug)]
pub enum ReadFileError {
    /// The system cannot read it: the file does not exist, is a folder, or access is denied.
    Io(io::Error),
    /// It is a pipe, a device or a socket.
    NotRegular,
    /// It is a link out of the allowed folders, to this canonical path.
    LinksOut(PathBuf),
    /// It has more bytes than this limit.
    TooLarge(u64),
    /// It is not UTF-8, but text is expected.
    NotUtf8,
}

impl ReadFileError {
    /// Returns the kind of an error of the system.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        if let Self::Io(error) = self { Some(error.kind()) } else { None }
    }

    /// Whether the file does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.io_kind() == Some(io::ErrorKind::NotFound)
    }
}

impl fmt::Display for ReadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::LinksOut(target) => write!(f, "it links out of the store, to `{}`", target.display()),
            Self::TooLarge(max_bytes) => write!(f, "larger than the limit of {max_bytes} bytes"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
        }
    }
}

impl std::error::Error for ReadFileError {
    /// The text of [`Self::Io`] is that of its error, so the source is the next one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { error.source() } else { None }
    }
}

impl From<io::Error> for ReadFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
