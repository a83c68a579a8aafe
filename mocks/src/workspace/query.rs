//! Runs a parsed statement against the source tables.

use std::cmp::Ordering;
use std::sync::Arc;

use super::catalog::{Column, Table};
use super::history::history;
use super::identity::Identity;
use super::result_set::{Pick, ResultSet};
use super::rows::Rows;
use super::sql::{self, Bound, From, Name, Select, Statement, Value};
use super::sql_error::SqlError;
use super::world::World;

/// Who asks what, with which defaults and parameters.
pub(crate) struct Query<'q> {
    pub(crate) text: &'q str,
    pub(crate) caller: &'q Identity,
    pub(crate) catalog: Option<&'q str>,
    pub(crate) schema: Option<&'q str>,
    pub(crate) parameters: &'q [Parameter],
    /// Rows without `ORDER BY` come in an order that depends on this.
    pub(crate) seed: u64,
}

/// A named parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) type_name: String,
}

/// Parses and runs a statement.
pub(crate) fn run(world: &mut World, query: &Query) -> Result<ResultSet, SqlError> {
    match sql::parse(query.text)? {
        Statement::Select(select) => run_select(world, query, select),
        Statement::History { name, limit } => {
            let limit = limit.map(|limit| bound(query, limit)).transpose()?;
            history(world, query, &name, limit)
        }
    }
}

fn parameter<'q>(query: &Query<'q>, name: &str) -> Result<&'q Parameter, SqlError> {
    query.parameters.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
        SqlError::condition(
            "UNBOUND_SQL_PARAMETER",
            "42P02",
            &format!(
                "Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to either \
                 a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`."
            ),
        )
    })
}

fn bound(query: &Query, limit: Bound) -> Result<usize, SqlError> {
    let name = match limit {
        Bound::Literal(limit) => return Ok(limit),
        Bound::Parameter(name) => name,
    };
    let found = parameter(query, &name)?;
    let value =
        found.value.as_deref().filter(|_| found.type_name != "STRING").and_then(|text| text.parse().ok());
    value.ok_or_else(|| {
        SqlError::condition(
            "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
            "42K0E",
            &format!("The limit expression must be integer type, but got \"{}\".", found.type_name),
        )
    })
}

/// The table that a name means, if there is one that the caller may read; with its rows refreshed.
pub(super) fn resolve(
    world: &mut World,
    query: &Query,
    parts: &[String],
    at: usize,
) -> Result<Table, SqlError> {
    let (catalog, schema, name) = match parts {
        [catalog, schema, name] => (catalog.as_str(), schema.as_str(), name),
        [schema, name] => (query.catalog.unwrap_or("main"), schema.as_str(), name),
        [name] => (query.catalog.unwrap_or("main"), query.schema.unwrap_or("default"), name),
        _ => return Err(SqlError::Unsupported("a name with more than three parts".to_owned())),
    };
    if world.catalog.catalog(catalog).is_none() {
        return Err(SqlError::condition(
            "NO_SUCH_CATALOG_EXCEPTION",
            "42704",
            &format!(
                "Catalog '{catalog}' was not found. Please verify the spelling and correctness of the catalog."
            ),
        ));
    }
    if let Err((privilege, kind, name)) = world.catalog.may_select(query.caller, catalog, schema, name) {
        let kind = kind[..1].to_uppercase() + &kind[1..];
        return Err(SqlError::condition(
            "INSUFFICIENT_PERMISSIONS",
            "42501",
            &format!(
                "Insufficient privileges:\nUser does not have permission {} on {kind} '{name}'.",
                privilege.replace('_', " ")
            ),
        ));
    }
    let full_name = format!("{catalog}.{schema}.{name}");
    world
        .refresh_source(&full_name)
        .map_err(|problem| SqlError::condition("FAILED_READ_FILE.NO_HINT", "KD001", &problem))?;
    world.catalog.table(&full_name).cloned().ok_or_else(|| {
        let quoted = parts.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(".");
        SqlError::condition(
            "TABLE_OR_VIEW_NOT_FOUND",
            "42P01",
            &format!(
                "The table or view {quoted} cannot be found. Verify the spelling and correctness of the schema and \
                 catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify \
                 the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or \
                 DROP TABLE IF EXISTS. (line 1, pos {at})"
            ),
        )
    })
}

