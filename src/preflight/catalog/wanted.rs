//! What one target needs of Unity Catalog: its connections, catalogs, schemas and destinations, by their names there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::connectors::Connectors;
use crate::connector::Destination;
use crate::placement::Layout;
use crate::settings::Target;
use crate::table::Group;

/// What is to be asked of Unity Catalog, and for which rows. Names are those of the target: the rows' names went through
/// its maps. Keys are lower case, for Unity Catalog compares without it.
#[derive(Clone, Debug, Default)]
pub struct CatalogWanted {
    pub(super) connections: BTreeMap<String, ConnectionUse>,
    pub(super) catalogs: BTreeMap<String, CatalogUse>,
    pub(super) schemas: BTreeMap<String, SchemaUse>,
    /// What destinations are planned in.
    pub(super) pipelines: Vec<PlannedPipeline>,
}

/// A connection and who reads through it.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionUse {
    pub(super) name: String,
    pub(super) row: Option<u32>,
    /// Connectors and the type that each of them needs.
    pub(super) needs: BTreeSet<(&'static str, &'static str)>,
}

/// A catalog and what it is for.
#[derive(Clone, Debug, Default)]
pub(super) struct CatalogUse {
    pub(super) name: String,
    pub(super) row: Option<u32>,
    pub(super) purpose: Purpose,
}

/// A schema and what is to be in it.
#[derive(Clone, Debug, Default)]
pub(super) struct SchemaUse {
    pub(super) catalog: String,
    pub(super) name: String,
    pub(super) row: Option<u32>,
    pub(super) purpose: Purpose,
    /// Destinations in it, by table.
    pub(super) tables: BTreeMap<String, TableUse>,
}

/// What a catalog or schema is for; it may be for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Purpose {
    /// Tables are written there.
    pub(super) tables: bool,
    /// A gateway keeps what it read there.
    pub(super) storage: bool,
}

/// A destination.
#[derive(Clone, Debug)]
pub(super) struct TableUse {
    pub(super) destination: Destination,
    pub(super) row: u32,
    /// Which of the planned pipelines; none before placement.
    pub(super) planned: Option<usize>,
}

/// A pipeline of the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedPipeline {
    pub(super) bundle: String,
    /// `pipeline_x`.
    pub(super) key: String,
}

impl SchemaUse {
    /// `catalog.schema`.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.catalog, self.name)
    }
}

/// How names are told apart.
pub(super) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The key of a schema.
pub(super) fn schema_key(catalog: &str, schema: &str) -> String {
    format!("{}.{}", key(catalog), key(schema))
}

impl CatalogWanted {
    /// What a layout needs in a target.
    #[must_use]
    pub fn of_layout(layout: &Layout, connectors: &Connectors, target: &Target) -> Self {
        let mut wanted = Self::default();
        for bundle in &layout.bundles {
            let mut rows_of_gateways: HashMap<&str, u32> = HashMap::new();
            for pipeline in &bundle.pipelines {
                let row = pipeline.rows.first().copied();
                if let (Some(gateway), Some(row)) = (&pipeline.gateway, row) {
                    rows_of_gateways.entry(gateway).or_insert(row);
                }
                wanted.add_connection(target, &pipeline.connection, row, connectors);
                let tables = Purpose { tables: true, storage: false };
                wanted.add_schema(target, (&pipeline.catalog, &pipeline.schema), row, tables);
                wanted.pipelines.push(PlannedPipeline { bundle: bundle.name.clone(), key: pipeline.key() });
                let planned = Some(wanted.pipelines.len() - 1);
                for (object, row) in pipeline.objects.iter().zip(&pipeline.rows) {
                    wanted.add_table(target, &object.destination, *row, planned);
                }
            }
            for gateway in &bundle.gateways {
                let row = rows_of_gateways.get(gateway.name.as_str()).copied();
                wanted.add_connection(target, &gateway.connection, row, connectors);
                let storage = Purpose { tables: false, storage: true };
                let home = (gateway.settings.catalog.as_str(), gateway.settings.schema.as_str());
                wanted.add_schema(target, home, row, storage);
            }
        }
        wanted
    }

    /// What groups need in a target before they are placed: everything but which pipeline a table will be in.
    #[must_use]
    pub fn of_groups(groups: &[Group], target: &Target) -> Self {
        let connectors = Connectors::of(groups);
        let mut wanted = Self::default();
        for group in groups {
            let row = group.tables.first().map(|table| table.row);
            wanted.add_connection(target, &group.connection, row, &connectors);
            if let Some(gateway) = &group.gateway {
                let storage = Purpose { tables: false, storage: true };
                wanted.add_schema(target, (&gateway.catalog, &gateway.schema), row, storage);
            }
            for table in &group.tables {
                wanted.add_table(target, &table.object.destination, table.row, None);
            }
        }
        wanted
    }

    /// The same with no more in it than these kinds of questions need.
    #[must_use]
    pub(in crate::preflight) fn narrowed(&self, connections: bool, homes: bool, destinations: bool) -> Self {
        let mut wanted = self.clone();
        if !connections {
            wanted.connections.clear();
        }
        if !destinations {
            wanted.schemas.values_mut().for_each(|schema| schema.tables.clear());
        }
        if !homes {
            // Who sees all tables of a schema depends on the catalog above it.
            wanted.schemas.retain(|_, schema| !schema.tables.is_empty());
            let above: BTreeSet<String> =
                wanted.schemas.values().map(|schema| key(&schema.catalog)).collect();
            wanted.catalogs.retain(|name, _| above.contains(name));
        }
        wanted
    }

