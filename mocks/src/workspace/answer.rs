//! What a handler answers: a success, or a problem in the shape that the service uses.

use serde::Serialize;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::world::uuid;

/// A handler's result.
pub(crate) type Reply = Result<Answer, Problem>;

/// A response, before faults have had their way with it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) mime: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        // The values that we serialise have string keys and no fallible `Serialize`; an empty body would show a mistake.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self::bytes("application/json", body)
    }

    /// 200 with `{}`, what calls without a result answer.
    pub(crate) fn empty() -> Self {
        Self::json(&json!({}))
    }

    /// 200 with bytes.
    pub(crate) fn bytes(mime: &str, body: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), mime: mime.to_owned(), body }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with its int64 fields as decimal texts.
    pub(crate) fn with_int64_as_text(mut self) -> Self {
        if self.mime == "application/json"
            && let Ok(mut body) = serde_json::from_slice::<Value>(&self.body)
        {
            int64_as_text(&mut body);
            self.body = body.to_string().into_bytes();
        }
        self
    }

    pub(crate) fn into_template(self) -> ResponseTemplate {
        let mut template = ResponseTemplate::new(self.status).set_body_raw(self.body, &self.mime);
        for (name, value) in self.headers {
            template = template.insert_header(name, value);
        }
        template
    }
}

/// The fields that are int64 in the API's definition.
const INT64: [&str; 17] = [
    "job_id",
    "run_id",
    "number_in_job",
    "created_time",
    "start_time",
    "end_time",
    "last_modified",
    "creation_time",
    "object_id",
    "created_at",
    "modified_at",
    "size",
    "workspace_id",
    "row_count",
    "row_offset",
    "byte_count",
    "total_row_count",
];

fn int64_as_text(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Number(number) if INT64.contains(&name.as_str()) => {
                        *value = Value::from(number.to_string())
                    }
                    other => int64_as_text(other),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(int64_as_text),
        _ => {}
    }
}

/// An error answer: `{"error_code": …, "message": …}` (reference: REST API, "Error responses").
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: Value,
    pub(crate) message: String,
    /// Nothing that the service would answer: the mock is asked for more than it can do.
    pub(crate) unexpected: bool,
    /// Whether the answer has the `details` that Unity Catalog adds.
    detailed: bool,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: Value::from(code), message: message.into(), unexpected: false, detailed: false }
    }

    /// What the service can and the mock cannot.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self { unexpected: true, ..Self::new(501, "NOT_IMPLEMENTED", format!("mock: {what}")) }
    }

    /// Errors of the front door carry the status as an integer code.
    pub(crate) fn numbered(status: u16, message: &str) -> Self {
        Self { code: Value::from(status), ..Self::new(status, "", message) }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_PARAMETER_VALUE", message)
    }

    pub(crate) fn malformed(message: &str) -> Self {
        Self::new(400, "MALFORMED_REQUEST", message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "RESOURCE_DOES_NOT_EXIST", message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "PERMISSION_DENIED", message)
    }

    /// An error of Unity Catalog.
    pub(crate) fn of_catalog(status: u16, code: &str, message: &str) -> Self {
        Self { detailed: true, ..Self::new(status, code, message) }
    }

    pub(crate) fn into_answer(self) -> Answer {
        let mut body = json!({"error_code": self.code, "message": self.message});
        if self.detailed {
            body["details"] = json!([
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": self.code,
                    "domain": "unity-catalog.databricks.com",
                    "metadata": {},
                },
                {"@type": "type.googleapis.com/google.rpc.RequestInfo", "request_id": uuid(), "serving_data": ""},
            ]);
        }
        Answer::json(&body).status(self.status)
    }
}
