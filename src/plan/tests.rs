//! The comparison on plans as the CLI makes them: one gateway with two pipelines of two tables each, and their jobs.

use serde_json::{Value, json};

use super::*;
use crate::connector::{Configuration, Destination, Object, ObjectSource};
use crate::finding::{Place, Severity};
use crate::placement::{Bundle, Gateway, Pipeline};
use crate::settings::{Column, Target};
use crate::table::GatewaySettings;

/// Everything is written in the first of the rows, which is line 2 of `tables.csv`.
struct Lines;

impl Origins for Lines {
    fn row(&self, row: u32) -> Option<Place> {
        Some(Place::File { file: "tables.csv".into(), line: row + 2, column: 1 })
    }

    fn value(&self, rows: &[u32], _: Column) -> Option<Place> {
        self.row(*rows.first()?)
    }
}

const GATEWAY: &str = "resources.pipelines.gateway_sales_01_g01";
const FIRST: &str = "resources.pipelines.pipeline_sales_01_g01_p01";
const SECOND: &str = "resources.pipelines.pipeline_sales_01_g01_p02";
const JOB: &str = "resources.jobs.job_sales_01_g01_p01";

fn table(source: &str) -> Value {
    json!({"table": {"source_catalog": "erp", "source_schema": "dbo", "source_table": source,
        "destination_catalog": "main", "destination_schema": "bronze", "destination_table": source.to_lowercase(),
        "table_configuration": {"scd_type": "SCD_TYPE_1"}}})
}

fn pipeline(tables: &[&str]) -> Value {
    json!({"name": "x", "catalog": "main", "schema": "bronze", "cascade_on_destroy": false,
        "ingestion_definition": {"ingestion_gateway_id": "g-1",
            "objects": tables.iter().map(|name| table(name)).collect::<Vec<_>>()}})
}

fn gateway() -> Value {
    json!({"name": "sales_01_g01", "continuous": true, "cascade_on_destroy": false, "gateway_definition": {
        "connection_name": "sql_conn", "gateway_storage_catalog": "main", "gateway_storage_schema": "staging"}})
}

fn bundle(tables: [&[&str]; 2]) -> Bundle {
    let mut row = 0;
    let pipelines = tables.iter().enumerate().map(|(index, names)| {
        let objects: Vec<Object> = names
            .iter()
            .map(|name| Object {
                source: ObjectSource::Table {
                    catalog: Some("erp".into()),
                    schema: Some("dbo".into()),
                    table: (*name).into(),
                },
                destination: Destination {
                    catalog: "main".into(),
                    schema: "bronze".into(),
                    table: name.to_lowercase(),
                },
                configuration: Configuration::default(),
            })
            .collect();
        let rows = row..row + u32::try_from(objects.len()).unwrap();
        row = rows.end;
        Pipeline {
            name: format!("sales_01_g01_p{:02}", index + 1),
            prefix: "sales".into(),
            subgroup: "01".into(),
            gateway: Some("sales_01_g01".into()),
            connection: "sql_conn".into(),
            catalog: "main".into(),
            schema: "bronze".into(),
            schedule: None,
            tags: Vec::new(),
            positions: rows.clone().map(u64::from).collect(),
            weight: u64::try_from(objects.len()).unwrap(),
            rows: rows.collect(),
            objects,
        }
    });
    let pipelines = pipelines.collect();
    Bundle {
        name: "retail".into(),
        project: "retail".into(),
        gateways: vec![Gateway {
            name: "sales_01_g01".into(),
            prefix: "sales".into(),
            subgroup: "01".into(),
            connection: "sql_conn".into(),
            settings: GatewaySettings {
                catalog: "main".into(),
                schema: "staging".into(),
                worker_type: None,
                driver_type: None,
                catalog_is_named: true,
                schema_is_named: true,
            },
            tags: Vec::new(),
        }],
        pipelines,
    }
}

/// A deployed bundle and what the CLI says of the next deploy.
struct World {
    bundle: Bundle,
    state: Value,
    plan: Value,
    target: Target,
}

impl World {
    /// Nothing changes.
    fn new() -> Self {
        let definitions = [
            (GATEWAY, gateway()),
            (FIRST, pipeline(&["Orders", "Customers"])),
            (SECOND, pipeline(&["Items", "Prices"])),
            (JOB, json!({"name": "sales_01_g01_p01"})),
        ];
        let mut world = Self {
            bundle: bundle([&["Orders", "Customers"], &["Items", "Prices"]]),
            state: json!({}),
            plan: json!({}),
            target: Target::named("prod"),
        };
        for (key, definition) in definitions {
            world.plan[key] = json!({"action": "skip", "remote_state": without_flag(&definition)});
            world.state[key] = json!({"__id__": "1", "state": definition});
        }
        world
    }

    /// One field of a resource changes: the CLI does this about it.
    fn edit(mut self, key: &str, action: &str, path: &str, old: Value, new: Value) -> Self {
        self.act(key, action);
        let mut change = json!({"action": action, "remote": old.clone()});
        if action == "recreate" {
            change["reason"] = json!("immutable");
        }
        for (name, value) in [("old", old), ("new", new)] {
            if !value.is_null() {
                change[name] = value;
            }
        }
        self.plan[key]["changes"][path] = change;
        self
    }

    fn act(&mut self, key: &str, action: &str) {
        self.plan[key]["action"] = json!(action);
        if ["update", "recreate", "create"].contains(&action) && self.plan[key].get("new_state").is_none() {
            self.plan[key]["new_state"] = json!({"value": self.state[key]["state"]});
        }
    }

