//! The columns that rows, defaults and overrides may have.

macro_rules! columns {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// A column that some connector reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Column {
            $(#[doc = $doc] $variant,)*
        }

        impl Column {
            /// Every column.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As rows, defaults and overrides name it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line for people.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

columns! {
    Connector "connector" "The connector of the row.",
    ProjectName "project_name" "The project: one bundle.",
    Prefix "prefix" "First part of the names of gateways, pipelines and jobs; the project where it is blank.",
    Subgroup "subgroup" "Second part of those names; 01 where no row of a prefix has one.",
    SourceDatabase "source_database" "The source database.",
    SourceCatalog "source_catalog" "The source catalog (Google Analytics: the Google Cloud project).",
    SourceSchema "source_schema" "The source schema (Google Analytics: the property).",
    SourceTableName "source_table_name" "The source table, in the exact letter case of the source.",
    SourceUrl "source_url" "The address of a Workday report.",
    Tables "tables" "The tables of a Google Analytics property.",
    TargetCatalog "target_catalog" "The catalog that is written to.",
    TargetSchema "target_schema" "The schema that is written to.",
    TargetTableName "target_table_name" "The table that is written to.",
    ConnectionName "connection_name" "The Unity Catalog connection.",
    GatewayCatalog "gateway_catalog" "The catalog of the gateway's storage; that of the first table where it is blank.",
    GatewaySchema "gateway_schema" "The schema of the gateway's storage; that of the first table where it is blank.",
    GatewayWorkerType "gateway_worker_type" "The node type of the gateway's worker.",
    GatewayDriverType "gateway_driver_type" "The node type of the gateway's driver.",
    Schedule "schedule" "When the job starts: cron of five fields, or Quartz of six or seven.",
    Timezone "timezone" "The time zone of the schedule, as Europe/Berlin.",
    PauseStatus "pause_status" "PAUSED or UNPAUSED.",
    Tags "tags" "Tags of pipelines, jobs and gateways, as team=crm,env=prod or a JSON object.",
    IncludeColumns "include_columns" "Only these columns are read.",
    ExcludeColumns "exclude_columns" "All but these columns are read.",
    PrimaryKeys "primary_keys" "The columns that identify a row.",
    ScdType "scd_type" "How changes are kept: SCD_TYPE_1, SCD_TYPE_2 or APPEND_ONLY.",
    Weight "weight" "How heavy the table is beside others, a whole number, for the placement `weighted`; 1 where it is blank.",
}

/// Names that are accepted for a column.
const ALIASES: [(&str, Column); 2] =
    [("source_table", Column::SourceTableName), ("target_table", Column::TargetTableName)];

impl Column {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The column of this name, or of this other name for it; blanks around it do not count.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::named(name)
            .or_else(|| ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, column)| *column))
    }

    /// Its position in [`Column::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::connectors;

    #[test]
    fn columns_are_found_by_name_and_alias() {
        for (index, column) in Column::ALL.iter().enumerate() {
            assert_eq!(column.index(), index);
            assert_eq!(Column::of(column.as_str()), Some(*column));
        }
        assert_eq!(Column::of(" source_table "), Some(Column::SourceTableName));
        assert_eq!(Column::of("Prefix"), None);
    }

    #[test]
    fn every_column_of_a_connector_is_known() {
        for connector in connectors() {
            for name in connector.required.iter().chain(connector.optional) {
                assert!(Column::of(name).is_some(), "{name}");
            }
        }
    }
}
