//! Stack traces as Python prints them: which frames there are, whose code they run, and what caused what.

/// A place in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLocation {
    /// The file, as recorded.
    pub file: String,
    /// The line.
    pub line: Option<u64>,
    /// The function; none for code of a module.
    pub function: Option<String>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFrame<'a> {
    /// The file.
    pub file: &'a str,
    /// The line.
    pub line: Option<u64>,
    /// The function; empty where none is named.
    pub function: &'a str,
    /// The source, and what Python says of the frame being repeated.
    pub code: Vec<&'a str>,
    /// The package that the file belongs to; none for an application's own code.
    pub library: Option<&'a str>,
}

/// An exception of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedException<'a> {
    /// What the trace says of how it came of the one before.
    pub link: Option<&'a str>,
    /// The calls, outermost first.
    pub frames: Vec<StackFrame<'a>>,
    /// `KeyError: 'city'`, of any number of lines.
    pub error: &'a str,
}

const HEADER: &str = "Traceback (most recent call last):";

/// What stands between the exceptions of a chain (`traceback.py` of Python).
const LINKS: [&str; 2] = [
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
];

/// Reads a stack trace into its exceptions, the first cause first. `None` for what is none of Python's, and for groups of
/// exceptions, whose frames have no single order.
#[must_use]
pub fn read(text: &str) -> Option<Vec<ChainedException<'_>>> {
    let mut chain: Vec<ChainedException<'_>> = Vec::new();
    let (mut is_in_frames, mut at, mut error_from) = (false, 0, 0);
    for whole in text.split_inclusive('\n') {
        let (line, start) = (whole.trim_end(), at);
        at += whole.len();
        if line == HEADER {
            let came_by = match chain.last_mut() {
                Some(last) => cut_link(last, if is_in_frames { "" } else { &text[error_from..start] }),
                // Quotes around the trace of another process may come before, but no story.
                None if start < 200 => None,
                None => return None,
            };
            chain.push(ChainedException { link: came_by, frames: Vec::new(), error: "" });
            is_in_frames = true;
        } else if is_in_frames && let Some(last) = chain.last_mut() {
            is_in_frames = take(last, line);
            error_from = start;
        }
    }
    let last = chain.last_mut()?;
    last.error = if is_in_frames { "" } else { tidy(&text[error_from..]) };
    (!text.contains("Exception Group Traceback")).then_some(chain)
}

/// Takes a line of the frames; false where it is the first one behind them.
fn take<'a>(raised: &mut ChainedException<'a>, line: &'a str) -> bool {
    if let Some(frame) = line.strip_prefix("  ").and_then(frame) {
        raised.frames.push(frame);
    } else if let Some(code) =
        line.strip_prefix("    ").or_else(|| line.trim_start().strip_prefix("[Previous").and(Some(line)))
    {
        let is_marks = code.bytes().all(|b| matches!(b, b' ' | b'^' | b'~'));
        if let Some(frame) = raised.frames.last_mut().filter(|_| !is_marks) {
            frame.code.push(code.trim());
        }
    } else {
        return false;
    }
    true
}

/// Ends an exception with the text behind its frames, and gives what links it to the next one.
fn cut_link<'a>(raised: &mut ChainedException<'a>, text: &'a str) -> Option<&'a str> {
    let link = LINKS.iter().find_map(|link| text.rfind(link).map(|at| &text[at..at + link.len()]));
    let end = link.and_then(|link| text.rfind(link)).unwrap_or(text.len());
    raised.error = tidy(&text[..end]);
    link
}

/// Traces of other processes are quoted (`concurrent/futures/process.py` of Python).
fn tidy(error: &str) -> &str {
    error.trim_end().trim_end_matches("\"\"\"").trim_end()
}

/// `File "/app/agent.py", line 94, in get_weather`
fn frame(line: &str) -> Option<StackFrame<'_>> {
    let (file, rest) = line.strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, function) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(StackFrame { file, line: number.trim().parse().ok(), function, code: Vec::new(), library: library(file) })
}

/// The package of a file that was installed, or came with Python.
fn library(file: &str) -> Option<&str> {
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    let module = |at: usize| parts.get(at + 1).map(|name| name.trim_end_matches(".py"));
    let is_of_python = |at: &usize| {
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
    if let Some(at) = installed.or_else(|| (0..parts.len()).find(is_of_python)) {
        return module(at);
    }
    // MLflow run from its sources.
    parts.windows(2).any(|pair| pair == ["mlflow", "tracing"]).then_some("mlflow")
}

impl ChainedException<'_> {
    /// The innermost frame that fits.
    pub(super) fn place(&self, fits: impl Fn(&StackFrame<'_>) -> bool) -> Option<CodeLocation> {
        self.frames.iter().rev().find(|frame| fits(frame)).map(StackFrame::place)
    }
}

impl StackFrame<'_> {
    fn place(&self) -> CodeLocation {
        let function = Some(self.function).filter(|name| !name.is_empty() && *name != "<module>");
        CodeLocation { file: self.file.to_owned(), line: self.line, function: function.map(str::to_owned) }
    }
}

/// Where an exception was raised: the innermost frame of an application's own code, of whatever trace there is.
#[must_use]
pub fn own_place(text: &str) -> Option<CodeLocation> {
    place_where(text, |frame| frame.library.is_none())
}

/// The same in a library: in MLflow's own code, or in any other but that, which wraps every call.
#[must_use]
pub fn library_place(text: &str, is_of_mlflow: bool) -> Option<CodeLocation> {
    place_where(text, |frame| (frame.library == Some("mlflow")) == is_of_mlflow)
}

fn place_where(text: &str, fits: impl Fn(&StackFrame<'_>) -> bool) -> Option<CodeLocation> {
    if let Some(chain) = read(text) {
        return chain.last()?.place(fits);
    }
    // Groups put `|` before each line.
    let mut frames = text.lines().rev().filter_map(|line| frame(line.trim_start_matches([' ', '|'])));
    frames.find(fits).as_ref().map(StackFrame::place)
}

/// `openai.RateLimitError: Error code: 429` as the class without its module, and its text.
#[must_use]
pub fn split_error(error: &str) -> (Option<&str>, Option<&str>) {
    let (name, message) = error.split_once(':').map_or((error, ""), |(name, message)| (name, message.trim()));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
    if is_name { (known(short_type(name)), known(message)) } else { (None, known(error)) }
}

/// A class without the module that it is in, which MLflow records since some release and OpenTelemetry always did.
#[must_use]
pub fn short_type(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
