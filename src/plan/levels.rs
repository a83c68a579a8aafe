//! What a table is told at several levels: by itself, by the schema that it belongs to, by its pipeline.

use serde_json::Value;

use super::field::FieldDifference;

/// How tables are configured: here, in the schema that they belong to, or in the pipeline. The nearer one wins, field by field.
pub(super) const CONFIGURATION: &str = "table_configuration";

/// Blocks that are compared field by field.
const BLOCKS: &[&str] = &[
    CONFIGURATION,
    "table_configuration.query_based_connector_config",
    "connector_options",
    "connector_options.gdrive_options",
    "connector_options.kafka_options",
    "connector_options.sharepoint_options",
];

/// Where a field of `table_configuration` is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Table,
    Schema,
    Pipeline,
}

/// Nothing, an empty text and an empty list all say nothing.
pub(super) fn said(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

/// The value at a path of a block, where it says something.
pub(super) fn field<'a>(block: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = block;
    for name in path.split('.') {
        value = value.get(name)?;
    }
    said(Some(value))
}

/// The same block as several levels say it, the nearer first.
pub(super) struct Layers<'a> {
    near: Vec<&'a Value>,
    /// Those of [`CONFIGURATION`] that lie further away.
    away: Vec<&'a Value>,
}

impl<'a> Layers<'a> {
    /// Of an entry's own fields, and the configurations further away, the nearer first.
    pub(super) fn new(fields: &'a Value, away: impl IntoIterator<Item = &'a Value>) -> Self {
        Self { near: vec![fields], away: away.into_iter().collect() }
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        let blocks = self.near.iter().filter_map(|block| block.as_object());
        blocks.flat_map(|fields| fields.keys().map(String::as_str))
    }

    /// A block in this one.
    fn block(&self, name: &str, path: &str) -> Self {
        let mut near: Vec<&Value> = self.near.iter().filter_map(|block| block.get(name)).collect();
        if path == CONFIGURATION {
            near.extend(&self.away);
        }
        Self { near, away: Vec::new() }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.near.iter().find_map(|block| said(block.get(name)))
    }
}

/// The fields in which `new` differs from `old`, in the order of their names.
pub(super) fn differences(old: &Layers<'_>, new: &Layers<'_>) -> Vec<FieldDifference> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

fn compare(path: &str, old: &Layers<'_>, new: &Layers<'_>, found: &mut Vec<FieldDifference>) {
    let mut names: Vec<&str> = old.names().chain(new.names()).collect();
    if path.is_empty() {
        names.push(CONFIGURATION);
    }
    names.sort_unstable();
    names.dedup();
    for name in names {
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if BLOCKS.contains(&inner.as_str()) {
            compare(&inner, &old.block(name, &inner), &new.block(name, &inner), found);
            continue;
        }
        let (old, new) = (old.value(name), new.value(name));
        if !same(&inner, old, new) {
            found.push(FieldDifference { path: inner, old: old.cloned(), new: new.cloned() });
        }
    }
}

/// Whether two values of a field mean the same.
pub(super) fn same(path: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
    if path != "table_configuration.primary_keys" {
        return old == new;
    }
    // The columns of a key have no order.
    let sorted = |value: Option<&Value>| {
        let mut names: Vec<String> =
            value.and_then(Value::as_array).into_iter().flatten().map(ToString::to_string).collect();
        names.sort();
        names
    };
    sorted(old) == sorted(new)
}
