//! Pipelines with what they have, and the gateways and bundles that they stand in.

use super::load::{Capacity, Item, Load};

/// Pipelines, and what bounds several of them together.
#[derive(Clone, Debug, Default)]
pub(super) struct Fleet {
    pipelines: Vec<Bin>,
    enclosures: Vec<Bin>,
}

/// A pipeline, or a gateway or bundle around it.
#[derive(Clone, Copy, Debug)]
struct Bin {
    load: Load,
    capacity: Capacity,
    within: Option<usize>,
}

impl Fleet {
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

    /// The gateway of a pipeline, else its bundle.
    pub(super) fn within(&self, pipeline: usize) -> Option<usize> {
        self.pipelines[pipeline].within
    }

    /// Whether a pipeline has more than it may have.
    pub(super) fn is_over(&self, pipeline: usize) -> bool {
        let bin = &self.pipelines[pipeline];
        !bin.capacity.holds(bin.load)
    }

    /// Whether a gateway or a bundle has more than it may have.
    pub(super) fn is_enclosure_over(&self, enclosure: usize) -> bool {
        let bin = &self.enclosures[enclosure];
        !bin.capacity.holds(bin.load)
    }

    pub(super) fn has_room(&self, pipeline: usize, item: Item) -> bool {
        let has_room = |bin: &Bin| bin.capacity.has_room(bin.load, item);
        has_room(&self.pipelines[pipeline])
            && self.enclosures_of(pipeline).all(|index| has_room(&self.enclosures[index]))
    }

    /// Puts an item into a pipeline, whether or not there is room.
    pub(super) fn put(&mut self, pipeline: usize, item: Item) {
        self.change(pipeline, |load| load.with(item));
    }

    /// Carries an item from one pipeline to another, whether or not there is room.
    pub(super) fn carry(&mut self, (from, to): (usize, usize), item: Item) {
        self.change(from, |load| load.without(item));
        self.put(to, item);
    }

    fn change(&mut self, pipeline: usize, change: impl Fn(Load) -> Load) {
        let bin = &mut self.pipelines[pipeline];
        bin.load = change(bin.load);
        let mut next = bin.within;
        while let Some(bin) = next.map(|index| &mut self.enclosures[index]) {
            bin.load = change(bin.load);
            next = bin.within;
        }
    }

    /// Whether limits allow that an item goes from one pipeline to another, and, where it is given, one comes back.
    pub(super) fn allows(&self, (from, to): (usize, usize), item: Item, back: Option<Item>) -> bool {
        let gives = |load: Load| back.map_or(load, |back| load.with(back)).without(item);
        let takes = |load: Load| back.map_or(load, |back| load.without(back)).with(item);
        // What only gives becomes less, whether or not it still has too much.
        let giver_fits = |bin: &Bin| back.is_none() || bin.capacity.holds(gives(bin.load));
        let taker_fits = |bin: &Bin| bin.capacity.holds(takes(bin.load));
        giver_fits(&self.pipelines[from])
            && taker_fits(&self.pipelines[to])
            && self.apart(from, to).all(|index| giver_fits(&self.enclosures[index]))
            && self.apart(to, from).all(|index| taker_fits(&self.enclosures[index]))
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

    #[test]
    fn an_exchange_takes_up_nothing_where_both_pipelines_stand() {
        let one = Item { tables: 1, weight: 1 };
        let mut fleet = Fleet::default();
        let bundle = fleet.enclose(capacity(4), None);
        let [first, second] = [2, 3].map(|limit| fleet.enclose(capacity(limit), Some(bundle)));
        let full = fleet.add(capacity(9), Some(first), [one, one]);
        let half = fleet.add(capacity(9), Some(second), [one, one]);
        let empty = fleet.add(capacity(9), Some(second), []);
        assert!(fleet.has_room(half, one) == fleet.has_room(full, one), "the bundle is full");
        assert!(fleet.allows((half, empty), one, None));
        assert!(fleet.allows((full, empty), one, None));
        assert!(!fleet.allows((half, full), one, None), "the gateway is full");
        assert!(fleet.allows((half, full), one, Some(one)));
        fleet.carry((full, empty), one);
        assert!(fleet.allows((half, full), one, None));
        assert!(!fleet.is_enclosure_over(first) && !fleet.is_over(full));
    }

    #[test]
    fn what_is_over_its_limit_may_give_and_not_take() {
        let one = Item { tables: 1, weight: 1 };
        let mut fleet = Fleet::default();
        let over = fleet.add(capacity(1), None, [one; 3]);
        let other = fleet.add(capacity(2), None, [one]);
        assert!(fleet.is_over(over) && !fleet.is_over(other));
        assert!(fleet.allows((over, other), one, None));
        assert!(!fleet.allows((other, over), one, None));
    }
}
