//! What Unity Catalog holds: metastore, connections, catalogs, schemas, tables, volumes. The routes are in `securables`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use serde_json::{Map, Value};

use super::grants::Grants;
use super::world::{now_millis, uuid};

/// The metastore of the workspace.
#[derive(Clone, Debug)]
pub struct Metastore {
    /// UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// User or group.
    pub owner: String,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Name, in the spelling of its making.
    pub name: String,
    /// `SQLSERVER`, `SALESFORCE`, …
    pub connection_type: String,
    /// User or group.
    pub owner: String,
    /// `ACTIVE`, `PROVISIONING`, `FAILED`, …
    pub state: String,
    /// Options without secrets.
    pub options: Map<String, Value>,
    /// UUID.
    pub id: String,
}

/// A catalog.
#[derive(Clone, Debug)]
pub struct CatalogInfo {
    /// Name.
    pub name: String,
    /// User or group.
    pub owner: String,
    /// `MANAGED_CATALOG`, `FOREIGN_CATALOG`, …
    pub catalog_type: String,
    /// Of a foreign catalog.
    pub connection_name: Option<String>,
    /// Whether only bound workspaces see it.
    pub isolated: bool,
    /// The bound workspaces: id, and whether read-only.
    pub bindings: Vec<(u64, bool)>,
}

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its catalog.
    pub catalog: String,
    /// Name; lower case, as Unity Catalog stores it.
    pub name: String,
    /// User or group.
    pub owner: String,
    /// UUID.
    pub id: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// SQL type, as `DESCRIBE` prints it: `STRING`, `ARRAY<STRING>`, …
    pub type_text: String,
}

impl Column {
    /// A column by name and SQL type.
    #[must_use]
    pub fn new(name: &str, type_text: &str) -> Self {
        // The names of a struct's fields keep their case.
        let type_text = if type_text.contains('<') { type_text.to_owned() } else { type_text.to_uppercase() };
        Self { name: name.to_owned(), type_text }
    }

    /// The name of the type without its parameters: `ARRAY`, `DECIMAL`, `INT`, …
    #[must_use]
    pub fn type_name(&self) -> &str {
        let bare = self.type_text.split(['<', '(']).next().unwrap_or_default().trim();
        match bare {
            "BIGINT" => "LONG",
            "SMALLINT" => "SHORT",
            "TINYINT" => "BYTE",
            "INTEGER" => "INT",
            other => other,
        }
    }
}

/// A table, view or the like.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its catalog.
    pub catalog: String,
    /// Its schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `MANAGED`, `VIEW`, `STREAMING_TABLE`, `FOREIGN`, …
    pub table_type: String,
    /// `DELTA`, …
    pub data_source_format: Option<String>,
    /// User or group.
    pub owner: String,
    /// Of a streaming table or materialized view: the pipeline that made it.
    pub pipeline_id: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// UUID.
    pub id: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl Table {
    /// A table of a type (`MANAGED`, `VIEW`, …) by its three names.
    #[must_use]
    pub fn new(catalog: &str, schema: &str, name: &str, table_type: &str) -> Self {
        let delta = matches!(table_type, "MANAGED" | "EXTERNAL" | "STREAMING_TABLE" | "MATERIALIZED_VIEW");
        Self {
            catalog: catalog.to_owned(),
            schema: schema.to_owned(),
            name: name.to_owned(),
            table_type: table_type.to_owned(),
            data_source_format: delta.then(|| "DELTA".to_owned()),
            owner: String::new(),
            pipeline_id: None,
            columns: Vec::new(),
            id: uuid(),
            created_at: now_millis(),
        }
    }

    /// A streaming table that a pipeline made.
    #[must_use]
    pub fn streaming(catalog: &str, schema: &str, name: &str, pipeline_id: &str) -> Self {
        Self {
            pipeline_id: Some(pipeline_id.to_owned()),
            ..Self::new(catalog, schema, name, "STREAMING_TABLE")
        }
    }

    /// `catalog.schema.table`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}.{}", self.catalog, self.schema, self.name)
    }
}

/// A volume.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its catalog.
    pub catalog: String,
    /// Its schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// User or group.
    pub owner: String,
}

/// Unity Catalog as this workspace sees it. Names compare case-insensitively.
#[derive(Debug)]
pub struct UnityCatalog {
    /// The metastore; none: Unity Catalog is not set up.
    pub metastore: Option<Metastore>,
    pub(crate) connections: BTreeMap<String, Connection>,
    pub(crate) catalogs: BTreeMap<String, CatalogInfo>,
    pub(crate) schemas: BTreeMap<String, Schema>,
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    by_pipeline: HashMap<String, BTreeSet<String>>,
    /// Who may do what.
    pub grants: Grants,
}

impl UnityCatalog {
    pub(crate) fn new(owner: &str) -> Self {
        let metastore = Metastore { id: uuid(), name: "mock_metastore".to_owned(), owner: owner.to_owned() };
        Self {
            metastore: Some(metastore),
            connections: BTreeMap::new(),
            catalogs: BTreeMap::new(),
            schemas: BTreeMap::new(),
            tables: BTreeMap::new(),
            volumes: BTreeMap::new(),
            by_pipeline: HashMap::new(),
            grants: Grants::default(),
        }
    }

    /// Who owns what is made without an owner: the owner of the metastore.
    fn default_owner(&self) -> String {
        self.metastore.as_ref().map(|metastore| metastore.owner.clone()).unwrap_or_default()
    }

