//! How long it takes to spread large table lists over pipelines, and to balance them anew: `cargo bench --bench placement`.
//!
//! Weights follow a power law, as sizes of tables do: most are light, a few are much of the weight.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement says what it found, and stops at what it did not expect"
)]

use std::num::NonZeroUsize;
use std::time::Instant;

use tapworks::placement::{Bounds, Item, PlacedPart, PlacedPipeline, PlacedRow, rebalance, spread};
use tapworks::settings::Placement;

const RUNS: usize = 5;
const TABLES: usize = 100_000;
/// Most seconds that any case may take.
const MOST: f64 = 1.0;
/// Limits of gateways and pipelines.
const BOUNDS: [(Option<usize>, usize); 6] =
    [(None, 250), (None, 240), (None, 10), (None, 100_000), (Some(250), 250), (Some(1_100), 250)];

fn main() {
    let mut missed = false;
    println!("{:<52}{:>10}{:>12}{:>22}", "100,000 tables", "time", "pipelines", "heaviest / mean");
    for (gateway, pipeline) in BOUNDS {
        for strategy in [Placement::Fill, Placement::Even, Placement::Weighted] {
            let bounds = Bounds {
                gateway: gateway.and_then(NonZeroUsize::new),
                pipeline: NonZeroUsize::new(pipeline).unwrap(),
            };
            let items = power_law();
            let mut seconds = Vec::new();
            let mut parts = Vec::new();
            for _ in 0..RUNS {
                let start = Instant::now();
                parts = spread(&items, strategy, bounds);
                seconds.push(start.elapsed().as_secs_f64());
            }
            seconds.sort_by(f64::total_cmp);
            let middle = seconds[RUNS / 2];
            missed |= middle > MOST;
            let weights: Vec<u128> = parts
                .iter()
                .flatten()
                .map(|part| part.iter().map(|index| u128::from(items[*index].weight)).sum())
                .collect();
            let mean = weights.iter().sum::<u128>() as f64 / weights.len() as f64;
            let heaviest = weights.iter().max().copied().unwrap() as f64;
            let behind = gateway.map(|gateway| format!(", {gateway} behind a gateway")).unwrap_or_default();
            let name = format!("{}, {pipeline} in a pipeline{behind}", strategy.as_str());
            println!("{name:<52}{middle:>8.3} s{:>12}{:>22.3}", weights.len(), heaviest / mean);
        }
    }
    for strategy in [Placement::Even, Placement::Weighted] {
        // Filled under another limit, so that tables must move and others should.
        let pipeline = |(index, items): (usize, &[Item])| PlacedPipeline {
            name: format!("crm_01_p{:02}", index + 1),
            gateway: None,
            rows: items.iter().enumerate().map(|(row, item)| placed(index, row, item)).collect(),
        };
        let part = PlacedPart {
            group: "crm_01".into(),
            pipelines: power_law().chunks(250).enumerate().map(pipeline).collect(),
            taken: Vec::new(),
        };
        let bounds = Bounds { gateway: None, pipeline: NonZeroUsize::new(200).unwrap() };
        let start = Instant::now();
        let better = rebalance(&part, strategy, bounds);
        let seconds = start.elapsed().as_secs_f64();
        missed |= seconds > MOST;
        let name = format!("rebalance, {}: {} moves", strategy.as_str(), better.moves.len());
        let weights: Vec<u128> = better.pipelines.iter().map(|one| one.after.weight).collect();
        let mean = weights.iter().sum::<u128>() as f64 / weights.len() as f64;
        let heaviest = weights.iter().max().copied().unwrap() as f64;
        println!("{name:<52}{seconds:>8.3} s{:>12}{:>22.3}", weights.len(), heaviest / mean);
    }
    println!("target: {MOST:.0} s each: {}", if missed { "MISSED" } else { "met" });
}

fn placed(pipeline: usize, row: usize, item: &Item) -> PlacedRow {
    PlacedRow { keys: vec![format!("main.bronze.table_{pipeline}_{row}")], weight: item.weight }
}

/// The same at every run.
fn power_law() -> Vec<Item> {
    let mut random = fastrand::Rng::with_seed(7);
    let weight = |_| (100.0 * (1.0 - random.f64()).powf(-1.0 / 2.5)) as u64;
    (0..TABLES).map(weight).map(|weight| Item { tables: 1, weight }).collect()
}
