//! Turns an [`Access`] into tokens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::access::Access;
use super::auth_type::AuthType;
use super::error::{AttemptError, CredentialsError, Error};
use super::keyring::{Kept, Keyring, KeyringError};
use super::token::{Numbered, Token, TokenCache};
use super::transport::{Transport, bearer};
use crate::environment::Environment;

/// Fetches, keeps and renews the token of one client.
pub(crate) struct Authenticator {
    pub(crate) access: Access,
    pub(crate) environment: Environment,
    pub(crate) transport: Arc<Transport>,
    pub(crate) keyring: Arc<dyn Keyring>,
    /// Another login service of Azure than the real one, for tests.
    pub(crate) azure_login: Option<String>,
    cache: TokenCache,
}

impl Authenticator {
    pub(crate) fn new(
        access: Access,
        environment: Environment,
        transport: Arc<Transport>,
        keyring: Arc<dyn Keyring>,
    ) -> Self {
        Self { access, environment, transport, keyring, azure_login: None, cache: TokenCache::default() }
    }

    /// The token to send now.
    pub(crate) async fn token(&self) -> Result<Arc<Numbered>, Error> {
        self.cache.get(|| self.fetch()).await
    }

    /// The token to send after this one was refused, or `None` where there can be no other.
    pub(crate) async fn renewed(&self, refused: &Numbered) -> Result<Option<Arc<Numbered>>, Error> {
        if matches!(self.access.auth_type(), AuthType::Pat | AuthType::Basic) {
            return Ok(None);
        }
        let renewed = self.cache.renew(refused.number, || self.fetch()).await?;
        // A source that hands out the same again has nothing better.
        Ok((renewed.token.header != refused.token.header).then_some(renewed))
    }

    /// Goes through the ways to authenticate until one gives a token. Once one has, it is the only one.
    async fn fetch(&self) -> Result<Token, Error> {
        let settled = self.access.settled();
        let candidates: &[AuthType] = match &settled {
            Some(settled) => std::slice::from_ref(settled),
            None => self.access.candidates(),
        };
        let mut attempts = Vec::new();
        for auth_type in candidates {
            match self.attempt(*auth_type).await {
                Ok(token) => {
                    self.access.settle(*auth_type);
                    return Ok(token);
                }
                Err(AttemptError::Interrupted) => {
                    return Err(Error::Interrupted { doing: format!("authentication by {auth_type}") });
                }
                Err(error) => {
                    tracing::debug!(%auth_type, %error, "no token");
                    attempts.push((*auth_type, error));
                }
            }
        }
        Err(Error::Credentials(Box::new(CredentialsError {
            host: self.access.host().to_string(),
            attempts,
            unused: self.access.unused_variables().to_vec(),
        })))
    }

    async fn attempt(&self, auth_type: AuthType) -> Result<Token, AttemptError> {
        match auth_type {
            AuthType::Pat => {
                let token = self.required("token")?;
                self.bearer(&token, None)
            }
            AuthType::Basic => {
                let (name, password) = (self.required("username")?, self.required("password")?);
                Ok(Token::lasting(basic(&name, &password)?, None))
            }
            AuthType::OauthM2m => {
                let (id, secret) = (self.required("client_id")?, self.required("client_secret")?);
                self.client_credentials(&id, &secret).await
            }
            AuthType::DatabricksCli => self.databricks_cli().await,
            AuthType::GithubOidc => self.github_oidc().await,
            AuthType::EnvOidc => self.env_oidc().await,
            AuthType::FileOidc => self.file_oidc().await,
            AuthType::AzureClientSecret => self.azure_client_secret().await,
            AuthType::AzureCli => self.azure_cli().await,
            AuthType::Keyring => self.kept().await,
        }
    }

    /// What the keyring of this machine holds for this workspace.
    async fn kept(&self) -> Result<Token, AttemptError> {
        // A keyring may wait for a person.
        let kept = tokio::select! {
            biased;
            () = self.transport.cancel.cancelled() => return Err(AttemptError::Interrupted),
            kept = Kept::load(&self.keyring, self.access.host()) => kept,
        };
        match kept {
            Ok(Some(Kept::Token(token))) => self.bearer(&token, None),
            Ok(Some(Kept::Client { client_id, client_secret })) => {
                self.client_credentials(&SecretString::from(client_id), &client_secret).await
            }
            Ok(None) => {
                Err(AttemptError::NotApplicable("the keyring holds nothing for this workspace".to_owned()))
            }
            Err(KeyringError::Unavailable(_)) => Err(AttemptError::NoKeyring),
            Err(error) => Err(AttemptError::Failed(error.to_string())),
        }
    }

    /// A bearer token that is good for `lifetime`.
    pub(crate) fn bearer(
        &self,
        token: &SecretString,
        lifetime: Option<Duration>,
    ) -> Result<Token, AttemptError> {
        let header = bearer(token).ok_or_else(|| {
            AttemptError::Failed("the token holds characters that cannot be sent".to_owned())
        })?;
        Ok(Token::lasting(header, lifetime))
    }

    pub(crate) fn required(&self, key: &'static str) -> Result<SecretString, AttemptError> {
        self.access.secret(key).ok_or_else(|| AttemptError::NotApplicable(format!("{key} is not set")))
    }
}

/// The header `Authorization` of a name and a password.
pub(crate) fn basic(name: &SecretString, password: &SecretString) -> Result<HeaderValue, AttemptError> {
    let pair = format!("{}:{}", name.expose_secret(), password.expose_secret());
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| AttemptError::Failed("the password cannot be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}
