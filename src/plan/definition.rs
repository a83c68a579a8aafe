//! A table as a pipeline's definition describes it, `ingestion_definition.objects[i]`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::field::FieldDifference;
use super::levels::{CONFIGURATION, Layers, Level, differences, field, said, same};

/// One entry of `objects`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition<'a> {
    kind: &'a str,
    fields: &'a Value,
    /// `table_configuration` of the schema that a table belongs to, where the pipeline ingests that too.
    schema: Option<&'a Value>,
    /// `table_configuration` of the pipeline.
    pipeline: Option<&'a Value>,
}

/// Fields that stand in the way of going on where the last update stopped: with another value the table is read again in full.
const READ_AGAIN: &[&str] = &[
    "source_catalog",
    "source_schema",
    "source_table",
    "source_url",
    // Where these connectors have what other connectors have above.
    "connector_options.gdrive_options.url",
    "connector_options.kafka_options.topic_pattern",
    "connector_options.kafka_options.topics",
    "connector_options.sharepoint_options.url",
    "table_configuration.scd_type",
    "table_configuration.primary_keys",
    "table_configuration.sequence_by",
    "table_configuration.row_filter",
    "table_configuration.query_based_connector_config.cursor_columns",
    FULL_REFRESH,
];

/// That a job has a table read again in full, which stands beside the fields of the table.
pub(super) const FULL_REFRESH: &str = "full_refresh";

/// The tables of a pipeline's definition; none for a gateway.
pub(super) fn definitions(pipeline: &Value) -> impl Iterator<Item = Definition<'_>> {
    let ingestion = pipeline.get("ingestion_definition");
    let objects = ingestion.and_then(|block| block.get("objects")?.as_array());
    let pipeline = ingestion.and_then(|block| block.get(CONFIGURATION));
    let schemas: Vec<&Value> =
        objects.into_iter().flatten().filter_map(|object| object.get("schema")).collect();
    objects.into_iter().flatten().filter_map(move |object| {
        let mut definition = Definition::of(object)?;
        definition.pipeline = pipeline;
        if definition.kind == "table" {
            let around = schemas.iter().find(|schema| definition.lies_in(schema));
            definition.schema = around.and_then(|schema| schema.get(CONFIGURATION));
        }
        Some(definition)
    })
}

/// The destinations of a pipeline's definition, `main.bronze.orders`, in lower case; a whole schema is `main.bronze.*`.
#[must_use]
pub fn destinations(pipeline: &Value) -> BTreeSet<String> {
    definitions(pipeline).map(Definition::key).collect()
}

impl<'a> Definition<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        ["table", "report", "schema"]
            .into_iter()
            .find_map(|kind| Some(Self { kind, fields: object.get(kind)?, schema: None, pipeline: None }))
    }

    fn lies_in(self, schema: &Value) -> bool {
        ["source_catalog", "source_schema"]
            .iter()
            .all(|field| said(self.fields.get(field)) == said(schema.get(field)))
    }

    fn text(self, field: &str) -> &'a str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// `main.bronze.orders`; a whole schema is `main.bronze.*`.
    pub(super) fn destination(self) -> String {
        let [catalog, schema, table] = self.destination_parts();
        format!("{catalog}.{schema}.{table}")
    }

    /// Catalog, schema and table; a table without a name of its own is called as its source.
    pub(super) fn destination_parts(self) -> [&'a str; 3] {
        let table = match (self.kind, self.text("destination_table")) {
            ("schema", _) => "*",
            ("table", "") => self.text("source_table"),
            (_, table) => table,
        };
        [self.text("destination_catalog"), self.text("destination_schema"), table]
    }

    /// How tables are told apart: Unity Catalog does not look at case.
    pub(super) fn key(self) -> String {
        self.destination().to_lowercase()
    }

    /// `erp.dbo.Orders`, or the address of a report.
    pub(super) fn source(self) -> String {
        if self.kind == "report" {
            return self.text("source_url").to_owned();
        }
        ["source_catalog", "source_schema", "source_table"]
            .map(|field| self.text(field))
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(".")
    }

    /// The fields in which `wanted` differs from this one, in the order of their names, whether they are said here or further
    /// away. Where the table goes is what makes it the same table, so that is no difference.
    pub(super) fn differences(self, wanted: Definition<'_>) -> Vec<FieldDifference> {
        let mut found = differences(&self.layers(), &wanted.layers());
        found.retain(|field| !field.path.starts_with("destination_"));
        found
    }

    fn layers(self) -> Layers<'a> {
        Layers::new(self.fields, [self.schema, self.pipeline].into_iter().flatten())
    }

    /// The value of a field by its path, here or from further away.
    pub(super) fn field(self, path: &str) -> Option<&'a Value> {
        let away = path.strip_prefix(CONFIGURATION).and_then(|rest| rest.strip_prefix('.'));
        let away = away.into_iter().flat_map(|rest| {
            [self.schema, self.pipeline].into_iter().flatten().filter_map(move |block| field(block, rest))
        });
        self.own(path).into_iter().chain(away).next()
    }

    /// The value of a field by its path, as this entry itself says it.
    pub(super) fn own(self, path: &str) -> Option<&'a Value> {
        field(self.fields, path)
    }

    /// Which level's configuration makes the difference in this field to `wanted`.
    pub(super) fn level(self, wanted: Definition<'_>, path: &str) -> Level {
        let Some(rest) = path.strip_prefix(CONFIGURATION).and_then(|rest| rest.strip_prefix('.')) else {
            return Level::Table;
        };
        let [old, new] =
            [self, wanted].map(|definition| definition.schema.and_then(|block| field(block, rest)));
        if !same(path, self.own(path), wanted.own(path)) {
            Level::Table
        } else if !same(path, old, new) {
            Level::Schema
        } else {
            Level::Pipeline
        }
    }
}

