//! Requests to the workspace.

use std::time::Duration;

use base64::Engine as _;
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;

use super::auth::{Credential, Login};
use super::environment::Environment;

/// How often a request is tried again that the workspace was too busy for.
const BUSY_RETRIES: u32 = 5;
/// How often a connection is tried again. The real CLI goes on for minutes; tests would not like that.
const CONNECT_RETRIES: u32 = 3;
/// The longest pause that a `Retry-After` gets.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// An answer that is no success, or none at all.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum HttpError {
    #[error(
        "{message} ({status} {code})\n\nEndpoint: {method} {url}\nHTTP Status: {status_line}\nAPI error_code: \
         {code}\nAPI message: {message}"
    )]
    Api { method: Method, url: String, status: u16, status_line: String, code: String, message: String },
    #[error("{method} {url}: {why}")]
    Transport { method: Method, url: String, why: String },
    #[error("{0}")]
    Setup(String),
}

impl HttpError {
    /// The status of the answer, where there was one.
    pub(super) fn status(&self) -> Option<u16> {
        if let HttpError::Api { status, .. } = self { Some(*status) } else { None }
    }

    /// Whether the thing that was asked for is not there.
    pub(super) fn is_missing(&self) -> bool {
        self.status() == Some(404)
            || matches!(self, HttpError::Api { code, message, .. }
                if matches!(code.as_str(), "RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND")
                    || (code == "INVALID_PARAMETER_VALUE" && message.contains("does not exist")))
    }

    /// Whether the thing that was to be made is there already.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, HttpError::Api { status, code, .. }
            if *status == 409 || code == "RESOURCE_ALREADY_EXISTS" || code == "ALREADY_EXISTS")
    }

    /// The first line, without the details.
    pub(super) fn message(&self) -> String {
        match self {
            HttpError::Api { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }
}

/// A connection to one workspace.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    host: String,
    authorization: String,
}

impl Client {
    /// Prepares the client; with a client secret it fetches a token first.
    pub(super) async fn connect(login: Login, environment: &Environment) -> Result<Self, HttpError> {
        let http = plain_client(&login.host, environment)?;
        let authorization = match &login.credential {
            Credential::Token(token) => format!("Bearer {token}"),
            Credential::Basic { user, password } => basic(user, password),
            Credential::ClientSecret { id, secret } => {
                let client =
                    Client { http: http.clone(), host: login.host.clone(), authorization: basic(id, secret) };
                client.client_credentials().await?
            }
        };
        Ok(Self { http, host: login.host, authorization })
    }

