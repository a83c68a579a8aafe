//! Pipelines of equal weight under limits that count tables.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::balance::Bounds;
use super::bins::Bins;
use super::load::{Capacity, Item};
use crate::settings::Placement;

/// How many tables improvements may look at, all together, so that no input takes long.
const EFFORT: usize = 4_000_000;

/// Spreads items over as many gateways and pipelines as `example` has, so that the heaviest pipeline is as light as may
/// be. The example is a way that the limits allow.
pub(super) fn spread(items: &[Item], bounds: Bounds, example: &[Vec<Vec<usize>>]) -> Vec<Vec<Vec<usize>>> {
    let empty = || {
        let mut bins = Bins::new(Placement::Weighted);
        for pipelines in example {
            let within = bounds.gateway.map(|limit| bins.enclose(Capacity::of(limit), None));
            for _ in pipelines {
                bins.add(Capacity::of(bounds.pipeline), within, []);
            }
        }
        bins
    };
    let mut bins = empty();
    // The heaviest first, each into the lightest pipeline: what comes late is light, and evens out.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| Reverse(items[*index].weight));
    let joined: Option<Vec<usize>> = order.iter().map(|index| bins.join(items[*index])).collect();
    let mut places = vec![0; items.len()];
    match joined {
        Some(joined) => order.iter().zip(joined).for_each(|(index, pipeline)| places[*index] = pipeline),
        None => {
            // Rows of several tables may leave gaps that fit none of the rest.
            bins = empty();
            for (pipeline, members) in example.iter().flatten().enumerate() {
                for index in members {
                    bins.put(pipeline, items[*index]);
                    places[*index] = pipeline;
                }
            }
        }
    }
    let mut balance = Balance::new(items, bins, places);
    balance.improve(lower_bound(items, bounds, example));
    balance.parts(example.iter().map(Vec::len))
}

/// What the heaviest pipeline cannot be below, with so many gateways and pipelines as `example` has: the mean of all; the
/// heaviest row, with the lightest of those that find no room elsewhere; and the mean of the pipelines of some gateways,
/// when they have the lightest of those that find no room elsewhere.
pub(super) fn lower_bound(items: &[Item], bounds: Bounds, example: &[Vec<Vec<usize>>]) -> u128 {
    let mut weights: Vec<u128> = items.iter().map(|item| item.weight.into()).collect();
    weights.sort_unstable();
    let heaviest = weights.last().copied().unwrap_or_default();
    // The weight of so many of the lightest.
    let sums: Vec<u128> = std::iter::once(0)
        .chain(weights.into_iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        }))
        .collect();
    let lightest = |count: usize| sums.get(count).copied().unwrap_or_default();
    let room = |pipelines: usize| {
        let room = pipelines.saturating_mul(bounds.pipeline.get());
        bounds.gateway.map_or(room, |gateway| gateway.get().min(room))
    };
    let mut gateways: Vec<(usize, usize)> =
        example.iter().map(|pipelines| (room(pipelines.len()), pipelines.len())).collect();
    let all = gateways.iter().fold(0_usize, |sum, (room, _)| sum.saturating_add(*room));
    let free = all.saturating_sub(items.len());
    // The best place for the heaviest is where its pipeline is missed the least.
    let missed = gateways.iter().map(|(own, pipelines)| own - room(pipelines.saturating_sub(1))).min();
    let beside = missed.unwrap_or_default().saturating_sub(free).saturating_sub(1);
    let mut bound = heaviest + lightest(beside);
    gateways.sort_by(|(room, pipelines), (other_room, other_pipelines)| {
        (other_room * pipelines).cmp(&(room * other_pipelines))
    });
    let (mut rooms, mut pipelines) = (0_usize, 0_usize);
    for (own, count) in gateways {
        rooms = rooms.saturating_add(own);
        pipelines += count;
        bound = bound.max(lightest(rooms.saturating_sub(free)).div_ceil(pipelines.max(1) as u128));
    }
    bound
}

