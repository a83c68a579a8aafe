//! The mock workspace as a server, for trying things by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(status) = tapworks_mocks::databricks::run_if_called_as_databricks() {
        return status;
    }
    ExitCode::SUCCESS
}