    /// The scheme and authority of the workspace.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    async fn client_credentials(&self) -> Result<String, HttpError> {
        let endpoints = self.get("/oidc/.well-known/oauth-authorization-server", &[]).await?;
        let fallback = format!("{}/oidc/v1/token", self.host);
        let url = endpoints["token_endpoint"].as_str().unwrap_or(&fallback).to_owned();
        let request = self
            .http
            .post(&url)
            .header("Authorization", &self.authorization)
            .form(&[("grant_type", "client_credentials"), ("scope", "all-apis")]);
        let (_, body) = answer(request.send().await, &Method::POST, &url).await?;
        let token: Json = serde_json::from_slice(&body).unwrap_or_default();
        match token["access_token"].as_str() {
            Some(token) => Ok(format!("Bearer {token}")),
            None => Err(HttpError::Setup(format!("oauth-m2m: {url} answered without an access_token"))),
        }
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Json, HttpError> {
        let body = self.send(Method::GET, path, query, None).await?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The body of an answer as it is.
    pub(super) async fn get_bytes(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, HttpError> {
        self.send(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Json) -> Result<Json, HttpError> {
        self.call(Method::POST, path, body).await
    }

    pub(super) async fn put(&self, path: &str, body: &Json) -> Result<Json, HttpError> {
        self.call(Method::PUT, path, body).await
    }

    pub(super) async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Result<(), HttpError> {
        self.send(Method::DELETE, path, query, None).await.map(|_| ())
    }

    /// Posts bytes that are no API document, such as the content of a file.
    pub(super) async fn post_bytes(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<(), HttpError> {
        self.send(Method::POST, path, query, Some(body)).await.map(|_| ())
    }

    async fn call(&self, method: Method, path: &str, body: &Json) -> Result<Json, HttpError> {
        let bytes = serde_json::to_vec(body).map_err(|error| HttpError::Setup(error.to_string()))?;
        let answer = self.send(method, path, &[], Some(bytes)).await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, HttpError> {
        let url = format!("{}{path}", self.host);
        let (mut busy, mut refused) = (0, 0);
        loop {
            let mut request =
                self.http.request(method.clone(), &url).header("Authorization", &self.authorization);
            if !query.is_empty() {
                request = request.query(query);
            }
            if let Some(body) = &body {
                request = request.header("Content-Type", "application/json").body(body.clone());
            }
            let sent = request.send().await;
            if sent.as_ref().is_err_and(reqwest::Error::is_connect) && refused < CONNECT_RETRIES {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(100) * refused).await;
                continue;
            }
            match answer(sent, &method, &url).await {
                Ok((_, bytes)) => return Ok(bytes),
                Err((error, pause)) if busy < BUSY_RETRIES && matches!(error.status(), Some(429 | 503)) => {
                    busy += 1;
                    let pause = pause.unwrap_or(Duration::from_millis(100) * 2_u32.pow(busy));
                    tokio::time::sleep(pause.min(MAX_PAUSE)).await;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}

fn plain_client(host: &str, environment: &Environment) -> Result<reqwest::Client, HttpError> {
    // Another user of the crate may have installed a provider already: then that one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seconds =
        environment.get("DATABRICKS_BUNDLE_HTTP_TIMEOUT_SECONDS").and_then(|value| value.parse().ok());
    let mut builder = reqwest::Client::builder();
    if is_loopback(host) {
        // As in Go: a proxy of the environment is not for this machine.
        builder = builder.no_proxy();
    }
    builder
        .user_agent(format!("cli/{}", environment.cli_version()))
        .timeout(Duration::from_secs(seconds.unwrap_or(60)))
        .build()
        .map_err(|error| HttpError::Setup(error.to_string()))
}

fn is_loopback(host: &str) -> bool {
    match url::Url::parse(host).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// A failed call, and how long the workspace wants us to wait.
type Failure = (HttpError, Option<Duration>);

impl From<Failure> for HttpError {
    fn from((error, _): Failure) -> Self {
        error
    }
}

async fn answer(
    sent: Result<reqwest::Response, reqwest::Error>,
    method: &Method,
    url: &str,
) -> Result<(StatusCode, Vec<u8>), Failure> {
    let transport = |error: reqwest::Error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        (HttpError::Transport { method: method.clone(), url: url.to_owned(), why }, None)
    };
    let response = sent.map_err(transport)?;
    let status = response.status();
    let pause = response
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = response.bytes().await.map_err(transport)?.to_vec();
    if status.is_success() {
        return Ok((status, body));
    }
    let json: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    let message = text("message")
        .or_else(|| text("error_description"))
        .or_else(|| text("detail"))
        .unwrap_or_else(|| {
            let body = String::from_utf8_lossy(&body);
            let body: String = body.trim().chars().take(300).collect();
            if body.is_empty() { status.to_string() } else { body }
        });
    let code = text("error_code").or_else(|| text("error")).unwrap_or_default();
    let error = HttpError::Api {
        method: method.clone(),
        url: url.to_owned(),
        status: status.as_u16(),
        status_line: status.to_string(),
        code,
        message,
    };
    Err((error, pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_needs_no_proxy() {
        for host in ["http://127.0.0.1:80", "http://localhost:8080", "http://[::1]:1"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("https://adb-1.azuredatabricks.net"));
    }
}
