//! SQL statements and their rows.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::client::{ApiCall, Client};
use super::error::{Error, StatementError};
use super::lenient::{self, segment};
use super::observer::{StatementProgress, StatementStage};

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
    schema: Option<Schema>,
    #[serde(default, deserialize_with = "lenient::integer")]
    total_row_count: Option<i64>,
    #[serde(default)]
    truncated: Option<bool>,
}

#[derive(Deserialize)]
struct Schema {
    #[serde(default, deserialize_with = "lenient::list")]
    columns: Vec<StatementColumn>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Chunk {
    #[serde(default, deserialize_with = "lenient::list")]
    data_array: Vec<Vec<Option<String>>>,
    #[serde(default, deserialize_with = "lenient::integer")]
    row_offset: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    next_chunk_index: Option<i64>,
    next_chunk_internal_link: Option<String>,
}

const STATEMENTS: &str = "/api/2.0/sql/statements";

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
        let mut body = json!({
            "statement": sql,
            "warehouse_id": warehouse,
            "disposition": "INLINE",
            "format": "JSON_ARRAY",
            "wait_timeout": "0s",
        });
        if !parameters.is_empty() {
            body["parameters"] = parameters.into();
        }
        let wire: Wire = self.json(ApiCall::post(STATEMENTS, &body)).await?;
        if wire.statement_id.is_empty() {
            return Err(Error::malformed(self.shown_host(), "POST", STATEMENTS, "a statement without an id"));
        }
        let id = wire.statement_id.clone();
        let wire = self.ended(wire, warehouse, began).await?;
        self.inline_rows(id, wire, warehouse, began).await
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
                    self.cancel_statement(&id).await;
                    return Err(Error::Interrupted { doing: format!("statement {id}") });
                }
                () = tokio::time::sleep(pause) => {}
            }
            if let Some(limit) = limit.filter(|limit| began.elapsed() >= *limit) {
                self.cancel_statement(&id).await;
                let waiting = stage == StatementStage::WaitingForWarehouse;
                return Err(Error::TimedOut { id, limit, waiting });
            }
            poll = (poll * 3 / 2).min(self.options().longest_poll);
            wire = match self.json::<Wire>(ApiCall::get(path.clone())).await {
                Ok(wire) => wire,
                Err(error) => {
                    // Nobody will look at it any more; left alone it would run on and cost money.
                    self.cancel_statement(&id).await;
                    return Err(error);
                }
            };
        }
    }

    /// Reads every chunk that hangs on the first.
    async fn inline_rows(
        &self,
        id: String,
        wire: Wire,
        warehouse: &str,
        began: Instant,
    ) -> Result<StatementRows, Error> {
        let (columns, total) = self.described(&id, wire.manifest)?;
        let mut rows = Vec::new();
        let mut chunk = wire.result.unwrap_or_default();
        let mut index = 0;
        loop {
            if chunk.row_offset.is_some_and(|offset| usize::try_from(offset) != Ok(rows.len())) {
                return Err(
                    self.incomplete(&id, format!("chunk {index} does not begin at row {}", rows.len()))
                );
            }
            if let Some(row) = chunk.data_array.iter().find(|row| row.len() != columns.len()) {
                let problem = format!("a row of {} values in {} columns", row.len(), columns.len());
                return Err(self.incomplete(&id, problem));
            }
            rows.append(&mut chunk.data_array);
            let read = rows.len() as u64;
            self.progress(warehouse, StatementStage::Reading { rows: read, of: total }, began);
            let path = match (chunk.next_chunk_internal_link, chunk.next_chunk_index) {
                (_, Some(next)) if next <= index => {
                    return Err(self.incomplete(&id, format!("chunk {index} leads back to chunk {next}")));
                }
                (Some(link), next) if !link.is_empty() => {
                    index = next.unwrap_or(index + 1);
                    link
                }
                (_, Some(next)) => {
                    index = next;
                    format!("{STATEMENTS}/{}/result/chunks/{next}", segment(&id))
                }
                (_, None) => break,
            };
            chunk = self.json(ApiCall::get(path)).await?;
        }
        self.complete(&id, rows.len() as u64, total)?;
        Ok(StatementRows { id, columns, rows })
    }

    /// Columns and number of rows, from the manifest.
    pub(crate) fn described(
        &self,
        id: &str,
        manifest: Option<Manifest>,
    ) -> Result<(Vec<StatementColumn>, Option<u64>), Error> {
        let Some(manifest) = manifest else {
            return Err(self.incomplete(id, "the result has no manifest".to_owned()));
        };
        if manifest.truncated == Some(true) {
            return Err(self.incomplete(id, "the service cut the result".to_owned()));
        }
        let total = manifest.total_row_count.and_then(|total| u64::try_from(total).ok());
        Ok((manifest.schema.map(|schema| schema.columns).unwrap_or_default(), total))
    }

    pub(crate) fn complete(&self, id: &str, read: u64, total: Option<u64>) -> Result<(), Error> {
        match total {
            Some(total) if total != read => {
                Err(self.incomplete(id, format!("{read} rows came of the {total} that the service counted")))
            }
            _ => Ok(()),
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

    pub(crate) fn incomplete(&self, id: &str, problem: String) -> Error {
        Error::Statement(Box::new(StatementError {
            host: self.shown_host().to_owned(),
            id: id.to_owned(),
            state: "SUCCEEDED".to_owned(),
            code: None,
            condition: None,
            message: problem,
        }))
    }

    /// Asks for a statement's cancellation and waits until it has ended, or for `cancel_timeout`.
    async fn cancel_statement(&self, id: &str) {
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
        match tokio::time::timeout(self.options().cancel_timeout, cancel).await {
            Ok(Ok(state)) => tracing::debug!(statement = id, state, "canceled"),
            Ok(Err(error)) => tracing::debug!(statement = id, %error, "cancel failed"),
            Err(_) => tracing::debug!(statement = id, "cancel not confirmed in time"),
        }
    }
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
