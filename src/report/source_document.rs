//! What was read, for every document.

use serde::Serialize;

use crate::deploy::TableVersion;

/// What was read.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum SourceDocument {
    /// A Unity Catalog table.
    Table {
        /// Three-part name.
        table: String,
        /// The Delta version; `null` where it could not be pinned.
        version: Option<i64>,
        /// How many rows.
        rows: usize,
        /// The workspace it was read through.
        host: String,
    },
    /// A file or standard input.
    File {
        /// As the user gave it.
        file: String,
        /// How many rows.
        rows: usize,
    },
}

impl SourceDocument {
    /// Which rows these are, where they are a version of a table.
    #[must_use]
    pub fn table_version(&self) -> Option<TableVersion> {
        match self {
            Self::Table { table, version: Some(version), host, .. } => {
                Some(TableVersion { host: host.clone(), table: table.clone(), version: *version })
            }
            Self::Table { version: None, .. } | Self::File { .. } => None,
        }
    }
}
