//! Everything that the workspace knows, in one place, for handlers and for tests that edit it.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::answer::Problem;
use super::catalog::{Table, UnityCatalog};
use super::files::Files;
use super::identity::{Accounts, Identity};
use super::jobs::Jobs;
use super::permissions::Permissions;
use super::pipelines::Pipelines;
use super::rows::Rows;
use super::sources::{Source, Sources};
use super::statements::Statements;
use super::updates::Update;
use super::warehouses::Warehouses;

/// The state of one workspace.
#[derive(Debug)]
pub struct World {
    /// What `X-Databricks-Org-Id` says.
    pub workspace_id: u64,
    /// Credentials and who they belong to.
    pub accounts: Accounts,
    /// Lakeflow pipelines.
    pub pipelines: Pipelines,
    /// Jobs and their runs.
    pub jobs: Jobs,
    /// Access control lists.
    pub permissions: Permissions,
    /// Workspace files and folders.
    pub files: Files,
    /// SQL warehouses.
    pub warehouses: Warehouses,
    /// Unity Catalog.
    pub catalog: UnityCatalog,
    /// The rows behind the tables that SQL can read.
    pub sources: Sources,
    /// SQL statements.
    pub statements: Statements,
    /// Whether the rows of watched files bring the connections, catalogs and schemas that they name.
    pub furnishes: bool,
    /// Whether int64 fields are decimal texts, as newer services send them.
    pub int64_as_text: bool,
}

impl World {
    /// A workspace with this user as administrator and owner of the metastore, and nothing else.
    pub(crate) fn new(user: &Identity) -> Self {
        let mut files = Files::default();
        files.make_folder(&format!("/Users/{}", user.user_name));
        Self {
            workspace_id: 900_800_700_600,
            accounts: Accounts::new(),
            pipelines: Pipelines::default(),
            jobs: Jobs::default(),
            permissions: Permissions::default(),
            files,
            warehouses: Warehouses::default(),
            catalog: UnityCatalog::new(&user.user_name),
            sources: Sources::default(),
            statements: Statements::default(),
            furnishes: false,
            int64_as_text: false,
        }
    }

    /// Writes the rows of a table as its next version, and answers its number. Makes the table if there is none.
    ///
    /// # Panics
    /// If the name has not three parts.
    pub fn put_rows(&mut self, full_name: &str, rows: Rows) -> i64 {
        self.make_table(full_name);
        let number = self.sources.entry(full_name).write(rows);
        self.show_columns(full_name);
        number
    }

    /// Lets a CSV file be a table: each change of its content is a new version, the first one is 0.
    ///
    /// # Errors
    /// When it cannot be read, or is no table.
    ///
    /// # Panics
    /// If the name has not three parts.
    pub fn watch_csv(&mut self, full_name: &str, path: &Path) -> io::Result<()> {
        self.make_table(full_name);
        self.sources.watch(full_name, path)?;
        self.take_over(full_name);
        Ok(())
    }

    /// The history of a table that SQL can read, by `catalog.schema.table`.
    pub fn source_mut(&mut self, full_name: &str) -> Option<&mut Source> {
        self.sources.get_mut(full_name)
    }

    /// Reads a watched file again if it changed.
    pub(crate) fn refresh_source(&mut self, full_name: &str) -> Result<(), String> {
        if let Some(source) = self.sources.get_mut(full_name)
            && source.refresh()?
        {
            self.take_over(full_name);
        }
        Ok(())
    }

    /// Lets the rest of the world follow a watched file.
    fn take_over(&mut self, full_name: &str) {
        self.show_columns(full_name);
        let current = self.sources.get(full_name).and_then(|source| source.current());
        if let (true, Some(rows)) = (self.furnishes, current.and_then(|version| version.rows.clone())) {
            self.furnish(&rows);
        }
    }

    fn make_table(&mut self, full_name: &str) {
        if self.catalog.table(full_name).is_none() {
            let parts: Vec<&str> = full_name.split('.').collect();
            let [catalog, schema, name] = parts.as_slice() else {
                panic!("{full_name} has not three parts");
            };
            self.catalog.put_table(Table::new(catalog, schema, name, "MANAGED"));
        }
    }

    /// Lets Unity Catalog list the columns that the current version has.
    fn show_columns(&mut self, full_name: &str) {
        let current = self.sources.get(full_name).and_then(|source| source.current());
        if let (Some(rows), Some(table)) =
            (current.and_then(|version| version.rows.as_ref()), self.catalog.table_mut(full_name))
            && table.columns != rows.columns()
        {
            table.columns = rows.columns().to_vec();
        }
    }

