//! Translation of Python regular expressions to the engine's syntax, with the checks of `re._parser`.

use crate::limits;
use std::fmt::Write as _;

/// Translates a Python pattern to the engine's syntax. Also returns whether it has word boundaries that can be removed
/// without making it stricter.
pub(super) fn translate(pattern: &str, keeps_boundaries: bool) -> Result<(String, bool), String> {
    if pattern.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1 {
        return Err("bad escape (end of pattern)".to_owned());
    }
    let mut python = PythonTranslator {
        rest: pattern,
        out: String::new(),
        groups: vec![None],
        names: Vec::new(),
        lookbehind: None,
        highest_condition: 0,
        depth: 0,
        keeps_boundaries,
        has_boundary: false,
        has_atomic_part: false,
    };
    let mut flags = 0;
    python.branches(&mut flags, true)?;
    if !python.rest.is_empty() {
        return Err("unbalanced parenthesis".to_owned());
    }
    if flags & (A | U) == A | U {
        return Err("ASCII and UNICODE flags are incompatible".to_owned());
    }
    if python.highest_condition >= python.groups.len() {
        return Err(format!("invalid group reference {}", python.highest_condition));
    }
    let may_loosen = python.has_boundary && !python.has_atomic_part;
    Ok((if folds_case(flags) { format!("(?i:{})", python.out) } else { python.out }, may_loosen))
}

/// The flag letters, in the order of the bits below.
const FLAG_LETTERS: &str = "imsxau";
const I: u8 = 1;
const M: u8 = 2;
const S: u8 = 4;
const X: u8 = 8;
const A: u8 = 16;
const U: u8 = 32;

/// Whether the engine folds case. It cannot fold ASCII only; in that case letters are translated to sets.
fn folds_case(flags: u8) -> bool {
    flags & (I | A) == I
}

/// The minimum and maximum number of characters that an item matches.
type MatchWidth = (u64, u64);

const MAX_REPEAT: u64 = 4_294_967_295;

#[derive(Clone, Copy, PartialEq)]
enum AtomKind {
    Assertion,
    Repeat,
    Other,
}

/// The item that a quantifier would repeat.
struct Quantified {
    /// Its start in the translation, in bytes.
    start: usize,
    kind: AtomKind,
    width: MatchWidth,
}

/// The meaning of an escape.
enum Escape {
    Char(u32),
    Set(char),
    Assertion(char),
    Group(usize),
}

/// Parses a pattern with the same checks as `re._parser`, and writes the translation.
struct PythonTranslator<'p> {
    rest: &'p str,
    out: String,
    /// The width of each group, by group number (0 is the whole pattern); `None` while a group is open.
    groups: Vec<Option<MatchWidth>>,
    names: Vec<(&'p str, usize)>,
    /// The number of groups that were opened before the outermost lookbehind.
    lookbehind: Option<usize>,
    highest_condition: usize,
    depth: usize,
    keeps_boundaries: bool,
    has_boundary: bool,
    /// Whether a part is not backtracked into (atomic, possessive) or asserts something (lookaround, condition).
    has_atomic_part: bool,
}

