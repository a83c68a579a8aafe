//! How a plan comes about: configuration, state and workspace, compared node by node.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value as Json;

use super::desired::{Desired, Wanted};
use super::diff::diff;
use super::escape;
use super::node::Node;
use super::path::{self, replace_templates, show};
use super::plan::{Change, NewState, NodePlan, Plan};
use super::reference::{self, Step};
use super::remote::Remote;
use super::rule::{Action, Values, judge};
use super::state::{Entry, State};
use super::template::{resolve_text, segments};

/// Which nodes a plan looks at, and how many it leaves out.
pub(super) fn scope(
    wanted: &Wanted,
    state: &State,
    selected: Option<&BTreeSet<String>>,
) -> (BTreeSet<String>, u64) {
    let all: BTreeSet<String> = wanted.keys().chain(state.state.keys()).cloned().collect();
    match selected {
        None => (all, 0),
        Some(selected) => {
            let left_out = all.iter().filter(|name| !selected.contains(*name)).count();
            (selected.clone(), left_out as u64)
        }
    }
}

/// Makes the plan for the nodes in `scope`; `remotes` holds those of them that the state knows.
pub(super) fn make(
    wanted: &Wanted,
    state: &State,
    remotes: &mut HashMap<String, Remote>,
    scope: &BTreeSet<String>,
    cli_version: &str,
) -> Result<Plan, String> {
    let mut plan = Plan::new(state, cli_version);
    let mut resolved: HashMap<String, Json> = HashMap::new();
    for name in order(wanted)? {
        if !scope.contains(&name) {
            continue;
        }
        let desired = &wanted[&name];
        let entry = state.state.get(&name);
        let mut value = desired.value.clone();
        let mut vars = BTreeMap::new();
        if !desired.templates.is_empty() {
            replace_templates(&mut value, &mut |text, key| {
                resolve_text(text, key, |node, field| known(&plan, state, &resolved, node, field))
            });
            path::each_template(&value, &mut |path, text| {
                if !reference::find(text).is_empty() {
                    vars.insert(show(path), text.to_owned());
                }
            });
        }
        escape::show(&mut value);
        let step = step(desired, &value, vars, entry, remotes.remove(&name));
        resolved.insert(name.clone(), value);
        plan.plan.insert(name, step);
    }
    for (name, entry) in &state.state {
        if wanted.contains_key(name) || !scope.contains(name) {
            continue;
        }
        let (gone, remote_state) = match remotes.remove(name) {
            Some(Remote::There { shown, .. }) => (false, Some(shown)),
            _ => (true, None),
        };
        let step = NodePlan {
            depends_on: entry.depends_on.clone(),
            action: Action::Delete,
            gone,
            new_state: None,
            remote_state,
            changes: BTreeMap::new(),
        };
        plan.plan.insert(name.clone(), step);
    }
    Ok(plan)
}

/// The nodes, each behind those that it needs.
fn order(wanted: &Wanted) -> Result<Vec<String>, String> {
    let mut needs: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, desired) in wanted {
        let nodes: BTreeSet<&str> =
            desired.depends_on.iter().map(|dependency| dependency.node.as_str()).collect();
        needs.insert(name, nodes.len());
        for node in nodes {
            needed_by.entry(node).or_default().push(name);
        }
    }
    let mut free: Vec<&str> = needs.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    let mut ordered = Vec::with_capacity(wanted.len());
    while let Some(name) = free.pop() {
        ordered.push(name.to_owned());
        for dependent in needed_by.get(name).into_iter().flatten() {
            if let Some(count) = needs.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    free.push(dependent);
                }
            }
        }
    }
    if ordered.len() == wanted.len() {
        return Ok(ordered);
    }
    let stuck: Vec<&str> = needs.iter().filter(|(_, count)| **count > 0).map(|(name, _)| *name).collect();
    Err(format!("cycle detected: {}", stuck.join(" refers to ")))
}