    /// The pipeline is to have these tables.
    fn wants(mut self, key: &str, objects: &[Value]) -> Self {
        let old = self.state[key]["state"]["ingestion_definition"]["objects"].clone();
        if self.plan[key]["action"] == "skip" {
            self.act(key, "update");
        }
        self.plan[key]["new_state"]["value"]["ingestion_definition"]["objects"] = json!(objects);
        self.plan[key]["changes"]["ingestion_definition.objects"] =
            json!({"action": "update", "old": old, "new": objects, "remote": old});
        self
    }

    fn delete(mut self, key: &str) -> Self {
        self.plan[key]["action"] = json!("delete");
        self
    }

    /// The gateway's storage schema changes, and everything behind it is made again.
    fn other_gateway_schema(self) -> Self {
        let schema = "gateway_definition.gateway_storage_schema";
        let again = "ingestion_definition.ingestion_gateway_id";
        let new = json!("${resources.pipelines.gateway_sales_01_g01.id}");
        self.edit(GATEWAY, "recreate", schema, json!("staging"), json!("staging2"))
            .edit(FIRST, "recreate", again, json!("g-1"), new.clone())
            .edit(SECOND, "recreate", again, json!("g-1"), new)
            .edit(
                JOB,
                "update",
                "tasks[task_key='run_pipeline'].pipeline_task.pipeline_id",
                json!("p-1"),
                json!("${resources.pipelines.pipeline_sales_01_g01_p01.id}"),
            )
    }

    fn without_deployed_flag(mut self) -> Self {
        for key in [GATEWAY, FIRST, SECOND] {
            self.state[key]["state"].as_object_mut().unwrap().remove("cascade_on_destroy");
        }
        self
    }

    /// The settings say that tables go with their pipelines.
    fn dropping(mut self) -> Self {
        self.target.cascade_on_destroy = true;
        for key in [GATEWAY, FIRST, SECOND] {
            if let Some(new) = self.plan[key].pointer_mut("/new_state/value") {
                new["cascade_on_destroy"] = json!(true);
            }
        }
        self
    }

    fn changes(&self) -> BundleChanges {
        let plan = json!({"plan_version": 2, "lineage": "l", "serial": 1, "plan": self.plan}).to_string();
        let plan = BundlePlan::parse(plan.as_bytes()).unwrap();
        let state = self.state.as_object().unwrap().iter();
        let deployed: Deployed = state.map(|(key, entry)| (key.as_str(), entry["state"].clone())).collect();
        Comparison {
            target: &self.target,
            bundle: &self.bundle,
            placed: &Placed::of(&self.bundle),
            plan: &plan,
            deployed: &deployed,
            origins: &Lines,
        }
        .changes()
    }
}

/// The API does not tell the flag.
fn without_flag(definition: &Value) -> Value {
    let mut definition = definition.clone();
    definition.as_object_mut().unwrap().remove("cascade_on_destroy");
    definition
}

fn consents_of(changes: &BundleChanges) -> Vec<String> {
    consents(&changes.needs).into_iter().map(ToString::to_string).collect()
}

fn tables_of(changes: &BundleChanges) -> Vec<String> {
    changes
        .tables
        .iter()
        .map(|table| format!("{:?} {} {} ({})", table.action, table.key, table.effect, table.cause))
        .collect()
}

fn effect_of(changes: &BundleChanges, key: &str) -> Effect {
    let key = key.strip_prefix("resources.").unwrap();
    changes.resources.iter().find(|resource| resource.key == key).unwrap().effect
}

#[test]
fn nothing_is_nothing() {
    let changes = World::new().changes();
    assert!(changes.is_empty());
    assert_eq!((changes.unchanged_tables, changes.counts.unchanged), (4, 4));
    assert!(changes.needs.is_empty() && changes.drift.is_empty() && changes.findings.is_empty());
}

