//! The errors a workspace answers with.

use serde_json::Value;

/// The longest message that is kept of an answer that is no error body; it may be a page of a proxy.
const LONGEST_EXCERPT: usize = 300;

/// An error answer: standard, API 1.2, SCIM, or plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The code, such as `PERMISSION_DENIED`. Services that answer a number leave it empty.
    pub code: Option<String>,
    /// The message, possibly empty.
    pub message: String,
    /// The machine-readable reason of the `ErrorInfo` detail.
    pub reason: Option<String>,
    /// The id under which Databricks finds this request in its logs.
    pub request_id: Option<String>,
    /// Whether the body had the shape of an error of Databricks. A proxy's page has not.
    pub recognised: bool,
}

impl ApiError {
    /// Reads an error answer.
    pub(crate) fn parse(status: u16, request_id: Option<&str>, body: &[u8]) -> Self {
        let mut error = Self {
            status,
            code: None,
            message: String::new(),
            reason: None,
            request_id: request_id.map(str::to_owned),
            recognised: false,
        };
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => error.read(&fields),
            _ => error.read_text(&String::from_utf8_lossy(body)),
        }
        error
    }

    fn read(&mut self, fields: &serde_json::Map<String, Value>) {
        let text = |key: &str| {
            fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        self.code = text("error_code");
        self.recognised = fields.contains_key("error_code") || fields.contains_key("message");
        if let Some(message) = text("message") {
            self.message = message;
        } else if let Some(message) = text("error") {
            // API 1.2, and OAuth, whose description is the better text.
            self.recognised = true;
            self.code = self.code.take().or_else(|| text("error_description").map(|_| message.clone()));
            self.message = text("error_description").unwrap_or(message);
        } else if fields.contains_key("detail") || fields.contains_key("scimType") {
            self.recognised = true;
            self.message = text("detail").filter(|detail| detail != "null").unwrap_or_default();
            self.code = Some(format!("SCIM_{}", self.status));
        }
        for detail in fields.get("details").and_then(Value::as_array).into_iter().flatten() {
            let kind = detail.get("@type").and_then(Value::as_str).unwrap_or_default();
            let field = |key: &str| detail.get(key).and_then(Value::as_str).map(str::to_owned);
            if kind.ends_with("google.rpc.ErrorInfo") {
                self.reason = field("reason");
            } else if kind.ends_with("google.rpc.RequestInfo") && self.request_id.is_none() {
                self.request_id = field("request_id");
            }
        }
    }

    fn read_text(&mut self, text: &str) {
        let text = text.trim();
        let inner = text
            .split_once("<pre>")
            .and_then(|(_, rest)| rest.split_once("</pre>"))
            .map(|(inner, _)| inner.trim());
        if let Some((code, message)) = text.split_once(": ")
            && !code.is_empty()
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        {
            self.code = Some(code.to_owned());
            self.message = message.to_owned();
            self.recognised = true;
        } else {
            self.message = excerpt(inner.unwrap_or(text));
        }
    }

    /// Whether the service says that there is no such thing, as opposed to no such path or a proxy's 404.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        code == "RESOURCE_DOES_NOT_EXIST"
            || (self.status == 404
                && self.recognised
                && !matches!(code, "ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED"))
    }

    /// Whether the service says that this credential is not good, whatever the status. A wrong or expired token is
    /// answered with 403.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.status == 401
            || self.code.as_deref() == Some("UNAUTHENTICATED")
            || (self.status == 403
                && self.message.trim_start().to_ascii_lowercase().starts_with("invalid access token"))
    }

    /// Whether the request was turned away for its rate, whatever the status.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.status == 429
            || self.code.as_deref() == Some("REQUEST_LIMIT_EXCEEDED")
            || self.message.contains("REQUEST_LIMIT_EXCEEDED")
            || self.message.contains("RPC token bucket limit has been exceeded")
    }

    /// Whether the message is one of those that the SDKs know to pass by themselves.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        const PASSING: &[&str] = &[
            "com.databricks.backend.manager.util.UnknownWorkerEnvironmentException",
            "does not have any associated worker environments",
            "There is no worker environment with id",
            "Unknown worker environment",
            "ClusterNotReadyException",
            "Timed out after ",
            "deadline exceeded",
            "Please try again later or try a faster operation.",
        ];
        PASSING.iter().any(|text| self.message.contains(text))
            || self.message.split_once("worker env ").is_some_and(|(_, rest)| rest.contains(" not found"))
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(formatter, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(formatter, ": {}", self.message.trim())?;
        }
        Ok(())
    }
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST_EXCERPT) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(status: u16, body: &str) -> ApiError {
        ApiError::parse(status, None, body.as_bytes())
    }

    #[test]
    fn standard_body() {
        let error = parsed(
            404,
            r#"{"error_code":"NOT_FOUND","message":"Volume 'c.s.v' does not exist.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"VOLUME_DOES_NOT_EXIST"},{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"r-1"},{"@type":"x"}]}"#,
        );
        assert_eq!(error.to_string(), "404 NOT_FOUND: Volume 'c.s.v' does not exist.");
        assert_eq!(error.reason.as_deref(), Some("VOLUME_DOES_NOT_EXIST"));
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        assert!(error.is_missing());
    }

    #[test]
    fn a_code_may_be_a_number_and_a_wrong_token_a_403() {
        let error = parsed(403, r#"{"error_code":403,"message":"Invalid access token."}"#);
        assert_eq!(error.code, None);
        assert!(error.is_unauthenticated());
        assert!(!parsed(403, r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#).is_unauthenticated());
    }

    #[test]
    fn old_scim_oauth_and_text_bodies() {
        assert_eq!(parsed(400, r#"{"error":"bad"}"#).message, "bad");
        let scim = parsed(500, r#"{"detail":"REQUEST_LIMIT_EXCEEDED","status":"500","schemas":[]}"#);
        assert_eq!(scim.code.as_deref(), Some("SCIM_500"));
        assert!(scim.is_throttled());
        assert_eq!(parsed(404, r#"{"detail":"null","status":"404"}"#).message, "");
        let oauth =
            parsed(401, r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#);
        assert_eq!(oauth.to_string(), "401 invalid_client: Client authentication failed");
        assert_eq!(
            parsed(400, "MALFORMED_REQUEST: vpc_endpoints malformed").code.as_deref(),
            Some("MALFORMED_REQUEST")
        );
        assert_eq!(
            parsed(502, "<html><body><pre> upstream\n gone </pre></body></html>").message,
            "upstream gone"
        );
        assert_eq!(parsed(503, "").to_string(), "503");
    }

    #[test]
    fn only_an_answer_of_the_service_says_that_something_is_missing() {
        assert!(parsed(404, r#"{"message":"Job 5 does not exist."}"#).is_missing());
        assert!(parsed(400, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":""}"#).is_missing());
        assert!(!parsed(404, "<html>no such page</html>").is_missing());
        assert!(!parsed(404, "").is_missing());
        assert!(!parsed(404, r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"}"#).is_missing());
        assert!(!parsed(403, r#"{"error_code":"PERMISSION_DENIED","message":"x"}"#).is_missing());
    }

    #[test]
    fn long_pages_are_cut() {
        let error = parsed(502, &"wörd ".repeat(500));
        assert_eq!(error.message.chars().count(), LONGEST_EXCERPT + 1);
    }
}
