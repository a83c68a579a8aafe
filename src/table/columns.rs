//! The columns of the rows, of defaults and of overrides: known ones, missing ones, and those that nobody reads.

use std::collections::BTreeSet;

use super::judge::Judge;
use super::resolution::column_of;
use crate::closest::{closest, did_you_mean};
use crate::connector::{Connector, Family};
use crate::finding::{Finding, Place};
use crate::settings::{Assignments, Column};

/// Columns that the predecessor's resolved table has and nobody reads back.
const CARRIED: [&str; 2] = ["gateway", "pipeline_group"];

/// The columns that every connector reads.
const COMMON: [Column; 12] = [
    Column::Connector,
    Column::ProjectName,
    Column::Prefix,
    Column::Subgroup,
    Column::Schedule,
    Column::Timezone,
    Column::PauseStatus,
    Column::Tags,
    Column::IncludeColumns,
    Column::ExcludeColumns,
    Column::PrimaryKeys,
    Column::ScdType,
];

fn reads(connector: &Connector, column: Column) -> bool {
    COMMON.contains(&column)
        || column == Column::Weight
        || connector.required.contains(&column.as_str())
        || connector.optional.contains(&column.as_str())
}

fn known() -> impl Iterator<Item = &'static str> {
    Column::ALL.iter().map(|column| column.as_str())
}

