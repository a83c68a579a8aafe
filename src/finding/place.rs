//! Where the cause of a finding stands.

use std::fmt;

use serde::Serialize;

/// A place in what the user wrote, or in the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A flag of the command line, `--target`.
    Argument {
        /// The flag with its dashes.
        flag: String,
    },
    /// A place in a file.
    File {
        /// The path as the user gave it; `<stdin>` for standard input.
        file: String,
        /// From 1, a header counted.
        line: u32,
        /// From 1, in characters.
        column: u32,
    },
    /// A row of a Unity Catalog table: such a row has no line, so its key names it.
    Row {
        /// Three-part name.
        table: String,
        /// The Delta version that was read; absent where it could not be pinned.
        version: Option<i64>,
        /// The row's key, `connection/source/…`, as rows are told apart.
        key: String,
        /// The column, where it is one cell.
        column: Option<String>,
    },
    /// A whole file or folder.
    Path {
        /// As the user gave it.
        path: String,
    },
    /// A resource of the bundle, `pipelines.pipeline_sales_01_p01`.
    Resource {
        /// Kind and key.
        key: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument { flag } => write!(formatter, "{flag}"),
            Self::File { file, line, column } => write!(formatter, "{file}:{line}:{column}"),
            Self::Row { table, version, key, column } => {
                write!(formatter, "{table}")?;
                if let Some(version) = version {
                    write!(formatter, " @ v{version}")?;
                }
                write!(formatter, ", row {key}")?;
                column.as_ref().map_or(Ok(()), |column| write!(formatter, ", column {column}"))
            }
            Self::Path { path } => write!(formatter, "{path}"),
            Self::Resource { key } => write!(formatter, "{key}"),
        }
    }
}
