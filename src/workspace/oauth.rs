//! OAuth of a workspace: client credentials and token exchange.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::authenticator::{Authenticator, basic};
use super::client::read_json;
use super::error::{AttemptError, Cause, Error};
use super::host::is_loopback;
use super::lenient;
use super::retry::Repeat;
use super::token::Token;
use super::transport::Call;

/// What the authorization server says about itself.
#[derive(Deserialize)]
struct Discovery {
    token_endpoint: Option<String>,
}

/// What a host says about itself.
#[derive(Deserialize, Default)]
struct HostMetadata {
    #[serde(default, deserialize_with = "lenient::list")]
    token_federation_default_oidc_audiences: Vec<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Secret,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
}

/// A secret that serde can read; `secrecy` has that behind a feature.
pub(crate) struct Secret(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretString::from(String::deserialize(deserializer)?)))
    }
}

impl Authenticator {
    /// `client_credentials`: a service principal's token.
    pub(crate) async fn client_credentials(
        &self,
        client_id: &SecretString,
        client_secret: &SecretString,
    ) -> Result<Token, AttemptError> {
        let endpoint = self.token_endpoint().await?;
        let form = [("grant_type", "client_credentials"), ("scope", self.scopes())];
        let authorization = basic(&escaped(client_id), &escaped(client_secret))?;
        self.token_from(endpoint, &form, Some(authorization)).await
    }

    /// Token exchange: a workspace's token for another party's.
    pub(crate) async fn exchanged(&self, jwt: &SecretString) -> Result<Token, AttemptError> {
        let endpoint = self.token_endpoint().await?;
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", jwt.expose_secret()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("scope", self.scopes()),
        ];
        if let Some(client_id) = self.access.get("client_id") {
            form.push(("client_id", client_id));
        }
        self.token_from(endpoint, &form, None).await
    }

    /// The audience that the other party's token must name: what is set, what the host asks for, the account, or the
    /// token endpoint.
    pub(crate) async fn audience(&self) -> Result<String, AttemptError> {
        if let Some(audience) = self.access.get("audience") {
            return Ok(audience.to_owned());
        }
        let url = self.on_host("/.well-known/databricks-config")?;
        // Older hosts do not have this; whatever they say then is no reason to stop.
        let metadata: HostMetadata = match self.fetch_json(read(url, HeaderMap::new(), self.budget())).await {
            Ok(metadata) => metadata,
            Err(Error::Interrupted { .. }) => return Err(AttemptError::Interrupted),
            Err(_) => HostMetadata::default(),
        };
        if let Some(audience) = metadata.token_federation_default_oidc_audiences.into_iter().next() {
            return Ok(audience);
        }
        match self.access.get("account_id") {
            Some(account) => Ok(account.to_owned()),
            None => Ok(self.token_endpoint().await?.to_string()),
        }
    }

    /// The token endpoint of the workspace, as it says itself, or where it has always been.
    async fn token_endpoint(&self) -> Result<Url, AttemptError> {
        let discovery = match self.access.get("discovery_url") {
            Some(url) => Url::parse(url)
                .map_err(|_| AttemptError::Failed("discovery_url is not an address".to_owned()))?,
            None => self.on_host("/oidc/.well-known/oauth-authorization-server")?,
        };
        safe(&discovery)?;
        let found: Discovery = match self.fetch_json(read(discovery, HeaderMap::new(), self.budget())).await {
            Ok(found) => found,
            Err(Error::Request(error)) if matches!(&error.cause, Cause::Status(api) if api.status == 404) => {
                Discovery { token_endpoint: None }
            }
            Err(error) => return Err(error.into()),
        };
        let endpoint = match found.token_endpoint {
            Some(endpoint) => Url::parse(&endpoint).map_err(|_| {
                AttemptError::Failed("the workspace names no usable token endpoint".to_owned())
            })?,
            None => self.on_host("/oidc/v1/token")?,
        };
        safe(&endpoint)?;
        Ok(endpoint)
    }

    /// Posts a form and reads a token.
    pub(crate) async fn token_from(
        &self,
        endpoint: Url,
        form: &[(&str, &str)],
        authorization: Option<HeaderValue>,
    ) -> Result<Token, AttemptError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let call = Call {
            method: Method::POST,
            body: Some(body.into_bytes()),
            ..read(endpoint, headers, self.budget())
        };
        let answer: TokenAnswer = self.fetch_json(call).await?;
        let lifetime =
            answer.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        self.bearer(&answer.access_token.0, lifetime)
    }

    /// Sends a request for credentials. What it cannot read is not repeated in the error: it may be half a token.
    pub(crate) async fn fetch_json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.transport
            .run(&call, |answer| read_json(&answer.body).map_err(|_| "not the JSON it should be".to_owned()))
            .await
    }

    pub(crate) fn on_host(&self, path: &str) -> Result<Url, AttemptError> {
        self.access.host().join(path).ok_or_else(|| AttemptError::Failed("no address".to_owned()))
    }

    pub(crate) fn budget(&self) -> Duration {
        self.transport.policy.token
    }

    fn scopes(&self) -> &str {
        self.access.get("scopes").unwrap_or("all-apis")
    }
}

/// A read for the sake of credentials.
pub(crate) fn read(url: Url, mut headers: HeaderMap, budget: Duration) -> Call {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Call {
        method: Method::GET,
        shown: url.path().to_owned(),
        url,
        headers,
        body: None,
        repeat: Repeat::Freely,
        budget,
        stoppable: true,
        foreign: false,
    }
}

/// Secrets travel over TLS, or not off this machine.
pub(crate) fn safe(url: &Url) -> Result<(), AttemptError> {
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
        return Ok(());
    }
    Err(AttemptError::Failed(format!("{} is not https", url.origin().ascii_serialization())))
}

/// As OAuth wants names and secrets inside the header.
fn escaped(text: &SecretString) -> SecretString {
    let escaped: String = url::form_urlencoded::byte_serialize(text.expose_secret().as_bytes()).collect();
    SecretString::from(escaped)
}
