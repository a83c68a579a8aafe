//! Rows of a Unity Catalog table, through the SQL Statement Execution API.

use super::TableName;
use super::cell::{Cell, Value};
use super::delimited::no_rows;
use super::difference::differing_rows;
use super::rows::{KEY_COLUMNS, Origin, RowSet, RowSetBuilder};
use crate::finding::{Finding, Findings, Place};
use crate::workspace::{Client, Error, ErrorKind, StatementColumn, StatementRows};
use crate::yaml::{JsonReader, Mark};

/// Reads a table at its newest version: the version is resolved first and then read, so that whoever reads that version
/// again gets the same rows. Views, foreign tables and tables without a readable history are read as they are, with a
/// warning. A `SELECT` promises no order: rows are put in the order of their keys.
///
/// # Errors
/// Where the table cannot be read at all.
pub async fn read_table(
    client: &Client,
    warehouse: &str,
    name: &TableName,
) -> Result<(RowSet, Findings), Error> {
    let mut findings = Findings::new();
    let mut version = match newest_version(client, warehouse, name).await {
        Ok(version) => Some(version),
        Err(error) if may_read_unpinned(&error) => {
            findings.push(unpinned(name, &error));
            None
        }
        Err(error) => return Err(error),
    };
    let rows = match select(client, warehouse, name, version).await {
        // Row filters and column masks can forbid time travel where the table itself may be read.
        Err(error) if version.is_some() && may_read_unpinned(&error) => {
            findings.push(unpinned(name, &error));
            version = None;
            select(client, warehouse, name, None).await?
        }
        rows => rows?,
    };
    let rows = row_set(rows, Origin::Table { name: name.clone(), version });
    if rows.is_empty() {
        findings.push(no_rows(&rows));
    }
    Ok((rows, findings))
}

/// Rows as they were at a version that a saved plan names, and how far the table has moved on.
#[derive(Debug)]
pub struct PinnedRows {
    /// The rows of that version.
    pub rows: RowSet,
    /// What is wrong with them.
    pub findings: Findings,
    /// The newest version, where that is another, and how many of its rows differ.
    pub newer: Option<(i64, usize)>,
}

/// Reads a table at this version, whatever was written since.
///
/// # Errors
/// Where the table, or that version of it, cannot be read: old versions are cleared away after some time.
pub async fn read_table_at(
    client: &Client,
    warehouse: &str,
    name: &TableName,
    version: i64,
) -> Result<PinnedRows, Error> {
    let newest = newest_version(client, warehouse, name).await?;
    let at = |version| async move {
        let rows = select(client, warehouse, name, Some(version)).await?;
        Ok::<_, Error>(row_set(rows, Origin::Table { name: name.clone(), version: Some(version) }))
    };
    let rows = at(version).await?;
    let newer = match newest {
        newest if newest == version => None,
        newest => Some((newest, differing_rows(&rows, &at(newest).await?))),
    };
    let mut findings = Findings::new();
    if rows.is_empty() {
        findings.push(no_rows(&rows));
    }
    Ok(PinnedRows { rows, findings, newer })
}

/// `DESCRIBE HISTORY` takes no parameter for the name, so that is written into the statement, each part back-quoted.
async fn newest_version(client: &Client, warehouse: &str, name: &TableName) -> Result<i64, Error> {
    let statement = format!("DESCRIBE HISTORY {} LIMIT 1", name.quoted());
    let history = client.statement(warehouse, &statement, &[]).await?;
    let column = history.columns.iter().position(|column| column.name.eq_ignore_ascii_case("version"));
    column
        .and_then(|column| history.rows.first()?.get(column)?.as_deref()?.parse().ok())
        .ok_or_else(|| Error::unexpected_rows(client.host(), &statement, "it names no version"))
}

async fn select(
    client: &Client,
    warehouse: &str,
    name: &TableName,
    version: Option<i64>,
) -> Result<StatementRows, Error> {
    // The version is a literal: a marker is not allowed there, and an integer has no room for anything else.
    let statement = match version {
        Some(version) => format!("SELECT * FROM IDENTIFIER(:t) VERSION AS OF {version}"),
        None => "SELECT * FROM IDENTIFIER(:t)".to_owned(),
    };
    client.statement(warehouse, &statement, &[("t", &name.quoted())]).await
}

/// Whether a statement was refused for what the table is, not because there is no such table.
fn may_read_unpinned(error: &Error) -> bool {
    const MISSING: [&str; 4] =
        ["TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION"];
    match error {
        Error::Statement(refused) => {
            error.kind() == ErrorKind::Refused
                && refused.state == "FAILED"
                && !refused.condition.as_deref().is_some_and(|condition| MISSING.contains(&condition))
        }
        _ => false,
    }
}

fn unpinned(name: &TableName, error: &Error) -> Finding {
    Finding::warning("TW150", format!("{name} is read as it is, not at a version"))
        .at(Place::Path { path: name.to_string() })
        .why(format!("it has no history that can be read: {}", first_line(&error.to_string())))
        .fix("keep the list in a Delta table whose history this identity may read, if plan and deploy must see the same rows")
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

fn row_set(read: StatementRows, origin: Origin) -> RowSet {
    let StatementRows { columns, mut rows, .. } = read;
    let keys: Vec<usize> = KEY_COLUMNS
        .iter()
        .filter_map(|key| columns.iter().position(|column| column.name.trim().eq_ignore_ascii_case(key)))
        .collect();
    rows.sort_by(|a, b| {
        let of_keys = keys.iter().map(|key| a.get(*key).cmp(&b.get(*key))).find(|order| order.is_ne());
        of_keys.unwrap_or_else(|| a.cmp(b))
    });
    let mut builder = RowSetBuilder::new(false);
    for column in &columns {
        builder.repeated_column(column.name.trim());
    }
    for row in &rows {
        builder.row(Mark::default());
        for (position, (cell, column)) in row.iter().zip(&columns).enumerate() {
            set(&mut builder, position, cell.as_deref(), column);
        }
    }
    builder.with_keys(origin)
}

/// Every value comes as text, with the type beside it (JSON_ARRAY encoding).
fn set(builder: &mut RowSetBuilder, position: usize, cell: Option<&str>, column: &StatementColumn) {
    let Some(text) = cell else {
        return builder.set(position, Cell::Null, Mark::default());
    };
    let is_structured = matches!(column.type_name.as_str(), "ARRAY" | "MAP" | "STRUCT" | "VARIANT");
    let structured = is_structured.then(|| JsonReader::new(text).value().ok()).flatten();
    if let Some(node) = structured {
        let value = Value::from(node);
        return builder.set(position, value.cell(), Mark::default());
    }
    let text = text.trim();
    let cell = match column.type_name.as_str() {
        "BOOLEAN" if text.eq_ignore_ascii_case("true") => Cell::Boolean(true),
        "BOOLEAN" if text.eq_ignore_ascii_case("false") => Cell::Boolean(false),
        "BYTE" | "SHORT" | "INT" | "LONG" | "FLOAT" | "DOUBLE" | "DECIMAL" => Cell::Number(text),
        _ => Cell::Text(text),
    };
    builder.set(position, cell, Mark::default());
}
