//! What a bundle or a workspace says of places, put into the lock.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lock, LockedTable};
use crate::finding::{Finding, Findings, Place};
use crate::placement::slot::{Home, Slot};

/// A table and its place, as a bundle or a workspace has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedTable {
    /// The destination as the rows write it: `catalog.schema.table`.
    pub destination: String,
    /// What is read.
    pub source: String,
    /// Its place; positions count from 0 in each pipeline.
    pub slot: Slot,
    /// Where that stands.
    pub place: Option<Place>,
}

/// What a bundle or a workspace says of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedPlaces {
    /// In any order.
    pub tables: Vec<ImportedTable>,
    /// The own catalog and schema of pipelines, by name.
    pub pipelines: BTreeMap<String, Home>,
    /// The storage catalog and schema of gateways, by name.
    pub gateways: BTreeMap<String, Home>,
    /// The connection of gateways, and of pipelines without one, by name.
    pub connections: BTreeMap<String, String>,
}

/// What an import comes to.
#[derive(Clone, Debug)]
pub struct Import {
    /// The lock with what was imported; as it was where a finding is an error.
    pub lock: Lock,
    /// Tables that it did not hold, by destination.
    pub added: Vec<String>,
    /// Tables that get another place, by destination.
    pub changed: Vec<String>,
    /// How many were there already.
    pub kept: usize,
    /// Where the two disagree, and what cannot be.
    pub findings: Findings,
}

const FORCE: &str = "--force takes what is imported: say it where that is what is deployed";

impl Lock {
    /// The lock with these places in it. What it holds stays: another place is a finding, and with `force` replaced.
    #[must_use]
    pub fn import(&self, imported: &ImportedPlaces, force: bool) -> Import {
        let mut import = Import {
            lock: self.clone(),
            added: Vec::new(),
            changed: Vec::new(),
            kept: 0,
            findings: Findings::new(),
        };
        import.judge_repeats(imported);
        for table in &imported.tables {
            import.take(self, table, force);
        }
        import.keep_order(imported);
        let Lock { pipelines, gateways, connections, .. } = &mut import.lock;
        let told = |home: &Home| format!("{}.{}", home.catalog, home.schema);
        let mut found = hold("pipeline", pipelines, &imported.pipelines, force, told);
        found.extend(hold("gateway", gateways, &imported.gateways, force, told));
        found.extend(hold("the connection of", connections, &imported.connections, force, String::clone));
        import.findings.extend(found);
        import.judge_pipelines(imported);
        if import.findings.has_errors() {
            import.lock = self.clone();
        }
        import
    }
}

impl Import {
    /// A table that two pipelines write, or one of them twice, has no one place.
    fn judge_repeats(&mut self, imported: &ImportedPlaces) {
        let mut first: BTreeMap<String, &ImportedTable> = BTreeMap::new();
        for table in &imported.tables {
            let Some(other) = first.get(&table.destination.to_lowercase()) else {
                first.insert(table.destination.to_lowercase(), table);
                continue;
            };
            let (one, two) = (&other.slot.pipeline, &table.slot.pipeline);
            let by = if one == two {
                format!("twice by pipeline {one}")
            } else {
                format!("by pipelines {one} and {two}")
            };
            self.findings.push(
                Finding::error("TW157", format!("{} is written {by}", table.destination))
                    .at(table.place.clone())
                    .why("a table is written by one pipeline, so that it has one place")
                    .fix("take one of the two out, and import again"),
            );
        }
    }

    fn take(&mut self, before: &Lock, table: &ImportedTable, force: bool) {
        let key = table.destination.to_lowercase();
        let locked = LockedTable {
            destination: table.destination.clone(),
            source: table.source.clone(),
            slot: table.slot.clone(),
            gone: false,
            moving: None,
        };
        let Some(held) = before.tables.get(&key) else {
            if self.lock.tables.insert(key, locked).is_none() {
                self.added.push(table.destination.clone());
            }
            return;
        };
        // While a table moves, both its places are right.
        let from = held.moving.as_ref().map(|moving| &moving.from);
        if same_pipeline(&held.slot, &table.slot) || from.is_some_and(|from| same_pipeline(from, &table.slot))
        {
            self.kept += 1;
        } else if force {
            self.changed.push(table.destination.clone());
            self.lock.tables.insert(key, locked);
        } else {
            let (held, imported) = told(&held.slot, &table.slot);
            let what =
                format!("{} lies in {held} by the lock, and in {imported} by the import", table.destination);
            self.findings.push(
                Finding::error("TW156", what)
                    .at(before.place(&key).or_else(|| table.place.clone()))
                    .why("a table that changes its pipeline is read again in full")
                    .fix(FORCE),
            );
        }
    }

