//! Expressions of SQL with their parameters.

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(in crate::store) enum SqlValue {
    /// An integer.
    Integer(i64),
    /// A float.
    Real(f64),
    /// A text.
    Text(String),
    /// Any number of texts, for [`super::Dialect::is_in`].
    TextList(Vec<String>),
}

/// An SQL expression that is true if a condition holds, and its parameters, each a `?` in the text. Unless noted
/// otherwise, it is about the row `t` of `trace_info`.
#[derive(Clone, Debug)]
pub(in crate::store) struct Sql {
    pub(in crate::store) text: String,
    pub(in crate::store) values: Vec<SqlValue>,
}

/// A condition that always holds.
const TRUE: &str = "1 = 1";

impl Sql {
    pub(in crate::store) fn new(text: impl Into<String>, values: Vec<SqlValue>) -> Self {
        Self { text: text.into(), values }
    }

    pub(super) fn constant(condition: bool) -> Self {
        Self::new(if condition { TRUE } else { "1 = 0" }, Vec::new())
    }

    /// Whether there is no condition.
    pub(in crate::store) fn is_always_true(&self) -> bool {
        self.text == TRUE
    }

    /// Joins conditions with `and`; always true if there are none.
    pub(in crate::store) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for part in parts {
            texts.push(format!("({})", part.text));
            values.extend(part.values);
        }
        if texts.is_empty() { Self::constant(true) } else { Self::new(texts.join(" and "), values) }
    }

    /// Inserts the condition into a text, in place of `{}`.
    pub(super) fn wrap_in(self, text: &str) -> Self {
        Self::new(text.replacen("{}", &self.text, 1), self.values)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::new(format!("({}) or ({})", self.text, other.text), [self.values, other.values].concat())
    }
}
