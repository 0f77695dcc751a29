//! Exceptions recorded in spans.

use crate::json::Json;
use std::borrow::Cow;
use std::fmt;

/// A recorded Python exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The class, such as `ValueError`.
    pub kind: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The formatted traceback.
    pub stacktrace: Option<String>,
}

impl fmt::Display for Exception {
    /// Writes the class and the text, like the last line of a Python traceback.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.class(), self.text()) {
            (Some(class), Some(text)) => write!(f, "{class}: {text}"),
            (Some(class), None) => f.write_str(class),
            (None, Some(text)) => f.write_str(&text),
            (None, None) => f.write_str("exception"),
        }
    }
}

impl Exception {
    /// Returns the class; `None` if an empty one was recorded.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.kind.as_deref().filter(|kind| !kind.is_empty())
    }

    /// Returns the error text: the message, except for the OpenAI Agents SDK. That SDK records a label without a class
    /// (`Error running tool`), and the error itself as JSON in place of the stack trace: `{"tool_name", "error"}`
    /// (openai-agents 0.24 `tracing/span_data.py`, MLflow 3.18 `openai/_agent_tracer.py`).
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        const REDACTED: &str = "Error details are redacted";
        let error = || self.json_stacktrace()?.member("error")?.as_string().filter(|error| !error.contains(REDACTED));
        let error = error();
        error.map(Cow::Owned).or_else(|| self.message.as_deref().filter(|text| !text.is_empty()).map(Cow::Borrowed))
    }

    /// Returns the JSON in place of the stack trace of an exception without a class.
    fn json_stacktrace(&self) -> Option<Json> {
        let details = self.stacktrace.as_deref().filter(|text| text.starts_with('{') && self.class().is_none())?;
        Json::from_strict(details)
    }

    /// Whether it is a label of the OpenAI Agents SDK without the error itself: `Max turns exceeded`.
    #[must_use]
    pub fn is_label(&self) -> bool {
        let error = |details: Json| details.member("error").and_then(|error| error.as_string());
        self.json_stacktrace().is_some_and(|details| error(details).as_deref() != self.text().as_deref())
    }

    /// Returns a description if the exception is control flow, not a failure. LangGraph raises exceptions to leave a
    /// graph, either to wait for a human or to continue in another graph (langgraph 1.2 `errors.py`, subclasses of
    /// `GraphBubbleUp`).
    #[must_use]
    pub fn control_flow(&self) -> Option<&'static str> {
        match self.class()?.rsplit('.').next()? {
            "GraphInterrupt" | "NodeInterrupt" => Some("paused"),
            "ParentCommand" => Some("handed off"),
            _ => None,
        }
    }

    /// Whether MLflow's own logging raised it, not the traced code: the innermost frame outside pydantic, which
    /// validates what MLflow logs, is in an MLflow integration (3.1 with AutoGen 0.6: `mlflow/autogen/chat.py`).
    #[must_use]
    pub fn is_from_mlflow_logging(&self) -> bool {
        let frames = self.stacktrace.iter().flat_map(|trace| trace.lines());
        let files = frames.filter_map(|line| line.trim_start().strip_prefix("File \"")?.split('"').next());
        let mut paths = files.map(|file| file.replace('\\', "/"));
        let innermost = paths.rfind(|path| !path.contains("/pydantic/"));
        innermost.is_some_and(|path| path.contains("/mlflow/") && !path.ends_with("/mlflow/tracing/fluent.py"))
    }
}