    /// Numbers the tables of a pipeline anew where those that came to it would not stand in the order of the import.
    fn keep_order(&mut self, imported: &ImportedPlaces) {
        let mut wanted: BTreeMap<&str, Vec<(u64, String)>> = BTreeMap::new();
        for table in &imported.tables {
            let tables = wanted.entry(&table.slot.pipeline).or_default();
            tables.push((table.slot.position, table.destination.to_lowercase()));
        }
        let touched: BTreeSet<String> =
            self.added.iter().chain(&self.changed).map(|destination| destination.to_lowercase()).collect();
        for (pipeline, mut tables) in wanted {
            tables.retain(|(_, key)| {
                self.lock.tables.get(key).is_some_and(|locked| locked.slot.pipeline == pipeline)
            });
            tables.sort();
            let stands = |lock: &Lock, key: &String| lock.tables.get(key).map(|locked| locked.slot.position);
            let is_ordered = tables.is_sorted_by_key(|(_, key)| (stands(&self.lock, key), key.clone()));
            if is_ordered || !tables.iter().any(|(_, key)| touched.contains(key)) {
                continue;
            }
            for (position, key) in &tables {
                if let Some(locked) = self.lock.tables.get_mut(key) {
                    locked.slot.position = *position;
                }
            }
        }
    }

    fn judge_pipelines(&mut self, imported: &ImportedPlaces) {
        let mut seen: BTreeMap<&str, &Slot> = BTreeMap::new();
        for locked in self.lock.tables.values() {
            seen.entry(&locked.slot.pipeline).or_insert(&locked.slot);
        }
        let mut told_of = BTreeSet::new();
        let mut found = Vec::new();
        for table in &imported.tables {
            let Some(first) = seen.get(table.slot.pipeline.as_str()) else { continue };
            if same_pipeline(first, &table.slot) || !told_of.insert(&table.slot.pipeline) {
                continue;
            }
            let (one, two) = told(first, &table.slot);
            found.push(
                Finding::error("TW157", format!("one name for two pipelines: {one}, and {two}"))
                    .at(table.place.clone())
                    .why(
                        "the lock knows pipelines by name; each is in one bundle, behind one gateway at most",
                    )
                    .fix(
                        "give the groups of the two bundles different prefixes, or import one of them alone",
                    ),
            );
        }
        self.findings.extend(found);
    }
}

/// Adds what a map of the lock does not hold, by name of a gateway or pipeline.
fn hold<T: Clone + PartialEq>(
    kind: &str,
    held: &mut BTreeMap<String, T>,
    imported: &BTreeMap<String, T>,
    force: bool,
    told: impl Fn(&T) -> String,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in imported {
        match held.get(name) {
            Some(other) if other != value && !force => findings.push(
                Finding::error("TW156", format!("{kind} {name} is {} by the lock, and {} by the import", told(other), told(value)))
                    .at(Place::Resource { key: name.clone() })
                    .why("a pipeline or gateway with another catalog, schema or connection is deleted and created again")
                    .fix(FORCE),
            ),
            _ => {
                held.insert(name.clone(), value.clone());
            }
        }
    }
    findings
}

fn same_pipeline(a: &Slot, b: &Slot) -> bool {
    (&a.bundle, &a.gateway, &a.pipeline) == (&b.bundle, &b.gateway, &b.pipeline)
}

