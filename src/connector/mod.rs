//! What tapworks knows of each Lakeflow Connect source: its columns and defaults as data, and one function per shape of
//! an ingested object.

mod object;
mod registry;
mod shape;

pub use object::{Configuration, Destination, Object, ObjectSource, ScdType};
pub use registry::{Connector, Family, connector, connectors};
pub use shape::{Fields, Shape};
