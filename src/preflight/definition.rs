//! The part of a pipeline's definition that says what it reads and writes: as the bundle's state has it, and as the
//! workspace has it now.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::text::plural;

/// What a pipeline reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Definition {
    /// Its display name.
    pub name: Option<String>,
    pub(super) catalog: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) ingestion_definition: Option<Ingestion>,
    pub(super) gateway_definition: Option<Storage>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Ingestion {
    pub(super) connection_name: Option<String>,
    pub(super) ingestion_gateway_id: Option<String>,
    #[serde(default)]
    pub(super) objects: Vec<Object>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Storage {
    pub(super) connection_name: Option<String>,
    pub(super) gateway_storage_catalog: Option<String>,
    pub(super) gateway_storage_schema: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Object {
    pub(super) table: Option<Ends>,
    pub(super) report: Option<Ends>,
    pub(super) schema: Option<Ends>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Ends {
    pub(super) source_catalog: Option<String>,
    pub(super) source_schema: Option<String>,
    pub(super) source_table: Option<String>,
    pub(super) source_url: Option<String>,
    pub(super) destination_catalog: Option<String>,
    pub(super) destination_schema: Option<String>,
    pub(super) destination_table: Option<String>,
}

/// A way in which two definitions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// For people.
    pub(super) what: String,
    /// Whether the CLI answers it by deleting the pipeline and creating it again.
    pub(super) recreates: bool,
}

/// How many tables of a difference are named.
const NAMED: usize = 3;

impl Definition {
    /// Reads the spec of a pipeline; what is no definition is none.
    #[must_use]
    pub fn read(spec: &Value) -> Option<Self> {
        Self::deserialize(spec).ok()
    }

    /// Whether it is a gateway.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.gateway_definition.is_some()
    }

    /// How many objects it ingests.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.ingestion_definition.as_ref().map_or(0, |ingestion| ingestion.objects.len())
    }

    /// How `live` differs from this. What this leaves open the service may fill in.
    pub(super) fn differences(&self, live: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare =
            |what: &str, was: Option<&String>, is: Option<&String>, exact: bool, recreates: bool| {
                let Some(was) = was else { return };
                let same =
                    is.is_some_and(|is| is == was || (!exact && is.to_lowercase() == was.to_lowercase()));
                if !same {
                    let is = is.map_or_else(|| "none".to_owned(), |is| format!("\"{is}\""));
                    found.push(Difference { what: format!("{what} {is} instead of \"{was}\""), recreates });
                }
            };
        compare("name", self.name.as_ref(), live.name.as_ref(), true, false);
        compare("catalog", self.catalog.as_ref(), live.catalog.as_ref(), false, false);
        compare("schema", self.schema.as_ref(), live.schema.as_ref(), false, false);
        if let Some(was) = &self.gateway_definition {
            let nothing = Storage::default();
            let is = live.gateway_definition.as_ref().unwrap_or(&nothing);
            let (catalog, schema) = (&was.gateway_storage_catalog, &was.gateway_storage_schema);
            compare("connection", was.connection_name.as_ref(), is.connection_name.as_ref(), true, true);
            compare("storage catalog", catalog.as_ref(), is.gateway_storage_catalog.as_ref(), false, true);
            compare("storage schema", schema.as_ref(), is.gateway_storage_schema.as_ref(), false, true);
        }
        if let Some(was) = &self.ingestion_definition {
            let nothing = Ingestion::default();
            let is = live.ingestion_definition.as_ref().unwrap_or(&nothing);
            let (gateway, live_gateway) = (&was.ingestion_gateway_id, &is.ingestion_gateway_id);
            compare("connection", was.connection_name.as_ref(), is.connection_name.as_ref(), true, true);
            compare("gateway", gateway.as_ref(), live_gateway.as_ref(), true, true);
            found.extend(was.table_differences(is));
        }
        found
    }
}

