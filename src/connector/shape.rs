//! From the fields of a row to the objects it stands for, one function per shape.

use super::object::{Configuration, Destination, Object, ObjectSource};

/// The effective fields of one row, as a shape reads them. Blank is absent.
pub trait Fields {
    /// The text of a column, trimmed.
    fn text(&self, column: &str) -> Option<&str>;
    /// The items of a column that holds a list, trimmed, empty ones dropped.
    fn list(&self, column: &str) -> Vec<String>;
    /// `table_configuration` of the row.
    fn configuration(&self) -> Configuration;
}

/// How the rows of a connector become objects (predecessor's section 2; `ingestion_definition.objects` of the Pipelines
/// API).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A table in a schema of a database.
    DatabaseTable,
    /// An object of an application that has one fixed schema.
    ApplicationObject {
        /// That schema.
        schema: &'static str,
    },
    /// A table in a schema, without a database above it.
    SchemaTable,
    /// Several tables of one exported property, named by the row's `tables`.
    ExportTables,
    /// A report behind an address.
    Report,
}

impl Shape {
    /// The objects of one row, in order. Fields that are absent become empty text: that they are there is judged before.
    #[must_use]
    pub fn objects(self, fields: &impl Fields) -> Vec<Object> {
        match self {
            Self::DatabaseTable => database_table(fields),
            Self::ApplicationObject { schema } => application_object(fields, schema),
            Self::SchemaTable => schema_table(fields),
            Self::ExportTables => export_tables(fields),
            Self::Report => report(fields),
        }
    }
}

fn database_table(fields: &impl Fields) -> Vec<Object> {
    let table = required(fields, "source_table_name");
    let destination = fields.text("target_table_name").map_or_else(|| table.clone(), str::to_owned);
    one(
        fields,
        ObjectSource::Table {
            catalog: Some(required(fields, "source_database")),
            schema: Some(required(fields, "source_schema")),
            table,
        },
        destination,
    )
}

fn application_object(fields: &impl Fields, schema: &str) -> Vec<Object> {
    let source = ObjectSource::Table {
        catalog: None,
        schema: Some(schema.to_owned()),
        table: required(fields, "source_table_name"),
    };
    one(fields, source, required(fields, "target_table_name"))
}

fn schema_table(fields: &impl Fields) -> Vec<Object> {
    let source = ObjectSource::Table {
        catalog: None,
        schema: Some(required(fields, "source_schema")),
        table: required(fields, "source_table_name"),
    };
    one(fields, source, required(fields, "target_table_name"))
}

fn export_tables(fields: &impl Fields) -> Vec<Object> {
    let schema = required(fields, "source_schema");
    fields
        .list("tables")
        .into_iter()
        .flat_map(|table| {
            let destination = format!("{schema}_{table}");
            let source = ObjectSource::Table {
                catalog: Some(required(fields, "source_catalog")),
                schema: Some(schema.clone()),
                table,
            };
            one(fields, source, destination)
        })
        .collect()
}

fn report(fields: &impl Fields) -> Vec<Object> {
    let source = ObjectSource::Report { url: required(fields, "source_url") };
    one(fields, source, required(fields, "target_table_name"))
}

fn one(fields: &impl Fields, source: ObjectSource, table: String) -> Vec<Object> {
    let destination = Destination {
        catalog: required(fields, "target_catalog"),
        schema: required(fields, "target_schema"),
        table,
    };
    vec![Object { source, destination, configuration: fields.configuration() }]
}

fn required(fields: &impl Fields, column: &str) -> String {
    fields.text(column).unwrap_or_default().to_owned()
}
