//! The second half: plans are applied, one target after the other, exactly as they were read.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::budget::Place;
use super::current::still_as_found;
use super::error::DeployError;
use super::journal::{RunStep, StateMark};
use super::outcome::{Outcome, ProjectOutcome, Status, TargetOutcome};
use super::planned::{PlannedProject, PlannedTarget};
use super::recognition::Recognition;
use super::record::Record;
use super::site::{ProjectBundle, Session, Site};
use super::verify::{ReadBack, plan_again, read_back};
use crate::files::FileError;
use crate::finding::{Finding, Place as At};
use crate::plan::{Action, Approved, BundlePlan, Counts};
use crate::preflight::{BundleState, LocalState, read_lock, read_state};

/// Applies the plans: target after target in their order, the projects of a target side by side, since each bundle has a lock of
/// its own. Nothing is written where any plan failed or needs consent; after the first failure nothing more is begun, unless the
/// session keeps going.
pub async fn apply_all(
    session: &Session<'_>,
    planned: Vec<PlannedTarget<'_>>,
    approved: &Approved,
) -> Outcome {
    let failed = planned.iter().flat_map(|target| &target.projects).any(|project| project.plan.is_err());
    let refused = planned.iter().any(|target| {
        target.projects.iter().any(|project| !is_covered(approved, &target.site.target, project))
    });
    let stopped = AtomicBool::new(failed || refused);
    let mut targets = Vec::new();
    for target in planned {
        let mut outcome =
            TargetOutcome::new(&target.site.target, &target.site.client.host().to_string(), Status::Skipped);
        let projects = target
            .projects
            .into_iter()
            .map(|project| apply(session, target.site, project, &stopped, approved));
        outcome.projects = join_all(projects).await;
        outcome.sum_up();
        targets.push(outcome);
    }
    Outcome { targets }
}

/// Whether all that a project's plan does to data was consented to.
fn is_covered(approved: &Approved, target: &str, planned: &PlannedProject<'_>) -> bool {
    match &planned.plan {
        Ok(Some((plan, _))) => {
            !planned.changes.findings.has_errors() && approved.covers(target, &planned.changes.needs, plan)
        }
        _ => true,
    }
}

/// The outcome where every project of every target is as its last deploy left it; `None` where one is not.
#[must_use]
pub fn unchanged(sites: &[Site], recognised: &[Vec<Recognition>]) -> Option<Outcome> {
    if recognised.iter().flatten().any(|recognition| recognition.doubt.is_some()) {
        return None;
    }
    let targets = sites.iter().zip(recognised).map(|(site, recognised)| {
        let mut target = TargetOutcome::new(&site.target, &site.client.host().to_string(), Status::Unchanged);
        target.projects = site
            .projects
            .iter()
            .zip(recognised)
            .map(|(project, recognition)| as_it_was(site, project, recognition.unchanged))
            .collect();
        target
    });
    Some(Outcome { targets: targets.collect() })
}

fn as_it_was(site: &Site, project: &ProjectBundle, resources: usize) -> ProjectOutcome {
    let mut outcome = ProjectOutcome::new(&project.name, Status::Unchanged);
    site.state(&project.name).into_iter().for_each(|state| outcome.name_ids(state));
    outcome.resources = Counts { unchanged: resources, ..Counts::default() };
    outcome.recognised = true;
    outcome
}

/// What became of a project that is not begun, or where there is nothing to begin.
fn not_applied(site: &Site, planned: PlannedProject<'_>, approved: &Approved) -> ProjectOutcome {
    let mut outcome = ProjectOutcome::new(&planned.project.name, Status::Skipped);
    let is_covered = is_covered(approved, &site.target, &planned);
    outcome.needs.clone_from(&planned.changes.needs);
    match planned.plan {
        Ok(None) => return as_it_was(site, planned.project, planned.recognition.unchanged),
        Ok(Some((plan, _))) => {
            outcome.planned = Some(plan.counts());
            if !is_covered {
                outcome.status = Status::Refused;
            } else if plan.is_empty() {
                // Not even `bundle deploy`: a deploy without changes still writes, and restarts continuous pipelines.
                outcome.status = Status::Unchanged;
                outcome.resources = plan.counts();
                site.state(&planned.project.name).into_iter().for_each(|state| outcome.name_ids(state));
            }
        }
        Err(error) => {
            outcome.status = Status::Failed;
            outcome.error = Some(error);
        }
    }
    outcome
}