pub(super) fn is_delta(table: &Table) -> bool {
    table.data_source_format.as_deref() == Some("DELTA")
        && !matches!(table.table_type.as_str(), "VIEW" | "METRIC_VIEW" | "MATERIALIZED_VIEW" | "FOREIGN")
}

pub(super) fn is_view(table: &Table) -> bool {
    matches!(table.table_type.as_str(), "VIEW" | "METRIC_VIEW" | "MATERIALIZED_VIEW")
}

fn run_select(world: &mut World, query: &Query, select: Select) -> Result<ResultSet, SqlError> {
    let limit = select.limit.map(|limit| bound(query, limit)).transpose()?;
    let rows = match &select.from {
        Some(from) => table_rows(world, query, from)?,
        None if select.items.is_empty() => return Err(SqlError::syntax(query.text, "'*'", 7)),
        // A row without columns, so that constants have something to stand in.
        None => Arc::new(Rows::from_csv("x\n\"\"\n").unwrap_or_default()),
    };
    let mut columns = Vec::new();
    let mut picks = Vec::new();
    let mut counts = false;
    if select.items.is_empty() {
        columns.extend_from_slice(rows.columns());
        picks.extend((0..rows.columns().len()).map(Pick::Cell));
    }
    for item in &select.items {
        let (name, type_text, pick) = match &item.value {
            Value::Column(name) => {
                let at = column(&rows, name, select.from.is_some())?;
                let found = &rows.columns()[at];
                (found.name.clone(), found.type_text.clone(), Pick::Cell(at))
            }
            Value::Text(name) => {
                let at = column(&rows, name, select.from.is_some())?;
                (name.clone(), "STRING".to_owned(), Pick::Text(at, rows.columns()[at].type_text.clone()))
            }
            Value::Json(name) => {
                let at = column(&rows, name, select.from.is_some())?;
                let type_text = rows.columns()[at].type_text.clone();
                (format!("to_json({name})"), "STRING".to_owned(), Pick::Json(at, type_text))
            }
            Value::Integer(digits) => (digits.clone(), "INT".to_owned(), Pick::Constant(digits.clone())),
            Value::Count => {
                counts = true;
                ("count(1)".to_owned(), "BIGINT".to_owned(), Pick::Constant(rows.len().to_string()))
            }
        };
        columns.push(Column { name: item.alias.clone().unwrap_or(name), type_text });
        picks.push(pick);
    }
    if counts && picks.iter().any(|pick| !matches!(pick, Pick::Constant(_))) {
        return Err(SqlError::condition(
            "MISSING_GROUP_BY",
            "42803",
            "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using OVER \
             clauses.",
        ));
    }
    let total = if counts { 1 } else { rows.len() };
    let mut order: Vec<u32> = (0..u32::try_from(total).unwrap_or(u32::MAX)).collect();
    if !counts {
        shuffle(&mut order, query.seed);
        let keys: Vec<(usize, bool)> = select
            .order_by
            .iter()
            .map(|(name, descending)| Ok((column(&rows, name, select.from.is_some())?, *descending)))
            .collect::<Result<_, SqlError>>()?;
        if !keys.is_empty() {
            order.sort_by(|a, b| compare(&rows, &keys, *a as usize, *b as usize));
        }
    }
    order.truncate(limit.unwrap_or(usize::MAX));
    Ok(ResultSet { columns, rows, order, picks })
}

