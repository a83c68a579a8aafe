//! A table as a pipeline's definition describes it, `ingestion_definition.objects[i]`.

use serde_json::Value;

use super::field::FieldDifference;

/// One entry of `objects`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition<'a> {
    kind: &'a str,
    fields: &'a Value,
}

/// Fields that stand in the way of going on where the last update stopped: with another value the table is read again in full.
const READ_AGAIN: &[&str] = &[
    "source_catalog",
    "source_schema",
    "source_table",
    "source_url",
    "table_configuration.scd_type",
    "table_configuration.primary_keys",
    "table_configuration.sequence_by",
    "table_configuration.row_filter",
    "table_configuration.query_based_connector_config.cursor_columns",
];

/// Blocks that are compared field by field.
const BLOCKS: &[&str] = &["table_configuration", "table_configuration.query_based_connector_config"];

/// The tables of a pipeline's definition; none for a gateway.
pub(super) fn definitions(pipeline: &Value) -> impl Iterator<Item = Definition<'_>> {
    pipeline
        .pointer("/ingestion_definition/objects")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Definition::of)
}

impl<'a> Definition<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        ["table", "report", "schema"]
            .into_iter()
            .find_map(|kind| Some(Self { kind, fields: object.get(kind)? }))
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

    /// The fields in which `wanted` differs from this one, in the order of their names. Where the table goes is what makes it
    /// the same table, so that is no difference.
    pub(super) fn differences(self, wanted: Definition<'_>) -> Vec<FieldDifference> {
        let mut found = Vec::new();
        compare("", Some(self.fields), Some(wanted.fields), &mut found);
        found.retain(|field| !field.path.starts_with("destination_"));
        found
    }

    /// The value of a field by its path.
    pub(super) fn field(self, path: &str) -> Option<&'a Value> {
        let mut value = self.fields;
        for name in path.split('.') {
            value = value.get(name)?;
        }
        said(Some(value))
    }
}

/// Whether a table is read again in full when this field of it changes.
pub(super) fn reads_again(path: &str) -> bool {
    READ_AGAIN.contains(&path)
}

/// Nothing, an empty text and an empty list all say nothing.
fn said(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<FieldDifference>) {
    if path.is_empty() || BLOCKS.contains(&path) {
        let fields = |value: Option<&Value>| -> Vec<String> {
            value
                .and_then(Value::as_object)
                .map(|fields| fields.keys().cloned().collect())
                .unwrap_or_default()
        };
        let mut names = fields(old);
        names.extend(fields(new));
        names.sort();
        names.dedup();
        for name in names {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let field = |value: Option<&'_ Value>| value.and_then(|value| value.get(&name)).cloned();
            let (old, new) = (field(old), field(new));
            compare(&inner, old.as_ref(), new.as_ref(), found);
        }
        return;
    }
    let (old, new) = (said(old), said(new));
    if !same(path, old, new) {
        found.push(FieldDifference { path: path.to_owned(), old: old.cloned(), new: new.cloned() });
    }
}

fn same(path: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
    if path != "table_configuration.primary_keys" {
        return old == new;
    }
    // The columns of a key have no order.
    let sorted = |value: Option<&Value>| {
        let mut names: Vec<String> =
            value.and_then(Value::as_array).into_iter().flatten().map(ToString::to_string).collect();
        names.sort();
        names
    };
    sorted(old) == sorted(new)
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
}
