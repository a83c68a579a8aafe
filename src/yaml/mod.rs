//! YAML, read and written. The only module that names `serde_yaml`, so that a successor is a change here.

mod write;

pub use serde_yaml::{Mapping, Value};
pub use write::to_string;
