//! Inspects MLflow LLM traces in the terminal.
//!
//! A module may use only the modules in its row; `tests/it/floors.rs` enforces this table:
//!
//! | module        | contents                                                      | may use                                                                                         |
//! |---------------|---------------------------------------------------------------|-------------------------------------------------------------------------------------------------|
//! | `json`        | JSON text: values, borrowed views, lenient and Python forms   |                                                                                                 |
//! | `model`       | traces, spans and their parts                                 | `json`                                                                                          |
//! | `error`       | the error type and the exit codes                             |                                                                                                 |
//! | `terminal`    | terminal capabilities; the pager                              |                                                                                                 |
//! | `files`       | reading regular files within limits; atomic writes            |                                                                                                 |
//! | `number`      | formatting of numbers, durations and costs                    | `model`                                                                                         |
//! | `limits`      | limits on bytes, depth, time, rows and threads                |                                                                                                 |
//! | `signals`     | Ctrl-C and Ctrl-Z                                             |                                                                                                 |
//! | `shell`       | quoting of commands that messages suggest                     |                                                                                                 |
//! | `manual`      | help topics                                                   |                                                                                                 |
//! | `message`     | messages and their parts                                      | `json`                                                                                          |
//! | `conventions` | attribute conventions of other instrumentation; one file each | `json model limits`                                                                             |
//! | `frameworks`  | messages, agents and tools of agent frameworks; one file each | `json model message`                                                                            |
//! | `formats`     | decoding of every MLflow release's formats and of OTLP        | `json model limits message conventions frameworks`                                              |
//! | `query`       | filters and conditions                                        | `json model limits`                                                                             |
//! | `store`       | trace stores; one folder per kind                             | `json model files limits signals shell formats query`                                           |
//! | `reading`     | LLM calls, tool calls, agents and turns found in a trace      | `json model message frameworks`                                                                 |
//! | `analysis`    | usage, statistics, exceptions, rules, diffs; no I/O           | `json model number shell message frameworks reading query`                                      |
//! | `output`      | documents and rows as text, JSON, JSON lines, CSV, ids        | `json model number query terminal error`                                                        |
//! | `views`       | what each command prints, as documents of blocks and as JSON  | `json model number manual shell message frameworks reading analysis query output error`         |
//! | `cli`         | options, environment, name lookup, notes, progress            | `json model number files limits shell store reading analysis query output views terminal error` |
//! | `commands`    | the commands; one file each                                   | all of the above                                                                                |

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
pub mod manual;
pub mod message;
pub mod model;
pub mod number;
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
use cli::suggestions::suggest_subcommand;
use error::{Error, ErrorCode};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use terminal::{CiCommandEscaper, InterruptHandle};

/// Runs the program: parses the arguments, runs the command, reports errors. Returns the exit code.
#[must_use]
pub fn run(args: &[OsString], env: &dyn Fn(&str) -> Option<OsString>) -> ExitCode {
    let started = std::time::Instant::now();
    // Used until the arguments are parsed.
    let early_escaper = CiCommandEscaper::new(env, requests_json(args));
    std::panic::set_hook(Box::new(move |panic| exit_on_bug(&panic.to_string(), early_escaper)));
    let cli = match commands::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(mut error) => {
            suggest_subcommand(&mut error, &<commands::Cli as clap::CommandFactory>::command(), args);
            return report_parse_error(&error, early_escaper);
        }
    };
    let escaper = CiCommandEscaper::new(env, cli.globals.format().is_json());
    let mut cx = Context::new(cli.globals, env, <commands::Cli as clap::CommandFactory>::command);
    let interrupt_handle = cx.output.out.interrupt_handle();
    exit_on_interrupt(interrupt_handle.clone(), escaper);
    let result = execute(&cli.command, &mut cx);
    cx.report_timing(started.elapsed());
    interrupt_handle.mark_done();
    match result {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => report(&error, escaper),
    }
}

/// Runs a command and writes what it has printed so far, even if it failed.
fn execute(command: &commands::Command, cx: &mut Context) -> error::Result<commands::Outcome> {
    let result = command.run(cx);
    let flushed = cx.output.out.finish().map_err(Error::from).or_else(output::ignore_closed_pipe);
    result.and_then(|outcome| flushed.map(|()| outcome))
}

/// Whether the unparsed arguments ask for JSON; decides the format of parse errors.
fn requests_json(args: &[OsString]) -> bool {
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

/// Prints help and version to stdout, and errors in the arguments to stderr as text or JSON.
fn report_parse_error(error: &clap::Error, mut escaper: CiCommandEscaper) -> ExitCode {
    if !error.use_stderr() {
        let printed = error.print().and_then(|()| std::io::stdout().flush()).map_err(Error::from);
        // A closed pipe is not an error.
        return printed
            .or_else(output::ignore_closed_pipe)
            .map_or_else(|error| report(&error, escaper), |()| ExitCode::SUCCESS);
    }
    if escaper.is_json {
        return report(&usage_error(error), escaper);
    }
    let text = error.render().to_string();
    let text = output::text::block(&text);
    let _ = std::io::stderr().lock().write_all(&escaper.escape_commands(text.as_bytes()));
    ExitCode::from(ErrorCode::Usage.exit_code())
}

/// Converts an error in the arguments, for JSON.
fn usage_error(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let tips = text.lines().filter_map(|line| line.trim_start().strip_prefix("tip: "));
    tips.fold(Error::new(ErrorCode::Usage, message), Error::hint).hint("`mltrace --help`")
}

/// Reports a panic in any thread as a bug and exits the process.
#[expect(clippy::exit, reason = "a thread that panicked cannot return an exit code")]
fn exit_on_bug(panic: &str, escaper: CiCommandEscaper) {
    let error = Error::new(ErrorCode::Bug, format!("internal error in mltrace {}", env!("CARGO_PKG_VERSION")))
        .because(panic)
        .hint("this is a bug; please report it with the command you ran and this text");
    report(&error, escaper);
    std::process::exit(i32::from(ErrorCode::Bug.exit_code()));
}

/// Makes Ctrl-C exit the process from a separate thread, even while other threads are blocked.
fn exit_on_interrupt(interrupt_handle: InterruptHandle, escaper: CiCommandEscaper) {
    signals::on_interrupt(move || {
        if interrupt_handle.interrupt() {
            exit_interrupted(escaper);
        }
    });
}

/// Reports the interruption and exits the process.
#[expect(clippy::exit, reason = "the thread that would return the exit code may be blocked forever")]
fn exit_interrupted(escaper: CiCommandEscaper) {
    let write_error = move || {
        report(&Error::new(ErrorCode::Interrupted, "interrupted"), escaper);
    };
    terminal::run_with_timeout(write_error, || std::time::Duration::ZERO);
    std::process::exit(i32::from(ErrorCode::Interrupted.exit_code()));
}

fn report(error: &Error, escaper: CiCommandEscaper) -> ExitCode {
    cli::report::report(error, escaper);
    ExitCode::from(error.code.exit_code())
}
