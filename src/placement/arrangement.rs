//! Rows in pipelines, while their weights are made equal by exchanges.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::fleet::Fleet;
use super::load::{Capacity, Item};

/// How many rows improvements may look at, all together, so that no input takes long.
const EFFORT: usize = 4_000_000;

/// Whether it matters how much is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thrift {
    /// Nothing has a place yet.
    Any,
    /// What moves is read again: as few rows as may be, and as light ones.
    FewMoves,
}

/// Rows in pipelines.
#[derive(Clone, Debug)]
pub(super) struct Arrangement<'a> {
    items: &'a [Item],
    fleet: Fleet,
    /// The pipeline of each row.
    places: Vec<usize>,
    /// The rows of each pipeline: by number of tables, then weight.
    members: Vec<Vec<usize>>,
    by_weight: BTreeSet<(u128, usize)>,
}

/// A row for a lighter pipeline, and perhaps one back for it.
#[derive(Clone, Copy)]
struct Exchange {
    to: usize,
    item: usize,
    back: Option<usize>,
    value: (u128, Reverse<u128>),
}

impl<'a> Arrangement<'a> {
    /// `places`: the pipeline of each row, which `fleet` counts already.
    pub(super) fn new(items: &'a [Item], fleet: Fleet, places: Vec<usize>) -> Self {
        let mut members = vec![Vec::new(); fleet.len()];
        for (index, pipeline) in places.iter().enumerate() {
            members[*pipeline].push(index);
        }
        for members in &mut members {
            members.sort_by_key(|index| rank(items, *index));
        }
        let by_weight = (0..fleet.len()).map(|pipeline| (fleet.load(pipeline).weight, pipeline)).collect();
        Self { items, fleet, places, members, by_weight }
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    pub(super) fn members(&self, pipeline: usize) -> &[usize] {
        &self.members[pipeline]
    }

    /// The weight of the heaviest pipeline.
    pub(super) fn heaviest(&self) -> u128 {
        self.by_weight.last().map_or(0, |(weight, _)| *weight)
    }

    /// Adds a gateway without pipelines.
    pub(super) fn enclose(&mut self, capacity: Capacity) -> usize {
        self.fleet.enclose(capacity, None)
    }

    /// Adds an empty pipeline.
    pub(super) fn open(&mut self, capacity: Capacity, within: Option<usize>) -> usize {
        let pipeline = self.fleet.add(capacity, within, []);
        self.members.push(Vec::new());
        self.by_weight.insert((0, pipeline));
        pipeline
    }

    /// Carries a row from its pipeline to another.
    pub(super) fn carry(&mut self, index: usize, to: usize) {
        let from = self.places[index];
        for pipeline in [from, to] {
            self.by_weight.remove(&(self.fleet.load(pipeline).weight, pipeline));
        }
        self.fleet.carry((from, to), self.items[index]);
        for pipeline in [from, to] {
            self.by_weight.insert((self.fleet.load(pipeline).weight, pipeline));
        }
        self.places[index] = to;
        self.members[from].retain(|member| *member != index);
        let own = rank(self.items, index);
        let at = self.members[to].partition_point(|member| rank(self.items, *member) < own);
        self.members[to].insert(at, index);
    }

    /// Takes weight from the heaviest pipelines, by exchanges with lighter ones that the limits allow, until none has more
    /// than `enough`, or no single exchange helps.
    pub(super) fn improve(&mut self, enough: u128, thrift: Thrift) {
        let mut effort = 0;
        while self.heaviest() > enough {
            // Where the heaviest can give nothing, another that gives may make room for it.
            let givers = self.by_weight.iter().rev();
            let mut givers = givers.take_while(|(weight, _)| thrift == Thrift::Any || *weight > enough);
            let found = givers.find_map(|giver| self.relief(*giver, (enough, thrift), &mut effort));
            let Some(Exchange { to, item, back, .. }) = found else { return };
            let from = self.places[item];
            self.carry(item, to);
            if let Some(back) = back {
                self.carry(back, from);
            }
        }
    }

    /// A good exchange of a pipeline with one of the lightest.
    fn relief(
        &self,
        (weight, from): (u128, usize),
        (enough, thrift): (u128, Thrift),
        effort: &mut usize,
    ) -> Option<Exchange> {
        let mut best: Option<Exchange> = None;
        for (lighter, to) in &self.by_weight {
            let possible = weight.saturating_sub(*lighter) / 2;
            let sought = match thrift {
                Thrift::Any => possible / 2,
                Thrift::FewMoves => possible.min(weight.saturating_sub(enough)),
            };
            if best.is_some_and(|best| best.value.0 >= sought) || possible == 0 || *effort > EFFORT {
                break;
            }
            *effort += self.members[from].len();
            let needed = (thrift == Thrift::FewMoves).then_some(weight.saturating_sub(enough));
            let exchange = self.exchange((from, *to), weight - lighter, needed);
            if exchange.is_some_and(|one| best.is_none_or(|best| one.value > best.value)) {
                best = exchange;
            }
        }
        best
    }

    /// The exchange that brings two pipelines, whose weights are `gap` apart, closest together; or that gives what is
    /// needed with the least that moves.
    fn exchange(&self, (from, to): (usize, usize), gap: u128, needed: Option<u128>) -> Option<Exchange> {
        let mut best: Option<Exchange> = None;
        let weight = |index: usize| u128::from(self.items[index].weight);
        let mut consider = |item: usize, back: Option<usize>| {
            let returned = back.map_or(0, weight);
            let Some(difference) = weight(item).checked_sub(returned) else { return };
            // By how much the heavier of the two becomes lighter.
            let gain = difference.min(gap.saturating_sub(difference));
            let value = match needed {
                None => (gain, Reverse(0)),
                Some(needed) => {
                    let moved = if back.is_some() { 2 } else { 1 };
                    (gain.min(needed).div_ceil(moved), Reverse(weight(item) + returned))
                }
            };
            if gain > 0
                && best.is_none_or(|best| value > best.value)
                && self.fleet.allows((from, to), self.items[item], back.map(|back| self.items[back]))
            {
                best = Some(Exchange { to, item, back, value });
            }
        };
        let others = &self.members[to];
        for item in &self.members[from] {
            consider(*item, None);
            // The nearest in weight below and above what would make both equal, of those with so many tables.
            let ideal = weight(*item).saturating_sub(gap / 2);
            let mut rest = others.as_slice();
            while let Some(first) = rest.first() {
                let tables = self.items[*first].tables;
                let (same, larger) = rest.split_at(rest.partition_point(|i| self.items[*i].tables == tables));
                let at = same.partition_point(|i| weight(*i) < ideal);
                for near in same.iter().take(at + 1).skip(at.saturating_sub(1)) {
                    consider(*item, Some(*near));
                }
                rest = larger;
            }
        }
        best
    }

    /// The rows of each pipeline, in their order.
    pub(super) fn into_parts(self) -> Vec<Vec<usize>> {
        let mut parts = self.members;
        for part in &mut parts {
            part.sort_unstable();
        }
        parts
    }
}

fn rank(items: &[Item], index: usize) -> (usize, u64, usize) {
    (items[index].tables, items[index].weight, index)
}
