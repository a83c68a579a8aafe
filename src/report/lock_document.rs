//! `tapworks.lock/1` and `tapworks.lock-change/1`, and the same for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use super::deploy_document::ErrorDocument;
use crate::finding::Findings;
use crate::placement::{HeldChange, Home, Lock, LockChanges, LockedTable, Slot};
use crate::text::plural;

/// What a lock holds.
#[derive(Debug, Serialize)]
pub struct LockDocument<'a> {
    format: &'static str,
    lock: &'a Path,
    /// Whether the file is there.
    exists: bool,
    /// By bundle and pipeline, in the order in which they stand there.
    tables: Vec<TableDocument<'a>>,
    pipelines: BTreeMap<&'a str, HomeDocument<'a>>,
    gateways: BTreeMap<&'a str, HomeDocument<'a>>,
    connections: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct TableDocument<'a> {
    table: &'a str,
    source: &'a str,
    #[serde(flatten)]
    slot: SlotDocument<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    moving: Option<MovingDocument<'a>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct SlotDocument<'a> {
    bundle: &'a str,
    gateway: Option<&'a str>,
    pipeline: &'a str,
    position: u64,
}

#[derive(Debug, Serialize)]
struct MovingDocument<'a> {
    from: SlotDocument<'a>,
    deployed: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct HomeDocument<'a> {
    catalog: &'a str,
    schema: &'a str,
}

impl<'a> SlotDocument<'a> {
    fn of(slot: &'a Slot) -> Self {
        let Slot { bundle, gateway, pipeline, position } = slot;
        Self { bundle, gateway: gateway.as_deref(), pipeline, position: *position }
    }
}

impl<'a> TableDocument<'a> {
    fn of(locked: &'a LockedTable) -> Self {
        let moving = locked.moving.as_ref().map(|moving| MovingDocument {
            from: SlotDocument::of(&moving.from),
            deployed: moving.done.iter().map(String::as_str).collect(),
        });
        Self {
            table: &locked.destination,
            source: &locked.source,
            slot: SlotDocument::of(&locked.slot),
            gone: locked.gone,
            moving,
        }
    }
}

impl<'a> HomeDocument<'a> {
    fn of(home: &'a Home) -> Self {
        Self { catalog: &home.catalog, schema: &home.schema }
    }
}

