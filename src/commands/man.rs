//! `mltrace man`

use crate::cli::context::Context;
use crate::error::{Error, ErrorCode, Result};
use crate::manual::{Block, TOPICS, Topic, blocks};
use crate::output::wrapped_table::wrapped_table;
use roff::{Inline, Roff, bold, roman};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const VERSION: &str = concat!("mltrace ", env!("CARGO_PKG_VERSION"));

/// Write manual pages
///
/// With DIR, writes the pages of all commands and topics to this folder; without it, prints the page of the program.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace man | man -l -
  mltrace man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Folder to write the pages to; beside a folder `man1`, topics go to `man7`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, cx: &mut Context) -> Result<()> {
    let mut command = cx.clap_command();
    command.build();
    let Some(folder) = &args.folder else {
        return Ok(cx.output.out.write_all(&command_page(&command)?)?);
    };
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(ErrorCode::Output, format!("cannot write `{}`", path.display())).because(error)
    };
    let commands = command_pages(&command)?.into_iter().map(|(name, page)| (folder.join(name), page));
    let topic_folder = if folder.ends_with("man1") { folder.with_file_name("man7") } else { folder.clone() };
    let topic_path = |topic: &Topic| topic_folder.join(format!("mltrace-{}.7", topic.name));
    let topics = TOPICS.iter().map(|topic| (topic_path(topic), topic_page(topic)));
    for folder in [folder, &topic_folder] {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    for (path, page) in commands.chain(topics) {
        std::fs::write(&path, page).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// The pages of a command and its subcommands, by file name.
fn command_pages(command: &clap::Command) -> Result<Vec<(String, Vec<u8>)>> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut pages = vec![(format!("{name}.1"), command_page(command)?)];
    for subcommand in command.get_subcommands().filter(|subcommand| !is_generated_help(subcommand)) {
        pages.extend(command_pages(subcommand)?);
    }
    Ok(pages)
}

/// Whether clap added the command, as `help` of a command with subcommands.
fn is_generated_help(command: &clap::Command) -> bool {
    command.get_name() == "help" && command.get_after_help().is_none()
}

fn command_page(command: &clap::Command) -> Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone()).source(VERSION);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut more = Roff::new();
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for paragraph in notes.split("\n\n") {
        match paragraph.split_once(":\n") {
            // Examples are pasted, so their lines stay as they are.
            Some((title, examples)) => {
                more.control("SH", [title.to_uppercase().as_str()]);
                preformatted(&mut more, examples.lines().map(|line| line.trim_start().to_owned()));
            }
            None => {
                more.control("SH", ["NOTES"]).text([roman(paragraph)]);
            }
        }
    }
    let topics = TOPICS.iter().map(|topic| format!("mltrace-{}(7)", topic.name)).collect::<Vec<_>>();
    more.control("SH", ["SEE ALSO"]).text([roman(topics.join(", "))]);
    page.extend(more.to_roff().into_bytes());
    Ok(ascii(&String::from_utf8_lossy(&page)))
}

/// Writes characters beyond ASCII as escapes of groff and mandoc: what they take for the encoding of a file differs.
fn ascii(page: &str) -> Vec<u8> {
    let mut text = String::with_capacity(page.len());
    for c in page.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let _ = write!(text, "\\[u{:04X}]", u32::from(c));
        }
    }
    text.into_bytes()
}

/// The page of a help topic.
fn topic_page(topic: &Topic) -> Vec<u8> {
    let name = format!("mltrace-{}", topic.name);
    let mut page = Roff::new();
    page.control("TH", [name.as_str(), "7", "", VERSION]);
    page.control("SH", ["NAME"]).text([roman(format!("{name} - {}", topic.summary))]);
    page.control("SH", ["DESCRIPTION"]);
    for block in blocks(topic.text) {
        match block {
            Block::Title(_) => {}
            Block::Heading(text) => {
                page.control("SH", [text.to_uppercase().as_str()]);
            }
            Block::Text(text) => {
                page.control("PP", []).text(inline(&text));
            }
            Block::Item { number, text } => {
                let mark = number.map_or_else(|| "\u{2022}".to_owned(), |number| format!("{number}."));
                page.control("IP", [mark.as_str(), "4"]).text(inline(&text));
            }
            Block::Code(text) => preformatted(&mut page, text.lines().map(str::to_owned)),
            Block::Table(rows) => preformatted(&mut page, wrapped_table(&rows, 72).into_iter()),
        }
    }
    ascii(&page.to_roff())
}

/// Lines that are shown as written.
fn preformatted(page: &mut Roff, lines: impl Iterator<Item = String>) {
    page.control("PP", []).control("nf", []);
    for line in lines {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}

/// A text with its inline code in bold.
fn inline(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

#[cfg(test)]
mod tests;
