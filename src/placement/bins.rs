//! New tables join the pipelines that have room.

use std::collections::BTreeSet;

use super::fleet::Fleet;
use super::load::{Capacity, Item, Load};
use crate::settings::Placement;

/// Pipelines that items join, least loaded first.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    strategy: Placement,
    fleet: Fleet,
    /// The pipelines that may have room.
    open: BTreeSet<(u128, usize, usize)>,
}

/// What takes room in any pipeline.
const SMALLEST: Item = Item { tables: 1, weight: 0 };

impl Bins {
    pub(super) fn new(strategy: Placement) -> Self {
        Self { strategy, fleet: Fleet::default(), open: BTreeSet::new() }
    }

    /// Adds a gateway or a bundle, which may stand in another such; what its pipelines have is added with them.
    pub(super) fn enclose(&mut self, capacity: Capacity, within: Option<usize>) -> usize {
        self.fleet.enclose(capacity, within)
    }

    /// Adds a pipeline with what it has.
    pub(super) fn add(
        &mut self,
        capacity: Capacity,
        within: Option<usize>,
        items: impl IntoIterator<Item = Item>,
    ) -> usize {
        let pipeline = self.fleet.add(capacity, within, items);
        self.open.insert(self.key(pipeline));
        pipeline
    }

    pub(super) fn load(&self, pipeline: usize) -> Load {
        self.fleet.load(pipeline)
    }

    /// The pipelines with what has joined them.
    pub(super) fn into_fleet(self) -> Fleet {
        self.fleet
    }

    /// Puts an item into the least loaded pipeline with room, the first of several such: the lightest where weights are
    /// balanced, else the one with the fewest tables. `None`: none has room.
    pub(super) fn join(&mut self, item: Item) -> Option<usize> {
        let mut full = Vec::new();
        let mut found = None;
        for key in &self.open {
            if self.fleet.has_room(key.2, item) {
                found = Some(key.2);
                break;
            }
            if !self.fleet.has_room(key.2, SMALLEST) {
                full.push(*key);
            }
        }
        for key in full {
            self.open.remove(&key);
        }
        self.put(found?, item);
        found
    }

    /// Puts an item into a pipeline, whether or not there is room.
    pub(super) fn put(&mut self, pipeline: usize, item: Item) {
        let was_open = self.open.remove(&self.key(pipeline));
        self.fleet.put(pipeline, item);
        if was_open {
            self.open.insert(self.key(pipeline));
        }
    }

    fn key(&self, pipeline: usize) -> (u128, usize, usize) {
        let load = self.load(pipeline);
        (load.measure(self.strategy), load.tables, pipeline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    fn capacity(limit: usize) -> Capacity {
        Capacity::of(NonZeroUsize::new(limit).unwrap())
    }

    fn one(weight: u64) -> Item {
        Item { tables: 1, weight }
    }

    #[test]
    fn the_least_loaded_with_room_is_joined_and_the_first_of_equals() {
        for (strategy, expected) in [(Placement::Fill, [1, 1, 0, 1]), (Placement::Weighted, [0, 1, 0, 1])] {
            let mut bins = Bins::new(strategy);
            bins.add(capacity(5), None, [one(1), one(1), one(1)]);
            bins.add(capacity(5), None, [one(4)]);
            // A full one is no choice, however light.
            bins.add(capacity(1), None, [one(0)]);
            let joined = [one(2), one(2), one(1), one(9)].map(|item| bins.join(item).unwrap());
            assert_eq!(joined, expected, "{strategy:?}");
        }
    }

    #[test]
    fn a_full_gateway_or_bundle_has_no_room_in_any_pipeline() {
        let mut bins = Bins::new(Placement::Fill);
        let bundle = bins.enclose(capacity(5), None);
        let full = bins.enclose(capacity(2), Some(bundle));
        let half = bins.enclose(capacity(4), Some(bundle));
        bins.add(capacity(9), Some(full), [one(1), one(1)]);
        bins.add(capacity(9), Some(half), [one(1), one(1)]);
        assert_eq!(bins.join(one(1)), Some(1));
        assert_eq!(bins.join(one(1)), None, "the bundle is full, though the gateway is not");
    }

    #[test]
    fn a_large_row_that_finds_no_room_leaves_it_to_smaller_ones() {
        let mut bins = Bins::new(Placement::Fill);
        bins.add(capacity(250), None, [Item { tables: 249, weight: 1 }]);
        assert_eq!(bins.join(Item { tables: 2, weight: 1 }), None);
        assert_eq!(bins.join(one(1)), Some(0));
    }

    #[test]
    fn what_is_over_its_limit_takes_nothing() {
        let mut bins = Bins::new(Placement::Even);
        bins.add(capacity(2), None, [one(1), one(1), one(1)]);
        assert_eq!(bins.join(one(1)), None);
    }
}