/// Two places, told by what is different.
fn told(one: &Slot, two: &Slot) -> (String, String) {
    let tell = |slot: &Slot| {
        let mut text = format!("pipeline {}", slot.pipeline);
        if one.bundle != two.bundle {
            text.push_str(&format!(" of bundle {}", slot.bundle));
        }
        if one.pipeline == two.pipeline && one.gateway != two.gateway {
            text.push_str(&match &slot.gateway {
                Some(gateway) => format!(" behind gateway {gateway}"),
                None => " without a gateway".to_owned(),
            });
        }
        text
    };
    (tell(one), tell(two))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Moving;

    fn table(name: &str, pipeline: &str, position: u64) -> ImportedTable {
        ImportedTable {
            destination: format!("a.b.{name}"),
            source: name.to_owned(),
            slot: Slot { bundle: "p".into(), gateway: None, pipeline: pipeline.into(), position },
            place: None,
        }
    }

    fn places(tables: &[(&str, &str, u64)]) -> ImportedPlaces {
        let tables = tables.iter().map(|(name, pipeline, position)| table(name, pipeline, *position));
        ImportedPlaces { tables: tables.collect(), ..ImportedPlaces::default() }
    }

    fn lock_of(tables: &[(&str, &str, u64)]) -> Lock {
        let import = Lock::default().import(&places(tables), false);
        assert!(import.findings.is_empty(), "{:?}", import.findings);
        import.lock
    }

    /// Names in the order of their places.
    fn order(lock: &Lock) -> Vec<&str> {
        let mut tables: Vec<_> = lock
            .tables
            .iter()
            .map(|(key, locked)| (&locked.slot.pipeline, locked.slot.position, key))
            .collect();
        tables.sort();
        tables.into_iter().map(|(_, _, key)| key.trim_start_matches("a.b.")).collect()
    }

    fn told(import: &Import) -> Vec<(&'static str, &str)> {
        import.findings.iter().map(|finding| (finding.rule, finding.what.as_str())).collect()
    }

    #[test]
    fn an_empty_lock_takes_everything_in_order() {
        let mut imported = places(&[("z", "x_p01", 0), ("A", "x_p01", 1), ("c", "x_p02", 0)]);
        let home = Home { catalog: "a".into(), schema: "b".into() };
        imported.pipelines.insert("x_p01".into(), home.clone());
        imported.connections.insert("x_p01".into(), "crm".into());
        let import = Lock::default().import(&imported, false);
        assert_eq!(import.added, ["a.b.z", "a.b.A", "a.b.c"]);
        assert_eq!(order(&import.lock), ["z", "a", "c"]);
        assert_eq!(import.lock.pipelines["x_p01"], home);
        let again = import.lock.import(&imported, false);
        assert_eq!((again.lock, again.kept, again.added.len()), (import.lock, 3, 0));
    }

    #[test]
    fn what_the_lock_lacks_is_filled_in_without_a_change_of_order() {
        let mut lock = lock_of(&[("m", "x", 0), ("n", "x", 1)]);
        lock.tables.get_mut("a.b.m").unwrap().slot.position = 4;
        lock.tables.get_mut("a.b.n").unwrap().slot.position = 9;
        lock.tables.get_mut("a.b.n").unwrap().gone = true;
        assert_eq!(lock.import(&places(&[("m", "x", 0), ("n", "x", 1)]), false).lock, lock);
        let import =
            lock.import(&places(&[("m", "x", 0), ("z", "x", 1), ("a", "x", 2), ("n", "x", 3)]), false);
        assert_eq!(order(&import.lock), ["m", "z", "a", "n"]);
        assert_eq!((import.kept, import.added.len()), (2, 2));
        assert!(import.lock.tables["a.b.n"].gone);
    }

    #[test]
    fn another_place_is_refused_unless_forced() {
        let lock = lock_of(&[("m", "x", 0), ("n", "x", 1)]);
        let imported = places(&[("m", "y", 0), ("o", "y", 1)]);
        let import = lock.import(&imported, false);
        assert_eq!(
            told(&import),
            [("TW156", "a.b.m lies in pipeline x by the lock, and in pipeline y by the import")]
        );
        assert_eq!(import.lock, lock);
        let forced = lock.import(&imported, true);
        assert_eq!(
            (forced.changed.as_slice(), forced.added.as_slice()),
            (&["a.b.m".to_owned()][..], &["a.b.o".to_owned()][..])
        );
        assert_eq!(forced.lock.tables["a.b.m"].slot.pipeline, "y");
    }

    #[test]
    fn both_places_of_a_move_are_right() {
        let mut lock = lock_of(&[("m", "y", 0)]);
        let from = Slot { pipeline: "x".into(), ..lock.tables["a.b.m"].slot.clone() };
        lock.tables.get_mut("a.b.m").unwrap().moving = Some(Moving { from, done: BTreeSet::new() });
        for pipeline in ["x", "y"] {
            let import = lock.import(&places(&[("m", pipeline, 0)]), false);
            assert_eq!((import.lock, import.kept), (lock.clone(), 1));
        }
    }

    #[test]
    fn what_has_no_one_place_is_told() {
        let import = Lock::default()
            .import(&places(&[("m", "x", 0), ("M", "y", 0), ("n", "x", 1), ("n", "x", 2)]), true);
        assert_eq!(
            told(&import),
            [
                ("TW157", "a.b.M is written by pipelines x and y"),
                ("TW157", "a.b.n is written twice by pipeline x")
            ]
        );
        assert_eq!(import.lock, Lock::default());
        let lock = lock_of(&[("m", "x", 0)]);
        let mut imported = places(&[("n", "x", 0), ("o", "x", 1)]);
        for table in &mut imported.tables {
            table.slot.bundle = "q".into();
        }
        assert_eq!(
            told(&lock.import(&imported, true)),
            [("TW157", "one name for two pipelines: pipeline x of bundle p, and pipeline x of bundle q")]
        );
    }

    #[test]
    fn other_homes_and_connections_are_told() {
        let mut lock = lock_of(&[("m", "x", 0)]);
        lock.pipelines.insert("x".into(), Home { catalog: "a".into(), schema: "b".into() });
        lock.connections.insert("x".into(), "crm".into());
        let mut imported = places(&[("m", "x", 0)]);
        imported.pipelines.insert("x".into(), Home { catalog: "a".into(), schema: "c".into() });
        imported.connections.insert("x".into(), "crm_2".into());
        assert_eq!(
            told(&lock.import(&imported, false)),
            [
                ("TW156", "pipeline x is a.b by the lock, and a.c by the import"),
                ("TW156", "the connection of x is crm by the lock, and crm_2 by the import")
            ]
        );
        let forced = lock.import(&imported, true).lock;
        assert_eq!((forced.pipelines, forced.connections), (imported.pipelines, imported.connections));
    }
}