/// Every row of the CLI's table of fields: what it plans for a change of that field, and what we make of it.
#[test]
fn every_field_has_its_effect() {
    let (gateway, first) = (GATEWAY, FIRST);
    let fields: &[(&str, &str, &str, Effect, &[&str])] = &[
        (first, "storage", "recreate", Effect::Snapshot, &["recreate:pipeline_sales_01_g01_p01"]),
        (
            gateway,
            "gateway_definition.connection_id",
            "recreate",
            Effect::Snapshot,
            &["recreate:gateway_sales_01_g01"],
        ),
        (
            gateway,
            "gateway_definition.connection_name",
            "recreate",
            Effect::Snapshot,
            &["recreate:gateway_sales_01_g01"],
        ),
        (
            gateway,
            "gateway_definition.gateway_storage_catalog",
            "recreate",
            Effect::Snapshot,
            &["recreate:gateway_sales_01_g01"],
        ),
        (
            gateway,
            "gateway_definition.gateway_storage_schema",
            "recreate",
            Effect::Snapshot,
            &["recreate:gateway_sales_01_g01"],
        ),
        (gateway, "gateway_definition.gateway_storage_name", "update", Effect::Restart, &[]),
        (gateway, "gateway_definition.connection_parameters", "update", Effect::Restart, &[]),
        (
            first,
            "ingestion_definition.connection_name",
            "recreate",
            Effect::Snapshot,
            &["recreate:pipeline_sales_01_g01_p01"],
        ),
        (
            first,
            "ingestion_definition.ingestion_gateway_id",
            "recreate",
            Effect::Snapshot,
            &["recreate:pipeline_sales_01_g01_p01"],
        ),
        (
            first,
            "ingestion_definition.ingest_from_uc_foreign_catalog",
            "recreate",
            Effect::Snapshot,
            &["recreate:pipeline_sales_01_g01_p01"],
        ),
        (first, "catalog", "update", Effect::Metadata, &[]),
        (first, "schema", "update", Effect::Metadata, &[]),
        (gateway, "catalog", "update", Effect::Restart, &[]),
        (first, "name", "update", Effect::Metadata, &[]),
        (first, "tags", "update", Effect::Metadata, &[]),
        (gateway, "tags", "update", Effect::Restart, &[]),
        (gateway, "clusters", "update", Effect::Restart, &[]),
        (first, "notifications", "update", Effect::Metadata, &[]),
        (first, "ingestion_definition.source_configurations", "update", Effect::Metadata, &[]),
        (first, "ingestion_definition.full_refresh_window", "update", Effect::Metadata, &[]),
        (first, "run_as", "update", Effect::Metadata, &[]),
        (gateway, "run_as", "update", Effect::Restart, &[]),
        (gateway, "cascade_on_destroy", "update", Effect::Metadata, &[]),
        (first, "cascade_on_destroy", "update", Effect::Metadata, &[]),
        (JOB, "schedule.quartz_cron_expression", "update", Effect::Metadata, &[]),
        (JOB, "tasks", "update", Effect::Metadata, &[]),
    ];
    for (key, path, action, effect, needs) in fields {
        let changes = World::new().edit(key, action, path, json!("a"), json!("b")).changes();
        assert_eq!(effect_of(&changes, key), *effect, "{key} {path}");
        assert_eq!(consents_of(&changes), *needs, "{key} {path}");
        assert!(changes.findings.is_empty(), "{key} {path}");
        assert!(changes.drift.is_empty(), "{key} {path}: {:?}", changes.drift);
        assert_eq!(changes.resources[0].fields[0].to_string(), format!("{path}: a → b"));
        if let Some(need) = changes.needs.first() {
            assert_eq!(need.field.as_ref().unwrap().to_string(), format!("{path}: a → b"));
        }
    }
}

#[test]
fn permissions_are_metadata() {
    let mut world = World::new();
    world.plan[format!("{FIRST}.permissions")] = json!({"action": "create", "new_state": {"value": {}}});
    let changes = world.changes();
    assert_eq!(changes.resources[0].key, "pipelines.pipeline_sales_01_g01_p01.permissions");
    assert_eq!(changes.resources[0].effect, Effect::Metadata);
    assert!(changes.needs.is_empty() && !changes.is_empty());
}

#[test]
fn a_gateway_takes_the_pipelines_behind_it_along() {
    let changes = World::new().other_gateway_schema().changes();
    let gateway = &changes.resources[0];
    assert_eq!(gateway.key, "pipelines.gateway_sales_01_g01");
    assert_eq!(
        gateway.cause.to_string(),
        "gateway_schema `staging`, which the target maps to `staging2`, tables.csv:2 → gateway recreated → 2 pipelines → 4 tables"
    );
    assert_eq!(gateway.tables.unwrap().before, 4);
    assert_eq!(
        consents_of(&changes),
        [
            "recreate:gateway_sales_01_g01",
            "recreate:pipeline_sales_01_g01_p01",
            "recreate:pipeline_sales_01_g01_p02"
        ]
    );
    assert_eq!(changes.tables.len(), 4);
    assert!(changes.tables.iter().all(|table| {
        (table.action, table.effect, table.fate) == (TableAction::Update, Effect::Snapshot, Some(Fate::Kept))
    }));
    assert!(
        changes.tables[0]
            .cause
            .to_string()
            .ends_with("gateway recreated → pipeline_sales_01_g01_p01 recreated")
    );
    assert_eq!(changes.hand_over.len(), 2);
    assert_eq!(
        changes.hand_over[0].statements,
        ["DROP TABLE `main`.`bronze`.`customers`;", "DROP TABLE `main`.`bronze`.`orders`;"]
    );
    assert!(changes.hand_over[0].instead.as_ref().unwrap().contains("cascade_on_destroy: true"));
}

#[test]
fn the_row_that_names_another_schema_is_the_cause() {
    let mut world = World::new().other_gateway_schema();
    world.bundle.gateways[0].settings.schema = "staging2".into();
    let changes = world.changes();
    assert_eq!(
        changes.resources[0].cause.to_string(),
        "gateway_schema, tables.csv:2 → gateway recreated → 2 pipelines → 4 tables"
    );
    let need = &changes.needs[0];
    assert_eq!(
        need.field.as_ref().unwrap().to_string(),
        "gateway_definition.gateway_storage_schema: staging → staging2"
    );
    assert_eq!(need.tables, 4);
    assert_eq!(
        need.what,
        "gateway gateway_sales_01_g01 is deleted and made again, its 4 tables KEPT and read again in full"
    );
}

#[test]
fn a_gateway_deleted_by_hand_is_told() {
    let mut world = World::new().other_gateway_schema();
    world.plan[GATEWAY] = json!({"action": "create", "new_state": {"value": gateway()}});
    let changes = world.changes();
    assert_eq!(changes.drift[0].what, "pipelines.gateway_sales_01_g01 was deleted by hand");
    assert_eq!(
        changes.resources[0].cause.to_string(),
        "gateway_sales_01_g01 was deleted by hand → made again → 2 pipelines → 4 tables"
    );
    assert_eq!(
        consents_of(&changes),
        ["recreate:pipeline_sales_01_g01_p01", "recreate:pipeline_sales_01_g01_p02"]
    );
}

