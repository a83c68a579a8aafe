//! One cell of a row, as its source gives it.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::yaml::{Data, Node};

/// One cell. CSV knows text alone; JSON, YAML and Delta tables give types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// NULL, or not there at all.
    Null,
    /// Text, trimmed; may be empty.
    Text(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A list.
    List(&'a [Value]),
    /// A map, in order.
    Map(&'a [(String, Value)]),
}

impl<'a> Cell<'a> {
    /// Whether it says nothing: NULL, or empty text. `NA` and `null` as text are text.
    #[must_use]
    pub fn is_blank(self) -> bool {
        matches!(self, Self::Null | Self::Text(""))
    }

    /// A scalar as text; nothing where it is blank, a list or a map.
    #[must_use]
    pub fn scalar(self) -> Option<&'a str> {
        match self {
            Self::Text("") | Self::Null | Self::List(_) | Self::Map(_) => None,
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
        }
    }

    /// For people and for CSV: scalars as they are, lists and maps as JSON.
    #[must_use]
    pub fn display(self) -> Cow<'a, str> {
        match self {
            Self::List(_) | Self::Map(_) => {
                let mut out = String::new();
                write_json(&mut out, self);
                Cow::Owned(out)
            }
            scalar => Cow::Borrowed(scalar.scalar().unwrap_or_default()),
        }
    }
}

/// A value that is owned: an item of a list, a default, an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// Text, trimmed.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in order.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// The same as a cell.
    #[must_use]
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Boolean(flag) => Cell::Boolean(*flag),
            Self::Number(text) => Cell::Number(text),
            Self::List(items) => Cell::List(items),
            Self::Map(entries) => Cell::Map(entries),
        }
    }
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        match node.data {
            Data::Null => Self::Null,
            Data::Boolean(flag) => Self::Boolean(flag),
            Data::Number(text) => Self::Number(text),
            Data::Text(text) => {
                let trimmed = text.trim();
                if trimmed.len() == text.len() { Self::Text(text) } else { Self::Text(trimmed.to_owned()) }
            }
            Data::List(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Data::Map(entries) => Self::Map(
                entries.into_iter().map(|(key, value)| (key.text.trim().to_owned(), value.into())).collect(),
            ),
        }
    }
}

fn write_json(out: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Null => out.push_str("null"),
        Cell::Boolean(flag) => {
            let _ = write!(out, "{flag}");
        }
        Cell::Number(text) if serde_json::from_str::<serde_json::Number>(text).is_ok() => out.push_str(text),
        Cell::Text(text) | Cell::Number(text) => write_json_text(out, text),
        Cell::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_json(out, item.cell());
            }
            out.push(']');
        }
        Cell::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_json_text(out, key);
                out.push_str(": ");
                write_json(out, value.cell());
            }
            out.push('}');
        }
    }
}

fn write_json_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_tools_for_nothing_are_text() {
        for text in ["NA", "null", "None", "nan"] {
            assert_eq!(Cell::Text(text).scalar(), Some(text));
        }
        assert!(Cell::Null.is_blank() && Cell::Text("").is_blank());
        assert_eq!(Cell::Boolean(false).scalar(), Some("false"));
    }

    #[test]
    fn lists_and_maps_are_shown_as_json() {
        let node = crate::yaml::read("{a: [01, 2, x\"y, ~], b: true}").unwrap();
        let value = Value::from(node);
        assert_eq!(value.cell().display(), r#"{"a": ["01", 2, "x\"y", null], "b": true}"#);
    }
}
