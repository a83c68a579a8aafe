//! What has to be consented to in a target, and why.

use super::cause::Cause;
use super::changes::{BundleChanges, TableChange};
use super::consent::ConsentKind;
use super::effect::Effect;
use super::need::Need;

/// A need of a plan, and in which target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetNeed {
    /// The target.
    pub target: String,
    /// What has to be consented to there.
    pub need: Need,
    /// Why, from the user's edit on; may be empty.
    pub cause: Cause,
}

impl BundleChanges {
    /// What of this has to be consented to in a target.
    pub fn needs_in(&self, target: &str) -> impl Iterator<Item = TargetNeed> {
        self.needs.iter().map(move |need| TargetNeed {
            target: target.to_owned(),
            need: need.clone(),
            cause: cause(self, need),
        })
    }
}

/// Why something is needed, by the resource or the tables that it is about.
fn cause(changes: &BundleChanges, need: &Need) -> Cause {
    let name = &need.consent.name;
    let resource = || {
        let key = format!("pipelines.{name}");
        changes.resources.iter().find(|resource| resource.key == key).map(|resource| &resource.cause)
    };
    let table = |of: fn(&TableChange) -> Option<&String>| {
        let mut tables = changes.tables.iter();
        tables
            .find(|table| table.effect == Effect::Snapshot && of(table) == Some(name))
            .map(|table| &table.cause)
    };
    let cause = match need.consent.kind {
        ConsentKind::Recreate | ConsentKind::Delete => resource(),
        ConsentKind::Snapshot => table(|table| Some(&table.pipeline)),
        ConsentKind::Move => table(|table| table.from.as_ref()),
        ConsentKind::Remove | ConsentKind::OlderSource => None,
    };
    cause.cloned().unwrap_or_default()
}