impl Ingestion {
    fn table_differences(&self, live: &Self) -> Vec<Difference> {
        let (was, is) = (self.tables(), live.tables());
        let names = |from: &BTreeMap<String, Table>, other: &BTreeMap<String, Table>| -> Vec<String> {
            from.iter()
                .filter(|(key, _)| !other.contains_key(*key))
                .map(|(_, table)| table.shown.clone())
                .collect()
        };
        let changed: Vec<String> = was
            .iter()
            .filter(|(key, table)| is.get(*key).is_some_and(|other| other.source != table.source))
            .map(|(_, table)| table.shown.clone())
            .collect();
        let told = |names: Vec<String>, how: &str| {
            (!names.is_empty()).then(|| Difference {
                what: format!("{} {how} ({})", plural(names.len(), "table"), list(&names)),
                recreates: false,
            })
        };
        [
            told(names(&is, &was), "more"),
            told(names(&was, &is), "fewer"),
            told(changed, "from another source"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// By destination, which compares without case.
    fn tables(&self) -> BTreeMap<String, Table> {
        let objects = self.objects.iter().filter_map(Object::ends);
        objects
            .map(|ends| {
                let name = ends.destination_table.as_ref().or(ends.source_table.as_ref());
                let parts = [ends.destination_catalog.as_ref(), ends.destination_schema.as_ref(), name];
                let shown = parts.map(|part| part.map_or("*", String::as_str)).join(".");
                let source =
                    [&ends.source_catalog, &ends.source_schema, &ends.source_table, &ends.source_url]
                        .map(|part| part.clone().unwrap_or_default());
                (shown.to_lowercase(), Table { shown, source })
            })
            .collect()
    }
}

/// A table by where it comes from.
struct Table {
    shown: String,
    source: [String; 4],
}

impl Object {
    fn ends(&self) -> Option<&Ends> {
        self.table.as_ref().or(self.report.as_ref()).or(self.schema.as_ref())
    }
}

/// The first few of them.
pub(super) fn list(names: &[String]) -> String {
    let mut shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        shown.push_str(&format!(", and {} more", names.len() - NAMED));
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(was: Value, is: Value) -> Vec<(String, bool)> {
        let (was, is) = (Definition::read(&was).unwrap(), Definition::read(&is).unwrap());
        was.differences(&is).into_iter().map(|difference| (difference.what, difference.recreates)).collect()
    }

    fn table(source: &str, destination: &str) -> Value {
        json!({"table": {"source_schema": "dbo", "source_table": source, "destination_catalog": "bronze",
            "destination_schema": "sales", "destination_table": destination}})
    }

    #[test]
    fn what_the_service_fills_in_or_writes_in_lower_case_is_no_difference() {
        let was = json!({"name": "p", "schema": "Sales", "ingestion_definition": {"connection_name": "c", "objects": [table("T", "T")]}});
        let is = json!({"name": "p", "catalog": "main", "schema": "sales", "channel": "CURRENT",
            "ingestion_definition": {"connection_name": "c", "source_type": "SQLSERVER", "objects": [table("T", "t")]}});
        assert_eq!(told(was, is), []);
    }

    #[test]
    fn tables_and_fields_that_differ_are_named() {
        let was = json!({"name": "p", "ingestion_definition": {"connection_name": "a", "objects": [table("A", "a"), table("B", "b")]}});
        let is = json!({"name": "q", "ingestion_definition": {"connection_name": "b", "objects":
            [table("A2", "a"), table("C", "c"), table("D", "d"), table("E", "e"), table("F", "f")]}});
        let expected = [
            ("name \"q\" instead of \"p\"", false),
            ("connection \"b\" instead of \"a\"", true),
            ("4 tables more (bronze.sales.c, bronze.sales.d, bronze.sales.e, and 1 more)", false),
            ("1 table fewer (bronze.sales.b)", false),
            ("1 table from another source (bronze.sales.a)", false),
        ];
        assert_eq!(told(was, is), expected.map(|(what, recreates)| (what.to_owned(), recreates)));
    }
}
