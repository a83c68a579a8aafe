//! YAML, read and written, and JSON read with places. The only module that names `serde_yaml`, and the parser beneath the
//! reader, so that a successor is a change here.

mod json;
mod node;
mod read;
mod write;

pub use json::{JsonReader, read_json};
pub use node::{Data, Key, Mark, Node, ReadError};
pub use read::{read, read_items};
pub use serde_yaml::{Mapping, Value};
pub use write::{to_string, write_entry};

/// A document of our own as a value. Our documents are maps, lists and text, which always have one.
#[must_use]
pub fn to_value(document: &impl serde::Serialize) -> Value {
    serde_yaml::to_value(document).unwrap_or(Value::Null)
}
