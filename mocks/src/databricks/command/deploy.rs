//! `bundle deploy`

use serde_json::{Map, Value as Json, json};

use super::{Failure, Session, check_branch, error, make_plan, pull_state, wanted};
use crate::databricks::apply::{Applied, apply};
use crate::databricks::approval;
use crate::databricks::arguments::Deploy;
use crate::databricks::bundle::Bundle;
use crate::databricks::desired;
use crate::databricks::http::{Client, HttpError};
use crate::databricks::lock::Lock;
use crate::databricks::node::{Node, short};
use crate::databricks::permission;
use crate::databricks::plan::Plan;
use crate::databricks::resource::Group;
use crate::databricks::state::{Journal, State};
use crate::databricks::upload::upload;
use crate::databricks::workspace_files;

pub(super) async fn run(session: Session<'_>, flags: &Deploy) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    let saved = match &flags.plan {
        Some(file) => {
            let path = session.environment.folder().join(file);
            let text = std::fs::read_to_string(path).map_err(|why| match why.kind() {
                std::io::ErrorKind::NotFound => {
                    error(format!("reading plan file: open {file}: no such file or directory"))
                }
                _ => error(format!("reading plan file: open {file}: {why}")),
            })?;
            Some(text)
        }
        None => None,
    };
    let state = pull_state(&bundle, &client).await?;
    let saved = match saved {
        Some(text) => {
            let plan = Plan::load(&text, &state).map_err(error)?;
            let version = session.environment.cli_version();
            if plan.cli_version() != version {
                session.output.message(&format!(
                    "Warning: the plan was created with CLI version {}, but this is {version}\n",
                    plan.cli_version()
                ));
            }
            Some(plan)
        }
        None => {
            if !flags.select.is_empty() {
                // A word that names nothing is told before anything is written.
                check_selection(&bundle, &flags.select)?;
            }
            check_branch(&bundle, flags.force)?;
            if flags.fail_on_active_runs {
                check_runs(&client, &state).await?;
            }
            None
        }
    };
    let lock = acquire(session, &bundle, &client, flags.force_lock).await?;
    let result = locked(session, flags, &bundle, &client, state, saved).await;
    finish(lock, &client, result).await
}

/// Takes the lock, and names its holder where it cannot be had.
pub(super) async fn acquire(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    force: bool,
) -> Result<Lock, Failure> {
    match Lock::acquire(bundle, client, force).await {
        Ok(lock) => Ok(lock),
        Err(held) => {
            session.output.message(&format!("Error: Failed to acquire deployment lock: {held}"));
            Err(held.into())
        }
    }
}

/// Gives the lock back, whatever came of the work.
pub(super) async fn finish(lock: Lock, client: &Client, result: Result<(), Failure>) -> Result<(), Failure> {
    let released = lock.release(client).await;
    match (result, released) {
        (Err(failure), _) => Err(failure),
        (Ok(()), Err(error)) => Err(error.into()),
        (Ok(()), Ok(())) => Ok(()),
    }
}

fn check_selection(bundle: &Bundle, select: &[String]) -> Result<(), Failure> {
    let all = desired::of_resources(&bundle.resources);
    match all {
        Ok(all) => desired::select(&all, select).map(|_| ()).map_err(error),
        // That error comes later, when a plan is made.
        Err(_) => Ok(()),
    }
}

async fn check_runs(client: &Client, state: &State) -> Result<(), Failure> {
    for (name, entry) in &state.state {
        let Some(node) = Node::parse(name).filter(|node| !node.is_permissions) else { continue };
        let id = &entry.id;
        match node.group {
            Group::Pipelines => {
                let pipeline = client.get(&format!("/api/2.0/pipelines/{id}"), &[]).await.unwrap_or_default();
                if !matches!(pipeline["state"].as_str(), None | Some("IDLE" | "FAILED" | "DELETED")) {
                    return Err(error(format!("pipeline {id} is running")));
                }
            }
            Group::Jobs => {
                let query = [("job_id", id.as_str()), ("active_only", "true")];
                let runs = client.get("/api/2.2/jobs/runs/list", &query).await.unwrap_or_default();
                if runs["runs"].as_array().is_some_and(|runs| !runs.is_empty()) {
                    return Err(error(format!("job {id} is running")));
                }
            }
        }
    }
    Ok(())
}

/// Everything that happens while the lock is held.
async fn locked(
    session: Session<'_>,
    flags: &Deploy,
    bundle: &Bundle,
    client: &Client,
    state: State,
    saved: Option<Plan>,
) -> Result<(), Failure> {
    let version = session.environment.cli_version();
    session.output.summary(&format!("Uploading bundle files to {}...", bundle.path("file_path")));
    let uploaded = upload(bundle, client, version).await?;
    let result = carry_out(session, flags, bundle, client, state, saved).await;
    if let Err(Failure::Error(text)) = &result {
        session.output.message(&format!("Error: {text}"));
    }
    session.output.summary(&format!("Files: {} uploaded, {} deleted", uploaded.sent, uploaded.deleted));
    match result {
        Ok(Some(resources)) => session.output.summary(&resources),
        Ok(None) => {}
        Err(_) => return Err(Failure::Told),
    }
    Ok(())
}

