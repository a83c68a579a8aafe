//! `bundle deployment bind` and `unbind`

use std::collections::{BTreeSet, HashMap};

use super::deploy::{acquire, finish, push_state};
use super::{Failure, Session, error, pull_state};
use crate::databricks::approval;
use crate::databricks::bundle::Bundle;
use crate::databricks::desired::{self, Wanted};
use crate::databricks::escape;
use crate::databricks::http::Client;
use crate::databricks::path::replace_templates;
use crate::databricks::planner;
use crate::databricks::reference::Step;
use crate::databricks::remote::{self, Remote};
use crate::databricks::resource::Group;
use crate::databricks::rule::Action;
use crate::databricks::state::{Entry, Journal, State};
use crate::databricks::template::resolve_text;

/// Takes an existing resource into the state, without changing it.
pub(super) async fn bind(
    session: Session<'_>,
    key: &str,
    id: &str,
    auto_approve: bool,
    force_lock: bool,
) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    let wanted = desired::of_resources(&bundle.resources).map_err(error)?;
    let name = desired::find(&wanted, key).ok_or_else(|| error(format!("no such resource: {key}")))?;
    let node = &wanted[&name].node;
    let there = match remote::read(&client, node, id).await {
        Ok(there @ Remote::There { .. }) => there,
        Ok(Remote::Gone) => {
            let what = if node.group == Group::Jobs { "job" } else { "pipeline" };
            return Err(error(format!(
                "failed to fetch the resource, err: The specified {what} {id} was not found."
            )));
        }
        Err(why) => return Err(error(format!("failed to fetch the resource, err: {}", why.message()))),
    };
    let state = pull_state(&bundle, &client).await?;
    let lock = acquire(session, &bundle, &client, force_lock).await?;
    let result =
        bind_locked(session, &bundle, &client, &wanted, (&name, id), there, state, auto_approve).await;
    finish(lock, &client, result).await
}

#[expect(clippy::too_many_arguments, reason = "one caller, and no two of them belong together")]
async fn bind_locked(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    wanted: &Wanted,
    (name, id): (&str, &str),
    there: Remote,
    mut state: State,
    auto_approve: bool,
) -> Result<(), Failure> {
    if let Some(entry) = state.state.get(name) {
        let which = if entry.id == id { "the requested ID" } else { "a different ID" };
        return Err(error(format!(
            "Resource already managed\n\nThe bundle is already managing resource for {name} and it is bound to {which} {}.\n",
            entry.id
        )));
    }
    let group = wanted[name].node.group;
    let before = state.clone();
    let empty = Entry { id: id.to_owned(), state: serde_json::json!({}), depends_on: Vec::new() };
    state.state.insert(name.to_owned(), empty);
    // Only the one node is read; what it refers to counts as unchanged where the state knows it.
    let mut remotes = HashMap::from([(name.to_owned(), there)]);
    for known in before.state.keys() {
        let same = before.state[known].state.clone();
        remotes.insert(known.clone(), Remote::There { shown: same.clone(), comparable: same });
    }
    let scope: BTreeSet<String> = wanted.keys().cloned().collect();
    let plan = planner::make(wanted, &state, &mut remotes, &scope, session.environment.cli_version())
        .map_err(error)?;
    let step = &plan.plan[name];
    let real: Vec<_> = step
        .changes
        .iter()
        .filter(|(path, change)| change.action != Action::Skip && path.as_str() != "cascade_on_destroy")
        .collect();
    if !real.is_empty() {
        let action = real.iter().map(|(_, change)| change.action).max().unwrap_or(Action::Update);
        session.output.message(&format!("Plan: {} {name}", action.word()));
        for (path, change) in real {
            session.output.message(&format!("  ~ {path}: {}", change.show()));
        }
        if !auto_approve {
            if !approval::can_prompt(session.environment) {
                return Err(error(
                    "this bind operation requires user confirmation, but the current console does not support prompting. Please specify --auto-approve if you would like to skip prompts and proceed",
                ));
            }
            session.output.message("Confirm import changes? Changes will be remotely applied only after running 'bundle deploy'. [y/n]: ");
            if !approval::confirmed() {
                return Err(error("import aborted"));
            }
        }
    }
    let mut value = wanted[name].value.clone();
    replace_templates(&mut value, &mut |text, key| {
        resolve_text(text, key, |needed, field| match field {
            [Step::Key(field)] if field == "id" => {
                before.state.get(needed).map(|entry| entry.id.clone().into())
            }
            _ => None,
        })
    });
    escape::show(&mut value);
    let entry = Entry { id: id.to_owned(), state: value, depends_on: wanted[name].depends_on.clone() };
    // In two steps: the bare id first, so that the serial grows by two.
    let empty = state.state.remove(name);
    let (state, _) = note(session, bundle, before, [(name, empty)])?;
    let (_, content) = note(session, bundle, state, [(name, Some(entry))])?;
    push_state(bundle, client, content).await?;
    let what = if group == Group::Jobs { "job" } else { "pipeline" };
    session.output.message(&format!(
        "Successfully bound {what} with an id '{id}'\nRun 'bundle deploy' to deploy changes to your workspace"
    ));
    Ok(())
}

/// Takes a resource out of the state, without changing it.
pub(super) async fn unbind(session: Session<'_>, key: &str, force_lock: bool) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    let wanted = desired::of_resources(&bundle.resources).map_err(error)?;
    let name = desired::find(&wanted, key).ok_or_else(|| error(format!("no such resource: {key}")))?;
    let state = pull_state(&bundle, &client).await?;
    let lock = acquire(session, &bundle, &client, force_lock).await?;
    let result = forget(session, &bundle, &client, &name, state).await;
    finish(lock, &client, result).await
}

/// The resource goes with its permissions; that it is noted even where it is not known makes the serial grow.
async fn forget(
    session: Session<'_>,
    bundle: &Bundle,
    client: &Client,
    name: &str,
    state: State,
) -> Result<(), Failure> {
    let parts = format!("{name}.");
    let with_it: Vec<String> = state.state.keys().filter(|key| key.starts_with(&parts)).cloned().collect();
    let gone = std::iter::once(name).chain(with_it.iter().map(String::as_str)).map(|key| (key, None));
    let (_, content) = note(session, bundle, state, gone)?;
    push_state(bundle, client, content).await
}

fn note<'n>(
    session: Session<'_>,
    bundle: &Bundle,
    state: State,
    entries: impl IntoIterator<Item = (&'n str, Option<Entry>)>,
) -> Result<(State, Option<Vec<u8>>), Failure> {
    let mut journal = Journal::begin(state, bundle.local_folder(), session.environment.cli_version())?;
    for (key, entry) in entries {
        journal.put(key, entry)?;
    }
    Ok(journal.finish()?)
}
