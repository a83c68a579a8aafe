//! Faults: what goes wrong, on which route, how often.

use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};

use super::answer::{Answer, Problem};
use super::identity::Accounts;
use super::paging;

/// Tells the relay what to do to the connection; it never reaches a client.
pub(crate) const RELAY_HEADER: &str = "x-mock-relay";

/// How a statement ends, in place of how it would.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// `FAILED` with this error code and message.
    Failed(String, String),
    /// `CANCELED`, without an error.
    Canceled,
    /// `CLOSED`: it succeeded, the result is gone.
    Closed,
    /// `RUNNING` for so many polls, then as it would.
    Slow(u32),
}

#[derive(Clone, Debug)]
enum Effect {
    Answer { status: u16, body: Vec<u8>, mime: &'static str, retry_after: Option<String> },
    Delay(Duration),
    Reset,
    LoseAnswer,
    Cut(usize),
    Truncate,
    ExpiredToken,
    EmptyPage,
    RepeatPageToken,
    Statement(Outcome),
}

/// One fault. Made by [`Fault::on`], given to `MockWorkspace::fault`.
///
/// It applies to the first request that matches unless told otherwise by [`Fault::times`], [`Fault::always`] and
/// [`Fault::after`]. Several faults can match one request: delays add up, of the rest that answer the first one wins.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path: Regex,
    containing: Option<String>,
    agent: Option<String>,
    skip: u32,
    left: Option<u32>,
    effect: Effect,
}

impl Fault {
    /// A fault on a route: method (`*`: any) and a regular expression for the whole path (decoded, without the query).
    ///
    /// Until an effect is set it answers status 500.
    ///
    /// # Panics
    /// If the expression is none.
    #[must_use]
    pub fn on(method: &str, path: &str) -> Self {
        let path = Regex::new(&format!("^(?:{path})$")).expect("a fault's path is a regular expression");
        Self {
            method: method.to_owned(),
            path,
            containing: None,
            agent: None,
            skip: 0,
            left: Some(1),
            effect: answer(500),
        }
    }

    /// Only requests whose body contains this text.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Only requests of a client whose `User-Agent` begins like this: `tapworks/`, or `cli/` for the databricks CLI.
    #[must_use]
    pub fn from_agent(mut self, agent: &str) -> Self {
        self.agent = Some(agent.to_owned());
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// How many requests it hits.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Hits every request.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Answers this status with a matching error body; the request has no effect.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.effect = answer(status);
        self
    }

    /// Answers an error of the API.
    #[must_use]
    pub fn error(mut self, status: u16, code: &str, message: &str) -> Self {
        let body = json!({"error_code": code, "message": message}).to_string().into_bytes();
        self.effect = Effect::Answer { status, body, mime: "application/json", retry_after: None };
        self
    }

    /// Answers this status with this JSON.
    #[must_use]
    pub fn json(mut self, status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        self.effect = Effect::Answer { status, body, mime: "application/json", retry_after: None };
        self
    }

    /// Adds `Retry-After` (seconds or an HTTP date) to an answer set before.
    #[must_use]
    pub fn retry_after(mut self, value: &str) -> Self {
        if let Effect::Answer { retry_after, .. } = &mut self.effect {
            *retry_after = Some(value.to_owned());
        }
        self
    }

    /// Answers 200 with an HTML login page, as a wrong host does.
    #[must_use]
    pub fn html(mut self) -> Self {
        let body =
            b"<!doctype html><html><head><title>Databricks - Sign In</title></head><body></body></html>"
                .to_vec();
        self.effect =
            Effect::Answer { status: 200, body, mime: "text/html;charset=utf-8", retry_after: None };
        self
    }

    /// Answers late.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.effect = Effect::Delay(delay);
        self
    }

    /// Resets the connection before the head of the answer; the request has no effect.
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.effect = Effect::Reset;
        self
    }

    /// Resets the connection before the head of the answer; the request *has* its effect.
    #[must_use]
    pub fn lose_answer(mut self) -> Self {
        self.effect = Effect::LoseAnswer;
        self
    }

    /// Closes the connection after the head and so many bytes of the body; the request has its effect.
    #[must_use]
    pub fn cut(mut self, after_bytes: usize) -> Self {
        self.effect = Effect::Cut(after_bytes);
        self
    }

    /// Answers half of the body with a length that fits the half: JSON that ends too early.
    #[must_use]
    pub fn truncate(mut self) -> Self {
        self.effect = Effect::Truncate;
        self
    }

    /// Refuses the token, and ends every OAuth token given out so far. With [`Fault::after`]: in the middle of a listing.
    #[must_use]
    pub fn expired_token(mut self) -> Self {
        self.effect = Effect::ExpiredToken;
        self
    }

    /// Answers a page without items and with a token for the page that was asked for.
    #[must_use]
    pub fn empty_page(mut self) -> Self {
        self.effect = Effect::EmptyPage;
        self
    }

    /// Answers the page with the token that the request had, in place of the next one: a listing that never ends.
    #[must_use]
    pub fn repeat_page_token(mut self) -> Self {
        self.effect = Effect::RepeatPageToken;
        self
    }

    /// Ends a statement differently; for `POST /api/2.0/sql/statements`.
    #[must_use]
    pub fn statement(mut self, outcome: Outcome) -> Self {
        self.effect = Effect::Statement(outcome);
        self
    }

    fn matches(&self, method: &str, path: &str, agent: &str, body: &[u8]) -> bool {
        (self.method == "*" || self.method == method)
            && self.path.is_match(path)
            && self.agent.as_ref().is_none_or(|wanted| agent.starts_with(wanted.as_str()))
            && self
                .containing
                .as_ref()
                .is_none_or(|text| String::from_utf8_lossy(body).contains(text.as_str()))
    }
}

