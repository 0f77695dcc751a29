//! The error type of the program: message, causes and hints.

use std::fmt;

/// The kind of an error; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Invalid flags or arguments.
    Usage,
    /// A filter that is not valid in MLflow's filter language.
    FilterSyntax,
    /// A trace, span, session or experiment that does not exist.
    NotFound,
    /// A prefix or name that matches several.
    Ambiguous,
    /// A store that does not exist.
    StoreMissing,
    /// A store that cannot be read.
    StoreUnreadable,
    /// A kind of store that is not supported.
    StoreUnsupported,
    /// The server could not be reached, or the connection failed.
    Network,
    /// The server returned an error or an unexpected response.
    Server,
    /// Credentials are missing or were rejected.
    Credentials,
    /// The reader of stdout closed the pipe. Not a failure.
    ClosedPipe,
    /// Output could not be written.
    Output,
    /// Interrupted with Ctrl-C.
    Interrupted,
    /// A bug in mltrace.
    Bug,
}

impl ErrorCode {
    /// The codes of errors that are printed.
    #[cfg(test)]
    pub(crate) const PRINTED: [Self; 13] = [
        Self::Usage,
        Self::FilterSyntax,
        Self::NotFound,
        Self::Ambiguous,
        Self::Network,
        Self::Server,
        Self::Credentials,
        Self::StoreMissing,
        Self::StoreUnreadable,
        Self::StoreUnsupported,
        Self::Output,
        Self::Bug,
        Self::Interrupted,
    ];

    /// Returns the exit code of the process.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
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

    /// Returns the value of `error.code` in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
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

/// An error to report to the user.
#[derive(Debug)]
pub struct Error {
    /// Kind of the error; decides the exit code.
    pub code: ErrorCode,
    /// What happened and to which object, in one line.
    pub message: String,
    /// The input around the error and a line of `^` that marks it; often empty.
    pub quote: Vec<String>,
    /// Causes, the direct one first.
    pub causes: Vec<String>,
    /// What to do, each a command or an action.
    pub hints: Vec<String>,
}

/// The result of an operation whose errors are reported to the user.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Creates an error without causes and hints.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), quote: Vec::new(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a hint: what to do about the error.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Formats the error as JSON: `{"error":{"code","message","hint","exit"}}`. The message includes the causes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let message =
            std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ");
        let hint = (!self.hints.is_empty()).then(|| self.hints.join("; "));
        serde_json::json!({"error": {"code": self.code.as_str(), "message": message, "hint": hint, "exit": self.code.exit_code()}}).to_string()
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
    /// Converts an error of writing the output; all other I/O errors are converted where they occur.
    fn from(error: std::io::Error) -> Self {
        let code =
            if error.kind() == std::io::ErrorKind::BrokenPipe { ErrorCode::ClosedPipe } else { ErrorCode::Output };
        Self::new(code, "cannot write the output").because(error)
    }
}

impl From<serde_json::Error> for Error {
    /// Converts an error of serializing to a writer. Only the writer can fail: every value has a JSON form.
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            Self::from(std::io::Error::from(error))
        } else {
            Self::new(ErrorCode::Bug, "cannot write JSON").because(error)
        }
    }
}
