//! The places of what is deployed in a target, as the rows call it.

use std::collections::{HashMap, HashSet};

use super::import::{ImportedPlaces, ImportedTable};
use crate::placement::deployed::Deployed;
use crate::placement::name;
use crate::placement::sightings::Sightings;
use crate::placement::slot::{Home, Slot};
use crate::settings::Target;
use crate::table::{Group, Table};

impl ImportedPlaces {
    /// The places that the tables of these groups have in a target, and how many deployed tables are none of theirs. Maps of
    /// names go one way only, so rows are mapped forward and looked up.
    #[must_use]
    pub fn of_deployed(deployed: &Deployed, target: &Target, groups: &[Group]) -> (Self, usize) {
        let mut rows: HashMap<String, &Table> = HashMap::new();
        for table in groups.iter().flat_map(|group| &group.tables) {
            rows.insert(target.destination(&table.object.destination).key(), table);
        }
        let mut places = Self::default();
        let mut strangers = 0;
        let mut sightings = Sightings::default();
        let mut held: HashSet<&str> = HashSet::new();
        for pipeline in &deployed.pipelines {
            let before = places.tables.len();
            for (position, key) in (0..).zip(&pipeline.tables) {
                let Some(table) = rows.get(key) else {
                    strangers += 1;
                    continue;
                };
                for name in pipeline.gateway.iter().chain([&pipeline.name]) {
                    sightings.table(name, &table.object.destination);
                }
                places.tables.push(ImportedTable {
                    destination: table.object.destination.to_string(),
                    source: table.object.source.to_string(),
                    slot: Slot {
                        bundle: pipeline.bundle.clone(),
                        gateway: pipeline.gateway.clone(),
                        pipeline: pipeline.name.clone(),
                        position,
                    },
                    place: None,
                });
            }
            if places.tables.len() == before {
                continue;
            }
            if let Some(home) = &pipeline.home {
                sightings.home(&pipeline.name, target, home);
            }
            let is_of = |group: &&Group| match &pipeline.gateway {
                Some(gateway) => name::gateway_number(&group.name(), gateway).is_some(),
                None => name::pipeline_number(&group.name(), &pipeline.name).is_some(),
            };
            let Some(group) = groups.iter().find(is_of) else { continue };
            let reader = pipeline.gateway.as_ref().unwrap_or(&pipeline.name);
            places.connections.insert(reader.clone(), group.connection.clone());
            // Where rows or settings name the storage, the lock does not.
            if let Some(gateway) = &pipeline.gateway
                && let Some(settings) = &group.gateway
                && !(settings.catalog_is_named && settings.schema_is_named)
                && let Some(storage) = storage_of(deployed, gateway)
                && held.insert(gateway)
            {
                sightings.home(gateway, target, storage);
            }
        }
        for (name, home) in sightings.homes(groups) {
            if held.contains(name.as_str()) {
                places.gateways.insert(name, home);
            } else {
                places.pipelines.insert(name, home);
            }
        }
        (places, strangers)
    }
}

fn storage_of<'a>(deployed: &'a Deployed, gateway: &str) -> Option<&'a Home> {
    deployed.gateways.iter().find(|other| other.name == gateway)?.storage.as_ref()
}
