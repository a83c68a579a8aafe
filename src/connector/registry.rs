//! The connectors, as data.

use super::shape::Shape;

/// How a source is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A database: a gateway reads its log and pipelines stand behind the gateway.
    Database,
    /// An application: the pipeline itself holds the connection.
    Saas,
}

/// A Lakeflow Connect source.
#[derive(Debug, PartialEq, Eq)]
pub struct Connector {
    /// As rows, settings and flags name it.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// How it is reached.
    pub family: Family,
    /// `connection_type` of its Unity Catalog connections.
    pub connection_type: &'static str,
    /// Columns that a row must fill, in the order in which they are reported.
    pub required: &'static [&'static str],
    /// Columns that it reads beyond the required ones and those that every connector has.
    pub optional: &'static [&'static str],
    /// The schedule of a row that names none, in cron.
    pub schedule: &'static str,
    /// How its rows become objects.
    pub shape: Shape,
}

const TABLE_COLUMNS: &[&str] = &[
    "source_database",
    "source_schema",
    "source_table_name",
    "target_catalog",
    "target_schema",
    "target_table_name",
    "connection_name",
];

const GATEWAY_COLUMNS: &[&str] =
    &["gateway_catalog", "gateway_schema", "gateway_worker_type", "gateway_driver_type"];

const EVERY_15_MINUTES: &str = "*/15 * * * *";
const EVERY_6_HOURS: &str = "0 */6 * * *";

const CONNECTORS: &[Connector] = &[
    Connector {
        name: "google_analytics",
        title: "Google Analytics 4, raw data",
        family: Family::Saas,
        connection_type: "GA4_RAW_DATA",
        required: &[
            "source_catalog",
            "source_schema",
            "tables",
            "target_catalog",
            "target_schema",
            "connection_name",
        ],
        optional: &[],
        schedule: EVERY_6_HOURS,
        shape: Shape::ExportTables,
    },
    Connector {
        name: "postgresql",
        title: "PostgreSQL, change data capture",
        family: Family::Database,
        connection_type: "POSTGRESQL",
        required: TABLE_COLUMNS,
        optional: GATEWAY_COLUMNS,
        schedule: EVERY_15_MINUTES,
        shape: Shape::DatabaseTable,
    },
    Connector {
        name: "salesforce",
        title: "Salesforce objects",
        family: Family::Saas,
        connection_type: "SALESFORCE",
        required: TABLE_COLUMNS,
        optional: &["primary_keys"],
        schedule: EVERY_15_MINUTES,
        shape: Shape::ApplicationObject { schema: "objects" },
    },
    Connector {
        name: "servicenow",
        title: "ServiceNow tables",
        family: Family::Saas,
        connection_type: "SERVICENOW",
        required: TABLE_COLUMNS,
        optional: &[],
        schedule: EVERY_15_MINUTES,
        shape: Shape::SchemaTable,
    },
    Connector {
        name: "sql_server",
        title: "SQL Server, change data capture",
        family: Family::Database,
        connection_type: "SQLSERVER",
        required: TABLE_COLUMNS,
        optional: GATEWAY_COLUMNS,
        schedule: EVERY_15_MINUTES,
        shape: Shape::DatabaseTable,
    },
    Connector {
        name: "workday_reports",
        title: "Workday reports as a service",
        family: Family::Saas,
        connection_type: "WORKDAY_RAAS",
        required: &[
            "source_url",
            "target_catalog",
            "target_schema",
            "target_table_name",
            "connection_name",
            "primary_keys",
        ],
        optional: &[],
        schedule: EVERY_6_HOURS,
        shape: Shape::Report,
    },
];

/// Every connector, by name.
#[must_use]
pub fn connectors() -> &'static [Connector] {
    CONNECTORS
}

/// The connector of this name, in any case.
#[must_use]
pub fn connector(name: &str) -> Option<&'static Connector> {
    CONNECTORS.iter().find(|connector| connector.name.eq_ignore_ascii_case(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found_in_any_case() {
        assert!(CONNECTORS.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(connector(" SQL_Server ").map(|c| c.name), Some("sql_server"));
        assert_eq!(connector("mysql"), None);
    }
}
