//! AutoGen messages as written by Python's `str`, which instrumentations without JSON record:
//! `id='…' source='user' models_usage=None … content='hi' type='TextMessage'`.

use super::framework::Framework;
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework { text: parse_message, ..Framework::NONE };

/// Reads a message from its `str`.
fn parse_message(text: &str) -> Option<Message> {
    let is_repr = (text.starts_with("id='") || text.starts_with("source='")) && text.contains(" content=");
    if !is_repr {
        return None;
    }
    let source = field(text, "source=").filter(|source| !source.is_empty())?;
    let content = field(text, " content=")?;
    let role = if source == "user" { Role::User } else { Role::Assistant };
    Some(Message::new(role, vec![Part::Text(content)]).with_speaker(Some(source)))
}

/// Returns the string after a key.
fn field(text: &str, key: &str) -> Option<String> {
    let rest = &text[text.find(key)? + key.len()..];
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let mut out = String::new();
    let mut chars = rest[1..].chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(unescape(&mut chars)?),
            c if c == quote => return Some(out),
            c => out.push(c),
        }
    }
    None
}

/// Decodes what follows a backslash in a Python string.
fn unescape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match chars.next()? {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let code: String = chars.by_ref().take(digits).collect();
    char::from_u32(u32::from_str_radix(&code, 16).ok()?)
}
