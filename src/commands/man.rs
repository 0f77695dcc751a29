//! `mltrace man`

use crate::cli::context::Context;
use crate::error::{Error, ErrorCode, Result};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Print the manual page, or write one page for each command to a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace man | man -l -
  mltrace man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Folder to write the pages to
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, cx: &mut Context) -> Result<()> {
    let mut command = cx.grammar();
    command.build();
    let Some(folder) = &args.folder else {
        return Ok(cx.output.out.write_all(&page(&command)?)?);
    };
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(ErrorCode::Output, format!("cannot write `{}`", path.display())).because(error)
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, page) in pages(&command)? {
        let path = folder.join(name);
        std::fs::write(&path, page).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// The page of a command and of each below it, by file name.
fn pages(command: &clap::Command) -> Result<Vec<(String, Vec<u8>)>> {
    let mut pages =
        vec![(format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name())), page(command)?)];
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        pages.extend(self::pages(below)?);
    }
    Ok(pages)
}

fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
