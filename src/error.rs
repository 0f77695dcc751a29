//! The one error of the program: what went wrong and with which thing, why, and the way out.

use std::fmt;

/// What sort of thing went wrong; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Wrong flags or values of flags.
    Usage,
    /// A filter that is not in MLflow's language.
    FilterSyntax,
    /// A trace, span or experiment that is not there.
    NotFound,
    /// A prefix that fits several.
    Ambiguous,
    /// No store where one was looked for.
    StoreMissing,
    /// A store that cannot be read.
    StoreUnreadable,
    /// A store of a kind that is not read.
    StoreUnsupported,
    /// Nobody answers, or the way there is broken.
    Network,
    /// A server that answers, but not what was asked.
    Server,
    /// Credentials that are missing or refused.
    Credentials,
    /// The other end of stdout is gone. Not a failure: the reader has seen enough.
    ClosedPipe,
    /// An output that cannot be written.
    Output,
    /// Ctrl-C.
    Interrupted,
    /// A broken invariant.
    Bug,
}

impl ErrorCode {
    /// The process's exit code.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Usage | Self::FilterSyntax => 2,
            Self::NotFound | Self::Ambiguous => 3,
            Self::Network | Self::Server | Self::Credentials => 4,
            Self::StoreMissing | Self::StoreUnreadable | Self::StoreUnsupported | Self::Output => 5,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// The word in `error.code` of the JSON form.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::FilterSyntax => "filter_syntax",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::Network => "network",
            Self::Server => "server",
            Self::Credentials => "credentials",
            Self::StoreMissing => "store_missing",
            Self::StoreUnreadable => "store_unreadable",
            Self::StoreUnsupported => "store_unsupported",
            Self::ClosedPipe | Self::Output => "output",
            Self::Interrupted => "interrupted",
            Self::Bug => "bug",
        }
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: ErrorCode,
    /// What and which, in one line.
    pub message: String,
    /// What was written, and a line that points at the wrong piece of it.
    pub quote: Vec<String>,
    /// Why, from near to far.
    pub causes: Vec<String>,
    /// Ways out, each a command or an action.
    pub hints: Vec<String>,
}

/// The result of everything that can fail towards the user.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of a kind.
    #[must_use]
    pub fn new(kind: ErrorCode, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), quote: Vec::new(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The form for programs: `{"error":{"code","message","hint","exit"}}`.
    #[must_use]
    pub fn json(&self) -> String {
        let message =
            std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ");
        let hint = (!self.hints.is_empty()).then(|| self.hints.join("; "));
        serde_json::json!({"error": {"code": self.kind.code(), "message": message, "hint": hint, "exit": self.kind.exit()}}).to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for line in &self.quote {
            write!(f, "\n    {line}")?;
        }
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<std::io::Error> for Error {
    /// Writing is the only input or output whose error reaches here without a name of its own.
    fn from(error: std::io::Error) -> Self {
        let kind =
            if error.kind() == std::io::ErrorKind::BrokenPipe { ErrorCode::ClosedPipe } else { ErrorCode::Output };
        Self::new(kind, "cannot write the output").because(error)
    }
}

impl From<serde_json::Error> for Error {
    /// Serialising to a writer: the writer's error, since the values themselves always have a JSON form.
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            Self::from(std::io::Error::from(error))
        } else {
            Self::new(ErrorCode::Bug, "cannot write JSON").because(error)
        }
    }
}