/// An answer with the error body that goes with a status.
fn answer(status: u16) -> Effect {
    let code = match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "RESOURCE_CONFLICT",
        429 => "REQUEST_LIMIT_EXCEEDED",
        501 => "NOT_IMPLEMENTED",
        502..=503 => "TEMPORARILY_UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL_ERROR",
        _ => "BAD_REQUEST",
    };
    let body =
        json!({"error_code": code, "message": format!("mock fault {status}")}).to_string().into_bytes();
    Effect::Answer { status, body, mime: "application/json", retry_after: None }
}

/// The faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What applies to this request; counts it.
    pub(crate) fn take(&mut self, method: &str, path: &str, agent: &str, body: &[u8]) -> Applied {
        let mut applied = Applied::default();
        let mut spent = false;
        for fault in &mut self.0 {
            if !fault.matches(method, path, agent, body) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Effect::Delay(delay) = fault.effect {
                applied.delay += delay;
            } else if applied.effect.is_none() {
                applied.effect = Some(fault.effect.clone());
            } else {
                continue;
            }
            if let Some(left) = &mut fault.left {
                *left = left.saturating_sub(1);
                spent |= *left == 0;
            }
        }
        if spent {
            self.0.retain(|fault| fault.left != Some(0));
        }
        applied
    }
}

/// What the faults do to one request.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) delay: Duration,
    effect: Option<Effect>,
}

impl Applied {
    /// The answer in place of the handler's, if the request is not to reach it.
    pub(crate) fn before(&self, accounts: &mut Accounts, page_token: Option<&str>) -> Option<Answer> {
        match self.effect.as_ref()? {
            Effect::Answer { status, body, mime, retry_after } => {
                let answer = Answer::bytes(mime, body.clone()).status(*status);
                Some(match retry_after {
                    Some(value) => answer.header("retry-after", value.as_str()),
                    None => answer,
                })
            }
            Effect::Reset => Some(Answer::empty().header(RELAY_HEADER, "reset")),
            Effect::ExpiredToken => {
                accounts.expire_oauth_tokens();
                Some(Accounts::expired().into_answer())
            }
            Effect::EmptyPage => Some(Answer::json(&json!({"next_page_token": paging::again(page_token)}))),
            _ => None,
        }
    }

    /// How the statement of this request ends.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        match &self.effect {
            Some(Effect::Statement(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// What becomes of the handler's answer.
    pub(crate) fn after(&self, mut answer: Answer, page_token: Option<&str>) -> Answer {
        match self.effect.as_ref() {
            Some(Effect::LoseAnswer) => answer.header(RELAY_HEADER, "reset"),
            Some(Effect::Cut(bytes)) => answer.header(RELAY_HEADER, format!("cut {bytes}")),
            Some(Effect::Truncate) => {
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            Some(Effect::RepeatPageToken) => {
                match (page_token, serde_json::from_slice::<Value>(&answer.body)) {
                    (Some(token), Ok(Value::Object(mut body))) => {
                        body.insert("next_page_token".to_owned(), Value::from(token));
                        answer.body = Value::Object(body).to_string().into_bytes();
                        answer
                    }
                    _ => answer,
                }
            }
            _ => answer,
        }
    }
}

/// A problem for requests to routes that do not exist.
pub(crate) fn no_such_endpoint(method: &str, path: &str) -> Problem {
    Problem::new(404, "ENDPOINT_NOT_FOUND", format!("No API found for '{method} {path}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lets_pass_then_hits_then_is_gone() {
        let mut faults = Faults::default();
        faults.arm(Fault::on("GET", "/a/.*").status(503).after(1).times(2));
        let mut hits = || faults.take("GET", "/a/b", "", b"").effect.is_some();
        assert_eq!([hits(), hits(), hits(), hits()], [false, true, true, false]);
    }

    #[test]
    fn the_path_matches_as_a_whole_and_the_body_by_text() {
        let mut faults = Faults::default();
        faults.arm(Fault::on("*", "/a").containing("x").always());
        assert!(faults.take("GET", "/a/b", "", b"x").effect.is_none());
        assert!(faults.take("PUT", "/a", "", b"y").effect.is_none());
        assert!(faults.take("PUT", "/a", "", b"axb").effect.is_some());
    }

    #[test]
    fn a_client_can_be_meant() {
        let mut faults = Faults::default();
        faults.arm(Fault::on("GET", "/a").from_agent("cli/").always());
        assert!(faults.take("GET", "/a", "tapworks/1", b"").effect.is_none());
        assert!(faults.take("GET", "/a", "cli/1.14.0", b"").effect.is_some());
    }

    #[test]
    fn delays_add_up_and_do_not_hide_an_answer() {
        let mut faults = Faults::default();
        faults.arm(Fault::on("GET", "/a").delay(Duration::from_millis(2)));
        faults.arm(Fault::on("GET", "/a").status(429).retry_after("1"));
        let applied = faults.take("GET", "/a", "", b"");
        assert_eq!(applied.delay, Duration::from_millis(2));
        let answer = applied.before(&mut Accounts::default(), None).unwrap();
        assert_eq!((answer.status, answer.headers), (429, vec![("retry-after".to_owned(), "1".to_owned())]));
    }
}
