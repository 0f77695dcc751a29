# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mltrace_global_optspecs
    string join \n u/tracking-uri= o/output= json color= ascii width= utc prices= no-pager q/quiet v/verbose h/help V/version
end

function __fish_mltrace_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mltrace_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mltrace_using_subcommand
    set -l cmd (__fish_mltrace_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mltrace -n "__fish_mltrace_needs_command" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_needs_command" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_needs_command" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_needs_command" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_needs_command" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_needs_command" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_needs_command" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_needs_command" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_needs_command" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_needs_command" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_needs_command" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_needs_command" -s V -l version -d 'Print version'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "experiments" -d 'List experiments with trace and error counts'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "traces" -d 'List traces, newest first'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "trace" -d 'Show a trace, or compare two'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "usage" -d 'Show token usage and cost, per call or grouped'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "stats" -d 'Show request count, error rate, latency and cost'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "spans" -d 'List spans of the selected traces'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "tools" -d 'Show calls, failures and durations of each tool'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "exceptions" -d 'List exceptions, grouped'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "sessions" -d 'List sessions, most recent first'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "session" -d 'Show a session'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "check" -d 'Fail (exit 1) if traces violate limits'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "doctor" -d 'Diagnose the trace store'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "prices" -d 'Show prices per million tokens (USD)'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "man" -d 'Write manual pages'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "help" -d 'Explain a command or a topic'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l sort -d 'Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - sorts in descending order' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -f -a "list" -d 'List traces, newest first'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l sort -d 'Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - sorts in descending order' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -f -a "show" -d 'Show the spans of a trace as a tree, or one span'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -f -a "diff" -d 'Compare two traces, or two selections'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l io -d 'Show inputs and outputs of spans, up to LINES lines each (8 if not given, 0 for all)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l span -d 'Show all of one span, by id, unique prefix or unique name' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l save-attachments -d 'Save the span\'s attachments to this folder' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l agent -d 'Show only spans of this agent; * and ? are wildcards (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l tree -d 'Show the spans as a tree (default)'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l conversation -d 'Show the messages and calls in order, turn by turn'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l full -d 'Show folded spans, or full conversations'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l set -d 'Compare two selections, given by filter flags (give twice, for A and B)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l only-changes -d 'Show only what changed'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l full -d 'Show all spans and full text'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l strict -d 'Treat every difference in inputs, outputs and attributes as a change'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l exit-code -d 'Exit with 1 if anything changed'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l by -d 'Group by these keys: model,day (can be repeated) [default: model]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l explain -d 'Explain excluded spans, differing recorded totals and missing prices'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l deep -d 'Read the spans of all traces'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l by -d 'Group by these keys: name,day (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l bucket -d 'Group by intervals of a day, from midnight: 15m, 1h, 1d' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l deep -d 'Read the spans of all traces'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l as-mlflow -d 'Count as MLflow\'s metrics do'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l sort -d 'Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - sorts in descending order' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l full -d 'With --json, include attributes and events'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s n -l limit -d 'Maximum number of rows [default: 20; no limit with --all]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l all -d 'Print every failure instead of groups, newest trace first'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l stack -d 'Print stack traces, with library frames folded'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l deep -d 'Read the spans of all traces'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Show the traces of a session as turns, oldest first'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l conversation -d 'Show the messages and calls of each trace in order'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l full -d 'In a conversation: print repeated and long messages in full'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-tokens -d 'Maximum tokens: 5000, p95=4000, mean=2000, total=100000 (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-cost -d 'Maximum cost in US dollars: 0.05, mean=0.01, total=1' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-latency -d 'Maximum latency: 30s, p95=2s' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-llm-calls -d 'Maximum LLM calls: 10 per trace, mean=4 over all' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-tool-calls -d 'Maximum tool calls: 10 per trace, mean=4 over all' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-error-rate -d 'Maximum error rate (5% or 0.05)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l no-exceptions -d 'No exceptions and no failed spans' -r -f -a "raised\t''
all\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l require-span -d 'Every trace has a span with this name; * and ? are wildcards (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l forbid-span -d 'No trace has a span with this name' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l require-tool -d 'Every trace calls this tool' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l forbid-tool -d 'No trace calls this tool' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-feedback -d 'Minimum feedback, as a mean by default: correctness=0.8, safety=each=1' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-traces -d 'Minimum number of traces [default: 1]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l baseline -d 'Fail if a metric is worse than in this baseline, or if exceptions are new' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l tolerance -d 'How much worse than the baseline metrics may be: 10%, latency=25% [default: 10%]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l rules -d 'TOML file of rules, named like the flags' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l save-baseline -d 'Write a baseline of these traces if all rules pass' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l report -d 'Print or write a report: table, json, junit, github, markdown (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s x -l experiment -d 'Experiment id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l filter -d 'MLflow filter: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l status -d 'Trace state, not span status (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l since -d 'Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l until -d 'Started before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l name -d 'Trace name (not span name); * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l tag -d 'Has this tag, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l metadata -d 'Has this metadata key, with this value if given (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l session -d 'Session id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l user -d 'User id' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l run -d 'Id of the MLflow run of the trace, or of a linked run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l model -d 'Has a span with this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l min-duration -d 'Minimum duration of the trace: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l max-duration -d 'Maximum duration of the trace' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l min-tokens -d 'Minimum number of recorded tokens' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l grep -d 'Has a match in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l type -d 'Has a span of one of these exact types: LLM,TOOL (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l deep -d 'Examine the spans of all traces'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l deleted -d 'Include deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l llm -d 'LLM calls: same as --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s n -l limit -d 'Maximum number of rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s u -l tracking-uri -d 'Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s o -l output -d 'Output format' -r -f -a "table\t'Human-readable text'
json\t'One JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values'
ids\t'One id per line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l color -d 'When to use color' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l width -d 'Wrap output to this width' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l prices -d 'File of prices that take precedence over the built-in ones' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l json -d 'Same as --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l ascii -d 'Use ASCII characters only'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l utc -d 'Read and print times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l no-pager -d 'Do not use the pager ($PAGER, less)'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s q -l quiet -d 'Suppress notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s v -l verbose -d 'Print which store is read and why, the filter and the time taken'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