/// Items in pipelines, while their weights are made equal.
pub(super) struct Balance<'a> {
    items: &'a [Item],
    bins: Bins,
    /// The pipeline of each item.
    places: Vec<usize>,
    /// The items of each pipeline: by number of tables, then weight.
    members: Vec<Vec<usize>>,
    by_weight: BTreeSet<(u128, usize)>,
}

/// An item for the lightest pipelines, and perhaps one back for it.
#[derive(Clone, Copy)]
struct Exchange {
    to: usize,
    item: usize,
    back: Option<usize>,
    /// By how much the heavier of the two pipelines becomes lighter.
    gain: u128,
}

impl<'a> Balance<'a> {
    pub(super) fn new(items: &'a [Item], bins: Bins, places: Vec<usize>) -> Self {
        let mut members = vec![Vec::new(); bins.len()];
        for (index, pipeline) in places.iter().enumerate() {
            members[*pipeline].push(index);
        }
        for members in &mut members {
            members.sort_by_key(|index| rank(items, *index));
        }
        let by_weight = (0..bins.len()).map(|pipeline| (bins.load(pipeline).weight, pipeline)).collect();
        Self { items, bins, places, members, by_weight }
    }

    /// Takes weight from the heaviest pipelines, by exchanges with lighter ones, until none has more than `enough`, or no
    /// single exchange helps.
    pub(super) fn improve(&mut self, enough: u128) {
        let mut effort = 0;
        while self.by_weight.last().is_some_and(|(weight, _)| *weight > enough) {
            // Where the heaviest can give nothing, another that gives may make room for it.
            let found =
                self.by_weight.iter().rev().find_map(|from| Some((from.1, self.relief(*from, &mut effort)?)));
            let Some((from, exchange)) = found else { return };
            self.apply(from, exchange);
        }
    }

    /// A good exchange of a pipeline with one of the lightest.
    fn relief(&self, (weight, from): (u128, usize), effort: &mut usize) -> Option<Exchange> {
        let mut best: Option<Exchange> = None;
        for (lighter, to) in &self.by_weight {
            let possible = weight.saturating_sub(*lighter) / 2;
            if best.is_some_and(|best| best.gain >= possible / 2) || possible == 0 || *effort > EFFORT {
                break;
            }
            *effort += self.members[from].len();
            if let Some(exchange) = self.exchange((from, *to), weight - lighter)
                && best.is_none_or(|best| exchange.gain > best.gain)
            {
                best = Some(exchange);
            }
        }
        best
    }

    /// The exchange that brings two pipelines, whose weights are `gap` apart, closest together.
    fn exchange(&self, (from, to): (usize, usize), gap: u128) -> Option<Exchange> {
        let mut best: Option<Exchange> = None;
        let mut consider = |item: usize, back: Option<usize>| {
            let weight = |index: usize| u128::from(self.items[index].weight);
            let Some(difference) = weight(item).checked_sub(back.map_or(0, weight)) else { return };
            let gain = difference.min(gap.saturating_sub(difference));
            if gain > 0
                && best.is_none_or(|best| gain > best.gain)
                && self.bins.allows((from, to), self.items[item], back.map(|back| self.items[back]))
            {
                best = Some(Exchange { to, item, back, gain });
            }
        };
        let others = &self.members[to];
        for item in &self.members[from] {
            consider(*item, None);
            // The nearest in weight below and above what would make both equal, of those with so many tables.
            let ideal = u128::from(self.items[*item].weight).saturating_sub(gap / 2);
            let mut rest = others.as_slice();
            while let Some(first) = rest.first() {
                let tables = self.items[*first].tables;
                let (same, larger) = rest.split_at(rest.partition_point(|i| self.items[*i].tables == tables));
                let at = same.partition_point(|i| u128::from(self.items[*i].weight) < ideal);
                for near in same.iter().take(at + 1).skip(at.saturating_sub(1)) {
                    consider(*item, Some(*near));
                }
                rest = larger;
            }
        }
        best
    }

