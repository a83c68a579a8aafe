//! What is different between two locks.

use std::collections::BTreeMap;

use super::{Lock, LockedTable};
use crate::placement::slot::Home;

/// What is different, `before` against `after`; each sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockChanges {
    /// Tables that came.
    pub added: Vec<LockedTable>,
    /// Tables whose line is another: before and after.
    pub changed: Vec<(LockedTable, LockedTable)>,
    /// Tables whose line went.
    pub removed: Vec<LockedTable>,
    /// Own catalogs and schemas of pipelines.
    pub pipelines: Vec<HeldChange<Home>>,
    /// Storage catalogs and schemas of gateways.
    pub gateways: Vec<HeldChange<Home>>,
    /// Connections of gateways and pipelines.
    pub connections: Vec<HeldChange<String>>,
}

/// A line of a pipeline or gateway that came, went, or is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldChange<T> {
    /// The pipeline or gateway.
    pub name: String,
    /// Absent where there was none.
    pub before: Option<T>,
    /// Absent where there is none any more.
    pub after: Option<T>,
}

impl LockChanges {
    /// What makes one lock into another.
    #[must_use]
    pub fn between(before: &Lock, after: &Lock) -> Self {
        let mut changes = Self {
            pipelines: held(&before.pipelines, &after.pipelines),
            gateways: held(&before.gateways, &after.gateways),
            connections: held(&before.connections, &after.connections),
            ..Self::default()
        };
        for (key, after) in &after.tables {
            match before.tables.get(key) {
                None => changes.added.push(after.clone()),
                Some(before) if before != after => changes.changed.push((before.clone(), after.clone())),
                Some(_) => {}
            }
        }
        let went = before.tables.iter().filter(|(key, _)| !after.tables.contains_key(*key));
        changes.removed.extend(went.map(|(_, before)| before.clone()));
        changes
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn held<T: Clone + PartialEq>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
) -> Vec<HeldChange<T>> {
    let went = before.keys().filter(|name| !after.contains_key(*name));
    let mut changes: Vec<HeldChange<T>> = after
        .keys()
        .chain(went)
        .map(|name| HeldChange {
            name: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .filter(|change| change.before != change.after)
        .collect();
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Slot;

    #[test]
    fn every_difference_is_found_once() {
        let table = |name: &str, position| LockedTable {
            destination: name.into(),
            source: "s".into(),
            slot: Slot { bundle: "p".into(), gateway: None, pipeline: "x".into(), position },
            gone: false,
            moving: None,
        };
        let lock = |tables: &[(&str, u64)], connections: &[(&str, &str)]| Lock {
            tables: tables.iter().map(|(name, at)| ((*name).to_owned(), table(name, *at))).collect(),
            connections: connections.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            ..Lock::default()
        };
        let before = lock(&[("a", 0), ("b", 1), ("c", 2)], &[("g", "old"), ("h", "same"), ("i", "went")]);
        let after = lock(&[("b", 1), ("c", 3), ("d", 4)], &[("a", "came"), ("g", "new"), ("h", "same")]);
        let changes = LockChanges::between(&before, &after);
        assert_eq!(changes.added, [table("d", 4)]);
        assert_eq!(changes.changed, [(table("c", 2), table("c", 3))]);
        assert_eq!(changes.removed, [table("a", 0)]);
        let change = |name: &str, before: Option<&str>, after: Option<&str>| HeldChange {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            changes.connections,
            [
                change("a", None, Some("came")),
                change("g", Some("old"), Some("new")),
                change("i", Some("went"), None)
            ]
        );
        assert!(!changes.is_empty() && LockChanges::between(&after, &after).is_empty());
    }
}
