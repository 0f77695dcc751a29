//! Parser for Python stack traces: frames, the packages they belong to, and chained exceptions.

/// A location in source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLocation {
    /// The file, as recorded.
    pub file: String,
    /// The line.
    pub line: Option<u64>,
    /// The function; `None` for module-level code.
    pub function: Option<String>,
}

/// A frame of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFrame<'a> {
    /// The file.
    pub file: &'a str,
    /// The line.
    pub line: Option<u64>,
    /// The function; empty if not named.
    pub function: &'a str,
    /// The source lines, and Python's notes on repeated frames.
    pub code: Vec<&'a str>,
    /// The package that the file belongs to; `None` for application code.
    pub library: Option<&'a str>,
}

/// An exception of a chain, with its stack trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedException<'a> {
    /// The sentence that links it to the previous exception.
    pub link: Option<&'a str>,
    /// The frames, outermost first.
    pub frames: Vec<StackFrame<'a>>,
    /// Class and message, such as `KeyError: 'city'`; may have several lines.
    pub error: &'a str,
}

const HEADER: &str = "Traceback (most recent call last):";

/// The sentences between the exceptions of a chain (Python's `traceback.py`).
const CHAIN_LINKS: [&str; 2] = [
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
];

/// Parses a stack trace into its exceptions, root cause first. `None` if it is not a Python stack trace, and for
/// exception groups, whose frames have no single order.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<ChainedException<'_>>> {
    let mut chain: Vec<ChainedException<'_>> = Vec::new();
    let (mut is_in_frames, mut at, mut error_from) = (false, 0, 0);
    for raw_line in text.split_inclusive('\n') {
        let (line, start) = (raw_line.trim_end(), at);
        at += raw_line.len();
        if line == HEADER {
            let join = match chain.last_mut() {
                Some(last) => split_link(last, if is_in_frames { "" } else { &text[error_from..start] }),
                // Allows for the quotes before the stack trace of another process, but not for longer text.
                None if start < 200 => None,
                None => return None,
            };
            chain.push(ChainedException { link: join, frames: Vec::new(), error: "" });
            is_in_frames = true;
        } else if is_in_frames && let Some(last) = chain.last_mut() {
            is_in_frames = push_line(last, line);
            error_from = start;
        }
    }
    let last = chain.last_mut()?;
    last.error = if is_in_frames { "" } else { trim_error(&text[error_from..]) };
    (!text.contains("Exception Group Traceback")).then_some(chain)
}

/// Adds a line to the frames; false if the line is past their end.
fn push_line<'a>(exception: &mut ChainedException<'a>, line: &'a str) -> bool {
    if let Some(frame) = line.strip_prefix("  ").and_then(parse_frame) {
        exception.frames.push(frame);
    } else if let Some(code) =
        line.strip_prefix("    ").or_else(|| line.trim_start().strip_prefix("[Previous").and(Some(line)))
    {
        let is_markers = code.bytes().all(|b| matches!(b, b' ' | b'^' | b'~'));
        if let Some(frame) = exception.frames.last_mut().filter(|_| !is_markers) {
            frame.code.push(code.trim());
        }
    } else {
        return false;
    }
    true
}

/// Sets the error from the text after the frames, and returns the sentence that links it to the next exception.
fn split_link<'a>(exception: &mut ChainedException<'a>, text: &'a str) -> Option<&'a str> {
    let link = CHAIN_LINKS.iter().find_map(|link| text.rfind(link).map(|at| &text[at..at + link.len()]));
    let end = link.and_then(|link| text.rfind(link)).unwrap_or(text.len());
    exception.error = trim_error(&text[..end]);
    link
}

/// Removes the quotes around stack traces of other processes (Python's `concurrent/futures/process.py`).
fn trim_error(error: &str) -> &str {
    error.trim_end().trim_end_matches("\"\"\"").trim_end()
}

/// Parses a line such as `File "/app/agent.py", line 94, in get_weather`.
fn parse_frame(line: &str) -> Option<StackFrame<'_>> {
    let (file, rest) = line.strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, function) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(StackFrame { file, line: number.trim().parse().ok(), function, code: Vec::new(), library: library(file) })
}

/// Returns the package of a file that was installed or belongs to Python.
fn library(file: &str) -> Option<&str> {
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    let module = |at: usize| parts.get(at + 1).map(|name| name.trim_end_matches(".py"));
    let is_python_lib = |at: &usize| {
        let (folder, name) = (parts[at.saturating_sub(1)], parts[*at]);
        // `lib/python3.11/` nearly everywhere, `Python311\Lib\` on Windows.
        *at > 0
            && ((folder.starts_with("lib") && (name.starts_with("python3") || name.starts_with("pypy")))
                || (name.eq_ignore_ascii_case("lib") && folder.to_ascii_lowercase().starts_with("python")))
    };
    if file.starts_with("<frozen ") {
        return Some("python");
    }
    let installed = parts.iter().rposition(|part| matches!(*part, "site-packages" | "dist-packages"));
    if let Some(at) = installed.or_else(|| (0..parts.len()).find(is_python_lib)) {
        return module(at);
    }
    // MLflow running from a source checkout.
    parts.windows(2).any(|pair| pair == ["mlflow", "tracing"]).then_some("mlflow")
}

impl ChainedException<'_> {
    /// Returns the location of the innermost frame that matches.
    pub(super) fn location(&self, is_match: impl Fn(&StackFrame<'_>) -> bool) -> Option<CodeLocation> {
        self.frames.iter().rev().find(|frame| is_match(frame)).map(StackFrame::location)
    }
}

impl StackFrame<'_> {
    fn location(&self) -> CodeLocation {
        let function = Some(self.function).filter(|name| !name.is_empty() && *name != "<module>");
        CodeLocation { file: self.file.to_owned(), line: self.line, function: function.map(str::to_owned) }
    }
}

/// Returns the innermost location in application code, also for stack traces that [`parse`] rejects.
#[must_use]
pub fn app_location(text: &str) -> Option<CodeLocation> {
    location_where(text, |frame| frame.library.is_none())
}

/// Returns the innermost location in MLflow's code if `is_mlflow`, else in any other code. MLflow wraps every traced
/// call, so its frames are skipped by default.
#[must_use]
pub fn library_location(text: &str, is_mlflow: bool) -> Option<CodeLocation> {
    location_where(text, |frame| (frame.library == Some("mlflow")) == is_mlflow)
}

fn location_where(text: &str, is_match: impl Fn(&StackFrame<'_>) -> bool) -> Option<CodeLocation> {
    if let Some(chain) = parse(text) {
        return chain.last()?.location(is_match);
    }
    // Exception groups put `|` before each line.
    let mut frames = text.lines().rev().filter_map(|line| parse_frame(line.trim_start_matches([' ', '|'])));
    frames.find(is_match).as_ref().map(StackFrame::location)
}

/// Splits an error such as `openai.RateLimitError: Error code: 429` into the class, without its module, and the
/// message.
#[must_use]
pub fn split_error(error: &str) -> (Option<&str>, Option<&str>) {
    let (name, message) = error.split_once(':').map_or((error, ""), |(name, message)| (name, message.trim()));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let non_empty = |text| Some(text).filter(|text: &&str| !text.is_empty());
    if is_name { (non_empty(short_type(name)), non_empty(message)) } else { (None, non_empty(error)) }
}

/// Returns a class name without its module, which OpenTelemetry and newer releases of MLflow record.
#[must_use]
pub fn short_type(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