/// Whether a table is read again in full when this field of it changes.
pub(super) fn reads_again(path: &str) -> bool {
    READ_AGAIN.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(old: &Value, new: &Value) -> Vec<String> {
        let (old, new) = (Definition::of(old).unwrap(), Definition::of(new).unwrap());
        old.differences(new).into_iter().map(|field| field.to_string()).collect()
    }

    #[test]
    fn tables_reports_and_schemas_have_destinations() {
        let object = json!({"table": {"source_schema": "dbo", "source_table": "Orders",
            "destination_catalog": "main", "destination_schema": "bronze"}});
        let table = Definition::of(&object).unwrap();
        assert_eq!((table.destination(), table.source()), ("main.bronze.Orders".into(), "dbo.Orders".into()));
        assert_eq!(table.key(), "main.bronze.orders");
        let object = json!({"report": {"source_url": "https://x", "destination_catalog": "m",
            "destination_schema": "b", "destination_table": "r"}});
        let report = Definition::of(&object).unwrap();
        assert_eq!((report.destination(), report.source()), ("m.b.r".into(), "https://x".into()));
        let object = json!({"schema": {"source_schema": "dbo", "destination_catalog": "m", "destination_schema": "b"}});
        assert_eq!(Definition::of(&object).unwrap().destination(), "m.b.*");
        assert!(Definition::of(&json!({"else": {}})).is_none());
    }

    #[test]
    fn what_says_nothing_is_no_difference() {
        let old =
            json!({"table": {"source_table": "A", "table_configuration": {"primary_keys": ["a", "b"]}}});
        let new = json!({"table": {"source_table": "A", "destination_table": "A", "source_catalog": null,
            "table_configuration": {"primary_keys": ["b", "a"], "include_columns": []}}});
        assert_eq!(differences(&old, &new), Vec::<String>::new());
        let none = json!({"table": {"source_table": "A"}});
        assert_eq!(differences(&old, &none), ["table_configuration.primary_keys: [\"a\",\"b\"] → (none)"]);
    }

    #[test]
    fn what_cannot_go_on_is_read_again() {
        let table = |configuration: Value| json!({"table": {"source_table": "A", "table_configuration": configuration}});
        let paths = |new: Value| -> Vec<(String, bool)> {
            let (old, new) = (table(json!({"scd_type": "SCD_TYPE_1"})), table(new));
            let (old, new) = (Definition::of(&old).unwrap(), Definition::of(&new).unwrap());
            old.differences(new)
                .into_iter()
                .map(|field| (field.path.clone(), reads_again(&field.path)))
                .collect()
        };
        for (new, path, again) in [
            (json!({"scd_type": "SCD_TYPE_2"}), "scd_type", true),
            (json!({"scd_type": "SCD_TYPE_1", "primary_keys": ["a"]}), "primary_keys", true),
            (json!({"scd_type": "SCD_TYPE_1", "sequence_by": ["a"]}), "sequence_by", true),
            (json!({"scd_type": "SCD_TYPE_1", "row_filter": "a > 1"}), "row_filter", true),
            (
                json!({"scd_type": "SCD_TYPE_1", "query_based_connector_config": {"cursor_columns": ["a"]}}),
                "query_based_connector_config.cursor_columns",
                true,
            ),
            (json!({"scd_type": "SCD_TYPE_1", "exclude_columns": ["a"]}), "exclude_columns", false),
        ] {
            assert_eq!(paths(new), [(format!("table_configuration.{path}"), again)]);
        }
    }

    /// What differs between the only tables, at the end, of two pipelines; each with the level that makes the difference.
    fn between(old: &Value, new: &Value) -> Vec<(String, Level)> {
        let [old, new] = [old, new].map(|pipeline| json!({"ingestion_definition": pipeline}));
        let (old, new) = (definitions(&old).last().unwrap(), definitions(&new).last().unwrap());
        let found = old.differences(new).into_iter();
        found.map(|field| (field.to_string(), old.level(new, &field.path))).collect()
    }

    #[test]
    fn the_nearer_configuration_wins() {
        let table = |configuration: Value| {
            json!({"table": {"source_schema": "s", "source_table": "A",
            "table_configuration": configuration}})
        };
        let filter = |value: &str| json!({"row_filter": value});
        let old = json!({"objects": [table(json!({"scd_type": "SCD_TYPE_1"}))]});
        let mut new = old.clone();
        new["table_configuration"] = filter("a > 1");
        let row_filter = "table_configuration.row_filter";
        assert_eq!(between(&old, &new), [(format!("{row_filter}: (none) → a > 1"), Level::Pipeline)]);
        // What the table says itself is what counts.
        let own = json!({"objects": [table(filter("a > 2"))], "table_configuration": filter("a > 1")});
        let mut other = own.clone();
        other["table_configuration"] = filter("a > 3");
        assert_eq!(between(&own, &other), []);
        // A schema is nearer than the pipeline, and only for its own tables.
        let schema =
            |name: &str| json!({"schema": {"source_schema": name, "table_configuration": filter("a > 4")}});
        let plain = json!({"objects": [schema("s"), table(json!({}))]});
        let mut around = plain.clone();
        around["table_configuration"] = filter("a > 1");
        assert_eq!(between(&plain, &around), []);
        around["objects"][0] = schema("other");
        assert_eq!(between(&plain, &around), [(format!("{row_filter}: a > 4 → a > 1"), Level::Schema)]);
        // The same, said further away.
        let mut away = own.clone();
        away["objects"][0] = table(json!({}));
        away["table_configuration"] = filter("a > 2");
        assert_eq!(between(&own, &away), []);
        away["table_configuration"] = filter("a > 5");
        assert_eq!(between(&own, &away), [(format!("{row_filter}: a > 2 → a > 5"), Level::Table)]);
        let cursor = json!({"query_based_connector_config": {"cursor_columns": ["at"]}});
        let mut new = old.clone();
        new["table_configuration"] = cursor;
        assert_eq!(between(&old, &new)[0].1, Level::Pipeline);
    }

    #[test]
    fn some_sources_stand_in_the_options_of_their_connector() {
        for (kind, field) in
            [("kafka", "topics"), ("kafka", "topic_pattern"), ("sharepoint", "url"), ("gdrive", "url")]
        {
            let table = |value: &str| {
                let options = json!({format!("{kind}_options"): {field: value, "else": value}});
                json!({"table": {"source_table": "A", "connector_options": options}})
            };
            let (old, new) = (table("a"), table("b"));
            let found = Definition::of(&old).unwrap().differences(Definition::of(&new).unwrap());
            let again: Vec<_> = found.iter().map(|field| reads_again(&field.path)).collect();
            assert_eq!(again, [false, true], "{kind} {field}: {found:?}");
        }
    }
}
