//! `bundle destroy`

use super::deploy::{acquire, finish, tell_problems};
use super::{Failure, Session, error, make_plan, pull_state};
use crate::databricks::apply::apply;
use crate::databricks::approval;
use crate::databricks::bundle::Bundle;
use crate::databricks::desired::{self, Wanted};
use crate::databricks::http::Client;
use crate::databricks::plan::Plan;
use crate::databricks::rule::Action;
use crate::databricks::state::{Journal, State};
use crate::databricks::workspace_files;

pub(super) async fn run(session: Session<'_>, auto_approve: bool, force_lock: bool) -> Result<(), Failure> {
    if !auto_approve && !approval::can_prompt(session.environment) {
        return Err(error(
            "this command will destroy all resources deployed by this bundle, including workspace files in the deployment directory.\nDeleting data assets such as schemas, pipelines, or volumes may cause permanent data loss and should be carefully reviewed.\nTo proceed, use --auto-approve.",
        ));
    }
    let (bundle, client) = session.load().await?;
    if workspace_files::status(&client, bundle.path("root_path")).await?.is_none() {
        session.output.message("No active deployment found to destroy!");
        return Ok(());
    }
    let state = pull_state(&bundle, &client).await?;
    let lock = acquire(session, &bundle, &client, force_lock).await?;
    match locked(session, &bundle, &client, state, auto_approve).await {
        // The lock lay in the folder that is gone now.
        Ok(true) => Ok(()),
        Ok(false) => finish(lock, &client, Ok(())).await,
        Err(failure) => finish(lock, &client, Err(failure)).await,
    }
}

/// Whether all was destroyed; `false` is a "no".
async fn locked(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    state: State,
    auto_approve: bool,
) -> Result<bool, Failure> {
    let plan = make_plan(session, client, &Wanted::new(), None, &state).await?;
    let wanted = desired::of_resources(&bundle.resources).map_err(error)?;
    approval::prevented(&plan, &wanted).map_err(error)?;
    show(session, bundle, &plan, &state);
    if !auto_approve {
        session.output.message("Would you like to proceed? [y/n]: ");
        if !approval::confirmed() {
            session.output.message("Destroy cancelled!");
            return Ok(false);
        }
    }
    let mut journal = Journal::begin(state, bundle.local_folder(), session.environment.cli_version())?;
    let applied = apply(client, &plan, &mut journal, session.retry_pause()).await;
    // What was destroyed is known here only, until all of it is.
    journal.finish()?;
    tell_problems(session, &applied);
    if !applied.errors.is_empty() {
        return Err(Failure::Told);
    }
    workspace_files::delete(client, bundle.path("root_path"), true).await?;
    session.output.summary(&format!("Destroy: {} deleted", plan.counts().deleted));
    Ok(true)
}

fn show(session: Session<'_>, bundle: &Bundle, plan: &Plan, state: &State) {
    let output = session.output;
    let deleted: Vec<&String> =
        plan.plan.iter().filter(|(_, step)| step.action == Action::Delete).map(|(name, _)| name).collect();
    if !deleted.is_empty() {
        output.message("The following resources will be deleted:");
        for name in &deleted {
            output.message(&format!("  delete {name}"));
        }
        output.message("");
    }
    let keeps =
        |name: &str| state.state.get(name).is_some_and(|entry| entry.state["cascade_on_destroy"] == false);
    let pipelines: Vec<&str> = plan.destructive().into_iter().map(|(name, _)| name).collect();
    let (kept, lost): (Vec<&str>, Vec<&str>) = pipelines.into_iter().partition(|name| keeps(name));
    let groups = [
        (
            lost,
            "This action will result in the deletion of the following Lakeflow Spark Declarative Pipelines along with the\nStreaming Tables (STs) and Materialized Views (MVs) managed by them. Set 'cascade_on_destroy: false' and deploy before to keep them:",
        ),
        (
            kept,
            "This action will result in the deletion of the following Lakeflow Spark Declarative Pipelines.\nThe Streaming Tables (STs) and Materialized Views (MVs) managed by them are retained, as 'cascade_on_destroy' is set to false:",
        ),
    ];
    for (names, banner) in groups {
        if !names.is_empty() {
            output.message(banner);
            for name in names {
                output.message(&format!("  delete {name}"));
            }
            output.message("");
        }
    }
    output.message(&format!(
        "All files and directories at the following location will be deleted: {}\n",
        bundle.path("root_path")
    ));
}
