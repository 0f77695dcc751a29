//! The list after `IN`. MLflow parses it as a Python expression (`ast.literal_eval`), so strings have Python's escapes.

/// The error for anything that is not a list.
pub(super) const EXPECTED: &str = "expected a list of quoted strings: ('a', 'b')";

/// Parses a list, from its opening to its closing parenthesis.
pub(super) fn strings(text: &str) -> Result<Vec<String>, &'static str> {
    let (strings, _) = ListParser { rest: text }.list()?;
    if strings.is_empty() { Err("empty list") } else { Ok(strings) }
}

struct ListParser<'a> {
    rest: &'a str,
}

impl ListParser<'_> {
    /// Parses a parenthesized list. Also returns whether it is a list: without a comma it is only a string in
    /// parentheses.
    fn list(&mut self) -> Result<(Vec<String>, bool), &'static str> {
        self.expect('(')?;
        let mut strings: Vec<String> = Vec::new();
        while !self.take(')') {
            let (part, is_list) = if self.rest.starts_with('(') { self.list()? } else { (vec![self.string()?], false) };
            let has_more = self.take(',');
            if strings.is_empty() && !has_more {
                self.expect(')')?;
                return Ok((part, is_list));
            }
            if is_list {
                return Err("lists cannot be nested");
            }
            strings.extend(part);
            if !has_more {
                self.expect(')')?;
                break;
            }
        }
        Ok((strings, true))
    }

    /// Parses a string of one or more adjacent literals.
    fn string(&mut self) -> Result<String, &'static str> {
        let mut whole = self.piece()?.ok_or(EXPECTED)?;
        while let Some(piece) = self.piece()? {
            whole.push_str(&piece);
        }
        Ok(whole)
    }

    /// Skips whitespace and comments.
    fn skip(&mut self) {
        // Python's tokenizer accepts fewer whitespace characters than `str.isspace`.
        const SPACE: [char; 5] = [' ', '\t', '\x0c', '\n', '\r'];
        self.rest = self.rest.trim_start_matches(SPACE);
        while self.rest.starts_with('#') {
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]).trim_start_matches(SPACE);
        }
    }

    /// Parses one literal: `'…'` or `"…"`, also with triple quotes or the prefix `r` or `u`.
    fn piece(&mut self) -> Result<Option<String>, &'static str> {
        self.skip();
        let is_raw = self.rest.starts_with(['r', 'R']);
        let body = self.rest.strip_prefix(['r', 'R', 'u', 'U']).unwrap_or(self.rest);
        let Some(quote) = body.chars().next().filter(|c| matches!(c, '\'' | '"')) else { return Ok(None) };
        let triple = quote.to_string().repeat(3);
        let end: &str = if body.starts_with(&triple) { &triple } else { &triple[..1] };
        let mut rest = &body[end.len()..];
        let mut text = String::new();
        loop {
            if let Some(after) = rest.strip_prefix(end) {
                self.rest = after;
                return Ok(Some(text));
            }
            let first = rest.chars().next().ok_or(EXPECTED)?;
            rest = &rest[first.len_utf8()..];
            match first {
                '\n' | '\r' if end.len() == 1 => {
                    return Err("line break in a quoted string; use \\n");
                }
                '\\' if is_raw => {
                    let next = rest.chars().next().ok_or(EXPECTED)?;
                    text.extend(['\\', next]);
                    rest = &rest[next.len_utf8()..];
                }
                '\\' => rest = escape(rest, &mut text)?,
                _ => text.push(first),
            }
        }
    }

    fn take(&mut self, expected: char) -> bool {
        self.skip();
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, expected: char) -> Result<(), &'static str> {
        if self.take(expected) { Ok(()) } else { Err(EXPECTED) }
    }
}

/// Decodes an escape and appends it to `text`; an escape that Python does not know is kept as it is. Returns the rest.
fn escape<'a>(rest: &'a str, text: &mut String) -> Result<&'a str, &'static str> {
    let first = rest.chars().next().ok_or(EXPECTED)?;
    let after = &rest[first.len_utf8()..];
    let plain = match first {
        '\n' => return Ok(after),
        '\\' | '\'' | '"' => first,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return numbered(after, 2, text),
        'u' => return numbered(after, 4, text),
        'U' => return numbered(after, 8, text),
        'N' => return Err("named characters are not supported; use the character itself"),
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let code = u32::from_str_radix(&rest[..length], 8).map_err(|_| EXPECTED)?;
            text.extend(char::from_u32(code));
            return Ok(&rest[length..]);
        }
        other => {
            text.extend(['\\', other]);
            return Ok(after);
        }
    };
    text.push(plain);
    Ok(after)
}

fn numbered<'a>(rest: &'a str, digits: usize, text: &mut String) -> Result<&'a str, &'static str> {
    const BAD: &str = "invalid character escape";
    let code = rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    text.push(code.and_then(char::from_u32).ok_or(BAD)?);
    Ok(&rest[digits..])
}
