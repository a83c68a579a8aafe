//! One ingested object as the bundle describes it: what is read, where it goes, and how.

/// Where a table is written to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// Unity Catalog catalog.
    pub catalog: String,
    /// Schema in it.
    pub schema: String,
    /// Table in it.
    pub table: String,
}

impl Destination {
    /// How destinations are told apart: Unity Catalog does not look at case.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.{}.{}", self.catalog, self.schema, self.table).to_lowercase()
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.catalog, self.schema, self.table)
    }
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectSource {
    /// `table` in `ingestion_definition.objects`.
    Table {
        /// The source database; sources without databases have none.
        catalog: Option<String>,
        /// The schema in it.
        schema: Option<String>,
        /// The table, in the exact letter case of the source.
        table: String,
    },
    /// `report` in `ingestion_definition.objects`.
    Report {
        /// The address of the report.
        url: String,
    },
}

impl std::fmt::Display for ObjectSource {
    /// The names joined by dots, or the address.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table { catalog, schema, table } => {
                for name in [catalog, schema].into_iter().flatten() {
                    write!(formatter, "{name}.")?;
                }
                formatter.write_str(table)
            }
            Self::Report { url } => formatter.write_str(url),
        }
    }
}

/// How changes are kept (`table_configuration.scd_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScdType {
    /// The newest version of a row.
    Type1,
    /// Every version of a row.
    Type2,
    /// Rows are only added.
    AppendOnly,
}

impl ScdType {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Type1 => "SCD_TYPE_1",
            Self::Type2 => "SCD_TYPE_2",
            Self::AppendOnly => "APPEND_ONLY",
        }
    }
}

/// `table_configuration` of an object. Empty lists are left out of the bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Only these columns.
    pub include_columns: Vec<String>,
    /// All but these columns.
    pub exclude_columns: Vec<String>,
    /// The columns that identify a row.
    pub primary_keys: Vec<String>,
    /// How changes are kept; the service decides where it is absent.
    pub scd_type: Option<ScdType>,
}

/// One entry of `ingestion_definition.objects`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What is read.
    pub source: ObjectSource,
    /// Where it goes.
    pub destination: Destination,
    /// How.
    pub configuration: Configuration,
}
