//! A person's login, as the `databricks` CLI keeps it.

use std::time::Duration;

use serde::Deserialize;

use super::authenticator::Authenticator;
use super::error::AttemptError;
use super::oauth::Secret;
use super::program::Program;
use super::token::Token;

#[derive(Deserialize)]
struct Answer {
    access_token: Secret,
    expiry: Option<String>,
}

impl Authenticator {
    /// `databricks auth token`, by profile where one is in use, else by host. The CLI refreshes what is about to end.
    /// Its token store is its own business: we never read it.
    pub(crate) async fn databricks_cli(&self) -> Result<Token, AttemptError> {
        let program = Program::databricks(self.access.get("databricks_cli_path"), &self.environment)
            .ok_or_else(|| {
                AttemptError::NotApplicable("no `databricks` CLI (0.205 or later) on PATH".to_owned())
            })?;
        let host = self.access.host().to_string();
        let mut arguments = vec!["auth", "token"];
        match self.access.profile() {
            Some(profile) => arguments.extend(["--profile", profile]),
            None => arguments.extend(["--host", host.as_str()]),
        }
        let answer: Answer = self.program_json(&program, &arguments, &["DATABRICKS_CONFIG_FILE"]).await?;
        let lifetime = answer.expiry.and_then(|expiry| {
            let expiry: jiff::Timestamp = expiry.parse().ok()?;
            Some(Duration::try_from(expiry.duration_since(jiff::Timestamp::now())).unwrap_or_default())
        });
        self.bearer(&answer.access_token.0, lifetime)
    }
}
