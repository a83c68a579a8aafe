//! What was asked of the workspace.

use serde_json::Value;

/// One request that reached the workspace, in the order of arrival.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, percent-encoding undone.
    pub path: String,
    /// Decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The body as sent.
    pub body: Vec<u8>,
    /// Header names (lower case) and values. Holds credentials: do not print it.
    pub headers: Vec<(String, String)>,
    /// The status that was answered (of a request that was cut off: what would have been).
    pub status: u16,
    /// Whether this could change anything in the workspace: not a `GET`, not a read-only statement, a poll, a token.
    pub is_write: bool,
}

impl RecordedRequest {
    /// The first value of a query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// The requests of one workspace.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<RecordedRequest>,
    /// `METHOD path` of what no handler knows.
    pub(crate) unexpected: Vec<String>,
}