#[test]
fn a_pipeline_deleted_by_hand_is_made_again_without_consent() {
    let mut world = World::new();
    world.plan[FIRST] =
        json!({"action": "create", "new_state": {"value": pipeline(&["Orders", "Customers", "New"])}});
    let changes = world.changes();
    assert_eq!(
        tables_of(&changes),
        [
            "Add main.bronze.customers initial (pipeline_sales_01_g01_p01 was deleted by hand → made again)",
            "Add main.bronze.new initial (new row)",
            "Add main.bronze.orders initial (pipeline_sales_01_g01_p01 was deleted by hand → made again)",
        ]
    );
    assert!(changes.needs.is_empty());
    assert_eq!(changes.drift.len(), 1);
}

#[test]
fn what_was_gone_before_is_only_forgotten() {
    let mut world = World::new();
    world.plan[FIRST] = json!({"action": "delete", "gone": true});
    let changes = world.changes();
    assert_eq!(effect_of(&changes, FIRST), Effect::None);
    assert_eq!(
        tables_of(&changes)[0],
        "Remove main.bronze.customers none (pipeline_sales_01_g01_p01 was deleted by hand)"
    );
    assert!(changes.needs.is_empty() && changes.findings.is_empty());
}

#[test]
fn the_first_deploy_reads_everything_for_the_first_time() {
    let mut world = World::new();
    for key in [GATEWAY, FIRST, SECOND, JOB] {
        world.act(key, "create");
        world.plan[key].as_object_mut().unwrap().remove("remote_state");
    }
    world.state = json!({});
    let changes = world.changes();
    assert_eq!(changes.tables.len(), 4);
    assert_eq!(tables_of(&changes)[3], "Add main.bronze.prices initial (new row, tables.csv:5)");
    assert_eq!(effect_of(&changes, FIRST), Effect::Initial);
    assert_eq!(effect_of(&changes, GATEWAY), Effect::Metadata);
    assert!(changes.needs.is_empty() && changes.drift.is_empty());
    assert_eq!(changes.tables_before(), 0);
}

#[test]
fn a_new_row_is_read_for_the_first_time_and_the_others_are_not_touched() {
    let mut world = World::new().wants(FIRST, &[table("Orders"), table("Customers"), table("Returns")]);
    world.bundle = bundle([&["Orders", "Customers", "Returns"], &["Items", "Prices"]]);
    let changes = world.changes();
    assert_eq!(tables_of(&changes), ["Add main.bronze.returns initial (new row, tables.csv:4)"]);
    assert_eq!(changes.unchanged_tables, 4);
    assert_eq!(changes.resources[0].tables, Some(TableCount { before: 2, after: 3, added: 1, removed: 0 }));
    assert_eq!(effect_of(&changes, FIRST), Effect::Initial);
    assert!(changes.needs.is_empty());
}

#[test]
fn a_table_that_leaves_a_pipeline_that_stays_needs_no_consent() {
    let changes = World::new().wants(FIRST, &[table("Orders")]).changes();
    assert_eq!(tables_of(&changes), ["Remove main.bronze.customers none (no row asks for it any more)"]);
    assert_eq!(changes.resources[0].tables.unwrap().removed, 1);
    assert_eq!(effect_of(&changes, FIRST), Effect::Metadata);
    assert!(changes.needs.is_empty());
}

#[test]
fn another_order_is_nothing_to_the_tables() {
    let changes = World::new().wants(FIRST, &[table("Customers"), table("Orders")]).changes();
    assert!(changes.tables.is_empty() && changes.needs.is_empty());
    assert_eq!(changes.unchanged_tables, 4);
}

#[test]
fn what_is_read_otherwise_in_place_is_read_again() {
    for (path, value) in [
        ("/table/source_schema", json!("other")),
        ("/table/source_table", json!("Orders2")),
        ("/table/table_configuration/scd_type", json!("SCD_TYPE_2")),
        ("/table/table_configuration/primary_keys", json!(["id"])),
        ("/table/table_configuration/sequence_by", json!(["ts"])),
        ("/table/table_configuration/row_filter", json!("id > 1")),
    ] {
        let mut edited = table("Orders");
        let (block, field) = path.rsplit_once('/').unwrap();
        edited.pointer_mut(block).unwrap()[field] = value;
        let changes = World::new().wants(FIRST, &[edited, table("Customers")]).changes();
        assert_eq!(changes.tables[0].effect, Effect::Snapshot, "{path}");
        assert_eq!(consents_of(&changes), ["snapshot:pipeline_sales_01_g01_p01"], "{path}");
        assert_eq!(effect_of(&changes, FIRST), Effect::Snapshot, "{path}");
        let inner = path.strip_prefix("/table/").unwrap().replace('/', ".");
        let need = changes.needs[0].field.as_ref().unwrap();
        assert_eq!(need.path, format!("objects[main.bronze.orders].{inner}"));
        assert_eq!(changes.unchanged_tables, 3);
    }
    let mut edited = table("Orders");
    edited["table"]["table_configuration"]["exclude_columns"] = json!(["secret"]);
    let changes = World::new().wants(FIRST, &[edited, table("Customers")]).changes();
    assert_eq!(tables_of(&changes), ["Update main.bronze.orders metadata (exclude_columns, tables.csv:2)"]);
    assert!(changes.needs.is_empty());
}

