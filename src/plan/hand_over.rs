//! What is to be done by hand where tables stay and the pipeline that wrote them does not: the new one cannot write to a table
//! that another made.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bundle_plan::Action;
use super::changes::{TableAction, TableChange};
use super::comparison::Comparison;
use super::effect::{Effect, Fate};
use super::seen::Seen;
use crate::text::plural;

/// The tables that stand in the way of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandOver {
    /// The key of the pipeline that is to write them.
    pub pipeline: String,
    /// Why, in one line.
    pub why: String,
    /// What makes room for it, in order.
    pub statements: Vec<String>,
    /// What can be done instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

pub(super) fn hand_over(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    tables: &[TableChange],
) -> Vec<HandOver> {
    let mut by_pipeline: BTreeMap<&str, Vec<&TableChange>> = BTreeMap::new();
    for table in tables {
        if table.effect == Effect::Snapshot && stands_in_the_way(table, pipelines) {
            by_pipeline.entry(&table.pipeline).or_default().push(table);
        }
    }
    by_pipeline
        .into_iter()
        .map(|(pipeline, mut tables)| {
            tables.sort_by(|a, b| a.key.cmp(&b.key));
            let recreated =
                pipelines.get(pipeline).is_some_and(|seen| seen.node.action == Action::Recreate);
            let count = plural(tables.len(), "table");
            let are = if tables.len() == 1 { "is" } else { "are" };
            HandOver {
                pipeline: pipeline.to_owned(),
                why: format!("{count} of {pipeline} {are} kept; it cannot write to what another pipeline made until that is dropped"),
                statements: tables.iter().map(|table| format!("DROP TABLE {};", quoted(&table.key))).collect(),
                instead: (recreated && !comparison.target.cascade_on_destroy).then(|| {
                    "set `cascade_on_destroy: true` for the target and deploy that alone; then this change drops the tables and \
                     reads them again by itself"
                        .to_owned()
                }),
            }
        })
        .collect()
}

/// Whether the table is still there, in the hands of another pipeline, when its new pipeline begins.
fn stands_in_the_way(table: &TableChange, pipelines: &BTreeMap<&str, Seen<'_>>) -> bool {
    match table.action {
        TableAction::Move => table.fate != Some(Fate::Dropped),
        TableAction::Update => {
            let recreated = |seen: &Seen<'_>| seen.node.action == Action::Recreate;
            table.fate == Some(Fate::Kept) && pipelines.get(table.pipeline.as_str()).is_some_and(recreated)
        }
        TableAction::Add | TableAction::Remove => false,
    }
}

/// A name of three parts, quoted for SQL. Names hold no dots (they are refused offline).
fn quoted(name: &str) -> String {
    let parts: Vec<String> =
        name.splitn(3, '.').map(|part| format!("`{}`", part.replace('`', "``"))).collect();
    parts.join(".")
}
