//! Is each destination free, or who stands there?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Answer, CatalogFacts, Occupant};
use super::holders::{Holder, Holders};
use super::homes::{catalog_rights, schema_rights};
use super::own_pipelines::{OwnPipeline, OwnPipelines};
use super::skips::{Skips, first_few};
use super::sql::{grant, quoted, quoted_parts};
use super::standing::{Asker, Standing};
use super::wanted::{CatalogWanted, SchemaUse, TableUse, key, schema_key};
use crate::connector::Destination;
use crate::finding::{Finding, Place};
use crate::plan::destinations;
use crate::preflight::Verdict;
use crate::preflight::case::Stranger;
use crate::preflight::facts::Manager;
use crate::text::plural;
use crate::workspace::Securable;

/// The rules that need to see every table of a schema.
const RULES: [&str; 4] = ["TW320", "TW321", "TW322", "TW323"];

/// How many statements a fix holds.
const STATEMENTS: usize = 20;

/// Judges the destinations of one target. `definition` is the one that one of our pipelines of this target was deployed with
/// last; `place` says where a row stands.
#[must_use]
pub fn judge_destinations(
    target: &str,
    wanted: &CatalogWanted,
    facts: &CatalogFacts,
    own: &OwnPipelines,
    holders: &Holders,
    definition: &dyn Fn(&OwnPipeline) -> Option<Value>,
    place: &dyn Fn(u32) -> Option<Place>,
) -> Verdict {
    let judge = Judge { target, wanted, facts, own, holders, definition, place, asker: Asker::of(facts) };
    let mut verdict = Verdict::default();
    let mut skips = Skips::default();
    for (key, schema) in wanted.schemas.iter().filter(|(_, schema)| !schema.tables.is_empty()) {
        judge.visibility(key, schema, &mut skips);
        for ((kind, _), tables) in judge.by_kind(schema, &mut skips) {
            verdict.find(judge.finding(schema, &kind, &tables));
        }
    }
    skips.tell(target, &mut verdict);
    verdict
}

struct Judge<'a> {
    target: &'a str,
    wanted: &'a CatalogWanted,
    facts: &'a CatalogFacts,
    own: &'a OwnPipelines,
    holders: &'a Holders,
    definition: &'a dyn Fn(&OwnPipeline) -> Option<Value>,
    place: &'a dyn Fn(u32) -> Option<Place>,
    asker: Asker<'a>,
}

/// What stands in the way of a destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Another pipeline of ours than the planned one.
    Ours { holder: String },
    /// The same, and the deploy takes it from there.
    Leaving { holder: String },
    /// A pipeline that is not ours.
    Foreign { holder: String },
    /// A pipeline that this workspace no longer has.
    Gone { holder: String },
    /// A table or view that no pipeline writes.
    Plain { kind: String },
}

impl<'a> Judge<'a> {
    /// What is free counts as free only where every table is seen.
    fn visibility(&self, name: &str, schema: &SchemaUse, skips: &mut Skips) {
        let me = &self.asker.me.name;
        let subject = format!("destinations in {}", schema.full_name());
        let full = quoted_parts(&[&schema.catalog, &schema.name]);
        let select = || Some(grant(&["SELECT"], Securable::Schema, &full, me));
        let mut skip = |reason: String, statement: Option<String>| {
            for rule in RULES {
                skips.add(rule, subject.clone(), reason.clone(), statement.clone());
            }
        };
        let Some(found) = self.facts.schemas.get(name) else {
            skip("they were not asked for".to_owned(), None);
            return;
        };
        match (&found.secured.object, &found.tables) {
            (Answer::Missing, _) => {
                let catalog = self.facts.catalogs.get(&key(&schema.catalog));
                let rights = catalog_rights(catalog, &self.asker);
                if rights.standing(&self.asker.me, "USE_CATALOG", &self.asker) != Standing::Granted {
                    let above = quoted(&schema.catalog);
                    skip(
                        format!("no such schema is shown to {me}, which proves nothing without USE CATALOG"),
                        Some(grant(&["USE_CATALOG"], Securable::Catalog, &above, me)),
                    );
                }
            }
            (_, Answer::Refused(why)) => {
                skip(format!("the tables there may not be listed ({why})"), select())
            }
            (_, Answer::Missing) => skip(format!("no tables are shown to {me}"), select()),
            (_, Answer::There(_)) => {
                let rights = schema_rights(schema, self.facts, &self.asker);
                if !rights.shows_all_tables(&self.asker) {
                    skip(format!("seen only as far as {me} may view"), select());
                }
            }
        }
    }

