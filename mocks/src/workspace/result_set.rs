//! The result of a statement, and how its values are written.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use super::catalog::Column;
use super::rows::Rows;

/// The result of a statement: its columns, and rows that are rendered when they are asked for.
#[derive(Debug)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<Column>,
    pub(super) rows: Arc<Rows>,
    pub(super) order: Vec<u32>,
    pub(super) picks: Vec<Pick>,
}

/// Where a column of the result comes from.
#[derive(Debug)]
pub(super) enum Pick {
    Cell(usize),
    /// `CAST(… AS STRING)` of a cell with this type.
    Text(usize, String),
    Json(usize, String),
    Constant(String),
}

impl ResultSet {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Drops all rows but the first ones.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.order.truncate(rows);
    }

    fn value(&self, row: usize, pick: &Pick) -> Option<Cow<'_, str>> {
        match pick {
            Pick::Cell(at) => self.rows.cell(row, *at).map(Cow::Borrowed),
            Pick::Text(at, type_text) => self.rows.cell(row, *at).map(|cell| as_text(cell, type_text)),
            Pick::Json(at, type_text) => self.rows.cell(row, *at).map(|cell| as_json(cell, type_text)),
            Pick::Constant(_) => None,
        }
    }

    /// The bytes of a row in the service's own representation, which the inline limit counts.
    pub(crate) fn weight(&self, at: usize) -> usize {
        let row = self.order[at] as usize;
        let value = |pick: &Pick| match pick {
            Pick::Constant(value) => value.len(),
            pick => self.value(row, pick).map_or(0, |value| value.len()),
        };
        self.picks.iter().map(|pick| 8 + value(pick)).sum()
    }

    /// Rows as a compact JSON array of arrays.
    pub(crate) fn write_json(&self, range: Range<usize>, out: &mut Vec<u8>) {
        out.push(b'[');
        for at in range.clone() {
            if at > range.start {
                out.push(b',');
            }
            out.push(b'[');
            let row = self.order[at] as usize;
            for (column, pick) in self.picks.iter().enumerate() {
                if column > 0 {
                    out.push(b',');
                }
                let value = match pick {
                    Pick::Constant(value) => Some(Cow::Borrowed(value.as_str())),
                    pick => self.value(row, pick),
                };
                match value {
                    // Writing text into a vector cannot fail.
                    Some(text) => serde_json::to_writer(&mut *out, text.as_ref()).unwrap_or_default(),
                    None => out.extend_from_slice(b"null"),
                }
            }
            out.push(b']');
        }
        out.push(b']');
    }
}

/// `CAST(cell AS STRING)`: arrays, maps and structs are not JSON then, and a timestamp has a space.
fn as_text<'c>(cell: &'c str, type_text: &str) -> Cow<'c, str> {
    let kind = type_text.split(['<', '(']).next().unwrap_or_default();
    match kind {
        "TIMESTAMP" => {
            let bare = cell.trim_end_matches('Z').replace('T', " ");
            let bare = match bare.split_once('.') {
                Some((seconds, fraction)) if fraction.chars().all(|c| c == '0') => seconds.to_owned(),
                _ => bare,
            };
            Cow::Owned(bare)
        }
        "ARRAY" | "MAP" | "STRUCT" => match serde_json::from_str::<Json>(cell) {
            Ok(value) => Cow::Owned(spark_text(&value, kind == "STRUCT")),
            Err(_) => Cow::Borrowed(cell),
        },
        _ => Cow::Borrowed(cell),
    }
}

fn spark_text(value: &Json, is_struct: bool) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(all) => {
            let all: Vec<String> = all.iter().map(|value| spark_text(value, false)).collect();
            format!("[{}]", all.join(", "))
        }
        Json::Object(all) => {
            let all: Vec<String> = all
                .iter()
                .map(|(key, value)| {
                    let value = spark_text(value, false);
                    if is_struct { value } else { format!("{key} -> {value}") }
                })
                .collect();
            format!("{{{}}}", all.join(", "))
        }
        other => other.to_string(),
    }
}

/// `to_json(cell)`.
fn as_json<'c>(cell: &'c str, type_text: &str) -> Cow<'c, str> {
    if type_text.starts_with("ARRAY") || type_text.starts_with("MAP") || type_text.starts_with("STRUCT") {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(Json::from(cell).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_to_string_is_not_json() {
        assert_eq!(as_text("[\"a\",null]", "ARRAY<STRING>"), "[a, null]");
        assert_eq!(as_text("{\"a\":\"b\"}", "MAP<STRING,STRING>"), "{a -> b}");
        assert_eq!(as_text("{\"a\":\"b\"}", "STRUCT<a: STRING>"), "{b}");
        assert_eq!(as_text("2021-01-01T10:00:00.000Z", "TIMESTAMP"), "2021-01-01 10:00:00");
        assert_eq!(as_json("x", "STRING"), "\"x\"");
        assert_eq!(as_json("[]", "ARRAY<INT>"), "[]");
    }
}
