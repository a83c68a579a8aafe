//! JSON, JSON Lines and YAML: a list of maps, one for each row.

use super::cell::Value;
use super::delimited::no_rows;
use super::fold::Fold;
use super::rows::{Origin, RowSet, RowSetBuilder};
use crate::finding::{Finding, Findings, Place};
use crate::yaml::{self, Data, JsonReader, Mark, Node, ReadError};

/// Reads a JSON list of objects, or objects one after the other.
pub(super) fn read_json(origin: Origin, bytes: &[u8]) -> (RowSet, Findings) {
    let mut records = Records::new(origin);
    let mut reader = JsonReader::new(std::str::from_utf8(bytes).unwrap_or_default());
    if let Err(error) = json_items(&mut reader, &mut records) {
        records.refuse(&error);
    }
    records.finish()
}

fn json_items(reader: &mut JsonReader<'_>, records: &mut Records) -> Result<(), ReadError> {
    if !reader.skip(b'[') {
        while reader.peek().is_some() {
            records.add(reader.value()?);
        }
        return Ok(());
    }
    if !reader.skip(b']') {
        loop {
            records.add(reader.value()?);
            if reader.skip(b']') {
                break;
            }
            if !reader.skip(b',') {
                return Err(reader.error("`,` or `]` is expected here"));
            }
        }
    }
    match reader.peek() {
        None => Ok(()),
        Some(_) => Err(reader.error("something follows the end of the list")),
    }
}

/// Reads a YAML list of maps.
pub(super) fn read_yaml(origin: Origin, bytes: &[u8]) -> (RowSet, Findings) {
    let mut records = Records::new(origin);
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match yaml::read_items(text, |_, item| records.add(item)) {
        Ok(None) => {}
        Ok(Some(Node { data: Data::Null | Data::List(_), .. })) => {}
        Ok(Some(root)) => records.add(root),
        Err(error) => records.refuse(&error),
    }
    records.finish()
}

struct Records {
    origin: Origin,
    builder: RowSetBuilder,
    findings: Fold,
}

impl Records {
    fn new(origin: Origin) -> Self {
        Self { origin, builder: RowSetBuilder::new(true), findings: Fold::new() }
    }

    fn place(&self, mark: Mark) -> Place {
        Place::File { file: self.origin.name(), line: mark.line, column: mark.column }
    }

    fn refuse(&mut self, error: &ReadError) {
        let place = self.place(error.mark);
        self.findings.push("TW102", || {
            Finding::error("TW102", error.message.clone()).at(place).why("nothing behind this can be read")
        });
    }

    fn add(&mut self, node: Node) {
        let kind = node.kind();
        let Data::Map(entries) = node.data else {
            let place = self.place(node.mark);
            self.findings.push("TW103", || {
                Finding::error(
                    "TW103",
                    format!("a row must be a map of column names to values; this is {kind}"),
                )
                .at(place)
                .fix("write a list of maps, one for each row")
            });
            return;
        };
        self.builder.row(node.mark);
        let mut seen: Vec<usize> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let name = key.text.trim();
            let column = self.builder.column(name);
            if seen.contains(&column) {
                let place = self.place(key.mark);
                self.findings.push("TW107", || {
                    Finding::error("TW107", format!("column `{name}` is there twice in this row"))
                        .at(place)
                        .why("which of the two values holds cannot be known")
                        .fix("remove one of them")
                });
            }
            seen.push(column);
            let mark = value.mark;
            self.builder.set(column, Value::from(value).cell(), mark);
        }
    }

    fn finish(self) -> (RowSet, Findings) {
        let Self { origin, builder, mut findings } = self;
        let rows = builder.with_marks(origin);
        if rows.is_empty() && !findings.has_errors() {
            findings.push("TW104", || no_rows(&rows));
        }
        (rows, findings.finish())
    }
}
