//! `tapworks.rebalance/1`, and the same for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use super::deploy_document::ErrorDocument;
use super::source_document::SourceDocument;
use crate::finding::Findings;
use crate::placement::{Lock, Moves, PartMoves, PipelineBalance, Sum, gateway_key};
use crate::text::plural;

/// How many tables of a move are named for people; the document names them all.
const NAMED: usize = 3;

/// The moves that a better layout needs.
#[derive(Debug, Serialize)]
pub struct RebalanceDocument<'a> {
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDocument>,
    locks: Vec<LockMoves>,
    #[serde(skip_serializing_if = "Findings::is_empty")]
    findings: &'a Findings,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

/// The moves of what one lock holds.
#[derive(Debug, Serialize)]
pub struct LockMoves {
    lock: PathBuf,
    /// Whether the moves were put into the lock.
    written: bool,
    /// What would be, or is, read again in full.
    read_again: Load,
    groups: Vec<GroupMoves>,
    /// What a deploy asks consent for, as `--allow` takes it.
    consents: Vec<String>,
}

#[derive(Debug, Serialize)]
struct GroupMoves {
    bundle: String,
    group: String,
    pipelines: Vec<PipelineDocument>,
    moves: Vec<MoveDocument>,
}

#[derive(Debug, Serialize)]
struct PipelineDocument {
    pipeline: String,
    gateway: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    new: bool,
    before: Load,
    after: Load,
}

/// All that goes from one pipeline to another.
#[derive(Debug, Serialize)]
struct MoveDocument {
    from: String,
    to: String,
    weight: u64,
    /// The destinations as the rows write them.
    tables: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Load {
    tables: usize,
    weight: u64,
}

impl From<Sum> for Load {
    fn from(sum: Sum) -> Self {
        Self { tables: sum.tables, weight: u64::try_from(sum.weight).unwrap_or(u64::MAX) }
    }
}

impl LockMoves {
    /// Of the moves of one lock, which says how the tables are written.
    #[must_use]
    pub fn new(path: PathBuf, lock: &Lock, moves: &Moves, written: bool) -> Self {
        Self {
            lock: path,
            written,
            read_again: moves.sum().into(),
            groups: moves.parts.iter().map(|part| GroupMoves::new(part, lock)).collect(),
            consents: moves.parts.iter().flat_map(consents).collect(),
        }
    }
}

impl GroupMoves {
    fn new(part: &PartMoves, lock: &Lock) -> Self {
        let pipelines = part.better.pipelines.iter().map(|pipeline| PipelineDocument {
            pipeline: pipeline.name.clone(),
            gateway: pipeline.gateway.clone(),
            new: pipeline.is_new,
            before: pipeline.before.into(),
            after: pipeline.after.into(),
        });
        let mut pairs: BTreeMap<(&str, &str), MoveDocument> = BTreeMap::new();
        for one in &part.better.moves {
            let pair = pairs.entry((&one.from, &one.to)).or_insert_with(|| MoveDocument {
                from: one.from.clone(),
                to: one.to.clone(),
                weight: 0,
                tables: Vec::new(),
            });
            pair.weight = pair.weight.saturating_add(one.weight);
            pair.tables.extend(one.keys.iter().map(|key| {
                lock.tables.get(key).map_or_else(|| key.clone(), |table| table.destination.clone())
            }));
        }
        Self {
            bundle: part.bundle.clone(),
            group: part.group.clone(),
            pipelines: pipelines.collect(),
            moves: pairs.into_values().collect(),
        }
    }
}

/// A consent for each pipeline that tables leave, and for what nothing is left of.
fn consents(part: &PartMoves) -> Vec<String> {
    let left: BTreeSet<&str> = part.better.moves.iter().map(|one| one.from.as_str()).collect();
    let mut consents: Vec<String> = left.iter().map(|pipeline| format!("move:pipeline_{pipeline}")).collect();
    let pipelines = &part.better.pipelines;
    let is_emptied = |pipeline: &&PipelineBalance| !pipeline.is_new && pipeline.after.tables == 0;
    for pipeline in pipelines.iter().filter(is_emptied) {
        consents.push(format!("delete:pipeline_{}", pipeline.name));
    }
    let gateways = |all: bool| -> BTreeSet<&str> {
        let pipelines = pipelines.iter().filter(|one| if all { !one.is_new } else { one.after.tables > 0 });
        pipelines.filter_map(|one| one.gateway.as_deref()).collect()
    };
    consents.extend(
        gateways(true).difference(&gateways(false)).map(|name| format!("delete:{}", gateway_key(name))),
    );
    consents
}

impl<'a> RebalanceDocument<'a> {
    /// Of all locks.
    #[must_use]
    pub fn new(source: Option<&'a SourceDocument>, locks: Vec<LockMoves>, findings: &'a Findings) -> Self {
        Self { format: "tapworks.rebalance/1", source, locks, findings, error: None }
    }