#[test]
fn a_table_in_another_pipeline_moves() {
    let changes = World::new()
        .wants(FIRST, &[table("Orders")])
        .wants(SECOND, &[table("Items"), table("Prices"), table("Customers")])
        .changes();
    assert_eq!(changes.tables.len(), 1);
    let moved = &changes.tables[0];
    assert_eq!((moved.action, moved.effect), (TableAction::Move, Effect::Snapshot));
    assert_eq!(moved.from.as_deref(), Some("pipeline_sales_01_g01_p01"));
    assert_eq!(consents_of(&changes), ["move:pipeline_sales_01_g01_p01"]);
    assert_eq!(
        changes.needs[0].field.as_ref().unwrap().to_string(),
        "objects[main.bronze.customers].pipeline: pipeline_sales_01_g01_p01 → pipeline_sales_01_g01_p02"
    );
    assert_eq!(
        changes.needs[0].what,
        "1 table leaves pipeline_sales_01_g01_p01 and is read again in full, once it is dropped by hand after the deploy"
    );
    assert_eq!(changes.hand_over[0].pipeline, "pipeline_sales_01_g01_p02");
    assert_eq!(changes.hand_over[0].statements, ["DROP TABLE `main`.`bronze`.`customers`;"]);
    assert_eq!(changes.hand_over[0].instead, None);
}

#[test]
fn another_key_is_a_deletion_and_a_move() {
    let mut world = World::new().delete(FIRST);
    world.plan["resources.pipelines.pipeline_new"] =
        json!({"action": "create", "new_state": {"value": pipeline(&["Orders", "Customers"])}});
    let changes = world.changes();
    assert!(changes.tables.iter().all(|table| table.action == TableAction::Move));
    assert_eq!(consents_of(&changes), ["delete:pipeline_sales_01_g01_p01", "move:pipeline_sales_01_g01_p01"]);
    assert_eq!(changes.hand_over[0].statements.len(), 2, "they are kept and in the way");
    assert_eq!(
        changes.needs[0].what,
        "pipeline pipeline_sales_01_g01_p01 is deleted, its 2 tables KEPT and read again in full"
    );
    assert!(changes.needs[1].what.ends_with("once they are dropped by hand after the deploy"));
    let dropping = world.without_deployed_flag().dropping().changes();
    assert_eq!(
        dropping.needs[1].what,
        "2 tables leave pipeline_sales_01_g01_p01, are DROPPED and read again in full"
    );
    assert!(dropping.hand_over.is_empty());
}

#[test]
fn a_gateway_under_another_key_takes_the_pipelines_behind_it_along() {
    let again = "ingestion_definition.ingestion_gateway_id";
    let new = json!("${resources.pipelines.gateway_new.id}");
    let mut world = World::new()
        .delete(GATEWAY)
        .edit(FIRST, "recreate", again, json!("g-1"), new.clone())
        .edit(SECOND, "recreate", again, json!("g-1"), new);
    world.plan["resources.pipelines.gateway_new"] =
        json!({"action": "create", "new_state": {"value": gateway()}});
    let changes = world.changes();
    assert_eq!(
        consents_of(&changes),
        [
            "delete:gateway_sales_01_g01",
            "recreate:pipeline_sales_01_g01_p01",
            "recreate:pipeline_sales_01_g01_p02"
        ]
    );
    assert_eq!(
        tables_of(&changes)[0],
        "Update main.bronze.customers snapshot (pipeline_sales_01_g01_p01 reads through another gateway, gateway_new → \
         pipeline_sales_01_g01_p01 recreated)"
    );
}

#[test]
fn a_deleted_pipeline_says_what_becomes_of_its_tables() {
    let changes = World::new().delete(FIRST).delete(JOB).changes();
    assert_eq!(
        tables_of(&changes)[1],
        "Remove main.bronze.orders delete (no row asks for it any more → pipeline_sales_01_g01_p01 deleted)"
    );
    assert_eq!(changes.tables[0].fate, Some(Fate::Kept));
    assert_eq!(consents_of(&changes), ["delete:pipeline_sales_01_g01_p01"]);
    assert_eq!(changes.needs[0].what, "pipeline pipeline_sales_01_g01_p01 is deleted, its 2 tables KEPT");
    assert_eq!(effect_of(&changes, JOB), Effect::Metadata);
    assert_eq!((changes.counts.deleted, changes.unchanged_tables), (2, 2));
}

#[test]
fn a_flag_that_is_not_deployed_refuses_what_would_drop_tables() {
    for world in [World::new().delete(FIRST), World::new().other_gateway_schema()] {
        let world = world.without_deployed_flag();
        let changes = world.changes();
        let refused: Vec<&str> = changes.findings.iter().map(|finding| finding.rule).collect();
        assert!(!refused.is_empty() && refused.iter().all(|rule| *rule == "TW402"), "{refused:?}");
        assert!(changes.needs.is_empty(), "no consent covers it");
        let finding = changes.findings.iter().last().unwrap();
        assert!(finding.what.contains("2 tables DROPPED"), "{}", finding.what);
        assert!(finding.fix.starts_with("deploy once without this change"), "{}", finding.fix);
        // Where they are meant to go, it is a matter of consent.
        let changes = world.dropping().changes();
        assert!(changes.findings.is_empty() && !changes.needs.is_empty());
        assert!(changes.tables.iter().all(|table| table.fate == Some(Fate::Dropped)));
        assert!(changes.hand_over.is_empty(), "nothing is in the way");
    }
}

