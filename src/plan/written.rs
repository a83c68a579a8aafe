//! From the fields of a definition to the columns of the user, and to the places where these are written.

use serde_json::Value;

use super::comparison::Comparison;
use super::levels::Level;
use crate::finding::Place;
use crate::settings::Column;

/// The columns that a field of a table comes from.
fn table_columns(path: &str) -> &'static [Column] {
    match path {
        "source_catalog" => &[Column::SourceDatabase, Column::SourceCatalog],
        "source_schema" => &[Column::SourceSchema],
        "source_table" => &[Column::SourceTableName],
        "source_url" => &[Column::SourceUrl],
        "table_configuration.scd_type" => &[Column::ScdType],
        "table_configuration.primary_keys" => &[Column::PrimaryKeys],
        "table_configuration.include_columns" => &[Column::IncludeColumns],
        "table_configuration.exclude_columns" => &[Column::ExcludeColumns],
        _ => &[],
    }
}

/// The columns that a field of a pipeline, gateway or job comes from; the first that somebody wrote decides.
fn resource_columns(path: &str, is_gateway: bool) -> &'static [Column] {
    match path {
        "gateway_definition.connection_name" | "ingestion_definition.connection_name" => {
            &[Column::ConnectionName]
        }
        "gateway_definition.gateway_storage_catalog" => &[Column::GatewayCatalog, Column::TargetCatalog],
        "gateway_definition.gateway_storage_schema" => &[Column::GatewaySchema, Column::TargetSchema],
        "catalog" if is_gateway => &[Column::GatewayCatalog, Column::TargetCatalog],
        "schema" if is_gateway => &[Column::GatewaySchema, Column::TargetSchema],
        "catalog" => &[Column::TargetCatalog],
        "schema" => &[Column::TargetSchema],
        "schedule.quartz_cron_expression" | "schedule" => &[Column::Schedule],
        "schedule.timezone_id" => &[Column::Timezone],
        "schedule.pause_status" => &[Column::PauseStatus],
        path if path.starts_with("clusters") => &[Column::GatewayWorkerType, Column::GatewayDriverType],
        path if path == "tags" || path.starts_with("tags.") || path.starts_with("tags[") => &[Column::Tags],
        _ => &[],
    }
}

/// How the user knows a field of a table, and where its value is written.
pub(super) fn table_field(
    comparison: &Comparison<'_>,
    pipeline: &str,
    row: Option<u32>,
    level: Level,
    path: &str,
) -> (String, Option<Place>) {
    match level {
        Level::Table => {
            let columns = table_columns(path);
            let rows: Vec<u32> = row.into_iter().collect();
            named(comparison, &rows, columns, path)
        }
        Level::Schema => (format!("{path} of its schema"), None),
        Level::Pipeline => {
            let path = format!("ingestion_definition.{path}");
            match put_over(comparison, &format!("pipelines.{pipeline}"), &path) {
                Some((name, place)) => (name, Some(place)),
                None => (format!("{path} of {pipeline}"), None),
            }
        }
    }
}

/// A field of a resource that the target puts over the bundle, `targets.prod.bundle.resources.pipelines.x.tags`.
fn put_over(comparison: &Comparison<'_>, resource: &str, path: &str) -> Option<(String, Place)> {
    let target = comparison.target;
    let mut whole = vec!["resources"];
    whole.extend(resource.split('.'));
    whole.extend(steps(path));
    let (depth, place) = target.overlay.as_ref()?.place(&whole)?;
    // Not the resource as a whole.
    let written = whole.get(..depth).filter(|written| written.len() > 3)?;
    Some((format!("targets.{}.bundle.{}", target.name, written.join(".")), place))
}

/// The steps of a path as the CLI writes it: `tags['cost.center']`, `tasks[task_key='x'].timeout_seconds`.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let end = if rest.starts_with('[') {
            rest.find(']').map_or(rest.len(), |end| end + 1)
        } else {
            rest.find(['.', '[']).unwrap_or(rest.len())
        };
        let (step, after) = rest.split_at(end);
        let quoted = step.strip_prefix("['").and_then(|step| step.strip_suffix("']"));
        steps.push(quoted.unwrap_or(step));
        rest = after;
    }
    steps
}

/// How the user knows a field of a resource, `pipelines.x` or `jobs.x`, and where its value is written.
pub(super) fn resource_field(
    comparison: &Comparison<'_>,
    resource: &str,
    path: &str,
    new: Option<&Value>,
) -> (String, Option<Place>) {
    if let Some((name, place)) = put_over(comparison, resource, path) {
        return (name, Some(place));
    }
    let key = resource.split('.').nth(1).unwrap_or_default();
    let gateway = comparison.placed_gateway(key);
    let columns = resource_columns(path, gateway.is_some());
    let (name, place) = named(comparison, &rows(comparison, key), columns, path);
    // What the rows say is not what the target gets: its map of names has a part in it.
    let written = gateway.and_then(|gateway| match path {
        "gateway_definition.connection_name" => Some(&gateway.connection),
        "gateway_definition.gateway_storage_catalog" | "catalog" => Some(&gateway.settings.catalog),
        "gateway_definition.gateway_storage_schema" | "schema" => Some(&gateway.settings.schema),
        _ => None,
    });
    match (written, new.and_then(Value::as_str)) {
        (Some(written), Some(new)) if !written.eq_ignore_ascii_case(new) => {
            (format!("{name} `{written}`, which the target maps to `{new}`"), place)
        }
        _ => (name, place),
    }
}

/// The rows that share the values of this resource: those of its prefix and subgroup, first row first.
fn rows(comparison: &Comparison<'_>, key: &str) -> Vec<u32> {
    let bundle = comparison.bundle;
    let gateway = bundle.gateways.iter().find(|gateway| gateway.key() == key);
    let group = gateway.map(|gateway| (&gateway.prefix, &gateway.subgroup)).or_else(|| {
        let pipeline =
            bundle.pipelines.iter().find(|pipeline| pipeline.key() == key || pipeline.job_key() == key)?;
        Some((&pipeline.prefix, &pipeline.subgroup))
    });
    let Some(group) = group else { return Vec::new() };
    let mut rows: Vec<u32> = bundle
        .pipelines
        .iter()
        .filter(|pipeline| (&pipeline.prefix, &pipeline.subgroup) == group)
        .flat_map(|pipeline| pipeline.rows.iter().copied())
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn named(
    comparison: &Comparison<'_>,
    rows: &[u32],
    columns: &[Column],
    path: &str,
) -> (String, Option<Place>) {
    let found = columns.iter().find_map(|column| Some((column, comparison.origins.value(rows, *column)?)));
    match (found, columns.first()) {
        (Some((column, place)), _) => (column.to_string(), Some(place)),
        (None, Some(column)) => (column.to_string(), None),
        (None, None) => (path.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_cli_is_taken_apart() {
        assert_eq!(steps("a.b"), ["a", "b"]);
        assert_eq!(steps("tags['cost.center']"), ["tags", "cost.center"]);
        assert_eq!(
            steps("tasks[task_key='x.y'].pipeline_task"),
            ["tasks", "[task_key='x.y']", "pipeline_task"]
        );
        assert_eq!(steps("[group_name='a']"), ["[group_name='a']"]);
        assert_eq!(steps("clusters[0].num_workers"), ["clusters", "[0]", "num_workers"]);
    }
}
