//! From a table of what to ingest to deployed Lakeflow Connect pipelines.

pub mod closest;
pub mod connector;
pub mod environment;
pub mod event;
pub mod files;
pub mod finding;
pub mod interrupt;
pub mod placement;
pub mod plan;
pub mod settings;
pub mod source;
pub mod table;
pub mod text;
pub mod workspace;
pub mod yaml;

/// The program.
pub fn main() -> std::process::ExitCode {
    if let Some(status) = tapworks_mocks::databricks::run_if_called_as_databricks() {
        return status;
    }
    std::process::ExitCode::SUCCESS
}
