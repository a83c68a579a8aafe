//! The client of one workspace.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::authenticator::Authenticator;
use super::error::{Cause, Error};
use super::host::Host;
use super::keyring::{Keyring, SystemKeyring};
use super::me::Me;
use super::observer::Observer;
use super::retry::{Repeat, RetryPolicy};
use super::token::Numbered;
use super::traffic::Traffic;
use super::transport::{Answer, Call, Timeouts, Transport};
use crate::environment::Environment;

/// Requests that may be in flight at once over a whole run.
pub const PARALLEL: usize = 8;

/// A client of one workspace: cheap to clone, safe to share. All clones use one connection pool and one token.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    authenticator: Authenticator,
    transport: Arc<Transport>,
    options: ClientOptions,
    host: String,
    me: tokio::sync::OnceCell<Me>,
}

/// How a client behaves. `Default` is what a run wants; tests shorten the times.
#[derive(Clone)]
pub struct ClientOptions {
    /// The places for requests in flight, shared by all clients of a run. 8.
    pub traffic: Arc<Traffic>,
    /// Who is told about requests, retries and statements.
    pub observer: Option<Arc<dyn Observer>>,
    /// Ends every wait of the client; statements that run are canceled first.
    pub cancel: CancellationToken,
    /// The longest wait for a connection. 10 s.
    pub connect_timeout: Duration,
    /// The longest silence while an answer is read. 60 s.
    pub read_timeout: Duration,
    /// The longest that a statement may take, starting its warehouse included. No limit.
    pub statement_timeout: Option<Duration>,
    /// The longest wait for a statement's cancellation to be confirmed once the run is over. 1.5 s.
    pub cancel_timeout: Duration,
    /// The wait before the first look at a statement; it grows to `longest_poll`. 200 ms.
    pub first_poll: Duration,
    /// The longest wait between two looks at a statement. 5 s.
    pub longest_poll: Duration,
    /// How long and how often requests are repeated.
    pub retry: RetryPolicy,
    /// Where `tapworks auth login` keeps credentials. That of the operating system.
    pub keyring: Arc<dyn Keyring>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            traffic: Arc::new(Traffic::new(PARALLEL)),
            observer: None,
            cancel: CancellationToken::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            statement_timeout: None,
            cancel_timeout: Duration::from_millis(1500),
            first_poll: Duration::from_millis(200),
            longest_poll: Duration::from_secs(5),
            retry: RetryPolicy::default(),
            keyring: Arc::new(SystemKeyring),
        }
    }
}

impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClientOptions").field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("access", self.access()).finish_non_exhaustive()
    }
}

/// One request of an API, before address and token are added.
pub(crate) struct ApiCall {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<(Vec<u8>, &'static str)>,
    repeat: Repeat,
    bytes: bool,
    stoppable: bool,
}

impl ApiCall {
    /// A read of `path`, which starts with a slash and is percent-encoded.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            repeat: Repeat::Freely,
            bytes: false,
            stoppable: true,
        }
    }

    /// A write of a JSON value, repeated only where the first cannot have acted.
    pub(crate) fn post(path: impl Into<String>, body: &serde_json::Value) -> Self {
        let body = Some((body.to_string().into_bytes(), "application/json"));
        Self { method: Method::POST, body, repeat: Repeat::IfUnsent, ..Self::get(path) }
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// With these bytes as they are.
    pub(crate) fn with_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some((bytes, "application/octet-stream"));
        self
    }

    /// Doing it twice is as good as once.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Freely;
        self
    }

    /// The answer is a file, not JSON.
    pub(crate) fn for_bytes(mut self) -> Self {
        self.bytes = true;
        self
    }

    /// Goes on although the run is over: it cleans up.
    pub(crate) fn unstoppable(mut self) -> Self {
        self.stoppable = false;
        self
    }
}

impl Client {
    /// A client for a resolved access. Nothing is sent: the first request fetches the token.
    ///
    /// `environment` is what child processes (`databricks`, `az`) get to see, and where OIDC tokens are looked for.
    ///
    /// # Errors
    /// [`Error::Setup`] where no trusted certificates can be loaded.
    pub fn connect(access: Access, options: ClientOptions, environment: &Environment) -> Result<Self, Error> {
        let host = access.host().to_string();
        let base =
            access.host().join("/").ok_or_else(|| Error::Setup { problem: format!("no address: {host}") })?;
        let transport = Arc::new(Transport::new(
            &base,
            &Timeouts { connect: options.connect_timeout, read: options.read_timeout },
            options.retry.clone(),
            Arc::clone(&options.traffic),
            options.observer.clone(),
            options.cancel.clone(),
        )?);
        let keyring = Arc::clone(&options.keyring);
        let authenticator = Authenticator::new(access, environment.clone(), Arc::clone(&transport), keyring);
        let me = tokio::sync::OnceCell::new();
        Ok(Self { inner: Arc::new(Inner { authenticator, transport, options, host, me }) })
    }