impl<'p> PythonTranslator<'p> {
    /// Returns the next character; a backslash together with the character after it.
    fn peek(&self) -> Option<&'p str> {
        let mut chars = self.rest.chars();
        if chars.next()? == '\\' {
            chars.next();
        }
        Some(&self.rest[..self.rest.len() - chars.as_str().len()])
    }

    fn next(&mut self) -> Option<&'p str> {
        let token = self.peek()?;
        self.rest = &self.rest[token.len()..];
        Some(token)
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.peek() == Some(token);
        if is_next {
            self.rest = &self.rest[token.len()..];
        }
        is_next
    }

    fn expect(&mut self, token: &str, problem: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(problem.to_owned()) }
    }

    /// Takes digits, up to a maximum number.
    fn digits(&mut self, max: usize, radix: u32) -> &'p str {
        let end = self.rest.chars().take(max).take_while(|c| c.is_digit(radix)).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    fn name(&mut self, end: char) -> Result<&'p str, String> {
        let (name, rest) = self.rest.split_once(end).ok_or("missing group name")?;
        self.rest = rest;
        Ok(name)
    }

    /// Parses alternatives, up to a closing parenthesis or the end.
    fn branches(&mut self, flags: &mut u8, is_whole: bool) -> Result<MatchWidth, String> {
        self.depth += 1;
        if self.depth > limits::REGEX_LEVELS {
            return Err("too deeply nested".to_owned());
        }
        let mut width = self.sequence(flags, is_whole)?;
        while self.eat("|") {
            self.out.push('|');
            let other = self.sequence(flags, false)?;
            width = (width.0.min(other.0), width.1.max(other.1));
        }
        self.depth -= 1;
        Ok(width)
    }

    /// Parses a sequence of items.
    fn sequence(&mut self, flags: &mut u8, may_set_flags: bool) -> Result<MatchWidth, String> {
        let mut before: MatchWidth = (0, 0);
        let mut last: Option<Quantified> = None;
        while let Some(token) = self.peek().filter(|token| !matches!(*token, "|" | ")")) {
            self.next();
            let start = self.out.len();
            if *flags & X != 0 && matches!(token, " " | "\t" | "\n" | "\r" | "\x0b" | "\x0c" | "#") {
                while token == "#" && self.next().is_some_and(|token| token != "\n") {}
                continue;
            }
            if let Some((low, high)) = self.quantifier(token)? {
                let item = last.as_mut().filter(|item| item.kind != AtomKind::Assertion).ok_or("nothing to repeat")?;
                self.repeat(item, low, high)?;
                continue;
            }
            let (kind, width) = match token {
                "(" => match self.parse_group(flags, may_set_flags && last.is_none())? {
                    Some(width) => (AtomKind::Other, width),
                    None => continue,
                },
                "." => {
                    self.out.push_str(if *flags & S == 0 { "." } else { "(?s:.)" });
                    (AtomKind::Other, (1, 1))
                }
                "^" | "$" => {
                    let is_multiline = *flags & M != 0;
                    self.out.push_str(match (token, is_multiline) {
                        ("^", false) => r"\A",
                        ("^", true) => "(?m:^)",
                        (_, false) => r"(?=\n?\z)",
                        (_, true) => "(?m:$)",
                    });
                    (AtomKind::Assertion, (0, 0))
                }
                "[" => {
                    self.parse_class(*flags)?;
                    (AtomKind::Other, (1, 1))
                }
                _ => self.parse_char(token, *flags)?,
            };
            if let Some(item) = last.replace(Quantified { start, kind, width }) {
                before = add_widths(before, item.width);
            }
        }
        Ok(last.map_or(before, |item| add_widths(before, item.width)))
    }

    /// Parses a character or an escape.
    fn parse_char(&mut self, token: &str, flags: u8) -> Result<(AtomKind, MatchWidth), String> {
        let escape = match token.strip_prefix('\\') {
            Some(_) => self.parse_escape(token, false)?,
            None => Escape::Char(token.chars().next().map_or(0, u32::from)),
        };
        match escape {
            Escape::Char(code) => self.literal(code, flags),
            Escape::Set(letter) => {
                let _ = write!(self.out, "[{}]", set_members(letter, flags));
            }
            Escape::Assertion(letter) => {
                self.assertion(letter, flags);
                return Ok((AtomKind::Assertion, (0, 0)));
            }
            Escape::Group(group) => return Ok((AtomKind::Other, self.backreference(group, flags)?)),
        }
        Ok((AtomKind::Other, (1, 1)))
    }

    /// Parses the bounds of a quantifier; `None` for other tokens, including a literal brace.
    fn quantifier(&mut self, token: &str) -> Result<Option<(u64, u64)>, String> {
        match token {
            "?" => return Ok(Some((0, 1))),
            "*" => return Ok(Some((0, MAX_REPEAT))),
            "+" => return Ok(Some((1, MAX_REPEAT))),
            "{" if self.peek() != Some("}") => {}
            _ => return Ok(None),
        }
        let here = self.rest;
        let low = self.digits(usize::MAX, 10);
        let high = if self.eat(",") { self.digits(usize::MAX, 10) } else { low };
        if !self.eat("}") {
            self.rest = here;
            return Ok(None);
        }
        let bound = |digits: &str, default: u64| match digits.parse() {
            Ok(bound) if bound < MAX_REPEAT => Ok(bound),
            _ if digits.is_empty() => Ok(default),
            _ => Err("the repetition number is too large"),
        };
        let (low, high) = (bound(low, 0)?, bound(high, MAX_REPEAT)?);
        if low > high {
            return Err("min repeat greater than max repeat".to_owned());
        }
        Ok(Some((low, high)))
    }

    fn repeat(&mut self, item: &mut Quantified, low: u64, high: u64) -> Result<(), String> {
        if item.kind == AtomKind::Repeat {
            return Err("multiple repeat".to_owned());
        }
        if item.width.1 == 0 {
            // The engine cannot repeat a bare assertion, but it can repeat an atomic group.
            self.has_atomic_part = true;
            self.out.insert_str(item.start, "(?>");
            self.out.push(')');
        }
        let _ = match (low, high) {
            (_, MAX_REPEAT) => write!(self.out, "{{{low},}}"),
            _ => write!(self.out, "{{{low},{high}}}"),
        };
        if self.eat("?") {
            self.out.push('?');
        } else if self.eat("+") {
            self.has_atomic_part = true;
            self.out.push('+');
        }
        item.kind = AtomKind::Repeat;
        let max = if high == MAX_REPEAT && item.width.1 > 0 { u64::MAX } else { item.width.1.saturating_mul(high) };
        item.width = (item.width.0.saturating_mul(low), max);
        Ok(())
    }

    /// Parses a group after its opening parenthesis; `None` for a comment and for global flags.
    fn parse_group(&mut self, flags: &mut u8, may_set_flags: bool) -> Result<Option<MatchWidth>, String> {
        let mut inner = *flags;
        let mut captures = None;
        if !self.eat("?") {
            captures = Some(None);
            self.out.push('(');
        } else if self.eat(":") {
            self.out.push_str("(?:");
        } else if self.eat(">") {
            self.has_atomic_part = true;
            self.out.push_str("(?>");
        } else if self.eat("#") {
            while self.next().ok_or("missing ), unterminated comment")? != ")" {}
            return Ok(None);
        } else if self.eat("(") {
            return self.conditional(*flags).map(Some);
        } else if self.eat("P") {
            if self.eat("=") {
                let name = self.name(')')?;
                let group = self.group_number(name)?;
                return self.backreference(group, *flags).map(Some);
            }
            self.expect("<", "unknown extension ?P")?;
            let name = self.name('>')?;
            if !is_identifier(name) {
                return Err(format!("bad character in group name {name:?}"));
            }
            if self.group_number(name).is_ok() {
                return Err(format!("redefinition of group name {name:?}"));
            }
            captures = Some(Some(name));
            self.out.push('(');
        } else if matches!(self.peek(), Some("=" | "!" | "<")) {
            return self.lookaround(*flags).map(Some);
        } else {
            let (add, remove, is_global) = self.parse_flags()?;
            if is_global {
                if !may_set_flags {
                    return Err("global flags not at the start of the expression".to_owned());
                }
                *flags |= add;
                return Ok(None);
            }
            if add & (A | U) != 0 {
                inner &= !(A | U);
            }
            inner = (inner | add) & !remove;
            self.out.push_str(match (folds_case(*flags), folds_case(inner)) {
                (false, true) => "(?i:",
                (true, false) => "(?-i:",
                _ => "(?:",
            });
        }
        let number = self.groups.len();
        if let Some(name) = captures {
            self.groups.push(None);
            self.names.extend(name.map(|name| (name, number)));
        }
        let width = self.branches(&mut inner, false)?;
        self.close()?;
        if captures.is_some() {
            self.groups[number] = Some(width);
        }
        Ok(Some(width))
    }

    fn close(&mut self) -> Result<(), String> {
        self.out.push(')');
        self.expect(")", "missing ), unterminated subpattern")
    }

    fn lookaround(&mut self, flags: u8) -> Result<MatchWidth, String> {
        self.has_atomic_part = true;
        let is_behind = self.eat("<");
        let sign = self.next().filter(|sign| matches!(*sign, "=" | "!")).ok_or("unknown extension ?<")?;
        let _ = write!(self.out, "(?{}{sign}", if is_behind { "<" } else { "" });
        let outer = self.lookbehind;
        if is_behind {
            self.lookbehind = outer.or(Some(self.groups.len()));
        }
        let (start, groups) = (self.out.len(), self.groups.len());
        let mut inner = flags;
        let (min, max) = self.branches(&mut inner, false)?;
        self.lookbehind = outer;
        if self.groups.len() > groups {
            // The engine would backtrack into it for other captures; Python does not.
            self.out.insert_str(start, "(?>");
            self.out.push(')');
        }
        self.close()?;
        if is_behind && min != max {
            return Err("look-behind requires fixed-width pattern".to_owned());
        }
        Ok((0, 0))
    }

    /// Parses a condition: `(?(group)yes|no)`.
    fn conditional(&mut self, flags: u8) -> Result<MatchWidth, String> {
        let name = self.name(')')?;
        let group = if is_identifier(name) {
            self.group_number(name)?
        } else {
            let is_number = name.bytes().all(|b| b.is_ascii_digit());
            let number = name.parse().ok().filter(|number| is_number && *number > 0);
            number.ok_or_else(|| format!("bad character in group name {name:?}"))?
        };
        self.check_lookbehind(group)?;
        self.has_atomic_part = true;
        self.highest_condition = self.highest_condition.max(group);
        let mut inner = flags;
        // Without the empty lookaheads, the engine would parse empty branches as a mere test for the group.
        let _ = write!(self.out, "(?({group})(?=)");
        let yes = self.sequence(&mut inner, false)?;
        self.out.push_str("|(?=)");
        let no = if self.eat("|") { self.sequence(&mut inner, false)? } else { (0, 0) };
        if self.peek() == Some("|") {
            return Err("conditional backref with more than two branches".to_owned());
        }
        self.close()?;
        Ok((yes.0.min(no.0), yes.1.max(no.1)))
    }

    fn group_number(&self, name: &str) -> Result<usize, String> {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.map(|(_, group)| *group).ok_or_else(|| format!("unknown group name {name:?}"))
    }

    fn check_lookbehind(&self, group: usize) -> Result<(), String> {
        match self.lookbehind {
            Some(_) if self.groups.get(group).is_none_or(Option::is_none) => {
                Err("cannot refer to an open group".to_owned())
            }
            Some(opened_before) if group >= opened_before => {
                Err("cannot refer to group defined in the same lookbehind subpattern".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn backreference(&mut self, group: usize, flags: u8) -> Result<MatchWidth, String> {
        let known = self.groups.get(group).ok_or_else(|| format!("invalid group reference {group}"))?;
        let width = known.ok_or("cannot refer to an open group")?;
        self.check_lookbehind(group)?;
        let _ = write!(self.out, r"(?{}:\{group})", if flags & I == 0 { "" } else { "i" });
        Ok(width)
    }

    /// Parses inline flags. Returns flags to add, flags to remove, and whether they are global.
    fn parse_flags(&mut self) -> Result<(u8, u8, bool), String> {
        let (mut add, mut remove, mut is_removing) = (0, 0, false);
        loop {
            let token = self.next().ok_or("missing -, : or )")?;
            let nothing = if is_removing { remove } else { add } == 0;
            match token {
                ":" if !nothing => break,
                ")" if !nothing && !is_removing => return Ok((add, 0, true)),
                "-" if !is_removing => is_removing = true,
                _ => {
                    let at = FLAG_LETTERS.find(token).ok_or_else(|| format!("unknown extension or flag ?{token}"))?;
                    *(if is_removing { &mut remove } else { &mut add }) |= 1 << at;
                }
            }
        }
        if remove & (A | U) != 0 || add & remove != 0 || add & (A | U) == A | U {
            return Err("bad inline flags".to_owned());
        }
        Ok((add, remove, false))
    }

    fn parse_escape(&mut self, token: &str, is_in_class: bool) -> Result<Escape, String> {
        let bad = || format!("bad escape {token}");
        let letter = token.chars().nth(1).ok_or_else(bad)?;
        let code = match letter {
            'a' => 7,
            'b' if is_in_class => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'A' | 'b' | 'B' | 'Z' if !is_in_class => return Ok(Escape::Assertion(letter)),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => return Ok(Escape::Set(letter)),
            'x' | 'u' | 'U' => {
                let length = match letter {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits = self.digits(length, 16);
                let code = u32::from_str_radix(digits, 16).ok();
                code.filter(|code| digits.len() == length && *code <= 0x10_ffff).ok_or_else(bad)?
            }
            '0'..='9' => return self.number(letter, is_in_class).ok_or_else(bad),
            letter if letter.is_ascii_alphabetic() => return Err(bad()),
            letter => u32::from(letter),
        };
        Ok(Escape::Char(code))
    }

    /// Parses an escaped number: an octal character code or a group number.
    fn number(&mut self, first: char, is_in_class: bool) -> Option<Escape> {
        let rest = self.rest;
        let octal = self.digits(2, 8);
        if (first <= '7' && (octal.len() == 2 || is_in_class)) || first == '0' {
            let code = u32::from_str_radix(&format!("{first}{octal}"), 8).ok();
            return code.filter(|code| *code <= 0o377).map(Escape::Char);
        }
        self.rest = rest;
        let second = self.digits(1, 10);
        if is_in_class { None } else { format!("{first}{second}").parse().ok().map(Escape::Group) }
    }

    /// Parses a set in brackets. In Python, only `]`, `^`, `-` and the backslash are special.
    fn parse_class(&mut self, flags: u8) -> Result<(), String> {
        const UNTERMINATED: &str = "unterminated character set";
        let is_negated = self.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut sets = String::new();
        let mut is_first = true;
        loop {
            let token = self.next().ok_or(UNTERMINATED)?;
            if token == "]" && !is_first {
                break;
            }
            is_first = false;
            let low = self.member(token)?;
            if self.eat("-") {
                if !self.rest.starts_with(']') {
                    let end = self.next().ok_or(UNTERMINATED)?;
                    match (low, self.member(end)?) {
                        (Escape::Char(low), Escape::Char(high)) if low <= high => ranges.push((low, high)),
                        _ => return Err(format!("bad character range {token}-{end}")),
                    }
                    continue;
                }
                ranges.push((u32::from('-'), u32::from('-')));
            }
            match low {
                Escape::Char(code) => ranges.push((code, code)),
                Escape::Set(letter) => sets.push_str(&set_members(letter, flags)),
                Escape::Assertion(_) | Escape::Group(_) => {}
            }
        }
        self.ranges(is_negated, ranges, &sets, flags);
        Ok(())
    }

    fn member(&mut self, token: &str) -> Result<Escape, String> {
        if token.starts_with('\\') {
            return self.parse_escape(token, true);
        }
        Ok(Escape::Char(token.chars().next().map_or(0, u32::from)))
    }

    fn ranges(&mut self, is_negated: bool, mut ranges: Vec<(u32, u32)>, sets: &str, flags: u8) {
        let has = |ranges: &[(u32, u32)], code: u32| ranges.iter().any(|(low, high)| (*low..=*high).contains(&code));
        if folds_case(flags) && LETTER_I_VARIANTS.iter().any(|code| has(&ranges, *code)) {
            ranges.extend(LETTER_I_VARIANTS.map(|code| (code, code)));
        } else if flags & I != 0 && flags & A != 0 {
            let letters = (b'a'..=b'z').chain(b'A'..=b'Z').map(u32::from);
            ranges.extend(
                letters.filter(|code| has(&ranges, *code)).map(|code| (code ^ 32, code ^ 32)).collect::<Vec<_>>(),
            );
        }
        let mut members = sets.to_owned();
        for (low, high) in ranges {
            // Rust strings have no surrogates, and the engine has no syntax for them.
            let low = if (0xd800..0xe000).contains(&low) { 0xe000 } else { low };
            let high = if (0xd800..0xe000).contains(&high) { 0xd7ff } else { high };
            if low <= high {
                let _ = write!(members, r"\x{{{low:x}}}-\x{{{high:x}}}");
            }
        }
        let _ = match (members.as_str(), is_negated) {
            ("", true) => write!(self.out, "(?s:.)"),
            ("", false) => write!(self.out, r"[^\x{{0}}-\x{{10ffff}}]"),
            (members, true) => write!(self.out, "[^{members}]"),
            (members, false) => write!(self.out, "[{members}]"),
        };
    }

    fn literal(&mut self, code: u32, flags: u8) {
        let is_set = match flags & (I | A) {
            0 | A => false,
            I => LETTER_I_VARIANTS.contains(&code),
            _ => u8::try_from(code).is_ok_and(|b| b.is_ascii_alphabetic()),
        };
        match char::from_u32(code) {
            Some(c) if !is_set => {
                if c.is_ascii() && !c.is_ascii_alphanumeric() {
                    let _ = write!(self.out, r"\x{{{code:x}}}");
                } else {
                    self.out.push(c);
                }
            }
            _ => self.ranges(false, vec![(code, code)], "", flags),
        }
    }

    fn assertion(&mut self, letter: char, flags: u8) {
        let word = set_members('w', flags);
        self.has_boundary |= matches!(letter, 'b' | 'B');
        let _ = match letter {
            'A' => write!(self.out, r"\A"),
            'Z' => write!(self.out, r"\z"),
            _ if !self.keeps_boundaries => Ok(()),
            'b' => write!(self.out, "(?:(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}]))"),
            // In Python, `\B` does not match in an empty text.
            _ => write!(self.out, r"(?:(?<=[{word}])(?=[{word}])|(?<![{word}])(?![{word}])(?!\A\z))"),
        };
    }
}

/// Letters that Python treats as equal when it ignores case. Unicode's default case folding does not (Turkish dotted
/// and dotless i).
const LETTER_I_VARIANTS: [u32; 4] = ['i' as u32, 'I' as u32, 'İ' as u32, 'ı' as u32];

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

fn add_widths(first: MatchWidth, second: MatchWidth) -> MatchWidth {
    (first.0.saturating_add(second.0), first.1.saturating_add(second.1))
}
