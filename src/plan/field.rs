//! A field of a resource or table that changes.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A field with the value that it has and the one that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// Of a resource as the CLI writes it, `gateway_definition.gateway_storage_schema`; of a table behind its destination,
    /// `objects[main.bronze.orders].table_configuration.scd_type`.
    pub path: String,
    /// As deployed; absent where it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// As wanted; absent where it is no longer set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

impl FieldDifference {
    /// The old value as people read it: text without quotes, everything else as JSON, `(none)` where there is none.
    #[must_use]
    pub fn old_text(&self) -> String {
        value_text(self.old.as_ref())
    }

    /// The new value, likewise.
    #[must_use]
    pub fn new_text(&self) -> String {
        value_text(self.new.as_ref())
    }
}

impl fmt::Display for FieldDifference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} → {}", self.path, self.old_text(), self.new_text())
    }
}

/// What is not set, as people read it.
const NONE: &str = "(none)";

/// A value as people read it. A text that reads as if nothing were set is in quotes.
pub(super) fn value_text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => NONE.to_owned(),
        Some(Value::String(text)) if text != NONE => text.clone(),
        Some(other) => other.to_string(),
    }
}
