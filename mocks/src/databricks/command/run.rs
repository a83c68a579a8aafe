//! `bundle run`

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Failure, Session, error, pretty, pull_state};
use crate::databricks::bundle::Bundle;
use crate::databricks::desired;
use crate::databricks::http::Client;
use crate::databricks::node::Node;
use crate::databricks::remote::job_id;
use crate::databricks::resource::Group;

/// How long to wait between two looks at a run.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn run(session: Session<'_>, key: &str, no_wait: bool) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    let wanted = desired::of_resources(&bundle.resources).map_err(error)?;
    let name =
        desired::find(&wanted, key).ok_or_else(|| error(format!("resource with key \"{key}\" not found")))?;
    let state = pull_state(&bundle, &client).await?;
    let entry = state.state.get(&name).ok_or_else(|| {
        error("resource not found or not yet deployed. Did you forget to run 'databricks bundle deploy'?")
    })?;
    match Node::parse(&name).map(|node| node.group) {
        Some(Group::Jobs) => run_job(session, &bundle, &client, &entry.id, no_wait).await,
        _ => run_pipeline(session, &bundle, &client, &entry.id, no_wait).await,
    }
}

async fn run_job(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    id: &str,
    no_wait: bool,
) -> Result<(), Failure> {
    let answer = client.post("/api/2.2/jobs/run-now", &json!({"job_id": job_id(id)})).await?;
    let run_id = answer["run_id"].to_string();
    let page = bundle.url(Group::Jobs, id);
    let (page, query) = page
        .split_once('?')
        .map_or((page.as_str(), String::new()), |(page, query)| (page, format!("?{query}")));
    session.output.message(&format!("Run URL: {page}/runs/{run_id}{query}\n"));
    if no_wait {
        return Ok(());
    }
    let mut before = String::new();
    loop {
        let run = client.get("/api/2.2/jobs/runs/get", &[("run_id", &run_id)]).await?;
        let state = &run["state"];
        let text = |key: &str| state[key].as_str().unwrap_or_default().to_owned();
        let (life, result) = (text("life_cycle_state"), text("result_state"));
        let line = format!("{life} {result}").trim().to_owned();
        if line != before {
            let name = run["run_name"].as_str().unwrap_or_default();
            session.output.message(&format!("{} \"{name}\" {line}", now()));
            before = line;
        }
        match life.as_str() {
            "SKIPPED" | "INTERNAL_ERROR" => {
                return Err(error(format!("run failed with {life}: {}", text("state_message"))));
            }
            "TERMINATED" if matches!(result.as_str(), "FAILED" | "CANCELED" | "TIMEDOUT") => {
                return Err(error(format!("run ended with {result}: {}", text("state_message"))));
            }
            "TERMINATED" => {
                if session.common.json {
                    session.output.data(&pretty(&json!({"task_outputs": []}))?);
                }
                return Ok(());
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn run_pipeline(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    id: &str,
    no_wait: bool,
) -> Result<(), Failure> {
    let answer = client.post(&format!("/api/2.0/pipelines/{id}/updates"), &json!({})).await?;
    let update = answer["update_id"].as_str().unwrap_or_default().to_owned();
    session.output.message(&format!("Update URL: {}/updates/{update}\n", bundle.url(Group::Pipelines, id)));
    if !no_wait {
        let mut before = Json::Null;
        loop {
            let found = client.get(&format!("/api/2.0/pipelines/{id}/updates/{update}"), &[]).await?;
            let state = found["update"]["state"].clone();
            if state != before {
                session.output.message(&format!("{} update {}", now(), state.as_str().unwrap_or_default()));
            }
            match state.as_str() {
                Some("COMPLETED") => break,
                Some(bad @ ("FAILED" | "CANCELED")) => return Err(error(format!("update {} {bad}", update))),
                _ => tokio::time::sleep(PAUSE).await,
            }
            before = state;
        }
    }
    if session.common.json {
        session.output.data(&pretty(&json!({ "update_id": update }))?);
    } else {
        session.output.data(&format!("Update ID: {update}\n"));
    }
    Ok(())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
