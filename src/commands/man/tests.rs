use super::*;
use crate::commands::tests::COMMANDS;
use clap::CommandFactory as _;

#[test]
fn every_command_and_topic_has_a_page() {
    let mut command = crate::commands::Cli::command();
    command.build();
    let pages = command_pages(&command).unwrap();
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let expected = COMMANDS.iter().map(|words| format!("mltrace {words}").trim_end().replace(' ', "-") + ".1");
    assert_eq!(names, expected.collect::<Vec<_>>());
    let text = |page: &[u8]| String::from_utf8(page.to_vec()).unwrap();
    let (_, program) = &pages[0];
    assert!(text(program).contains(".TH mltrace 1"), "{}", text(program));
    let filters = text(&topic_page(crate::manual::find("filters").unwrap()));
    assert!(filters.contains(".TH mltrace\\-filters 7") || filters.contains(".TH mltrace-filters 7"), "{filters}");
}
