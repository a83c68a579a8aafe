//! One request as the handlers see it.

use serde_json::{Map, Value};
use wiremock::Request;

use super::answer::Problem;
use super::fault::Outcome;
use super::identity::Identity;

/// A request: method, decoded path segments, query, body, and who sent it.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// The path as sent, still percent-encoded.
    pub(crate) path: &'a str,
    /// The decoded segments of the path; a trailing `/` does not make an empty one.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) request: &'a Request,
    /// `http://127.0.0.1:PORT`, as clients see this workspace.
    pub(crate) origin: &'a str,
    pub(crate) caller: Identity,
    /// How a fault ends the statement of this request.
    pub(crate) outcome: Option<Outcome>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Request, origin: &'a str, caller: Identity) -> Self {
        let path = request.url.path();
        let segments = path.trim_matches('/').split('/').map(decode).collect();
        let query = request.url.query_pairs().into_owned().collect();
        Self {
            method: request.method.as_str(),
            path,
            segments,
            query,
            request,
            origin,
            caller,
            outcome: None,
        }
    }

    /// The path's segments, for matching against literals.
    pub(crate) fn route(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The first value of a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that the API cannot do without.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        match self.param(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(Problem::invalid(format!("Missing required field: {name}"))),
        }
    }

    /// A query parameter that must be a number when it is there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        match self.param(name) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    Err(Problem::invalid(format!("Could not parse '{text}' as a number for field '{name}'")))
                }
            },
        }
    }

    /// A query parameter that must be `true` or `false` when it is there.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.param(name) {
            None | Some("") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => {
                Err(Problem::invalid(format!("Could not parse '{text}' as a boolean for field '{name}'")))
            }
        }
    }

    /// The body as a JSON object; an absent body counts as `{}`, as it does on the service.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Problem> {
        if self.request.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.request.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(Problem::malformed("Could not parse request object: expected a JSON object")),
        }
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Undoes percent-encoding of one path segment (`+` stays `+` there).
pub(crate) fn decode(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An int64 of a JSON body, which may be a number or a decimal string.
pub(crate) fn int64(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once_and_plus_stays() {
        assert_eq!(decode("main.a%20b%2Fc+d%"), "main.a b/c+d%");
        assert_eq!(decode("%2525"), "%25");
        assert_eq!(decode("%C3%BC"), "ü");
    }

    #[test]
    fn int64_is_a_number_or_a_decimal_string() {
        assert_eq!(int64(Some(&Value::from(7))), Some(7));
        assert_eq!(int64(Some(&Value::from("9007199254740993"))), Some(9_007_199_254_740_993));
        assert_eq!(int64(Some(&Value::from(1.5))), None);
        assert_eq!(int64(None), None);
    }
}
