//! Where tables have their places from, as documents and people are told it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Serialize;

use crate::placement::{LockUpdate, Tally};
use crate::text::plural;

/// What became of the places of one lock's tables.
#[derive(Clone, Debug, Serialize)]
pub struct PlacementDocument {
    lock: PathBuf,
    /// Whether the lock was, or would have to be, written.
    lock_changed: bool,
    /// Tables that lie where the lock, or what is deployed, has them; by who remembered.
    kept: IndexMap<String, usize>,
    /// Tables that were gone and are back in their old place.
    back: usize,
    /// Tables that have a place for the first time.
    new: usize,
    /// Tables that no row asks for any more.
    gone: usize,
}

impl PlacementDocument {
    /// Of a placement and what it does to the lock.
    #[must_use]
    pub fn new(lock: &Path, tally: &Tally, update: &LockUpdate) -> Self {
        Self {
            lock: lock.to_owned(),
            lock_changed: update.changed,
            kept: tally.kept.iter().map(|(witness, count)| (witness.to_string(), *count)).collect(),
            back: tally.back,
            new: tally.new,
            gone: update.gone,
        }
    }

    /// Whether the lock was, or would have to be, written.
    #[must_use]
    pub fn lock_changed(&self) -> bool {
        self.lock_changed
    }

    /// One line: `placement  598 tables as in the lock, 12 new  (tapworks.lock, changed)`; `only_seen`: where nothing is
    /// written.
    #[must_use]
    pub fn line(&self, only_seen: bool) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (index, (witness, count)) in self.kept.iter().enumerate() {
            let count = if index == 0 { plural(*count, "table") } else { count.to_string() };
            parts.push(format!("{count} as in {witness}"));
        }
        let mut add = |count: usize, alone: String, beside: &str| {
            if count > 0 {
                parts.push(if parts.is_empty() { alone } else { format!("{count} {beside}") });
            }
        };
        let tables = |count: usize, what: &str| format!("{} {what}", plural(count, "table"));
        add(self.back, tables(self.back, "back in their old place"), "back in their old place");
        add(self.new, plural(self.new, "new table"), "new");
        add(self.gone, tables(self.gone, "gone"), "gone");
        let mut line = format!("placement  {}", parts.join(", "));
        let name = self
            .lock
            .file_name()
            .map_or_else(|| self.lock.display().to_string(), |name| name.to_string_lossy().into_owned());
        let changed = match (self.lock_changed, only_seen) {
            (false, _) => "",
            (true, false) => ", changed",
            (true, true) => ", would change",
        };
        let _ = write!(line, "  ({name}{changed})");
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Witness;

    #[test]
    fn the_line_says_who_remembered() {
        let line = |kept: &[(Witness, usize)], back, new, gone, changed| {
            let tally = Tally { kept: kept.iter().cloned().collect(), back, new };
            let update = LockUpdate { gone, changed, ..LockUpdate::default() };
            PlacementDocument::new(Path::new("/x/tapworks.lock"), &tally, &update).line(false)
        };
        assert_eq!(line(&[], 0, 600, 0, true), "placement  600 new tables  (tapworks.lock, changed)");
        assert_eq!(
            line(&[(Witness::Lock, 550), (Witness::Target("prod".into()), 50)], 1, 2, 3, true),
            "placement  550 tables as in the lock, 50 as in target `prod`, 1 back in their old place, 2 new, 3 gone  (tapworks.lock, changed)"
        );
        assert_eq!(
            line(&[(Witness::Lock, 1)], 0, 0, 0, false),
            "placement  1 table as in the lock  (tapworks.lock)"
        );
        let update = LockUpdate { changed: true, ..LockUpdate::default() };
        let seen = PlacementDocument::new(
            Path::new("tapworks.lock"),
            &Tally { new: 1, ..Tally::default() },
            &update,
        );
        assert_eq!(seen.line(true), "placement  1 new table  (tapworks.lock, would change)");
    }
}