impl<'a> LockDocument<'a> {
    /// Of the tables of a lock that `shown` picks, with what is held of their pipelines and gateways.
    #[must_use]
    pub fn new(path: &'a Path, exists: bool, lock: &'a Lock, shown: impl Fn(&LockedTable) -> bool) -> Self {
        let mut picked: Vec<(&String, &LockedTable)> =
            lock.tables.iter().filter(|(_, locked)| shown(locked)).collect();
        let is_all = picked.len() == lock.tables.len();
        picked.sort_by_key(|(key, LockedTable { slot, .. })| {
            (&slot.bundle, &slot.pipeline, slot.position, *key)
        });
        let named: BTreeSet<&str> = picked
            .iter()
            .flat_map(|(_, locked)| locked.slot.gateway.iter().chain([&locked.slot.pipeline]))
            .map(String::as_str)
            .collect();
        let is_named = |name: &str| is_all || named.contains(name);
        let homes = |homes: &'a BTreeMap<String, Home>| {
            let homes = homes.iter().filter(|(name, _)| is_named(name));
            homes.map(|(name, home)| (name.as_str(), HomeDocument::of(home))).collect()
        };
        let connections = lock.connections.iter().filter(|(name, _)| is_named(name));
        Self {
            format: "tapworks.lock/1",
            lock: path,
            exists,
            pipelines: homes(&lock.pipelines),
            gateways: homes(&lock.gateways),
            connections: connections.map(|(name, connection)| (name.as_str(), connection.as_str())).collect(),
            tables: picked.into_iter().map(|(_, locked)| TableDocument::of(locked)).collect(),
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for tables in
            self.tables.chunk_by(|a, b| (a.slot.bundle, a.slot.pipeline) == (b.slot.bundle, b.slot.pipeline))
        {
            let Some(SlotDocument { bundle, gateway, pipeline, .. }) =
                tables.first().map(|table| &table.slot)
            else {
                continue;
            };
            let behind = gateway.map(|gateway| format!(" behind {gateway}")).unwrap_or_default();
            let _ =
                writeln!(text, "{}{behind} in {bundle}: {}", pipeline.bold(), plural(tables.len(), "table"));
            let width = tables.iter().map(|table| table.table.chars().count()).max().unwrap_or(0);
            for table in tables {
                let _ = write!(text, "  {:width$}  {}", table.table, table.source.dimmed());
                if table.gone {
                    text.push_str("  gone: no row asks for it");
                }
                if let Some(moving) = &table.moving {
                    let _ = write!(text, "  moving from {}", moving.from.pipeline);
                    if !moving.deployed.is_empty() {
                        let _ = write!(text, ", deployed to {}", moving.deployed.join(", "));
                    }
                }
                text.push('\n');
            }
        }
        let gone = self.tables.iter().filter(|table| table.gone).count();
        let moving = self.tables.iter().filter(|table| table.moving.is_some()).count();
        let pipelines: BTreeSet<_> =
            self.tables.iter().map(|table| (table.slot.bundle, table.slot.pipeline)).collect();
        let mut sum = vec![plural(self.tables.len(), "table"), plural(pipelines.len(), "pipeline")];
        sum.extend(
            [(gone, "gone"), (moving, "moving")]
                .iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, word)| format!("{n} {word}")),
        );
        let _ = writeln!(text, "{}: {}", self.lock.display(), sum.join(", "));
        text
    }
}

/// What became of a lock.
#[derive(Debug, Serialize)]
pub struct LockChangeDocument<'a> {
    format: &'static str,
    lock: &'a Path,
    /// Nothing was written: the changes are what would be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    checked: bool,
    #[serde(skip)]
    is_empty: bool,
    added: Vec<TableDocument<'a>>,
    changed: Vec<ChangedDocument<'a>>,
    removed: Vec<TableDocument<'a>>,
    pipelines: Vec<HeldDocument<'a, HomeDocument<'a>>>,
    gateways: Vec<HeldDocument<'a, HomeDocument<'a>>>,
    connections: Vec<HeldDocument<'a, &'a str>>,
    #[serde(skip_serializing_if = "Findings::is_empty")]
    findings: &'a Findings,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

#[derive(Debug, Serialize)]
struct ChangedDocument<'a> {
    before: TableDocument<'a>,
    after: TableDocument<'a>,
}

#[derive(Debug, Serialize)]
struct HeldDocument<'a, T> {
    name: &'a str,
    before: Option<T>,
    after: Option<T>,
}

fn held<'a, T, D>(changes: &'a [HeldChange<T>], document: impl Fn(&'a T) -> D) -> Vec<HeldDocument<'a, D>> {
    let one = |change: &'a HeldChange<T>| HeldDocument {
        name: &change.name,
        before: change.before.as_ref().map(&document),
        after: change.after.as_ref().map(&document),
    };
    changes.iter().map(one).collect()
}

impl<'a> LockChangeDocument<'a> {
    /// Of what is different, or with `checked` would be.
    #[must_use]
    pub fn new(path: &'a Path, changes: &'a LockChanges, checked: bool, findings: &'a Findings) -> Self {
        let tables = |tables: &'a [LockedTable]| tables.iter().map(TableDocument::of).collect();
        let changed = changes.changed.iter().map(|(before, after)| ChangedDocument {
            before: TableDocument::of(before),
            after: TableDocument::of(after),
        });
        Self {
            format: "tapworks.lock-change/1",
            lock: path,
            checked,
            is_empty: changes.is_empty(),
            added: tables(&changes.added),
            changed: changed.collect(),
            removed: tables(&changes.removed),
            pipelines: held(&changes.pipelines, HomeDocument::of),
            gateways: held(&changes.gateways, HomeDocument::of),
            connections: held(&changes.connections, String::as_str),
            findings,
            error: None,
        }
    }

