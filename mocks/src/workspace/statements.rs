//! SQL statements: `/api/2.0/sql/statements` (REST API, Statement Execution), and the storage behind external links.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::catalog::Column;
use super::fault::Outcome;
use super::permissions::Object;
use super::query::{self, Query};
use super::result_set::ResultSet;
use super::sql_error::SqlError;
use super::statement_request::{check_casts, parameters, wait_timeout};
use super::storage::{STORAGE, download, link, refused};
use super::warehouses;
use super::world::{World, iso_time, now_millis, uuid};

/// Longest statement.
const LONGEST_TEXT: usize = 16 * 1024 * 1024;
/// How many statements are remembered; the service goes by time.
const REMEMBERED: usize = 500;

/// The statements and how the service treats them.
#[derive(Debug)]
pub struct Statements {
    all: HashMap<String, Execution>,
    order: VecDeque<String>,
    count: u64,
    /// Links made before the last [`Statements::expire_links`] are refused.
    pub(super) epoch: u64,
    /// Rows per chunk.
    pub chunk_rows: usize,
    /// Bytes above which an inline result fails.
    pub inline_limit: usize,
    /// Whether `EXTERNAL_LINKS` is allowed in this workspace.
    pub external_links: bool,
    /// Headers that the storage insists on, and that each link names.
    pub link_headers: Vec<(String, String)>,
    /// How many polls each statement takes.
    pub polls: u32,
}

impl Default for Statements {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            order: VecDeque::new(),
            count: 0,
            epoch: 1,
            chunk_rows: 1000,
            inline_limit: 25 * 1024 * 1024,
            external_links: true,
            link_headers: vec![("x-mock-customer-key".to_owned(), format!("{:016x}", fastrand::u64(..)))],
            polls: 0,
        }
    }
}

/// One statement.
#[derive(Debug)]
pub(super) struct Execution {
    warehouse: String,
    user: String,
    external: bool,
    state: State,
    /// How many more polls say `RUNNING`.
    polls: u32,
    /// The text, until it ran.
    outcome: Option<Outcome>,
    result: Result<ResultSet, SqlError>,
    truncated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Pending,
    Running,
    Done,
    Failed,
    Canceled,
    Closed,
}

impl Statements {
    /// Lets every link given out so far be too old: the storage answers 403.
    pub fn expire_links(&mut self) {
        self.epoch += 1;
    }

    /// Lets every result so far be gone: `CLOSED`.
    pub fn close_all(&mut self) {
        for execution in self.all.values_mut().filter(|execution| execution.state == State::Done) {
            execution.state = State::Closed;
        }
    }

    /// The ids of the statements that are neither finished nor canceled.
    pub fn unfinished(&self) -> Vec<String> {
        let open = |execution: &Execution| matches!(execution.state, State::Pending | State::Running);
        self.all.iter().filter(|(_, execution)| open(execution)).map(|(id, _)| id.clone()).collect()
    }

    fn remember(&mut self, id: String, execution: Execution) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.all.insert(id, execution);
    }
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    let route = call.route();
    if let [STORAGE, rest @ ..] = route.as_slice() {
        return Some(Ok(match (call.method, rest) {
            ("GET", [id, chunk]) => download(world, call, id, chunk),
            _ => refused(400, "InvalidRequest", "no such object"),
        }));
    }
    let ["api", "2.0", "sql", "statements", rest @ ..] = route.as_slice() else { return None };
    Some(match (call.method, rest) {
        ("POST", []) => execute(world, call),
        ("GET", [id]) => poll(world, call, id),
        ("GET", [id, "result", "chunks", chunk]) => result_chunk(world, call, id, chunk),
        ("POST", [id, "cancel"]) => cancel(world, call, id),
        _ => return None,
    })
}

