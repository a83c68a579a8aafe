//! What happens to resources.

use std::collections::BTreeMap;

use super::bundle_plan::{Action, Node};
use super::cause::Cause;
use super::changes::{ResourceChange, TableCount};
use super::comparison::Comparison;
use super::effect::Effect;
use super::fates::Fates;
use super::field::FieldDifference;
use super::seen::{Seen, new_gateway};
use super::tables::Tables;
use crate::text::plural;

const OBJECTS: &str = "ingestion_definition.objects";
/// A note in the CLI's state: no request is sent for it.
const CASCADE: &str = "cascade_on_destroy";

/// Everything that changes, gateways first, then pipelines, jobs and the rest, each by key.
pub(super) fn resources(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    tables: &Tables,
) -> Vec<ResourceChange> {
    let mut found: Vec<(usize, ResourceChange)> = Vec::new();
    for (full, node) in &comparison.plan.nodes {
        if node.action == Action::Skip {
            continue;
        }
        let key = full.strip_prefix("resources.").unwrap_or(full);
        let seen = key.strip_prefix("pipelines.").and_then(|key| pipelines.get(key)).copied();
        let order = match seen {
            Some(seen) if seen.is_gateway() => 0,
            Some(_) => 1,
            None if key.starts_with("jobs.") => 2,
            None => 3,
        };
        let change = match seen {
            Some(seen) => pipeline(comparison, pipelines, tables, key, seen),
            None => other(comparison, pipelines, tables, key, node),
        };
        found.push((order, change));
    }
    found.sort_by(|(a, first), (b, second)| (a, &first.key).cmp(&(b, &second.key)));
    found.into_iter().map(|(_, change)| change).collect()
}

fn pipeline(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    tables: &Tables,
    key: &str,
    seen: Seen<'_>,
) -> ResourceChange {
    let is_gateway = seen.is_gateway();
    let count = if is_gateway { behind(pipelines, tables, seen) } else { own(tables, seen) };
    let cause = match seen.node.action {
        Action::Delete if seen.node.gone => Cause::new("it was deleted by hand"),
        Action::Delete if is_gateway => Cause::new("no row needs it any more"),
        Action::Delete => Cause::new("no row is placed in it any more"),
        Action::Create if !seen.is_lost() => Cause::new("new"),
        Action::Create | Action::Recreate => {
            let cause = comparison.why_again(pipelines, seen);
            let followers = followers(pipelines, seen);
            let cause =
                if is_gateway && followers > 0 { cause.then(plural(followers, "pipeline")) } else { cause };
            match tables_again(pipelines, tables, seen) {
                0 => cause,
                count => cause.then(plural(count, "table")),
            }
        }
        _ => updated(comparison, key, seen),
    };
    ResourceChange {
        key: key.to_owned(),
        action: seen.node.action,
        effect: effect(tables, seen),
        fields: fields(seen.node),
        tables: (count != TableCount::default()).then_some(count),
        fate: seen.is_destroyed().then(|| {
            let fates = Fates::of(&with_tables(pipelines, seen), &tables.changes);
            fates.gravest().unwrap_or_else(|| comparison.fate(seen))
        }),
        cause,
    }
}

fn effect(tables: &Tables, seen: Seen<'_>) -> Effect {
    let of_tables = tables.sum(seen.key).worst.unwrap_or(Effect::Metadata);
    match seen.node.action {
        Action::Skip => Effect::None,
        Action::Delete if seen.node.gone => Effect::None,
        Action::Delete => Effect::Delete,
        Action::Recreate => Effect::Snapshot,
        Action::Create => of_tables,
        Action::Update | Action::UpdateId | Action::Resize => {
            let runs_all_the_time =
                seen.wanted().and_then(|wanted| wanted.get("continuous")?.as_bool()).unwrap_or(false);
            let is_sent = seen
                .node
                .changes
                .iter()
                .any(|(path, change)| change.action != Action::Skip && path != CASCADE);
            let restarts = is_sent && (seen.is_gateway() || runs_all_the_time);
            of_tables.max(if restarts { Effect::Restart } else { Effect::Metadata })
        }
    }
}

/// Why something is changed in place. Tables say for themselves.
fn updated(comparison: &Comparison<'_>, key: &str, seen: Seen<'_>) -> Cause {
    let path = seen
        .node
        .changes
        .iter()
        .find(|(path, change)| change.action != Action::Skip && !path.starts_with(OBJECTS))
        .map(|(path, change)| (path.as_str(), change));
    match path {
        None => Cause::new("its tables"),
        Some((CASCADE, _)) => Cause::new("cascade_on_destroy is noted, nothing is sent"),
        Some((path, change)) if change.is_by_hand() => Cause::new(format!("{path} was changed by hand")),
        Some((path, change)) => {
            let (name, place) = super::written::resource_field(comparison, key, path, change.new.as_ref());
            Cause::new(name).at(place)
        }
    }
}

