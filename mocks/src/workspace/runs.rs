//! Runs of jobs (REST API, Jobs).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::{Call, int64};
use super::jobs::{Job, named, visible};
use super::world::{World, now_millis};

/// One run of a job.
#[derive(Clone, Debug)]
pub struct Run {
    /// int64.
    pub id: i64,
    /// Its job.
    pub job_id: i64,
    /// Milliseconds since 1970.
    pub start_time: i64,
    /// How many more times a `get` says `RUNNING`.
    pub polls: u32,
    /// `SUCCESS` or `FAILED`.
    pub result: String,
}

/// `POST jobs/run-now`: each pipeline of its tasks runs once.
pub(super) fn run_now(world: &mut World, call: &Call) -> Reply {
    let id = named(int64(call.object()?.get("job_id")))?;
    let job = visible(world, call, id)?;
    let pipelines: Vec<String> = job
        .settings
        .get("tasks")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(|task| task.pointer("/pipeline_task/pipeline_id")?.as_str().map(str::to_owned))
        .collect();
    let mut result = "SUCCESS";
    for pipeline in pipelines {
        world.run_pipeline(&pipeline, "JOB_TASK", false, false);
        let update = world.pipelines.get(&pipeline).and_then(|pipeline| pipeline.updates.first());
        if update.is_none_or(|update| update.state != "COMPLETED") {
            result = "FAILED";
        }
    }
    let run = Run {
        id: fastrand::i64(100_000_000_000..1_000_000_000_000_000),
        job_id: id,
        start_time: now_millis(),
        polls: 1,
        result: result.to_owned(),
    };
    let run_id = run.id;
    world.jobs.runs.insert(run_id, run);
    Ok(Answer::json(&json!({"run_id": run_id, "number_in_job": run_id})))
}

fn run_json(world: &World, call: &Call, run: &Run, running: bool) -> Value {
    let name = world.jobs.get(run.job_id).map(Job::name).unwrap_or_default();
    let mut body = json!({
        "job_id": run.job_id,
        "run_id": run.id,
        "number_in_job": run.id,
        "run_name": name,
        "run_page_url": format!("{}/jobs/{}/runs/{}?w={}", call.origin, run.job_id, run.id, world.workspace_id),
        "run_type": "JOB_RUN",
        "format": "MULTI_TASK",
        "start_time": run.start_time,
    });
    body["state"] = if running {
        json!({"life_cycle_state": "RUNNING", "state_message": ""})
    } else {
        json!({"life_cycle_state": "TERMINATED", "result_state": run.result, "state_message": ""})
    };
    if !running {
        body["end_time"] = Value::from(run.start_time);
    }
    body
}

/// `GET jobs/runs/get`.
pub(super) fn get_run(world: &mut World, call: &Call) -> Reply {
    let id = call.number("run_id")?.ok_or_else(|| Problem::invalid("Missing required field: run_id"))?;
    let missing = || Problem::invalid(format!("Run {id} does not exist."));
    let run = world.jobs.runs.get_mut(&id).ok_or_else(missing)?;
    let running = run.polls > 0;
    run.polls = run.polls.saturating_sub(1);
    let run = run.clone();
    Ok(Answer::json(&run_json(world, call, &run, running)))
}

/// `GET jobs/runs/list`: newest first, one page.
pub(super) fn list_runs(world: &World, call: &Call) -> Reply {
    let job = call.number("job_id")?;
    let mut runs: Vec<&Run> =
        world.jobs.runs().filter(|run| job.is_none_or(|id| run.job_id == id)).take(25).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.start_time));
    let items: Vec<Value> = runs.iter().map(|run| run_json(world, call, run, run.polls > 0)).collect();
    Ok(Answer::json(&if items.is_empty() {
        json!({"has_more": false})
    } else {
        json!({"runs": items, "has_more": false})
    }))
}
