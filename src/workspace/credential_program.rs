//! Programs that print a token: `databricks auth token` and `az account get-access-token`.

use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::process::Command;

use super::attribute::{ATTRIBUTES, OTHER_VARIABLES};
use super::authenticator::Authenticator;
use super::error::AttemptError;
use super::program::Program;

/// The longest that such a program may take. They may refresh a token over the network, and do not ask anything.
const LIMIT: Duration = Duration::from_secs(60);

/// The most of its error output that goes into a message.
const LONGEST_COMPLAINT: usize = 600;

impl Authenticator {
    /// Runs a program and reads the JSON it prints. It sees the environment without the variables of unified
    /// authentication, but for `keep`: another identity in there would change its answer.
    pub(crate) async fn program_json<T: DeserializeOwned>(
        &self,
        program: &Program,
        arguments: &[&str],
        keep: &[&str],
    ) -> Result<T, AttemptError> {
        let name =
            program.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let shown = format!("{name} {}", arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        let variables = self.environment.variables().filter(|(name, _)| {
            keep.contains(name)
                || !(ATTRIBUTES.iter().any(|attribute| attribute.variables.contains(name))
                    || OTHER_VARIABLES.contains(name))
        });
        let child = Command::new(&program.path)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output();
        let output = tokio::select! {
            biased;
            () = self.transport.cancel.cancelled() => return Err(AttemptError::Interrupted),
            output = tokio::time::timeout(LIMIT, child) => output,
        };
        let output = match output {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => {
                return Err(AttemptError::Failed(format!("cannot run {}: {error}", program.path.display())));
            }
            Err(_) => {
                return Err(AttemptError::Failed(format!(
                    "`{shown}` did not end within {} s",
                    LIMIT.as_secs()
                )));
            }
        };
        if !output.status.success() {
            let complaint = complaint(&output.stderr);
            return Err(AttemptError::Failed(format!("`{shown}` failed ({}): {complaint}", output.status)));
        }
        // What it printed is a secret, readable or not.
        serde_json::from_slice(&output.stdout)
            .map_err(|_| AttemptError::Failed(format!("`{shown}` printed something other than a token")))
    }
}

/// The end of a program's error output, on one line.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().rev().nth(LONGEST_COMPLAINT) {
        Some((start, _)) => format!("…{}", &text[start..]),
        None => text,
    }
}
