//! Translation of Python regular expressions to the engine's syntax, where the two differ, with the checks of
//! `re._parser` that the engine does not make.

use super::PatternError;
use crate::limits;
use std::fmt::Write as _;

/// Translates a Python pattern to the engine's syntax. The engine still has to reject some of what Python rejects:
/// lookbehinds whose width varies.
pub(super) fn translate(pattern: &str) -> Result<String, PatternError> {
    let whole = OpenGroup { kind: GroupKind::Plain, flags: 0, start: 0, groups_before: 0 };
    let mut translator = Translator {
        rest: pattern,
        out: String::new(),
        start: 0,
        open: vec![whole],
        groups: 0,
        names: Vec::new(),
        last: Item::Nothing,
    };
    while let Some(token) = translator.next() {
        translator.token(token)?;
    }
    if translator.open.len() > 1 {
        return Err(invalid("missing ), unterminated subpattern"));
    }
    Ok(translator.out)
}

fn invalid(why: impl Into<String>) -> PatternError {
    PatternError::Invalid(why.into())
}

fn unsupported(construct: impl Into<String>) -> PatternError {
    PatternError::Unsupported(construct.into())
}

/// The flag letters, in the order of the bits below.
const FLAG_LETTERS: &str = "imsxa";
const I: u8 = 1;
const M: u8 = 2;
const X: u8 = 8;
const A: u8 = 16;

/// What a quantifier would repeat.
#[derive(Clone, Copy, PartialEq)]
enum Item {
    Nothing,
    Assertion,
    Repeat,
    Other,
}

#[derive(Clone, Copy, PartialEq)]
enum GroupKind {
    Plain,
    /// Holds the group number.
    Capturing(usize),
    Lookahead,
    Lookbehind,
}

/// Starts of groups that mean the same to the engine, after the parenthesis.
const OPENINGS: [(&str, GroupKind); 6] = [
    ("?:", GroupKind::Plain),
    ("?>", GroupKind::Plain),
    ("?=", GroupKind::Lookahead),
    ("?!", GroupKind::Lookahead),
    ("?<=", GroupKind::Lookbehind),
    ("?<!", GroupKind::Lookbehind),
];

struct OpenGroup {
    kind: GroupKind,
    flags: u8,
    /// The start of its content in the translation, in bytes.
    start: usize,
    /// The number of capturing groups before it.
    groups_before: usize,
}

/// The meaning of an escape.
enum Escape {
    Char(char),
    Set(char),
    Assertion(char),
    Group(usize),
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    /// Where the translation of the first item starts, after global flags.
    start: usize,
    /// The groups around the current position; the first is the whole pattern.
    open: Vec<OpenGroup>,
    /// The number of capturing groups so far.
    groups: usize,
    names: Vec<(&'p str, usize)>,
    last: Item,
}

impl<'p> Translator<'p> {
    /// Takes the next character; a backslash together with the character after it.
    fn next(&mut self) -> Option<&'p str> {
        let mut chars = self.rest.chars();
        if chars.next()? == '\\' {
            chars.next();
        }
        let (token, rest) = self.rest.split_at(self.rest.len() - chars.as_str().len());
        self.rest = rest;
        Some(token)
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest.starts_with(token);
        if is_next {
            self.rest = &self.rest[token.len()..];
        }
        is_next
    }

