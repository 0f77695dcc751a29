//! `mltrace help`

use crate::cli::context::Context;
use crate::cli::suggestions::suggest;
use crate::error::{Error, ErrorCode, Result};
use crate::manual::{self, TOPICS};
use crate::views;
use std::fmt::Write as _;
use std::io::Write as _;

/// Explain a command or a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace help trace show
  mltrace help filters")]
pub struct HelpArgs {
    /// Command or topic; without one, the list of both
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

pub(super) fn run(args: &HelpArgs, cx: &mut Context) -> Result<()> {
    if let [word] = args.words.as_slice()
        && let Some(topic) = manual::find(word)
    {
        return views::manual::write(&mut cx.output.document(), &manual::blocks(topic.text));
    }
    let mut text = command_help(cx.clap_command(), &args.words)?;
    if args.words.is_empty() {
        text.push_str("\nTopics (mltrace help TOPIC):\n");
        for topic in TOPICS {
            let _ = writeln!(text, "  {:<14} {}", topic.name, topic.summary);
        }
    }
    Ok(cx.output.out.write_all(text.as_bytes())?)
}

/// The long help of a command.
fn command_help(mut command: clap::Command, words: &[String]) -> Result<String> {
    command.build();
    let names = names(&command);
    let mut found = &mut command;
    for word in words {
        found = found.find_subcommand_mut(word).ok_or_else(|| {
            let wanted = words.join(" ");
            let error = Error::new(ErrorCode::Usage, format!("unknown command or topic `{wanted}`"));
            suggest(error, &wanted, names.iter().map(String::as_str))
                .hint("`mltrace help` lists the commands and the topics")
        })?;
    }
    Ok(found.render_long_help().to_string())
}

/// Returns the names of all commands and topics.
fn names(program: &clap::Command) -> Vec<String> {
    let commands = program.get_subcommands().flat_map(|command| {
        let name = command.get_name();
        let inner = command.get_subcommands().map(move |inner| format!("{name} {}", inner.get_name()));
        std::iter::once(name.to_owned()).chain(inner)
    });
    commands.chain(TOPICS.iter().map(|topic| topic.name.to_owned())).collect()
}

#[cfg(test)]
mod tests;
