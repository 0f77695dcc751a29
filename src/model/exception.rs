//! Exceptions as spans record them.

use super::Json;
use std::borrow::Cow;
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
        match (self.class(), self.text()) {
            (Some(class), Some(text)) => write!(f, "{class}: {text}"),
            (Some(class), None) => f.write_str(class),
            (None, Some(text)) => f.write_str(&text),
            (None, None) => f.write_str("exception"),
        }
    }
}

impl Exception {
    /// The class; none where an empty one was recorded.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.kind.as_deref().filter(|kind| !kind.is_empty())
    }

    /// What it says, with one exception its message. The OpenAI Agents SDK records a label without a class
    /// (`Error running tool`), and puts the error into the place of the stack trace, as JSON: `{"tool_name", "error"}`
    /// (openai-agents 0.24 `tracing/span_data.py`, MLflow 3.18 `openai/_agent_tracer.py`).
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        const REDACTED: &str = "Error details are redacted";
        let error = || self.details()?.member("error")?.as_string().filter(|error| !error.contains(REDACTED));
        let error = error();
        error.map(Cow::Owned).or_else(|| self.message.as_deref().filter(|text| !text.is_empty()).map(Cow::Borrowed))
    }

    /// The JSON in place of the stack trace of an exception without a class.
    fn details(&self) -> Option<Json> {
        let details = self.stacktrace.as_deref().filter(|text| text.starts_with('{') && self.class().is_none())?;
        Json::from_strict(details)
    }

    /// Whether it is a label of the OpenAI Agents SDK without the failure itself: `Max turns exceeded`.
    #[must_use]
    pub fn is_label(&self) -> bool {
        let error = |details: Json| details.member("error").and_then(|error| error.as_string());
        self.details().is_some_and(|details| error(details).as_deref() != self.text().as_deref())
    }

    /// What it is for, where it is no failure: LangGraph raises exceptions to leave a graph, be it to wait for a human or to
    /// go on in another graph (langgraph 1.2 `errors.py`, the classes below `GraphBubbleUp`).
    #[must_use]
    pub fn purpose(&self) -> Option<&'static str> {
        match self.class()?.rsplit('.').next()? {
            "GraphInterrupt" | "NodeInterrupt" => Some("paused"),
            "ParentCommand" => Some("handed over"),
            _ => None,
        }
    }

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