/// Plans, asks, changes the workspace; answers the line that sums it up, or nothing where somebody said no.
async fn carry_out(
    session: Session<'_>,
    flags: &Deploy,
    bundle: &Bundle,
    client: &Client,
    state: State,
    saved: Option<Plan>,
) -> Result<Option<String>, Failure> {
    let version = session.environment.cli_version();
    set_folder_permissions(bundle, client).await?;

    let (wanted, selected) = match &saved {
        Some(_) => (desired::of_resources(&bundle.resources).map_err(error)?, None),
        None => wanted(bundle, &flags.select)?,
    };
    let plan = match saved {
        Some(plan) => plan,
        None => make_plan(session, client, &wanted, selected.as_ref(), &state).await?,
    };
    // Begun before anybody is asked: a refusal leaves a log without a line.
    let mut journal = Journal::begin(state, bundle.local_folder(), version)?;
    approval::prevented(&plan, &wanted).map_err(error)?;
    if !approval::ask(&plan, flags.auto_approve, session.environment, session.output).map_err(error)? {
        session.output.message("Deployment cancelled!");
        return Ok(None);
    }

    let applied = apply(client, &plan, &mut journal, session.retry_pause()).await;
    let (state, content) = journal.finish()?;
    // Also after a failure: what was made must not be forgotten.
    push_state(bundle, client, content).await?;
    tell_problems(session, &applied);
    if !applied.errors.is_empty() {
        return Err(Failure::Told);
    }
    let metadata = metadata(bundle, &state).to_string().into_bytes();
    workspace_files::write(client, &bundle.state_file("metadata.json"), metadata, true).await?;

    for (name, action) in &applied.done {
        session.output.progress(&format!("{} {}", action.done(), short(name)));
    }
    let counts = plan.counts();
    Ok(Some(format!(
        "Resources: {} created, {} changed, {} deleted, {} unchanged{}",
        counts.added,
        counts.changed,
        counts.deleted,
        counts.unchanged,
        plan.not_selected_text()
    )))
}

/// Copies the state that lies beside the bundle, if there is one, into the workspace.
pub(super) async fn push_state(
    bundle: &Bundle,
    client: &Client,
    content: Option<Vec<u8>>,
) -> Result<(), Failure> {
    if let Some(content) = content {
        workspace_files::write(client, &bundle.state_file("resources.json"), content, true).await?;
    }
    Ok(())
}

/// Warnings and errors of carrying out a plan.
pub(super) fn tell_problems(session: Session<'_>, applied: &Applied) {
    for warning in &applied.warnings {
        session.output.message(&format!("Warning: {warning}\n"));
    }
    for error in &applied.errors {
        session.output.message(&format!("Error: {error}\n"));
    }
}

/// The folder of the bundle gets the permissions of the bundle.
async fn set_folder_permissions(bundle: &Bundle, client: &Client) -> Result<(), Failure> {
    let permissions = permission::list(&bundle.config);
    if permissions.is_empty() {
        return Ok(());
    }
    let path = bundle.path("root_path");
    let status = workspace_files::status(client, path).await?;
    let id = match status.as_ref().map(|status| &status["object_id"]) {
        Some(Json::Number(id)) => id.to_string(),
        Some(Json::String(id)) => id.clone(),
        _ => return Err(HttpError::Setup(format!("{path} has no object_id")).into()),
    };
    let body = permission::access_list(&permissions, permission::folder_level);
    client.put(&format!("/api/2.0/permissions/directories/{id}"), &body).await?;
    Ok(())
}

/// `metadata.json`: what other tools of the workspace know about the bundle.
fn metadata(bundle: &Bundle, state: &State) -> Json {
    let mut groups = Map::new();
    for ((group, key), resource) in &bundle.resources {
        let Some(entry) = state.state.get(&Node::name(*group, key)) else { continue };
        let group = groups.entry(group.name()).or_insert_with(|| json!({}));
        group[key] = json!({"id": entry.id, "relative_path": resource.file});
    }
    let mut about = json!({
        "name": bundle.text(&["bundle", "name"]),
        "target": bundle.target(),
        "git": bundle.config.at_path(&["bundle", "git"]).map(|git| git.to_json()).unwrap_or_default(),
    });
    let mode = bundle.text(&["bundle", "mode"]);
    if !mode.is_empty() {
        about["mode"] = mode.into();
    }
    json!({
        "version": 1,
        "config": {
            "bundle": about,
            "workspace": {"file_path": bundle.path("file_path")},
            "resources": groups,
            "presets": {"source_linked_deployment": false},
        },
        "extra": {},
    })
}
