//! Shell patterns over names: `*` any text, `?` any character, `[…]` not special.

/// A pattern; a text without `*` and `?` matches only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: Vec<char>,
}

impl Glob {
    /// Takes any text as a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self { pattern: pattern.chars().collect() }
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn text(&self) -> String {
        self.pattern.iter().collect()
    }

    /// The longest piece that has to stand in whatever fits, of signs that look the same inside of JSON.
    #[must_use]
    pub fn longest_text(&self) -> String {
        let text = self.text();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        text.split(|c| !is_plain(c)).max_by_key(|piece| piece.len()).unwrap_or_default().to_owned()
    }

    /// The pattern for SQLite's `glob`, where brackets mean something.
    #[must_use]
    pub fn sqlite(&self) -> String {
        self.pattern.iter().map(|c| if *c == '[' { "[[]".to_owned() } else { c.to_string() }).collect()
    }

    /// Whether a whole text fits. Time grows with text × pattern at worst: one star is remembered, never a stack of them.
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
