//! The help of every command, so that a change of it is seen.

use crate::harness::Cli;

fn help(words: &str) -> String {
    Cli::new(words).arg("--help").ok().to_string()
}

#[test]
fn of_the_program() {
    insta::assert_snapshot!(help(""), @"
    Inspect LLM traces of MLflow in the terminal

    Reads what MLflow 2.14 to 3.18 wrote, in SQLite databases, in file stores and on tracking servers,
    and writes nothing. Without --tracking-uri and MLFLOW_TRACKING_URI it takes the store that MLflow
    would take: ./mlruns or ./mlflow.db.

    Usage: mltrace [OPTIONS] <COMMAND>

    Commands:
      experiments  List experiments with their number of traces and errors
      traces       List traces, newest first
      trace        Show one trace, or compare two
      usage        Show tokens and cost of each LLM call and the total of a trace, or of many traces in
                   groups
      stats        Show how many traces, how often wrong, how long they took, what they used
      spans        List spans of the selected traces, one row each
      tools        Show each tool: calls, failures, and how long they took
      exceptions   Show what failed: each failure once, like ones together
      sessions     List sessions, the one with the newest trace first
      session      Show one session
      check        Fail (exit 1) if traces violate limits
      doctor       Tell which store is read and why, and what is wrong with it and its traces
      prices       Show what tokens of a model cost: US dollars for a million
      completions  Print the completion script of a shell
      man          Print the manual page, or write one page for each command to a folder
      help         Explain a command or a topic

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace -u demo: traces list          try it on the sample that is built in
      mltrace trace show @last              the newest trace as a tree
      mltrace usage @last                   tokens of each LLM call
      mltrace usage --since 7d --by day     tokens and cost of many traces
      mltrace stats --by name               how many, how often wrong, how long
      mltrace check --max-error-rate 5%     whether a build may pass
      mltrace spans --llm --json | jq       LLM calls for scripts

    Exit codes: 0 done, 1 the answer is no (check, trace diff --exit-code), 2 wrong flags, 3 not found
    or ambiguous, 4 network or server, 5 store missing or unreadable, 70 a bug, 130 interrupted
    ");
}

#[test]
fn of_experiments() {
    insta::assert_snapshot!(help("experiments"), @"
    List experiments with their number of traces and errors

    Shows id, name, stage, traces, errors, the newest trace and the recorded tokens of each experiment.

    Usage: mltrace experiments [OPTIONS]

    Options:
          --deleted
              Add deleted experiments

      -h, --help
              Print help (see a summary with '-h')

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace experiments
      mltrace experiments --deleted --json | jq '.experiments[] | select(.error_count > 0).name'
      mltrace -u sqlite:///mlflow.db experiments -o csv
    ");
}

#[test]
fn of_traces() {
    insta::assert_snapshot!(help("traces"), @r#"
    List traces, newest first

    `mltrace traces` alone does the same as `mltrace traces list`.

    Usage: mltrace traces [OPTIONS]
           mltrace traces <COMMAND>

    Commands:
      list  List traces, newest first

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    How many:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading -
              puts the greatest first
              
              [default: -time]

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

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
fn of_traces_list() {
    insta::assert_snapshot!(help("traces list"), @r#"
    List traces, newest first

    One line for each trace: short id, age, state, name, duration, spans, tokens, cost, session and what
    was asked. What does not fit the width is left out; JSON has everything.

    Usage: mltrace traces list [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    How many:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading -
              puts the greatest first
              
              [default: -time]

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

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
fn of_trace() {
    insta::assert_snapshot!(help("trace"), @"
    Show one trace, or compare two

    Usage: mltrace trace [OPTIONS] <COMMAND>

    Commands:
      show  Show the spans of a trace as a tree, or one span whole
      diff  Compare two traces, or two selections

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why
    ");
}

#[test]
fn of_trace_show() {
    insta::assert_snapshot!(help("trace show"), @r#"
    Show the spans of a trace as a tree, or one span whole

    TRACE is an id, a unique prefix of one, an OpenTelemetry trace id, @last, @last~2, @error (the
    newest that failed) or @slow (the longest). The flags that choose traces narrow what the @ words
    look at. - reads ids from standard input, one per line.

    --json prints one document per trace and line. It can be read again as a store: `mltrace -u FILE`.

    Usage: mltrace trace show [OPTIONS] [TRACE]...

    Arguments:
      [TRACE]...
              Traces to show; - reads ids from stdin
              
              [default: @last]

    Options:
          --tree
              Show the tree of spans (the default)

          --io[=<LINES>]
              Show inputs and outputs under each span, at most so many lines of each; 0 shows all

          --conversation
              Show who said what to whom, turn by turn, and the work between

          --full
              Show folded spans too: those of the same LLM call, and those that passed messages on; in a
              conversation, long and repeated messages, and values as the JSON that is stored

          --span <SPAN>
              Show one span whole, by id, unique prefix or unique name

          --save-attachments <DIR>
              Write the attachments of the span to files in this folder

          --agent <NAME>
              Show only what happened under the agent of this name; * and ? are wildcards (can be
              repeated)

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace trace show
      mltrace trace show tr-27b4e76f --io
      mltrace trace show @error --span get_weather
      mltrace traces list --status error -o ids | mltrace trace show - --json > failed.jsonl
      mltrace trace show @last --json | jq '.spans[] | select(.exception).exception.message'
    "#);
}

#[test]
fn of_trace_diff() {
    insta::assert_snapshot!(help("trace diff"), @r#"
    Compare two traces, or two selections

    Aligns the spans of two traces and shows which were added or removed, and what changed in the
    others: status, exceptions, model, parameters, inputs and outputs, texts word by word. A change is
    shown once, where it first occurs, and not again in the history of later calls. Durations, tokens
    and cost are shown side by side.

    Ids of calls and objects, times of responses, token counts and attributes that describe the process
    are no changes. They are counted, and --strict shows them. An id must correspond to the same id
    everywhere. Dates, times and numbers in inputs and answers are content.

    Traces are identical if inputs, outputs and attributes of all spans are equal. One attribute is not
    compared, because it differs in any two traces: mlflow.traceRequestId, the id of the trace. Start
    times, durations, tags, metadata and assessments are not compared.

    With --set twice, two selections are compared: request count, error rate, latency, cost, and the
    exceptions that only one of them has. FLAGS are the flags that select traces, as in `traces list`.

    Usage: mltrace trace diff [OPTIONS] <A> <B>
           mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>

    Arguments:
      [A]
              First trace: an id, a unique prefix, @last~1, @error …

      [B]
              Second trace

    Options:
          --set <FLAGS>
              Compare selections instead: flags that choose traces (given twice, for A and for B)

          --only-changes
              Show only what changed

          --full
              Show all spans, and all text

          --strict
              Show every difference in inputs, outputs and attributes as a change

          --exit-code
              Exit with code 1 if anything changed, or spans are missing (with --strict: unless
              identical); with --set, if B has new exceptions or a higher error rate, or a selection is
              empty

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace trace diff @last~1 @last
      mltrace trace diff tr-27b4e76f tr-419f926a --only-changes --exit-code
      mltrace trace diff @last~1 @last --exit-code --strict
      mltrace trace diff @last~1 @last --json | jq '.spans[] | select(.change != "same").path'
      mltrace trace diff --set '--until 1d --tag release=1' --set '--since 1d --tag release=2'
    "#);
}

#[test]
fn of_usage() {
    insta::assert_snapshot!(help("usage"), @r#"
    Show tokens and cost of each LLM call and the total of a trace, or of many traces in groups

    With TRACE: one row for each call and the total, computed from the spans. Where a span and one below
    it both carry tokens, the upper one counts, as in MLflow. Without TRACE: all selected traces,
    grouped by model or what --by says. The groups add up to the total. Where a span that counts names
    no model, those below it tell the models, in their proportion; a trace with two models counts in the
    row of each. By what traces have (day, session, tag:KEY), the totals are those that MLflow recorded,
    and only traces without one are read.

    The cost is the one that MLflow recorded (3.10 on), else it is calculated from `mltrace prices`.
    What has no price is unknown and counted as such. Groups beyond those that -n prints come as one.

    Several traces are shown one after another; --json prints one document per trace and line.

    Usage: mltrace usage [OPTIONS] [TRACE]...

    Arguments:
      [TRACE]...
              Traces: id, unique prefix, @last, @error, @slow; - reads ids from stdin

    Options:
          --by <KEY>
              Group by model, provider, agent, span, trace, name, state, experiment, session, user,
              hour, day, week, tag:KEY or metadata:KEY (can be repeated, or a list) [default: model]

          --explain
              Show which spans are left out and why, where recorded totals differ, and what has no price

          --deep
              Read the spans of every trace, however many there are

      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace usage @last
      mltrace usage --since 7d -x OpenAI
      mltrace traces list --status error -o ids | mltrace usage -
      mltrace usage --by day --by model -o csv
      mltrace usage tr-27b4e76f --json | jq .token_usage.total_tokens
    "#);
}

#[test]
fn of_spans() {
    insta::assert_snapshot!(help("spans"), @r#"
    List spans of the selected traces, one row each

    Newest trace first, the spans of a trace in the order of its tree. --type and --llm choose spans.

    Usage: mltrace spans [OPTIONS]

    Options:
          --full
              Add attributes and events to the JSON of each span

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    How many:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

          --sort <KEY>
              Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading -
              puts the greatest first
              
              [default: -time]

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace spans --llm
      mltrace spans --type TOOL --status error -n 50
      mltrace spans --grep 'timed? out' --since 1d
      mltrace spans --type LLM --json | jq '.spans[].token_usage'
    "#);
}

#[test]
fn of_exceptions() {
    insta::assert_snapshot!(help("exceptions"), @r#"
    Show what failed: each failure once, like ones together

    A failure is an exception event, or a span that says it failed. One that was raised again through
    parents counts once, at the deepest span; one that was wrapped in another counts once, with its
    cause. Like ones share type, message (but for ids, numbers and quoted texts) and the innermost
    function of your own code. The most frequent come first, of equal ones the newest. Kind `handled`
    left no error but a text in place of a result; `logging` failed in MLflow's own logging.

    Of more than 10,000 traces only spans that say they failed are looked at; --deep looks at all.

    Usage: mltrace exceptions [OPTIONS]

    Options:
          --all
              Print every failure, newest trace first, instead of one row for like ones

          --stack
              Print stack traces, with frames of libraries folded

          --deep
              Look at every span of every trace, however many there are

      -n, --limit <ROWS>
              Print at most so many rows [default: 20, with --all no limit]

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace exceptions
      mltrace exceptions --since 1d --stack -n 3
      mltrace exceptions --all -x OpenAI
      mltrace exceptions --json | jq -r '.exceptions[] | [.count, .type, .message] | @tsv'
    "#);
}

#[test]
fn of_sessions() {
    insta::assert_snapshot!(help("sessions"), @r#"
    List sessions, the one with the newest trace first

    A session is what traces have in common that carry the same `mlflow.trace.session`: the turns of a
    conversation. Figures are those of the selected traces, as MLflow recorded them.

    Traces without a session whose messages prove that they are one run are shown as a derived session,
    named by their first trace: each request repeats an earlier one and its answer, as those of an
    AutoGen team without a span around it do. Sessions that only spans name (Traceloop, Vercel) are
    derived, too. Both are looked for among up to 1,000 traces without a session, and not on servers.

    Usage: mltrace sessions [OPTIONS]

    Options:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace sessions
      mltrace sessions --user ada --since 7d
      mltrace sessions --status error --json | jq -r '.sessions[].session_id'
    "#);
}

#[test]
fn of_session_show() {
    insta::assert_snapshot!(help("session show"), @r#"
    Show the traces of a session as turns, the first one first

    SESSION is an id or a unique prefix of one; or the name of a trace (its id, a prefix, `@last`), for
    its session or the run that it belongs to as messages prove (see `mltrace sessions`). The flags that
    choose traces leave out some of its turns.

    Usage: mltrace session show [OPTIONS] <SESSION>

    Arguments:
      <SESSION>
              Session to show

    Options:
          --conversation
              Show who said what to whom in each of them, turn by turn

          --full
              In a conversation: repeat what was said before, and print long messages whole

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace session show chat-42
      mltrace session show chat-42 --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'
      mltrace session show chat-42 -o ids | xargs -n 1 mltrace trace show
    "#);
}

#[test]
fn of_completions() {
    insta::assert_snapshot!(help("completions"), @r#"
    Print the completion script of a shell

    The scripts are in the folder `completions` of the source too.

    Usage: mltrace completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>
              Shell
              
              [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace completions bash > ~/.local/share/bash-completion/completions/mltrace
      mltrace completions zsh > "${fpath[1]}/_mltrace"
      mltrace completions fish > ~/.config/fish/completions/mltrace.fish
    "#);
}

#[test]
fn of_man() {
    insta::assert_snapshot!(help("man"), @"
    Print the manual page, or write one page for each command to a folder

    Usage: mltrace man [OPTIONS] [DIR]

    Arguments:
      [DIR]
              Folder to write the pages to

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace man | man -l -
      mltrace man ~/.local/share/man/man1
    ");
}

#[test]
fn of_stats() {
    insta::assert_snapshot!(help("stats"), @r#"
    Show how many traces, how often wrong, how long they took, what they used

    Without --by, one row for all traces. By model, provider or agent, LLM calls are counted; by span,
    all spans; else traces. Latency is shown in percentiles, interpolated linearly. Tokens and cost are
    those of `mltrace usage`: of up to 1,000 traces they come from the spans, of more from what MLflow
    recorded for each trace (--deep reads the spans of all). A server's own figures are used where they
    fit the question and the traces are many. Groups beyond -n are summed up in one row.

    --as-mlflow counts as MLflow's metrics do: a span within another that carries the same tokens counts
    again.

    Usage: mltrace stats [OPTIONS]

    Options:
          --by <KEY>
              Group by name, state, experiment, session, user, trace, hour, day, week, tag:KEY,
              metadata:KEY, model, provider, agent or span (can be repeated, or a list)

          --bucket <DURATION>
              Group by intervals that divide a day, counted from midnight: 15m, 1h, 1d

          --deep
              Read the spans of every trace, however many there are

          --as-mlflow
              Count as MLflow's metrics do: every span with tokens is a call, and traces have only the
              tokens recorded for them

      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace stats --since 7d --by name
      mltrace stats --by model --by day -o csv
      mltrace stats --bucket 1h --utc --json | jq '.groups[] | [.key.time, .latency_ms.p95]'
    "#);
}

#[test]
fn of_tools() {
    insta::assert_snapshot!(help("tools"), @r#"
    Show each tool: calls, failures, and how long they took

    A tool call counts once, whether a span of type TOOL, messages or both record it, and however often
    later requests repeat it in their history. `errors` counts calls whose span ended in state ERROR;
    `handled`, calls whose failure was returned to the model as text; `failed` is the share of both.
    Durations are known of calls that have a span; percentiles are interpolated linearly.

    Usage: mltrace tools [OPTIONS]

    Options:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace tools
      mltrace tools --since 1d -x AutoGen
      mltrace tools --json | jq -r '.tools[] | select(.errors > 0).name'
    "#);
}

#[test]
fn of_doctor() {
    insta::assert_snapshot!(help("doctor"), @r#"
    Tell which store is read and why, and what is wrong with it and its traces

    Shows what the store is, the release of its schema and what is in it; then what was found, the worst
    first, each with what it means and what to do: traces that never ended, spans and roots that are
    missing, damaged records, totals of tokens that differ from the spans, records that were never
    completed, files that are gone or have moved, models without a price, and a store that the MLflow
    installed here refuses. The newest 10,000 traces are looked at, of a server the spans of the newest
    200; --deep looks at all. The exit code is 0 whatever is found.

    Usage: mltrace doctor [OPTIONS]

    Options:
          --deep
              Look at the spans of every trace, however many there are

      -h, --help
              Print help (see a summary with '-h')

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace doctor
      mltrace doctor --since 1d -x AutoGen
      mltrace doctor --deep --json | jq '.findings[] | [.kind, .count, .trace_ids[0]]'
    "#);
}

#[test]
fn of_prices() {
    insta::assert_snapshot!(help("prices"), @"
    Show what tokens of a model cost: US dollars for a million

    The table is compiled in; costs that MLflow did not record are calculated from it. Where a call
    names no provider, MLflow takes the first one by name that has a price, and so does mltrace: `used`
    marks it. Requests with more tokens than `above` says have other prices.

    Usage: mltrace prices [OPTIONS] [MODEL]

    Arguments:
      [MODEL]
              Model, as traces name it; * and ? are wildcards

    Options:
      -n, --limit <ROWS>
              Print at most so many rows
              
              [default: 20]

          --all
              Print all rows

      -h, --help
              Print help (see a summary with '-h')

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace prices gpt-4o-mini
      mltrace prices 'claude-*' --json
      mltrace prices gpt-4o --json > own.json     change it, then:
      mltrace usage --since 7d --prices own.json
    ");
}

#[test]
fn every_command_is_in_the_list_above() {
    let overview = help("");
    let commands: Vec<&str> = overview
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        commands,
        [
            "experiments",
            "traces",
            "trace",
            "usage",
            "stats",
            "spans",
            "tools",
            "exceptions",
            "sessions",
            "session",
            "check",
            "doctor",
            "prices",
            "completions",
            "man",
            "help"
        ]
    );
}

#[test]
fn no_line_of_help_is_wider_than_100_columns() {
    for words in [
        "",
        "experiments",
        "traces",
        "traces list",
        "trace",
        "trace show",
        "usage",
        "stats",
        "spans",
        "tools",
        "exceptions",
        "sessions",
        "session",
        "session show",
        "prices",
        "doctor",
        "completions",
        "man",
    ] {
        for line in help(words).lines() {
            assert!(line.chars().count() <= 100, "{words}: {line}");
        }
    }
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(Cli::new("--version").ok().stdout, format!("mltrace {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_of_every_shell_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Cli::new("completions").arg(shell).ok().stdout;
        for word in ["experiments", "traces", "usage", "spans", "tracking-uri"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}

#[test]
fn manual_pages_are_printed_and_written() {
    let page = Cli::new("man").ok().stdout;
    assert!(page.contains(".TH mltrace 1"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    Cli::new("man").arg(folder.path().join("man1")).ok();
    let mut pages: Vec<_> = std::fs::read_dir(folder.path().join("man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let expected = [
        "mltrace-check.1",
        "mltrace-completions.1",
        "mltrace-doctor.1",
        "mltrace-exceptions.1",
        "mltrace-experiments.1",
        "mltrace-man.1",
        "mltrace-prices.1",
        "mltrace-session-show.1",
        "mltrace-session.1",
        "mltrace-sessions.1",
        "mltrace-spans.1",
        "mltrace-stats.1",
        "mltrace-tools.1",
        "mltrace-trace-diff.1",
        "mltrace-trace-show.1",
        "mltrace-trace.1",
        "mltrace-traces-list.1",
        "mltrace-traces.1",
        "mltrace-usage.1",
        "mltrace.1",
    ];
    assert_eq!(pages, expected);
}

#[test]
fn of_check() {
    insta::assert_snapshot!(help("check"), @r#"
    Fail (exit 1) if traces violate limits

    Exits with 0 if every rule passes, and with 1 if one fails or is unknown because data is missing (a
    model without a price, a trace in progress). An empty selection fails, because --min-traces defaults
    to 1. Without rules the exit code is 2. For each rule that does not pass, the output names traces
    and a command that shows more.

    OF is `each` trace (the default), `mean`, `total`, `p50`, `p90`, `p95` or `p99`. Rules can be in a
    file, such as `max-tokens = 5000` and `max-latency = ["30s", "p95=2s"]`; flags take precedence.
    Tokens and cost are those of `mltrace usage TRACE`; latency is the execution duration of the trace.
    A Markdown report is appended to its file, for GitHub's job summary; other reports replace theirs.

    Usage: mltrace check [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Rules:
          --max-tokens <[OF=]TOKENS>
              Maximum tokens, per trace or over all: 5000, p95=4000, mean=2000, total=100000 (can be
              repeated)

          --max-cost <[OF=]DOLLARS>
              Maximum cost in US dollars, per trace or over all: 0.05, mean=0.01, total=1

          --max-latency <[OF=]DURATION>
              Maximum latency, per trace or as a percentile: 30s, p95=2s

          --max-llm-calls <[OF=]CALLS>
              Maximum number of LLM calls, per trace or over all: 10, mean=4

          --max-tool-calls <[OF=]CALLS>
              Maximum number of tool calls, per trace or over all

          --max-error-rate <SHARE>
              Maximum error rate, the share of traces in state ERROR: 5%, 0.05, 0

          --no-exceptions[=<WHICH>]
              No exceptions and no failed spans; =all includes tool failures that were returned to the
              model
              
              [possible values: raised, all]

          --require-span <NAME>
              Every trace has a span with this name; * and ? are wildcards (can be repeated)

          --forbid-span <NAME>
              No trace has a span with this name

          --require-tool <NAME>
              Every trace calls this tool

          --forbid-tool <NAME>
              No trace calls this tool

          --min-feedback <NAME=[OF=]VALUE>
              Minimum value of a feedback, mean unless stated (yes is 1, no is 0): correctness=0.8,
              safety=each=1

          --min-traces <TRACES>
              Minimum number of traces [default: 1]

          --baseline <FILE>
              No figure is worse than in this file from --save-baseline, and there are no new exceptions

          --tolerance <[FIGURE=]SHARE>
              How much worse than the baseline all figures, or one, may be: 10%, latency=25% [default:
              10%]

          --rules <FILE>
              TOML file of rules, with the names of the flags

          --save-baseline <FILE>
              Write the figures of these traces to a file, as a baseline, if all rules pass

          --report <REPORT[=FILE]>
              Print a report, or write it to a file: table, json, junit, github, markdown (can be
              repeated)

    Which traces:
      -x, --experiment <NAME|ID>
              Experiment, by id or exact name (can be repeated)

          --deleted
              Add deleted experiments

          --filter <FILTER>
              Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can
              be repeated)
              
              Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
              request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name,
              span.type, span.status, span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME,
              issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL, and >,
              >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in
              backticks.

          --status <STATE>
              State of the trace (can be repeated)
              
              [possible values: ok, error, in_progress]

          --since <TIME>
              Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339

          --until <TIME>
              Begun before

          --name <GLOB>
              Name of the trace, not of a span; * and ? are wildcards

          --tag <KEY[=VALUE]>
              Has a tag, or a tag of this value (can be repeated)

          --metadata <KEY[=VALUE]>
              Has an entry in its metadata, or one of this value (can be repeated)

          --session <ID>
              Of this session

          --user <ID>
              Of this user

          --run <ID>
              Made under, or linked to, this run

          --model <GLOB>
              Has a span of this model; * and ? are wildcards

          --min-duration <DURATION>
              Took at least: 250ms, 1.5s, 2m

          --max-duration <DURATION>
              Took at most

          --min-tokens <TOKENS>
              Has at least so many tokens recorded

          --grep <REGEX>
              Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case

          --type <TYPE>
              Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees
              show only these

          --llm
              Calls of language models: short for --type LLM,CHAT_MODEL

    Everywhere:
      -u, --tracking-uri <URI>
              Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for
              stdin, demo: [env: MLFLOW_TRACKING_URI]

      -o, --output <FORMAT>
              Form of the output

              Possible values:
              - table: For people
              - json:  One JSON document
              - jsonl: One JSON object a line
              - csv:   Comma-separated values
              - ids:   One id a line
              
              [default: table]

          --json
              Short for --output json

          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless the environment says no
              - always: Always
              - never:  Never
              
              [default: auto]

          --ascii
              Draw with ASCII only

          --width <COLUMNS>
              Fit into so many columns

          --utc
              Read and show times in UTC

          --prices <FILE>
              Prices before those compiled in, for costs that MLflow did not record: a file of its
              catalogue of models, or what `mltrace prices --json` prints

          --no-pager
              Do not page long output

      -q, --quiet
              Print no notes

      -v, --verbose
              Say which store is read and why

    Examples:
      mltrace check --since 1h --max-error-rate 0 --max-latency p95=5s
      mltrace check -x nightly --rules rules.toml --report github --report junit=check.xml
      mltrace check --save-baseline baseline.json
      mltrace check --baseline baseline.json --tolerance 10% --tolerance latency=50%
      mltrace check --max-cost 0.05 --json | jq '.rules[] | select(.verdict != "pass")'
    "#);
}

#[test]
fn help_explains_commands_and_topics() {
    for words in ["trace show", "usage", "session show", ""] {
        let (explained, flagged) = (Cli::new("help").words(words).ok(), Cli::new(words).arg("--help").ok());
        assert_eq!(explained.stdout, flagged.stdout, "{words}");
    }
    assert!(Cli::new("help security").ok().stdout.starts_with("# Security\n"));
    let done = Cli::new("help nothing").run();
    assert_eq!(done.exit, Some(2), "{done}");
    assert!(done.stderr.contains("topics: security"), "{done}");
}