async fn apply(
    session: &Session<'_>,
    site: &Site,
    planned: PlannedProject<'_>,
    stopped: &AtomicBool,
    approved: &Approved,
) -> ProjectOutcome {
    let project = planned.project;
    // Held until it is read back, so that with one place nothing is begun before that is known to be well.
    let place = match &planned.plan {
        Ok(Some((plan, _))) if !plan.is_empty() || is_begun(session, site, project) => {
            session.budget.place(project.tables).await
        }
        _ => return not_applied(site, planned, approved),
    };
    let (plan, file) = match planned.plan {
        Ok(Some(plan)) if !stopped.load(Ordering::SeqCst) && !session.interrupt.is_set() => plan,
        _ => return not_applied(site, planned, approved),
    };
    let mut outcome = ProjectOutcome::new(&project.name, Status::Failed);
    outcome.planned = Some(plan.counts());
    outcome.needs = planned.changes.needs;
    outcome.hand_over = planned.changes.hand_over;
    if let Err(error) = deploy(session, site, project, (&plan, &file), &place, &mut outcome).await {
        outcome.error = Some(error);
        if !session.keep_going {
            stopped.store(true, Ordering::SeqCst);
        }
    }
    outcome
}

/// Applies a plan that is still current, and reads back what came of it.
async fn deploy(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    (plan, file): (&BundlePlan, &Path),
    place: &Place<'_>,
    outcome: &mut ProjectOutcome,
) -> Result<(), DeployError> {
    still_as_found(site, &project.name).await?;
    if !plan.is_empty() || is_half_done(session, site, project) {
        session.note(site, project, RunStep::Deploying, None)?;
        let file = file.to_string_lossy();
        let mut arguments = vec!["deploy", "--plan", &file];
        arguments.extend(site.locks.take(&project.name).then_some("--force-lock"));
        // All or nothing with the CLI: given only where each thing that it would ask about was consented to by name.
        if plan.destructive().next().is_some() {
            arguments.push("--auto-approve");
        }
        if let Err(error) = session.bundle_in(place, site, project, &arguments, true).await {
            let error = refused(site, project, error).await;
            let after;
            (outcome.status, outcome.resources, after) =
                what_was_done(session, site, project, plan, &error).await;
            outcome.name_ids(&after.unwrap_or_default());
            return Err(error);
        }
        noted(session.note(site, project, RunStep::Deployed, None));
    }
    outcome.resources = plan.counts();
    outcome.status = Status::NotVerified;
    let mut read = read_back(session, site, project, plan, site.state(&project.name)).await?;
    outcome.name_ids(&read.state);
    if session.verify_plan && read.differences.is_empty() {
        read.differences = plan_again(session, site, project, place).await?;
    }
    if !read.differences.is_empty() {
        return Err(DeployError::NotVerified {
            project: project.name.clone(),
            differences: read.differences,
        });
    }
    outcome.status = Status::Deployed;
    let state = StateMark { lineage: read.state.lineage.clone(), serial: read.state.serial };
    noted(session.note(site, project, RunStep::Verified, Some(state)));
    outcome.warnings.extend(record(session, site, project, read).await);
    noted(session.note(site, project, RunStep::Recorded, None));
    Ok(())
}

/// The same error, or why the CLI did not even begin: somebody holds the lock, or has deployed since.
async fn refused(site: &Site, project: &ProjectBundle, error: DeployError) -> DeployError {
    let DeployError::Command { output, .. } = &error else { return error };
    if let Some(line) = output.lines().find(|line| line.contains(STALE_PLAN)) {
        let what = line.trim().trim_start_matches("Error: ").to_owned();
        return DeployError::Moved { project: project.name.clone(), what };
    }
    match site.paths.get(&project.name).filter(|_| output.contains(NO_LOCK)) {
        Some(paths) => match read_lock(&site.client, paths).await {
            Ok(Some(lock)) => DeployError::Locked { project: project.name.clone(), lock },
            _ => error,
        },
        None => error,
    }
}

/// What the CLI says where another holds the lock.
const NO_LOCK: &str = "acquire deployment lock";
/// What it says where the state is not the one that the plan was made against.
const STALE_PLAN: &str = "does not match state";

