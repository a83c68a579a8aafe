//! The lock as a placement leaves it.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Layout;
use super::lock::{Lock, LockedTable};
use super::name;
use super::slot::{Home, Slot};

/// A lock and how it differs from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockUpdate {
    /// The lock from now on.
    pub lock: Lock,
    /// Tables that it did not have.
    pub added: usize,
    /// Tables that no row asks for any more.
    pub gone: usize,
    /// Tables that were gone and are back.
    pub back: usize,
    /// Whether it differs at all.
    pub changed: bool,
}

/// The bundles of a project that the lock has and the rows lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vanished {
    /// The bundle's name.
    pub bundle: String,
    /// How many pipelines it has.
    pub pipelines: usize,
    /// How many tables, without those that were gone before.
    pub tables: usize,
}

impl Lock {
    /// This lock after a placement: what was placed has its line, what the rows of a project no longer ask for is marked as
    /// gone, and projects without any row are left as they are.
    #[must_use]
    pub fn after(&self, layout: &Layout) -> LockUpdate {
        let mut update = LockUpdate::default();
        for bundle in &layout.bundles {
            for pipeline in &bundle.pipelines {
                for (object, position) in pipeline.objects.iter().zip(&pipeline.positions) {
                    let key = object.destination.key();
                    let before = self.tables.get(&key);
                    match before {
                        None => update.added += 1,
                        Some(table) if table.gone => update.back += 1,
                        Some(_) => {}
                    }
                    let slot = Slot {
                        bundle: bundle.name.clone(),
                        gateway: pipeline.gateway.clone(),
                        pipeline: pipeline.name.clone(),
                        position: *position,
                    };
                    let table = LockedTable {
                        destination: before.map_or_else(
                            || object.destination.to_string(),
                            |table| table.destination.clone(),
                        ),
                        source: object.source.to_string(),
                        slot,
                        gone: false,
                        moving: before.and_then(|table| table.moving.clone()),
                    };
                    update.lock.tables.insert(key, table);
                }
                let home = Home { catalog: pipeline.catalog.clone(), schema: pipeline.schema.clone() };
                update.lock.pipelines.insert(pipeline.name.clone(), home);
                if pipeline.gateway.is_none() {
                    update.lock.connections.insert(pipeline.name.clone(), pipeline.connection.clone());
                }
            }
            for gateway in &bundle.gateways {
                update.lock.connections.insert(gateway.name.clone(), gateway.connection.clone());
                let settings = &gateway.settings;
                if !(settings.catalog_is_named && settings.schema_is_named) {
                    let home = Home { catalog: settings.catalog.clone(), schema: settings.schema.clone() };
                    update.lock.gateways.insert(gateway.name.clone(), home);
                }
            }
        }
        self.carry_over(layout, &mut update);
        update.changed = update.lock != *self;
        update
    }

    fn carry_over(&self, layout: &Layout, update: &mut LockUpdate) {
        let projects = layout.projects();
        let gateways = layout.bundles.iter().flat_map(|bundle| &bundle.gateways);
        let placed: BTreeSet<&str> = gateways.map(|gateway| gateway.name.as_str()).collect();
        for (key, table) in &self.tables {
            if update.lock.tables.contains_key(key) {
                continue;
            }
            let mut table = table.clone();
            let is_asked_for = name::project(&projects, &table.slot.bundle).is_some();
            if is_asked_for && !table.gone {
                table.gone = true;
                update.gone += 1;
            }
            self.hold(&table.slot, &placed, &mut update.lock);
            update.lock.tables.insert(key.clone(), table);
        }
        // What everything leaves is there until the moves are over, and may be gone back to.
        for moving in self.tables.values().filter_map(|table| table.moving.as_ref()) {
            self.hold(&moving.from, &placed, &mut update.lock);
        }
    }

    /// Takes over what this lock holds of the pipeline and gateway of a place, as far as they are not `placed`.
    fn hold(&self, slot: &Slot, placed: &BTreeSet<&str>, lock: &mut Self) {
        let Slot { pipeline, gateway, .. } = slot;
        if let Some(home) = self.pipelines.get(pipeline) {
            lock.pipelines.entry(pipeline.clone()).or_insert_with(|| home.clone());
        }
        let reader = gateway.as_ref().unwrap_or(pipeline);
        if let Some(connection) = self.connections.get(reader) {
            lock.connections.entry(reader.clone()).or_insert_with(|| connection.clone());
        }
        if let Some(gateway) = gateway.as_ref().filter(|gateway| !placed.contains(gateway.as_str()))
            && let Some(home) = self.gateways.get(gateway)
        {
            lock.gateways.entry(gateway.clone()).or_insert_with(|| home.clone());
        }
    }

    /// The bundles that the lock has and a placement lacks.
    #[must_use]
    pub fn vanished(&self, layout: &Layout) -> Vec<Vanished> {
        let projects = layout.projects();
        let mut bundles: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
        for table in self.tables.values().filter(|table| !table.gone) {
            let bundle = table.slot.bundle.as_str();
            if name::project(&projects, bundle).is_none() {
                let (pipelines, tables) = bundles.entry(bundle).or_default();
                pipelines.insert(&table.slot.pipeline);
                *tables += 1;
            }
        }
        bundles
            .into_iter()
            .map(|(bundle, (pipelines, tables))| Vanished {
                bundle: bundle.to_owned(),
                pipelines: pipelines.len(),
                tables,
            })
            .collect()
    }
}
