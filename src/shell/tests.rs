use super::*;
use clap::CommandFactory as _;
use proptest::prelude::*;

#[test]
fn suggestions_are_formatted_as_typed() {
    let line = Suggestion::new("trace show").operand("tr-1").flag("--io").option("--span", "a b").to_string();
    assert_eq!(line, "trace show tr-1 --io --span 'a b'");
    assert_eq!(Suggestion::new("usage").operand("-x").flag("--explain").to_string(), "usage --explain -- -x");
    assert_eq!(option("-u", "-x.db"), "-u=-x.db");
    assert_eq!(quote("$(touch pwned)"), "'$(touch pwned)'");
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn quoted_operands_and_options_parse_back_unchanged(
        id in r"(-{0,2})[^\x00]{0,12}|[-$`'!;&|<>*?~ \\\n\t(){}=#]{1,8}",
        span in r"[^\x00]{1,8}|-[a-z]{1,3}",
        store in r"[^\x00]{1,8}|-[a-z]{1,3}",
    ) {
        let suggestion = Suggestion::new("trace show").operand(&id).option("--span", &span);
        let line = format!("mltrace {} {suggestion}", option("-u", &store));
        let words = shlex::split(&line).unwrap();
        let matches = crate::commands::Cli::command().try_get_matches_from(words).unwrap();
        prop_assert_eq!(matches.get_one::<String>("tracking_uri"), Some(&store));
        let (_, trace) = matches.subcommand().unwrap();
        let (_, show) = trace.subcommand().unwrap();
        prop_assert_eq!(show.get_many::<String>("traces").unwrap().collect::<Vec<_>>(), [&id]);
        prop_assert_eq!(show.get_one::<String>("span"), Some(&span));
    }
}
