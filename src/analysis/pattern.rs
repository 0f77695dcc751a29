//! Message patterns: ids, numbers, paths and quoted text are replaced by placeholders.

/// Characters of a message that its pattern covers.
const MAX_CHARS: usize = 1_000;

/// Returns the pattern of a message: `No route to 10.0.0.7 for "ada" (request 3f2a…)` becomes `No route to <n> for "…"
/// (request <id>)`.
#[must_use]
pub fn pattern(message: &str) -> String {
    let text: String = message.chars().take(MAX_CHARS).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let before = out.chars().next_back();
        let is_start = before.is_none_or(|c| !c.is_alphanumeric());
        let taken = if matches!(first, '"' | '\'' | '`') && is_start {
            push_quoted(rest, first, &mut out)
        } else if is_start && before.is_none_or(|c| c.is_whitespace() || "([{<=:,'\"".contains(c)) {
            push_location(rest, &mut out)
        } else {
            None
        };
        let taken = taken.or_else(|| push_word(rest, &mut out)).unwrap_or_else(|| {
            let is_space = first.is_whitespace();
            if !is_space {
                out.push(first);
            } else if !out.ends_with(' ') {
                out.push(' ');
            }
            first.len_utf8()
        });
        rest = &rest[taken..];
    }
    out.trim().to_owned()
}

/// Replaces quoted text that ends on the same line. Returns the bytes consumed.
fn push_quoted(rest: &str, quote: char, out: &mut String) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            c if c == quote && !is_escaped && !rest[at + 1..].starts_with(char::is_alphanumeric) => {
                out.extend([quote, '…', quote]);
                return Some(at + 1);
            }
            c => is_escaped = c == '\\' && !is_escaped,
        }
    }
    None
}

/// Replaces a URL or path. Returns the bytes consumed.
fn push_location(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.find(|c: char| c.is_whitespace() || ")]}>,;\"'".contains(c)).unwrap_or(rest.len());
    let token = rest[..end].trim_end_matches(['.', ':']);
    let drive = token.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && token[1..].starts_with(":\\");
    let is_path =
        ["/", "~/", "./", "../"].iter().any(|start| token.starts_with(start)) && token.matches('/').count() > 1;
    let placeholder = if token.contains("://") {
        "<url>"
    } else if is_path || drive {
        "<path>"
    } else {
        return None;
    };
    out.push_str(placeholder);
    Some(token.len())
}

/// Writes a word, with ids and digits replaced. Returns the bytes consumed.
fn push_word(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
    let word = &rest[..end];
    let is_hex = |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let has = |text: &str, is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let is_mixed =
        |part: &str| part.len() >= 8 && has(part, char::is_ascii_digit) && has(part, char::is_ascii_alphabetic);
    if word.is_empty() {
        return None;
    } else if !has(word, char::is_ascii_digit) {
        out.push_str(word);
    } else if word.bytes().all(|b| b.is_ascii_digit()) && word.len() < 20 {
        push_number(word, out);
    } else if is_hex(&word.replace('-', "")) || word.starts_with("0x") || word.split(['-', '_']).any(is_mixed) {
        out.push_str("<id>");
    } else {
        let mut was_digit = word.starts_with(|c: char| c.is_ascii_digit()) && continues_number(out);
        for c in word.chars() {
            let is_digit = c.is_ascii_digit();
            match (is_digit, was_digit) {
                (true, false) => out.push_str("<n>"),
                (true, true) => {}
                (false, _) => out.push(c),
            }
            was_digit = is_digit;
        }
    }
    Some(end)
}

/// Writes one placeholder for a number with its fraction and separators. HTTP status codes are kept.
fn push_number(word: &str, out: &mut String) {
    let before = out.trim_end_matches([' ', ':', '=', '(']).to_ascii_lowercase();
    let is_code = word.len() == 3 && matches!(word.as_bytes()[0], b'1'..=b'5');
    if is_code && ["code", "status", "http"].iter().any(|word| before.ends_with(word)) {
        out.push_str(word);
    } else if !continues_number(out) {
        out.push_str("<n>");
    }
}

/// Whether the output ends in a number and a separator, so that the next digits continue it. Removes the separator.
fn continues_number(out: &mut String) -> bool {
    let continues = out.ends_with("<n>.") || out.ends_with("<n>,");
    if continues {
        out.pop();
    }
    continues
}

/// Returns a stable hash of some texts (64-bit FNV-1a).
#[must_use]
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    // 0xff occurs in no UTF-8 text, so it separates the parts.
    for byte in parts.into_iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests;
