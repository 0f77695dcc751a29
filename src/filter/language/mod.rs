//! MLflow's filter language, `search_traces(filter_string=…)`, as MLflow 3.18 reads it (`utils/search_utils.py`,
//! `SearchTraceUtils`; `store/tracking/sqlalchemy_store.py`, `_get_filter_clauses_for_search_traces`).
//!
//! What MLflow accepts is accepted, oddities too, and what it refuses is refused, with better words.

mod display;
mod keys;
mod lexer;
mod list;

use super::{Clause, Comparison, Label, NumberKey, Operand, Regex, TextTest};
use keys::Key;
use lexer::{Kind, Token, tokens};
use std::ops::Range;

pub use display::text;
pub use keys::ATTRIBUTES;

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The piece of the text that is, in bytes.
    pub at: Range<usize>,
    /// What to write instead.
    pub hint: Option<String>,
    /// A word that is not known, and the words that are.
    pub unknown: Option<(String, &'static [&'static str])>,
}

/// Reads a filter.
///
/// # Errors
/// Where MLflow refuses it.
pub fn parse(text: &str) -> Result<Vec<Clause>, SyntaxError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser { text, tokens: tokens(text), at: 0 };
    if parser.tokens.is_empty() {
        return Err(error(0..text.len(), "the filter is blank").hinted("leave it out, or say what has to hold"));
    }
    let mut clauses = Vec::new();
    let mut run = None;
    let mut bounds = Vec::new();
    let mut before = Form::Joined;
    while let Some(token) = parser.peek().cloned() {
        if parser.is_word(&token, &["AND"]) {
            parser.at += 1;
            before = Form::Joined;
            continue;
        }
        let (clause, form) = parser.clause(&token)?;
        if !form.may_follow(before) {
            return Err(error(token.at, "AND is missing before this"));
        }
        before = form;
        if let Clause::Number(NumberKey::Timestamp, Comparison::Greater | Comparison::AtLeast, operand) = &clause {
            bounds.push((token.at.clone(), operand.clone()));
        }
        match clause {
            // Of several the last one counts, and an empty one is none.
            Clause::Run(id) => run = Some(id),
            clause => clauses.push(clause),
        }
    }
    if let Some(wrong) = wrong_bound(&clauses, &bounds) {
        return Err(wrong);
    }
    clauses.extend(run.filter(|id| !id.is_empty()).map(Clause::Run));
    Ok(clauses)
}

/// Why lower bounds on the start of traces cannot go with conditions on spans: MLflow makes another one of the greatest,
/// ten seconds earlier and in nanoseconds. Tells the place of the wrong one.
fn wrong_bound(clauses: &[Clause], bounds: &[(Range<usize>, Operand)]) -> Option<SyntaxError> {
    if !clauses.iter().any(|clause| matches!(clause, Clause::Span(_))) {
        return None;
    }
    let is_text = |(_, operand): &&(Range<usize>, Operand)| matches!(operand, Operand::Text(_));
    if let Some((at, _)) = bounds.iter().find(is_text) {
        return Some(error(at.clone(), "beside conditions on spans this has to be a bare number"));
    }
    let integers = bounds.iter().filter_map(|(at, operand)| match operand {
        Operand::Int(millis) => Some((*millis, at)),
        Operand::Float(_) | Operand::Text(_) => None,
    });
    let (greatest, at) = integers.max_by_key(|(millis, _)| *millis)?;
    let is_beyond = greatest.checked_sub(10_000).and_then(|bound| bound.checked_mul(1_000_000)).is_none();
    is_beyond.then(|| error(at.clone(), "beside conditions on spans this is too far from now"))
}

/// The tag or entry of the metadata that a key names: `tags.team`, ``metadata.`mlflow.trace.user` ``.
#[must_use]
pub fn label(text: &str) -> Option<Label> {
    let key = keys::key(text, &(0..text.len())).ok()?;
    keys::label_of(&key)
}