    /// The same, with another login service of Azure.
    #[cfg(test)]
    pub(crate) fn with_azure_login(mut self, login: &str) -> Self {
        let inner = Arc::get_mut(&mut self.inner).expect("a client that was just made has no clones");
        inner.authenticator.azure_login = Some(login.to_owned());
        self
    }

    /// The access that this client uses.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.inner.authenticator.access
    }

    /// The workspace.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.access().host()
    }

    /// Requests sent so far by this client and its clones, repeated ones and those for tokens included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.inner.transport.request_count()
    }

    /// Requests that were repeated so far.
    #[must_use]
    pub fn retry_count(&self) -> u64 {
        self.inner.transport.retry_count()
    }

    /// How long the current token is still good, fetching one where there is none; `None` where that is not known, as
    /// with a personal access token.
    ///
    /// # Errors
    /// Where no way to authenticate gives a token.
    pub async fn token_expires_in(&self) -> Result<Option<Duration>, Error> {
        Ok(self.inner.authenticator.token().await?.token.remaining())
    }

    pub(crate) fn kept_me(&self) -> &tokio::sync::OnceCell<Me> {
        &self.inner.me
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    pub(crate) fn keyring(&self) -> &Arc<dyn Keyring> {
        &self.inner.options.keyring
    }

    /// A bearer token for a child process, renewed where it would end sooner than this.
    pub(crate) async fn token_lasting(&self, lasting: Duration) -> Result<SecretString, Error> {
        let authenticator = &self.inner.authenticator;
        let mut token = authenticator.token().await?;
        if token.token.ends_within(lasting) {
            // A source that has nothing longer-lived is no reason to stop.
            if let Ok(Some(renewed)) = authenticator.renewed(&token).await {
                token = renewed;
            }
        }
        let header = token.token.header.to_str().unwrap_or_default();
        Ok(SecretString::from(header.trim_start_matches("Bearer ").to_owned()))
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// The workspace, as errors and events name it.
    pub(crate) fn shown_host(&self) -> &str {
        &self.inner.host
    }

    /// Sends a request and reads the JSON of its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: ApiCall) -> Result<T, Error> {
        self.send(call, |answer| read_json(&answer.body)).await
    }

    /// The same, with `None` where the workspace says that there is no such thing.
    pub(crate) async fn optional<T: DeserializeOwned>(&self, call: ApiCall) -> Result<Option<T>, Error> {
        match self.json(call).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request with the current token; a refused token is renewed once.
    pub(crate) async fn send<T>(
        &self,
        call: ApiCall,
        decode: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<T, Error> {
        let path = call.path.split('?').next().unwrap_or_default().to_owned();
        let mut url = self.host().join(&call.path).ok_or_else(|| {
            Error::malformed(self.shown_host(), call.method.as_str(), &path, "a link to another host")
        })?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut headers = HeaderMap::new();
        if !call.bytes {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        if let Some((_, kind)) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if let Some(id) = self.access().workspace_id().and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert("x-databricks-workspace-id", id);
        }
        let mut call = Call {
            method: call.method,
            url,
            shown: path,
            headers,
            body: call.body.map(|(body, _)| body),
            repeat: call.repeat,
            budget: self.inner.transport.policy.total,
            stoppable: call.stoppable,
            foreign: false,
        };
        let token = self.inner.authenticator.token().await?;
        authorize(&mut call.headers, &token);
        match self.inner.transport.run(&call, &decode).await {
            Err(error) if is_refused_token(&error) => match self.inner.authenticator.renewed(&token).await? {
                Some(token) => {
                    authorize(&mut call.headers, &token);
                    self.inner.transport.run(&call, &decode).await
                }
                None => Err(error),
            },
            outcome => outcome,
        }
    }
}

fn authorize(headers: &mut HeaderMap, token: &Numbered) {
    headers.insert(AUTHORIZATION, token.token.header.clone());
    for (name, value) in &token.token.extra {
        headers.insert(*name, value.clone());
    }
}

/// Whether the workspace refused the token rather than the identity behind it.
fn is_refused_token(error: &Error) -> bool {
    matches!(error, Error::Request(request) if matches!(&request.cause, Cause::Status(api) if api.is_unauthenticated()))
}

/// Reads JSON; an empty body is an empty object, as some writes answer.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    // The error names line and column; it repeats only short scalars that are of the wrong type.
    serde_json::from_slice(body).map_err(|error| error.to_string())
}
