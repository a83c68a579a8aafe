//! A document as it was read, YAML or JSON, every value with its place.

use super::Value;

/// Where a value starts: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it starts.
    pub mark: Mark,
    /// What it is.
    pub data: Data,
}

/// What a value is. Numbers stay as they were written: `01` is one to a reader of numbers and a name to its writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as written.
    Number(String),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in order, repeated keys kept.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it starts.
    pub mark: Mark,
    /// The key as written.
    pub text: String,
}

/// A document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// Where.
    pub mark: Mark,
    /// What is wrong there.
    pub message: String,
}

impl ReadError {
    pub(super) fn new(mark: Mark, message: impl Into<String>) -> Self {
        Self { mark, message: message.into() }
    }
}

/// How deep values may nest. Deeper ones are no settings and no rows, and would exhaust the stack.
pub(super) const MAX_DEPTH: usize = 100;

impl Node {
    /// The text of a scalar: text and numbers as written, booleans as `true` and `false`.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match &self.data {
            Data::Boolean(true) => Some("true"),
            Data::Boolean(false) => Some("false"),
            Data::Number(text) | Data::Text(text) => Some(text),
            Data::Null | Data::List(_) | Data::Map(_) => None,
        }
    }

    /// What kind of value it is, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Boolean(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// The value of a key of a mapping, the last where it is repeated.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.data {
            Data::Map(entries) => entries.iter().rev().find(|(k, _)| k.text == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same without places, as the writer takes it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Boolean(flag) => Value::Bool(*flag),
            Data::Number(text) => number(text),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => Value::Sequence(items.iter().map(Self::to_value).collect()),
            Data::Map(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| (Value::String(key.text.clone()), value.to_value()))
                    .collect(),
            ),
        }
    }
}

/// A number as a number where that changes nothing about how it is written, and as text otherwise (`007`, `1e400`).
fn number(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return Value::from(number);
    }
    if text.contains('.')
        && let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Value::from(number);
    }
    Value::String(text.to_owned())
}