/// `POST sql/statements`.
fn execute(world: &mut World, call: &Call) -> Reply {
    let body = call.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let statement = text("statement").filter(|text| !text.trim().is_empty());
    let statement = statement.ok_or_else(|| Problem::invalid("Statement text is missing or empty."))?;
    if statement.len() > LONGEST_TEXT {
        return Err(Problem::invalid(format!("The statement is longer than {LONGEST_TEXT} bytes.")));
    }
    let warehouse =
        text("warehouse_id").ok_or_else(|| Problem::invalid("Missing required field: warehouse_id"))?;
    if warehouse.len() != 16 || !warehouse.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Problem::invalid(format!("{warehouse} is not a valid endpoint id.")));
    }
    if !world.permissions.may_use(&call.caller, &Object::new("warehouses", warehouse)) {
        return Err(Problem::denied(format!(
            "{} is not authorized to use this SQL Endpoint.",
            call.caller.user_name
        )));
    }
    let found = world.warehouses.get_mut(warehouse).ok_or_else(|| warehouses::missing(warehouse))?;
    // Executing starts a stopped warehouse: that needs no other right.
    found.start();
    let running = found.state == "RUNNING";
    let external = match text("disposition") {
        None | Some("INLINE") => false,
        Some("EXTERNAL_LINKS") => true,
        Some(other) => return Err(Problem::invalid(format!("Unknown disposition: {other}"))),
    };
    match (text("format").unwrap_or("JSON_ARRAY"), external) {
        ("JSON_ARRAY", _) => {}
        ("ARROW_STREAM" | "CSV", true) => return Err(Problem::unsupported("results other than JSON_ARRAY")),
        ("ARROW_STREAM" | "CSV", false) => {
            return Err(Problem::invalid(
                "The format field must be JSON_ARRAY when the disposition field is INLINE.",
            ));
        }
        (other, _) => return Err(Problem::invalid(format!("Unknown format: {other}"))),
    }
    if external && !world.statements.external_links {
        return Err(Problem::invalid("The EXTERNAL_LINKS disposition is disabled in this workspace."));
    }
    let wait = wait_timeout(text("wait_timeout"))?;
    let cancels = match text("on_wait_timeout") {
        None | Some("CONTINUE") => false,
        Some("CANCEL") => wait > 0,
        Some(other) => return Err(Problem::invalid(format!("Unknown on_wait_timeout: {other}"))),
    };
    let parameters = parameters(body.get("parameters"))?;
    world.statements.count += 1;
    let query = Query {
        text: statement,
        caller: &call.caller,
        catalog: text("catalog"),
        schema: text("schema"),
        parameters: &parameters,
        seed: world.statements.count,
    };
    let mut result = check_casts(&parameters).and_then(|()| query::run(world, &query));
    if let Err(SqlError::Unsupported(what)) = &result {
        return Err(Problem::unsupported(what));
    }
    let mut truncated = false;
    if let (Ok(rows), Some(limit)) = (&mut result, super::call::int64(body.get("row_limit"))) {
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let limit = limit.ok_or_else(|| Problem::invalid("row_limit must be greater than 0"))?;
        truncated = rows.len() > limit;
        rows.truncate(limit);
    }
    if let (Ok(rows), false) = (&result, external) {
        result = check_size(rows, world.statements.inline_limit).and(result);
    }
    let outcome = call.outcome.clone();
    let polls = match &outcome {
        Some(Outcome::Slow(polls)) => *polls,
        _ => world.statements.polls,
    };
    let mut execution = Execution {
        warehouse: warehouse.to_owned(),
        user: call.caller.user_name.clone(),
        external,
        state: if running { State::Running } else { State::Pending },
        polls,
        outcome,
        result,
        truncated,
    };
    if running && wait > 0 && execution.polls == 0 {
        execution.finish();
    } else if cancels {
        execution.state = State::Canceled;
    } else if wait == 0 {
        // Asynchronous: nothing is known yet, however fast it is.
        execution.state = State::Pending;
    }
    let id = format!("01f0{}", &uuid()[4..]);
    world.statements.remember(id.clone(), execution);
    Ok(show(world, call, &id))
}

/// An inline result that is too large fails as a whole: there are no partial rows.
fn check_size(rows: &ResultSet, limit: usize) -> Result<(), SqlError> {
    let mut total = 0;
    for at in 0..rows.len() {
        total += rows.weight(at);
        if total > limit {
            return Err(SqlError::Condition {
                name: "INLINE_BYTE_LIMIT".to_owned(),
                state: String::new(),
                message: format!(
                    "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at \
                     most {limit} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to \
                     download the full result."
                ),
            });
        }
    }
    Ok(())
}

