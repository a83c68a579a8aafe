//! One request over HTTP: bounded, observed, cancellable, repeated by the retry policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tokio_util::sync::CancellationToken;

use super::api_error::ApiError;
use super::error::{Cause, Error, RequestError, Unreachable};
use super::host::is_loopback;
use super::observer::{Observer, Requested, Retrying};
use super::retry::{Fault, Repeat, RetryPolicy, retry_after};
use super::traffic::Traffic;

/// What all requests of a client share. One connection pool, one limit, one pair of counters.
pub(crate) struct Transport {
    http: reqwest::Client,
    pub(crate) policy: RetryPolicy,
    traffic: Arc<Traffic>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) cancel: CancellationToken,
    requests: AtomicU64,
    retries: AtomicU64,
    read_timeout: Duration,
}

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The path as errors, logs and events show it; where the address itself is secret, a description.
    pub(crate) shown: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) repeat: Repeat,
    /// The time for all attempts together.
    pub(crate) budget: Duration,
    /// Whether the end of the run stops it. Not so for what cleans up after it.
    pub(crate) stoppable: bool,
    /// Whether it goes to another service, whose errors may repeat signatures: their text is dropped.
    pub(crate) foreign: bool,
}

/// An answer with status 2xx.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Limits and timeouts of the connections.
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) read: Duration,
}

/// How much longer than silence an answer in small pieces is borne.
const TRICKLE: Duration = Duration::from_secs(1);

/// A failed attempt: what the policy needs to know, and what an error says.
struct Failure {
    fault: Fault,
    cause: Box<Cause>,
}

impl Transport {
    /// Builds the connection pool for a workspace at `base`.
    ///
    /// Certificates are those the operating system trusts; on Linux `SSL_CERT_FILE` and `SSL_CERT_DIR` replace them.
    /// Proxies are those of the process's `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; a loopback address is never
    /// asked through a proxy.
    pub(crate) fn new(
        base: &Url,
        timeouts: &Timeouts,
        policy: RetryPolicy,
        traffic: Arc<Traffic>,
        observer: Option<Arc<dyn Observer>>,
        cancel: CancellationToken,
    ) -> Result<Self, Error> {
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tapworks/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Repeating is our policy's business alone.
            .retry(reqwest::retry::never())
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            // Shorter than what load balancers keep, so that a statement is not posted into a connection that is gone.
            .pool_idle_timeout(Duration::from_secs(45));
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        if base.scheme() == "http" {
            // No TLS will be spoken; a machine without certificates must do for a test server.
            builder = builder.tls_certs_only([]);
        }
        let http =
            builder.build().map_err(|error| Error::Setup { problem: innermost(&error.without_url()) })?;
        Ok(Self {
            http,
            policy,
            traffic,
            observer,
            cancel,
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            read_timeout: timeouts.read,
        })
    }

    pub(crate) fn request_count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn retry_count(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Sends a request until it succeeds or the policy gives up, and decodes the answer. `decode` answers `Err` with a
    /// description of what it cannot read; the request then counts as failed.
    pub(crate) async fn run<T>(
        &self,
        call: &Call,
        decode: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<T, Error> {
        let host = origin(&call.url);
        let began = Instant::now();
        let mut failed = 0;
        let mut queued = Duration::ZERO;
        loop {
            // What a request waits for others of the run is not the workspace's doing, and does not count.
            let asked = Instant::now();
            let place = self.stoppable(call, self.traffic.place()).await?;
            queued += asked.elapsed();
            // An answer that trickles is bounded too, but a little later than one that is silent, which is told as such.
            let spent = began.elapsed().saturating_sub(queued);
            let limit = call.budget.saturating_sub(spent).max(self.read_timeout) + TRICKLE;
            let attempt = async {
                tokio::time::timeout(limit, self.attempt(call, &host)).await.unwrap_or_else(|_| {
                    let cause =
                        Box::new(Cause::Lost(format!("no whole answer within {} s", limit.as_secs())));
                    Err(Failure { fault: Fault::Lost, cause })
                })
            };
            let outcome = self.stoppable(call, attempt).await?;
            drop(place);
            let failure = match outcome {
                Ok(answer) => match decode(&answer) {
                    Ok(value) => return Ok(value),
                    Err(problem) => {
                        Failure { fault: Fault::Garbled, cause: Box::new(Cause::Malformed(problem)) }
                    }
                },
                Err(failure) => failure,
            };
            failed += 1;
            let elapsed = began.elapsed().saturating_sub(queued);
            let wait =
                self.policy.wait(failure.fault, call.repeat, failed, elapsed, call.budget, fastrand::f64());
            let Some(wait) = wait else {
                return Err(Error::Request(Box::new(RequestError {
                    host,
                    method: call.method.to_string(),
                    path: call.shown.clone(),
                    cause: *failure.cause,
                    retries: failed - 1,
                    elapsed,
                })));
            };
            let reason = failure.cause.to_string();
            tracing::debug!(method = %call.method, path = call.shown, failed, ?wait, reason, "request will be repeated");
            if let Some(observer) = &self.observer {
                observer.retrying(&Retrying {
                    host: &host,
                    method: call.method.as_str(),
                    path: &call.shown,
                    reason: &reason,
                    failed,
                    wait,
                });
            }
            self.stoppable(call, tokio::time::sleep(wait)).await?;
            self.retries.fetch_add(1, Ordering::Relaxed);
            self.traffic.count_repeated();
        }
    }

    /// Waits for a future, or for the end of the run.
    async fn stoppable<T>(&self, call: &Call, future: impl Future<Output = T>) -> Result<T, Error> {
        if !call.stoppable {
            return Ok(future.await);
        }
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {
                Err(Error::Interrupted { doing: format!("{} {}", call.method, call.shown) })
            }
            value = future => Ok(value),
        }
    }

    /// One attempt, to the last byte of the answer.
    async fn attempt(&self, call: &Call, host: &str) -> Result<Answer, Failure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let mut request =
            self.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(|error| unsent(error.without_url()))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = response.bytes().await;
        let elapsed = began.elapsed();
        tracing::debug!(method = %call.method, path = call.shown, status, ?elapsed, "answered");
        if let Some(observer) = &self.observer {
            observer.requested(&Requested {
                host,
                method: call.method.as_str(),
                path: &call.shown,
                status,
                elapsed,
            });
        }
        let body = match body {
            Ok(body) => Vec::from(body),
            // The status of a failed request says more than the rest of its page.
            Err(_) if !(200..300).contains(&status) => Vec::new(),
            Err(error) => return Err(lost(error.without_url())),
        };
        judge(call, status, headers, body)
    }
}

