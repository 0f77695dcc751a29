//! Help topics in the terminal.

use crate::error::Result;
use crate::manual::Block;
use crate::output::text::{width, wrap};
use crate::output::wrapped_table;
use crate::output::{RenderOptions, TextRole};
use std::io::Write;

/// Maximum width of text, for readability.
const MAX_WIDTH: usize = 88;

/// Writes the blocks of a topic.
///
/// # Errors
/// If writing fails.
pub fn write(options: &RenderOptions, out: &mut dyn Write, blocks: &[Block]) -> Result<()> {
    let room = options.width.unwrap_or(MAX_WIDTH).min(MAX_WIDTH);
    for (at, block) in blocks.iter().enumerate() {
        let is_list = |block: &Block| matches!(block, Block::Item { .. });
        if at > 0 && !(is_list(block) && is_list(&blocks[at - 1])) {
            writeln!(out)?;
        }
        match block {
            Block::Title(text) | Block::Heading(text) => {
                writeln!(out, "{}", options.theme.paint(TextRole::Heading, text))?;
            }
            Block::Text(text) => paragraph(out, text, "", room)?,
            Block::Item { number, text } => {
                let mark = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
                paragraph(out, text, &mark, room)?;
            }
            Block::Code(text) => text.lines().try_for_each(|line| writeln!(out, "  {line}"))?,
            Block::Table(rows) => {
                let lines = wrapped_table::wrapped_table(rows, options.width.unwrap_or(MAX_WIDTH).min(100));
                for (at, line) in lines.iter().enumerate() {
                    let line = if at == 0 { options.theme.paint(TextRole::Dim, line) } else { line.clone() };
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    Ok(())
}

/// Writes wrapped text after a list marker.
fn paragraph(out: &mut dyn Write, text: &str, mark: &str, room: usize) -> std::io::Result<()> {
    let indent = " ".repeat(width(mark));
    for (at, line) in wrap(text, room.saturating_sub(indent.len()).max(20)).enumerate() {
        writeln!(out, "{}{}", if at == 0 { mark } else { &indent }, line.trim_end())?;
    }
    Ok(())
}
