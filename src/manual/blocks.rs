//! Markdown as a list of blocks, for the terminal and for manual pages.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A block of a document. Texts have inline code in backticks and no line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The title of the document.
    Title(String),
    /// The heading of a section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// An item of a list. `number` = its number in a numbered list.
    Item {
        /// The number, from 1.
        number: Option<u64>,
        /// The text.
        text: String,
    },
    /// Lines that are shown as written.
    Code(String),
    /// Rows of cells, the titles first.
    Table(Vec<Vec<String>>),
}

/// Parses Markdown. Emphasis and links lose their marks; nested lists are not supported.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut text = String::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut in_item, mut number) = (false, None);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Text(part) => text.push_str(&part),
            Event::Code(code) => {
                let mark = if code.contains('`') { "``" } else { "`" };
                text.extend([mark, &code, mark]);
            }
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::List(start)) => number = start,
            Event::Start(Tag::Item) => in_item = true,
            Event::End(TagEnd::Item) => {
                in_item = false;
                blocks.push(Block::Item { number, text: std::mem::take(&mut text) });
                number = number.map(|number| number + 1);
            }
            Event::End(TagEnd::Paragraph) if !in_item => blocks.push(Block::Text(std::mem::take(&mut text))),
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => blocks.push(Block::Title(std::mem::take(&mut text))),
            Event::End(TagEnd::Heading(_)) => blocks.push(Block::Heading(std::mem::take(&mut text))),
            Event::End(TagEnd::CodeBlock) => blocks.push(Block::Code(std::mem::take(&mut text))),
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Event::End(TagEnd::TableCell) => {
                let cell = std::mem::take(&mut text);
                rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            Event::End(TagEnd::Table) => blocks.push(Block::Table(std::mem::take(&mut rows))),
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_blocks() {
        let text = "# Title\n\nOne `a`\ntwo.\n\n## Part\n\n- x\n  y\n- z\n\n1. n\n\nText.\n\n    code  here\n\n| k | v |\n|---|---|\n| `a` | b |\n";
        let item = |number, text: &str| Block::Item { number, text: text.to_owned() };
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(
            blocks(text),
            [
                Block::Title("Title".to_owned()),
                Block::Text("One `a` two.".to_owned()),
                Block::Heading("Part".to_owned()),
                item(None, "x y"),
                item(None, "z"),
                item(Some(1), "n"),
                Block::Text("Text.".to_owned()),
                Block::Code("code  here\n".to_owned()),
                Block::Table(vec![row("k", "v"), row("`a`", "b")]),
            ]
        );
    }

    #[test]
    fn every_topic_has_a_title_and_text() {
        for topic in super::super::TOPICS {
            let blocks = blocks(topic.text);
            assert!(
                matches!(&blocks[..], [Block::Title(_), Block::Text(_), ..])
                    || topic.name == "servers"
                    || topic.name == "exit-codes",
                "{}",
                topic.name
            );
        }
    }
}