/// Sorts an answer into success and failure.
fn judge(call: &Call, status: u16, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let final_fault = Fault::Status { status, throttled: false, passing: false, retry_after: None };
    if (300..400).contains(&status) {
        let location = text("location").unwrap_or_default();
        let target = call.url.join(location).ok();
        let path = target.as_ref().map(|url| url.path().to_owned()).unwrap_or_default();
        let cause = if path.starts_with("/login") || path.starts_with("/oidc/") {
            Cause::LoginPage { status, private_link: location.contains("private-link") }
        } else {
            Cause::Redirect { to: target.map(|url| origin(&url)).unwrap_or_default(), path }
        };
        return Err(Failure { fault: final_fault, cause: Box::new(cause) });
    }
    if (200..300).contains(&status) {
        let html = text("content-type").is_some_and(|kind| kind.contains("text/html")) || is_html(&body);
        if html {
            let private_link = String::from_utf8_lossy(&body).contains("private-link");
            let cause = Box::new(Cause::LoginPage { status, private_link });
            return Err(Failure { fault: final_fault, cause });
        }
        return Ok(Answer { headers, body });
    }
    let request_id = text("x-request-id").or_else(|| text("x-databricks-request-id"));
    let mut error = ApiError::parse(status, request_id, if call.foreign { b"" } else { &body });
    if error.message.is_empty()
        && let Some(phrase) = text("x-databricks-reason-phrase")
    {
        error.message = phrase.to_owned();
    }
    let fault = Fault::Status {
        status,
        throttled: error.is_throttled(),
        passing: error.is_passing(),
        retry_after: text("retry-after").and_then(|header| retry_after(header, jiff::Timestamp::now())),
    };
    Err(Failure { fault, cause: Box::new(Cause::Status(error)) })
}

fn is_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let start = &start[..start.len().min(15)];
    let start = start.to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// A request that brought no answer: was it sent?
fn unsent(error: reqwest::Error) -> Failure {
    if !error.is_connect() {
        return lost(error);
    }
    let detail = innermost(&error);
    let problem = if error.is_dns() {
        Unreachable::UnknownHost
    } else if error.is_timeout() {
        Unreachable::Timeout
    } else if any_source(&error, |source| tls_error(source).is_some()) {
        Unreachable::Tls
    } else if any_source(&error, |source| {
        source
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    }) {
        Unreachable::Refused
    } else {
        Unreachable::Other
    };
    let fault = match problem {
        Unreachable::Tls if any_source(&error, is_untrusted) => Fault::Untrusted,
        Unreachable::UnknownHost | Unreachable::Refused | Unreachable::Tls => Fault::Unreachable,
        // The network's own troubles pass more often than a proxy's refusals.
        Unreachable::Other if !any_source(&error, |source| source.is::<std::io::Error>()) => {
            Fault::Unreachable
        }
        Unreachable::Timeout | Unreachable::Other => Fault::Unanswered,
    };
    Failure { fault, cause: Box::new(Cause::Unreachable { problem, detail }) }
}

/// The TLS error that an error is, possibly inside errors of the operating system, which nest and hide what they hold
/// from the chain of sources.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    loop {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(error);
        }
        error = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

/// A certificate that is not trusted now will not be in half a minute.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_)))
}

fn lost(error: reqwest::Error) -> Failure {
    let detail = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(&error) };
    Failure { fault: Fault::Lost, cause: Box::new(Cause::Lost(detail)) }
}

fn any_source(
    error: &dyn std::error::Error,
    matches: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if matches(error) {
            return true;
        }
        source = error.source();
    }
    false
}

/// The words of the deepest cause, which are the ones that say something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text
}

/// Scheme, name and port of an address.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The header `Authorization` of a bearer token, marked so that no log shows it.
pub(crate) fn bearer(token: &secrecy::SecretString) -> Option<HeaderValue> {
    use secrecy::ExposeSecret;
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Gives rustls its cryptography, once per process. A provider that is there already stays.
fn install_crypto() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_errors_are_found_inside_nested_ones() {
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let nested = std::io::Error::other(std::io::Error::new(std::io::ErrorKind::InvalidData, inner));
        assert!(is_untrusted(&nested));
        assert!(tls_error(&std::io::Error::from(std::io::ErrorKind::ConnectionReset)).is_none());
    }
}
