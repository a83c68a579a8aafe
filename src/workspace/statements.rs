//! SQL statements and their rows.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{ApiCall, Client};
use super::error::{Error, StatementError};
use super::lenient::{self, segment};
use super::observer::{StatementProgress, StatementStage};
use super::result::Chunk;

/// The rows of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementRows {
    /// The statement's id, under which the query history shows it.
    pub id: String,
    /// The columns; names can repeat.
    pub columns: Vec<StatementColumn>,
    /// The rows, each as wide as `columns`. Every value is text as the API encodes it; `None` is SQL `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
}

/// A column of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StatementColumn {
    /// The name; can be an expression.
    #[serde(default)]
    pub name: String,
    /// The type as SQL writes it, such as `DECIMAL(10,2)`.
    #[serde(default)]
    pub type_text: String,
    /// The type's name, such as `DECIMAL`; an open set.
    #[serde(default)]
    pub type_name: String,
}

/// The answer to submitting a statement and to looking at it.
#[derive(Deserialize)]
pub(crate) struct Wire {
    #[serde(default)]
    pub(crate) statement_id: String,
    #[serde(default)]
    pub(crate) status: Status,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) result: Option<Chunk>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) state: String,
    error: Option<ServiceError>,
}

#[derive(Deserialize)]
struct ServiceError {
    error_code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema: Option<Schema>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pub(crate) total_row_count: Option<i64>,
    #[serde(default)]
    pub(crate) truncated: Option<bool>,
}

#[derive(Deserialize)]
pub(crate) struct Schema {
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) columns: Vec<StatementColumn>,
}

pub(crate) const STATEMENTS: &str = "/api/2.0/sql/statements";

