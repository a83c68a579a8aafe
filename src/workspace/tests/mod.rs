//! The client against small servers. No test waits for luck: times are shortened through the options, and what must
//! not happen is counted.

mod access;
mod apis;
mod credentials;
mod faults;
mod statements;
mod transport;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::environment::Environment;

/// A token that must show up nowhere but in a header.
pub(super) const CANARY: &str = "dapi-canary-0123456789";

/// Options with times for tests.
pub(super) fn quick() -> ClientOptions {
    ClientOptions {
        first_poll: Duration::from_millis(1),
        longest_poll: Duration::from_millis(5),
        cancel_timeout: Duration::from_secs(5),
        retry: RetryPolicy {
            unreachable: Duration::from_millis(300),
            total: Duration::from_secs(20),
            token: Duration::from_secs(20),
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_millis(10),
            longest_retry_after: Duration::from_millis(20),
        },
        keyring: Arc::new(MemoryKeyring::default()),
        ..ClientOptions::default()
    }
}

/// The environment of a user with a token for this server.
pub(super) fn with_token(server: &MockServer) -> Environment {
    Environment::of([("DATABRICKS_HOST", server.uri().as_str()), ("DATABRICKS_TOKEN", CANARY)])
}

/// A client of this server in this environment.
pub(super) fn connect(environment: &Environment, options: ClientOptions) -> Client {
    let access = Access::resolve(&AccessRequest::default(), environment).unwrap();
    Client::connect(access, options, environment).unwrap()
}

/// A client of this server with a token.
pub(super) fn client(server: &MockServer) -> Client {
    connect(&with_token(server), quick())
}

/// Answers `GET path` with this JSON.
pub(super) async fn get(server: &MockServer, at: &str, body: Value) {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

/// An error answer of the service.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(serde_json::json!({ "error_code": code, "message": message }))
}

/// Remembers all events as text.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn observed(log: &Arc<Self>) -> ClientOptions {
        ClientOptions { observer: Some(Arc::clone(log) as Arc<dyn Observer>), ..quick() }
    }
}

impl Observer for Log {
    fn requested(&self, event: &Requested<'_>) {
        self.0.lock().unwrap().push(format!("{} {} {}", event.method, event.path, event.status));
    }

    fn retrying(&self, event: &Retrying<'_>) {
        self.0.lock().unwrap().push(format!("again {} {}: {}", event.failed, event.path, event.reason));
    }

    fn statement_progress(&self, event: &StatementProgress<'_>) {
        self.0.lock().unwrap().push(format!("{:?}", event.stage));
    }
}