    /// The destinations of a schema that are not free, by what stands there and where they are planned.
    fn by_kind(
        &self,
        schema: &'a SchemaUse,
        skips: &mut Skips,
    ) -> BTreeMap<(Kind, Option<usize>), Vec<&'a TableUse>> {
        let mut kinds: BTreeMap<(Kind, Option<usize>), Vec<&TableUse>> = BTreeMap::new();
        let mut untold = Vec::new();
        for table in schema.tables.values() {
            let Some(occupant) = self.facts.occupant(&table.destination) else { continue };
            match self.kind(table, occupant) {
                Ok(Some(kind @ Kind::Ours { .. })) => {
                    kinds.entry((kind, table.planned)).or_default().push(table);
                }
                Ok(Some(kind)) => kinds.entry((kind, None)).or_default().push(table),
                Ok(None) => {}
                Err(Untold) => untold.push(table.destination.to_string()),
            }
        }
        if !untold.is_empty() {
            let names: Vec<&str> = untold.iter().map(String::as_str).collect();
            for rule in ["TW320", "TW322", "TW323"] {
                skips.add(
                    rule,
                    first_few(&names),
                    "Unity Catalog does not say which pipeline writes it",
                    None,
                );
            }
        }
        let ours: Vec<_> =
            kinds.keys().filter(|(kind, _)| matches!(kind, Kind::Ours { .. })).cloned().collect();
        for (kind, planned) in ours {
            let Kind::Ours { holder } = &kind else { continue };
            let Some(leaves) = self.leaves(holder, planned) else { continue };
            let Some(tables) = kinds.remove(&(kind.clone(), planned)) else { continue };
            let (leaving, standing): (Vec<&TableUse>, Vec<&TableUse>) =
                tables.into_iter().partition(|table| leaves.covers(&table.destination));
            if !standing.is_empty() {
                kinds.insert((kind.clone(), planned), standing);
            }
            if !leaving.is_empty() && !leaves.drops {
                kinds.insert((Kind::Leaving { holder: holder.clone() }, planned), leaving);
            }
        }
        for tables in kinds.values_mut() {
            tables.sort_by_key(|table| table.row);
        }
        kinds
    }

    fn kind(&self, table: &TableUse, occupant: &Occupant) -> Result<Option<Kind>, Untold> {
        let Some(holder) = &occupant.pipeline else {
            let kind = occupant.kind.as_deref().unwrap_or_default();
            // These two are made by pipelines alone.
            if matches!(kind, "STREAMING_TABLE" | "MATERIALIZED_VIEW") {
                return Err(Untold);
            }
            return Ok(Some(Kind::Plain { kind: kind.to_owned() }));
        };
        let planned = table.planned.and_then(|index| self.wanted.pipelines.get(index));
        if planned.and_then(|planned| self.own.id(self.target, &planned.bundle, &planned.key))
            == Some(holder.as_str())
        {
            return Ok(None);
        }
        let holder = holder.clone();
        if self.own.whose(&holder).is_some() {
            return Ok(Some(Kind::Ours { holder }));
        }
        Ok(Some(match self.holders.pipelines.get(&holder) {
            Some(Holder::Gone) => Kind::Gone { holder },
            _ => Kind::Foreign { holder },
        }))
    }

    /// What the deploy takes from another pipeline of ours for a planned one. Until then that one may make a table anew which is
    /// dropped, so that nothing but the deploy mends it; what was taken from it already only stands in the way.
    fn leaves(&self, holder: &str, planned: Option<usize>) -> Option<Leaves> {
        planned?;
        let own = self.own.whose(holder).filter(|own| own.target == self.target)?;
        let mut of_bundle =
            self.wanted.pipelines.iter().filter(|planned| planned.bundle == own.bundle).peekable();
        // A bundle that is not deployed keeps what it has.
        of_bundle.peek()?;
        let stays = of_bundle.any(|planned| planned.key == own.key);
        let deployed = (self.definition)(own)?;
        let keeps = deployed.get("cascade_on_destroy").and_then(Value::as_bool) == Some(false);
        Some(Leaves { destinations: destinations(&deployed), drops: !stays && !keeps })
    }

    fn finding(&self, schema: &SchemaUse, kind: &Kind, tables: &[&TableUse]) -> Finding {
        let (subject, be) = subject(schema, tables);
        let at = tables.first().and_then(|table| (self.place)(table.row));
        let finding = match kind {
            Kind::Ours { holder } => self.ours(&subject, be, holder, tables),
            Kind::Leaving { holder } => self.leaving(&subject, be, holder, tables),
            Kind::Foreign { holder } => self.foreign(&subject, be, holder, tables),
            Kind::Gone { holder } => Finding::warning(
                "TW323",
                format!("{subject} {be} left over from pipeline {holder}, which this workspace does not have"),
            )
            .why(
                "a table stays with the pipeline that made it, also when that one was recreated and its tables were kept: \
                 another pipeline cannot write it until it is dropped",
            )
            .fix(format!(
                "unless another workspace of this metastore has that pipeline, drop {}; the next run reads in full: {}",
                them(tables),
                drops(tables)
            )),
            Kind::Plain { kind } => Finding::error(
                "TW321",
                format!("{subject} {be} there already: {}, and no pipeline writes {}", shown(kind, tables.len()), them(tables)),
            )
            .why("a pipeline writes only tables that it made itself: the update would fail")
            .fix(format!(
                "rename or drop {}, or give {} another target_schema or target_table_name",
                them(tables),
                rows(tables)
            )),
        };
        finding.at(at).for_target(self.target)
    }

    fn ours(&self, subject: &str, be: &str, holder: &str, tables: &[&TableUse]) -> Finding {
        let own = self.own.whose(holder);
        let planned = self.planned(tables).map_or_else(String::new, |key| format!(" and planned in `{key}`"));
        let (whose, elsewhere) = own.map_or_else(
            || (format!("pipeline {holder}"), false),
            |own| {
                let elsewhere = own.target != self.target;
                let target = if elsewhere { format!(", target `{}`", own.target) } else { String::new() };
                (format!("`{}` of bundle `{}`{target} (id {holder})", own.key, own.bundle), elsewhere)
            },
        );
        let finding = Finding::error("TW320", format!("{subject} {be} written by {whose}{planned}"))
            .why("a table is written by one pipeline only: the other one's update would fail");
        if elsewhere {
            return finding.fix(format!(
                "give target `{}` its own destinations: `catalogs` or `schemas` in the target",
                self.target
            ));
        }
        finding.fix(format!(
            "put {} back to where {} was, or drop {} so that the planned pipeline reads in full: {}",
            rows(tables),
            if tables.len() == 1 { "it" } else { "each" },
            them(tables),
            drops(tables)
        ))
    }

    fn leaving(&self, subject: &str, be: &str, holder: &str, tables: &[&TableUse]) -> Finding {
        let (old, bundle) =
            self.own.whose(holder).map_or((holder, ""), |own| (own.key.as_str(), own.bundle.as_str()));
        let new = self.planned(tables).unwrap_or_default();
        let (it, is) = if tables.len() == 1 { ("it", "is") } else { ("they", "are") };
        let what = format!(
            "{subject} {be} written by `{old}` of bundle `{bundle}` (id {holder}) until the deploy moves {} to `{new}`",
            them(tables)
        );
        Finding::warning("TW320", what)
            .why(format!(
                "`{new}` cannot write {} while {it} {is} there; dropped before the deploy, `{old}` may make {} anew",
                them(tables),
                them(tables)
            ))
            .fix(format!(
                "deploy, then drop {}, so that `{new}` can write and reads in full: {}",
                them(tables),
                drops(tables)
            ))
    }

    /// The key of the pipeline that they are planned in, all in the same.
    fn planned(&self, tables: &[&TableUse]) -> Option<&'a str> {
        let table = tables.first()?;
        self.wanted.pipelines.get(table.planned?).map(|planned| planned.key.as_str())
    }

    fn foreign(&self, subject: &str, be: &str, holder: &str, tables: &[&TableUse]) -> Finding {
        let (whose, fix) = match self.holders.pipelines.get(holder) {
            Some(Holder::There(found)) => {
                let ours = match &found.manager {
                    Manager::Bundle(path) => self.own.bundle_at(path),
                    _ => None,
                };
                let (who, fix) = match (ours, Stranger::of(found, &self.holders.others)) {
                    (Some(bundle), _) => (
                        format!(", which points at bundle `{bundle}` and is not in its state"),
                        Some("a deploy that broke off left it: take it over or delete it, as TW304 says"),
                    ),
                    (None, Stranger::Nobody) => (", made by hand".to_owned(), None),
                    (None, Stranger::Unknown) => (String::new(), None),
                    (None, stranger) => (format!(", of {}", stranger.told()), None),
                };
                (format!("pipeline \"{}\"{who}: {}", found.name, found.card()), fix)
            }
            Some(Holder::Hidden) => {
                (format!("pipeline {holder}, which {} may not view", self.asker.me.name), None)
            }
            Some(Holder::Gone) | None => (format!("pipeline {holder}"), None),
        };
        Finding::error("TW322", format!("{subject} {be} already written by {whose}"))
            .why("a table is written by one pipeline only: the update would fail")
            .fix(fix.map_or_else(
                || {
                    format!(
                        "give {} another target_schema or target_table_name, or agree with the owner to take {} out of that \
                         pipeline and to drop {}",
                        rows(tables),
                        them(tables),
                        them(tables)
                    )
                },
                str::to_owned,
            ))
    }
}