/// How a clause looks, which decides whether MLflow's parser can tell where the next one begins without AND.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// None yet, or AND stood there.
    Joined,
    Compared,
    Listed,
    Null,
}

impl Form {
    /// An identifier behind a value is taken for an alias of it, unless it belongs to a comparison.
    fn may_follow(self, before: Self) -> bool {
        self == Self::Compared || matches!(before, Self::Joined | Self::Null)
    }
}

/// What stands behind a key.
enum Test {
    Compare(Operator, Value),
    Null { is_null: bool },
}

/// An operator as it was written.
struct Operator {
    text: String,
    at: Range<usize>,
}

/// A value as it was written.
struct Value {
    content: Content,
    at: Range<usize>,
}

enum Content {
    Text(String),
    Int(i64),
    Float(f64),
    List(Vec<String>),
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

fn error(at: Range<usize>, message: impl Into<String>) -> SyntaxError {
    SyntaxError { message: message.into(), at, hint: None, unknown: None }
}

impl SyntaxError {
    fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn among(mut self, word: &str, known: &'static [&'static str]) -> Self {
        self.unknown = Some((word.to_owned(), known));
        self
    }
}

/// Words that MLflow's parser takes for SQL even behind a dot.
const RESERVED: [&str; 6] = ["CASE", "IN", "VALUES", "USING", "FROM", "AS"];

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token> {
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

    fn is_word(&self, token: &Token, words: &[&str]) -> bool {
        token.kind == Kind::Word && words.iter().any(|word| self.slice(&token.at).eq_ignore_ascii_case(word))
    }

    /// The end of the text, for something that is missing there.
    fn end(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        end..end
    }

    fn clause(&mut self, first: &Token) -> Result<(Clause, Form), SyntaxError> {
        let place = self.identifier(first)?;
        let key = keys::key(self.text, &place)?;
        let is_bare = |word: &str| self.slice(&place) == word;
        if is_bare("text") {
            return Err(error(place, "bare `text` is a word of SQL to MLflow").hinted("write `trace.text`"));
        }
        let is_bare_timestamp = is_bare("timestamp");
        let (test, form) = self.test()?;
        if let (true, Test::Compare(_, value)) = (is_bare_timestamp, &test)
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
            Kind::Word if self.is_word(first, &["OR"]) => {
                return Err(error(at, "OR is not part of MLflow's filters, only AND is")
                    .hinted("`key IN ('a', 'b')` or `key RLIKE 'a|b'` says it of one key; else ask twice"));
            }
            Kind::Word if self.is_word(first, &["NOT"]) => {
                return Err(error(at, "NOT is not part of MLflow's filters")
                    .hinted("`key != 'a'`, `key NOT IN ('a', 'b')` and `key IS NOT NULL` are"));
            }
            Kind::Word | Kind::Backtick | Kind::Double => {}
            Kind::Open => return Err(error(at, "parentheses are for lists only, behind IN and NOT IN")),
            Kind::Single => {
                return Err(
                    error(at, "a key is expected here, not a text").hinted("the key comes first: `status = 'OK'`")
                );
            }
            Kind::Operator => return Err(error(at, "a key is missing before this").hinted("`status = 'OK'`")),
            Kind::Integer | Kind::Float | Kind::Dot | Kind::Close | Kind::Other => return Err(self.stray(first)),
        }
        self.at += 1;
        let mut place = at;
        while let Some(dot) = self.peek().filter(|token| token.kind == Kind::Dot).cloned() {
            self.at += 1;
            place.end = dot.at.end;
            let Some(part) = self.peek().cloned() else { break };
            let is_apart = part.at.start > place.end;
            match part.kind {
                // Behind a space, a word of the language is one.
                Kind::Word if is_apart && self.is_word(&part, &["IS", "NOT", "IN", "AND", "NULL"]) => break,
                Kind::Word if self.is_word(&part, &RESERVED) => {
                    let word = self.slice(&part.at);
                    return Err(error(part.at.clone(), format!("`{word}` is a word of SQL"))
                        .hinted(format!("put it in backticks: {}`{word}`", self.slice(&place))));
                }
                Kind::Word | Kind::Backtick | Kind::Double | Kind::Single => {
                    self.at += 1;
                    place.end = part.at.end;
                    if part.kind == Kind::Single {
                        break;
                    }
                }
                Kind::Dot => {}
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
            "-" if self.text[token.at.end..].starts_with('-') => found.hinted("filters have no comments"),
            _ => found.hinted("a key with other signs than letters, digits, `_` and dots goes in backticks"),
        }
    }

    fn test(&mut self) -> Result<(Test, Form), SyntaxError> {
        const OPERATORS: &str = "=, !=, >, >=, <, <=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL and IS NOT NULL are";
        let Some(token) = self.next() else {
            return Err(error(self.end(), "an operator is missing at the end").hinted(OPERATORS));
        };
        if token.kind == Kind::Operator {
            let operator = self.operator(&token)?;
            let value = self.value(&operator)?;
            return Ok((Test::Compare(operator, value), Form::Compared));
        }
        let negation = self.is_word(&token, &["NOT"]).then(|| token.clone());
        let word = if negation.is_some() { self.next().unwrap_or_else(|| token.clone()) } else { token.clone() };
        if self.is_word(&word, &["IN"]) {
            let at = token.at.start..word.at.end;
            // Lower-case letters pass for some keys only, so the word stays as it was written.
            let text = if negation.is_some() { "NOT IN".to_owned() } else { self.slice(&word.at).to_owned() };
            let value = self.list()?;
            return Ok((Test::Compare(Operator { text, at }, value), Form::Listed));
        }
        if negation.is_none() && self.is_word(&word, &["IS"]) {
            return Ok((self.null(&word)?, Form::Null));
        }
        if matches!(token.kind, Kind::Other) {
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

    fn value(&mut self, operator: &Operator) -> Result<Value, SyntaxError> {
        let Some(token) = self.next() else {
            return Err(error(self.end(), format!("a value is missing behind `{}`", operator.text)));
        };
        let text = self.slice(&token.at);
        let content = match token.kind {
            Kind::Single | Kind::Double => Content::Text(text[1..text.len() - 1].to_owned()),
            Kind::Integer => {
                Content::Int(text.parse().map_err(|_| error(token.at.clone(), "this number is too large"))?)
            }
            Kind::Float => Content::Float(text.parse().map_err(|_| error(token.at.clone(), "this is no number"))?),
            Kind::Word if self.is_word(&token, &["NULL"]) => {
                return Err(error(token.at, "nothing compares with NULL").hinted("write `IS NULL` or `IS NOT NULL`"));
            }
            Kind::Word | Kind::Backtick => {
                let bare = text.trim_matches('`');
                return Err(error(token.at, "a text has to be quoted").hinted(format!("write '{bare}'")));
            }
            Kind::Open => {
                return Err(
                    error(token.at, format!("a list does not go with `{}`", operator.text)).hinted("write `IN`")
                );
            }
            Kind::Operator | Kind::Dot | Kind::Close | Kind::Other => return Err(self.stray(&token)),
        };
        if let Some(next) = self.peek()
            && !matches!(next.kind, Kind::Word | Kind::Backtick)
        {
            return Err(match next.kind {
                Kind::Double => error(next.at.clone(), "a second value")
                    .hinted("a quote inside of a text: use the other kind around it"),
                Kind::Single => error(next.at.clone(), "a second value")
                    .hinted("a quote inside of a text: use the other kind around it"),
                _ => self.stray(next),
            });
        }
        Ok(Value { content, at: token.at })
    }

    fn list(&mut self) -> Result<Value, SyntaxError> {
        let Some(open) = self.next().filter(|token| token.kind == Kind::Open) else {
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
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            end = token.at.end;
        }
        let at = open.at.start..end;
        let strings = list::strings(self.slice(&at)).map_err(|why| error(at.clone(), why))?;
        Ok(Value { content: Content::List(strings), at })
    }

    /// `IS NULL` or `IS NOT NULL`; the latter with one space, since MLflow knows it as one word.
    fn null(&mut self, is: &Token) -> Result<Test, SyntaxError> {
        const EXPECTED: &str = "NULL or NOT NULL is expected behind IS";
        let next = self.next();
        match &next {
            Some(token) if self.is_word(token, &["NULL"]) => return Ok(Test::Null { is_null: true }),
            Some(not) if self.is_word(not, &["NOT"]) => {
                if let Some(null) = self.next()
                    && self.is_word(&null, &["NULL"])
                {
                    let at = not.at.start..null.at.end;
                    if self.slice(&at).len() == "NOT NULL".len() && self.slice(&at).contains(' ') {
                        return Ok(Test::Null { is_null: false });
                    }
                    return Err(error(at, "MLflow knows NOT NULL with one space in it only"));
                }
            }
            _ => {}
        }
        Err(error(next.map_or(is.at.clone(), |token| token.at), EXPECTED))
    }
}

impl Test {
    /// A condition on a text by the operators that MLflow has for texts; those for lists only `with_lists`.
    fn text(self, key: &Key<'_>, with_lists: bool) -> Result<TextTest, SyntaxError> {
        let Self::Compare(operator, value) = &self else { return Err(self.refused(key, with_lists)) };
        let name = operator.text.to_ascii_uppercase();
        match (name.as_str(), &value.content) {
            ("=", Content::Text(text)) => Ok(TextTest::Is(text.clone())),
            ("!=", Content::Text(text)) => Ok(TextTest::IsNot(text.clone())),
            ("LIKE", Content::Text(text)) => Ok(TextTest::Like(text.clone())),
            ("ILIKE", Content::Text(text)) => Ok(TextTest::Ilike(text.clone())),
            ("RLIKE", Content::Text(text)) => Ok(TextTest::Rlike(Regex::new(text))),
            ("IN", Content::List(list)) if with_lists => Ok(TextTest::In(list.clone())),
            ("NOT IN", Content::List(list)) if with_lists => Ok(TextTest::NotIn(list.clone())),
            (_, Content::Int(_) | Content::Float(_)) => {
                let wrong = error(value.at.clone(), format!("`{}` compares with a quoted text", key.name));
                Err(wrong.hinted("put the number in quotes: '5'"))
            }
            _ => Err(self.refused(key, with_lists)),
        }
    }

    /// A condition on a number.
    fn number(self, key: &Key<'_>) -> Result<(Comparison, Operand), SyntaxError> {
        let Self::Compare(operator, value) = self else { return Err(self.refused(key, false)) };
        let Some(comparison) = Comparison::ALL.into_iter().find(|one| one.sign() == operator.text) else {
            return Err(error(operator.at, format!("`{}` does not go with `{}`", operator.text, key.name))
                .hinted("=, !=, >, >=, < and <= do"));
        };
        let operand = match value.content {
            Content::Int(number) => Operand::Int(number),
            Content::Float(number) => Operand::Float(number),
            Content::Text(text) => Operand::Text(text),
            Content::List(_) => return Err(error(value.at, "a number is expected here")),
        };
        Ok((comparison, operand))
    }

    /// An operator that a key does not have.
    fn refused(&self, key: &Key<'_>, with_lists: bool) -> SyntaxError {
        let lists = if with_lists { "IN, NOT IN, " } else { "" };
        let nulls = if key.has_nulls() { ", IS NULL and IS NOT NULL do" } else { " do" };
        let hint = format!("=, !=, {lists}LIKE, ILIKE, RLIKE{nulls}");
        match self {
            Self::Compare(operator, _) => {
                error(operator.at.clone(), format!("`{}` does not go with `{}`", operator.text, key.name)).hinted(hint)
            }
            Self::Null { .. } => error(key.at.clone(), format!("`{}` cannot be asked for NULL", key.name)).hinted(hint),
        }
    }
}

#[cfg(test)]
mod tests;
