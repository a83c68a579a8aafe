//! Pipelines of equal weight under limits that count tables.

use std::cmp::Reverse;

use super::arrangement::{Arrangement, Thrift};
use super::balance::Bounds;
use super::bins::Bins;
use super::load::{Capacity, Item};
use crate::settings::Placement;

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
    let shape: Vec<usize> = example.iter().map(Vec::len).collect();
    let mut arrangement = Arrangement::new(items, bins.into_fleet(), places);
    let bound = lower_bound(items, bounds, &shape);
    // A thousandth more is as good, and found much sooner.
    arrangement.improve(bound.saturating_add(bound / 1_000), Thrift::Any);
    let mut parts = arrangement.into_parts().into_iter();
    shape.iter().map(|pipelines| parts.by_ref().take(*pipelines).collect()).collect()
}

/// What the heaviest pipeline cannot be below, with so many pipelines behind each gateway: the mean of all; the heaviest row, with the lightest of those that find no room elsewhere; and the mean of the pipelines of some gateways,
/// when they have the lightest of those that find no room elsewhere.
pub(super) fn lower_bound(items: &[Item], bounds: Bounds, shape: &[usize]) -> u128 {
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
        shape.iter().map(|pipelines| (room(*pipelines), *pipelines)).collect();
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
                    let shape: Vec<usize> = spread.iter().map(Vec::len).collect();
                    assert!(shape.iter().sum::<usize>() >= 8);
                    let weight = |part: &Vec<usize>| part.iter().map(|i| u128::from(items[*i].weight)).sum();
                    let heaviest: u128 = spread.iter().flatten().map(weight).max().unwrap();
                    let mut bound = lower_bound(&items, bounds, &shape);
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