/// What a pipeline has that is planned in another one.
struct Leaves {
    destinations: BTreeSet<String>,
    /// It goes with all its tables, which make room so.
    drops: bool,
}

impl Leaves {
    fn covers(&self, destination: &Destination) -> bool {
        let schema = schema_key(&destination.catalog, &destination.schema);
        [key(&destination.table).as_str(), "*"]
            .iter()
            .any(|table| self.destinations.contains(&format!("{schema}.{table}")))
    }
}

/// A streaming table of which the list does not say whose it is.
struct Untold;

/// `main.crm.accounts is`, or `5 tables of main.crm (accounts, orders, items and 2 more) are`.
fn subject(schema: &SchemaUse, tables: &[&TableUse]) -> (String, &'static str) {
    match tables {
        [one] => (one.destination.to_string(), "is"),
        _ => {
            let names: Vec<&str> = tables.iter().map(|table| table.destination.table.as_str()).collect();
            let count = plural(tables.len(), "table");
            (format!("{count} of {} ({})", schema.full_name(), first_few(&names)), "are")
        }
    }
}

fn rows(tables: &[&TableUse]) -> &'static str {
    if tables.len() == 1 { "the row" } else { "the rows" }
}

fn them(tables: &[&TableUse]) -> &'static str {
    if tables.len() == 1 { "it" } else { "them" }
}

/// `a MANAGED table`, `views`.
fn shown(kind: &str, count: usize) -> String {
    let noun = match kind {
        "" => "table".to_owned(),
        "VIEW" | "METRIC_VIEW" => "view".to_owned(),
        other => format!("{other} table"),
    };
    if count == 1 { format!("a {noun}") } else { format!("{noun}s") }
}

fn drops(tables: &[&TableUse]) -> String {
    let mut statements: Vec<String> = tables
        .iter()
        .take(STATEMENTS)
        .map(|table| {
            let Destination { catalog, schema, table } = &table.destination;
            format!("DROP TABLE {}", quoted_parts(&[catalog, schema, table]))
        })
        .collect();
    if tables.len() > STATEMENTS {
        statements.push(format!("and {} more", tables.len() - STATEMENTS));
    }
    statements.join("; ")
}
