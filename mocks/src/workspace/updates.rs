//! Runs of pipelines, and what they tell (REST API, Pipelines).

use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::paging;
use super::pipelines::{page_size, visible};
use super::world::World;

/// One update (run) of a pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    /// UUID.
    pub update_id: String,
    /// Its pipeline.
    pub pipeline_id: String,
    /// `COMPLETED`, `FAILED`, `RUNNING`, …
    pub state: String,
    /// `API_CALL`, `JOB_TASK`, …
    pub cause: String,
    /// Milliseconds since 1970.
    pub creation_time: i64,
    /// Whether everything was read again.
    pub full_refresh: bool,
    /// Whether nothing was to be written.
    pub validate_only: bool,
}

/// `POST …/updates`: runs the pipeline; it is finished at once.
pub(super) fn start_update(world: &mut World, call: &Call, id: &str) -> Reply {
    visible(world, call, id)?;
    let body = call.object()?;
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let (full_refresh, validate_only) = (flag("full_refresh"), flag("validate_only"));
    let busy = world
        .pipelines
        .get(id)
        .and_then(|pipeline| pipeline.updates.first())
        .is_some_and(|update| !matches!(update.state.as_str(), "COMPLETED" | "FAILED" | "CANCELED"));
    if busy {
        return Err(Problem::new(
            409,
            "RESOURCE_CONFLICT",
            "An active update already exists for this pipeline.",
        ));
    }
    let update_id = world.run_pipeline(id, "API_CALL", full_refresh, validate_only);
    Ok(Answer::json(&json!({"update_id": update_id})))
}

/// `GET …/updates`.
pub(super) fn list_updates(world: &World, call: &Call, id: &str) -> Reply {
    let size = page_size(call, 25, 100)?;
    let pipeline = visible(world, call, id)?;
    let start = paging::position(call)?.and_then(|at| at.parse::<usize>().ok()).unwrap_or(0);
    let page: Vec<&Update> = pipeline.updates.iter().skip(start).take(size).collect();
    let end = start + page.len();
    let mut body = json!({});
    if !page.is_empty() {
        body["updates"] = json!(page);
    }
    if end < pipeline.updates.len() {
        body["next_page_token"] = Value::from(paging::token(call, &end.to_string()));
    }
    Ok(Answer::json(&body))
}

/// `POST …/stop`.
pub(super) fn stop(world: &mut World, call: &Call, id: &str) -> Reply {
    visible(world, call, id)?;
    if let Some(pipeline) = world.pipelines.get_mut(id) {
        pipeline.state = "IDLE".to_owned();
        for update in &mut pipeline.updates {
            if !matches!(update.state.as_str(), "COMPLETED" | "FAILED") {
                update.state = "CANCELED".to_owned();
            }
        }
    }
    Ok(Answer::empty())
}

/// `GET …/events`: newest first; of the filters only `level` is understood.
pub(super) fn list_events(world: &World, call: &Call, id: &str) -> Reply {
    let size = page_size(call, 25, 250)?;
    let pipeline = visible(world, call, id)?;
    let excluded =
        call.param("page_token").is_some() && (call.param("filter").or(call.param("order_by"))).is_some();
    if excluded {
        return Err(Problem::invalid("page_token cannot be combined with filter or order_by"));
    }
    let filter = call.param("filter").unwrap_or_default();
    let shown = |event: &&Value| {
        let level = event.get("level").and_then(Value::as_str).unwrap_or("INFO");
        !filter.contains("level") || filter.contains(&format!("'{level}'"))
    };
    let page: Vec<&Value> = pipeline.events.iter().filter(shown).take(size).collect();
    Ok(Answer::json(&if page.is_empty() { json!({}) } else { json!({"events": page}) }))
}
