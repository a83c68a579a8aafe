//! Taking over what a deploy left behind whose runner is gone: what it created is bound to the bundle's state, one command
//! each.

use std::collections::{BTreeMap, BTreeSet};

use super::error::DeployError;
use super::journal::RunStep;
use super::site::{Session, Site};
use crate::preflight::LeftOver;

/// The keys of each bundle, `resources.pipelines.x`, with the id that its state holds, where it holds one.
pub type BundleKeys = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// What was left over, by what can be done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakeOver {
    /// What can be bound, in the order in which it has to be: gateways, pipelines, jobs.
    pub bound: Vec<LeftOver>,
    /// What cannot: the bundle has no such key, or it has the key and another resource for it.
    pub strange: Vec<LeftOver>,
}

impl TakeOver {
    /// Sorts what was left over by whether the bundles have a place for it.
    #[must_use]
    pub fn of(left_over: Vec<LeftOver>, keys: &BundleKeys) -> Self {
        let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
        for left in &left_over {
            *seen.entry((left.bundle.clone(), left.key.clone())).or_default() += 1;
        }
        let is_free = |left: &LeftOver| {
            // What the state holds for it may be gone: then its place is free.
            let held = keys.get(&left.bundle).and_then(|keys| keys.get(&left.key));
            let is_wanted = held.is_some_and(|held| held.is_none() || *held == left.replaces);
            is_wanted && seen.get(&(left.bundle.clone(), left.key.clone())) == Some(&1)
        };
        let (bound, strange) = left_over.into_iter().partition(is_free);
        Self { bound, strange }
    }

    /// The bundles that something is bound to.
    #[must_use]
    pub fn bundles(&self) -> BTreeSet<String> {
        self.bound.iter().map(|left| left.bundle.clone()).collect()
    }
}

/// Binds everything to the states of these bundles, in order; what its key stood for before, and is gone, is let go first. The first command of a bundle takes its lock, where that is to be
/// taken.
///
/// # Errors
/// The first that does not succeed; what was bound stays bound.
pub async fn bind(session: &Session<'_>, site: &mut Site, take_over: &TakeOver) -> Result<(), DeployError> {
    for bundle in take_over.bundles() {
        if let Some(project) = site.projects.iter().find(|project| project.name == bundle) {
            session.note(site, project, RunStep::Deploying, None)?;
        }
    }
    for left in &take_over.bound {
        let Some(project) = site.projects.iter().find(|project| project.name == left.bundle) else {
            continue;
        };
        let unbind = left.replaces.as_ref().map(|_| vec!["deployment", "unbind", left.short_key()]);
        let bind = vec!["deployment", "bind", left.short_key(), &left.id, "--auto-approve"];
        for mut arguments in unbind.into_iter().chain([bind]) {
            arguments.extend(site.locks.take(&project.name).then_some("--force-lock"));
            session.bundle(site, project, &arguments, true).await?;
        }
    }
    site.look_again(session.environment, &take_over.bundles()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(key: &str, id: &str) -> LeftOver {
        LeftOver {
            bundle: "retail".to_owned(),
            key: format!("resources.pipelines.{key}"),
            id: id.to_owned(),
            replaces: None,
            name: key.to_owned(),
            owner: None,
            definition: serde_json::Value::Null,
        }
    }

    #[test]
    fn only_what_has_one_free_place_is_bound() {
        let keys = BTreeMap::from([
            ("resources.pipelines.free".to_owned(), None),
            ("resources.pipelines.twice".to_owned(), None),
            ("resources.pipelines.taken".to_owned(), Some("9".to_owned())),
            ("resources.pipelines.gone".to_owned(), Some("8".to_owned())),
        ]);
        let keys = BTreeMap::from([("retail".to_owned(), keys)]);
        let found = vec![
            left("free", "1"),
            left("twice", "2"),
            left("twice", "3"),
            left("taken", "4"),
            left("no", "5"),
            LeftOver { replaces: Some("8".to_owned()), ..left("gone", "6") },
            LeftOver { replaces: Some("7".to_owned()), ..left("taken", "7") },
        ];
        let take_over = TakeOver::of(found, &keys);
        let ids = |left: &[LeftOver]| left.iter().map(|left| left.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&take_over.bound), ["1", "6"]);
        assert_eq!(ids(&take_over.strange), ["2", "3", "4", "5", "7"]);
        assert_eq!(take_over.bundles(), BTreeSet::from(["retail".to_owned()]));
    }
}