impl Client {
    /// Runs a statement and reads all its rows. `parameters` are the values of the named markers `:name`, as strings.
    ///
    /// Submitting returns at once and the statement is looked at until it ends, so that its id is known, and it can be
    /// canceled, from the first moment. A stopped warehouse starts. The rows are those the service counted, or it is
    /// an error; their order is that of the service.
    ///
    /// # Errors
    /// [`Error::Statement`] where it fails, [`Error::TimedOut`] and [`Error::Interrupted`] once it has been canceled.
    pub async fn statement(
        &self,
        warehouse: &str,
        sql: &str,
        parameters: &[(&str, &str)],
    ) -> Result<StatementRows, Error> {
        let began = Instant::now();
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value, "type": "STRING" }))
            .collect();
        let body = |disposition: &str| {
            let mut body = json!({
                "statement": sql,
                "warehouse_id": warehouse,
                "disposition": disposition,
                "format": "JSON_ARRAY",
                "wait_timeout": "0s",
            });
            if !parameters.is_empty() {
                body["parameters"] = parameters.clone().into();
            }
            body
        };
        match self.run(&body("INLINE"), warehouse, began).await {
            // Links need the storage to be reachable from here, which the workspace is for certain; so they come second.
            Err(error) if is_too_large(&error) => {
                tracing::debug!(%error, "the result is too large to come inline");
                self.run(&body("EXTERNAL_LINKS"), warehouse, began).await
            }
            outcome => outcome,
        }
    }

    async fn run(&self, body: &Value, warehouse: &str, began: Instant) -> Result<StatementRows, Error> {
        let wire = self.submitted(body).await?;
        let wire = self.ended(wire, warehouse, began).await?;
        self.rows(wire, warehouse, began).await
    }

    /// Submits a statement. Should the run end meanwhile, the answer is waited for: without its id the statement could
    /// not be canceled.
    async fn submitted(&self, body: &Value) -> Result<Wire, Error> {
        let interrupted = || Error::Interrupted { doing: format!("POST {STATEMENTS}") };
        if self.options().cancel.is_cancelled() {
            return Err(interrupted());
        }
        let mut submitting = std::pin::pin!(self.json::<Wire>(ApiCall::post(STATEMENTS, body).unstoppable()));
        let wire = tokio::select! {
            biased;
            wire = &mut submitting => wire?,
            () = self.options().cancel.cancelled() => {
                let deadline = self.cancel_deadline();
                if let Ok(Ok(wire)) = tokio::time::timeout_at(deadline.into(), submitting).await {
                    self.cancel_statement(&wire.statement_id, deadline).await;
                }
                return Err(interrupted());
            }
        };
        if wire.statement_id.is_empty() {
            return Err(Error::malformed(self.shown_host(), "POST", STATEMENTS, "a statement without an id"));
        }
        Ok(wire)
    }

    /// Looks at a statement until it has ended well.
    async fn ended(&self, mut wire: Wire, warehouse: &str, began: Instant) -> Result<Wire, Error> {
        let id = wire.statement_id.clone();
        let path = format!("{STATEMENTS}/{}", segment(&id));
        let mut poll = self.options().first_poll;
        loop {
            let stage = match wire.status.state.as_str() {
                "SUCCEEDED" => return Ok(wire),
                "PENDING" => StatementStage::WaitingForWarehouse,
                "RUNNING" => StatementStage::Running,
                _ => return Err(self.failed(&id, wire.status)),
            };
            self.progress(warehouse, stage, began);
            let limit = self.options().statement_timeout;
            let pause = match limit {
                Some(limit) => poll.min(limit.saturating_sub(began.elapsed())),
                None => poll,
            };
            tokio::select! {
                biased;
                () = self.options().cancel.cancelled() => {
                    self.cancel_statement(&id, self.cancel_deadline()).await;
                    return Err(Error::Interrupted { doing: format!("statement {id}") });
                }
                () = tokio::time::sleep(pause) => {}
            }
            if let Some(limit) = limit.filter(|limit| began.elapsed() >= *limit) {
                self.cancel_statement(&id, self.cancel_deadline()).await;
                let waiting = stage == StatementStage::WaitingForWarehouse;
                return Err(Error::TimedOut { id, limit, waiting });
            }
            poll = (poll * 3 / 2).min(self.options().longest_poll);
            wire = match self.json::<Wire>(ApiCall::get(path.clone())).await {
                Ok(wire) => wire,
                Err(error) => {
                    // Nobody will look at it any more; left alone it would run on and cost money.
                    self.cancel_statement(&id, self.cancel_deadline()).await;
                    return Err(error);
                }
            };
        }
    }

    pub(crate) fn progress(&self, warehouse: &str, stage: StatementStage, began: Instant) {
        if let Some(observer) = &self.options().observer {
            observer.statement_progress(&StatementProgress {
                host: self.shown_host(),
                warehouse,
                stage,
                elapsed: began.elapsed(),
            });
        }
    }

    fn failed(&self, id: &str, status: Status) -> Error {
        let (code, message) = status.error.map_or((None, None), |error| (error.error_code, error.message));
        let message = message.unwrap_or_default().trim().to_owned();
        Error::Statement(Box::new(StatementError {
            host: self.shown_host().to_owned(),
            id: id.to_owned(),
            state: status.state,
            code,
            condition: condition(&message),
            message,
        }))
    }

    pub(crate) fn incomplete(&self, id: &str, problem: &str) -> Error {
        Error::Statement(Box::new(StatementError {
            host: self.shown_host().to_owned(),
            id: id.to_owned(),
            state: "SUCCEEDED".to_owned(),
            code: None,
            condition: None,
            message: problem.to_owned(),
        }))
    }

    fn cancel_deadline(&self) -> Instant {
        Instant::now() + self.options().cancel_timeout
    }

    /// Asks for a statement's cancellation and waits until it has ended, or until the deadline.
    async fn cancel_statement(&self, id: &str, deadline: Instant) {
        let path = format!("{STATEMENTS}/{}", segment(id));
        let cancel = async {
            let call = ApiCall::post(format!("{path}/cancel"), &json!({})).repeatable().unstoppable();
            self.send(call, |_| Ok(())).await?;
            loop {
                let wire: Wire = self.json(ApiCall::get(path.clone()).unstoppable()).await?;
                if !matches!(wire.status.state.as_str(), "PENDING" | "RUNNING") {
                    return Ok::<_, Error>(wire.status.state);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        match tokio::time::timeout_at(deadline.into(), cancel).await {
            Ok(Ok(state)) => tracing::debug!(statement = id, state, "canceled"),
            Ok(Err(error)) => tracing::debug!(statement = id, %error, "cancel failed"),
            Err(_) => tracing::debug!(statement = id, "cancel not confirmed in time"),
        }
    }
}

/// Whether a statement was refused only because its result is too large to come inline.
fn is_too_large(error: &Error) -> bool {
    let message = match error {
        Error::Statement(error) if error.state == "FAILED" => &error.message,
        other => match other.api() {
            Some(api) => &api.message,
            None => return false,
        },
    };
    let message = message.to_ascii_lowercase();
    message.contains("inline")
        && ["result size", "byte limit", "bytes", "too large"].iter().any(|text| message.contains(text))
}

/// The condition that opens a message: `[TABLE_OR_VIEW_NOT_FOUND] The table …`.
fn condition(message: &str) -> Option<String> {
    let (name, _) = message.trim_start().strip_prefix('[')?.split_once(']')?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.'));
    (is_name && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        assert_eq!(condition("\n[PARSE_SYNTAX_ERROR] Syntax error").as_deref(), Some("PARSE_SYNTAX_ERROR"));
        assert_eq!(
            condition("[UNRESOLVED_COLUMN.WITH_SUGGESTION] x").as_deref(),
            Some("UNRESOLVED_COLUMN.WITH_SUGGESTION")
        );
        assert_eq!(condition("[not one] x"), None);
        assert_eq!(condition("plain"), None);
    }
}
