//! What a deploy leaves behind in a lock: moves that are over, and projects that are gone.

use std::collections::BTreeSet;

use super::outcome::{Outcome, Status, TargetOutcome};
use crate::placement::{Lock, bundle_number};

/// A lock after a deploy.
#[derive(Debug)]
pub struct Arrivals {
    /// The lock as it is now.
    pub lock: Lock,
    /// Removed projects that are in none of the targets any more, with how many tables the lock knew of each.
    pub gone: Vec<(String, usize)>,
    /// Removed projects that are still in some target, so that the lock keeps their places.
    pub kept: Vec<String>,
}

impl Outcome {
    /// What this means for the lock that these targets share: moves that have arrived in all of them are over, and of the
    /// projects that were removed those are forgotten that are gone from all of them.
    #[must_use]
    pub fn arrivals(&self, lock: &Lock, targets: &[String], removed: &[String]) -> Arrivals {
        let all: BTreeSet<&str> = targets.iter().map(String::as_str).collect();
        let mut lock = lock.clone();
        for target in self.targets.iter().filter(|target| all.contains(target.target.as_str())) {
            let there = target.projects.iter().filter(|project| is_there(project.status));
            let there = there.map(|project| project.name.as_str()).collect();
            lock = lock.arrived(&target.target, &there, &all);
        }
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for project in removed {
            if targets.iter().all(|name| self.left_nothing_of(project, name)) {
                gone.push((project.clone(), lock.forget_project(project)));
            } else {
                kept.push(project.clone());
            }
        }
        Arrivals { lock, gone, kept }
    }

    /// Whether this deploy left nothing of a project in this target.
    fn left_nothing_of(&self, project: &str, target: &str) -> bool {
        let mut bundles = self
            .targets
            .iter()
            .filter(|outcome| outcome.target == target)
            .flat_map(|outcome| &outcome.projects)
            .filter(|bundle| bundle_number(project, &bundle.name).is_some())
            .peekable();
        bundles.peek().is_some() && bundles.all(|bundle| is_there(bundle.status))
    }

    /// Whether something that was meant to be done was not begun or not finished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        let is_unfinished = |target: &TargetOutcome| {
            matches!(target.status, Status::Skipped | Status::PartlyDeployed)
                || target.projects.iter().any(|project| project.status == Status::Skipped)
        };
        self.targets.iter().any(is_unfinished)
    }
}

/// Whether all of a bundle is in the target as it was meant.
fn is_there(status: Status) -> bool {
    matches!(status, Status::Deployed | Status::Unchanged)
}

#[cfg(test)]
mod tests {
    use super::super::outcome::ProjectOutcome;
    use super::*;

    const LOCK: &str = "version 1
table m.s.a source=a bundle=retail pipeline=crm_01_p01 position=0 from_bundle=retail from_pipeline=crm_01_p02 from_position=0
table m.s.b source=b bundle=shop pipeline=shop_01_p01 position=0 gone
table m.s.c source=c bundle=shop_b02 pipeline=shop_01_p02 position=0 gone
end
";

    fn outcome(targets: &[(&str, &[(&str, Status)])]) -> Outcome {
        let target = |(name, projects): &(&str, &[(&str, Status)])| {
            let mut outcome = TargetOutcome::new(name, "host", Status::Skipped);
            outcome.projects =
                projects.iter().map(|(project, status)| ProjectOutcome::new(project, *status)).collect();
            outcome
        };
        Outcome { targets: targets.iter().map(target).collect() }
    }

    fn targets(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_move_is_over_once_every_target_has_it_as_it_was_meant() {
        let lock = Lock::parse(LOCK, "tapworks.lock").unwrap();
        let both = targets(&["dev", "prod"]);
        for (dev, prod, left) in [
            (Status::Deployed, Status::Unchanged, 0),
            (Status::Deployed, Status::Skipped, 1),
            (Status::NotVerified, Status::Deployed, 1),
            (Status::Refused, Status::Refused, 1),
        ] {
            let outcome = outcome(&[("dev", &[("retail", dev)]), ("prod", &[("retail", prod)])]);
            assert_eq!(outcome.arrivals(&lock, &both, &[]).lock.moving(), left, "{dev:?} {prod:?}");
        }
        // What arrives in a target with a lock of its own says nothing here.
        let elsewhere = outcome(&[("dev", &[("retail", Status::Deployed)])]);
        assert_eq!(elsewhere.arrivals(&lock, &targets(&["prod"]), &[]).lock, lock);
    }

    #[test]
    fn a_project_is_forgotten_once_each_of_its_bundles_is_gone_from_every_target() {
        let lock = Lock::parse(LOCK, "tapworks.lock").unwrap();
        let (prod, removed) = (targets(&["prod"]), targets(&["shop"]));
        let gone = outcome(&[("prod", &[("shop", Status::Deployed), ("shop_b02", Status::Unchanged)])]);
        let arrivals = gone.arrivals(&lock, &prod, &removed);
        assert_eq!((arrivals.gone, arrivals.kept), (vec![("shop".to_owned(), 2)], Vec::<String>::new()));
        assert_eq!(arrivals.lock.tables.len(), 1);
        for still_there in [
            outcome(&[("prod", &[("shop", Status::Deployed), ("shop_b02", Status::Failed)])]),
            outcome(&[("prod", &[("retail", Status::Deployed)])]),
            outcome(&[]),
        ] {
            let arrivals = still_there.arrivals(&lock, &prod, &removed);
            assert_eq!((arrivals.gone, arrivals.kept), (Vec::new(), targets(&["shop"])));
            assert_eq!(arrivals.lock.tables.len(), lock.tables.len());
        }
    }
}
