//! The moves that a better layout needs, over all bundles, and the lock that asks for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::balance::Bounds;
use super::layout::{Bundle, Layout, Pipeline};
use super::lock::{Lock, Moving};
use super::rebalance::{Move, PlacedPart, PlacedPipeline, PlacedRow, Rebalance, Sum, rebalance};
use super::slot::Slot;
use crate::digest::Digest;
use crate::settings::{Limits, Placement};
use crate::table::Group;

/// The moves of every part that is balanced by itself, in the order of the layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// One for each group of each bundle, also where nothing moves.
    pub parts: Vec<PartMoves>,
}

/// What a better layout of one group in one bundle needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartMoves {
    /// The bundle's name.
    pub bundle: String,
    /// `<prefix>_<subgroup>`.
    pub group: String,
    /// Its pipelines before and after, and the moves between them.
    pub better: Rebalance,
}

/// A table that would move again before its last move is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The destination, as the lock has it.
    pub destination: String,
    /// The pipeline it comes from.
    pub from: String,
    /// The pipeline it goes to.
    pub to: String,
    /// The targets in which it is there already.
    pub done: BTreeSet<String>,
}

impl Moves {
    /// The moves that bring this layout of these groups under its limits, and its pipelines into balance. Names that the lock
    /// holds are not given again.
    #[must_use]
    pub fn of(layout: &Layout, groups: &[Group], lock: &Lock, strategy: Placement, limits: Limits) -> Self {
        let tables = groups.iter().flat_map(|group| &group.tables);
        let weights: HashMap<String, u64> =
            tables.map(|table| (table.object.destination.key(), table.weight)).collect();
        let mut taken = names(layout, lock);
        let mut moves = Self::default();
        for bundle in &layout.bundles {
            for (group, pipelines) in by_group(bundle) {
                let start = format!("{group}_");
                let has_gateways = pipelines.iter().any(|pipeline| pipeline.gateway.is_some());
                let part = PlacedPart {
                    pipelines: pipelines.iter().map(|pipeline| placed(pipeline, &weights)).collect(),
                    taken: taken.iter().filter(|name| name.starts_with(&start)).cloned().collect(),
                    group,
                };
                let bounds = Bounds {
                    gateway: has_gateways.then_some(limits.tables_per_gateway),
                    pipeline: limits.tables_per_pipeline,
                };
                let better = rebalance(&part, strategy, bounds);
                // Another bundle of the same group opens its own.
                for pipeline in better.pipelines.iter().filter(|pipeline| pipeline.is_new) {
                    taken.insert(pipeline.name.clone());
                    taken.extend(pipeline.gateway.clone());
                }
                moves.parts.push(PartMoves { bundle: bundle.name.clone(), group: part.group, better });
            }
        }
        moves
    }

    /// Every move, part after part.
    pub fn all(&self) -> impl Iterator<Item = (&PartMoves, &Move)> {
        self.parts.iter().flat_map(|part| part.better.moves.iter().map(move |one| (part, one)))
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// What is read again in full.
    #[must_use]
    pub fn sum(&self) -> Sum {
        self.all().fold(Sum::default(), |sum, (_, one)| Sum {
            tables: sum.tables + one.keys.len(),
            weight: sum.weight + u128::from(one.weight),
        })
    }

    /// Tables that move already and have arrived in some targets only: a line of the lock holds one move, so a second one has
    /// to wait.
    #[must_use]
    pub fn unfinished(&self, lock: &Lock) -> Vec<Unfinished> {
        let moved = self.all().flat_map(|(_, one)| &one.keys).filter_map(|key| lock.tables.get(key));
        moved
            .filter_map(|table| {
                let moving = table.moving.as_ref().filter(|moving| !moving.done.is_empty())?;
                Some(Unfinished {
                    destination: table.destination.clone(),
                    from: moving.from.pipeline.clone(),
                    to: table.slot.pipeline.clone(),
                    done: moving.done.clone(),
                })
            })
            .collect()
    }

    /// The lock with these moves in it. `before` is the lock as it was: what it holds is, or may be, deployed where it says, so
    /// that it moves. `placed` is the lock after the placement: what only that holds lies nowhere yet.
    #[must_use]
    pub fn write(&self, before: &Lock, placed: &Lock) -> Lock {
        let mut lock = placed.clone();
        let mut next: HashMap<String, u64> = HashMap::new();
        for table in lock.tables.values() {
            let position = next.entry(table.slot.pipeline.clone()).or_default();
            *position = table.slot.position.saturating_add(1).max(*position);
        }
        for (part, one) in self.all() {
            let gateway = part
                .better
                .pipelines
                .iter()
                .find(|pipeline| pipeline.name == one.to)
                .and_then(|pipeline| pipeline.gateway.clone());
            for key in &one.keys {
                let Some(table) = lock.tables.get_mut(key) else { continue };
                let position = next.entry(one.to.clone()).or_default();
                let to = Slot {
                    bundle: part.bundle.clone(),
                    gateway: gateway.clone(),
                    pipeline: one.to.clone(),
                    position: *position,
                };
                *position = position.saturating_add(1);
                let left = std::mem::replace(&mut table.slot, to);
                table.moving = before.tables.get(key).and_then(|held| {
                    // Nothing of a move that is nowhere deployed has happened: the table still lies where that began.
                    let from = held.moving.as_ref().map_or(left, |moving| moving.from.clone());
                    (!from.is_beside(&table.slot)).then(|| Moving { from, done: BTreeSet::new() })
                });
            }
        }
        lock
    }
}

impl Lock {
    /// How many tables are on the way to another pipeline.
    #[must_use]
    pub fn moving(&self) -> usize {
        self.tables.values().filter(|table| table.moving.is_some()).count()
    }