#[test]
fn a_recreate_that_drops_takes_what_leaves_along() {
    let world = World::new().other_gateway_schema().wants(FIRST, &[table("Orders")]);
    let changes = world.without_deployed_flag().dropping().changes();
    let leaving = changes.tables.iter().find(|table| table.key == "main.bronze.customers").unwrap();
    assert_eq!(
        (leaving.action, leaving.effect, leaving.fate),
        (TableAction::Remove, Effect::Delete, Some(Fate::Dropped))
    );
    let need = |key: &str| {
        let need = changes.needs.iter().find(|need| need.consent.name == key).unwrap();
        (need.what.as_str(), need.tables, need.fate)
    };
    let dropped = Some(Fate::Dropped);
    assert_eq!(
        need("gateway_sales_01_g01"),
        (
            "gateway gateway_sales_01_g01 is deleted and made again, its 4 tables DROPPED, 3 of them read again in full, 1 \
             lost for good",
            4,
            dropped
        )
    );
    assert_eq!(
        need("pipeline_sales_01_g01_p01"),
        (
            "pipeline pipeline_sales_01_g01_p01 is deleted and made again, its 2 tables DROPPED, 1 of them read again in \
             full, 1 lost for good",
            2,
            dropped
        )
    );
    assert_eq!(
        need("pipeline_sales_01_g01_p02").0,
        "pipeline pipeline_sales_01_g01_p02 is deleted and made again, its 2 tables DROPPED and read again in full"
    );
}

#[test]
fn a_recreate_that_keeps_does_not_read_again_what_leaves() {
    let changes = World::new()
        .other_gateway_schema()
        .wants(FIRST, &[table("Orders"), table("Invoices"), table("Prices")])
        .wants(SECOND, &[])
        .changes();
    let need = |index: usize| (changes.needs[index].what.as_str(), changes.needs[index].tables);
    assert_eq!(
        need(0),
        (
            "gateway gateway_sales_01_g01 is deleted and made again, its 4 tables KEPT, 2 of them read again in full",
            4
        )
    );
    assert_eq!(
        need(1).0,
        "pipeline pipeline_sales_01_g01_p01 is deleted and made again, its 2 tables KEPT, 1 of them read again in full"
    );
    // What moves is read again by the pipeline that gets it.
    assert_eq!(
        need(2).0,
        "pipeline pipeline_sales_01_g01_p02 is deleted and made again, its 2 tables KEPT, 1 of them read again in full"
    );
    let fates: Vec<_> = changes.tables.iter().map(|table| (table.key.as_str(), table.fate)).collect();
    assert_eq!(
        fates,
        [
            ("main.bronze.customers", Some(Fate::Kept)),
            ("main.bronze.invoices", None),
            ("main.bronze.items", Some(Fate::Kept)),
            ("main.bronze.orders", Some(Fate::Kept)),
            ("main.bronze.prices", Some(Fate::Kept)),
        ]
    );
}

#[test]
fn tables_behind_one_gateway_may_have_different_fates() {
    let mut world = World::new().other_gateway_schema().without_deployed_flag().dropping();
    world.state[SECOND]["state"]["cascade_on_destroy"] = json!(false);
    let changes = world.changes();
    let gateway = &changes.needs[0];
    assert_eq!(
        (gateway.what.as_str(), gateway.fate),
        (
            "gateway gateway_sales_01_g01 is deleted and made again, its 4 tables, 2 KEPT and 2 DROPPED, all read again in \
             full",
            Some(Fate::Dropped)
        )
    );
    assert_eq!(
        changes.needs.iter().map(|need| need.fate.unwrap()).collect::<Vec<_>>()[1..],
        [Fate::Dropped, Fate::Kept]
    );
    assert_eq!(changes.resources[0].fate, Some(Fate::Dropped), "as its tables go");
}

#[test]
fn prevent_destroy_forbids_what_no_consent_could_allow() {
    let mut world = World::new().other_gateway_schema();
    world.target.prevent_destroy = true;
    let changes = world.changes();
    assert!(changes.findings.iter().all(|finding| finding.rule == "TW403"));
    assert!(changes.needs.is_empty());
    // The CLI does not look at what is taken out.
    let mut world = World::new().delete(FIRST);
    world.target.prevent_destroy = true;
    assert!(world.changes().findings.is_empty());
}

#[test]
fn what_was_changed_by_hand_is_noticed() {
    let mut world = World::new();
    world.act(JOB, "update");
    world.plan[JOB]["changes"]["schedule.pause_status"] =
        json!({"action": "update", "old": "UNPAUSED", "new": "UNPAUSED", "remote": "PAUSED"});
    let changes = world.changes();
    assert_eq!(changes.drift.len(), 1);
    assert_eq!(changes.drift[0].what, "jobs.job_sales_01_g01_p01 was paused by hand");
    assert_eq!(changes.resources[0].cause.to_string(), "schedule.pause_status was changed by hand");
    assert_eq!(
        changes.resources[0].fields[0].to_string(),
        "schedule.pause_status: PAUSED → UNPAUSED",
        "from what is there"
    );
}

#[test]
fn tables_that_were_changed_by_hand_are_noticed_one_by_one() {
    let mut world = World::new().wants(FIRST, &[table("Orders"), table("Customers")]);
    let mut edited = table("Customers");
    edited["table"]["table_configuration"]["scd_type"] = json!("SCD_TYPE_2");
    let remote = json!([edited, table("Stranger")]);
    world.plan[FIRST]["remote_state"]["ingestion_definition"]["objects"] = remote.clone();
    world.plan[FIRST]["changes"]["ingestion_definition.objects"]["remote"] = remote;
    let changes = world.changes();
    let told: Vec<&str> = changes.drift.iter().map(|drift| drift.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "main.bronze.customers table_configuration.scd_type was changed by hand: SCD_TYPE_1 → SCD_TYPE_2",
            "main.bronze.orders was taken out of pipelines.pipeline_sales_01_g01_p01 by hand",
            "main.bronze.stranger was put into pipelines.pipeline_sales_01_g01_p01 by hand",
        ]
    );
    assert_eq!(
        tables_of(&changes),
        [
            "Update main.bronze.customers snapshot (table_configuration.scd_type was changed by hand, it is changed back)",
            "Add main.bronze.orders initial (it was taken out by hand)",
            "Remove main.bronze.stranger none (it was put in by hand, no row asks for it)",
        ]
    );
    assert_eq!(consents_of(&changes), ["snapshot:pipeline_sales_01_g01_p01"]);
}

