//! What messages of one kind have in common: ids, numbers, paths and quoted texts give way to signs that stand for them.

/// Longer messages are as alike as their beginnings.
const LONGEST: usize = 1_000;

/// The pattern of a message: `No route to 10.0.0.7 for "ada" (request 3f2a…)` becomes `No route to <n> for "…" (request <id>)`.
#[must_use]
pub fn pattern(message: &str) -> String {
    let text: String = message.chars().take(LONGEST).collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let before = out.chars().next_back();
        let is_start = before.is_none_or(|c| !c.is_alphanumeric());
        let taken = if matches!(first, '"' | '\'' | '`') && is_start {
            quoted(rest, first, &mut out)
        } else if is_start && before.is_none_or(|c| c.is_whitespace() || "([{<=:,'\"".contains(c)) {
            location(rest, &mut out)
        } else {
            None
        };
        let taken = taken.or_else(|| word(rest, &mut out)).unwrap_or_else(|| {
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

/// A text in quotes, up to the end of the line.
fn quoted(rest: &str, quote: char, out: &mut String) -> Option<usize> {
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

/// An address or a path.
fn location(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.find(|c: char| c.is_whitespace() || ")]}>,;\"'".contains(c)).unwrap_or(rest.len());
    let token = rest[..end].trim_end_matches(['.', ':']);
    let drive = token.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && token[1..].starts_with(":\\");
    let is_path =
        ["/", "~/", "./", "../"].iter().any(|start| token.starts_with(start)) && token.matches('/').count() > 1;
    let sign = if token.contains("://") {
        "<url>"
    } else if is_path || drive {
        "<path>"
    } else {
        return None;
    };
    out.push_str(sign);
    Some(token.len())
}

/// A word; what is unique about it gives way.
fn word(rest: &str, out: &mut String) -> Option<usize> {
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
        number(word, out);
    } else if is_hex(&word.replace('-', "")) || word.starts_with("0x") || word.split(['-', '_']).any(is_mixed) {
        out.push_str("<id>");
    } else {
        let mut was_digit = word.starts_with(|c: char| c.is_ascii_digit()) && goes_on(out);
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

/// A number, with its fraction and separators one sign. A status code of HTTP tells what happened, and stays.
fn number(word: &str, out: &mut String) {
    let before = out.trim_end_matches([' ', ':', '=', '(']).to_ascii_lowercase();
    let is_code = word.len() == 3 && matches!(word.as_bytes()[0], b'1'..=b'5');
    if is_code && ["code", "status", "http"].iter().any(|word| before.ends_with(word)) {
        out.push_str(word);
    } else if !goes_on(out) {
        out.push_str("<n>");
    }
}

/// Whether a number goes on behind a point or a comma, which goes with it.
fn goes_on(out: &mut String) -> bool {
    let goes_on = out.ends_with("<n>.") || out.ends_with("<n>,");
    if goes_on {
        out.pop();
    }
    goes_on
}

/// A short stable sign of some texts (FNV-1a).
#[must_use]
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    // What is in no text keeps neighbours apart.
    for byte in parts.into_iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests;
