//! The resources of the workspace, over its API.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Map, Value as Json, json};

use super::http::{Client, HttpError};
use super::node::Node;
use super::path::EMBEDDED;
use super::permission;
use super::resource::Group;
use super::state::State;

/// How many requests are made at once.
pub(super) const PARALLEL: usize = 10;

/// How often a read, an update or a deletion is tried again after an error of the service.
const RETRIES: u32 = 2;

/// What the workspace says about a node of the state.
#[derive(Debug, Clone)]
pub(super) enum Remote {
    Gone,
    There {
        /// Everything, as the plan shows it.
        shown: Json,
        /// The part that a definition can be compared with.
        comparable: Json,
    },
}

/// Reads every node of the state that is in scope.
pub(super) async fn read_all(
    client: &Client,
    state: &State,
    scope: &BTreeSet<String>,
    pause: Duration,
) -> Result<HashMap<String, Remote>, String> {
    let mut names = state.state.iter().filter(|(name, _)| scope.contains(*name));
    let mut found = HashMap::new();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < PARALLEL {
            let Some((name, entry)) = names.next() else { break };
            let Some(node) = Node::parse(name) else {
                return Err(format!(
                    "cannot plan {name}: this stand-in knows jobs, pipelines and their permissions only"
                ));
            };
            running.push(async move { (name, again(pause, || read(client, &node, &entry.id)).await) });
        }
        match running.next().await {
            None => return Ok(found),
            Some((name, Ok(remote))) => {
                found.insert(name.clone(), remote);
            }
            Some((name, Err(error))) => return Err(format!("cannot plan {name}: reading: {error}")),
        }
    }
}

/// Reads one node.
pub(super) async fn read(client: &Client, node: &Node, id: &str) -> Result<Remote, HttpError> {
    let result = match (node.is_permissions, node.group) {
        (true, _) => {
            client.get(&format!("/api/2.0/permissions{id}"), &[]).await.map(|json| of_permissions(id, &json))
        }
        (false, Group::Pipelines) => {
            client.get(&format!("/api/2.0/pipelines/{id}"), &[]).await.map(of_pipeline)
        }
        (false, Group::Jobs) => read_job(client, id).await.map(of_job),
    };
    match result {
        Err(error) if error.is_missing() => Ok(Remote::Gone),
        result => result,
    }
}

/// A job with all its tasks, which come in pages.
async fn read_job(client: &Client, id: &str) -> Result<Json, HttpError> {
    let mut job = client.get("/api/2.2/jobs/get", &[("job_id", id)]).await?;
    let mut page = job["next_page_token"].as_str().map(str::to_owned);
    while let Some(token) = page {
        let mut more = client.get("/api/2.2/jobs/get", &[("job_id", id), ("page_token", &token)]).await?;
        if let (Json::Array(tasks), Json::Array(more)) =
            (&mut job["settings"]["tasks"], more["settings"]["tasks"].take())
        {
            tasks.extend(more);
        }
        page = more["next_page_token"].as_str().map(str::to_owned);
    }
    Ok(job)
}

fn of_pipeline(mut pipeline: Json) -> Remote {
    // These are not given back as part of the definition.
    if let Some(parameters) = pipeline.get("parameters").cloned() {
        pipeline["spec"]["parameters"] = parameters;
    }
    flatten(pipeline, "spec", &["id"], &[])
}

fn of_job(job: Json) -> Remote {
    flatten(job, "settings", &[], &["has_more", "next_page_token"])
}

