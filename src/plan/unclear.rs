//! What the CLI's plan does not tell, though all that happens to tables follows from it. It is refused: what is not told may be
//! anything, and is never taken for "nothing changes".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::bundle_plan::{Action, BundlePlan};
use super::comparison::Comparison;
use super::seen::{Seen, ingests, is_gateway};
use crate::finding::{Finding, Findings, Place};
use crate::placement::Bundle;

/// A bundle's resources of which a plan says nothing, neither that they change nor that they stay: those that are wanted, and
/// those of the state that the plan was made against, by their keys.
#[must_use]
pub fn unsaid<'a>(
    plan: &BundlePlan,
    bundle: &Bundle,
    state: impl IntoIterator<Item = &'a str>,
) -> Option<Finding> {
    let gateways = bundle.gateways.iter().map(|gateway| format!("resources.pipelines.{}", gateway.key()));
    let pipelines = bundle.pipelines.iter().map(|pipeline| format!("resources.pipelines.{}", pipeline.key()));
    let wanted = gateways.chain(pipelines).chain(state.into_iter().map(str::to_owned));
    let missing: BTreeSet<String> = wanted.filter(|key| !plan.nodes.contains_key(key)).collect();
    let first = missing.first()?.strip_prefix("resources.")?;
    let more = match missing.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = format!("the plan says nothing of {first}{more}");
    Some(finding(what).at(Place::Resource { key: first.to_owned() }))
}

/// What is not told of each gateway and pipeline that changes.
pub(super) fn unclear(comparison: &Comparison<'_>, pipelines: &BTreeMap<&str, Seen<'_>>) -> Findings {
    pipelines
        .values()
        .filter_map(|seen| {
            let key = format!("pipelines.{}", seen.key);
            let what = what_is_missing(comparison, *seen)?;
            let what = format!("the plan does not tell what happens to {key}: {what}");
            Some(finding(what).at(Place::Resource { key }))
        })
        .collect()
}

fn what_is_missing(comparison: &Comparison<'_>, seen: Seen<'_>) -> Option<String> {
    let action = seen.node.action;
    let word = action.as_str();
    let (is_made, is_wanted) = match action {
        Action::Skip => return None,
        Action::Resize | Action::UpdateId => {
            return Some(format!("`{word}` is not what happens to a pipeline"));
        }
        Action::Create => (true, true),
        Action::Update | Action::Recreate => (false, true),
        Action::Delete => (seen.node.gone, false),
    };
    if is_wanted && !is_wanted_told(comparison, seen) {
        return Some(format!("`{word}` without its definition in new_state"));
    }
    let remote = seen.node.remote_state.as_ref();
    if action == Action::Create && remote.is_some() {
        return Some("`create` of what is there".to_owned());
    }
    if is_made {
        return None;
    }
    if seen.found().is_none() {
        return Some(format!(
            "`{word}` without remote_state, and the state does not tell either which tables it has"
        ));
    }
    let has_tables = seen.deployed.is_some_and(ingests);
    (has_tables && remote.is_some_and(|remote| !ingests(remote)))
        .then(|| format!("`{word}`, and its remote_state has no ingestion_definition"))
}

/// Whether the definition that it is to get is there.
fn is_wanted_told(comparison: &Comparison<'_>, seen: Seen<'_>) -> bool {
    let Some(wanted) = seen.wanted().filter(|wanted| wanted.is_object()) else { return false };
    if comparison.placed(seen.key).is_some() {
        return wanted.pointer("/ingestion_definition/objects").is_some_and(Value::is_array);
    }
    comparison.placed_gateway(seen.key).is_none() || is_gateway(wanted)
}

fn finding(what: String) -> Finding {
    Finding::error("TW404", what)
        .why("what is not told may be anything, also that tables are read again in full or dropped")
        .fix("plan again; where it stays so, use the databricks CLI 1.14.0, and please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> BundlePlan {
        BundlePlan::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn each_resource_of_the_state_is_told() {
        let nothing =
            Bundle { name: "a".into(), project: "a".into(), gateways: Vec::new(), pipelines: Vec::new() };
        let one = plan(r#"{"plan_version": 2, "plan": {"resources.jobs.a": {"action": "skip"}}}"#);
        assert_eq!(unsaid(&one, &nothing, []), None);
        assert_eq!(unsaid(&one, &nothing, ["resources.jobs.a"]), None);
        let told = |keys: &[&str]| unsaid(&one, &nothing, keys.iter().copied()).unwrap().what;
        assert_eq!(told(&["resources.jobs.a", "resources.jobs.b"]), "the plan says nothing of jobs.b");
        assert_eq!(
            told(&["resources.pipelines.p", "resources.jobs.b", "resources.jobs.c"]),
            "the plan says nothing of jobs.b and 2 more"
        );
    }
}
