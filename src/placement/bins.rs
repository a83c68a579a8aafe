//! Pipelines with what they have, and the gateways and bundles that they stand in.

use std::collections::BTreeSet;

use super::load::{Capacity, Item, Load};
use crate::settings::Placement;

/// Pipelines, and what bounds several of them together.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    strategy: Placement,
    pipelines: Vec<Bin>,
    enclosures: Vec<Bin>,
    /// The pipelines that may have room, least loaded first.
    open: BTreeSet<(u128, usize, usize)>,
}

/// A pipeline, or a gateway or bundle around it.
#[derive(Clone, Copy, Debug)]
struct Bin {
    load: Load,
    capacity: Capacity,
    within: Option<usize>,
}

/// What takes room in any pipeline.
const SMALLEST: Item = Item { tables: 1, weight: 0 };

impl Bins {
    pub(super) fn new(strategy: Placement) -> Self {
        Self { strategy, pipelines: Vec::new(), enclosures: Vec::new(), open: BTreeSet::new() }
    }

    /// Adds a gateway or a bundle, which may stand in another such; what its pipelines have is added with them.
    pub(super) fn enclose(&mut self, capacity: Capacity, within: Option<usize>) -> usize {
        self.enclosures.push(Bin { load: Load::default(), capacity, within });
        self.enclosures.len() - 1
    }

    /// Adds a pipeline with what it has.
    pub(super) fn add(
        &mut self,
        capacity: Capacity,
        within: Option<usize>,
        items: impl IntoIterator<Item = Item>,
    ) -> usize {
        let pipeline = self.pipelines.len();
        self.pipelines.push(Bin { load: Load::default(), capacity, within });
        self.open.insert(self.key(pipeline));
        for item in items {
            self.put(pipeline, item);
        }
        pipeline
    }

    pub(super) fn len(&self) -> usize {
        self.pipelines.len()
    }

    pub(super) fn load(&self, pipeline: usize) -> Load {
        self.pipelines[pipeline].load
    }

    /// Puts an item into the least loaded pipeline with room, the first of several such: the lightest where weights are
    /// balanced, else the one with the fewest tables. `None`: none has room.
    pub(super) fn join(&mut self, item: Item) -> Option<usize> {
        let mut full = Vec::new();
        let mut found = None;
        for key in &self.open {
            if self.has_room(key.2, item) {
                found = Some(key.2);
                break;
            }
            if !self.has_room(key.2, SMALLEST) {
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
        self.pipelines[pipeline].load = self.load(pipeline).with(item);
        if was_open {
            self.open.insert(self.key(pipeline));
        }
        self.around(pipeline, |load| load.with(item));
    }

    fn has_room(&self, pipeline: usize, item: Item) -> bool {
        self.pipelines[pipeline].capacity.has_room(self.load(pipeline), item)
            && self
                .enclosures_of(pipeline)
                .all(|index| self.enclosures[index].capacity.has_room(self.enclosures[index].load, item))
    }

    /// Whether limits allow that an item goes from one pipeline to another, and, where it is given, one comes back.
    pub(super) fn allows(&self, (from, to): (usize, usize), item: Item, back: Option<Item>) -> bool {
        let gives = |load: Load| back.map_or(load, |back| load.with(back)).without(item);
        let takes = |load: Load| back.map_or(load, |back| load.without(back)).with(item);
        let fits = |bin: &Bin, load: Load| bin.capacity.holds(load);
        let (giver, taker) = (&self.pipelines[from], &self.pipelines[to]);
        fits(giver, gives(giver.load))
            && fits(taker, takes(taker.load))
            && self.apart(from, to).all(|index| {
                let bin = &self.enclosures[index];
                fits(bin, gives(bin.load))
            })
            && self.apart(to, from).all(|index| {
                let bin = &self.enclosures[index];
                fits(bin, takes(bin.load))
            })
    }

    /// Carries an item from one pipeline to another, whether or not there is room.
    pub(super) fn carry(&mut self, (from, to): (usize, usize), item: Item) {
        let was_open = self.open.remove(&self.key(from));
        self.pipelines[from].load = self.load(from).without(item);
        if was_open {
            self.open.insert(self.key(from));
        }
        self.around(from, |load| load.without(item));
        self.put(to, item);
    }

    fn key(&self, pipeline: usize) -> (u128, usize, usize) {
        let load = self.load(pipeline);
        let weight = if self.strategy == Placement::Weighted { load.weight } else { 0 };
        (weight, load.tables, pipeline)
    }

    fn around(&mut self, pipeline: usize, change: impl Fn(Load) -> Load) {
        let mut next = self.pipelines[pipeline].within;
        while let Some(bin) = next.map(|index| &mut self.enclosures[index]) {
            bin.load = change(bin.load);
            next = bin.within;
        }
    }

    fn enclosures_of(&self, pipeline: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.pipelines[pipeline].within, |index| self.enclosures[*index].within)
    }

    /// What encloses the one pipeline and not the other.
    fn apart(&self, one: usize, other: usize) -> impl Iterator<Item = usize> {
        self.enclosures_of(one).filter(move |index| self.enclosures_of(other).all(|around| around != *index))
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
        // Within the gateway, or the bundle, nothing is taken up by an exchange.
        let other = bins.add(capacity(9), Some(half), []);
        assert!(bins.allows((1, other), one(1), None));
        assert!(!bins.allows((1, 0), one(1), None));
        assert!(bins.allows((1, 0), one(1), Some(one(1))));
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
