//! Why a row has the values it has: each effective field, where it comes from, and what lost against it.

use super::group::Group;
use super::resolution::{Resolution, ValueOrigin, column_of};
use crate::finding::Place;
use crate::settings::Column;

/// A value that was there for a column, and who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The value as text; lists and maps as JSON; nothing for "none".
    pub value: Option<String>,
    /// Who said it, for people: `the row`, ``default_values key `sales` ``.
    pub origin: String,
    /// Where it is written; absent for what is built in.
    pub place: Option<Place>,
}

/// A column of a row, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Which.
    pub column: Column,
    /// What holds.
    pub holds: Said,
    /// What was there too, the strongest first. A blank cell is not told.
    pub lost: Vec<Said>,
}

impl Resolution<'_> {
    /// Every column of a row of which somebody says something, in the order of the columns.
    #[must_use]
    pub fn explain(&self, row: usize) -> Vec<Explained> {
        Column::ALL.iter().filter_map(|column| self.explain_column(row, *column)).collect()
    }

    fn explain_column(&self, row: usize, column: Column) -> Option<Explained> {
        let mut holds: Option<Said> = None;
        let mut lost = Vec::new();
        for (value, wins) in self.candidates(row, column) {
            if value.origin == ValueOrigin::Row && value.cell.is_blank() {
                continue;
            }
            let said = Said {
                value: (!value.cell.is_blank()).then(|| value.cell.display().into_owned()),
                origin: describe(value.origin),
                place: match value.origin {
                    ValueOrigin::Connector | ValueOrigin::BuiltIn => None,
                    ValueOrigin::Setting if column != Column::Timezone => None,
                    origin => Some(self.place(row, column, origin)),
                },
            };
            if wins && holds.is_none() {
                holds = Some(said);
            } else {
                lost.push(said);
            }
        }
        let context = self.context_of(row);
        let settled = match column {
            Column::Prefix => context.prefix.clone(),
            Column::Subgroup => Some(context.subgroup.clone().unwrap_or_else(|| "01".to_owned())),
            Column::Connector => context.connector.map(|connector| connector.name.to_owned()),
            _ => None,
        };
        let holds = match (holds, settled) {
            (Some(mut holds), Some(settled)) => {
                holds.value = Some(settled);
                holds
            }
            (None, Some(settled)) => Said {
                value: Some(settled),
                origin: match column {
                    Column::Prefix => describe(ValueOrigin::Column(Column::ProjectName)),
                    _ => describe(ValueOrigin::BuiltIn),
                },
                place: None,
            },
            (Some(holds), None) => holds,
            (None, None) => return None,
        };
        Some(Explained { column, holds, lost })
    }

    /// The columns of the resolved table: those of the rows in their order, then those that defaults and overrides add,
    /// then prefix and subgroup. (The predecessor puts `gateway` and `pipeline_group` behind them.)
    #[must_use]
    pub fn resolved_columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.rows.columns().to_vec();
        let mut known: Vec<Column> = columns.iter().filter_map(|name| column_of(self.rows, name)).collect();
        let has_gateways = self
            .contexts
            .iter()
            .filter_map(|context| context.connector)
            .any(|connector| connector.family == crate::connector::Family::Database);
        let mut added = vec![Column::Schedule];
        if has_gateways {
            added.extend([
                Column::GatewayCatalog,
                Column::GatewaySchema,
                Column::GatewayWorkerType,
                Column::GatewayDriverType,
            ]);
        }
        for assignments in [&self.settings.defaults, &self.settings.overrides] {
            let (all, others): (Vec<_>, Vec<_>) =
                assignments.layers.iter().partition(|layer| layer.key == "*");
            for layer in all.into_iter().chain(others) {
                added.extend(layer.values.iter().filter_map(|value| Column::of(&value.column)));
            }
        }
        added.extend([Column::ProjectName, Column::Prefix, Column::Subgroup]);
        for column in added {
            if !known.contains(&column) {
                known.push(column);
                columns.push(column.as_str().to_owned());
            }
        }
        columns
    }

    /// A row of the resolved table, for these columns; its group says what the row itself leaves to it.
    #[must_use]
    pub fn resolved_row(&self, row: usize, columns: &[String], group: Option<&Group>) -> Vec<String> {
        let context = self.context_of(row);
        columns
            .iter()
            .enumerate()
            .map(|(position, name)| {
                let Some(column) = column_of(self.rows, name) else {
                    return self.rows.cell(row, position).display().into_owned();
                };
                let own = self.value(row, column).cell;
                let gateway = || group.and_then(|group| group.gateway.as_ref());
                match column {
                    Column::ProjectName => context.project.clone().unwrap_or_default(),
                    Column::Prefix => context.prefix.clone().unwrap_or_default(),
                    Column::Subgroup => context.subgroup.clone().unwrap_or_else(|| "01".to_owned()),
                    Column::GatewayCatalog if own.is_blank() => {
                        gateway().map(|gateway| gateway.catalog.clone()).unwrap_or_default()
                    }
                    Column::GatewaySchema if own.is_blank() => {
                        gateway().map(|gateway| gateway.schema.clone()).unwrap_or_default()
                    }
                    _ => own.display().into_owned(),
                }
            })
            .collect()
    }
}

