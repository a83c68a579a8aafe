//! `DESCRIBE HISTORY`.

use std::sync::Arc;

use super::catalog::Column;
use super::query::{Query, is_delta, is_view, resolve};
use super::result_set::{Pick, ResultSet};
use super::rows::Rows;
use super::sql_error::SqlError;
use super::world::{World, iso_time};

/// `DESCRIBE HISTORY`: newest first.
pub(super) fn history(
    world: &mut World,
    query: &Query,
    parts: &[String],
    limit: Option<usize>,
) -> Result<ResultSet, SqlError> {
    let table = resolve(world, query, parts, 17)?;
    if is_view(&table) {
        return Err(SqlError::condition(
            "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
            "42809",
            &format!("'DESCRIBE HISTORY' expects a table but `{}` is a view.", table.full_name()),
        ));
    }
    if !is_delta(&table) {
        return Err(SqlError::condition(
            "DELTA_ONLY_OPERATION",
            "0AKDD",
            "DESCRIBE HISTORY is only supported for Delta tables.",
        ));
    }
    let columns = [
        ("version", "BIGINT"),
        ("timestamp", "TIMESTAMP"),
        ("userId", "STRING"),
        ("userName", "STRING"),
        ("operation", "STRING"),
        ("operationParameters", "MAP<STRING, STRING>"),
        (
            "job",
            "STRUCT<jobId: STRING, jobName: STRING, jobRunId: STRING, runId: STRING, jobOwnerId: STRING, triggerType: STRING>",
        ),
        ("notebook", "STRUCT<notebookId: STRING>"),
        ("clusterId", "STRING"),
        ("readVersion", "BIGINT"),
        ("isolationLevel", "STRING"),
        ("isBlindAppend", "BOOLEAN"),
        ("operationMetrics", "MAP<STRING, STRING>"),
        ("userMetadata", "STRING"),
        ("engineInfo", "STRING"),
    ];
    let columns: Vec<Column> = columns.iter().map(|(name, type_text)| Column::new(name, type_text)).collect();
    let mut rows = Rows::new(columns.clone());
    let versions = world.sources.get(&table.full_name()).map_or(&[][..], |source| source.versions());
    for version in versions.iter().rev().take(limit.unwrap_or(usize::MAX)) {
        let (number, time) = (version.number.to_string(), iso_time(version.timestamp));
        let before = (version.number > 0).then(|| (version.number - 1).to_string());
        rows.push([
            Some(number.as_str()),
            Some(time.as_str()),
            Some("1000012345"),
            Some(table.owner.as_str()),
            Some(version.operation.as_str()),
            Some("{}"),
            None,
            None,
            None,
            before.as_deref(),
            Some("WriteSerializable"),
            Some("false"),
            Some("{}"),
            None,
            Some("Databricks-Runtime/17.3.x-scala2.13"),
        ]);
    }
    let order = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
    let picks = (0..columns.len()).map(Pick::Cell).collect();
    Ok(ResultSet { columns, rows: Arc::new(rows), order, picks })
}
