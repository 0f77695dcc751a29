//! The help of every command, and the topics.

use crate::commands::Cli;
use crate::commands::tests::{COMMANDS, CommandLine};
use crate::manual::TOPICS;
use clap::CommandFactory as _;
use std::collections::BTreeMap;

fn help(words: &str) -> String {
    CommandLine::new(words).arg("--help").ok().to_string()
}

/// The sections of a help text as heading and body.
fn sections(text: &str) -> Vec<(&str, String)> {
    let mut sections = vec![("", String::new())];
    for line in text.lines() {
        match line.strip_suffix(':').filter(|heading| !heading.starts_with(' ') && !heading.contains('`')) {
            Some(heading) => sections.push((heading, String::new())),
            None => sections.last_mut().unwrap().1.extend([line, "\n"]),
        }
    }
    sections
}

/// Sections that several commands share, and the command whose snapshot includes them.
const SHARED: &[(&str, &str)] = &[("Global options", ""), ("Filters", "traces list")];

#[test]
fn shared_sections_are_equal() {
    for (heading, owner) in SHARED {
        let owner_help = help(owner);
        let find = |text: &str| sections(text).into_iter().find(|(name, _)| name == heading).map(|(_, lines)| lines);
        let expected = find(&owner_help).unwrap();
        let same =
            COMMANDS.iter().filter(|words| find(&help(words)).is_some_and(|lines| lines.trim() == expected.trim()));
        assert!(same.count() > 5, "{heading}");
    }
}

/// The help of a command, in which equal [`SHARED`] sections are replaced by a reference.
fn help_without_shared_sections(words: &str) -> String {
    let owners: BTreeMap<&str, (&str, String)> =
        SHARED.iter().map(|(heading, owner)| (*heading, (*owner, help(owner)))).collect();
    let shared = |heading: &str, lines: &str| {
        let (owner, text) = owners.get(heading).filter(|(owner, _)| *owner != words)?;
        let is_same = sections(text).iter().any(|(name, other)| *name == heading && other.trim() == lines.trim());
        is_same.then(|| format!("{heading}: as in `mltrace {owner}`\n\n"))
    };
    let text = help(words);
    let section = |(heading, lines): (&str, String)| {
        let title = if heading.is_empty() { String::new() } else { format!("{heading}:\n") };
        shared(heading, &lines).unwrap_or(title + &lines)
    };
    sections(&text).into_iter().map(section).collect()
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help_without_shared_sections(""), @"
    Inspect MLflow LLM traces in the terminal

    Reads traces recorded by MLflow 2.14 to 3.18 from SQLite databases, file stores and tracking
    servers. Never writes to a store. Without --tracking-uri and MLFLOW_TRACKING_URI, it reads the store
    that MLflow uses by default: ./mlruns or ./mlflow.db.

    Usage: mltrace [OPTIONS] <COMMAND>

    Commands:
      experiments  List experiments with trace and error counts
      traces       List traces, newest first
      trace        Show a trace, or compare two
      usage        Show token usage and cost, per call or grouped
      stats        Show request count, error rate, latency and cost
      spans        List spans of the selected traces
      tools        Show calls, failures and durations of each tool
      exceptions   List exceptions, grouped
      sessions     List sessions, most recent first
      session      Show a session
      check        Fail (exit 1) if traces violate limits
      doctor       Diagnose the trace store
      prices       Show prices per million tokens (USD)
      completions  Print a shell completion script
      man          Write manual pages
      help         Explain a command or a topic

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
      -u, --tracking-uri <URI>
              Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in
              sample) [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Output format

              Possible values:
              - table: Human-readable text
              - json:  One JSON document
              - jsonl: One JSON object per line
              - csv:   Comma-separated values
              - ids:   One id per line
              
              [default: table]

          --json
              Same as --output json

          --color <WHEN>
              When to use color

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Use ASCII characters only

          --width <COLUMNS>
              Wrap output to this width

          --utc
              Read and print times in UTC

          --prices <FILE>
              File of prices that take precedence over the built-in ones
              
              Used for costs that MLflow did not record. Accepts a file of MLflow's model catalog, or
              the output of `mltrace prices --json`.

          --no-pager
              Do not use the pager ($PAGER, less)

      -q, --quiet
              Suppress notes

      -v, --verbose
              Print which store is read and why, the filter and the time taken

    Examples:
      mltrace -u demo: traces list          try it on the built-in sample
      mltrace trace show @last              the newest trace as a tree
      mltrace usage @last                   tokens of each LLM call
      mltrace usage --since 7d --by day     tokens and cost per day
      mltrace stats --by name               request count, error rate, latency, cost
      mltrace check --max-error-rate 5%     fail a build if traces violate limits
      mltrace spans --llm --json | jq       LLM calls for scripts

    Topics: mltrace help TOPIC, such as selecting, filters, stores, servers, tokens, json; mltrace help
    lists them

    Exit codes: 0 success, 1 failed check or differences (check, trace diff --exit-code), 2 invalid
    arguments, 3 not found or ambiguous, 4 network or server error, 5 store or output error, 70 bug, 130
    interrupted
    ");
}

