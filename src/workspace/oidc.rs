//! Tokens of other parties: GitHub Actions, an environment variable, a file.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::authenticator::Authenticator;
use super::error::AttemptError;
use super::oauth::{Secret, read, safe};
use super::token::Token;
use super::transport::{Call, bearer};

#[derive(Deserialize)]
struct GithubAnswer {
    value: Secret,
}

impl Authenticator {
    /// GitHub's token for this job, exchanged for the workspace's. Needs `permissions: id-token: write`.
    pub(crate) async fn github_oidc(&self) -> Result<Token, AttemptError> {
        let address = self.required("actions_id_token_request_url")?;
        let token = self.required("actions_id_token_request_token")?;
        let mut url = Url::parse(address.expose_secret())
            .map_err(|_| AttemptError::Failed("ACTIONS_ID_TOKEN_REQUEST_URL is not an address".to_owned()))?;
        safe(&url)?;
        url.query_pairs_mut().append_pair("audience", &self.audience().await?);
        let mut headers = HeaderMap::new();
        if let Some(value) = bearer(&token) {
            headers.insert(AUTHORIZATION, value);
        }
        let call = Call { shown: "/(token of the job)".to_owned(), ..read(url, headers, self.budget()) };
        let answer: GithubAnswer = self.fetch_json(call).await?;
        self.exchanged(&answer.value.0).await
    }

    /// The token in the variable that `oidc_token_env` names, exchanged for the workspace's.
    pub(crate) async fn env_oidc(&self) -> Result<Token, AttemptError> {
        let variable = self.access.get("oidc_token_env").unwrap_or("DATABRICKS_OIDC_TOKEN");
        let jwt = self
            .environment
            .variable(variable)
            .ok_or_else(|| AttemptError::NotApplicable(format!("{variable} is not set")))?;
        self.exchanged(&SecretString::from(jwt.to_owned())).await
    }

    /// The token in a file, read anew each time since others renew it, exchanged for the workspace's.
    pub(crate) async fn file_oidc(&self) -> Result<Token, AttemptError> {
        let path =
            self.environment.directory().join(self.required("databricks_id_token_filepath")?.expose_secret());
        let shown = path.display().to_string();
        let read =
            tokio::task::spawn_blocking(move || std::fs::read_to_string(path).map(SecretString::from)).await;
        let jwt = match read {
            Ok(Ok(jwt)) => SecretString::from(jwt.expose_secret().trim().to_owned()),
            Ok(Err(error)) => return Err(AttemptError::Failed(format!("cannot read {shown}: {error}"))),
            Err(_) => return Err(AttemptError::Interrupted),
        };
        if jwt.expose_secret().is_empty() {
            return Err(AttemptError::Failed(format!("{shown} is empty")));
        }
        self.exchanged(&jwt).await
    }
}
