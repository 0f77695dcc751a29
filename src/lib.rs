//! Inspects LLM traces of MLflow in the terminal.
//!
//! Each folder may use only those named with it; `tests/it/floors.rs` enforces this table:
//!
//! | folder        | contents                                                       | may use                                                                             |
//! |---------------|----------------------------------------------------------------|-------------------------------------------------------------------------------------|
//! | `model`       | what a trace is                                                |                                                                                     |
//! | `error`       | the error of the program and its exit codes                    |                                                                                     |
//! | `terminal`    | what the terminal can do; the pager                            |                                                                                     |
//! | `files`       | regular files, read within limits                              |                                                                                     |
//! | `limits`      | what one input may cost at most                                |                                                                                     |
//! | `signals`     | Ctrl-C and Ctrl-Z                                              |                                                                                     |
//! | `shell`       | commands that messages suggest                                 |                                                                                     |
//! | `json`        | JSON text, read in place                                       | `model`                                                                             |
//! | `message`     | messages and their parts                                       | `model`                                                                             |
//! | `conventions` | attributes of other instrumentation; one file each             | `model limits json`                                                                 |
//! | `frameworks`  | messages, agents and tools of each framework; one file each    | `model json message`                                                                |
//! | `formats`     | bytes of every MLflow release and of OTLP to the model         | `model limits json message conventions frameworks`                                  |
//! | `query`       | filters and conditions                                         | `model limits`                                                                      |
//! | `store`       | where traces are; one folder per kind of store                 | `model files limits signals shell formats query error`                              |
//! | `reading`     | what happened in a trace: LLM calls, tool calls, agents, turns | `model json message frameworks`                                                     |
//! | `analysis`    | usage, statistics, exceptions, rules, differences; pure        | `model message frameworks reading query`                                            |
//! | `output`      | rows and views as text, JSON, JSON lines, CSV, ids             | `model query terminal error`                                                        |
//! | `views`       | what each command shows                                        | `model shell message frameworks reading analysis query output error`                |
//! | `cli`         | options, environment, naming, notes, suggestions, progress     | `model files limits shell store reading analysis query output views terminal error` |
//! | `commands`    | the command line; one file per command                         | all of the above                                                                    |

#![forbid(unsafe_code)]

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod conventions;
pub mod error;
pub mod files;
pub mod formats;
pub mod frameworks;
pub mod json;
pub mod limits;
pub mod message;
pub mod model;
pub mod output;
pub mod query;
pub mod reading;
pub mod shell;
pub mod signals;
pub mod store;
pub mod terminal;
pub mod views;

#[cfg(test)]
mod tests;

use clap::Parser as _;
use cli::context::Context;
use error::{Error, ErrorCode};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use terminal::{CiCommandEscaper, InterruptHandle};

/// Runs the program: parses the arguments, runs the command, tells what went wrong.
#[must_use]
pub fn run(args: Vec<OsString>, env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    let started = std::time::Instant::now();
    let early = CiCommandEscaper::new(env, wants_json(&args));
    std::panic::set_hook(Box::new(move |panic| stop_at_bug(&panic.to_string(), early)));
    let cli = match commands::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error, early),
    };
    let runner = CiCommandEscaper::new(env, cli.globals.format().is_json());
    let mut cx = Context::new(cli.globals, env, <commands::Cli as clap::CommandFactory>::command);
    let ending = cx.output.out.ending();
    stop_at_interrupt(ending.clone(), runner);
    let done = cli.command.run(&mut cx);
    let flushed = cx.output.out.finish().map_err(Error::from).or_else(output::unless_closed);
    cx.report_timing(started.elapsed());
    ending.settle();
    match done.and_then(|outcome| flushed.map(|()| outcome)) {
        Ok(outcome) => ExitCode::from(outcome.exit()),
        Err(error) => report(&error, runner),
    }
}

/// Whether the arguments ask for JSON, for errors that come before they are parsed.
fn wants_json(args: &[OsString]) -> bool {
    let text = |at: usize| args.get(at).and_then(|arg| arg.to_str()).unwrap_or_default();
    let is_json = |value: &str| matches!(value, "json" | "jsonl");
    (0..args.len()).any(|at| match text(at) {
        "--json" => true,
        "-o" | "--output" => is_json(text(at + 1)),
        arg => arg
            .strip_prefix("-o")
            .or_else(|| arg.strip_prefix("--output="))
            .is_some_and(|value| is_json(value.trim_start_matches('='))),
    })
}

/// Help and versions go to stdout; wrong flags to stderr, in the form asked for.
fn usage_error(error: &clap::Error, mut runner: CiCommandEscaper) -> ExitCode {
    if !error.use_stderr() {
        let printed = error.print().and_then(|()| std::io::stdout().flush()).map_err(Error::from);
        // A reader that went away has read enough.
        return printed
            .or_else(output::unless_closed)
            .map_or_else(|error| report(&error, runner), |()| ExitCode::SUCCESS);
    }
    let text = error.render().to_string();
    if runner.is_json {
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return report(&Error::new(ErrorCode::Usage, message).hint("`mltrace --help`"), runner);
    }
    let text = output::text::block(&text);
    let _ = std::io::stderr().lock().write_all(&runner.escape_commands(text.as_bytes()));
    ExitCode::from(ErrorCode::Usage.exit())
}

/// A broken invariant: says so and ends the process, whatever thread it came up in.
#[expect(clippy::exit, reason = "a thread that found a bug cannot return an exit code")]
fn stop_at_bug(what: &str, runner: CiCommandEscaper) {
    let error = Error::new(ErrorCode::Bug, format!("a bug in mltrace {}", env!("CARGO_PKG_VERSION")))
        .because(what)
        .hint("please report it with the command you ran and this text");
    report(&error, runner);
    std::process::exit(i32::from(ErrorCode::Bug.exit()));
}

/// Has Ctrl-C end the process from a thread of its own, whatever the others are waiting for.
fn stop_at_interrupt(ending: InterruptHandle, runner: CiCommandEscaper) {
    signals::on_interrupt(move || {
        if ending.interrupt() {
            stop_interrupted(runner);
        }
    });
}

/// The last words of an interrupted program.
#[expect(clippy::exit, reason = "the thread that would return the exit code may wait for something forever")]
fn stop_interrupted(runner: CiCommandEscaper) {
    let last_words = move || {
        report(&Error::new(ErrorCode::Interrupted, "interrupted"), runner);
    };
    terminal::run_with_timeout(last_words, || std::time::Duration::ZERO);
    std::process::exit(i32::from(ErrorCode::Interrupted.exit()));
}

fn report(error: &Error, runner: CiCommandEscaper) -> ExitCode {
    cli::report::report(error, runner);
    ExitCode::from(error.kind.exit())
}