/// What is known about a field of another node while planning.
fn known(
    plan: &Plan,
    state: &State,
    resolved: &HashMap<String, Json>,
    node: &str,
    field: &[Step],
) -> Option<Json> {
    let step = plan.plan.get(node)?;
    if matches!(field, [Step::Key(key)] if key == "id") {
        let entry = state.state.get(node).filter(|_| step.action.keeps_id())?;
        return Some(entry.id.clone().into());
    }
    let path = segments(field);
    let configured = resolved.get(node).and_then(|value| path::get(value, &path));
    let found = match configured {
        Some(value) => value,
        None if step.action.keeps_id() => path::get(step.remote_state.as_ref()?, &path)?,
        None => return None,
    };
    let is_open = found.as_str().is_some_and(|text| !reference::find(text).is_empty());
    (!is_open).then(|| found.clone())
}

fn step(
    desired: &Desired,
    value: &Json,
    vars: BTreeMap<String, String>,
    entry: Option<&Entry>,
    remote: Option<Remote>,
) -> NodePlan {
    let new_state = |vars| Some(NewState::new(value, vars));
    let (Some(entry), Some(Remote::There { shown, comparable })) = (entry, remote) else {
        return NodePlan {
            depends_on: desired.depends_on.clone(),
            action: Action::Create,
            gone: false,
            new_state: new_state(vars),
            remote_state: None,
            changes: BTreeMap::new(),
        };
    };
    let changes = changes(&desired.node, &entry.state, value, &comparable);
    let action = changes.values().map(|change| change.action).max().unwrap_or(Action::Skip);
    NodePlan {
        depends_on: desired.depends_on.clone(),
        action,
        gone: false,
        new_state: if action == Action::Skip { None } else { new_state(vars) },
        remote_state: Some(shown),
        changes,
    }
}