    /// Runs a pipeline to its end and answers the id of the update: its destination tables are there afterwards.
    ///
    /// A destination that another pipeline owns makes the update fail, as it does on the service.
    pub fn run_pipeline(&mut self, id: &str, cause: &str, full_refresh: bool, validate_only: bool) -> String {
        let update_id = uuid();
        let Some(pipeline) = self.pipelines.get(id) else { return update_id };
        let owner = pipeline.run_as_user_name().to_owned();
        let destinations = destinations(&Value::Object(pipeline.spec.clone()));
        let foreign = destinations.iter().find_map(|(catalog, schema, table)| {
            let table = self.catalog.table(&format!("{catalog}.{schema}.{table}"))?;
            (table.pipeline_id.as_deref() != Some(id)).then(|| table.full_name())
        });
        let now = now_millis();
        let mut event = json!({
            "id": uuid(),
            "event_type": "update_progress",
            "level": "INFO",
            "maturity_level": "STABLE",
            "message": format!("Update {} is COMPLETED.", &update_id[..6]),
            "timestamp": iso_time(now),
            "origin": {"pipeline_id": id, "update_id": update_id},
        });
        if let Some(name) = &foreign {
            event["level"] = json!("ERROR");
            event["message"] = json!(format!("Table '{name}' is already managed by another pipeline."));
        } else if !validate_only {
            for (catalog, schema, table) in destinations {
                let mut table = Table::streaming(&catalog, &schema, &table, id);
                table.owner = owner.clone();
                self.catalog.put_table(table);
            }
        }
        if let Some(pipeline) = self.pipelines.get_mut(id) {
            let state = if foreign.is_some() { "FAILED" } else { "COMPLETED" };
            pipeline.health = Some(if foreign.is_some() { "UNHEALTHY" } else { "HEALTHY" }.to_owned());
            pipeline.events.insert(0, event);
            let update = Update {
                update_id: update_id.clone(),
                pipeline_id: id.to_owned(),
                state: state.to_owned(),
                cause: cause.to_owned(),
                creation_time: now,
                full_refresh,
                validate_only,
            };
            pipeline.updates.insert(0, update);
        }
        update_id
    }

    pub(crate) fn check_connection(&self, name: &str) -> Result<(), Problem> {
        match self.catalog.connection(name) {
            Some(_) => Ok(()),
            None => Err(Problem::invalid(format!("Connection {name} was not found"))),
        }
    }

    pub(crate) fn check_catalog(&self, name: &str) -> Result<(), Problem> {
        match self.catalog.catalog(name) {
            Some(_) => Ok(()),
            None => Err(Problem::invalid(format!("Catalog '{name}' does not exist."))),
        }
    }
}

/// Catalog, schema and table that a pipeline's specification writes; objects of whole schemas are not resolved.
fn destinations(spec: &Value) -> Vec<(String, String, String)> {
    let objects = spec.pointer("/ingestion_definition/objects").and_then(Value::as_array);
    objects
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(|object| object.get("table").or_else(|| object.get("report")))
        .filter_map(|table| {
            let text = |name: &str| table.get(name).and_then(Value::as_str);
            let name = text("destination_table").or_else(|| text("source_table"))?;
            Some((
                text("destination_catalog")?.to_owned(),
                text("destination_schema")?.to_owned(),
                name.to_owned(),
            ))
        })
        .collect()
}

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-01-02T03:04:05.678Z`.
pub(crate) fn iso_time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// A random UUID (version 4).
pub(crate) fn uuid() -> String {
    let bits = fastrand::u128(..);
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_random_uuids() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }

    #[test]
    fn times_have_three_digits_and_z() {
        assert_eq!(iso_time(1_767_323_045_600), "2026-01-02T03:04:05.600Z");
    }

    #[test]
    fn a_pipeline_cannot_write_a_table_that_another_one_left() {
        let user = Identity::user("a@b");
        let mut world = World::new(&user);
        let spec = json!({"name": "p", "ingestion_definition": {"objects": [{"table": {
            "source_table": "T", "destination_catalog": "c", "destination_schema": "s"}}]}});
        let first = world.pipelines.create(&spec, "a@b");
        world.run_pipeline(&first, "API_CALL", false, false);
        assert_eq!(
            world.catalog.table("c.s.t").and_then(|table| table.pipeline_id.clone()),
            Some(first.clone())
        );
        let second = world.pipelines.create(&spec, "a@b");
        world.run_pipeline(&second, "API_CALL", false, false);
        assert_eq!(world.pipelines.get(&second).unwrap().updates[0].state, "FAILED");
        world.catalog.drop_tables_of(&first);
        world.run_pipeline(&second, "API_CALL", false, false);
        assert_eq!(world.pipelines.get(&second).unwrap().updates[0].state, "COMPLETED");
    }
}