/// The rows of a `FROM`, at its version.
fn table_rows(world: &mut World, query: &Query, from: &From) -> Result<Arc<Rows>, SqlError> {
    let parts = match &from.name {
        Name::Parts(parts) => parts.clone(),
        Name::Parameter(name) => {
            let found = parameter(query, name)?;
            match (&found.value, found.type_name.as_str()) {
                (Some(text), "STRING") => sql::split_name(text)?,
                (None, _) => {
                    return Err(SqlError::condition(
                        "NOT_A_CONSTANT_STRING.NULL",
                        "42601",
                        &format!(
                            "The expression \":{name}\" used for the routine or clause IDENTIFIER must be a constant STRING which is NOT NULL. To be not NULL."
                        ),
                    ));
                }
                _ => {
                    return Err(SqlError::condition(
                        "NOT_A_CONSTANT_STRING.WRONG_TYPE",
                        "42601",
                        &format!(
                            "The expression \":{name}\" used for the routine or clause IDENTIFIER must be a constant STRING which is NOT NULL. To be a STRING, but found \"{}\".",
                            found.type_name
                        ),
                    ));
                }
            }
        }
    };
    let table = resolve(world, query, &parts, from.at)?;
    let source = world.sources.get(&table.full_name());
    let version = match from.version {
        None => source.and_then(|source| source.current()),
        Some(_) if !is_delta(&table) => {
            return Err(SqlError::condition(
                "UNSUPPORTED_FEATURE.TIME_TRAVEL",
                "0A000",
                &format!(
                    "The feature is not supported: Time travel on the relation: `{}`.",
                    table.full_name()
                ),
            ));
        }
        Some(number) => {
            if let Some(problem) = source.and_then(|source| source.time_travel_refused.as_ref()) {
                return Err(SqlError::condition("UNSUPPORTED_FEATURE.TIME_TRAVEL", "0A000", problem));
            }
            let all = source.map_or(&[][..], |source| source.versions());
            let found = all.iter().find(|version| version.number == number);
            Some(found.ok_or_else(|| {
                let newest = all.last().map_or(0, |version| version.number);
                SqlError::condition(
                    "DELTA_VERSION_NOT_FOUND",
                    "22003",
                    &format!("Cannot time travel Delta table to version {number}. Available versions: [0, {newest}]."),
                )
            })?)
        }
    };
    match version {
        None => Ok(Arc::new(Rows::new(table.columns))),
        Some(version) => version.rows.clone().ok_or_else(|| {
            SqlError::condition(
                "DELTA_FILE_NOT_FOUND_DETAILED",
                "42K03",
                "File part-00000.snappy.parquet referenced in the transaction log cannot be found. This occurs when data has \
                 been manually deleted from the file system rather than using the table `DELETE` statement.",
            )
        }),
    }
}

fn column(rows: &Rows, name: &str, has_table: bool) -> Result<usize, SqlError> {
    let found = if has_table { rows.column(name) } else { None };
    found.ok_or_else(|| {
        let known: Vec<String> =
            rows.columns().iter().take(5).map(|column| format!("`{}`", column.name)).collect();
        let (class, hint) = if has_table {
            ("WITH_SUGGESTION", format!(" Did you mean one of the following? [{}].", known.join(", ")))
        } else {
            ("WITHOUT_SUGGESTION", String::new())
        };
        SqlError::condition(
            &format!("UNRESOLVED_COLUMN.{class}"),
            "42703",
            &format!(
                "A column, variable, or function parameter with name `{name}` cannot be resolved.{hint}"
            ),
        )
    })
}

/// A permutation that is never the order of the file: whoever relies on an order finds out.
fn shuffle(order: &mut [u32], seed: u64) {
    fastrand::Rng::with_seed(seed).shuffle(order);
    if order.len() > 1 && order.is_sorted() {
        order.rotate_left(1);
    }
}