/// Every field in which the configuration differs from the state or from the workspace.
fn changes(node: &Node, old: &Json, new: &Json, remote: &Json) -> BTreeMap<String, Change> {
    let mut changes = BTreeMap::new();
    for path in diff(old, new).into_iter().chain(diff(remote, new)) {
        let text = show(&path);
        if changes.contains_key(&text) {
            continue;
        }
        let values = Values {
            old: path::get(old, &path),
            new: path::get(new, &path),
            remote: path::get(remote, &path),
        };
        let change = Change::new(judge(node, &text, values), values);
        changes.insert(text, change);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::super::desired::tests::wanted;
    use super::super::node::short;
    use super::*;
    use serde_json::json;

    fn config(schema: &str) -> Json {
        json!({
            "pipelines": {
                "gw": {"name": "gw", "gateway_definition": {"connection_name": "c", "gateway_storage_schema": schema}},
                "pl": {"name": "pl", "ingestion_definition": {"ingestion_gateway_id": "${resources.pipelines.gw.id}"}},
            },
            "jobs": {"j": {"name": "j", "tasks": [{"task_key": "t",
                "pipeline_task": {"pipeline_id": "${resources.pipelines.pl.id}"}}]}},
        })
    }

    /// The state after a deployment of `config`, with ids made of the keys.
    fn deployed(config: Json) -> (State, HashMap<String, Remote>) {
        let wanted = wanted(config).unwrap();
        let mut state = State::default();
        state.lineage = "l".to_owned();
        state.serial = 1;
        let mut remotes = HashMap::new();
        for (name, desired) in &wanted {
            let mut value = desired.value.clone();
            replace_templates(&mut value, &mut |text, key| {
                resolve_text(text, key, |node, _| Some(format!("id of {node}").into()))
            });
            remotes.insert(name.clone(), Remote::There { shown: value.clone(), comparable: value.clone() });
            let entry =
                Entry { id: format!("id of {name}"), state: value, depends_on: desired.depends_on.clone() };
            state.state.insert(name.clone(), entry);
        }
        (state, remotes)
    }

    fn actions(
        config: Json,
        state: &State,
        mut remotes: HashMap<String, Remote>,
    ) -> Vec<(String, &'static str)> {
        let wanted = wanted(config).unwrap();
        let (scope, _) = scope(&wanted, state, None);
        let plan = make(&wanted, state, &mut remotes, &scope, "1.14.0").unwrap();
        plan.plan.iter().map(|(name, step)| (short(name).to_owned(), step.action.word())).collect()
    }

    fn pairs(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        pairs.iter().map(|(name, action)| ((*name).to_owned(), *action)).collect()
    }

    #[test]
    fn nothing_deployed_is_all_create() {
        let found = actions(config("s"), &State::default(), HashMap::new());
        assert_eq!(
            found,
            pairs(&[("jobs.j", "create"), ("pipelines.gw", "create"), ("pipelines.pl", "create")])
        );
    }

    #[test]
    fn what_new_permissions_are_of_stands_among_the_references() {
        let config =
            json!({"jobs": {"j": {"name": "j", "permissions": [{"level": "CAN_VIEW", "group_name": "g"}]}}});
        let wanted = wanted(config).unwrap();
        let (scope, _) = scope(&wanted, &State::default(), None);
        let plan = make(&wanted, &State::default(), &mut HashMap::new(), &scope, "1.14.0").unwrap();
        let new = plan.plan["resources.jobs.j.permissions"].new_state.as_ref().unwrap();
        assert_eq!(new.value["object_id"], "");
        assert_eq!(new.vars["object_id"], "/jobs/${resources.jobs.j.id}");
        assert_eq!(new.with_references()["object_id"], "/jobs/${resources.jobs.j.id}");
    }

    #[test]
    fn nothing_changed_is_all_skip() {
        let (state, remotes) = deployed(config("s"));
        let found = actions(config("s"), &state, remotes);
        assert!(found.iter().all(|(_, action)| *action == "skip"), "{found:?}");
    }

    #[test]
    fn a_new_gateway_takes_its_pipelines_along() {
        let (state, remotes) = deployed(config("s"));
        let found = actions(config("t"), &state, remotes);
        assert_eq!(
            found,
            pairs(&[("jobs.j", "update"), ("pipelines.gw", "recreate"), ("pipelines.pl", "recreate")])
        );
    }

    #[test]
    fn a_gateway_deleted_by_hand_does_too() {
        let (state, mut remotes) = deployed(config("s"));
        remotes.insert("resources.pipelines.gw".to_owned(), Remote::Gone);
        let found = actions(config("s"), &state, remotes);
        assert_eq!(
            found,
            pairs(&[("jobs.j", "update"), ("pipelines.gw", "create"), ("pipelines.pl", "recreate")])
        );
    }

    #[test]
    fn what_left_the_configuration_is_deleted() {
        let (state, mut remotes) = deployed(config("s"));
        remotes.insert("resources.jobs.j".to_owned(), Remote::Gone);
        let wanted = wanted(json!({})).unwrap();
        let (scope, _) = scope(&wanted, &state, None);
        let plan = make(&wanted, &state, &mut remotes, &scope, "1.14.0").unwrap();
        assert!(plan.plan.values().all(|step| step.action == Action::Delete));
        assert!(plan.plan["resources.jobs.j"].gone);
        assert_eq!(plan.destructive().len(), 2);
        assert_eq!(
            plan.show(0).lines().last(),
            Some("Plan: 0 to add, 0 to change, 3 to delete, 0 unchanged")
        );
    }

    #[test]
    fn stale_plans_are_refused() {
        let (state, _) = deployed(config("s"));
        let text = |lineage: &str, serial: u64| {
            json!({"plan_version": 2, "lineage": lineage, "serial": serial, "plan": {}}).to_string()
        };
        assert!(Plan::load(&text("l", 1), &state).is_ok());
        assert!(
            Plan::load(&text("l", 2), &state)
                .unwrap_err()
                .contains("plan serial 2 does not match state serial 1")
        );
        assert!(Plan::load(&text("m", 1), &state).unwrap_err().contains("lineage"));
        assert!(
            Plan::load("{}", &state).unwrap_err().starts_with("plan version mismatch: plan has version 0")
        );
        assert!(Plan::load("{\"plan_version\": 2, \"x\": 1}", &state).is_err());
    }

    #[test]
    fn cycles_are_named() {
        let config = json!({"jobs": {
            "a": {"name": "${resources.jobs.b.name}"}, "b": {"name": "${resources.jobs.a.name}"},
        }});
        assert!(order(&wanted(config).unwrap()).unwrap_err().starts_with("cycle detected"));
    }
}
