//! Rows and where they come from: CSV, JSON, JSON Lines and YAML files, standard input, and tables of Unity Catalog.

mod cell;
mod delimited;
mod difference;
mod encoding;
mod fold;
mod lines;
mod name;
mod read;
mod records;
mod rows;
mod spec;
mod table;
#[cfg(test)]
mod tests;

pub use cell::{Cell, Value};
pub use difference::differing_rows;
pub use fold::{Fold, KEPT};
pub use name::{TableName, TableNameError};
pub use read::{ReadOptions, SourceError, read_file, read_file_in, read_stdin};
pub use rows::{Origin, RowSet};
pub use spec::SourceSpec;
pub use table::{PinnedRows, read_table, read_table_at};