/// What cannot be noted after the fact is no failure of the deploy: whoever goes on with the run finds it out again.
fn noted(result: Result<(), FileError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "not noted in the journal");
    }
}

/// Whether this very run had begun to deploy the project when it was cut off, a lock is to be taken, or a state is to be brought
/// home: then it is brought to its end even where nothing is left to change.
fn is_begun(session: &Session<'_>, site: &Site, project: &ProjectBundle) -> bool {
    let step = session.progress(site, project).step;
    site.is_unpushed(&project.name)
        || site.locks.holds(&project.name)
        || site.unfinished.contains(&project.name)
        || step.is_some_and(|step| step >= RunStep::Deploying && step < RunStep::Recorded)
}

/// Whether a `bundle deploy` was cut off that may not have come to its end: the lock is given back last, and before that it
/// writes which bundle lies here.
fn is_half_done(session: &Session<'_>, site: &Site, project: &ProjectBundle) -> bool {
    let has_metadata = site
        .facts
        .bundles
        .get(&project.name)
        .is_some_and(|bundle| matches!(bundle.metadata.known(), Some(Some(_))));
    let was_deploying = site.unfinished.contains(&project.name)
        || session.progress(site, project).step == Some(RunStep::Deploying);
    site.is_unpushed(&project.name) || site.locks.holds(&project.name) || (was_deploying && !has_metadata)
}

/// Writes down what was deployed, for the next run; that it cannot be written is no failure of the deploy.
async fn record(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    read: ReadBack,
) -> Option<Finding> {
    let paths = site.paths.get(&project.name)?;
    let written = async {
        let cli = session.cli.version.to_string();
        let state = (read.state.lineage.as_str(), read.state.serial);
        let source = session.source.clone();
        Record::now(&site.me.user_name, &cli, source, project.package, state, read.resources)
            .write(&site.client, paths)
            .await
    };
    let error = written.await.err()?;
    Some(
        Finding::warning("TW510", format!("{} was not written: {error}", Record::path(paths)))
            .for_target(&site.target)
            .at(At::Resource { key: format!("project {}", project.name) })
            .why("the next run cannot tell by it that nothing has changed, nor that its rows are older than these")
            .fix("see whether this identity may write there; the next deploy that changes something writes it again"),
    )
}

/// After a deploy that failed: whether it changed anything, as the CLI's state tells it, and that state.
async fn what_was_done(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    plan: &BundlePlan,
    error: &DeployError,
) -> (Status, Counts, Option<BundleState>) {
    if matches!(error, DeployError::Locked { .. } | DeployError::Moved { .. }) {
        return (Status::Failed, Counts::default(), None);
    }
    // Where the state cannot be read it is not known that nothing was written, so it is not said.
    let unknown = (Status::PartlyDeployed, Counts::default(), None);
    let Some(paths) = site.paths.get(&project.name) else { return unknown };
    let Ok(saved) = read_state(&site.client, paths).await else { return unknown };
    // What was done is in the workspace last: where that failed, or the CLI was ended before it, only this machine knows.
    let Ok(local) = LocalState::read(session.environment, &project.folder, &site.target) else {
        return unknown;
    };
    let local = local.map(|local| local.state).filter(|local| local.is_ahead_of(saved.as_ref()));
    let after = local.or(saved);
    let before = site.state(&project.name);
    // A first deploy that makes nothing leaves a state that names nothing.
    let nothing = |state: Option<&BundleState>| state.is_none_or(|state| state.ids.is_empty());
    if after.as_ref() == before || (nothing(before) && nothing(after.as_ref())) {
        // What was asked for last when it was ended nobody noted.
        let status = if error.may_have_written() { Status::PartlyDeployed } else { Status::Failed };
        return (status, Counts::default(), after);
    }
    let is_there = |key: &str| after.as_ref().is_some_and(|state| state.id(key).is_some());
    let count = |action| {
        plan.resources()
            .filter(|(key, node)| node.action == action && is_there(key) == (action != Action::Delete))
            .count()
    };
    let counts =
        Counts { created: count(Action::Create), deleted: count(Action::Delete), ..Counts::default() };
    (Status::PartlyDeployed, counts, after)
}