/// The definition inside an answer, alone and with what the workspace adds.
fn flatten(answer: Json, inner: &str, not_compared: &[&str], not_shown: &[&str]) -> Remote {
    let mut outer = match answer {
        Json::Object(outer) => outer,
        _ => Map::new(),
    };
    let mut comparable = match outer.shift_remove(inner) {
        Some(Json::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut shown = comparable.clone();
    for (key, value) in outer {
        if !not_shown.contains(&key.as_str()) {
            shown.entry(key).or_insert(value);
        }
    }
    shown.sort_keys();
    for field in not_compared {
        comparable.shift_remove(*field);
    }
    Remote::There { shown: Json::Object(shown), comparable: Json::Object(comparable) }
}

/// The permissions that are set on the object itself, not inherited.
fn of_permissions(id: &str, answer: &Json) -> Remote {
    let mut entries = Vec::new();
    for one in answer["access_control_list"].as_array().into_iter().flatten() {
        let Some((key, name)) = permission::principal(one) else { continue };
        let levels = one["all_permissions"].as_array().into_iter().flatten();
        for level in levels.filter(|level| level["inherited"] != true) {
            entries.push(json!({"level": level["permission_level"], key: name}));
        }
    }
    let value = json!({EMBEDDED: entries, "object_id": id});
    Remote::There { shown: value.clone(), comparable: value }
}

/// Makes a resource and answers its id.
pub(super) async fn create(client: &Client, node: &Node, value: &Json) -> Result<String, HttpError> {
    match (node.is_permissions, node.group) {
        (true, _) => set_permissions(client, value).await,
        (false, Group::Pipelines) => {
            let answer = client.post("/api/2.0/pipelines", &pipeline_body(value)).await?;
            Ok(answer["pipeline_id"].as_str().unwrap_or_default().to_owned())
        }
        (false, Group::Jobs) => {
            let answer = client.post("/api/2.2/jobs/create", value).await?;
            Ok(answer["job_id"].to_string())
        }
    }
}

/// Changes a resource and answers its id, which only that of permissions can change.
pub(super) async fn update(
    client: &Client,
    node: &Node,
    id: &str,
    value: &Json,
) -> Result<String, HttpError> {
    match (node.is_permissions, node.group) {
        (true, _) => return set_permissions(client, value).await,
        (false, Group::Pipelines) => {
            client.put(&format!("/api/2.0/pipelines/{id}"), &pipeline_body(value)).await?
        }
        (false, Group::Jobs) => {
            client.post("/api/2.2/jobs/reset", &json!({"job_id": job_id(id), "new_settings": value})).await?
        }
    };
    Ok(id.to_owned())
}

/// Deletes a resource. Whether the tables of a pipeline go with it is what the *deployed* definition says.
pub(super) async fn delete(client: &Client, node: &Node, id: &str, deployed: &Json) -> Result<(), HttpError> {
    let result = match (node.is_permissions, node.group) {
        // They go with what they belong to; of something that stays they stay too.
        (true, _) => Ok(()),
        (false, Group::Pipelines) => {
            let cascade = deployed["cascade_on_destroy"].as_bool().map(|cascade| cascade.to_string());
            let query: Vec<(&str, &str)> =
                cascade.iter().map(|cascade| ("cascade", cascade.as_str())).collect();
            client.delete(&format!("/api/2.0/pipelines/{id}"), &query).await
        }
        (false, Group::Jobs) => {
            client.post("/api/2.2/jobs/delete", &json!({"job_id": job_id(id)})).await.map(|_| ())
        }
    };
    match result {
        Err(error) if error.is_missing() => Ok(()),
        result => result,
    }
}

async fn set_permissions(client: &Client, value: &Json) -> Result<String, HttpError> {
    let id = value["object_id"].as_str().unwrap_or_default();
    let entries = value[EMBEDDED].as_array().map(Vec::as_slice).unwrap_or_default();
    let body = permission::access_list(entries, str::to_owned);
    client.put(&format!("/api/2.0/permissions{id}"), &body).await?;
    Ok(id.to_owned())
}

/// The definition without what only the CLI knows.
fn pipeline_body(value: &Json) -> Json {
    let mut body = value.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("cascade_on_destroy");
    }
    body
}

/// The id of a job as the number that the API wants.
pub(super) fn job_id(id: &str) -> Json {
    id.parse::<i64>().map_or_else(|_| id.into(), Json::from)
}

/// Tries again what may be tried again.
pub(super) async fn again<T, F: Future<Output = Result<T, HttpError>>>(
    pause: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, HttpError> {
    let mut tries = 0;
    loop {
        match attempt().await {
            Err(error)
                if tries < RETRIES && error.status().is_some_and(|status| status >= 500 || status == 408) =>
            {
                tries += 1;
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
    }
}
