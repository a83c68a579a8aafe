//! The commands.

mod bind;
mod deploy;
mod destroy;
mod plan;
mod run;
mod summary;
mod validate;
mod version;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::arguments::{Command, Common};
use super::bundle::Bundle;
use super::desired::{self, Wanted};
use super::environment::Environment;
use super::http::Client;
use super::output::Output;
use super::plan::Plan;
use super::planner;
use super::remote::{self, Remote};
use super::state::{self, State};
use super::workspace_files;

/// Why a command ends with exit status 1.
#[derive(Debug)]
pub(super) enum Failure {
    /// All is said already.
    Told,
    Error(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Error(error.to_string())
    }
}

fn error(text: impl Into<String>) -> Failure {
    Failure::Error(text.into())
}

/// What every command has at hand.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) common: &'a Common,
    pub(super) environment: &'a Environment,
    pub(super) output: Output,
}

/// Runs one command.
pub(super) async fn run(command: Command, session: Session<'_>) -> Result<(), Failure> {
    match command {
        Command::Help(text) => {
            session.output.data(&text);
            Ok(())
        }
        Command::Version => version::run(session),
        Command::Validate { strict } => validate::run(session, strict).await,
        Command::Plan { select, force } => plan::run(session, &select, force).await,
        Command::Deploy(flags) => deploy::run(session, &flags).await,
        Command::Summary { force_pull } => summary::run(session, force_pull).await,
        Command::Destroy { auto_approve, force_lock } => {
            destroy::run(session, auto_approve, force_lock).await
        }
        Command::Run { key, no_wait } => run::run(session, &key, no_wait).await,
        Command::Bind { key, id, auto_approve, force_lock } => {
            bind::bind(session, &key, &id, auto_approve, force_lock).await
        }
        Command::Unbind { key, force_lock } => bind::unbind(session, &key, force_lock).await,
    }
}

impl Session<'_> {
    /// Loads the bundle and shows what is to be said about it.
    async fn load(self) -> Result<(Bundle, Client), Failure> {
        let bundle = Bundle::load(self.common, self.environment).await;
        for diagnostic in &bundle.diagnostics.0 {
            self.output.message(&diagnostic.show(&bundle.sources));
        }
        match bundle.client().cloned() {
            Some(client) if !bundle.diagnostics.has_errors() => Ok((bundle, client)),
            _ => Err(Failure::Told),
        }
    }

    /// The pause before a request is tried again that the service could not serve. The real CLI waits for 15 seconds.
    fn retry_pause(self) -> Duration {
        let millis =
            self.environment.get("DATABRICKS_BUNDLE_RETRY_INTERVAL_MS").and_then(|text| text.parse().ok());
        Duration::from_millis(millis.unwrap_or(200))
    }
}

/// The state as it is now, here and in the workspace.
async fn pull_state(bundle: &Bundle, client: &Client) -> Result<State, Failure> {
    let remote = remote_state(bundle, client).await?;
    let local = state::read_local(bundle.local_folder())?;
    Ok(state::settle(local, remote, bundle.local_folder())?)
}

/// The state in the workspace.
async fn remote_state(bundle: &Bundle, client: &Client) -> Result<Option<State>, Failure> {
    let terraform = bundle.state_file("terraform.tfstate");
    if workspace_files::status(client, &terraform).await?.is_some() {
        return Err(error(format!("{terraform}: this stand-in does not know the terraform engine")));
    }
    let path = bundle.state_file("resources.json");
    match workspace_files::read(client, &path).await? {
        Some(content) => Ok(Some(State::parse(&path, &content)?)),
        None => Ok(None),
    }
}

/// Checks the branch that the configuration asks for.
fn check_branch(bundle: &Bundle, force: bool) -> Result<(), Failure> {
    let (wanted, actual) =
        (bundle.text(&["bundle", "git", "branch"]), bundle.text(&["bundle", "git", "actual_branch"]));
    if force || actual.is_empty() || wanted == actual {
        return Ok(());
    }
    Err(error(format!(
        "not on the right Git branch:\n  expected according to configuration: {wanted}\n  actual: {actual}\nuse --force to override"
    )))
}

/// The nodes that are wanted, and which of them are selected.
fn wanted(bundle: &Bundle, select: &[String]) -> Result<(Wanted, Option<BTreeSet<String>>), Failure> {
    let wanted = desired::of_resources(&bundle.resources).map_err(error)?;
    let selected =
        if select.is_empty() { None } else { Some(desired::select(&wanted, select).map_err(error)?) };
    Ok((wanted, selected))
}

/// Makes a plan from the configuration, the state and the workspace.
async fn make_plan(
    session: Session<'_>,
    client: &Client,
    wanted: &Wanted,
    selected: Option<&BTreeSet<String>>,
    state: &State,
) -> Result<Plan, Failure> {
    let (scope, not_selected) = planner::scope(wanted, state, selected);
    let mut remotes: HashMap<String, Remote> =
        remote::read_all(client, state, &scope, session.retry_pause()).await.map_err(error)?;
    let mut plan = planner::make(wanted, state, &mut remotes, &scope, session.environment.cli_version())
        .map_err(error)?;
    plan.not_selected = not_selected;
    Ok(plan)
}

/// Pretty JSON with a line end.
fn pretty(json: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(format!("{}\n", serde_json::to_string_pretty(json)?))
}
