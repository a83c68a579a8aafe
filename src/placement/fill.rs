//! Placement of tables that have no place yet: gateways and pipelines are filled one after the other up to their limit.
//!
//! Where each row is one table, a limit counts tables. A row that stands for several tables stays whole: such rows are
//! counted as the predecessor counts them, but never more tables are put together than the service recommends.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::layout::{Bundle, Gateway, Layout, Pipeline};
use crate::connector::Family;
use crate::settings::Limits;
use crate::table::{Group, Table};

/// Fills gateways and pipelines in the order of each group's tables. Names and their order depend on the groups'
/// prefixes and subgroups only, not on the order in which groups come.
#[must_use]
pub fn place(groups: Vec<Group>, limits: Limits) -> Layout {
    let mut projects: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for group in groups {
        projects.entry(group.project.clone()).or_default().push(group);
    }
    let bundles = projects
        .into_iter()
        .map(|(name, mut groups)| {
            groups.sort_by(|a, b| (&a.prefix, &a.subgroup).cmp(&(&b.prefix, &b.subgroup)));
            let mut bundle =
                Bundle { project: name.clone(), name, gateways: Vec::new(), pipelines: Vec::new() };
            for group in groups {
                fill(&mut bundle, group, limits);
            }
            bundle
        })
        .collect();
    Layout { bundles }
}

fn fill(bundle: &mut Bundle, mut group: Group, limits: Limits) {
    let tables = std::mem::take(&mut group.tables);
    let name = group.name();
    match (group.connector.family, &group.gateway) {
        (Family::Database, Some(settings)) => {
            for (index, tables) in chunks(tables, limits.tables_per_gateway).enumerate() {
                let gateway = Gateway {
                    name: format!("{name}_g{:02}", index + 1),
                    prefix: group.prefix.clone(),
                    subgroup: group.subgroup.clone(),
                    connection: group.connection.clone(),
                    settings: settings.clone(),
                    tags: group.tags.clone(),
                };
                fill_pipelines(bundle, &group, Some(&gateway.name), tables, limits);
                bundle.gateways.push(gateway);
            }
        }
        _ => fill_pipelines(bundle, &group, None, tables, limits),
    }
}

fn fill_pipelines(
    bundle: &mut Bundle,
    group: &Group,
    gateway: Option<&String>,
    tables: Vec<Table>,
    limits: Limits,
) {
    let base = gateway.cloned().unwrap_or_else(|| group.name());
    for (index, tables) in chunks(tables, limits.tables_per_pipeline).enumerate() {
        let Some(first) = tables.first() else { continue };
        bundle.pipelines.push(Pipeline {
            name: format!("{base}_p{:02}", index + 1),
            prefix: group.prefix.clone(),
            subgroup: group.subgroup.clone(),
            gateway: gateway.cloned(),
            connection: group.connection.clone(),
            catalog: first.object.destination.catalog.clone(),
            schema: first.object.destination.schema.clone(),
            schedule: group.schedule.clone(),
            tags: group.tags.clone(),
            rows: tables.iter().map(|table| table.row).collect(),
            objects: tables.into_iter().map(|table| table.object).collect(),
        });
    }
}

/// Consecutive parts of whole rows, without copying what is in them.
fn chunks(tables: Vec<Table>, limit: NonZeroUsize) -> impl Iterator<Item = Vec<Table>> {
    let lengths = chunk_lengths(&tables, limit);
    let mut tables = tables.into_iter();
    lengths.into_iter().map(move |length| tables.by_ref().take(length).collect())
}

