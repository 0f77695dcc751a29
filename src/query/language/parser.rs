//! From the pieces of a filter to its conditions: the grammar, with what to write where it is missed.

use super::lexer::{Token, TokenKind};
use super::operators::{Content, Literal, Operator, ParsedTest};
use super::{ClauseForm, SyntaxError, error, keys, list};
use crate::query::Clause;
use std::ops::Range;

const MILLISECONDS: &str =
    "numbers are bare and in milliseconds; --since, --until and --min-duration take dates and units";

/// Words that MLflow's parser takes for SQL even behind a dot.
pub(super) const RESERVED: [&str; 6] = ["CASE", "IN", "VALUES", "USING", "FROM", "AS"];

/// Goes through the pieces of a filter.
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

    /// The end of the text, for something that is missing there.
    fn end(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        end..end
    }

    pub(super) fn clause(&mut self, first: &Token) -> Result<(Clause, ClauseForm), SyntaxError> {
        let place = self.identifier(first)?;
        let key = keys::key(self.text, &place)?;
        let is_bare = |word: &str| self.slice(&place) == word;
        if is_bare("text") {
            return Err(error(place, "bare `text` is a word of SQL to MLflow").hinted("write `trace.text`"));
        }
        let is_bare_timestamp = is_bare("timestamp");
        let (test, form) = self.test()?;
        if let (true, ParsedTest::Compare(_, value)) = (is_bare_timestamp, &test)
            && !matches!(value.content, Content::Int(_))
        {
            let message = "bare `timestamp` compares with a whole number only, in MLflow";
            return Err(error(value.at.clone(), message).hinted("write `timestamp_ms`"));
        }
        Ok((keys::clause(&key, test)?, form))
    }

    /// Where a key stands, with its prefix: words and quoted pieces joined by dots.
    fn identifier(&mut self, first: &Token) -> Result<Range<usize>, SyntaxError> {
        let at = first.at.clone();
        match first.kind {
            TokenKind::Word if self.is_word(first, &["OR"]) => {
                return Err(error(at, "OR is not part of MLflow's filters, only AND is")
                    .hinted("`key IN ('a', 'b')` or `key RLIKE 'a|b'` says it of one key; else ask twice"));
            }
            TokenKind::Word if self.is_word(first, &["NOT"]) => {
                return Err(error(at, "NOT is not part of MLflow's filters")
                    .hinted("`key != 'a'`, `key NOT IN ('a', 'b')` and `key IS NOT NULL` are"));
            }
            TokenKind::Word | TokenKind::Backtick | TokenKind::Double => {}
            TokenKind::Open => return Err(error(at, "parentheses are for lists only, behind IN and NOT IN")),
            TokenKind::Single => {
                return Err(
                    error(at, "a key is expected here, not a text").hinted("the key comes first: `status = 'OK'`")
                );
            }
            TokenKind::Operator => return Err(error(at, "a key is missing before this").hinted("`status = 'OK'`")),
            TokenKind::Integer | TokenKind::Float | TokenKind::Dot | TokenKind::Close | TokenKind::Other => {
                return Err(self.stray(first));
            }
        }
        self.at += 1;
        let mut place = at;
        while let Some(dot) = self.peek().filter(|token| token.kind == TokenKind::Dot).cloned() {
            self.at += 1;
            place.end = dot.at.end;
            let Some(part) = self.peek().cloned() else { break };
            let is_apart = part.at.start > place.end;
            match part.kind {
                // Behind a space, a word of the language is one.
                TokenKind::Word if is_apart && self.is_word(&part, &["IS", "NOT", "IN", "AND", "NULL"]) => break,
                TokenKind::Word if self.is_word(&part, &RESERVED) => {
                    let word = self.slice(&part.at);
                    return Err(error(part.at.clone(), format!("`{word}` is a word of SQL"))
                        .hinted(format!("put it in backticks: {}`{word}`", self.slice(&place))));
                }
                TokenKind::Word | TokenKind::Backtick | TokenKind::Double | TokenKind::Single => {
                    self.at += 1;
                    place.end = part.at.end;
                    if part.kind == TokenKind::Single {
                        break;
                    }
                }
                TokenKind::Dot => {}
                _ => break,
            }
        }
        Ok(place)
    }

    fn stray(&self, token: &Token) -> SyntaxError {
        let piece = self.slice(&token.at);
        let found = error(token.at.clone(), format!("`{piece}` has no place here"));
        match piece {
            "'" | "\"" | "`" => error(token.at.start..self.text.len(), "this quote is never closed"),
            ";" | "," | "&" => found.hinted("join conditions by AND"),
            "#" => found.hinted("filters have no comments"),
            "‘" | "’" | "“" | "”" => found.hinted("texts stand between ' or \""),
            "-" if self.text[token.at.end..].starts_with('-') => found.hinted("filters have no comments"),
            _ => found.hinted("a key with other signs than letters, digits, `_` and dots goes in backticks"),
        }
    }

    fn test(&mut self) -> Result<(ParsedTest, ClauseForm), SyntaxError> {
        const OPERATORS: &str = "=, !=, >, >=, <, <=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL and IS NOT NULL are";
        let Some(token) = self.next() else {
            return Err(error(self.end(), "an operator is missing at the end").hinted(OPERATORS));
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
            // Lower-case letters pass for some keys only, so the word stays as it was written.
            let text = if negation.is_some() { "NOT IN".to_owned() } else { self.slice(&word.at).to_owned() };
            let value = self.list()?;
            return Ok((ParsedTest::Compare(Operator { text, at }, value), ClauseForm::Listed));
        }
        if negation.is_none() && self.is_word(&word, &["IS"]) {
            return Ok((self.null(&word)?, ClauseForm::Null));
        }
        if matches!(token.kind, TokenKind::Other) {
            return Err(self.stray(&token));
        }
        let piece = self.slice(&token.at);
        Err(error(token.at.clone(), format!("`{piece}` is no operator")).hinted(OPERATORS))
    }

    fn operator(&self, token: &Token) -> Result<Operator, SyntaxError> {
        let text = self.slice(&token.at);
        let wrong = |hint: &str| Err(error(token.at.clone(), format!("`{text}` is no operator")).hinted(hint));
        match text.to_ascii_uppercase().as_str() {
            "=" | "!=" | ">" | ">=" | "<" | "<=" | "LIKE" | "ILIKE" | "RLIKE" => {
                Ok(Operator { text: text.to_owned(), at: token.at.clone() })
            }
            "==" => wrong("write `=`"),
            "<>" | "=!" => wrong("write `!=`"),
            "=>" => wrong("write `>=`"),
            "=<" => wrong("write `<=`"),
            "~" | "=~" | "REGEXP" => wrong("write `RLIKE`"),
            negated if negated.starts_with("NOT") => {
                wrong("only NOT IN can be negated; `RLIKE '^(?!…)'` says that a pattern does not fit")
            }
            _ => wrong("=, !=, >, >=, <, <=, LIKE, ILIKE and RLIKE are"),
        }
    }

    fn value(&mut self, operator: &Operator) -> Result<Literal, SyntaxError> {
        let Some(token) = self.next() else {
            return Err(error(self.end(), format!("a value is missing behind `{}`", operator.text)));
        };
        let text = self.slice(&token.at);
        let content = match token.kind {
            TokenKind::Single | TokenKind::Double => Content::Text(text[1..text.len() - 1].to_owned()),
            TokenKind::Integer => {
                Content::Int(text.parse().map_err(|_| error(token.at.clone(), "this number is too large"))?)
            }
            TokenKind::Float => Content::Float(text.parse().map_err(|_| error(token.at.clone(), "this is no number"))?),
            TokenKind::Word if self.is_word(&token, &["NULL"]) => {
                return Err(error(token.at, "nothing compares with NULL").hinted("write `IS NULL` or `IS NOT NULL`"));
            }
            TokenKind::Word if text.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err(error(token.at, "this is no number").hinted(MILLISECONDS));
            }
            TokenKind::Word | TokenKind::Backtick => {
                let bare = text.trim_matches('`');
                return Err(error(token.at, "a text has to be quoted").hinted(format!("write '{bare}'")));
            }
            TokenKind::Open => {
                return Err(
                    error(token.at, format!("a list does not go with `{}`", operator.text)).hinted("write `IN`")
                );
            }
            TokenKind::Operator | TokenKind::Dot | TokenKind::Close | TokenKind::Other => {
                return Err(self.stray(&token));
            }
        };
        if let Some(next) = self.peek()
            && !matches!(next.kind, TokenKind::Word | TokenKind::Backtick)
        {
            return Err(match next.kind {
                TokenKind::Integer | TokenKind::Float => error(next.at.clone(), "a second value").hinted(MILLISECONDS),
                TokenKind::Double | TokenKind::Single => error(next.at.clone(), "a second value")
                    .hinted("a quote inside of a text: use the other kind around it"),
                _ => self.stray(next),
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
                return Err(error(open.at.start..self.text.len(), "this parenthesis is never closed"));
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

    /// `IS NULL` or `IS NOT NULL`; the latter with one space, since MLflow knows it as one word.
    fn null(&mut self, is: &Token) -> Result<ParsedTest, SyntaxError> {
        const EXPECTED: &str = "NULL or NOT NULL is expected behind IS";
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
                    return Err(error(at, "MLflow knows NOT NULL with one space in it only"));
                }
            }
            _ => {}
        }
        Err(error(next.map_or(is.at.clone(), |token| token.at), EXPECTED))
    }
}