    /// The same with the error that ended the run.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// For people: tables that came are counted by pipeline, all else is named.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // One that came to the very place of one that went is the same table under another name.
        let mut left: BTreeMap<&SlotDocument<'_>, &TableDocument<'_>> =
            self.removed.iter().map(|table| (&table.slot, table)).collect();
        let mut added: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for table in &self.added {
            let pipeline = table.slot.pipeline;
            match left.remove(&table.slot) {
                Some(old) => {
                    let _ = writeln!(
                        text,
                        "  renamed  {}, was {}, in pipeline {pipeline}",
                        table.table, old.table
                    );
                }
                None => *added.entry((table.slot.bundle, pipeline)).or_default() += 1,
            }
        }
        for ((bundle, pipeline), count) in added {
            let _ =
                writeln!(text, "  added    {} to pipeline {pipeline} in {bundle}", plural(count, "table"));
        }
        for ChangedDocument { before, after } in &self.changed {
            let _ = writeln!(text, "  changed  {}: {}", after.table, difference(before, after));
        }
        for table in self.removed.iter().filter(|table| left.contains_key(&table.slot)) {
            let _ = writeln!(text, "  removed  {} from pipeline {}", table.table, table.slot.pipeline);
        }
        let homes = [("pipeline", &self.pipelines), ("gateway", &self.gateways)];
        for (kind, change) in
            homes.iter().flat_map(|(kind, changes)| changes.iter().map(move |change| (kind, change)))
        {
            let told = |home: &HomeDocument<'_>| format!("{}.{}", home.catalog, home.schema);
            held_text(&mut text, kind, change, told);
        }
        for change in &self.connections {
            held_text(&mut text, "connection of", change, |connection| (*connection).to_owned());
        }
        let word = match (self.is_empty, self.checked) {
            (true, _) => "unchanged",
            (false, true) => "would be written",
            (false, false) => "written",
        };
        format!("{}  {word}\n{text}", self.lock.display())
    }
}

/// A line where something that was held is another, or went. What came with its tables is not told.
fn held_text<T>(text: &mut String, kind: &str, change: &HeldDocument<'_, T>, told: impl Fn(&T) -> String) {
    let name = change.name;
    let _ = match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            writeln!(text, "  changed  {kind} {name}: {}, was {}", told(after), told(before))
        }
        (Some(before), None) => writeln!(text, "  removed  {kind} {name}: {}", told(before)),
        (None, _) => Ok(()),
    };
}

/// What is different in the line of a table.
fn difference(before: &TableDocument<'_>, after: &TableDocument<'_>) -> String {
    let mut parts = Vec::new();
    let place =
        |table: &TableDocument<'_>| format!("pipeline {} in {}", table.slot.pipeline, table.slot.bundle);
    if place(before) != place(after) {
        parts.push(format!("{}, was {}", place(after), place(before)));
    } else if before.slot.position != after.slot.position {
        parts.push(format!("position {}, was {}", after.slot.position, before.slot.position));
    }
    if before.source != after.source {
        parts.push(format!("source {}, was {}", after.source, before.source));
    }
    match (before.gone, after.gone) {
        (false, true) => parts.push("gone, no row asks for it".to_owned()),
        (true, false) => parts.push("back".to_owned()),
        _ => {}
    }
    match (&before.moving, &after.moving) {
        (None, Some(moving)) => parts.push(format!("moving from {}", moving.from.pipeline)),
        (Some(_), None) => parts.push("moved".to_owned()),
        (Some(was), Some(is)) if was.deployed != is.deployed => {
            parts.push(format!("deployed to {}", is.deployed.join(", ")));
        }
        _ => {}
    }
    if before.table != after.table {
        parts.push(format!("written as {}, was {}", after.table, before.table));
    }
    parts.join("; ")
}
