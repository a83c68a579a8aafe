//! One row: its effective fields as the connector's shape reads them, and the rules that need no other row.

use super::columns::has_fall_back;
use super::judge::Judge;
use super::reference::find_reference;
use super::resolution::{Effective, Resolution, ValueOrigin};
use super::{list, name};
use crate::closest::did_you_mean;
use crate::connector::{Configuration, Connector, Family, Fields, Object, ScdType, Shape};
use crate::finding::Finding;
use crate::settings::{Column, Placement};
use crate::source::Cell;
use crate::text::short;

/// The effective fields of a row. Lists and configuration were read, and judged, before.
struct RowFields<'r, 'a> {
    resolution: &'r Resolution<'a>,
    row: usize,
    configuration: Configuration,
}

impl Fields for RowFields<'_, '_> {
    fn text(&self, column: &str) -> Option<&str> {
        self.resolution.value(self.row, Column::of(column)?).cell.scalar()
    }

    fn list(&self, column: &str) -> Vec<String> {
        let Some(column) = Column::of(column) else { return Vec::new() };
        list::items(self.resolution.value(self.row, column).cell).unwrap_or_default()
    }

    fn configuration(&self) -> Configuration {
        self.configuration.clone()
    }
}

/// Columns whose text lands in the bundle as it is.
const WRITTEN: [Column; 14] = [
    Column::ProjectName,
    Column::SourceDatabase,
    Column::SourceCatalog,
    Column::SourceSchema,
    Column::SourceTableName,
    Column::SourceUrl,
    Column::TargetCatalog,
    Column::TargetSchema,
    Column::TargetTableName,
    Column::ConnectionName,
    Column::GatewayCatalog,
    Column::GatewaySchema,
    Column::GatewayWorkerType,
    Column::GatewayDriverType,
];

/// Columns that hold names of Unity Catalog.
const CATALOG_NAMES: [Column; 4] =
    [Column::TargetCatalog, Column::TargetSchema, Column::TargetTableName, Column::ConnectionName];

