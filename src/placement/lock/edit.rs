//! Changes of the lock that a person asks for.

use super::{Lock, LockedTable};
use crate::closest::did_you_mean;
use crate::placement::name::bundle_number;

/// Why the lock cannot be changed as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockEditError {
    /// It does not hold such a thing.
    #[error("the lock holds no {kind} {name}{hint}")]
    Unknown {
        /// `table`, `connection`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The closest there is, or nothing.
        hint: String,
    },
    /// The new name has a place of its own.
    #[error("{destination} has a place already, in pipeline {pipeline}")]
    Taken {
        /// The new name.
        destination: String,
        /// Where it lies.
        pipeline: String,
    },
}

impl Lock {
    fn unknown_table(&self, name: &str) -> LockEditError {
        let known = self.tables.values().map(|locked| locked.destination.as_str());
        LockEditError::Unknown { kind: "table", name: name.to_owned(), hint: did_you_mean(name, known) }
    }

    /// Gives the place of one destination to another name; what it was before.
    ///
    /// # Errors
    /// The old name is not there, or the new one is.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<LockedTable, LockEditError> {
        let (old_key, new_key) = (old.to_lowercase(), new.to_lowercase());
        let Some(before) = self.tables.get(&old_key).cloned() else { return Err(self.unknown_table(old)) };
        if let Some(taken) = self.tables.get(&new_key).filter(|_| new_key != old_key) {
            return Err(LockEditError::Taken {
                destination: taken.destination.clone(),
                pipeline: taken.slot.pipeline.clone(),
            });
        }
        self.tables.remove(&old_key);
        self.tables.insert(new_key, LockedTable { destination: new.to_owned(), ..before.clone() });
        Ok(before)
    }

    /// Gives a connection another name wherever it stands; the gateways and pipelines that have it.
    ///
    /// # Errors
    /// None has it.
    pub fn rename_connection(&mut self, old: &str, new: &str) -> Result<Vec<String>, LockEditError> {
        let mut renamed = Vec::new();
        for (holder, connection) in &mut self.connections {
            if connection == old {
                new.clone_into(connection);
                renamed.push(holder.clone());
            }
        }
        if renamed.is_empty() {
            let hint = did_you_mean(old, self.connections.values().map(String::as_str));
            return Err(LockEditError::Unknown { kind: "connection", name: old.to_owned(), hint });
        }
        Ok(renamed)
    }

    /// Takes a table out, and with the last one of a pipeline or gateway what is held of that.
    ///
    /// # Errors
    /// It is not there.
    pub fn forget(&mut self, name: &str) -> Result<LockedTable, LockEditError> {
        let Some(forgotten) = self.tables.remove(&name.to_lowercase()) else {
            return Err(self.unknown_table(name));
        };
        for name in forgotten.slot.gateway.iter().chain([&forgotten.slot.pipeline]) {
            if !self.names(name) {
                self.pipelines.remove(name);
                self.gateways.remove(name);
                self.connections.remove(name);
            }
        }
        Ok(forgotten)
    }

    /// Takes every line of a project out, and says how many tables that were.
    pub fn forget_project(&mut self, project: &str) -> usize {
        let of_project = |table: &&LockedTable| bundle_number(project, &table.slot.bundle).is_some();
        let names: Vec<String> =
            self.tables.values().filter(of_project).map(|table| table.destination.clone()).collect();
        names.iter().filter(|name| self.forget(name).is_ok()).count()
    }

    /// Whether a table lies in this pipeline or behind this gateway, or comes from there.
    fn names(&self, name: &str) -> bool {
        self.tables.values().any(|locked| {
            let from = locked.moving.as_ref().map(|moving| &moving.from);
            [Some(&locked.slot), from]
                .into_iter()
                .flatten()
                .any(|slot| slot.pipeline == name || slot.gateway.as_deref() == Some(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::{Home, Slot};

    fn lock() -> Lock {
        let mut lock = Lock::default();
        for (position, table) in (0..).zip(["a.b.One", "a.b.two"]) {
            let slot = Slot {
                bundle: "p".into(),
                gateway: Some("x_01_g01".into()),
                pipeline: format!("x_01_g01_p0{}", position + 1),
                position,
            };
            let table = LockedTable {
                destination: table.into(),
                source: "s".into(),
                slot,
                gone: false,
                moving: None,
            };
            lock.tables.insert(table.destination.to_lowercase(), table);
        }
        let home = Home { catalog: "a".into(), schema: "b".into() };
        lock.gateways.insert("x_01_g01".into(), home.clone());
        lock.pipelines.extend([("x_01_g01_p01".into(), home.clone()), ("x_01_g01_p02".into(), home)]);
        lock.connections.insert("x_01_g01".into(), "erp".into());
        lock
    }

    #[test]
    fn a_place_goes_along_with_the_name() {
        let mut lock = lock();
        let slot = lock.tables["a.b.one"].slot.clone();
        assert_eq!(lock.rename("A.B.one", "a.b.Three").unwrap().destination, "a.b.One");
        assert_eq!(lock.tables["a.b.three"].slot, slot);
        assert_eq!(lock.tables["a.b.three"].destination, "a.b.Three");
        lock.rename("a.b.three", "A.B.THREE").unwrap();
        assert_eq!(lock.tables.keys().collect::<Vec<_>>(), ["a.b.three", "a.b.two"]);
        let before = lock.clone();
        assert!(matches!(lock.rename("a.b.three", "a.b.two"), Err(LockEditError::Taken { .. })));
        let error = lock.rename("a.b.thre", "a.b.x").unwrap_err().to_string();
        assert_eq!(error, "the lock holds no table a.b.thre; did you mean `A.B.THREE`?");
        assert_eq!(lock, before);
    }

    #[test]
    fn a_connection_is_renamed_wherever_it_stands() {
        let mut lock = lock();
        assert!(lock.rename_connection("ERP", "x").is_err());
        assert_eq!(lock.rename_connection("erp", "erp_2").unwrap(), ["x_01_g01"]);
        assert_eq!(lock.connections["x_01_g01"], "erp_2");
    }

    #[test]
    fn what_is_forgotten_leaves_nothing_behind() {
        let mut lock = lock();
        lock.forget("A.B.ONE").unwrap();
        assert_eq!(lock.pipelines.keys().collect::<Vec<_>>(), ["x_01_g01_p02"]);
        assert_eq!(lock.connections.len(), 1);
        assert!(lock.forget("a.b.one").is_err());
        lock.forget("a.b.two").unwrap();
        assert_eq!(lock, Lock::default());
    }
}
