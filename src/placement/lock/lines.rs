//! Which line of which file holds a table's place.

use std::collections::HashMap;

use crate::finding::Place;

/// The lines of the file that a lock was read from. All are equal to each other: two locks that hold the same are the
/// same, wherever they were read.
#[derive(Clone, Debug, Default)]
pub struct LockLines {
    file: String,
    tables: HashMap<String, u32>,
}

impl PartialEq for LockLines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LockLines {}

impl LockLines {
    pub(super) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), tables: HashMap::new() }
    }

    /// The line of a table, from 1.
    pub(super) fn line(&self, key: &str) -> Option<u32> {
        self.tables.get(key).copied()
    }

    pub(super) fn set(&mut self, key: &str, line: u32) {
        self.tables.insert(key.to_owned(), line);
    }

    pub(super) fn place(&self, key: &str) -> Option<Place> {
        self.line(key).map(|line| Place::File { file: self.file.clone(), line, column: 1 })
    }
}