impl Judge<'_> {
    /// Judges a row and makes its objects. `missing`: required columns that were told as a whole.
    pub(super) fn row(
        &mut self,
        row: usize,
        connector: &'static Connector,
        missing: &[(&'static Connector, Column)],
    ) -> Vec<Object> {
        self.judge_required(row, connector, missing);
        self.judge_names(row, connector);
        let configuration = self.configuration(row);
        let fields = RowFields { resolution: &self.resolution, row, configuration };
        let objects = connector.shape.objects(&fields);
        if connector.shape == Shape::ExportTables {
            self.judge_derived(row, &objects);
        }
        objects
    }

    fn judge_required(
        &mut self,
        row: usize,
        connector: &'static Connector,
        missing: &[(&'static Connector, Column)],
    ) {
        for column in connector.required.iter().filter_map(|name| Column::of(name)) {
            let value = self.resolution.value(row, column);
            let blank = match value.cell {
                Cell::List(_) => list::items(value.cell).is_ok_and(|items| items.is_empty()),
                Cell::Text(_) if matches!(column, Column::Tables | Column::PrimaryKeys) => {
                    list::items(value.cell).is_ok_and(|items| items.is_empty())
                }
                cell => cell.is_blank(),
            };
            if !blank {
                if matches!(value.cell, Cell::Map(_) | Cell::List(_))
                    && !matches!(column, Column::Tables | Column::PrimaryKeys)
                {
                    self.tell_value("TW218", (row, column), value.origin, || {
                        Finding::error(
                            "TW218",
                            format!("{column} must be text, and is {}", value.cell.display()),
                        )
                    });
                }
                continue;
            }
            if has_fall_back(connector, column) || missing.contains(&(connector, column)) {
                continue;
            }
            self.tell_value("TW202", (row, column), value.origin, || {
                Finding::error("TW202", format!("{column} is blank"))
                    .why(format!("{} needs it in every row", connector.name))
                    .fix(format!("fill the cell, or set {column} in default_values"))
            });
        }
    }

    fn judge_names(&mut self, row: usize, connector: &Connector) {
        let escapes = self.resolution.settings.escapes_references();
        for column in WRITTEN {
            let value = self.resolution.value(row, column);
            let Some(text) = value.cell.scalar() else { continue };
            if CATALOG_NAMES.contains(&column)
                && !(connector.shape == Shape::ExportTables && column == Column::TargetTableName)
                && let Some(reason) = name::unity_catalog(text)
                // A fall-back that no source has is told as that.
                && (value.origin != ValueOrigin::Column(Column::SourceTableName) || name::readable(text).is_none())
            {
                self.tell_catalog_name(row, column, value, text, &reason);
            } else if !CATALOG_NAMES.contains(&column) && value.is_written(column, connector) {
                self.judge_readable(row, column, value, text);
            }
            if !escapes && text.contains("${") && value.is_written(column, connector) {
                self.judge_reference(row, column, value, text);
            }
        }
    }

    /// Unity Catalog's rules for a name.
    pub(super) fn tell_catalog_name(
        &mut self,
        row: usize,
        column: Column,
        value: Effective<'_>,
        text: &str,
        reason: &str,
    ) {
        self.tell_value("TW205", (row, column), value.origin, || {
            Finding::error("TW205", format!("{column} `{}` is no name for Unity Catalog: {reason}", short(text)))
                .why("names there hold no dots, blanks, slashes, control or invisible characters, and have 255 characters at most")
                .fix("rename it")
        });
    }

    /// What no source has for a name: it would be shown as another one, or is a text that slipped.
    fn judge_readable(&mut self, row: usize, column: Column, value: Effective<'_>, text: &str) {
        let reason = match column {
            // Told with the other rules of a project's name.
            Column::ProjectName => None,
            // An address is no name, and may be long.
            Column::SourceUrl => name::seen(text),
            _ => name::readable(text),
        };
        let Some(reason) = reason else { return };
        self.tell_value("TW227", (row, column), value.origin, || {
            Finding::error("TW227", format!("{column} cannot be `{}`: {reason}", short(text)))
                .why("it would be read as another name than it is, or is a cell that slipped")
                .fix("write it anew")
        });
    }

    /// Text that the databricks CLI would replace.
    pub(super) fn judge_reference(&mut self, row: usize, column: Column, value: Effective<'_>, text: &str) {
        let Some(reference) = find_reference(text) else { return };
        self.tell_value("TW224", (row, column), value.origin, || {
            Finding::error("TW224", format!("{column} `{text}` holds `{reference}`, which the databricks CLI replaces"))
                .why("a bundle's references are looked for in every text, so that another name would be deployed")
                .fix(
                    "rename it, or set  databricks_cli_version: \">= 1.15.0\"  and it is written as `$${…}`, which these \
                     versions leave alone",
                )
        });
    }

    fn configuration(&mut self, row: usize) -> Configuration {
        let include_columns = self.names(row, Column::IncludeColumns);
        let exclude_columns = self.names(row, Column::ExcludeColumns);
        let primary_keys = self.names(row, Column::PrimaryKeys);
        self.names(row, Column::Tables);
        if !include_columns.is_empty() && !exclude_columns.is_empty() {
            let value = self.resolution.value(row, Column::ExcludeColumns);
            self.tell_value("TW219", (row, Column::ExcludeColumns), value.origin, || {
                Finding::error("TW219", "include_columns and exclude_columns are both set")
                    .why("a table takes one or the other")
                    .fix("keep one of them in this row")
            });
        }
        Configuration { include_columns, exclude_columns, primary_keys, scd_type: self.scd_type(row) }
    }

    /// The names of a list, judged.
    fn names(&mut self, row: usize, column: Column) -> Vec<String> {
        let value = self.resolution.value(row, column);
        if value.cell.is_blank() {
            return Vec::new();
        }
        match list::items(value.cell) {
            Ok(items) => {
                for item in &items {
                    self.judge_readable(row, column, value, item);
                }
                if !self.resolution.settings.escapes_references()
                    && let Some(item) = items.iter().find(|item| find_reference(item).is_some())
                {
                    self.judge_reference(row, column, value, item);
                }
                items
            }
            Err(reason) => {
                self.tell_value("TW218", (row, column), value.origin, || {
                    Finding::error(
                        "TW218",
                        format!("{column} `{}` is no list: {reason}", value.cell.display()),
                    )
                    .why("columns would be left out, or named wrongly, without a word")
                    .fix("write  a,b,c  or a list")
                });
                Vec::new()
            }
        }
    }

    fn scd_type(&mut self, row: usize) -> Option<ScdType> {
        let value = self.resolution.value(row, Column::ScdType);
        if value.cell.is_blank() {
            return None;
        }
        const NAMES: [&str; 3] = ["SCD_TYPE_1", "SCD_TYPE_2", "APPEND_ONLY"];
        let text = value.cell.display();
        match text.to_uppercase().as_str() {
            "SCD_TYPE_1" => Some(ScdType::Type1),
            "SCD_TYPE_2" => Some(ScdType::Type2),
            "APPEND_ONLY" => {
                self.tell_value("TW221", (row, Column::ScdType), value.origin, || {
                    Finding::warning("TW221", "APPEND_ONLY is not documented for this connector")
                        .why("only query-based connectors are known to take it; the service may refuse the pipeline")
                        .fix("use SCD_TYPE_1 or SCD_TYPE_2")
                });
                Some(ScdType::AppendOnly)
            }
            other => {
                let hint = match other {
                    "1" | "SCD1" | "TYPE_1" | "TYPE1" => "; did you mean `SCD_TYPE_1`?".to_owned(),
                    "2" | "SCD2" | "TYPE_2" | "TYPE2" => "; did you mean `SCD_TYPE_2`?".to_owned(),
                    _ => did_you_mean(other, NAMES),
                };
                self.tell_value("TW220", (row, Column::ScdType), value.origin, || {
                    Finding::error("TW220", format!("`{text}` is no scd_type{hint}"))
                        .why("without it the table would keep no history, and changing that later reads it again in full")
                        .fix("use SCD_TYPE_1, SCD_TYPE_2 or APPEND_ONLY, or leave it blank")
                });
                None
            }
        }
    }

    /// How heavy each table of a row is; 1 where nobody says.
    pub(super) fn weight(&mut self, row: usize) -> u64 {
        let value = self.resolution.value(row, Column::Weight);
        if value.cell.is_blank() {
            return 1;
        }
        let text = value.cell.display();
        // Digits alone: what else `parse` takes, a sign, is no number of rows or bytes.
        let digits = value.cell.scalar().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(weight) = digits.and_then(|digits| digits.parse().ok()) {
            return weight;
        }
        let used = self.resolution.settings.placement == Placement::Weighted;
        self.tell_value("TW128", (row, Column::Weight), value.origin, || {
            let what = format!("weight `{text}` is no whole number from 0 to {}", u64::MAX);
            let finding = if used { Finding::error("TW128", what) } else { Finding::warning("TW128", what) };
            finding
                .why(if used {
                    "`placement: weighted` spreads tables by it, and placed tables stay where they are"
                } else {
                    "only `placement: weighted` reads it, and would refuse it"
                })
                .fix("write digits alone, as the number of rows or bytes, or leave it blank, which is 1")
        });
        1
    }

    /// Destinations that are made of several columns.
    fn judge_derived(&mut self, row: usize, objects: &[Object]) {
        for object in objects {
            let table = &object.destination.table;
            if let Some(reason) = name::unity_catalog(table) {
                let value = self.resolution.value(row, Column::SourceSchema);
                self.tell_value("TW205", (row, Column::SourceSchema), value.origin, || {
                    Finding::error(
                        "TW205",
                        format!("the destination `{}` is no name for Unity Catalog: {reason}", short(table)),
                    )
                    .why("it is made of source_schema and the names in tables")
                    .fix("check source_schema and tables")
                });
            }
        }
    }
}

impl Effective<'_> {
    /// Whether a text of this column is written for this connector.
    fn is_written(&self, column: Column, connector: &Connector) -> bool {
        match column {
            // A fall-back is judged at the column that it comes from.
            Column::TargetTableName => self.origin != ValueOrigin::Column(Column::SourceTableName),
            Column::GatewayCatalog
            | Column::GatewaySchema
            | Column::GatewayWorkerType
            | Column::GatewayDriverType => connector.family == Family::Database,
            _ => true,
        }
    }
}