/// How many tables each part has: at most `limit` rows, and no more tables than `limit` or the service's recommendation
/// allow, unless a single row has more.
fn chunk_lengths(tables: &[Table], limit: NonZeroUsize) -> Vec<usize> {
    let most = limit.max(Limits::default().tables_per_pipeline).get();
    let mut lengths = Vec::new();
    let (mut rows, mut length) = (0, 0);
    for row in tables.chunk_by(|a, b| a.row == b.row) {
        if rows == limit.get() || (rows > 0 && length + row.len() > most) {
            lengths.push(length);
            (rows, length) = (0, 0);
        }
        rows += 1;
        length += row.len();
    }
    if length > 0 {
        lengths.push(length);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::{Configuration, Destination, Object, ObjectSource, connector};
    use crate::table::GatewaySettings;

    fn group(connector_name: &str, prefix: &str, tables: u32) -> Group {
        let connector = connector(connector_name).unwrap();
        Group {
            project: "p".into(),
            prefix: prefix.into(),
            subgroup: "01".into(),
            connector,
            connection: "c".into(),
            gateway: (connector.family == Family::Database).then(|| GatewaySettings {
                catalog: "main".into(),
                schema: "staging".into(),
                worker_type: None,
                driver_type: None,
            }),
            schedule: None,
            tags: Vec::new(),
            tables: (0..tables)
                .map(|row| Table {
                    row,
                    weight: 1,
                    object: Object {
                        source: ObjectSource::Table { catalog: None, schema: None, table: format!("t{row}") },
                        destination: Destination {
                            catalog: "main".into(),
                            schema: "bronze".into(),
                            table: format!("t{row}"),
                        },
                        configuration: Configuration::default(),
                    },
                })
                .collect(),
        }
    }

    fn limits(pipeline: usize, gateway: usize) -> Limits {
        Limits {
            tables_per_pipeline: NonZeroUsize::new(pipeline).unwrap(),
            tables_per_gateway: NonZeroUsize::new(gateway).unwrap(),
            ..Limits::default()
        }
    }

    fn shape(layout: &Layout) -> Vec<(String, usize)> {
        layout.bundles[0].pipelines.iter().map(|p| (p.name.clone(), p.objects.len())).collect()
    }

    #[test]
    fn applications_fill_pipelines() {
        let layout = place(vec![group("salesforce", "crm", 600)], Limits::default());
        assert_eq!(
            shape(&layout),
            [("crm_01_p01".into(), 250), ("crm_01_p02".into(), 250), ("crm_01_p03".into(), 100)]
        );
        assert!(layout.bundles[0].gateways.is_empty());
    }

    #[test]
    fn databases_fill_gateways_then_pipelines() {
        let layout = place(vec![group("sql_server", "erp", 7)], limits(2, 5));
        assert_eq!(
            shape(&layout),
            [
                ("erp_01_g01_p01".into(), 2),
                ("erp_01_g01_p02".into(), 2),
                ("erp_01_g01_p03".into(), 1),
                ("erp_01_g02_p01".into(), 2)
            ]
        );
        let gateways: Vec<&str> = layout.bundles[0].gateways.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(gateways, ["erp_01_g01", "erp_01_g02"]);
    }

    #[test]
    fn rows_of_several_tables_stay_whole() {
        let mut group = group("google_analytics", "web", 300 * 3);
        for (index, table) in (0..).zip(&mut group.tables) {
            table.row = index / 3;
        }
        // 83 rows of three tables are 249: one more row would be more than the service recommends.
        assert_eq!(shape(&place(vec![group.clone()], Limits::default()))[0], ("web_01_p01".into(), 249));
        assert_eq!(shape(&place(vec![group], limits(4, 4)))[0], ("web_01_p01".into(), 12));
    }

    #[test]
    fn names_do_not_depend_on_the_order_of_groups() {
        let forth = place(vec![group("sql_server", "b", 3), group("salesforce", "a", 3)], Limits::default());
        let back = place(vec![group("salesforce", "a", 3), group("sql_server", "b", 3)], Limits::default());
        assert_eq!(forth, back);
    }

    #[test]
    fn the_hundredth_pipeline_stands_behind_the_ninety_ninth() {
        let layout = place(vec![group("salesforce", "crm", 101)], limits(1, 1));
        let names = shape(&layout);
        assert_eq!(names[98].0, "crm_01_p99");
        assert_eq!(names[99].0, "crm_01_p100");
    }
}
