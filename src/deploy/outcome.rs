//! What became of a deploy.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::DeployError;
use crate::finding::Finding;
use crate::plan::{Counts, HandOver, Need};
use crate::preflight::BundleState;

/// What became of a target or project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Changed, and as planned.
    Deployed,
    /// Nothing was to change and nothing was sent.
    Unchanged,
    /// It needs consent that was not given; nothing was sent.
    Refused,
    /// Nothing was written.
    Failed,
    /// Something was written and something failed.
    PartlyDeployed,
    /// Written, but what is there is not what was meant.
    NotVerified,
    /// Not begun, because of another.
    Skipped,
}

/// What became of the whole run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order in which they were named.
    pub targets: Vec<TargetOutcome>,
}

/// What became of a target.
#[derive(Debug)]
pub struct TargetOutcome {
    /// Its name.
    pub target: String,
    /// Its workspace.
    pub host: String,
    /// The sum of its projects.
    pub status: Status,
    /// By name.
    pub projects: Vec<ProjectOutcome>,
    /// What stopped the target as a whole, before any project.
    pub error: Option<DeployError>,
}

/// What became of a project.
#[derive(Debug)]
pub struct ProjectOutcome {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub status: Status,
    /// What was planned; absent where no plan was made.
    pub planned: Option<Counts>,
    /// What was done.
    pub resources: Counts,
    /// What the plan does to data, for which consent is needed.
    pub needs: Vec<Need>,
    /// What has to be done by hand after it.
    pub hand_over: Vec<HandOver>,
    /// What is deployed, by key: `pipelines.x`, `jobs.y`; nothing where that is not known.
    pub ids: BTreeMap<String, String>,
    /// Whether it was found as its last deploy left it, so that the CLI was not asked.
    pub recognised: bool,
    /// What is worth knowing although it went well.
    pub warnings: Vec<Finding>,
    /// What stopped it.
    pub error: Option<DeployError>,
}

impl ProjectOutcome {
    /// Takes the ids of pipelines and jobs from a deployment's state.
    pub(super) fn name_ids(&mut self, state: &BundleState) {
        let named = state.ids.iter().filter_map(|(key, id)| {
            let key = key.strip_prefix("resources.")?;
            // What has a third part is a part of a resource, its permissions.
            (key.split('.').count() == 2).then(|| (key.to_owned(), id.clone()))
        });
        self.ids = named.collect();
    }

    pub(super) fn new(name: &str, status: Status) -> Self {
        Self {
            name: name.to_owned(),
            status,
            planned: None,
            resources: Counts::default(),
            needs: Vec::new(),
            hand_over: Vec::new(),
            ids: BTreeMap::new(),
            recognised: false,
            warnings: Vec::new(),
            error: None,
        }
    }
}

impl TargetOutcome {
    /// A target of which nothing is known but its name and host.
    #[must_use]
    pub fn new(target: &str, host: &str, status: Status) -> Self {
        Self { target: target.to_owned(), host: host.to_owned(), status, projects: Vec::new(), error: None }
    }

    /// A target's status from its projects'.
    pub(super) fn sum_up(&mut self) {
        let has = |status| self.projects.iter().any(|project| project.status == status);
        let wrote = has(Status::Deployed) || has(Status::PartlyDeployed) || has(Status::NotVerified);
        self.status = if has(Status::Refused) {
            Status::Refused
        } else if has(Status::PartlyDeployed) || (wrote && (has(Status::Failed) || has(Status::Skipped))) {
            Status::PartlyDeployed
        } else if has(Status::Failed) || self.error.is_some() {
            Status::Failed
        } else if has(Status::NotVerified) {
            Status::NotVerified
        } else if has(Status::Deployed) {
            Status::Deployed
        } else if has(Status::Skipped) {
            Status::Skipped
        } else {
            Status::Unchanged
        };
    }

    /// Every error, the target's own first.
    pub fn errors(&self) -> impl Iterator<Item = &DeployError> {
        self.error.iter().chain(self.projects.iter().filter_map(|project| project.error.as_ref()))
    }
}

impl Outcome {
    /// The exit status: 0 done; 1 failed before anything was written; 4 consent is missing; 5 not reachable or not
    /// authenticated; 6 something was written and something failed; 7 written but not as meant. What a signal means is
    /// the caller's to say.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        let has = |status| self.targets.iter().any(|target| target.status == status);
        let wrote = has(Status::Deployed) || has(Status::PartlyDeployed) || has(Status::NotVerified);
        let failed = has(Status::Failed) || has(Status::PartlyDeployed);
        let unreachable =
            self.targets.iter().flat_map(TargetOutcome::errors).any(DeployError::is_unreachable);
        if wrote && failed {
            6
        } else if has(Status::Refused) {
            4
        } else if failed && unreachable {
            5
        } else if failed {
            1
        } else if has(Status::NotVerified) {
            7
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(projects: &[Status]) -> TargetOutcome {
        let mut target = TargetOutcome::new("t", "h", Status::Skipped);
        target.projects = projects.iter().map(|status| ProjectOutcome::new("p", *status)).collect();
        target.sum_up();
        target
    }

    #[test]
    fn a_target_is_the_sum_of_its_projects() {
        use Status::{Deployed, Failed, NotVerified, PartlyDeployed, Refused, Skipped, Unchanged};
        for (projects, status, exit) in [
            (&[Unchanged, Unchanged][..], Unchanged, 0),
            (&[Unchanged, Deployed], Deployed, 0),
            (&[Deployed, NotVerified], NotVerified, 7),
            (&[Refused, Skipped], Refused, 4),
            (&[Failed, Skipped], Failed, 1),
            (&[Unchanged, Failed], Failed, 1),
            (&[Deployed, Failed], PartlyDeployed, 6),
            (&[PartlyDeployed, Skipped], PartlyDeployed, 6),
            (&[Deployed, Skipped], PartlyDeployed, 6),
        ] {
            let target = target(projects);
            assert_eq!(target.status, status, "{projects:?}");
            assert_eq!(Outcome { targets: vec![target] }.exit_status(), exit, "{projects:?}");
        }
    }

    #[test]
    fn a_failure_after_another_target_was_written_is_partly() {
        let targets = vec![target(&[Status::Deployed]), target(&[Status::Failed])];
        assert_eq!(Outcome { targets }.exit_status(), 6);
    }
}
