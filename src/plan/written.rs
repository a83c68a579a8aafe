//! From the fields of a definition to the columns of the user, and to the places where these are written.

use serde_json::Value;

use super::comparison::Comparison;
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
    row: Option<u32>,
    path: &str,
) -> (String, Option<Place>) {
    let columns = table_columns(path);
    let rows: Vec<u32> = row.into_iter().collect();
    named(comparison, &rows, columns, path)
}

/// How the user knows a field of a pipeline, gateway or job with this key, and where its value is written.
pub(super) fn resource_field(
    comparison: &Comparison<'_>,
    key: &str,
    path: &str,
    new: Option<&Value>,
) -> (String, Option<Place>) {
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
