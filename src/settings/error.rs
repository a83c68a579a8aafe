//! Settings that cannot be read at all. What is wrong inside settings that can be read is a finding.

use std::path::PathBuf;

use crate::files::FileError;

/// Settings that cannot be read at all: wrong usage.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that was named is not there.
    #[error("there is no settings file {}", .0.display())]
    Missing(PathBuf),
    /// Two files of which nobody says which holds.
    #[error("{} and {} are both there; name one with --config, or remove one", .0.display(), .1.display())]
    TwoFiles(PathBuf, PathBuf),
    /// No UTF-8.
    #[error("{file}:{line}:{column}: the settings are not UTF-8")]
    Encoding {
        /// As it is shown.
        file: String,
        /// From 1.
        line: u32,
        /// From 1.
        column: u32,
    },
    /// No YAML, or no JSON.
    #[error("{place}: {message}")]
    Syntax {
        /// `file:line:column`, or the flag and where in it.
        place: String,
        /// What the reader said.
        message: String,
    },
    /// A flag or variable whose value cannot be taken.
    #[error("{flag}: {message}")]
    Flag {
        /// The flag, or the variable.
        flag: String,
        /// Why not.
        message: String,
    },
}