/// `ORDER BY`: NULL is the smallest value.
fn compare(rows: &Rows, keys: &[(usize, bool)], a: usize, b: usize) -> Ordering {
    for &(at, descending) in keys {
        let (left, right) = (rows.cell(a, at), rows.cell(b, at));
        let ordering = match (left, right) {
            (Some(left), Some(right)) if is_number(rows.columns()[at].type_name()) => {
                let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
                number(left).total_cmp(&number(right))
            }
            _ => left.cmp(&right),
        };
        let ordering = if descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn is_number(type_name: &str) -> bool {
    matches!(type_name, "BYTE" | "SHORT" | "INT" | "LONG" | "FLOAT" | "DOUBLE" | "DECIMAL")
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn world() -> World {
        let mut world = World::new(&Identity::user("a@b"));
        world.put_rows("main.cfg.tables", Rows::from_csv("k,v\n2,b\n1,\"\"\n3,\n").unwrap());
        world
    }

    fn ask(world: &mut World, text: &str, parameters: &[Parameter]) -> Result<Json, SqlError> {
        let caller = Identity::user("a@b");
        let query = Query { text, caller: &caller, catalog: None, schema: None, parameters, seed: 1 };
        let result = run(world, &query)?;
        let mut out = Vec::new();
        result.write_json(0..result.len(), &mut out);
        Ok(serde_json::from_slice(&out).unwrap())
    }

    fn code(result: Result<Json, SqlError>) -> String {
        match result.unwrap_err() {
            SqlError::Condition { name, .. } => name,
            SqlError::Unsupported(text) => text,
        }
    }

    #[test]
    fn null_and_the_empty_text_differ() {
        let got = ask(&mut world(), "SELECT * FROM main.cfg.tables ORDER BY k", &[]).unwrap();
        assert_eq!(got, serde_json::json!([["1", ""], ["2", "b"], ["3", null]]));
        let got = ask(&mut world(), "SELECT k FROM main.cfg.tables ORDER BY v, k LIMIT 2", &[]).unwrap();
        assert_eq!(got, serde_json::json!([["3"], ["1"]]));
    }

    #[test]
    fn rows_without_order_never_come_as_in_the_file() {
        let got = ask(&mut world(), "SELECT k FROM main.cfg.tables", &[]).unwrap();
        assert_ne!(got, serde_json::json!([["2"], ["1"], ["3"]]));
        assert_eq!(got.as_array().unwrap().len(), 3);
        let mut two = vec![0, 1];
        for seed in 0..20 {
            two.sort_unstable();
            shuffle(&mut two, seed);
            assert_eq!(two, [1, 0]);
        }
    }

    #[test]
    fn a_version_stays_readable_after_a_write() {
        let mut world = world();
        world.put_rows("main.cfg.tables", Rows::from_csv("k,v\n9,z\n").unwrap());
        let got = ask(&mut world, "DESCRIBE HISTORY `main`.`cfg`.`tables` LIMIT 1", &[]).unwrap();
        assert_eq!(got[0][0], "1");
        let count = |world: &mut World, text: &str| ask(world, text, &[]).unwrap()[0][0].clone();
        assert_eq!(count(&mut world, "SELECT count(*) FROM main.cfg.tables VERSION AS OF 0"), "3");
        assert_eq!(count(&mut world, "SELECT count(*) FROM main.cfg.tables"), "1");
        assert_eq!(
            code(ask(&mut world, "SELECT * FROM main.cfg.tables VERSION AS OF 7", &[])),
            "DELTA_VERSION_NOT_FOUND"
        );
    }

    #[test]
    fn what_a_warehouse_refuses_is_refused() {
        let mut world = world();
        let name = |value: Option<&str>| Parameter {
            name: "t".to_owned(),
            value: value.map(str::to_owned),
            type_name: "STRING".to_owned(),
        };
        let of = "SELECT * FROM IDENTIFIER(:t)";
        assert!(ask(&mut world, of, &[name(Some("`main`.cfg.tables"))]).is_ok());
        assert_eq!(code(ask(&mut world, of, &[])), "UNBOUND_SQL_PARAMETER");
        assert_eq!(code(ask(&mut world, of, &[name(None)])), "NOT_A_CONSTANT_STRING.NULL");
        assert_eq!(code(ask(&mut world, of, &[name(Some("main.cfg.nope"))])), "TABLE_OR_VIEW_NOT_FOUND");
        assert_eq!(code(ask(&mut world, of, &[name(Some("nope.cfg.tables"))])), "NO_SUCH_CATALOG_EXCEPTION");
        assert_eq!(
            code(ask(&mut world, "SELECT nope FROM main.cfg.tables", &[])),
            "UNRESOLVED_COLUMN.WITH_SUGGESTION"
        );
        world.catalog.table_mut("main.cfg.tables").unwrap().table_type = "VIEW".to_owned();
        assert_eq!(
            code(ask(&mut world, "DESCRIBE HISTORY main.cfg.tables", &[])),
            "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"
        );
        world.catalog.table_mut("main.cfg.tables").unwrap().table_type = "FOREIGN".to_owned();
        assert_eq!(code(ask(&mut world, "DESCRIBE HISTORY main.cfg.tables", &[])), "DELTA_ONLY_OPERATION");
        world.catalog.table_mut("main.cfg.tables").unwrap().owner = "boss".to_owned();
        assert_eq!(code(ask(&mut world, of, &[name(Some("main.cfg.tables"))])), "INSUFFICIENT_PERMISSIONS");
    }

    #[test]
    fn constants_need_no_table() {
        assert_eq!(ask(&mut world(), "SELECT 1", &[]).unwrap(), serde_json::json!([["1"]]));
    }
}
