//! The list behind `IN`: MLflow reads it as a Python expression (`ast.literal_eval`), so its strings have Python's escapes.

/// What is wrong with a list.
pub(super) const EXPECTED: &str = "a list of quoted strings, ('a', 'b'), is expected here";

/// The strings of a list, from its opening to its closing parenthesis.
pub(super) fn strings(text: &str) -> Result<Vec<String>, &'static str> {
    let (strings, _) = ListParser { rest: text }.list()?;
    if strings.is_empty() { Err("the list is empty") } else { Ok(strings) }
}

struct ListParser<'a> {
    rest: &'a str,
}

impl ListParser<'_> {
    /// What stands between two parentheses, and whether it is a list: without a comma it is only a string in parentheses.
    fn list(&mut self) -> Result<(Vec<String>, bool), &'static str> {
        self.expect('(')?;
        let mut strings: Vec<String> = Vec::new();
        while !self.take(')') {
            let (part, is_list) = if self.rest.starts_with('(') { self.list()? } else { (vec![self.string()?], false) };
            let goes_on = self.take(',');
            if strings.is_empty() && !goes_on {
                self.expect(')')?;
                return Ok((part, is_list));
            }
            if is_list {
                return Err("a list must not hold another one");
            }
            strings.extend(part);
            if !goes_on {
                self.expect(')')?;
                break;
            }
        }
        Ok((strings, true))
    }

    /// A string, possibly in several pieces.
    fn string(&mut self) -> Result<String, &'static str> {
        let mut whole = self.piece()?.ok_or(EXPECTED)?;
        while let Some(piece) = self.piece()? {
            whole.push_str(&piece);
        }
        Ok(whole)
    }

    /// Goes on to the next sign that is neither space nor comment.
    fn skip(&mut self) {
        // Python knows fewer spaces here than elsewhere.
        const SPACE: [char; 5] = [' ', '\t', '\x0c', '\n', '\r'];
        self.rest = self.rest.trim_start_matches(SPACE);
        while self.rest.starts_with('#') {
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]).trim_start_matches(SPACE);
        }
    }

    /// One literal: `'…'`, `"…"`, three of either, `r` or `u` before it.
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
            if let Some(behind) = rest.strip_prefix(end) {
                self.rest = behind;
                return Ok(Some(text));
            }
            let first = rest.chars().next().ok_or(EXPECTED)?;
            rest = &rest[first.len_utf8()..];
            match first {
                '\n' | '\r' if end.len() == 1 => {
                    return Err("a string of a list must not hold a line break; write \\n");
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

    fn take(&mut self, wanted: char) -> bool {
        self.skip();
        let behind = self.rest.strip_prefix(wanted);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), &'static str> {
        if self.take(wanted) { Ok(()) } else { Err(EXPECTED) }
    }
}

/// Adds what an escape stands for; one that Python does not know stays as it is. Gives what comes behind.
fn escape<'a>(rest: &'a str, text: &mut String) -> Result<&'a str, &'static str> {
    let first = rest.chars().next().ok_or(EXPECTED)?;
    let behind = &rest[first.len_utf8()..];
    let plain = match first {
        '\n' => return Ok(behind),
        '\\' | '\'' | '"' => first,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return numbered(behind, 2, text),
        'u' => return numbered(behind, 4, text),
        'U' => return numbered(behind, 8, text),
        'N' => return Err("characters cannot be given by name here; write them as they are"),
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let code = u32::from_str_radix(&rest[..length], 8).map_err(|_| EXPECTED)?;
            text.extend(char::from_u32(code));
            return Ok(&rest[length..]);
        }
        other => {
            text.extend(['\\', other]);
            return Ok(behind);
        }
    };
    text.push(plain);
    Ok(behind)
}

fn numbered<'a>(rest: &'a str, digits: usize, text: &mut String) -> Result<&'a str, &'static str> {
    const BAD: &str = "an escape of the list is no character";
    let code = rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    text.push(code.and_then(char::from_u32).ok_or(BAD)?);
    Ok(&rest[digits..])
}
