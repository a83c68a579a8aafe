//! Defaults and overrides: values for columns, for all rows or for those that a group key matches.

use super::Column;
use super::reader::{Document, Reader};
use crate::finding::{Finding, Place};
use crate::source::Value;
use crate::yaml::{Data, Key, Mark, Node};

/// A value for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The column, trimmed.
    pub column: String,
    /// The value.
    pub value: Value,
    /// Where it is written.
    pub place: Place,
}

/// The values of one group key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `*`, or what is compared with project, prefix, and prefix with subgroup.
    pub key: String,
    /// Where the key is written; for flat values where they start.
    pub place: Place,
    /// One for each column.
    pub values: Vec<Assigned>,
}

/// Defaults or overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    /// In the order in which they are written.
    pub layers: Vec<Layer>,
}

impl Assignments {
    /// These, with the values of `over` over them.
    #[must_use]
    pub(super) fn with(mut self, over: Self) -> Self {
        for layer in over.layers {
            match self.layers.iter_mut().find(|own| own.key == layer.key) {
                Some(own) => {
                    for value in layer.values {
                        own.values.retain(|other| other.column != value.column);
                        own.values.push(value);
                    }
                }
                None => self.layers.push(layer),
            }
        }
        self
    }
}

/// The key that matches every row.
const ALL: &str = "*";

/// The columns whose value may be a map, so that a map there is a value and no group.
const MAP_COLUMNS: [&str; 1] = ["tags"];

impl Reader<'_> {
    /// Flat values stand for all rows; maps of values stand under group keys. The two cannot be mixed: nobody can tell
    /// whether a name is then a column or a group.
    pub(super) fn assignments(&mut self, node: &Node, what: &str) -> Assignments {
        let entries = self.entries(node, what);
        let (groups, flat): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(key, value)| is_group(&key.text, value));
        if let (Some((group, _)), Some((column, _))) = (groups.first(), flat.first()) {
            self.findings.push(
                Finding::error(
                    "TW120",
                    format!(
                        "{what} mixes group keys (`{}`) with columns (`{}`)",
                        group.text.trim(),
                        column.text.trim()
                    ),
                )
                .at(self.place(column.mark))
                .why("a name at this level is either a group or a column, and it must be plain which")
                .fix(format!(
                    "put `{}` under `\"*\"`, which matches every row, or under the group it is for",
                    column.text.trim()
                )),
            );
        }
        let mut layers = Vec::new();
        if !flat.is_empty() {
            layers.push(self.layer(ALL, node.mark, &flat));
        }
        for (key, value) in groups {
            let what = format!("{what}.{}", key.text);
            let values = self.entries(value, &what);
            layers.push(self.layer(key.text.trim(), key.mark, &values));
        }
        Assignments { layers }
    }

    fn layer(&mut self, key: &str, mark: Mark, values: &[(&Key, &Node)]) -> Layer {
        let document: &Document = self.document;
        let values = values
            .iter()
            .map(|(key, node)| Assigned {
                column: key.text.trim().to_owned(),
                value: Value::from((*node).clone()),
                place: document.place(node.mark),
            })
            .collect();
        Layer { key: key.to_owned(), place: document.place(mark), values }
    }
}

/// Whether an entry is a group: a map, unless it stands at a column that holds maps and its own keys are no columns.
fn is_group(key: &str, value: &Node) -> bool {
    let Data::Map(entries) = &value.data else { return key.trim() == ALL };
    if !MAP_COLUMNS.contains(&key.trim()) {
        return true;
    }
    !entries.is_empty() && entries.iter().all(|(key, _)| Column::of(&key.text).is_some())
}
