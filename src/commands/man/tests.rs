use super::*;
use clap::CommandFactory as _;

#[test]
fn every_command_and_topic_has_a_page() {
    let mut command = crate::commands::Cli::command();
    command.build();
    let pages = command_pages(&command).unwrap();
    let mut names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "mltrace-check.1",
        "mltrace-completions.1",
        "mltrace-doctor.1",
        "mltrace-exceptions.1",
        "mltrace-experiments.1",
        "mltrace-help.1",
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
    assert_eq!(names, expected);
    let text = |page: &[u8]| String::from_utf8(page.to_vec()).unwrap();
    let (_, program) = &pages[0];
    assert!(text(program).contains(".TH mltrace 1"), "{}", text(program));
    let filters = text(&topic_page(crate::manual::find("filters").unwrap()));
    assert!(filters.contains(".TH mltrace\\-filters 7") || filters.contains(".TH mltrace-filters 7"), "{filters}");
}
