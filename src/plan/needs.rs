//! Which consents a bundle's changes need, and what no consent covers.

use std::collections::BTreeMap;

use super::bundle_plan::{Action, Node};
use super::changes::{ResourceChange, TableAction, TableChange};
use super::comparison::Comparison;
use super::consent::{Consent, ConsentKind};
use super::definition::reads_again;
use super::effect::{Effect, Fate};
use super::fates::Fates;
use super::field::FieldDifference;
use super::need::Need;
use super::resources::with_tables;
use super::seen::Seen;
use crate::finding::{Finding, Findings, Place};
use crate::text::plural;

pub(super) fn needs(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    resources: &[ResourceChange],
    tables: &[TableChange],
) -> (Vec<Need>, Findings) {
    let mut needs = Vec::new();
    let mut findings = Findings::new();
    for resource in resources {
        let Some(seen) = resource.key.strip_prefix("pipelines.").and_then(|key| pipelines.get(key)) else {
            continue;
        };
        if !seen.is_destroyed() {
            continue;
        }
        let fates = Fates::of(&with_tables(pipelines, *seen), tables);
        match refusal(comparison, *seen, resource, fates) {
            Some(finding) => findings.push(finding),
            None => destroyed(*seen, fates, &mut needs),
        }
    }
    for (key, node) in comparison.plan.destructive().filter(|(key, _)| !is_pipeline(key)) {
        of_others(key, node, &mut needs);
    }
    needs.extend(of_tables(tables));
    (needs, findings)
}

fn is_pipeline(key: &str) -> bool {
    key.strip_prefix("resources.pipelines.").is_some_and(|name| !name.contains('.'))
}

/// What the user has in files beside ours, a schema, a volume, is known by its key alone.
fn of_others(key: &str, node: &Node, needs: &mut Vec<Need>) {
    let short = key.strip_prefix("resources.").unwrap_or(key);
    let what = match node.action {
        Action::Delete => format!("{short} is deleted with all that it holds"),
        _ => format!("{short} is deleted with all that it holds, and made again"),
    };
    needs.extend(of_causes(node, Consent::to_destroy(key, node.action), what, Fates::default()));
}

/// What no consent covers.
fn refusal(
    comparison: &Comparison<'_>,
    seen: Seen<'_>,
    resource: &ResourceChange,
    fates: Fates,
) -> Option<Finding> {
    let word = if seen.node.action == Action::Delete { "deleted" } else { "deleted and made again" };
    let place = Place::Resource { key: resource.key.clone() };
    if comparison.prevents(seen) && seen.node.action == Action::Recreate {
        return Some(
            Finding::error(
                "TW403",
                format!("{} would be {word}, and prevent_destroy forbids it", resource.key),
            )
            .at(place)
            .why(format!("{}; the CLI refuses the whole deploy", resource.cause))
            .fix("undo that change, or set `prevent_destroy: false` for the target and deploy that first"),
        );
    }
    if comparison.fate(seen) == Fate::Dropped && !comparison.drops(seen) {
        let tables = match fates.dropped {
            0 => String::new(),
            count => format!(" and its {} DROPPED", plural(count, "table")),
        };
        return Some(
            Finding::error("TW402", format!("{} would be {word}{tables}", resource.key))
                .at(place)
                .why(
                    "the settings keep the tables (cascade_on_destroy: false), but that is not deployed yet, and the CLI obeys \
                     what is deployed",
                )
                .fix(
                    "deploy once without this change: it only notes the flag, no request is sent to the pipeline; then make the \
                     change. To have the tables dropped, set `cascade_on_destroy: true` for the target",
                ),
        );
    }
    None
}

fn destroyed(seen: Seen<'_>, fates: Fates, needs: &mut Vec<Need>) {
    let gateway = if seen.is_gateway() { "gateway" } else { "pipeline" };
    let tables = match fates.text() {
        none if none.is_empty() => none,
        text => format!(", {text}"),
    };
    if seen.node.action == Action::Delete {
        let consent = Consent { kind: ConsentKind::Delete, name: seen.key.to_owned() };
        let what = format!("{gateway} {} is deleted{tables}", seen.key);
        needs.push(Need { consent, field: None, what, tables: fates.tables(), fate: fates.gravest() });
        return;
    }
    let consent = Consent { kind: ConsentKind::Recreate, name: seen.key.to_owned() };
    let what = format!("{gateway} {} is deleted and made again{tables}", seen.key);
    needs.extend(of_causes(seen.node, consent, what, fates));
}

/// One need for each field that calls for it; one without where no field does.
fn of_causes(node: &Node, consent: Consent, what: String, fates: Fates) -> Vec<Need> {
    let causes: Vec<FieldDifference> = node
        .causes()
        .map(|(path, change)| FieldDifference {
            path: path.to_owned(),
            old: change.there().cloned(),
            new: change.new.clone(),
        })
        .collect();
    let need = |field| Need {
        consent: consent.clone(),
        field,
        what: what.clone(),
        tables: fates.tables(),
        fate: fates.gravest(),
    };
    if causes.is_empty() {
        return vec![need(None)];
    }
    causes.into_iter().map(|field| need(Some(field))).collect()
}

/// One need for each table and field, so that an approval covers that and nothing else; all of a pipeline say the same.
fn of_tables(tables: &[TableChange]) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut counts: BTreeMap<Consent, usize> = BTreeMap::new();
    for table in tables {
        let of_table = of_table(table);
        if let Some((consent, _)) = of_table.first() {
            *counts.entry(consent.clone()).or_default() += 1;
        }
        needs.extend(of_table.into_iter().map(|(consent, field)| (consent, field, table.fate)));
    }
    needs
        .into_iter()
        .map(|(consent, field, fate)| {
            let count = counts.get(&consent).copied().unwrap_or_default();
            let (tables, are) = (plural(count, "table"), if count == 1 { "is" } else { "are" });
            let (leave, they) = if count == 1 { ("leaves", "it") } else { ("leave", "they") };
            let what = match (consent.kind, fate) {
                (ConsentKind::Move, Some(Fate::Dropped)) => {
                    format!("{tables} {leave} {}, {are} DROPPED and read again in full", consent.name)
                }
                (ConsentKind::Move, _) => format!(
                    "{tables} {leave} {} and {are} read again in full, once {they} {are} dropped by hand after the deploy",
                    consent.name
                ),
                _ => format!("{tables} of {} {are} read again in full", consent.name),
            };
            Need { consent, field: Some(field), what, tables: 1, fate }
        })
        .collect()
}

fn of_table(table: &TableChange) -> Vec<(Consent, FieldDifference)> {
    match (table.action, table.effect) {
        (TableAction::Move, _) => {
            let from = table.from.clone().unwrap_or_default();
            let field = FieldDifference {
                path: format!("objects[{}].pipeline", table.key),
                old: Some(from.clone().into()),
                new: Some(table.pipeline.clone().into()),
            };
            vec![(Consent { kind: ConsentKind::Move, name: from }, field)]
        }
        (TableAction::Update, Effect::Snapshot) => table
            .fields
            .iter()
            .filter(|field| reads_again(&field.path))
            .map(|field| {
                let consent = Consent { kind: ConsentKind::Snapshot, name: table.pipeline.clone() };
                let path = format!("objects[{}].{}", table.key, field.path);
                (consent, FieldDifference { path, ..field.clone() })
            })
            .collect(),
        _ => Vec::new(),
    }
}
