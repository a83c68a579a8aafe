//! A stand-in for the `databricks` program: `bundle validate|plan|deploy|summary|destroy|deployment bind`, `version`.

use std::process::ExitCode;

/// Runs the stand-in when the program was started under the name `databricks` (a link to any binary that calls this
/// first), and answers its exit status; otherwise answers `None` and does nothing.
#[must_use]
pub fn run_if_called_as_databricks() -> Option<ExitCode> {
    None
}