/// The pipelines behind a gateway that are made again because of it.
fn behind_it<'a>(
    pipelines: &'a BTreeMap<&str, Seen<'_>>,
    gateway: &'a str,
) -> impl Iterator<Item = &'a Seen<'a>> + 'a {
    pipelines
        .values()
        .filter(move |seen| seen.node.action == Action::Recreate && new_gateway(seen.node) == Some(gateway))
}

/// The pipelines of which the tables go the way of this: itself, or those behind a gateway that are made again because of it.
pub(super) fn with_tables<'a>(pipelines: &'a BTreeMap<&str, Seen<'_>>, seen: Seen<'a>) -> Vec<&'a str> {
    if seen.is_gateway() {
        behind_it(pipelines, seen.key).map(|pipeline| pipeline.key).collect()
    } else {
        vec![seen.key]
    }
}

fn followers(pipelines: &BTreeMap<&str, Seen<'_>>, seen: Seen<'_>) -> usize {
    behind_it(pipelines, seen.key).count()
}

/// How many tables are read again because this is made again.
fn tables_again(pipelines: &BTreeMap<&str, Seen<'_>>, tables: &Tables, seen: Seen<'_>) -> usize {
    let behind: usize = behind_it(pipelines, seen.key).map(|pipeline| tables.sum(pipeline.key).again).sum();
    tables.sum(seen.key).again + behind
}

fn own(tables: &Tables, seen: Seen<'_>) -> TableCount {
    tables.counts.get(seen.key).copied().unwrap_or_default()
}

fn behind(pipelines: &BTreeMap<&str, Seen<'_>>, tables: &Tables, seen: Seen<'_>) -> TableCount {
    let mut sum = TableCount::default();
    for pipeline in behind_it(pipelines, seen.key) {
        let count = own(tables, *pipeline);
        sum.before += count.before;
        sum.after += count.after;
        sum.added += count.added;
        sum.removed += count.removed;
    }
    sum
}

fn other(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    tables: &Tables,
    key: &str,
    node: &Node,
) -> ResourceChange {
    let cause = match node.action {
        Action::Delete if node.gone => Cause::new("it was deleted by hand"),
        Action::Delete => Cause::new("nothing asks for it any more"),
        Action::Create if comparison.deployed.knows(key) => {
            Cause::new("it was deleted by hand").then("made again")
        }
        Action::Create => Cause::new("new"),
        _ => {
            let first = node.changes.iter().find(|(_, change)| change.action != Action::Skip);
            match first {
                Some((path, change)) if path.ends_with("pipeline_task.pipeline_id") => {
                    let pipeline = change.new.as_ref().and_then(|new| {
                        new.as_str()?.strip_prefix("${resources.pipelines.")?.strip_suffix(".id}")
                    });
                    match pipeline.and_then(|key| pipelines.get(key)) {
                        Some(seen) => Cause::new(format!("{} gets another id", seen.key)),
                        None => Cause::new("another pipeline"),
                    }
                }
                Some((path, change)) if change.is_by_hand() => {
                    Cause::new(format!("{path} was changed by hand"))
                }
                Some((path, change)) => {
                    let (name, place) =
                        super::written::resource_field(comparison, key, path, change.new.as_ref());
                    Cause::new(name).at(place)
                }
                None => Cause::default(),
            }
        }
    };
    let refreshes = key.strip_prefix("jobs.").is_some_and(|job| tables.refreshing.contains(job));
    let destroys = node.destroys(&format!("resources.{key}"));
    let effect = match node.gone {
        true => Effect::None,
        false if destroys => Effect::Delete,
        false if refreshes => Effect::Snapshot,
        false => Effect::Metadata,
    };
    ResourceChange {
        key: key.to_owned(),
        action: node.action,
        effect,
        fields: fields(node),
        tables: None,
        fate: None,
        cause,
    }
}

/// The fields that change: from what is there to what is wanted. Tables are told by themselves.
fn fields(node: &Node) -> Vec<FieldDifference> {
    let changes = node.changes.iter();
    changes
        .filter(|(path, change)| change.action != Action::Skip && !path.starts_with(OBJECTS))
        .map(|(path, change)| FieldDifference {
            path: path.clone(),
            old: change.there().cloned(),
            new: change.new.clone(),
        })
        .collect()
}