fn describe(origin: ValueOrigin<'_>) -> String {
    match origin {
        ValueOrigin::Row => "the row".to_owned(),
        ValueOrigin::Default { key, .. } => format!("default_values key `{key}`"),
        ValueOrigin::Override { key, .. } => format!("override_input_config key `{key}`"),
        ValueOrigin::Connector => "the connector's default".to_owned(),
        ValueOrigin::Setting => "the settings".to_owned(),
        ValueOrigin::Column(column) => format!("column {column}"),
        ValueOrigin::BuiltIn => "built in".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{rows, settings};
    use super::*;

    #[test]
    fn what_holds_and_what_lost_is_told() {
        let rows =
            rows("project_name,prefix,subgroup,schedule,source_table_name\np,s,2,0 9 * * *,T\np,,,,U\n");
        let settings = settings(
            "sql_server",
            r#"{"*": {"schedule": "0 1 * * *"}, "s_02": {"schedule": "0 2 * * *"}}"#,
            r#"{"s": {"pause_status": "PAUSED"}}"#,
        );
        let resolution = Resolution::new(&rows, &settings);
        let explained = resolution.explain(0);
        let schedule = explained.iter().find(|one| one.column == Column::Schedule).unwrap();
        assert_eq!(schedule.holds.value.as_deref(), Some("0 9 * * *"));
        assert_eq!(schedule.holds.place.as_ref().map(ToString::to_string).as_deref(), Some("<stdin>:2:7"));
        let lost: Vec<&str> = schedule.lost.iter().map(|said| said.origin.as_str()).collect();
        assert_eq!(lost, ["default_values key `s_02`", "default_values key `*`", "the connector's default"]);
        let pause = explained.iter().find(|one| one.column == Column::PauseStatus).unwrap();
        assert_eq!(pause.holds.origin, "override_input_config key `s`");
        let second = resolution.explain(1);
        let prefix = second.iter().find(|one| one.column == Column::Prefix).unwrap();
        assert_eq!(
            (prefix.holds.value.as_deref(), prefix.holds.origin.as_str()),
            (Some("p"), "column project_name")
        );
        let target = second.iter().find(|one| one.column == Column::TargetTableName).unwrap();
        assert_eq!(target.holds.origin, "column source_table_name");
    }

    #[test]
    fn the_resolved_table_has_the_added_columns_behind_those_of_the_rows() {
        let rows = rows("project_name,note,source_table_name\np,n1,T\n");
        let settings = settings("sql_server", r#"{"tags": "a=1"}"#, r#"{"s": {"scd_type": "SCD_TYPE_1"}}"#);
        let resolution = Resolution::new(&rows, &settings);
        let columns = resolution.resolved_columns();
        assert_eq!(
            columns.join(","),
            "project_name,note,source_table_name,schedule,gateway_catalog,gateway_schema,gateway_worker_type,\
             gateway_driver_type,tags,scd_type,prefix,subgroup"
        );
        let row = resolution.resolved_row(0, &columns, None);
        assert_eq!(row.join(","), "p,n1,T,*/15 * * * *,,,,,a=1,,p,01");
    }
}