    fn add_connection(&mut self, target: &Target, name: &str, row: Option<u32>, connectors: &Connectors) {
        let here = target.connection(name);
        let entry = self
            .connections
            .entry(key(here))
            .or_insert_with(|| ConnectionUse { name: here.to_owned(), ..ConnectionUse::default() });
        entry.row = earlier(entry.row, row);
        entry.needs.extend(connectors.through(name));
    }

    fn add_schema(
        &mut self,
        target: &Target,
        (catalog, schema): (&str, &str),
        row: Option<u32>,
        purpose: Purpose,
    ) -> &mut SchemaUse {
        let (catalog, schema) = (target.catalog(catalog), target.schema(schema));
        let above = self
            .catalogs
            .entry(key(catalog))
            .or_insert_with(|| CatalogUse { name: catalog.to_owned(), ..CatalogUse::default() });
        above.row = earlier(above.row, row);
        above.purpose.add(purpose);
        let entry = self.schemas.entry(schema_key(catalog, schema)).or_insert_with(|| SchemaUse {
            catalog: catalog.to_owned(),
            name: schema.to_owned(),
            ..SchemaUse::default()
        });
        entry.row = earlier(entry.row, row);
        entry.purpose.add(purpose);
        entry
    }

    fn add_table(&mut self, target: &Target, destination: &Destination, row: u32, planned: Option<usize>) {
        let tables = Purpose { tables: true, storage: false };
        let home = (destination.catalog.as_str(), destination.schema.as_str());
        let schema = self.add_schema(target, home, Some(row), tables);
        let destination = Destination {
            catalog: schema.catalog.clone(),
            schema: schema.name.clone(),
            table: destination.table.clone(),
        };
        // Two rows that meet at one destination are a finding of their own.
        schema.tables.entry(key(&destination.table)).or_insert(TableUse { destination, row, planned });
    }
}

impl Purpose {
    fn add(&mut self, other: Self) {
        self.tables |= other.tables;
        self.storage |= other.storage;
    }
}

fn earlier(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::connector;
    use crate::preflight::testing::{destination, gateway_settings, layout, object};
    use crate::table::Table;

    fn group() -> Group {
        Group {
            project: "retail".into(),
            prefix: "sales".into(),
            subgroup: "01".into(),
            connector: connector("sql_server").unwrap(),
            connection: "erp".into(),
            gateway: Some(gateway_settings()),
            schedule: None,
            tags: Vec::new(),
            tables: vec![
                Table { row: 4, weight: 1, object: object("crm", "Orders") },
                Table { row: 2, weight: 1, object: object("crm", "items") },
            ],
        }
    }

    fn schemas(wanted: &CatalogWanted) -> Vec<(&str, usize, Purpose)> {
        wanted
            .schemas
            .iter()
            .map(|(key, schema)| (key.as_str(), schema.tables.len(), schema.purpose))
            .collect()
    }

    const TABLES: Purpose = Purpose { tables: true, storage: false };
    const STORAGE: Purpose = Purpose { tables: false, storage: true };

    #[test]
    fn groups_say_what_is_needed_before_anything_is_placed() {
        let mut target = Target::named("dev");
        target.catalogs.insert("main".into(), "Main_Dev".into());
        target.schemas.insert("crm".into(), "crm_dev".into());
        target.connections.insert("erp".into(), "erp_dev".into());
        let wanted = CatalogWanted::of_groups(&[group()], &target);
        assert_eq!(schemas(&wanted), [("main_dev.crm_dev", 2, TABLES), ("main_dev.staging", 0, STORAGE)]);
        assert_eq!(wanted.catalogs["main_dev"].purpose, Purpose { tables: true, storage: true });
        let connection = &wanted.connections["erp_dev"];
        assert_eq!(connection.needs.iter().copied().collect::<Vec<_>>(), [("sql_server", "SQLSERVER")]);
        let schema = &wanted.schemas["main_dev.crm_dev"];
        assert_eq!((schema.row, schema.tables["orders"].planned), (Some(2), None));
        assert_eq!(schema.tables["orders"].destination, target.destination(&destination("crm", "Orders")));
    }

    #[test]
    fn a_layout_says_which_pipeline_each_table_is_planned_in() {
        let wanted = CatalogWanted::of_layout(&layout(), &Connectors::default(), &Target::named("prod"));
        assert_eq!(
            schemas(&wanted),
            [("main.crm", 3, TABLES), ("main.staging", 0, STORAGE), ("main.web", 1, TABLES)]
        );
        let planned = wanted.schemas["main.web"].tables["visits"].planned.unwrap();
        assert_eq!(wanted.pipelines[planned].key, "pipeline_sales_01_g01_p02");
        // The gateway's row is the first behind it.
        assert_eq!(wanted.schemas["main.staging"].row, Some(0));
    }

    #[test]
    fn no_more_is_asked_than_the_rules_need() {
        let wanted = CatalogWanted::of_layout(&layout(), &Connectors::default(), &Target::named("prod"));
        let connections = wanted.narrowed(true, false, false);
        assert_eq!(
            (connections.connections.len(), connections.catalogs.len(), connections.schemas.len()),
            (1, 0, 0)
        );
        let homes = wanted.narrowed(false, true, false);
        assert_eq!(
            schemas(&homes),
            [("main.crm", 0, TABLES), ("main.staging", 0, STORAGE), ("main.web", 0, TABLES)]
        );
        let destinations = wanted.narrowed(false, false, true);
        assert_eq!(schemas(&destinations), [("main.crm", 3, TABLES), ("main.web", 1, TABLES)]);
        assert_eq!((destinations.connections.len(), destinations.catalogs.len()), (0, 1));
    }
}
