//! Exceptions as spans record them.

use std::fmt;

/// An exception as Python recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The class, `ValueError`.
    pub kind: Option<String>,
    /// Its text.
    pub message: Option<String>,
    /// The formatted traceback.
    pub stacktrace: Option<String>,
}

impl fmt::Display for Exception {
    /// Its class and text, as Python ends a traceback.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_deref().unwrap_or("exception"))?;
        match self.message.as_deref().filter(|message| !message.is_empty()) {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl Exception {
    /// Whether MLflow's own logging raised it, and not what was logged: the innermost frame outside of pydantic, which
    /// checks what MLflow logs, is one of an MLflow integration (3.1 with AutoGen 0.6: `mlflow/autogen/chat.py`).
    #[must_use]
    pub fn is_of_mlflow(&self) -> bool {
        let frames = self.stacktrace.iter().flat_map(|trace| trace.lines());
        let files = frames.filter_map(|line| line.trim_start().strip_prefix("File \"")?.split('"').next());
        let mut paths = files.map(|file| file.replace('\\', "/"));
        let innermost = paths.rfind(|path| !path.contains("/pydantic/"));
        innermost.is_some_and(|path| path.contains("/mlflow/") && !path.ends_with("/mlflow/tracing/fluent.py"))
    }
}
