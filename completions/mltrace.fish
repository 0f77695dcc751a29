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

complete -c mltrace -n "__fish_mltrace_needs_command" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_needs_command" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_needs_command" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_needs_command" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_needs_command" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_needs_command" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_needs_command" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_needs_command" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_needs_command" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_needs_command" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_needs_command" -s V -l version -d 'Print version'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "experiments" -d 'List experiments with their number of traces and errors'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "traces" -d 'List traces, newest first'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "trace" -d 'Show one trace, or compare two'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "usage" -d 'Show tokens and cost of each LLM call and the total of a trace, or of many traces in groups'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "stats" -d 'Show how many traces, how often wrong, how long they took, what they used'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "spans" -d 'List spans of the selected traces, one row each'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "tools" -d 'Show each tool: calls, failures, and how long they took'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "exceptions" -d 'Show what failed: each failure once, like ones together'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "sessions" -d 'List sessions, the one with the newest trace first'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "session" -d 'Show one session'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "check" -d 'Fail (exit 1) if traces violate limits'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "doctor" -d 'Tell which store is read and why, and what is wrong with it and its traces'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "prices" -d 'Show what tokens of a model cost: US dollars for a million'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "man" -d 'Print the manual page, or write one page for each command to a folder'
complete -c mltrace -n "__fish_mltrace_needs_command" -f -a "help" -d 'Explain a command or a topic'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand experiments" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l sort -d 'Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - puts the greatest first' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and not __fish_seen_subcommand_from list" -f -a "list" -d 'List traces, newest first'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l sort -d 'Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - puts the greatest first' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand traces; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -f -a "show" -d 'Show the spans of a trace as a tree, or one span whole'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and not __fish_seen_subcommand_from show diff" -f -a "diff" -d 'Compare two traces, or two selections'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l io -d 'Show inputs and outputs under each span, at most so many lines of each; 0 shows all' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l span -d 'Show one span whole, by id, unique prefix or unique name' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l save-attachments -d 'Write the attachments of the span to files in this folder' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l agent -d 'Show only what happened under the agent of this name; * and ? are wildcards (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l tree -d 'Show the tree of spans (the default)'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l conversation -d 'Show who said what to whom, turn by turn, and the work between'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l full -d 'Show folded spans too: those of the same LLM call, and those that passed messages on; in a conversation, long and repeated messages, and values as the JSON that is stored'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l set -d 'Compare selections instead: flags that choose traces (given twice, for A and for B)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l only-changes -d 'Show only what changed'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l full -d 'Show all spans, and all text'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l strict -d 'Show every difference in inputs, outputs and attributes as a change'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l exit-code -d 'Exit with code 1 if anything changed, or spans are missing (with --strict: unless identical); with --set, if B has new exceptions or a higher error rate, or a selection is empty'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand trace; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l by -d 'Group by model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY or metadata:KEY (can be repeated, or a list) [default: model]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l explain -d 'Show which spans are left out and why, where recorded totals differ, and what has no price'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l deep -d 'Read the spans of every trace, however many there are'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l by -d 'Group by name, state, experiment, session, user, trace, hour, day, week, tag:KEY, metadata:KEY, model, provider, agent or span (can be repeated, or a list)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l bucket -d 'Group by intervals that divide a day, counted from midnight: 15m, 1h, 1d' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l deep -d 'Read the spans of every trace, however many there are'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l as-mlflow -d 'Count as MLflow\'s metrics do: every span with tokens is a call, and traces have only the tokens recorded for them'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l sort -d 'Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - puts the greatest first' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l full -d 'Add attributes and events to the JSON of each span'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand spans" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand tools" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s n -l limit -d 'Print at most so many rows [default: 20, with --all no limit]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l all -d 'Print every failure, newest trace first, instead of one row for like ones'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l stack -d 'Print stack traces, with frames of libraries folded'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l deep -d 'Look at every span of every trace, however many there are'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand exceptions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand sessions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Show the traces of a session as turns, the first one first'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l conversation -d 'Show who said what to whom in each of them, turn by turn'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l full -d 'In a conversation: repeat what was said before, and print long messages whole'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand session; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-tokens -d 'Maximum tokens, per trace or over all: 5000, p95=4000, mean=2000, total=100000 (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-cost -d 'Maximum cost in US dollars, per trace or over all: 0.05, mean=0.01, total=1' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-latency -d 'Maximum latency, per trace or as a percentile: 30s, p95=2s' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-llm-calls -d 'Maximum number of LLM calls, per trace or over all: 10, mean=4' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-tool-calls -d 'Maximum number of tool calls, per trace or over all' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-error-rate -d 'Maximum error rate, the share of traces in state ERROR: 5%, 0.05, 0' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l no-exceptions -d 'No exceptions and no failed spans; =all includes tool failures that were returned to the model' -r -f -a "raised\t''
all\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l require-span -d 'Every trace has a span with this name; * and ? are wildcards (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l forbid-span -d 'No trace has a span with this name' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l require-tool -d 'Every trace calls this tool' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l forbid-tool -d 'No trace calls this tool' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-feedback -d 'Minimum value of a feedback, mean unless stated (yes is 1, no is 0): correctness=0.8, safety=each=1' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-traces -d 'Minimum number of traces [default: 1]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l baseline -d 'No figure is worse than in this file from --save-baseline, and there are no new exceptions' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l tolerance -d 'How much worse than the baseline all figures, or one, may be: 10%, latency=25% [default: 10%]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l rules -d 'TOML file of rules, with the names of the flags' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l save-baseline -d 'Write the figures of these traces to a file, as a baseline, if all rules pass' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l report -d 'Print a report, or write it to a file: table, json, junit, github, markdown (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s x -l experiment -d 'Experiment, by id or exact name (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l filter -d 'Conditions in MLflow\'s filter language: "tags.team = \'search\' AND span.type = \'TOOL\'" (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l status -d 'State of the trace (can be repeated)' -r -f -a "ok\t''
error\t''
in_progress\t''"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l since -d 'Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l until -d 'Begun before' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l name -d 'Name of the trace, not of a span; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l tag -d 'Has a tag, or a tag of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l metadata -d 'Has an entry in its metadata, or one of this value (can be repeated)' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l session -d 'Of this session' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l user -d 'Of this user' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l run -d 'Made under, or linked to, this run' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l model -d 'Has a span of this model; * and ? are wildcards' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l min-duration -d 'Took at least: 250ms, 1.5s, 2m' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l max-duration -d 'Took at most' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l min-tokens -d 'Has at least so many tokens recorded' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l grep -d 'Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l type -d 'Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l deep -d 'Look at the spans of every trace, however many there are'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l deleted -d 'Add deleted experiments'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l llm -d 'Calls of language models: short for --type LLM,CHAT_MODEL'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s n -l limit -d 'Print at most so many rows' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l all -d 'Print all rows'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand prices" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s u -l tracking-uri -d 'Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s o -l output -d 'Form of the output' -r -f -a "table\t'For people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values'
ids\t'One id a line'"
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says no'
always\t'Always'
never\t'Never'"
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l width -d 'Fit into so many columns' -r
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l prices -d 'Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what `mltrace prices --json` prints' -r -F
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l json -d 'Short for --output json'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l ascii -d 'Draw with ASCII only'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l utc -d 'Read and show times in UTC'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -l no-pager -d 'Do not page long output'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s q -l quiet -d 'Print no notes'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s v -l verbose -d 'Say which store is read and why'
complete -c mltrace -n "__fish_mltrace_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
