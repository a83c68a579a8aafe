//! The bundles of a project, and how much room each has.

use std::collections::BTreeMap;

/// How many tables each bundle of a project holds, by the bundle's number.
pub(super) struct Bundles {
    limit: usize,
    tables: BTreeMap<u32, usize>,
}

impl Bundles {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, tables: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, bundle: u32, tables: usize) {
        *self.tables.entry(bundle).or_default() += tables;
    }

    pub(super) fn has_room(&self, bundle: u32, tables: usize) -> bool {
        self.tables.get(&bundle).copied().unwrap_or_default() + tables <= self.limit
    }

    /// The first bundle with room for a gateway or pipeline of so many tables, else a new one. What is too large for any
    /// bundle gets one for itself.
    pub(super) fn with_room(&self, tables: usize) -> u32 {
        let number = (1..).find(|number| {
            let held = self.tables.get(number).copied().unwrap_or_default();
            held == 0 || held + tables <= self.limit
        });
        number.unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bundle_is_left_as_it_is() {
        let mut bundles = Bundles::new(10);
        assert_eq!(bundles.with_room(25), 1);
        bundles.add(1, 25);
        assert_eq!(bundles.with_room(4), 2);
        bundles.add(2, 4);
        assert_eq!(bundles.with_room(6), 2);
        assert_eq!(bundles.with_room(7), 3);
        assert!(!bundles.has_room(1, 1) && bundles.has_room(2, 6));
    }
}
