//! How tables that have no place yet are spread over new gateways and pipelines.

use std::num::NonZeroUsize;

use super::bins::Bins;
use super::load::{Capacity, Item, Load};
use super::weighted;
use crate::settings::Placement;

/// How many tables may stand together in new gateways and pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Behind a gateway; without it the pipelines have no gateways.
    pub gateway: Option<NonZeroUsize>,
    /// In a pipeline.
    pub pipeline: NonZeroUsize,
}

/// Which items go into which pipeline, gateway by gateway. Within a pipeline they keep their order; with [`Placement::Fill`]
/// and [`Placement::Even`] all of them do, one pipeline after the other. Both `even` and `weighted` make as few gateways,
/// and then as few pipelines, as the limits allow; where rows have several tables, as many as `fill` makes. Without gateways
/// all pipelines are in one part.
#[must_use]
pub fn spread(items: &[Item], strategy: Placement, bounds: Bounds) -> Vec<Vec<Vec<usize>>> {
    if items.is_empty() {
        return Vec::new();
    }
    let Some(gateway) = bounds.gateway else {
        return match strategy {
            Placement::Fill => vec![fill(items, Capacity::of(bounds.pipeline))],
            Placement::Even => vec![even(items, Capacity::of(bounds.pipeline))],
            Placement::Weighted => {
                weighted::spread(items, bounds, &[fill(items, Capacity::of(bounds.pipeline))])
            }
        };
    };
    let within = |gateways: Vec<Vec<usize>>, divide: fn(&[Item], Capacity) -> Vec<Vec<usize>>| {
        let pipelines = |behind: Vec<usize>| {
            let own: Vec<Item> = behind.iter().map(|index| items[*index]).collect();
            let parts = divide(&own, Capacity::of(bounds.pipeline));
            parts.into_iter().map(|part| part.into_iter().map(|index| behind[index]).collect()).collect()
        };
        gateways.into_iter().map(pipelines).collect::<Vec<Vec<Vec<usize>>>>()
    };
    // Where rows have several tables, how few pipelines are enough depends on which rows stand together.
    let whole = items.iter().any(|item| item.tables != 1);
    match strategy {
        Placement::Fill => within(fill(items, Capacity::of(gateway)), fill),
        Placement::Even if whole => within(even(items, Capacity::of(gateway)), even),
        Placement::Even => even_shape(items.len(), gateway, bounds.pipeline),
        Placement::Weighted if whole => {
            weighted::spread(items, bounds, &within(fill(items, Capacity::of(gateway)), fill))
        }
        Placement::Weighted => {
            weighted::spread(items, bounds, &even_shape(items.len(), gateway, bounds.pipeline))
        }
    }
}

/// Fills one after the other up to the limit.
pub(super) fn fill(items: &[Item], capacity: Capacity) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut load = Load::default();
    for (index, item) in items.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if capacity.has_room(load, *item) => {
                part.push(index);
                load = load.with(*item);
            }
            _ => {
                parts.push(vec![index]);
                load = Load::default().with(*item);
            }
        }
    }
    parts
}

