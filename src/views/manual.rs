//! Help topics in the terminal.

use crate::error::Result;
use crate::manual;
use crate::output::wrapped_table;
use crate::output::{Block, Document, Paragraph, StyledText, TextRole};

/// Maximum width of text, for readability.
const MAX_WIDTH: usize = 88;

/// Writes the blocks of a topic.
///
/// # Errors
/// If writing fails.
pub fn write(document: &mut Document<'_>, blocks: &[manual::Block]) -> Result<()> {
    let width = document.options.width.unwrap_or(MAX_WIDTH);
    // Narrower than the screen, for readability.
    document.options.width = Some(width.min(MAX_WIDTH));
    for (at, block) in blocks.iter().enumerate() {
        let is_list = |block: &manual::Block| matches!(block, manual::Block::Item { .. });
        if at > 0 && !(is_list(block) && is_list(&blocks[at - 1])) {
            document.add(Block::Blank)?;
        }
        match block {
            manual::Block::Title(text) | manual::Block::Heading(text) => {
                document.add(Block::Line(StyledText::new(TextRole::Heading, text)))?;
            }
            manual::Block::Text(text) => document.add(Block::Text(Paragraph::plain(text)))?,
            manual::Block::Item { number, text } => {
                let mark = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
                document.add(Block::Text(Paragraph::plain(text).labeled(StyledText::plain(&mark))))?;
            }
            manual::Block::Code(text) => {
                let mut document = document.indented("  ");
                text.lines().try_for_each(|line| document.add(Block::Line(StyledText::plain(line))))?;
            }
            manual::Block::Table(rows) => {
                for (at, line) in wrapped_table::wrapped_table(rows, width.min(100)).iter().enumerate() {
                    let role = if at == 0 { TextRole::Dim } else { TextRole::Plain };
                    document.add(Block::Line(StyledText::new(role, line)))?;
                }
            }
        }
    }
    Ok(())
}