    /// The fingerprint of where everything lies and where it comes from. In which targets a move has arrived says nothing of that.
    #[must_use]
    pub fn places(&self) -> Digest {
        let mut lock = self.clone();
        for moving in lock.tables.values_mut().filter_map(|table| table.moving.as_mut()) {
            moving.done.clear();
        }
        Digest::of(lock.render().as_bytes())
    }

    /// This lock once these bundles, with all tables in their new places, are deployed to a target: moves that are over in
    /// `all` targets are no moves any more.
    #[must_use]
    pub fn arrived(&self, target: &str, bundles: &BTreeSet<&str>, all: &BTreeSet<&str>) -> Self {
        let mut lock = self.clone();
        for table in lock.tables.values_mut().filter(|table| bundles.contains(table.slot.bundle.as_str())) {
            let Some(moving) = &mut table.moving else { continue };
            moving.done.insert(target.to_owned());
            if all.iter().all(|name| moving.done.contains(*name)) {
                table.moving = None;
            }
        }
        lock
    }
}

/// By name of the group, in the order of the bundle.
fn by_group(bundle: &Bundle) -> Vec<(String, Vec<&Pipeline>)> {
    let mut groups: Vec<(String, Vec<&Pipeline>)> = Vec::new();
    for pipeline in &bundle.pipelines {
        let name = format!("{}_{}", pipeline.prefix, pipeline.subgroup);
        match groups.iter_mut().find(|(group, _)| *group == name) {
            Some((_, pipelines)) => pipelines.push(pipeline),
            None => groups.push((name, vec![pipeline])),
        }
    }
    groups
}

fn placed(pipeline: &Pipeline, weights: &HashMap<String, u64>) -> PlacedPipeline {
    let mut rows: Vec<PlacedRow> = Vec::new();
    let mut index_of: BTreeMap<u32, usize> = BTreeMap::new();
    for (row, object) in pipeline.rows.iter().zip(&pipeline.objects) {
        let index = *index_of.entry(*row).or_insert_with(|| {
            rows.push(PlacedRow { keys: Vec::new(), weight: 0 });
            rows.len() - 1
        });
        let key = object.destination.key();
        if let Some(placed) = rows.get_mut(index) {
            placed.weight = placed.weight.saturating_add(weights.get(&key).copied().unwrap_or(1));
            placed.keys.push(key);
        }
    }
    PlacedPipeline { name: pipeline.name.clone(), gateway: pipeline.gateway.clone(), rows }
}

/// All names of gateways and pipelines that stand for something, or did and may again.
fn names(layout: &Layout, lock: &Lock) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = lock.pipelines.keys().chain(lock.gateways.keys()).cloned().collect();
    for table in lock.tables.values() {
        for slot in std::iter::once(&table.slot).chain(table.moving.as_ref().map(|moving| &moving.from)) {
            if !names.contains(&slot.pipeline) {
                names.insert(slot.pipeline.clone());
                names.extend(slot.gateway.clone());
            }
        }
    }
    for bundle in &layout.bundles {
        names.extend(bundle.pipelines.iter().map(|pipeline| pipeline.name.clone()));
        names.extend(bundle.gateways.iter().map(|gateway| gateway.name.clone()));
    }
    names
}

#[cfg(test)]
mod tests;