/// As few parts as [`fill`] makes, the largest of them as small as may be, cut where their numbers of tables come closest
/// to equal. Where each row is one table they differ by one at most.
fn even(items: &[Item], capacity: Capacity) -> Vec<Vec<usize>> {
    let count = fill(items, capacity).len();
    let (mut least, mut most) = (0, capacity.tables());
    while least < most {
        let middle = usize::midpoint(least, most);
        if fill(items, capacity.with_tables(middle)).len() > count {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    let capacity = capacity.with_tables(most);
    // How far a part that starts here may reach at most. Fewer rows never need more parts, so that whatever end is chosen
    // between this and where the rest still fits, there is a way on.
    let reach = |start: usize| {
        let mut load = Load::default();
        let fitting = items[start..].iter().take_while(|item| {
            let room = capacity.has_room(load, **item);
            load = load.with(**item);
            room
        });
        start + fitting.count()
    };
    // From where on the rest fits into one part, two parts, and so on.
    let mut latest = vec![items.len()];
    while let Some(end) = latest.last().copied().filter(|end| *end > 0) {
        let mut load = Load::default();
        let fitting = items[..end].iter().rev().take_while(|item| {
            let room = capacity.has_room(load, **item);
            load = load.with(**item);
            room
        });
        latest.push(end - fitting.count());
    }
    let sums: Vec<usize> = std::iter::once(0)
        .chain(items.iter().scan(0, |sum, item| {
            *sum += item.tables;
            Some(*sum)
        }))
        .collect();
    let total = sums[items.len()];
    let mut parts = Vec::with_capacity(count);
    let mut start = 0;
    for part in 1..=count {
        // Everything times the number of parts, to stay with whole numbers.
        let ideal = total * part;
        let after = sums.partition_point(|sum| sum * count < ideal);
        let nearest = match after.checked_sub(1) {
            Some(before) if ideal - sums[before] * count < sums[after] * count - ideal => before,
            _ => after,
        };
        let end = nearest.clamp(latest[count - part], reach(start));
        parts.push((start..end).collect());
        start = end;
    }
    parts
}

/// The fewest gateways, the fewest pipelines behind them, and as equal numbers of tables in all of these as the gateways'
/// limit allows: rows of one table each, in their order.
fn even_shape(rows: usize, gateway: NonZeroUsize, pipeline: NonZeroUsize) -> Vec<Vec<Vec<usize>>> {
    let mut bins = Bins::new(Placement::Even);
    let shape = shape(rows, gateway, pipeline);
    for pipelines in &shape {
        let within = bins.enclose(Capacity::of(gateway), None);
        for _ in 0..*pipelines {
            bins.add(Capacity::of(pipeline), Some(within), []);
        }
    }
    for _ in 0..rows {
        bins.join(Item { tables: 1, weight: 0 });
    }
    let (mut start, mut next) = (0, 0);
    let mut take = |pipelines: usize| {
        let take_one = |_| {
            let end = start + bins.load(next).rows;
            next += 1;
            (std::mem::replace(&mut start, end)..end).collect()
        };
        (0..pipelines).map(take_one).collect()
    };
    shape.into_iter().map(&mut take).collect()
}

/// How many pipelines stand behind each gateway where there are as few of both as rows of one table each need.
fn shape(rows: usize, gateway: NonZeroUsize, pipeline: NonZeroUsize) -> Vec<usize> {
    let gateways = rows.div_ceil(gateway.get());
    let (full, rest) = (gateway.get() / pipeline, gateway.get() % pipeline);
    let in_full = gateways * full * pipeline.get();
    let pipelines = match rows.checked_sub(in_full) {
        Some(left) if left > 0 => gateways * full + left.div_ceil(rest),
        _ => rows.div_ceil(pipeline.get()),
    };
    (0..gateways).map(|index| pipelines / gateways + usize::from(index < pipelines % gateways)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STRATEGIES: [Placement; 3] = [Placement::Fill, Placement::Even, Placement::Weighted];

    fn limit(limit: usize) -> NonZeroUsize {
        NonZeroUsize::new(limit).unwrap()
    }

    fn bounds(gateway: Option<usize>, pipeline: usize) -> Bounds {
        Bounds { gateway: gateway.map(limit), pipeline: limit(pipeline) }
    }

    fn ones(count: usize) -> Vec<Item> {
        vec![Item { tables: 1, weight: 1 }; count]
    }

    /// The numbers of tables in the pipelines of each gateway.
    fn sizes(items: &[Item], strategy: Placement, bounds: Bounds) -> Vec<Vec<usize>> {
        let tables = |part: &Vec<usize>| part.iter().map(|index| items[*index].tables).sum();
        spread(items, strategy, bounds).iter().map(|parts| parts.iter().map(tables).collect()).collect()
    }

    #[test]
    fn six_hundred_tables() {
        for (strategy, expected) in STRATEGIES.into_iter().zip([[250, 250, 100], [200; 3], [200; 3]]) {
            assert_eq!(sizes(&ones(600), strategy, bounds(None, 250)), [expected], "{strategy:?}");
        }
    }

    #[test]
    fn no_tables_no_pipelines() {
        for strategy in STRATEGIES {
            assert!(spread(&[], strategy, bounds(None, 1)).is_empty());
            assert!(spread(&[], strategy, bounds(Some(1), 1)).is_empty());
        }
    }

    #[test]
    fn even_has_the_fewest_pipelines_over_all_gateways() {
        let even =
            |count, gateway, pipeline| sizes(&ones(count), Placement::Even, bounds(Some(gateway), pipeline));
        assert_eq!(even(600, 500, 250), [vec![200, 200], vec![200]]);
        assert_eq!(even(500, 300, 250), [[250], [250]]);
        // A gateway without room for its share leaves it to the others.
        assert_eq!(even(550, 300, 250), [vec![150, 150], vec![250]]);
        assert_eq!(even(600, 300, 250), [[150, 150], [150, 150]]);
        // A gateway that takes less than a pipeline bounds it.
        assert_eq!(even(7, 3, 250), [[3], [2], [2]]);
        assert_eq!(sizes(&ones(500), Placement::Fill, bounds(Some(300), 250)), [vec![250, 50], vec![200]]);
    }

    #[test]
    fn rows_of_several_tables_stay_whole_and_even() {
        let rows = vec![Item { tables: 3, weight: 1 }; 100];
        assert_eq!(sizes(&rows, Placement::Fill, bounds(None, 250)), [[249, 51]]);
        assert_eq!(sizes(&rows, Placement::Even, bounds(None, 250)), [[150, 150]]);
        assert_eq!(sizes(&rows, Placement::Weighted, bounds(None, 250)), [[150, 150]]);
        assert_eq!(
            sizes(&[Item { tables: 300, weight: 1 }; 2], Placement::Even, bounds(None, 5)),
            [[300, 300]]
        );
    }

    #[test]
    fn nothing_but_zeros_is_spread_by_number() {
        let rows = vec![Item { tables: 1, weight: 0 }; 10];
        assert_eq!(sizes(&rows, Placement::Weighted, bounds(None, 4)), [[4, 3, 3]]);
    }

    fn items(tables: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Item>> {
        let weight = prop_oneof![0_u64..5, any::<u64>(), (0_u32..40).prop_map(|bits| 1 << bits)];
        proptest::collection::vec(
            (tables, weight).prop_map(|(tables, weight)| Item { tables, weight }),
            1..120,
        )
    }

    fn some_bounds() -> impl Strategy<Value = Bounds> {
        (proptest::option::of(1_usize..60), 1_usize..40)
            .prop_map(|(gateway, pipeline)| bounds(gateway, pipeline))
    }

    fn load(items: &[Item], part: &[usize]) -> Load {
        part.iter().fold(Load::default(), |load, index| load.with(items[*index]))
    }

    proptest! {
        #[test]
        fn every_row_has_one_place_within_the_limits(
            items in prop_oneof![items(1..2), items(1..130)], bounds in some_bounds()
        ) {
            for strategy in STRATEGIES {
                let spread = spread(&items, strategy, bounds);
                prop_assert_eq!(&spread, &super::spread(&items, strategy, bounds));
                let mut seen: Vec<usize> = spread.iter().flatten().flatten().copied().collect();
                if strategy != Placement::Weighted {
                    prop_assert!(seen.is_sorted());
                }
                seen.sort_unstable();
                prop_assert!(seen.into_iter().eq(0..items.len()));
                for gateway in &spread {
                    let behind: Vec<usize> = gateway.iter().flatten().copied().collect();
                    let capacity = bounds.gateway.map(Capacity::of);
                    prop_assert!(capacity.is_none_or(|capacity| capacity.holds(load(&items, &behind))));
                    for pipeline in gateway {
                        prop_assert!(!pipeline.is_empty() && pipeline.is_sorted());
                        prop_assert!(Capacity::of(bounds.pipeline).holds(load(&items, pipeline)));
                    }
                }
            }
        }

        #[test]
        fn gateways_and_pipelines_are_as_few_as_the_limits_allow(items in items(1..2), bounds in some_bounds()) {
            let few = |parts: &[Vec<Vec<usize>>]| (parts.len(), parts.iter().map(Vec::len).sum::<usize>());
            let most = few(&spread(&items, Placement::Fill, bounds));
            for strategy in [Placement::Even, Placement::Weighted] {
                let few = few(&spread(&items, strategy, bounds));
                prop_assert!(few <= most);
                match bounds.gateway {
                    None => prop_assert_eq!(few, (1, items.len().div_ceil(bounds.pipeline.get()))),
                    Some(gateway) => {
                        prop_assert_eq!(few.0, items.len().div_ceil(gateway.get()));
                        // One pipeline fewer would not hold them all, however they are divided among the gateways.
                        let best = most_in(few.1 - 1, few.0, gateway.get(), bounds.pipeline.get());
                        prop_assert!(best < items.len());
                    }
                }
            }
        }

        #[test]
        fn even_differs_by_one_at_most(count in 1_usize..2_000, pipeline in 1_usize..300) {
            let sizes = sizes(&ones(count), Placement::Even, bounds(None, pipeline)).concat();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }

        #[test]
        fn even_is_never_less_even_than_full(items in items(1..130), pipeline in 1_usize..40) {
            let largest =
                |strategy| sizes(&items, strategy, bounds(None, pipeline)).concat().into_iter().max();
            let count = |strategy| sizes(&items, strategy, bounds(None, pipeline)).concat().len();
            prop_assert!(largest(Placement::Even) <= largest(Placement::Fill));
            prop_assert_eq!(count(Placement::Even), count(Placement::Fill));
        }
    }

    /// How many tables so many pipelines hold at most behind so many gateways: tried one by one.
    fn most_in(pipelines: usize, gateways: usize, gateway: usize, pipeline: usize) -> usize {
        let mut most = vec![Some(0)];
        most.resize(pipelines + 1, None);
        for _ in 0..gateways {
            let mut next = vec![None; pipelines + 1];
            for (used, tables) in most.iter().enumerate() {
                for (more, slot) in next[used..].iter_mut().enumerate() {
                    let sum = tables.map(|tables: usize| tables + gateway.min(more * pipeline));
                    *slot = sum.max(*slot);
                }
            }
            most = next;
        }
        most.into_iter().flatten().max().unwrap_or_default()
    }
}