    /// Adds an active connection, if there is none of that name, and answers it for changes.
    pub fn add_connection(&mut self, name: &str, connection_type: &str) -> &mut Connection {
        let owner = self.default_owner();
        self.connections.entry(name.to_lowercase()).or_insert_with(|| Connection {
            name: name.to_owned(),
            connection_type: connection_type.to_owned(),
            owner,
            state: "ACTIVE".to_owned(),
            options: Map::new(),
            id: uuid(),
        })
    }

    /// Adds a catalog, if there is none of that name, and answers it for changes.
    pub fn add_catalog(&mut self, name: &str) -> &mut CatalogInfo {
        let owner = self.default_owner();
        self.catalogs.entry(name.to_lowercase()).or_insert_with(|| CatalogInfo {
            name: name.to_owned(),
            owner,
            catalog_type: "MANAGED_CATALOG".to_owned(),
            connection_name: None,
            isolated: false,
            bindings: Vec::new(),
        })
    }

    /// Adds a schema and its catalog, if they are not there, and answers it for changes.
    pub fn add_schema(&mut self, catalog: &str, name: &str) -> &mut Schema {
        self.add_catalog(catalog);
        let owner = self.default_owner();
        self.schemas.entry(format!("{catalog}.{name}").to_lowercase()).or_insert_with(|| Schema {
            catalog: catalog.to_owned(),
            name: name.to_lowercase(),
            owner,
            id: uuid(),
        })
    }

    /// Adds a volume.
    pub fn add_volume(&mut self, catalog: &str, schema: &str, name: &str) {
        let owner = self.default_owner();
        let volume = Volume {
            catalog: catalog.to_owned(),
            schema: schema.to_owned(),
            name: name.to_lowercase(),
            owner,
        };
        self.volumes.insert(format!("{catalog}.{schema}.{name}").to_lowercase(), volume);
    }

    /// Puts a table there, with its schema and catalog, in place of one of the same name.
    pub fn put_table(&mut self, mut table: Table) {
        self.add_schema(&table.catalog, &table.schema);
        if table.owner.is_empty() {
            table.owner = self.default_owner();
        }
        let key = table.full_name().to_lowercase();
        self.remove_table(&key);
        if let Some(pipeline) = &table.pipeline_id {
            self.by_pipeline.entry(pipeline.clone()).or_default().insert(key.clone());
        }
        self.tables.insert(key, table);
    }

    /// Takes a table away; whether it was there.
    pub fn remove_table(&mut self, full_name: &str) -> bool {
        let key = full_name.to_lowercase();
        let Some(table) = self.tables.remove(&key) else { return false };
        if let Some(all) = table.pipeline_id.and_then(|pipeline| self.by_pipeline.get_mut(&pipeline)) {
            all.remove(&key);
        }
        true
    }

    /// Drops the tables that a pipeline made.
    pub fn drop_tables_of(&mut self, pipeline_id: &str) {
        for key in self.by_pipeline.remove(pipeline_id).unwrap_or_default() {
            self.tables.remove(&key);
        }
    }

    /// Takes a connection away; whether it was there.
    pub fn remove_connection(&mut self, name: &str) -> bool {
        self.connections.remove(&name.to_lowercase()).is_some()
    }

    /// Takes a catalog with all in it away; whether it was there.
    pub fn remove_catalog(&mut self, name: &str) -> bool {
        let schemas: Vec<String> = children(&self.schemas, name).map(|(key, _)| key.clone()).collect();
        for schema in schemas {
            self.remove_schema(&schema);
        }
        self.catalogs.remove(&name.to_lowercase()).is_some()
    }

    /// Takes a schema (`catalog.schema`) with all in it away; whether it was there.
    pub fn remove_schema(&mut self, full_name: &str) -> bool {
        let tables: Vec<String> = children(&self.tables, full_name).map(|(key, _)| key.clone()).collect();
        for table in tables {
            self.remove_table(&table);
        }
        self.schemas.remove(&full_name.to_lowercase()).is_some()
    }

    /// A connection by name.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.get(&name.to_lowercase())
    }

    /// A catalog by name.
    #[must_use]
    pub fn catalog(&self, name: &str) -> Option<&CatalogInfo> {
        self.catalogs.get(&name.to_lowercase())
    }

    /// A schema by `catalog.schema`.
    #[must_use]
    pub fn schema(&self, full_name: &str) -> Option<&Schema> {
        self.schemas.get(&full_name.to_lowercase())
    }

    /// A table by `catalog.schema.table`.
    #[must_use]
    pub fn table(&self, full_name: &str) -> Option<&Table> {
        self.tables.get(&full_name.to_lowercase())
    }

    /// A table by `catalog.schema.table`, to change all but its names and its pipeline.
    pub fn table_mut(&mut self, full_name: &str) -> Option<&mut Table> {
        self.tables.get_mut(&full_name.to_lowercase())
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }
}

/// The entries of a map whose key starts with `parent.`.
pub(crate) fn children<'m, T>(
    map: &'m BTreeMap<String, T>,
    parent: &str,
) -> impl Iterator<Item = (&'m String, &'m T)> {
    let prefix = format!("{}.", parent.to_lowercase());
    let range = map.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
    range.take_while(move |(key, _)| key.starts_with(&prefix))
}
