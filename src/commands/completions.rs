//! `mltrace completions`

use crate::cli::context::Context;
use crate::error::Result;
use std::io::Write as _;

/// Print a shell completion script
///
/// The scripts are also in the `completions` folder of the source.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace completions bash > ~/.local/share/bash-completion/completions/mltrace
  mltrace completions zsh > \"${fpath[1]}/_mltrace\"
  mltrace completions fish > ~/.config/fish/completions/mltrace.fish")]
pub struct CompletionsArgs {
    /// Shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs, cx: &mut Context) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cx.clap_command(), "mltrace", &mut script);
    Ok(cx.output.out.write_all(&script)?)
}
