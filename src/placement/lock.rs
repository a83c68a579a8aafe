//! The lock: the memory of where each table lies, kept beside the settings and committed.

mod changes;
mod deployed;
mod edit;
mod import;
mod lines;
mod parse;
mod render;
mod words;

use std::collections::{BTreeMap, BTreeSet};

pub use changes::{HeldChange, LockChanges};
pub use edit::LockEditError;
pub use import::{Import, ImportedPlaces, ImportedTable};
pub use lines::LockLines;

use super::slot::{Home, Slot};
use crate::finding::Place;

/// What `tapworks.lock` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// By destination as the rows write it, in lower case ([`crate::connector::Destination::key`]).
    pub tables: BTreeMap<String, LockedTable>,
    /// The own catalog and schema of pipelines, by pipeline name, as first placed.
    pub pipelines: BTreeMap<String, Home>,
    /// The storage catalog and schema of gateways, by gateway name, as first placed.
    pub gateways: BTreeMap<String, Home>,
    /// The connection of gateways, and of pipelines without one, by their name, as the rows write it.
    pub connections: BTreeMap<String, String>,
    /// Where it was read from; says nothing about what it holds, so that it is no part of equality.
    pub lines: LockLines,
}

/// A table's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedTable {
    /// The destination in the letter case of the row that placed it: `catalog.schema.table`.
    pub destination: String,
    /// What is read, for people and for seeing that a source was renamed.
    pub source: String,
    /// Its place.
    pub slot: Slot,
    /// No row asks for it any more; its place is kept for when one does.
    pub gone: bool,
    /// A move that `rebalance --write` asked for and that is not deployed everywhere yet.
    pub moving: Option<Moving>,
}

/// A move under way: `slot` is where the table goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Where it comes from.
    pub from: Slot,
    /// The targets in which it was deployed already; the move is over once these are all.
    pub done: BTreeSet<String>,
}

impl Lock {
    /// The bundles that tables lie in, or lay in before they were gone.
    #[must_use]
    pub fn bundle_names(&self) -> BTreeSet<&str> {
        self.tables.values().map(|table| table.slot.bundle.as_str()).collect()
    }

    /// Where the line of a table stands in the file, for findings; nothing where the lock was not read from one, or did
    /// not hold the table then.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<Place> {
        self.lines.place(key)
    }
}