    /// The same with the error that ended the run.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// For people: groups in which nothing moves are not shown.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for lock in &self.locks {
            for group in lock.groups.iter().filter(|group| !group.moves.is_empty()) {
                write_group(&mut text, group);
            }
            write_end(&mut text, lock);
        }
        text
    }
}

fn write_group(text: &mut String, group: &GroupMoves) {
    let _ = writeln!(text, "{} in {}", group.group.bold(), group.bundle);
    let weighs = |load: &Load| load.weight != load.tables as u64;
    let has_weights =
        group.pipelines.iter().any(|pipeline| weighs(&pipeline.before) || weighs(&pipeline.after));
    let lines: Vec<[String; 5]> = group
        .pipelines
        .iter()
        .map(|pipeline| {
            let (before, after) = (pipeline.before, pipeline.after);
            [
                pipeline.pipeline.clone(),
                before.tables.to_string(),
                after.tables.to_string(),
                before.weight.to_string(),
                after.weight.to_string(),
            ]
        })
        .collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3), width(4)];
    for (pipeline, [name, before, after, weight_before, weight_after]) in group.pipelines.iter().zip(&lines) {
        let [w0, w1, w2, w3, w4] = widths;
        let _ = write!(text, "  {name:w0$}  {before:>w1$} → {after:>w2$} tables");
        if has_weights {
            let _ = write!(text, "  weight {weight_before:>w3$} → {weight_after:>w4$}");
        }
        let note = match (pipeline.new, pipeline.after.tables) {
            (true, _) => "  new",
            (false, 0) => "  nothing is left in it",
            _ => "",
        };
        let _ = writeln!(text, "{note}");
    }
    for one in &group.moves {
        let weight = if has_weights { format!(", weight {}", one.weight) } else { String::new() };
        let count = plural(one.tables.len(), "table");
        let _ = write!(text, "  {} → {}  {count}{weight}: ", one.from, one.to);
        let _ = write!(text, "{}", one.tables.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "));
        let _ = match one.tables.len().saturating_sub(NAMED) {
            0 => writeln!(text),
            more => writeln!(text, " and {more} more"),
        };
    }
}

fn write_end(text: &mut String, lock: &LockMoves) {
    let name = lock.lock.display();
    let Load { tables, weight } = lock.read_again;
    if tables == 0 {
        let _ = writeln!(text, "{name}  nothing to move");
        return;
    }
    let count = plural(tables, "table");
    let weight = if weight == tables as u64 { String::new() } else { format!(" of weight {weight}") };
    if lock.written {
        let _ = writeln!(text, "{name}  written: {count}{weight} to move, and to be read again in full");
        let _ = writeln!(text, "  `tapworks deploy` carries it out, with consent:");
    } else {
        let _ = writeln!(text, "{name}  {count}{weight} would move, and be read again in full");
        let _ = writeln!(text, "  --write puts the moves into the lock; deploy then needs consent:");
    }
    for consent in &lock.consents {
        let _ = writeln!(text, "    --allow {consent}");
    }
}