#[test]
fn help_of_experiments() {
    insta::assert_snapshot!(help_without_shared_sections("experiments"), @"
    List experiments with trace and error counts

    Prints id, name, stage, number of traces, number of errors, time of the newest trace and recorded
    tokens.

    Usage: mltrace experiments [OPTIONS]

    Options:
          --deleted
              Include deleted experiments

      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `

    Examples:
      mltrace experiments
      mltrace experiments --deleted --json | jq '.experiments[] | select(.error_count > 0).name'
      mltrace -u sqlite:///mlflow.db experiments -o csv
    ");
}

#[test]
fn help_of_traces() {
    insta::assert_snapshot!(help_without_shared_sections("traces"), @r#"
    List traces, newest first

    Same as `mltrace traces list`.

    Usage: mltrace traces [OPTIONS]
           mltrace traces <COMMAND>

    Commands:
      list  List traces, newest first

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Output limits:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a
              leading - sorts in descending order
              
              [default: -time]

    Global options: as in `mltrace `

    Examples:
      mltrace traces list
      mltrace traces list --status error --since 2h
      mltrace traces list -x OpenAI --sort -tokens -n 5
      mltrace traces list --filter "span.type = 'TOOL' AND span.status = 'ERROR'"
      mltrace traces list --grep 'No weather station'
      mltrace traces list --all --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'
    "#);
}

#[test]
fn help_of_traces_list() {
    insta::assert_snapshot!(help_without_shared_sections("traces list"), @r#"
    List traces, newest first

    Prints one line per trace: short id, age, state, name, duration, spans, tokens, cost, session and
    request. Columns that do not fit the width are left out; JSON has all of them.

    Usage: mltrace traces list [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Filters:
      -x, --experiment <NAME|ID>
              Experiment id or exact name (can be repeated)

          --deleted
              Include deleted experiments

          --filter <FILTER>
              MLflow filter: "tags.team = 'search' AND span.type = 'TOOL'" (can be repeated)
              
              Repeated filters are joined by AND. Keys: status, name, timestamp_ms, execution_time_ms,
              end_time_ms, request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY,
              span.name, span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME,
              expectation.NAME, issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS
              NOT NULL, and >, >=, <, <= with numbers. Text is quoted; keys with special characters are
              in backticks. See `mltrace help filters`.

          --status <STATE>
              Trace state, not span status (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Started before

          --name <GLOB>
              Trace name (not span name); * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has this tag, with this value if given (can be repeated)

          --metadata <KEY[=VALUE]>
              Has this metadata key, with this value if given (can be repeated)

          --session <ID>
              Session id

          --user <ID>
              User id

          --run <ID>
              Id of the MLflow run of the trace, or of a linked run

          --model <GLOB>
              Has a span with this model; * and ? are wildcards

          --min-duration <DURATION>
              Minimum duration of the trace: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Maximum duration of the trace

          --min-tokens <TOKENS>
              Minimum number of recorded tokens

          --grep <REGEX>
              Has a match in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these exact types: LLM,TOOL (can be repeated)
              
              `mltrace spans` and `mltrace trace show` print only spans of these types.

          --llm
              LLM calls: same as --type LLM,CHAT_MODEL

    Output limits:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a
              leading - sorts in descending order
              
              [default: -time]

    Global options: as in `mltrace `

    Examples:
      mltrace traces list
      mltrace traces list --status error --since 2h
      mltrace traces list -x OpenAI --sort -tokens -n 5
      mltrace traces list --filter "span.type = 'TOOL' AND span.status = 'ERROR'"
      mltrace traces list --grep 'No weather station'
      mltrace traces list --all --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'
    "#);
}

#[test]
fn help_of_trace() {
    insta::assert_snapshot!(help_without_shared_sections("trace"), @"
    Show a trace, or compare two

    Usage: mltrace trace [OPTIONS] <COMMAND>

    Commands:
      show  Show the spans of a trace as a tree, or one span
      diff  Compare two traces, or two selections

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `
    ");
}

#[test]
fn help_of_trace_show() {
    insta::assert_snapshot!(help_without_shared_sections("trace show"), @"
    Show the spans of a trace as a tree, or one span

    TRACE is an id, a unique prefix, an OpenTelemetry trace id, @last, @last~2, @error (the newest
    failed trace) or @slow (the longest trace). Filters apply to @last, @error and @slow. - reads ids
    from stdin, one per line.

    --json prints one document per trace, one per line. A file of them can be read as a store: `mltrace
    -u FILE`.

    Usage: mltrace trace show [OPTIONS] [TRACE]...

    Arguments:
      [TRACE]...
              Traces to show; - reads ids from stdin
              
              [default: @last]

    Options:
          --tree
              Show the spans as a tree (default)

          --io[=<LINES>]
              Show inputs and outputs of spans, up to LINES lines each (8 if not given, 0 for all)

          --conversation
              Show the messages and calls in order, turn by turn

          --full
              Show folded spans, or full conversations
              
              In a tree, shows spans that are folded because they record the same LLM call or only
              deliver messages. In a conversation, shows long and repeated messages in full, and values
              as the stored JSON.

          --span <SPAN>
              Show all of one span, by id, unique prefix or unique name

          --save-attachments <DIR>
              Save the span's attachments to this folder

          --agent <NAME>
              Show only spans of this agent; * and ? are wildcards (can be repeated)

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace trace show
      mltrace trace show tr-e1856059 --io
      mltrace trace show @error --span get_weather
      mltrace traces list --status error -o ids | mltrace trace show - --json > failed.jsonl
      mltrace trace show @last --json | jq '.spans[] | select(.exception).exception.message'
    ");
}

#[test]
fn help_of_trace_diff() {
    insta::assert_snapshot!(help_without_shared_sections("trace diff"), @r#"
    Compare two traces, or two selections

    Aligns the spans of two traces and shows added and removed spans. In the other spans it shows
    changes of status, exceptions, model, parameters, inputs and outputs; texts are compared word by
    word. A change is shown once, where it first occurs, and not again in the history of later calls.
    Durations, tokens and cost are shown side by side.

    Differences in ids, response times, token counts and attributes of the process are only counted;
    --strict shows them. An id has to correspond to the same id everywhere. Dates, times and numbers in
    inputs and outputs are content.

    Traces are identical if inputs, outputs and attributes of all spans are equal, except for the
    attribute mlflow.traceRequestId, which is the id of the trace. Start times, durations, tags,
    metadata and assessments are not compared.

    With --set given twice, compares two selections: request count, error rate, latency, cost, and the
    exceptions that only one of them has. FLAGS are filter flags, as in `mltrace traces list`.

    Usage: mltrace trace diff [OPTIONS] <A> <B>
           mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>

    Arguments:
      [A]
              First trace: id, unique prefix, @last~1, @error …

      [B]
              Second trace

    Options:
          --set <FLAGS>
              Compare two selections, given by filter flags (give twice, for A and B)

          --only-changes
              Show only what changed

          --full
              Show all spans and full text

          --strict
              Treat every difference in inputs, outputs and attributes as a change

          --exit-code
              Exit with 1 if anything changed
              
              Also exits with 1 if spans are missing, and with --strict unless the traces are identical.
              With --set, exits with 1 if B has new exceptions or a higher error rate, or if a selection
              is empty.

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace trace diff @last~1 @last
      mltrace trace diff tr-e1856059 tr-419f926a --only-changes --exit-code
      mltrace trace diff @last~1 @last --exit-code --strict
      mltrace trace diff @last~1 @last --json | jq '.spans[] | select(.change != "same").path'
      mltrace trace diff --set '--until 1d --tag release=1' --set '--since 1d --tag release=2'
    "#);
}

#[test]
fn help_of_usage() {
    insta::assert_snapshot!(help_without_shared_sections("usage"), @"
    Show token usage and cost, per call or grouped

    With TRACE, prints one row per LLM call and the total, computed from the spans. If a span and one
    below it both have tokens, only the upper one counts, as in MLflow. --json prints one document per
    trace, one per line.

    Without TRACE, prints the usage of all selected traces, grouped by model or by --by. The groups add
    up to the total. A trace with two models counts in both rows. Groups beyond -n are summed up in one
    row. By keys of whole traces (day, session, tag:KEY), recorded totals are used for more than 1,000
    traces (100 on a server), and spans are read only of traces without one; --deep reads all spans.

    The cost is the recorded one (MLflow 3.10 and later), or is calculated from `mltrace prices`. Calls
    without a price are counted as unpriced. See `mltrace help tokens`.

    Usage: mltrace usage [OPTIONS] [TRACE]...

    Arguments:
      [TRACE]...
              Trace: id, unique prefix, @last, @error, @slow; - reads ids from stdin

    Options:
          --by <KEY>
              Group by these keys: model,day (can be repeated) [default: model]
              
              Keys: model, provider, agent, span, trace, name, state, experiment, session, user, hour,
              day, week, tag:KEY, metadata:KEY.

          --explain
              Explain excluded spans, differing recorded totals and missing prices

          --deep
              Read the spans of all traces

      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace usage @last
      mltrace usage --since 7d -x OpenAI
      mltrace traces list --status error -o ids | mltrace usage -
      mltrace usage --by day --by model -o csv
      mltrace usage tr-e1856059 --json | jq .token_usage.total_tokens
    ");
}

#[test]
fn help_of_stats() {
    insta::assert_snapshot!(help_without_shared_sections("stats"), @"
    Show request count, error rate, latency and cost

    Without --by, prints one row for all traces. By model, provider or agent, LLM calls are counted; by
    span, all spans; otherwise traces. Latency percentiles are interpolated linearly. Groups beyond -n
    are summed up in one row.

    Tokens and cost are those of `mltrace usage`. For up to 1,000 traces they are computed from spans,
    for more they are the recorded totals; --deep always reads spans. For many traces, a server's own
    figures are used if it can compute them.

    --as-mlflow counts as MLflow's metrics do: a span within another one that has the same tokens counts
    again.

    Usage: mltrace stats [OPTIONS]

    Options:
          --by <KEY>
              Group by these keys: name,day (can be repeated)
              
              Keys: name, state, experiment, session, user, trace, hour, day, week, tag:KEY,
              metadata:KEY, model, provider, agent, span.

          --bucket <DURATION>
              Group by intervals of a day, from midnight: 15m, 1h, 1d

          --deep
              Read the spans of all traces

          --as-mlflow
              Count as MLflow's metrics do
              
              Every span with tokens is a call, and traces have only their recorded tokens.

      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace stats --since 7d --by name
      mltrace stats --by model --by day -o csv
      mltrace stats --bucket 1h --utc --json | jq '.groups[] | [.key.time, .latency_ms.p95]'
    ");
}

#[test]
fn help_of_spans() {
    insta::assert_snapshot!(help_without_shared_sections("spans"), @"
    List spans of the selected traces

    The newest trace is first; its spans are in the order of its tree. --type and --llm select spans.

    Usage: mltrace spans [OPTIONS]

    Options:
          --full
              With --json, include attributes and events

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Output limits:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a
              leading - sorts in descending order
              
              [default: -time]

    Global options: as in `mltrace `

    Examples:
      mltrace spans --llm
      mltrace spans --type TOOL --status error -n 50
      mltrace spans --grep 'timed? out' --since 1d
      mltrace spans --type LLM --json | jq '.spans[].token_usage'
    ");
}

#[test]
fn help_of_tools() {
    insta::assert_snapshot!(help_without_shared_sections("tools"), @"
    Show calls, failures and durations of each tool

    A tool call counts once, whether a span of type TOOL, messages or both record it. Repetitions in the
    history of later requests do not count. `errors` counts calls whose span has status ERROR. `handled`
    counts calls whose failure was returned to the model as text. `error rate` is the share of both.
    Only calls with a span have durations. Percentiles are interpolated linearly.

    Usage: mltrace tools [OPTIONS]

    Options:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace tools
      mltrace tools --since 1d -x AutoGen
      mltrace tools --json | jq -r '.tools[] | select(.errors > 0).name'
    ");
}

#[test]
fn help_of_exceptions() {
    insta::assert_snapshot!(help_without_shared_sections("exceptions"), @"
    List exceptions, grouped

    A failure is an exception event, or a span with status ERROR. An exception that is raised again by
    parents counts once, for the deepest span. One that is wrapped in another counts once, with its
    cause. Failures are grouped by type, message (without ids, numbers and quoted text) and the
    innermost function of your own code. The most frequent group is first; of equally frequent ones, the
    newest. Kind `handled` is a failure that was returned as text instead of an error; kind `logging` is
    a failure of MLflow's own logging.

    For more than 10,000 traces, or 1,000 of a server, only spans with status ERROR are read; --deep
    reads all.

    Usage: mltrace exceptions [OPTIONS]

    Options:
          --all
              Print every failure instead of groups, newest trace first

          --stack
              Print stack traces, with library frames folded

          --deep
              Read the spans of all traces

      -n, --limit <ROWS>
              Maximum number of rows [default: 20; no limit with --all]

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace exceptions
      mltrace exceptions --since 1d --stack -n 3
      mltrace exceptions --all -x OpenAI
      mltrace exceptions --json | jq -r '.exceptions[] | [.count, .type, .message] | @tsv'
    ");
}

#[test]
fn help_of_sessions() {
    insta::assert_snapshot!(help_without_shared_sections("sessions"), @"
    List sessions, most recent first

    The traces of a session, the turns of a conversation, have the same `mlflow.trace.session`. Figures
    are those that MLflow recorded, for the selected traces.

    Traces without a session are shown as a derived session, named by its first trace, if each request
    repeats an earlier request and its response (such as an AutoGen team without an enclosing span).
    Sessions that only spans name (Traceloop, Vercel) are derived, too. Sessions are derived among up to
    1,000 traces without a session, and not on servers.

    Usage: mltrace sessions [OPTIONS]

    Options:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace sessions
      mltrace sessions --user ada --since 7d
      mltrace sessions --status error --json | jq -r '.sessions[].session_id'
    ");
}

#[test]
fn help_of_session() {
    insta::assert_snapshot!(help_without_shared_sections("session"), @"
    Show a session

    Usage: mltrace session [OPTIONS] <COMMAND>

    Commands:
      show  Show the traces of a session as turns, oldest first

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `
    ");
}

#[test]
fn help_of_session_show() {
    insta::assert_snapshot!(help_without_shared_sections("session show"), @"
    Show the traces of a session as turns, oldest first

    SESSION is a session id or a unique prefix. It can also be a trace (an id, a prefix, @last): its
    session is shown, recorded or derived (see `mltrace sessions`). Filters select turns.

    Usage: mltrace session show [OPTIONS] <SESSION>

    Arguments:
      <SESSION>
              Session id or trace

    Options:
          --conversation
              Show the messages and calls of each trace in order

          --full
              In a conversation: print repeated and long messages in full

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace session show chat-42
      mltrace session show chat-42 --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'
      mltrace session show chat-42 -o ids | xargs -n 1 mltrace trace show
    ");
}

#[test]
fn help_of_check() {
    insta::assert_snapshot!(help_without_shared_sections("check"), @r#"
    Fail (exit 1) if traces violate limits

    Exits with 0 if every rule passes. Exits with 1 if a rule fails, or is unknown because data is
    missing (a model without a price, a trace in progress). An empty selection fails, because
    --min-traces defaults to 1. Without rules, the exit code is 2. For each rule that does not pass,
    prints traces that show why and a command to run next.

    STAT is a statistic: `each` trace (default), `mean`, `total`, `p50`, `p90`, `p95` or `p99`. A rules
    file has lines such as `max-tokens = 5000` and `max-latency = ["30s", "p95=2s"]`; flags take
    precedence. Tokens and cost are those of `mltrace usage TRACE`; latency is the execution duration of
    the trace. A Markdown report is appended to its file (for GitHub's job summary); other reports
    replace their file. See `mltrace help gates`.

    Usage: mltrace check [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Rules:
          --max-tokens <[STAT=]TOKENS>
              Maximum tokens: 5000, p95=4000, mean=2000, total=100000 (can be repeated)

          --max-cost <[STAT=]DOLLARS>
              Maximum cost in US dollars: 0.05, mean=0.01, total=1

          --max-latency <[STAT=]DURATION>
              Maximum latency: 30s, p95=2s

          --max-llm-calls <[STAT=]CALLS>
              Maximum LLM calls: 10 per trace, mean=4 over all

          --max-tool-calls <[STAT=]CALLS>
              Maximum tool calls: 10 per trace, mean=4 over all

          --max-error-rate <PERCENT>
              Maximum error rate (5% or 0.05)
              
              The error rate is the share of traces in state ERROR.

          --no-exceptions[=<WHICH>]
              No exceptions and no failed spans
              
              With =all, also no tool failures that were returned to the model as text.
              
              [possible values: raised, all]

          --require-span <NAME>
              Every trace has a span with this name; * and ? are wildcards (can be repeated)

          --forbid-span <NAME>
              No trace has a span with this name

          --require-tool <NAME>
              Every trace calls this tool

          --forbid-tool <NAME>
              No trace calls this tool

          --min-feedback <NAME=[STAT=]VALUE>
              Minimum feedback, as a mean by default: correctness=0.8, safety=each=1
              
              yes and true are 1, no and false are 0.

          --min-traces <TRACES>
              Minimum number of traces [default: 1]

          --baseline <FILE>
              Fail if a metric is worse than in this baseline, or if exceptions are new
              
              A file written by --save-baseline.

          --tolerance <[METRIC=]PERCENT>
              How much worse than the baseline metrics may be: 10%, latency=25% [default: 10%]

          --rules <FILE>
              TOML file of rules, named like the flags

          --save-baseline <FILE>
              Write a baseline of these traces if all rules pass

          --report <REPORT[=FILE]>
              Print or write a report: table, json, junit, github, markdown (can be repeated)

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace check --since 1h --max-error-rate 0 --max-latency p95=5s
      mltrace check -x nightly --rules rules.toml --report github --report junit=check.xml
      mltrace check --status ok,error --save-baseline baseline.json
      mltrace check --status ok,error --baseline baseline.json --tolerance 10% --tolerance latency=50%
      mltrace check --max-cost 0.05 --json | jq '.rules[] | select(.verdict != "pass")'
    "#);
}

#[test]
fn help_of_doctor() {
    insta::assert_snapshot!(help_without_shared_sections("doctor"), @"
    Diagnose the trace store

    Shows which store is read and why, the MLflow release of its schema and its contents. Then lists
    findings, the worst first, each with its meaning and a remedy: traces that never ended, missing
    spans and roots, damaged records, token totals that differ from the spans, incomplete records,
    missing or moved files, models without a price, and a store that the installed MLflow refuses. The
    newest 10,000 traces are examined, on a server the spans of the newest 200; --deep examines all. The
    exit code is 0 whether or not there are findings.

    Usage: mltrace doctor [OPTIONS]

    Options:
          --deep
              Examine the spans of all traces

      -h, --help
              Print help (see a summary with '-h')

    Filters: as in `mltrace traces list`

    Global options: as in `mltrace `

    Examples:
      mltrace doctor
      mltrace doctor --since 1d -x AutoGen
      mltrace doctor --deep --json | jq '.findings[] | [.kind, .count, .trace_ids[0]]'
    ");
}

#[test]
fn help_of_prices() {
    insta::assert_snapshot!(help_without_shared_sections("prices"), @"
    Show prices per million tokens (USD)

    The prices are built in. Costs that MLflow did not record are calculated from them. If a call names
    no provider, the first provider by name that has a price is used, as in MLflow; `used` marks it.
    Requests with more tokens than `above` have separate prices.

    Usage: mltrace prices [OPTIONS] [MODEL]

    Arguments:
      [MODEL]
              Model name as in traces; * and ? are wildcards

    Options:
      -n, --limit <ROWS>
              Maximum number of rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `

    Examples:
      mltrace prices gpt-4o-mini
      mltrace prices 'claude-*' --json
      mltrace prices gpt-4o --json > own.json     change it, then:
      mltrace usage --since 7d --prices own.json
    ");
}

#[test]
fn help_of_completions() {
    insta::assert_snapshot!(help_without_shared_sections("completions"), @r#"
    Print a shell completion script

    The scripts are also in the `completions` folder of the source.

    Usage: mltrace completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>
              Shell
              
              [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `

    Examples:
      mltrace completions bash > ~/.local/share/bash-completion/completions/mltrace
      mltrace completions zsh > "${fpath[1]}/_mltrace"
      mltrace completions fish > ~/.config/fish/completions/mltrace.fish
    "#);
}

#[test]
fn help_of_man() {
    insta::assert_snapshot!(help_without_shared_sections("man"), @"
    Write manual pages

    With DIR, writes the pages of all commands and topics to this folder; without it, prints the page of
    the program.

    Usage: mltrace man [OPTIONS] [DIR]

    Arguments:
      [DIR]
              Folder to write the pages to; beside a folder `man1`, topics go to `man7`

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `

    Examples:
      mltrace man | man -l -
      mltrace man ~/.local/share/man/man1
    ");
}

#[test]
fn help_of_help() {
    insta::assert_snapshot!(help_without_shared_sections("help"), @"
    Explain a command or a topic

    Usage: mltrace help [OPTIONS] [COMMAND|TOPIC]...

    Arguments:
      [COMMAND|TOPIC]...
              Command or topic; without one, the list of both

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options: as in `mltrace `

    Examples:
      mltrace help trace show
      mltrace help filters
    ");
}

#[test]
fn every_command_is_tested() {
    fn add(command: &clap::Command, words: &str, all: &mut Vec<String>) {
        all.push(words.to_owned());
        for below in command.get_subcommands() {
            add(below, format!("{words} {}", below.get_name()).trim_start(), all);
        }
    }
    let mut all = Vec::new();
    add(&Cli::command(), "", &mut all);
    assert_eq!(all, COMMANDS);
}

#[test]
fn help_fits_100_columns() {
    for words in COMMANDS {
        for line in help(words).lines() {
            assert!(line.chars().count() <= 100, "{words}: {line}");
        }
    }
}

#[test]
fn completions_contain_commands_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = CommandLine::new("completions").arg(shell).ok().stdout;
        for word in ["experiments", "traces", "usage", "spans", "tracking-uri"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}

#[test]
fn help_shows_commands_and_topics() {
    for words in ["trace show", "usage", "session show"] {
        let (explained, flagged) =
            (CommandLine::new("help").words(words).ok(), CommandLine::new(words).arg("--help").ok());
        assert_eq!(explained.stdout, flagged.stdout, "{words}");
    }
    let overview = CommandLine::new("help").ok().stdout;
    assert!(overview.starts_with(&help("")), "{overview}");
    for topic in TOPICS {
        assert!(overview.contains(&format!("\n  {} ", topic.name)), "{overview}");
        let text = CommandLine::new("help").arg(topic.name).ok().stdout;
        let title = topic.text.lines().next().unwrap().trim_start_matches("# ");
        assert!(text.starts_with(&format!("{title}\n\n")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let narrow = CommandLine::new("--width 60 help").arg(topic.name).ok().stdout;
        let is_code = |line: &str| line.starts_with("  ");
        let long: Vec<_> = narrow.lines().filter(|line| !is_code(line) && line.chars().count() > 60).collect();
        assert!(long.is_empty(), "{}: {long:?}", topic.name);
    }
    let output = CommandLine::new("help nothing").run();
    assert_eq!(output.exit, 2, "{output}");
    assert!(output.stderr.contains("`mltrace help` lists the commands and the topics"), "{output}");
    let output = CommandLine::new("help gate").run();
    assert!(output.stderr.contains("did you mean `gates`?"), "{output}");
}

#[test]
fn help_of_a_topic() {
    insta::assert_snapshot!(CommandLine::new("--width 80 help exit-codes").ok().stdout, @r#"
    Exit codes

    code  meaning
    0     success; also an empty list, or a reader that closed the pipe
    1     `check`: a rule does not pass; `trace diff --exit-code`: the traces differ
    2     invalid options, or an invalid filter
    3     trace, span, session or experiment not found, or ambiguous
    4     tracking server not reachable or failing; missing or rejected credentials
    5     store missing, unreadable or unsupported; output cannot be written
    70    a bug
    130   interrupted

    With `--json`, an error is one JSON object on stderr:
    `{"error":{"code","message","hint","exit"}}`. Its codes are `usage`,
    `filter_syntax`, `not_found`, `ambiguous`, `network`, `server`, `credentials`,
    `store_missing`, `store_unreadable`, `store_unsupported`, `output`, `bug` and
    `interrupted`.
    "#);
}