impl Judge<'_> {
    /// The connectors that rows name, each once.
    pub(super) fn connectors(&self) -> Vec<&'static Connector> {
        let mut found: Vec<&'static Connector> = Vec::new();
        for connector in self.resolution.contexts.iter().filter_map(|context| context.connector) {
            if !found.contains(&connector) {
                found.push(connector);
            }
        }
        found.sort_by_key(|connector| connector.name);
        found
    }

    /// Columns of the rows that nobody reads, and such for which there are two names.
    pub(super) fn judge_columns(&mut self) {
        let rows = self.resolution.rows;
        let connectors = self.connectors();
        let mut seen: Vec<(Column, &str)> = Vec::new();
        for name in rows.columns() {
            if name.is_empty() || CARRIED.contains(&name.as_str()) {
                continue;
            }
            let Some(column) = column_of(rows, name) else {
                self.tell("TW110", || {
                    let hint = did_you_mean(name, known());
                    Finding::warning("TW110", format!("column `{name}` is not known{hint}"))
                        .at(rows.header_place(name))
                        .why("nothing reads it, so that its cells have no effect")
                        .fix(match closest(name, known()) {
                            Some(known) => format!("rename it to `{known}` if that is meant"),
                            None => "leave it as a note to yourself, or remove it".to_owned(),
                        })
                });
                continue;
            };
            if let Some((_, other)) = seen.iter().find(|(present, _)| *present == column)
                && *other != name.as_str()
            {
                self.tell("TW107", || {
                    Finding::error(
                        "TW107",
                        format!("columns `{other}` and `{name}` are two names of one column"),
                    )
                    .at(rows.header_place(name))
                    .why("which of the two cells holds cannot be known")
                    .fix("remove one of them")
                });
            }
            seen.push((column, name));
            if !connectors.is_empty() && !connectors.iter().any(|connector| reads(connector, column)) {
                self.tell("TW126", || {
                    let names: Vec<_> = connectors.iter().map(|connector| connector.name).collect();
                    Finding::warning("TW126", format!("column `{name}` is not read by {}", names.join(", ")))
                        .at(rows.header_place(name))
                        .why("its cells have no effect")
                        .fix("remove it, or check the connector")
                });
            }
        }
    }

    /// Columns of defaults and overrides that are not known.
    pub(super) fn judge_assigned_columns(&mut self) {
        let settings = self.resolution.settings;
        let both: [(&str, &Assignments); 2] =
            [("default_values", &settings.defaults), ("override_input_config", &settings.overrides)];
        for (what, assignments) in both {
            for assigned in assignments.layers.iter().flat_map(|layer| &layer.values) {
                if Column::of(&assigned.column).is_some() || CARRIED.contains(&assigned.column.as_str()) {
                    continue;
                }
                self.tell("TW123", || {
                    let name = &assigned.column;
                    let hint = did_you_mean(name, known());
                    Finding::error("TW123", format!("{what} sets column `{name}`, which is not known{hint}"))
                        .at(assigned.place.clone())
                        .why("nothing reads it, so that the value has no effect")
                        .fix("correct the name, or remove the line")
                });
            }
        }
    }

    /// Group keys that no row matches, and such that name one group.
    pub(super) fn judge_group_keys(&mut self) {
        for (what, earlier, later, column) in self.resolution.rivals() {
            self.tell("TW127", || {
                Finding::error(
                    "TW127",
                    format!(
                        "{what} keys `{}` and `{}` are one group and differ in {column}",
                        earlier.key, later.key
                    ),
                )
                .at(later.place.clone())
                .why("subgroups are padded to two characters, and which of the two holds is not said")
                .fix("keep one of the keys")
            });
        }
        let unused: Vec<_> = self.resolution.unused().collect();
        if unused.is_empty() {
            return;
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        for context in &self.resolution.contexts {
            names.extend(context.project.clone());
            if let Some(prefix) = &context.prefix {
                names.insert(prefix.clone());
                names.insert(format!("{prefix}_{}", context.subgroup.as_deref().unwrap_or("01")));
            }
        }
        for (what, layer) in unused {
            self.tell("TW124", || {
                let hint = did_you_mean(&layer.key, names.iter().map(String::as_str));
                Finding::warning("TW124", format!("{what} key `{}` matches no row{hint}", layer.key))
                    .at(layer.place.clone())
                    .why("a key is compared with prefix_subgroup, prefix and project of each row, letter case counts")
                    .fix("correct or remove it")
            });
        }
    }

    /// Required columns that are neither in the rows nor in the settings: told once, not for every row. Returns them.
    pub(super) fn judge_missing_columns(&mut self) -> Vec<(&'static Connector, Column)> {
        let mut missing = Vec::new();
        for connector in self.connectors() {
            let required = std::iter::once("project_name").chain(connector.required.iter().copied());
            let columns: Vec<Column> = required
                .filter_map(Column::of)
                .filter(|column| !self.is_somewhere(*column) && !has_fall_back(connector, *column))
                .collect();
            if columns.is_empty() {
                continue;
            }
            let place = self.header_place();
            for column in columns {
                missing.push((connector, column));
                let place = place.clone();
                let hint =
                    closest(column.as_str(), self.resolution.rows.columns().iter().map(String::as_str));
                let hint = hint.filter(|name| Column::of(name).is_none());
                self.tell("TW201", || {
                    Finding::error(
                        "TW201",
                        format!("column `{column}`, which {} needs, is missing", connector.name),
                    )
                    .at(place)
                    .why("no row has it, and no default or override sets it")
                    .fix(match hint {
                        Some(name) => format!("rename `{name}` to `{column}` if that is meant"),
                        None => format!("add the column, or `{column}` to default_values"),
                    })
                });
            }
        }
        missing
    }

    /// Whether rows, defaults, overrides or a setting of its own say anything of a column.
    fn is_somewhere(&self, column: Column) -> bool {
        let settings = self.resolution.settings;
        let assigned = |assignments: &Assignments| {
            assignments
                .layers
                .iter()
                .flat_map(|layer| &layer.values)
                .any(|assigned| Column::of(&assigned.column) == Some(column))
        };
        self.resolution.position(column).is_some()
            || assigned(&settings.defaults)
            || assigned(&settings.overrides)
            || (column == Column::ProjectName && settings.project.is_some())
    }

    fn header_place(&self) -> Place {
        let rows = self.resolution.rows;
        rows.columns().first().map_or_else(|| rows.source_place(), |name| rows.header_place(name))
    }
}

/// Whether another column stands in for a required one.
pub(super) fn has_fall_back(connector: &Connector, column: Column) -> bool {
    connector.family == Family::Database && column == Column::TargetTableName
}