impl Execution {
    /// Ends a statement: as a fault says, or as it would.
    fn finish(&mut self) {
        self.state = match (&self.outcome, &self.result) {
            (Some(Outcome::Failed(..)), _) => State::Failed,
            (Some(Outcome::Canceled), _) => State::Canceled,
            (Some(Outcome::Closed), _) => State::Closed,
            (_, Err(_)) => State::Failed,
            (_, Ok(_)) => State::Done,
        };
    }

    fn status(&self) -> Value {
        let state = match self.state {
            State::Pending => "PENDING",
            State::Running => "RUNNING",
            State::Done => "SUCCEEDED",
            State::Failed => "FAILED",
            State::Canceled => "CANCELED",
            State::Closed => "CLOSED",
        };
        let mut status = json!({"state": state});
        if self.state == State::Failed {
            match (&self.outcome, &self.result) {
                (Some(Outcome::Failed(code, message)), _) => {
                    status["error"] = json!({"error_code": code, "message": message});
                }
                (_, Err(SqlError::Condition { state, message, .. })) => {
                    status["error"] = json!({"error_code": "BAD_REQUEST", "message": message});
                    if !state.is_empty() {
                        status["sql_state"] = json!(state);
                    }
                }
                _ => {}
            }
        }
        status
    }
}

/// The statement, if it is the caller's.
fn own<'w>(world: &'w mut World, call: &Call, id: &str) -> Result<&'w mut Execution, Problem> {
    let found = world.statements.all.get_mut(id).filter(|execution| execution.user == call.caller.user_name);
    found.ok_or_else(|| Problem::new(404, "NOT_FOUND", format!("The statement {id} was not found.")))
}

/// `GET sql/statements/{id}`: status and first chunk; each look brings it a step nearer to its end.
fn poll(world: &mut World, call: &Call, id: &str) -> Reply {
    let warehouse = own(world, call, id)?.warehouse.clone();
    let running = match world.warehouses.get_mut(&warehouse) {
        Some(warehouse) => {
            warehouse.poll();
            warehouse.state == "RUNNING"
        }
        None => true,
    };
    let execution = own(world, call, id)?;
    if running && matches!(execution.state, State::Pending | State::Running) {
        if execution.polls == 0 {
            execution.finish();
        } else {
            execution.polls -= 1;
            execution.state = State::Running;
        }
    }
    Ok(show(world, call, id))
}

/// `POST …/cancel`: of a finished one it does nothing.
fn cancel(world: &mut World, call: &Call, id: &str) -> Reply {
    let execution = own(world, call, id)?;
    if matches!(execution.state, State::Pending | State::Running) {
        execution.state = State::Canceled;
    }
    Ok(Answer::empty())
}

/// Status, manifest and first chunk.
fn show(world: &World, call: &Call, id: &str) -> Answer {
    let Some(execution) = world.statements.all.get(id) else { return Answer::empty() };
    let mut body = json!({"statement_id": id, "status": execution.status()});
    let (State::Done, Ok(rows)) = (execution.state, &execution.result) else {
        return Answer::json(&body);
    };
    body["manifest"] = manifest(world, execution, rows);
    let mut bytes = serde_json::to_vec(&body).unwrap_or_default();
    bytes.pop();
    bytes.extend_from_slice(b",\"result\":");
    if rows.len() == 0 {
        bytes.extend_from_slice(b"{}");
    } else {
        write_chunk(world, call, id, 0, &mut bytes);
    }
    bytes.push(b'}');
    Answer::bytes("application/json", bytes)
}

fn column_json((position, column): (usize, &Column)) -> Value {
    let mut body = json!({
        "name": column.name,
        "type_text": column.type_text,
        "type_name": column.type_name(),
        "position": position,
    });
    let digits = column.type_text.strip_prefix("DECIMAL(").and_then(|rest| rest.strip_suffix(')'));
    if let Some((precision, scale)) = digits.and_then(|digits| digits.split_once(',')) {
        body["type_precision"] = json!(precision.trim().parse::<u32>().unwrap_or(10));
        body["type_scale"] = json!(scale.trim().parse::<u32>().unwrap_or(0));
    }
    body
}