    /// Takes digits, up to a maximum number.
    fn digits(&mut self, max: usize, radix: u32) -> &'p str {
        let end = self.rest.chars().take(max).take_while(|c| c.is_digit(radix)).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    /// Takes a group name and the character after it.
    fn name(&mut self, end: char) -> Result<&'p str, PatternError> {
        let (name, rest) = self.rest.split_once(end).ok_or_else(|| invalid("missing group name"))?;
        self.rest = rest;
        Ok(name)
    }

    fn flags(&self) -> u8 {
        self.open.last().map_or(0, |group| group.flags)
    }

    fn token(&mut self, token: &str) -> Result<(), PatternError> {
        let flags = self.flags();
        if flags & X != 0 && matches!(token, " " | "\t" | "\n" | "\r" | "\x0b" | "\x0c" | "#") {
            while token == "#" && self.next().is_some_and(|token| token != "\n") {}
            return Ok(());
        }
        if let Some((low, high)) = self.quantifier(token)? {
            return self.repeat(low, high);
        }
        self.last = match token {
            "(" => return self.open_group(),
            ")" => return self.close_group(),
            "|" => {
                self.out.push('|');
                Item::Nothing
            }
            "." => {
                self.out.push('.');
                Item::Other
            }
            "^" | "$" => {
                // Without (?m), Python's `$` also matches before a line break at the end.
                self.out.push_str(if token == "$" && flags & M == 0 { r"(?=\n?\z)" } else { token });
                Item::Assertion
            }
            "[" => {
                self.class()?;
                Item::Other
            }
            _ => self.character(token)?,
        };
        Ok(())
    }

    /// Translates a character or an escape.
    fn character(&mut self, token: &str) -> Result<Item, PatternError> {
        let flags = self.flags();
        let escape = match token.strip_prefix('\\') {
            Some(_) => self.escape(token, false)?,
            None => Escape::Char(token.chars().next().unwrap_or_default()),
        };
        match escape {
            Escape::Char(c) if flags & I != 0 && LETTER_I_VARIANTS.contains(&c) => {
                self.out.extend(['['].into_iter().chain(LETTER_I_VARIANTS).chain([']']));
            }
            Escape::Char(c) if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                let _ = write!(self.out, r"\x{{{:x}}}", u32::from(c));
            }
            Escape::Char(c) => self.out.push(c),
            Escape::Set(letter) => {
                let _ = write!(self.out, "[{}]", set_members(letter, flags));
            }
            Escape::Assertion(letter) => {
                self.assertion(letter);
                return Ok(Item::Assertion);
            }
            Escape::Group(group) => self.backreference(group)?,
        }
        Ok(Item::Other)
    }

    /// Parses the bounds of a quantifier; `None` for other tokens, including a literal brace.
    fn quantifier(&mut self, token: &str) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        match token {
            "?" => return Ok(Some((0, Some(1)))),
            "*" => return Ok(Some((0, None))),
            "+" => return Ok(Some((1, None))),
            "{" if !self.rest.starts_with('}') => {}
            _ => return Ok(None),
        }
        let here = self.rest;
        let low = self.digits(usize::MAX, 10);
        let high = if self.eat(",") { self.digits(usize::MAX, 10) } else { low };
        if !self.eat("}") {
            self.rest = here;
            return Ok(None);
        }
        let bound = |digits: &str| match digits.parse() {
            Ok(bound) => Ok(Some(bound)),
            Err(_) if digits.is_empty() => Ok(None),
            Err(_) => Err(unsupported(format!("the count {digits}"))),
        };
        let (low, high) = (bound(low)?.unwrap_or(0), bound(high)?);
        if high.is_some_and(|high| low > high) {
            return Err(invalid("min repeat greater than max repeat"));
        }
        Ok(Some((low, high)))
    }

    fn repeat(&mut self, low: u32, high: Option<u32>) -> Result<(), PatternError> {
        match self.last {
            Item::Nothing | Item::Assertion => return Err(invalid("nothing to repeat")),
            Item::Repeat => return Err(invalid("multiple repeat")),
            Item::Other => self.last = Item::Repeat,
        }
        let _ = match high {
            None => write!(self.out, "{{{low},}}"),
            Some(high) => write!(self.out, "{{{low},{high}}}"),
        };
        if self.eat("?") {
            self.out.push('?');
        } else if self.eat("+") {
            self.out.push('+');
        }
        Ok(())
    }

    /// Opens a group after its parenthesis; skips a comment and sets global flags.
    fn open_group(&mut self) -> Result<(), PatternError> {
        let (mut kind, mut flags) = (GroupKind::Plain, self.flags());
        if self.eat("?#") {
            while self.next().ok_or_else(|| invalid("missing ), unterminated comment"))? != ")" {}
            return Ok(());
        } else if self.eat("?P=") {
            let name = self.name(')')?;
            let known = self.names.iter().find(|(known, _)| *known == name);
            let (_, group) = *known.ok_or_else(|| invalid(format!("unknown group name {name:?}")))?;
            self.last = Item::Other;
            return self.backreference(group);
        } else if self.eat("?P<") {
            let name = self.name('>')?;
            if !is_identifier(name) {
                return Err(invalid(format!("bad character in group name {name:?}")));
            }
            if self.names.iter().any(|(known, _)| *known == name) {
                return Err(invalid(format!("redefinition of group name {name:?}")));
            }
            self.names.push((name, self.groups + 1));
            kind = GroupKind::Capturing(self.groups + 1);
            self.out.push('(');
        } else if let Some((start, known)) = OPENINGS.into_iter().find(|(start, _)| self.eat(start)) {
            kind = known;
            let _ = write!(self.out, "({start}");
        } else if self.eat("?") {
            match self.parse_flags(flags)? {
                Some(inner) => flags = inner,
                None => return Ok(()),
            }
        } else {
            kind = GroupKind::Capturing(self.groups + 1);
            self.out.push('(');
        }
        if self.open.len() > limits::REGEX_LEVELS {
            return Err(unsupported(format!("groups nested more than {} levels deep", limits::REGEX_LEVELS)));
        }
        self.open.push(OpenGroup { kind, flags, start: self.out.len(), groups_before: self.groups });
        self.groups += usize::from(matches!(kind, GroupKind::Capturing(_)));
        self.last = Item::Nothing;
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), PatternError> {
        let group = self.open.pop().filter(|_| !self.open.is_empty());
        let group = group.ok_or_else(|| invalid("unbalanced parenthesis"))?;
        // The engine would backtrack into a lookaround for other captures, and accept alternatives of different widths
        // in a lookbehind. Python does neither. Both are ruled out by an atomic group.
        let captures = self.groups > group.groups_before;
        if group.kind == GroupKind::Lookbehind || (group.kind == GroupKind::Lookahead && captures) {
            self.out.insert_str(group.start, "(?>");
            self.out.push(')');
        }
        self.out.push(')');
        self.last = Item::Other;
        Ok(())
    }

    /// Translates inline flags after `(?`. Returns the flags of the group; `None` for global flags.
    fn parse_flags(&mut self, outer: u8) -> Result<Option<u8>, PatternError> {
        let end = self.rest.find([':', ')']).ok_or_else(|| invalid("missing -, : or )"))?;
        let (letters, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        let bits = |letters: &str| {
            let bits = letters.chars().try_fold(0, |bits, letter| Some(bits | 1 << FLAG_LETTERS.find(letter)?));
            bits.ok_or_else(|| unsupported(format!("`(?{}…)`", letters.chars().take(10).collect::<String>())))
        };
        let for_engine = |letters: &str| letters.replace(['x', 'a'], "");
        let (on, off) = letters.split_once('-').unwrap_or((letters, ""));
        let (add, remove) = (bits(on)?, bits(off)?);
        if letters.is_empty() || letters.ends_with('-') || remove & A != 0 || add & remove != 0 {
            return Err(invalid("bad inline flags"));
        }
        let flags = (outer | add) & !remove;
        if flags & (A | I) == A | I {
            // The engine cannot ignore the case of ASCII letters only.
            return Err(unsupported("the combination of the flags `a` and `i`"));
        }
        let (on, off) = (for_engine(on), for_engine(off));
        let dash = if off.is_empty() { "" } else { "-" };
        if rest.starts_with(':') {
            if add & A != 0 {
                // Because of a bug, Python ignores it when it looks for where a match may start.
                return Err(unsupported("the flag `a` for a part of a pattern"));
            }
            let _ = write!(self.out, "(?{on}{dash}{off}:");
            return Ok(Some(flags));
        }
        if remove != 0 || self.open.len() > 1 || self.start != self.out.len() {
            return Err(invalid("global flags not at the start of the expression"));
        }
        if !on.is_empty() {
            let _ = write!(self.out, "(?{on})");
        }
        self.start = self.out.len();
        self.open[0].flags = flags;
        Ok(None)
    }

    fn backreference(&mut self, group: usize) -> Result<(), PatternError> {
        if group > self.groups {
            return Err(invalid(format!("invalid group reference {group}")));
        }
        if self.open.iter().any(|open| open.kind == GroupKind::Capturing(group)) {
            return Err(invalid("cannot refer to an open group"));
        }
        if self.open.iter().any(|open| open.kind == GroupKind::Lookbehind) {
            return Err(unsupported("a backreference in a lookbehind"));
        }
        if self.flags() & I != 0 {
            // The engine only compares as many bytes as the group matched.
            return Err(unsupported("a backreference that ignores case"));
        }
        let _ = write!(self.out, r"(?:\{group})");
        Ok(())
    }

    fn escape(&mut self, token: &str, is_in_class: bool) -> Result<Escape, PatternError> {
        let bad = || invalid(format!("bad escape {token}"));
        let letter = token.chars().nth(1).ok_or_else(|| invalid("bad escape (end of pattern)"))?;
        Ok(Escape::Char(match letter {
            'a' => '\x07',
            'b' if is_in_class => '\x08',
            't' => '\t',
            'n' => '\n',
            'v' => '\x0b',
            'f' => '\x0c',
            'r' => '\r',
            'A' | 'b' | 'B' | 'Z' if !is_in_class => return Ok(Escape::Assertion(letter)),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => return Ok(Escape::Set(letter)),
            'x' | 'u' | 'U' => {
                let length = match letter {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits = Some(self.digits(length, 16)).filter(|digits| digits.len() == length).ok_or_else(bad)?;
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                // Rust strings have no surrogates.
                code.ok_or_else(|| unsupported(format!("the character `{token}{digits}`")))?
            }
            'N' => return Err(unsupported(r"the character name `\N{…}`")),
            '0'..='9' => {
                let more = self.digits(2, 10);
                if is_in_class || letter == '0' || more.len() == 2 {
                    return Err(unsupported(format!("the octal escape `{token}{more}`")));
                }
                return Ok(Escape::Group(format!("{letter}{more}").parse().map_err(|_| bad())?));
            }
            letter if letter.is_ascii_alphabetic() => return Err(bad()),
            letter => letter,
        }))
    }

    /// Translates a set in brackets. In Python, only `]`, `^`, `-` and the backslash are special.
    fn class(&mut self) -> Result<(), PatternError> {
        let flags = self.flags();
        let unterminated = || invalid("unterminated character set");
        let is_negated = self.eat("^");
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut sets = String::new();
        let mut is_first = true;
        loop {
            let token = self.next().ok_or_else(unterminated)?;
            if token == "]" && !is_first {
                break;
            }
            is_first = false;
            match self.member(token)? {
                Escape::Char(low) if self.rest.starts_with('-') && !self.rest.starts_with("-]") => {
                    self.eat("-");
                    let end = self.next().ok_or_else(unterminated)?;
                    match self.member(end)? {
                        Escape::Char(high) if low <= high => ranges.push((low, high)),
                        _ => return Err(invalid(format!("bad character range {token}-{end}"))),
                    }
                }
                Escape::Char(c) => ranges.push((c, c)),
                Escape::Set(_) if self.rest.starts_with('-') && !self.rest.starts_with("-]") => {
                    return Err(invalid(format!("bad character range {token}-")));
                }
                Escape::Set(letter) => sets.push_str(&set_members(letter, flags)),
                Escape::Assertion(_) | Escape::Group(_) => {}
            }
        }
        let has = |c: &char| ranges.iter().any(|(low, high)| (low..=high).contains(&c));
        if flags & I != 0 && LETTER_I_VARIANTS.iter().any(has) {
            ranges.extend(LETTER_I_VARIANTS.map(|c| (c, c)));
        }
        let _ = write!(self.out, "[{}{sets}", if is_negated { "^" } else { "" });
        for (low, high) in ranges {
            let _ = write!(self.out, r"\x{{{:x}}}-\x{{{:x}}}", u32::from(low), u32::from(high));
        }
        self.out.push(']');
        Ok(())
    }

    fn member(&mut self, token: &str) -> Result<Escape, PatternError> {
        if token.starts_with('\\') {
            return self.escape(token, true);
        }
        Ok(Escape::Char(token.chars().next().unwrap_or_default()))
    }

    fn assertion(&mut self, letter: char) {
        let word = set_members('w', self.flags());
        let _ = match letter {
            'A' => write!(self.out, r"\A"),
            'Z' => write!(self.out, r"\z"),
            'b' => write!(self.out, "(?:(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}]))"),
            // In Python, `\B` does not match in an empty text.
            _ => write!(self.out, r"(?:(?<=[{word}])(?=[{word}])|(?<![{word}])(?![{word}])(?!\A\z))"),
        };
    }
}

/// Letters that Python treats as equal when it ignores case. Unicode's default case folding does not (Turkish dotted
/// and dotless i).
const LETTER_I_VARIANTS: [char; 4] = ['i', 'I', 'İ', 'ı'];

/// Python's predefined sets, to be used inside brackets. They differ from the engine's: combining marks are not word
/// characters.
fn set_members(letter: char, flags: u8) -> String {
    let members = match (letter.to_ascii_lowercase(), flags & A != 0) {
        ('d', false) => r"\p{Nd}",
        ('d', true) => "0-9",
        ('s', false) => r"\s\x{1c}-\x{1f}",
        ('s', true) => r"\t-\r\x{20}",
        (_, false) => r"\p{L}\p{N}_",
        (_, true) => "0-9A-Za-z_",
    };
    if letter.is_ascii_uppercase() { format!("[^{members}]") } else { members.to_owned() }
}

fn is_identifier(name: &str) -> bool {
    let is_start = |c: char| c == '_' || c.is_alphabetic();
    name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_alphanumeric())
}
