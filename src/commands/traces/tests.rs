use crate::commands::tests::CommandLine;

#[test]
fn trace_lists_adapt_to_the_width() {
    insta::assert_snapshot!(CommandLine::demo("traces list --width 60").run(), @r"
    trace        state        name                      duration
    tr-e1856059  OK           run_tool_agent              241 ms
    tr-419f926a  ERROR        run_tool_agent              152 ms
    tr-67cd0414  OK           chat                         57 ms
    tr-e4f87b4a  OK           chat                        108 ms
    tr-0243d5ac  OK           Completions                 387 ms
    tr-9fdfabf4  OK           Completions                 154 ms
    tr-0497bd29  OK           assistant.run               188 ms
    tr-13567dee  OK           assistant.run               667 ms
    tr-f12713f2  OK           initiate_chat               3.07 s
    tr-58b722a7  IN_PROGRESS  -                      1 ms so far
    tr-a06f6f6f  OK           answer                        1 ms
    tr-ac61cd19  OK           retry                         3 ms
    tr-ff3ee2eb  OK           \x1b[31mred\x1b[0m \…         1 ms
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --width 80 -n 4").run(), @"
    trace        age  state  name            duration  spans  tokens        cost
    tr-e1856059  6 h  OK     run_tool_agent    241 ms      4     106  $0.0000258
    tr-419f926a  6 h  ERROR  run_tool_agent    152 ms      3      59  $0.0000152
    tr-67cd0414  6 h  OK     chat               57 ms      2      34  $0.0000074
    tr-e4f87b4a  6 h  OK     chat              108 ms      2      18  $0.0000072
    --- stderr
    note: showing 4 of 13 traces (use -n or --all)
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --width 160 -n 9").run(), @"
    trace        age  state  name            duration  spans  tokens        cost  session  request
    tr-e1856059  6 h  OK     run_tool_agent    241 ms      4     106  $0.0000258  -        What's the weather like in Paris today?
    tr-419f926a  6 h  ERROR  run_tool_agent    152 ms      3      59  $0.0000152  -        What's the weather like in Atlantis today?
    tr-67cd0414  6 h  OK     chat               57 ms      2      34  $0.0000074  chat-42  What is my name?
    tr-e4f87b4a  6 h  OK     chat              108 ms      2      18  $0.0000072  chat-42  Hello, I am Ada.
    tr-0243d5ac  6 h  OK     Completions       387 ms      1       -           -  -        How fast would a glass of water freeze on Titan?
    tr-9fdfabf4  6 h  OK     Completions       154 ms      1      18  $0.0000068  -        What is in this image?
    tr-0497bd29  6 h  OK     assistant.run     188 ms      3      82           -  -        1+1
    tr-13567dee  6 h  OK     assistant.run     667 ms      4     110           -  -        2 + 40
    tr-f12713f2  6 h  OK     initiate_chat     3.07 s     25   1,798    $0.00037  -        What is (44231 + 13312 / (230 - 20)) * 4?
    --- stderr
    note: showing 9 of 13 traces (use -n or --all)
    ");
}

#[test]
fn traces_defaults_to_list() {
    for flags in ["", "-n 3 --sort name --json", "--status error -o csv"] {
        let (short, long) = (
            CommandLine::demo(&format!("traces {flags}")).ok(),
            CommandLine::demo(&format!("traces list {flags}")).ok(),
        );
        assert_eq!(short.to_string(), long.to_string());
    }
}

#[test]
fn ages_are_relative_to_now() {
    let at = |time: &str| CommandLine::demo("traces list -n 1 --width 60").env("MLTRACE_NOW", time).ok().stdout;
    insta::assert_snapshot!(at("2026-11-20T17:51:30Z"), @"
    trace         age  state  name            duration  tokens
    tr-e1856059  12 s  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2026-11-23T09:00:00Z"), @"
    trace        age  state  name            duration  tokens
    tr-e1856059  2 d  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2028-01-01T00:00:00Z"), @"
    trace          age  state  name            duration  tokens
    tr-e1856059  406 d  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2020-01-01T00:00:00Z"), @"
    trace        state  name            duration  spans  tokens
    tr-e1856059  OK     run_tool_agent    241 ms      4     106
    ");
}

#[test]
fn emoji_keep_columns_aligned() {
    let name = "⚠️ ❤️ ✔️ ".repeat(20);
    let ids = CommandLine::demo("traces list -n 4 -o ids").ok();
    let renamed = |id: &&str| {
        let mut document = CommandLine::demo("trace show").arg(id).json();
        document["info"]["name"] = name.as_str().into();
        document["info"]["request_preview"] = name.as_str().into();
        document.to_string()
    };
    let document = ids.lines().iter().map(renamed).collect::<Vec<_>>().join("\n");
    let output = CommandLine::document(document, "traces list -n 3 --width 80").ok();
    // Each emoji is two columns wide and two characters long: the symbol and its variation selector.
    assert!(output.lines().iter().all(|line| line.chars().count() <= 80), "{output}");
    assert!(output.lines().iter().skip(1).all(|line| line.chars().count() >= 78), "{output}");
}