#[test]
fn what_the_service_adds_is_no_change_of_a_table() {
    let mut world = World::new().wants(FIRST, &[table("Orders"), table("Customers"), table("New")]);
    let objects = &mut world.plan[FIRST]["remote_state"]["ingestion_definition"]["objects"];
    objects[0]["table"]["table_configuration"]["row_filter"] = json!("added by the service");
    let changes = world.changes();
    assert_eq!(changes.tables.len(), 1);
    assert!(changes.needs.is_empty() && changes.drift.is_empty());
}

#[test]
fn very_many_tables_that_leave_a_project_need_a_consent() {
    let project = |before: usize, leaving: usize| {
        let names: Vec<String> = (0..before).map(|number| format!("T{number:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut world = World::new();
        world.state[FIRST]["state"] = pipeline(&names);
        world.plan[FIRST]["remote_state"] = pipeline(&names);
        world.plan.as_object_mut().unwrap().remove(SECOND);
        let left: Vec<Value> = names[leaving..].iter().map(|name| table(name)).collect();
        let world = world.wants(FIRST, &left);
        let mut all = [world.changes()];
        settle(&mut all);
        consents_of(&all[0])
    };
    assert_eq!(project(600, 300), ["remove:retail"]);
    assert_eq!(project(600, 61), ["remove:retail"]);
    assert_eq!(project(600, 60), Vec::<String>::new(), "no more than a tenth");
    assert_eq!(project(60, 50), Vec::<String>::new(), "no more than fifty");
    assert_eq!(project(60, 51), ["remove:retail"]);
}

#[test]
fn tables_that_leave_and_are_dropped_are_told() {
    let names: Vec<String> = (0..100).map(|number| format!("T{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new().delete(FIRST);
    world.state[FIRST]["state"] = pipeline(&names);
    world.plan[FIRST]["remote_state"] = pipeline(&names);
    let remove = |world: &World| {
        let mut all = [world.changes()];
        settle(&mut all);
        let need = all[0].needs.iter().find(|need| need.consent.kind == ConsentKind::Remove).unwrap();
        (need.what.clone(), need.fate)
    };
    assert_eq!(remove(&world), ("100 of 102 tables leave project retail".to_owned(), Some(Fate::Kept)));
    let dropping = world.without_deployed_flag().dropping();
    let told = "100 of 102 tables leave project retail, 100 of them DROPPED";
    assert_eq!(remove(&dropping), (told.to_owned(), Some(Fate::Dropped)));
}

#[test]
fn an_approval_of_tables_that_leave_is_for_these_tables() {
    let field = |left: std::ops::Range<usize>| {
        let names: Vec<String> = (0..200).map(|number| format!("T{number:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut world = World::new();
        world.state[FIRST]["state"] = pipeline(&names);
        world.plan[FIRST]["remote_state"] = pipeline(&names);
        let stays: Vec<Value> = names[left].iter().map(|name| table(name)).collect();
        let mut all = [world.wants(FIRST, &stays).changes()];
        settle(&mut all);
        all[0].needs[0].field.clone().unwrap()
    };
    assert_eq!(field(0..100), field(0..100));
    let (first, other) = (field(0..100), field(100..200));
    assert_eq!((&first.old, &first.new), (&other.old, &other.new), "as many");
    assert_ne!(first.path, other.path);
}

#[test]
fn what_the_user_has_beside_ours_is_destroyed_with_consent_alone() {
    let mut world = World::new();
    world.plan["resources.schemas.lake"] = json!({"action": "delete"});
    world.plan["resources.schemas.gone"] = json!({"action": "delete", "gone": true});
    world.plan["resources.schemas.lake.grants"] = json!({"action": "delete"});
    world.plan["resources.volumes.files"] = json!({"action": "recreate", "changes": {
        "storage_location": {"action": "recreate", "reason": "immutable", "old": "a", "new": "b", "remote": "a"}}});
    world.plan["resources.jobs.mine"] = json!({"action": "delete"});
    let changes = world.changes();
    assert_eq!(consents_of(&changes), ["delete:schemas.lake", "recreate:volumes.files"]);
    let what: Vec<&str> = changes.needs.iter().map(|need| need.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "schemas.lake is deleted with all that it holds",
            "volumes.files is deleted with all that it holds, and made again"
        ]
    );
    assert_eq!(changes.needs[1].field.as_ref().unwrap().to_string(), "storage_location: a → b");
    assert_eq!(effect_of(&changes, "resources.schemas.lake"), Effect::Delete);
    assert_eq!(effect_of(&changes, "resources.schemas.gone"), Effect::None);
    assert_eq!(effect_of(&changes, "resources.jobs.mine"), Effect::Metadata);
}

#[test]
fn the_bundles_of_a_project_are_counted_together() {
    let many: Vec<String> = (0..40).map(|number| format!("T{number:04}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let bundle = |name: &str| {
        let mut world = World::new();
        world.bundle.name = name.into();
        world.state[FIRST]["state"] = pipeline(&names);
        world.plan[FIRST]["remote_state"] = pipeline(&names);
        world.wants(FIRST, &[table("T0000")]).changes()
    };
    let mut both = [bundle("retail"), bundle("retail_b02")];
    settle(&mut both);
    let needs: Vec<_> = both.iter().flat_map(|bundle| &bundle.needs).map(|need| need.what.as_str()).collect();
    assert_eq!(needs, ["78 of 84 tables leave project retail"]);
}

#[test]
fn the_consent_is_asked_for_where_tables_leave() {
    let unchanged = |bundle: &str| BundleChanges {
        bundle: bundle.into(),
        project: "retail".into(),
        unchanged_tables: 100,
        ..BundleChanges::default()
    };
    let many: Vec<String> = (0..60).map(|number| format!("T{number:04}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut world = World::new();
    world.bundle.name = "retail_b02".into();
    world.state[FIRST]["state"] = pipeline(&names);
    world.plan[FIRST]["remote_state"] = pipeline(&names);
    // Of a bundle that is recognised there is no plan, and so nothing that its needs could stop.
    let mut all =
        [unchanged("retail"), world.wants(FIRST, &[table("T0000")]).changes(), unchanged("retail_b03")];
    settle(&mut all);
    assert_eq!(all.each_ref().map(|bundle| consents_of(bundle).len()), [0, 1, 0]);
}

/// The plan with its node of one pipeline, and what is refused of it.
fn refused(mut world: World, key: &str, edit: impl FnOnce(&mut Value)) -> Vec<String> {
    edit(&mut world.plan[key]);
    let findings = world.changes().findings;
    assert!(findings.iter().all(|finding| finding.severity == Severity::Error));
    // What is destroyed is refused for its tables too, where the state does not say that they stay.
    findings.iter().filter(|finding| finding.rule == "TW404").map(|finding| finding.what.clone()).collect()
}

/// Both tables of the first pipeline get a history.
fn with_history() -> World {
    let tables = ["Orders", "Customers"].map(|name| {
        let mut table = table(name);
        table["table"]["table_configuration"]["scd_type"] = json!("SCD_TYPE_2");
        table
    });
    World::new().wants(FIRST, &tables)
}

#[test]
fn what_the_plan_does_not_tell_is_as_it_was_deployed() {
    let told = with_history().changes();
    let mut world = with_history();
    world.plan[FIRST].as_object_mut().unwrap().remove("remote_state");
    let untold = world.changes();
    assert_eq!(consents_of(&untold), ["snapshot:pipeline_sales_01_g01_p01"]);
    assert_eq!(tables_of(&untold), tables_of(&told));
    assert!(untold.findings.is_empty() && untold.drift.is_empty());
    for (action, consent) in [("delete", "delete:"), ("recreate", "recreate:")] {
        let mut world = World::new();
        world.act(FIRST, action);
        world.plan[FIRST].as_object_mut().unwrap().remove("remote_state");
        let changes = world.changes();
        assert_eq!(consents_of(&changes), [format!("{consent}pipeline_sales_01_g01_p01")]);
        assert_eq!(changes.needs[0].tables, 2, "{action}");
        assert!(changes.tables.iter().all(|table| table.fate == Some(Fate::Kept)), "{action}");
    }
}

#[test]
fn what_neither_plan_nor_state_tells_is_refused() {
    for action in ["update", "recreate", "delete"] {
        let mut world = with_history();
        world.act(FIRST, action);
        world.state.as_object_mut().unwrap().remove(FIRST);
        let refused = refused(world, FIRST, |node| {
            node.as_object_mut().unwrap().remove("remote_state");
            node["changes"] = json!({});
        });
        let told = format!(
            "the plan does not tell what happens to pipelines.pipeline_sales_01_g01_p01: `{action}` without remote_state, and the \
             state does not tell either which tables it has"
        );
        assert_eq!(refused, [told]);
    }
}

#[test]
fn a_node_of_another_shape_is_refused() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 8] = [
        (|node| node["new_state"] = json!(null), "`update` without its definition in new_state"),
        (|node| node["new_state"] = json!({}), "`update` without its definition in new_state"),
        (
            |node| node["new_state"] = json!({"value": {"name": "x"}}),
            "`update` without its definition in new_state",
        ),
        (
            |node| node["new_state"]["value"]["ingestion_definition"] = json!({}),
            "`update` without its definition in new_state",
        ),
        (
            |node| node["remote_state"] = json!({"spec": node["remote_state"].clone()}),
            "`update`, and its remote_state has no ingestion_definition",
        ),
        (
            |node| node["remote_state"] = json!("running"),
            "`update`, and its remote_state has no ingestion_definition",
        ),
        (|node| node["action"] = json!("update_id"), "`update_id` is not what happens to a pipeline"),
        (|node| node["action"] = json!("create"), "`create` of what is there"),
    ];
    for (edit, told) in edits {
        let refused = refused(with_history(), FIRST, edit);
        assert_eq!(refused.len(), 1, "{told}: {refused:?}");
        assert!(refused[0].ends_with(told), "{told}: {refused:?}");
    }
    // A size has no fields beside it.
    let resized = refused(World::new(), FIRST, |node| node["action"] = json!("resize"));
    assert!(resized[0].ends_with("`resize` is not what happens to a pipeline"), "{resized:?}");
    let gateway = refused(World::new().other_gateway_schema(), GATEWAY, |node| {
        node["new_state"]["value"] = json!({"name": "sales_01_g01"});
    });
    assert!(gateway[0].ends_with("`recreate` without its definition in new_state"), "{gateway:?}");
}
