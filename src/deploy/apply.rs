//! The second half: plans are applied, one target after the other, exactly as they were read.

use super::error::DeployError;
use super::outcome::{Outcome, ProjectOutcome, Status, TargetOutcome};
use super::planned::{PlannedProject, PlannedTarget};
use super::site::{Session, Site};
use super::verify::differences;
use crate::plan::{Action, BundlePlan, Counts};
use crate::preflight::{BundleState, read_state};

/// Applies the plans in order. Nothing is written where any plan failed or needs consent; after the first failure the
/// rest is skipped.
pub async fn apply_all(session: &Session<'_>, planned: Vec<PlannedTarget<'_>>) -> Outcome {
    let failed = planned.iter().flat_map(|target| &target.projects).any(|project| project.plan.is_err());
    let refused =
        planned.iter().flat_map(|target| &target.projects).any(|project| !project.destructive().is_empty());
    let mut go_on = !failed && !refused;
    let mut targets = Vec::new();
    for target in planned {
        let mut outcome =
            TargetOutcome::new(&target.site.target, &target.site.client.host().to_string(), Status::Skipped);
        for project in target.projects {
            let project =
                if go_on { apply(session, target.site, project).await } else { not_applied(project) };
            go_on &= matches!(project.status, Status::Deployed | Status::Unchanged);
            outcome.projects.push(project);
        }
        outcome.sum_up();
        targets.push(outcome);
    }
    Outcome { targets }
}

fn not_applied(planned: PlannedProject<'_>) -> ProjectOutcome {
    let mut outcome = ProjectOutcome::new(&planned.project.name, Status::Skipped);
    outcome.destructive = planned.destructive();
    match planned.plan {
        Ok((plan, _)) => {
            outcome.planned = Some(plan.counts());
            if !outcome.destructive.is_empty() {
                outcome.status = Status::Refused;
            } else if plan.is_empty() {
                outcome.status = Status::Unchanged;
                outcome.resources = plan.counts();
            }
        }
        Err(error) => {
            outcome.status = Status::Failed;
            outcome.error = Some(error);
        }
    }
    outcome
}

async fn apply(session: &Session<'_>, site: &Site, planned: PlannedProject<'_>) -> ProjectOutcome {
    let project = planned.project;
    let mut outcome = ProjectOutcome::new(&project.name, Status::Failed);
    let (plan, file) = match planned.plan {
        Ok(plan) => plan,
        Err(error) => {
            outcome.error = Some(error);
            return outcome;
        }
    };
    outcome.planned = Some(plan.counts());
    if plan.is_empty() {
        // Not even `bundle deploy`: a deploy without changes still writes, and restarts continuous pipelines.
        outcome.status = Status::Unchanged;
        outcome.resources = plan.counts();
        return outcome;
    }
    if session.interrupt.is_set() {
        outcome.status = Status::Skipped;
        return outcome;
    }
    let before = match still_current(site, &project.name, &plan).await {
        Ok(state) => state,
        Err(error) => {
            outcome.error = Some(error);
            return outcome;
        }
    };
    let file = file.to_string_lossy().into_owned();
    if let Err(error) = session.bundle(site, project, &["deploy", "--plan", &file], true).await {
        (outcome.status, outcome.resources) =
            what_was_done(site, &project.name, &plan, before.as_ref()).await;
        outcome.error = Some(error);
        return outcome;
    }
    outcome.resources = plan.counts();
    outcome.status = Status::Deployed;
    let differences = match differences(session, site, project, &plan).await {
        Ok(differences) => differences,
        Err(error) => {
            outcome.status = Status::NotVerified;
            outcome.error = Some(error);
            return outcome;
        }
    };
    if !differences.is_empty() {
        outcome.status = Status::NotVerified;
        outcome.error = Some(DeployError::NotVerified { project: project.name.clone(), differences });
    }
    outcome
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

/// After a deploy that failed: whether it changed anything, as the CLI's state tells it.
async fn what_was_done(
    site: &Site,
    project: &str,
    plan: &BundlePlan,
    before: Option<&BundleState>,
) -> (Status, Counts) {
    let Some(paths) = site.paths.get(project) else { return (Status::Failed, Counts::default()) };
    // Where the state cannot be read it is not known that nothing was written, so it is not said.
    let Ok(after) = read_state(&site.client, paths).await else {
        return (Status::PartlyDeployed, Counts::default());
    };
    if after.as_ref() == before {
        return (Status::Failed, Counts::default());
    }
    let is_there = |key: &str| after.as_ref().is_some_and(|state| state.id(key).is_some());
    let count = |action| {
        plan.resources()
            .filter(|(key, node)| node.action == action && is_there(key) == (action != Action::Delete))
            .count()
    };
    let counts =
        Counts { created: count(Action::Create), deleted: count(Action::Delete), ..Counts::default() };
    (Status::PartlyDeployed, counts)
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
        let first = plan(r#"{"plan": {}}"#);
        let later = plan(r#"{"lineage": "a", "serial": 3, "plan": {}}"#);
        assert_eq!(moved(&first, None), None);
        assert!(moved(&first, Some(&state("a", 1))).is_some());
        assert_eq!(moved(&later, Some(&state("a", 3))), None);
        assert_eq!(moved(&later, Some(&state("a", 4))).as_deref(), Some("serial 3 became 4"));
        assert!(moved(&later, Some(&state("b", 3))).is_some());
        assert_eq!(moved(&later, Some(&state("a", 2))), None, "what could not be saved is brought home");
    }
}
