//! The second half: plans are applied, one target after the other, exactly as they were read.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::budget::Place;
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
use crate::preflight::{BundleState, read_lock, read_state};

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
    let before = still_current(site, &project.name, plan).await?;
    if !plan.is_empty() || is_half_done(session, site, project) {
        session.note(site, project, RunStep::Deploying, None)?;
        let file = file.to_string_lossy();
        let mut arguments = vec!["deploy", "--plan", &file];
        // All or nothing with the CLI: given only where each thing that it would ask about was consented to by name.
        arguments.extend(site.locks.take(&project.name).then_some("--force-lock"));
        // All or nothing with the CLI: given only where each thing that it would ask about was consented to by name.
        if plan.destructive().next().is_some() {
            arguments.push("--auto-approve");
        }
        if let Err(error) = session.bundle_in(place, site, project, &arguments, true).await {
            let after;
            (outcome.status, outcome.resources, after) =
                what_was_done(site, &project.name, plan, before.as_ref()).await;
            outcome.name_ids(&after.unwrap_or_default());
            return Err(locked(site, project, error).await);
        }
        noted(session.note(site, project, RunStep::Deployed, None));
    }
    outcome.resources = plan.counts();
    outcome.status = Status::NotVerified;
    let mut read = read_back(session, site, project, plan, before.as_ref()).await?;
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

/// The same error, or who holds the lock that the CLI could not have.
async fn locked(site: &Site, project: &ProjectBundle, error: DeployError) -> DeployError {
    let is_about_lock =
        matches!(&error, DeployError::Command { output, .. } if output.contains("acquire deployment lock"));
    match site.paths.get(&project.name).filter(|_| is_about_lock) {
        Some(paths) => match read_lock(&site.client, paths).await {
            Ok(Some(lock)) => DeployError::Locked { project: project.name.clone(), lock },
            _ => error,
        },
        None => error,
    }
}

/// What cannot be noted after the fact is no failure of the deploy: whoever goes on with the run finds it out again.
fn noted(result: Result<(), FileError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "not noted in the journal");
    }
}

/// Whether this very run had begun to deploy the project when it was cut off, or a lock is to be taken: then it is brought to
/// its end even where nothing is left to change.
fn is_begun(session: &Session<'_>, site: &Site, project: &ProjectBundle) -> bool {
    let step = session.progress(site, project).step;
    site.locks.holds(&project.name)
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
    site.locks.holds(&project.name) || (was_deploying && !has_metadata)
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

/// The state that is there now, unless it is another than the plan was made against.
async fn still_current(
    site: &Site,
    project: &str,
    plan: &BundlePlan,
) -> Result<Option<BundleState>, DeployError> {
    let Some(paths) = site.paths.get(project) else { return Ok(None) };
    let state = read_state(&site.client, paths).await?;
    match moved(plan, state.as_ref()) {
        Some(what) => Err(DeployError::Moved { project: project.to_owned(), what }),
        None => Ok(state),
    }
}

/// How the state has moved on since the plan was made. The CLI looks too, but not at a plan from before the first deploy:
/// it applies that at any time, and creates everything a second time.
fn moved(plan: &BundlePlan, state: Option<&BundleState>) -> Option<String> {
    let planned = plan.serial.unwrap_or(0);
    match (&plan.lineage, state) {
        (None, Some(_)) => Some("it was not deployed yet, and now it is".to_owned()),
        (Some(lineage), Some(state)) if *lineage != state.lineage => {
            Some("the deployment was removed and made anew".to_owned())
        }
        // A state on this machine that could not be saved to the workspace is newer than the one there: that is no
        // stranger's doing, the deploy brings it home.
        (Some(_), Some(state)) if planned < state.serial => {
            Some(format!("serial {planned} became {}", state.serial))
        }
        _ => None,
    }
}

/// After a deploy that failed: whether it changed anything, as the CLI's state tells it, and that state.
async fn what_was_done(
    site: &Site,
    project: &str,
    plan: &BundlePlan,
    before: Option<&BundleState>,
) -> (Status, Counts, Option<BundleState>) {
    let Some(paths) = site.paths.get(project) else { return (Status::Failed, Counts::default(), None) };
    // Where the state cannot be read it is not known that nothing was written, so it is not said.
    let Ok(after) = read_state(&site.client, paths).await else {
        return (Status::PartlyDeployed, Counts::default(), None);
    };
    // A first deploy that makes nothing leaves a state that names nothing.
    let nothing = |state: Option<&BundleState>| state.is_none_or(|state| state.ids.is_empty());
    if after.as_ref() == before || (nothing(before) && nothing(after.as_ref())) {
        return (Status::Failed, Counts::default(), after);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_moved_on_is_noticed() {
        let plan = |text: &str| BundlePlan::parse(text.as_bytes()).unwrap();
        let state = |lineage: &str, serial: u64| {
            let text = format!(r#"{{"lineage": "{lineage}", "serial": {serial}, "state": {{}}}}"#);
            BundleState::parse(text.as_bytes()).unwrap()
        };
        let first = plan(r#"{"plan_version": 2, "plan": {}}"#);
        let later = plan(r#"{"plan_version": 2, "lineage": "a", "serial": 3, "plan": {}}"#);
        assert_eq!(moved(&first, None), None);
        assert!(moved(&first, Some(&state("a", 1))).is_some());
        assert_eq!(moved(&later, Some(&state("a", 3))), None);
        assert_eq!(moved(&later, Some(&state("a", 4))).as_deref(), Some("serial 3 became 4"));
        assert!(moved(&later, Some(&state("b", 3))).is_some());
        assert_eq!(moved(&later, Some(&state("a", 2))), None, "what could not be saved is brought home");
    }
}
