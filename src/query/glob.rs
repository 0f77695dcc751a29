//! Glob patterns for names: `*` matches any text, `?` any character. Brackets are literal.

/// A glob pattern. Without `*` and `?` it only matches itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: Vec<char>,
}

impl Glob {
    /// Returns a pattern; every text is a valid one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self { pattern: pattern.chars().collect() }
    }

    /// Returns the pattern as written.
    #[must_use]
    pub fn pattern(&self) -> String {
        self.pattern.iter().collect()
    }

    /// Returns the longest literal that every match contains, of characters that JSON never escapes.
    #[must_use]
    pub fn longest_literal(&self) -> String {
        let text = self.pattern();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        text.split(|c| !is_plain(c)).max_by_key(|piece| piece.len()).unwrap_or_default().to_owned()
    }

    /// Returns the pattern for SQLite's `GLOB`, with brackets escaped.
    #[must_use]
    pub fn to_sqlite(&self) -> String {
        self.pattern.iter().map(|c| if *c == '[' { "[[]".to_owned() } else { c.to_string() }).collect()
    }

    /// Returns the same pattern for SQL's `LIKE` with the escape character `\`.
    #[must_use]
    pub fn to_like(&self) -> String {
        let like = |c: &char| match c {
            '*' => "%".to_owned(),
            '?' => "_".to_owned(),
            '%' | '_' | '\\' => format!("\\{c}"),
            c => c.to_string(),
        };
        self.pattern.iter().map(like).collect()
    }

    /// Whether the complete text matches. Takes text × pattern steps at worst: backtracking only goes to the last star.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut part) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.pattern.get(part) {
                Some('*') => {
                    star = Some((part, at));
                    part += 1;
                }
                Some(c) if *c == '?' || *c == text[at] => {
                    at += 1;
                    part += 1;
                }
                _ => {
                    let Some((star_part, star_at)) = star else { return false };
                    star = Some((star_part, star_at + 1));
                    (part, at) = (star_part + 1, star_at + 1);
                }
            }
        }
        self.pattern[part..].iter().all(|c| *c == '*')
    }
}
