//! YAML, read and written. The only module that names `serde_yaml`, so that a successor is a change here.

mod write;

pub use serde_yaml::{Mapping, Value};
pub use write::{to_string, write_entry};

/// A document of our own as a value. Our documents are maps, lists and text, which always have one.
#[must_use]
pub fn to_value(document: &impl serde::Serialize) -> Value {
    serde_yaml::to_value(document).unwrap_or(Value::Null)
}
