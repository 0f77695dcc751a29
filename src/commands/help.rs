//! `mltrace help`

use crate::cli::context::Context;
use crate::error::{Error, ErrorCode, Result};
use std::io::Write as _;

/// What is explained apart from commands: a word, and the text.
const TOPICS: &[(&str, &str)] = &[("security", include_str!("../../.github/SECURITY.md"))];

/// Explain a command or a topic
///
/// Topics: security (what is trusted, what is not, and what is promised).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace help trace show
  mltrace help security")]
pub struct HelpArgs {
    /// The words of a command, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

pub(super) fn run(args: &HelpArgs, cx: &mut Context) -> Result<()> {
    let text = match args.words.as_slice() {
        [word] if topic(word).is_some() => topic(word).unwrap_or_default().to_owned(),
        words => help_of(cx.grammar(), words)?,
    };
    Ok(cx.output.out.write_all(text.as_bytes())?)
}

fn topic(word: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(name, _)| *name == word).map(|(_, text)| *text)
}

/// The long help of a command.
fn help_of(mut command: clap::Command, words: &[String]) -> Result<String> {
    command.build();
    let mut found = &mut command;
    for word in words {
        let unknown = || {
            let topics: Vec<&str> = TOPICS.iter().map(|(name, _)| *name).collect();
            Error::new(ErrorCode::Usage, format!("no command or topic `{}`", words.join(" ")))
                .hint(format!("`mltrace --help` lists the commands; topics: {}", topics.join(", ")))
        };
        found = found.find_subcommand_mut(word).ok_or_else(unknown)?;
    }
    Ok(found.render_long_help().to_string())
}