    fn apply(&mut self, from: usize, Exchange { to, item, back, .. }: Exchange) {
        self.carry((from, to), item);
        if let Some(back) = back {
            self.carry((to, from), back);
        }
    }

    pub(super) fn carry(&mut self, (from, to): (usize, usize), index: usize) {
        let own = rank(self.items, index);
        for pipeline in [from, to] {
            self.by_weight.remove(&(self.bins.load(pipeline).weight, pipeline));
        }
        self.bins.carry((from, to), self.items[index]);
        for pipeline in [from, to] {
            self.by_weight.insert((self.bins.load(pipeline).weight, pipeline));
        }
        self.places[index] = to;
        self.members[from].retain(|member| *member != index);
        let at = self.members[to].partition_point(|member| rank(self.items, *member) < own);
        self.members[to].insert(at, index);
    }

    fn parts(self, pipelines_of_gateways: impl Iterator<Item = usize>) -> Vec<Vec<Vec<usize>>> {
        let mut members = self.members.into_iter().map(|mut members| {
            members.sort_unstable();
            members
        });
        pipelines_of_gateways.map(|pipelines| members.by_ref().take(pipelines).collect()).collect()
    }
}

fn rank(items: &[Item], index: usize) -> (usize, u64, usize) {
    (items[index].tables, items[index].weight, index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    /// A power law: most are light, a few are most of the weight.
    fn power_law(exponent: f64, seed: u64) -> Vec<Item> {
        let mut random = fastrand::Rng::with_seed(seed);
        let weight = |_| (100.0 * (1.0 - random.f64()).powf(-1.0 / exponent)) as u64;
        (0..2_000).map(weight).map(|weight| Item { tables: 1, weight }).collect()
    }

    /// The bound of pipelines without gateways: the mean of all, and the heaviest table with the lightest of those that the
    /// others, however full, cannot take.
    fn mean_or_heaviest(items: &[Item], pipelines: usize, limit: usize) -> u128 {
        let mut weights: Vec<u128> = items.iter().map(|item| item.weight.into()).collect();
        weights.sort_unstable();
        let heaviest = weights.pop().unwrap();
        let forced = items.len().saturating_sub((pipelines - 1) * limit + 1);
        let mean = (weights.iter().sum::<u128>() + heaviest).div_ceil(pipelines as u128);
        mean.max(heaviest + weights[..forced].iter().sum::<u128>())
    }

    #[test]
    fn the_heaviest_pipeline_is_within_two_percent_of_the_bound() {
        let all_bounds = [
            (None, 250),
            (None, 249),
            (None, 200),
            (None, 100),
            (None, 30),
            (None, 25),
            (Some(250), 250),
            (Some(500), 250),
            (Some(1_000), 250),
            (Some(300), 250),
            (Some(600), 100),
            (Some(250), 40),
        ];
        for (gateway, pipeline) in all_bounds {
            let bounds = Bounds {
                gateway: gateway.and_then(NonZeroUsize::new),
                pipeline: NonZeroUsize::new(pipeline).unwrap(),
            };
            for exponent in [0.3, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0] {
                for seed in 0..2 {
                    let items = power_law(exponent, seed);
                    let spread = super::super::balance::spread(&items, Placement::Weighted, bounds);
                    assert!(spread.iter().map(Vec::len).sum::<usize>() >= 8);
                    let weight = |part: &Vec<usize>| part.iter().map(|i| u128::from(items[*i].weight)).sum();
                    let heaviest: u128 = spread.iter().flatten().map(weight).max().unwrap();
                    let mut bound = lower_bound(&items, bounds, &spread);
                    if gateway.is_none() {
                        let alone = mean_or_heaviest(&items, spread[0].len(), pipeline);
                        assert!(bound >= alone);
                        bound = alone;
                    }
                    assert!(
                        heaviest * 100 <= bound * 102,
                        "{:.4} with {bounds:?}, exponent {exponent}, seed {seed}",
                        heaviest as f64 / bound as f64
                    );
                }
            }
        }
    }
}