fn manifest(world: &World, execution: &Execution, rows: &ResultSet) -> Value {
    let size = world.statements.chunk_rows.max(1);
    let chunks = rows.len().div_ceil(size);
    let mut total_bytes = 0;
    let list: Vec<Value> = (0..chunks)
        .map(|chunk| {
            let range = range(rows, size, chunk);
            let bytes: usize = range.clone().map(|at| rows.weight(at)).sum();
            total_bytes += bytes;
            json!({"chunk_index": chunk, "row_offset": range.start, "row_count": range.len(), "byte_count": bytes})
        })
        .collect();
    let mut manifest = json!({
        "format": "JSON_ARRAY",
        "schema": {
            "column_count": rows.columns.len(),
            "columns": rows.columns.iter().enumerate().map(column_json).collect::<Vec<_>>(),
        },
        "total_chunk_count": chunks,
        "total_row_count": rows.len(),
        "truncated": execution.truncated,
    });
    if chunks > 0 {
        manifest["chunks"] = Value::from(list);
    }
    if execution.external {
        manifest["total_byte_count"] = json!(total_bytes);
    }
    manifest
}

pub(super) fn range(rows: &ResultSet, size: usize, chunk: usize) -> Range<usize> {
    let start = chunk.saturating_mul(size).min(rows.len());
    start..(start + size).min(rows.len())
}

/// The `result` object of a chunk that exists.
fn write_chunk(world: &World, call: &Call, id: &str, chunk: usize, out: &mut Vec<u8>) {
    let Some((execution, rows)) = finished(world, id) else { return };
    let size = world.statements.chunk_rows.max(1);
    let range = range(rows, size, chunk);
    let mut head = Map::new();
    head.insert("chunk_index".to_owned(), json!(chunk));
    head.insert("row_offset".to_owned(), json!(range.start));
    head.insert("row_count".to_owned(), json!(range.len()));
    if range.end < rows.len() {
        let next = chunk + 1;
        head.insert("next_chunk_index".to_owned(), json!(next));
        let link = format!("/api/2.0/sql/statements/{id}/result/chunks/{next}?row_offset={}", range.end);
        head.insert("next_chunk_internal_link".to_owned(), json!(link));
    }
    if execution.external {
        let mut bytes = Vec::new();
        rows.write_json(range, &mut bytes);
        head.insert("byte_count".to_owned(), json!(bytes.len()));
        head.insert("external_link".to_owned(), json!(link(world, call, id, chunk)));
        head.insert("expiration".to_owned(), json!(iso_time(now_millis() + 899_000)));
        let headers = &world.statements.link_headers;
        if !headers.is_empty() {
            let headers: Map<String, Value> =
                headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            head.insert("http_headers".to_owned(), Value::Object(headers));
        }
        out.extend(json!({"external_links": [head]}).to_string().into_bytes());
        return;
    }
    out.extend(Value::Object(head).to_string().into_bytes());
    out.pop();
    out.extend_from_slice(b",\"data_array\":");
    rows.write_json(range, out);
    out.push(b'}');
}

pub(super) fn finished<'w>(world: &'w World, id: &str) -> Option<(&'w Execution, &'w ResultSet)> {
    let execution = world.statements.all.get(id).filter(|execution| execution.state == State::Done)?;
    Some((execution, execution.result.as_ref().ok()?))
}

/// `GET …/result/chunks/{index}`: the bare result object.
fn result_chunk(world: &mut World, call: &Call, id: &str, chunk: &str) -> Reply {
    let state = own(world, call, id)?.state;
    let Some((_, rows)) = finished(world, id) else {
        return Err(match state {
            State::Closed => Problem::new(
                404,
                "NOT_FOUND",
                format!("The result of statement {id} is no longer available."),
            ),
            _ => Problem::invalid(format!("The statement {id} has no result.")),
        });
    };
    let chunks = rows.len().div_ceil(world.statements.chunk_rows.max(1));
    let index = chunk.parse::<usize>().ok().filter(|index| *index < chunks);
    let index = index.ok_or_else(|| Problem::invalid(format!("Invalid chunk index {chunk}.")))?;
    let mut bytes = Vec::new();
    write_chunk(world, call, id, index, &mut bytes);
    Ok(Answer::bytes("application/json", bytes))
}
