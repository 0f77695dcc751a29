//! The parser of the filter language, with hints for common mistakes.

use super::lexer::{Token, TokenKind};
use super::operators::{Content, Literal, Operator, ParsedTest};
use super::{ClauseForm, SyntaxError, error, keys, list};
use crate::query::{Clause, Regex};
use std::ops::Range;

const MILLISECONDS: &str = "use plain milliseconds, or --since, --until and --min-duration for dates and units";

/// Words that MLflow's parser treats as SQL keywords even after a dot.
pub(super) const RESERVED: [&str; 6] = ["CASE", "IN", "VALUES", "USING", "FROM", "AS"];

/// A parser over the tokens of a filter.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn slice(&self, at: &Range<usize>) -> &'a str {
        &self.text[at.clone()]
    }

    pub(super) fn is_word(&self, token: &Token, words: &[&str]) -> bool {
        token.kind == TokenKind::Word && words.iter().any(|word| self.slice(&token.at).eq_ignore_ascii_case(word))
    }

    /// The empty range at the end of the text, for errors about missing parts.
    fn end(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        end..end
    }

    pub(super) fn clause(&mut self, first: &Token) -> Result<(Clause, ClauseForm), SyntaxError> {
        let range = self.identifier(first)?;
        let key = keys::parse_key(self.text, &range)?;
        let is_bare = |word: &str| self.slice(&range) == word;
        if is_bare("text") {
            return Err(
                error(range, "`text` without a prefix is an SQL keyword to MLflow").with_hint("use `trace.text`")
            );
        }
        let is_bare_timestamp = is_bare("timestamp");
        let (test, form) = self.test()?;
        if let (true, ParsedTest::Compare(_, value)) = (is_bare_timestamp, &test)
            && !matches!(value.content, Content::Int(_))
        {
            let message = "`timestamp` requires an integer in MLflow";
            return Err(error(value.at.clone(), message).with_hint("use `timestamp_ms`"));
        }
        let at = if let ParsedTest::Compare(_, value) = &test { value.at.clone() } else { range };
        let clause = keys::build_clause(&key, test)?;
        if let Some(construct) = clause.regexes().find_map(Regex::unsupported) {
            return Err(error(at, format!("`RLIKE` does not support {construct}")));
        }
        Ok((clause, form))
    }

    /// Parses an identifier: words and quoted pieces joined by dots. Returns its byte range, including the prefix.
    fn identifier(&mut self, first: &Token) -> Result<Range<usize>, SyntaxError> {
        let at = first.at.clone();
        match first.kind {
            TokenKind::Word if self.is_word(first, &["OR"]) => {
                return Err(error(at, "MLflow's filters do not support OR, only AND").with_hint(
                    "for a single key use `key IN ('a', 'b')` or `key RLIKE 'a|b'`; otherwise run two queries",
                ));
            }
            TokenKind::Word if self.is_word(first, &["NOT"]) => {
                return Err(error(at, "MLflow's filters do not support NOT")
                    .with_hint("use `key != 'a'`, `key NOT IN ('a', 'b')` or `key IS NOT NULL`"));
            }
            TokenKind::Word | TokenKind::Backtick | TokenKind::Double => {}
            TokenKind::Open => return Err(error(at, "parentheses are only allowed around lists after IN and NOT IN")),
            TokenKind::Single => {
                return Err(error(at, "expected a key, not a string").with_hint("put the key first: `status = 'OK'`"));
            }
            TokenKind::Operator => {
                return Err(error(at, "missing key before this").with_hint("example: `status = 'OK'`"));
            }
            TokenKind::Integer | TokenKind::Float | TokenKind::Dot | TokenKind::Close | TokenKind::Other => {
                return Err(self.unexpected(first));
            }
        }
        self.at += 1;
        let mut range = at;
        while let Some(dot) = self.peek().filter(|token| token.kind == TokenKind::Dot).cloned() {
            self.at += 1;
            range.end = dot.at.end;
            let Some(part) = self.peek().cloned() else { break };
            let is_apart = part.at.start > range.end;
            match part.kind {
                // After whitespace, a keyword is a keyword.
                TokenKind::Word if is_apart && self.is_word(&part, &["IS", "NOT", "IN", "AND", "NULL"]) => break,
                TokenKind::Word if self.is_word(&part, &RESERVED) => {
                    let word = self.slice(&part.at);
                    return Err(error(part.at.clone(), format!("`{word}` is an SQL keyword"))
                        .with_hint(format!("put it in backticks: {}`{word}`", self.slice(&range))));
                }
                TokenKind::Word | TokenKind::Backtick | TokenKind::Double | TokenKind::Single => {
                    self.at += 1;
                    range.end = part.at.end;
                    if part.kind == TokenKind::Single {
                        break;
                    }
                }
                TokenKind::Dot => {}
                _ => break,
            }
        }
        Ok(range)
    }

    fn unexpected(&self, token: &Token) -> SyntaxError {
        let piece = self.slice(&token.at);
        let unexpected = error(token.at.clone(), format!("unexpected `{piece}`"));
        match piece {
            "'" | "\"" | "`" => error(token.at.start..self.text.len(), "unclosed quote"),
            ";" | "," | "&" => unexpected.with_hint("join conditions with AND"),
            "#" => unexpected.with_hint("filters do not support comments"),
            "‘" | "’" | "“" | "”" => unexpected.with_hint("quote strings with ' or \""),
            "-" if self.text[token.at.end..].starts_with('-') => {
                unexpected.with_hint("filters do not support comments")
            }
            _ => unexpected.with_hint("put keys with characters other than letters, digits, `_` and dots in backticks"),
        }
    }

    fn test(&mut self) -> Result<(ParsedTest, ClauseForm), SyntaxError> {
        const OPERATORS: &str = "expected =, !=, >, >=, <, <=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL or IS NOT NULL";
        let Some(token) = self.next() else {
            return Err(error(self.end(), "missing operator at the end").with_hint(OPERATORS));
        };
        if token.kind == TokenKind::Operator {
            let operator = self.operator(&token)?;
            let value = self.value(&operator)?;
            return Ok((ParsedTest::Compare(operator, value), ClauseForm::Compared));
        }
        let negation = self.is_word(&token, &["NOT"]).then(|| token.clone());
        let word = if negation.is_some() { self.next().unwrap_or_else(|| token.clone()) } else { token.clone() };
        if self.is_word(&word, &["IN"]) {
            let at = token.at.start..word.at.end;
            // Only some keys accept lowercase operators, so keep the operator as written.
            let text = if negation.is_some() { "NOT IN".to_owned() } else { self.slice(&word.at).to_owned() };
            let value = self.list()?;
            return Ok((ParsedTest::Compare(Operator { text, at }, value), ClauseForm::Listed));
        }
        if negation.is_none() && self.is_word(&word, &["IS"]) {
            return Ok((self.null(&word)?, ClauseForm::Null));
        }
        if matches!(token.kind, TokenKind::Other) {
            return Err(self.unexpected(&token));
        }
        let piece = self.slice(&token.at);
        Err(error(token.at.clone(), format!("unknown operator `{piece}`")).with_hint(OPERATORS))
    }

    fn operator(&self, token: &Token) -> Result<Operator, SyntaxError> {
        let text = self.slice(&token.at);
        let wrong = |hint: &str| Err(error(token.at.clone(), format!("unknown operator `{text}`")).with_hint(hint));
        match text.to_ascii_uppercase().as_str() {
            "=" | "!=" | ">" | ">=" | "<" | "<=" | "LIKE" | "ILIKE" | "RLIKE" => {
                Ok(Operator { text: text.to_owned(), at: token.at.clone() })
            }
            "==" => wrong("use `=`"),
            "<>" | "=!" => wrong("use `!=`"),
            "=>" => wrong("use `>=`"),
            "=<" => wrong("use `<=`"),
            "~" | "=~" | "REGEXP" => wrong("use `RLIKE`"),
            negated if negated.starts_with("NOT") => {
                wrong("only IN can be negated; to exclude a pattern use `RLIKE '^(?!…)'`")
            }
            _ => wrong("expected =, !=, >, >=, <, <=, LIKE, ILIKE or RLIKE"),
        }
    }

    fn value(&mut self, operator: &Operator) -> Result<Literal, SyntaxError> {
        let Some(token) = self.next() else {
            return Err(error(self.end(), format!("missing value after `{}`", operator.text)));
        };
        let text = self.slice(&token.at);
        let content = match token.kind {
            TokenKind::Single | TokenKind::Double => Content::Text(text[1..text.len() - 1].to_owned()),
            TokenKind::Integer => Content::Int(text.parse().map_err(|_| error(token.at.clone(), "number too large"))?),
            TokenKind::Float => Content::Float(text.parse().map_err(|_| error(token.at.clone(), "invalid number"))?),
            TokenKind::Word if self.is_word(&token, &["NULL"]) => {
                return Err(error(token.at, "cannot compare with NULL").with_hint("use `IS NULL` or `IS NOT NULL`"));
            }
            TokenKind::Word if text.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err(error(token.at, "invalid number").with_hint(MILLISECONDS));
            }
            TokenKind::Word | TokenKind::Backtick => {
                let bare = text.trim_matches('`');
                return Err(error(token.at, "strings must be quoted").with_hint(format!("use '{bare}'")));
            }
            TokenKind::Open => {
                return Err(
                    error(token.at, format!("`{}` does not support lists", operator.text)).with_hint("use `IN`")
                );
            }
            TokenKind::Operator | TokenKind::Dot | TokenKind::Close | TokenKind::Other => {
                return Err(self.unexpected(&token));
            }
        };
        if let Some(next) = self.peek()
            && !matches!(next.kind, TokenKind::Word | TokenKind::Backtick)
        {
            return Err(match next.kind {
                TokenKind::Integer | TokenKind::Float => {
                    error(next.at.clone(), "unexpected second value").with_hint(MILLISECONDS)
                }
                TokenKind::Double | TokenKind::Single => error(next.at.clone(), "unexpected second value")
                    .with_hint("for a quote within a string, use the other kind of quotes around it"),
                _ => self.unexpected(next),
            });
        }
        Ok(Literal { content, at: token.at })
    }

    fn list(&mut self) -> Result<Literal, SyntaxError> {
        let Some(open) = self.next().filter(|token| token.kind == TokenKind::Open) else {
            let at = self.tokens.get(self.at - 1).map_or_else(|| self.end(), |token| token.at.clone());
            return Err(error(at, list::EXPECTED));
        };
        let mut depth = 1;
        let mut end = open.at.end;
        while depth > 0 {
            let Some(token) = self.next() else {
                return Err(error(open.at.start..self.text.len(), "unclosed parenthesis"));
            };
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth -= 1,
                _ => {}
            }
            end = token.at.end;
        }
        let at = open.at.start..end;
        let strings = list::strings(self.slice(&at)).map_err(|why| error(at.clone(), why))?;
        Ok(Literal { content: Content::List(strings), at })
    }

    /// Parses `NULL` or `NOT NULL` after `IS`. `NOT NULL` must have a single space, because MLflow lexes it as one
    /// keyword.
    fn null(&mut self, is: &Token) -> Result<ParsedTest, SyntaxError> {
        const EXPECTED: &str = "expected NULL or NOT NULL after IS";
        let next = self.next();
        match &next {
            Some(token) if self.is_word(token, &["NULL"]) => return Ok(ParsedTest::Null { is_null: true }),
            Some(not) if self.is_word(not, &["NOT"]) => {
                if let Some(null) = self.next()
                    && self.is_word(&null, &["NULL"])
                {
                    let at = not.at.start..null.at.end;
                    if self.slice(&at).len() == "NOT NULL".len() && self.slice(&at).contains(' ') {
                        return Ok(ParsedTest::Null { is_null: false });
                    }
                    return Err(error(at, "NOT NULL must have exactly one space in MLflow"));
                }
            }
            _ => {}
        }
        Err(error(next.map_or(is.at.clone(), |token| token.at), EXPECTED))
    }
}
