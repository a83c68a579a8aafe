//! What was changed in the workspace since the last deploy, by whomever.

use serde_json::Value;

use super::bundle_plan::{Action, FieldChange, Node};
use super::changes::Drift;
use super::comparison::Comparison;
use super::definition::definitions;
use super::field::FieldDifference;
use super::levels::Level;

const OBJECTS: &str = "ingestion_definition.objects";

pub(super) fn drift(comparison: &Comparison<'_>) -> Vec<Drift> {
    let mut found = Vec::new();
    for (full, node) in &comparison.plan.nodes {
        let key = full.strip_prefix("resources.").unwrap_or(full);
        let was_deployed = comparison.deployed.knows(key);
        let lost = match node.action {
            Action::Create => was_deployed && node.remote_state.is_none(),
            Action::Delete => node.gone,
            _ => false,
        };
        if lost {
            found.push(Drift {
                resource: key.to_owned(),
                path: None,
                deployed: None,
                found: None,
                what: format!("{key} was deleted by hand"),
            });
            continue;
        }
        tables(comparison, key, node, &mut found);
        for (path, change) in &node.changes {
            if !path.starts_with(OBJECTS) && is_drift(change) {
                found.push(field(key, path, change));
            }
        }
    }
    found
}

/// Whether a field was changed by hand: the workspace has another value than was deployed, and the CLI minds. Where the
/// configuration changes too, what the workspace does not tell is no difference.
fn is_drift(change: &FieldChange) -> bool {
    let both = change.action != Action::Skip && change.remote != change.old;
    change.is_by_hand() || (both && change.old.is_some() && change.remote.is_some())
}

fn field(key: &str, path: &str, change: &FieldChange) -> Drift {
    let difference = FieldDifference {
        path: format!("{key} {path}"),
        old: change.old.clone(),
        new: change.remote.clone(),
    };
    let what = match (path, change.remote.as_ref().and_then(Value::as_str)) {
        ("schedule.pause_status", Some("PAUSED")) => format!("{key} was paused by hand"),
        ("schedule.pause_status", Some("UNPAUSED")) => format!("{key} was started again by hand"),
        _ => {
            format!("{key} {path} was changed by hand: {} → {}", difference.old_text(), difference.new_text())
        }
    };
    Drift {
        resource: key.to_owned(),
        path: Some(path.to_owned()),
        deployed: change.old.clone(),
        found: change.remote.clone(),
        what,
    }
}

/// Tables of a pipeline that were put in, taken out or changed by hand.
fn tables(comparison: &Comparison<'_>, key: &str, node: &Node, found: &mut Vec<Drift>) {
    if node.action == Action::Skip || !node.changes.iter().any(|(path, _)| path.starts_with(OBJECTS)) {
        return;
    }
    let (Some(deployed), Some(remote)) = (comparison.deployed.definition(key), node.remote_state.as_ref())
    else {
        return;
    };
    let mut drift = |path: String, what: String| {
        found.push(Drift { resource: key.to_owned(), path: Some(path), deployed: None, found: None, what });
    };
    let before: std::collections::BTreeMap<_, _> =
        definitions(deployed).map(|table| (table.key(), table)).collect();
    let after: std::collections::BTreeMap<_, _> =
        definitions(remote).map(|table| (table.key(), table)).collect();
    for (table, old) in &before {
        let path = format!("objects[{}]", old.destination());
        match after.get(table) {
            None => drift(path, format!("{} was taken out of {key} by hand", old.destination())),
            Some(new) => {
                for field in old.differences(*new) {
                    // What was never set is the service's own default. What is set further away is told there, once.
                    let is_here = old.level(*new, &field.path) == Level::Table;
                    if is_here && old.field(&field.path).is_some() {
                        let what = format!(
                            "{} {} was changed by hand: {} → {}",
                            old.destination(),
                            field.path,
                            field.old_text(),
                            field.new_text()
                        );
                        drift(format!("{path}.{}", field.path), what);
                    }
                }
            }
        }
    }
    for (table, new) in &after {
        if !before.contains_key(table) {
            let path = format!("objects[{}]", new.destination());
            drift(path, format!("{} was put into {key} by hand", new.destination()));
        }
    }
}
