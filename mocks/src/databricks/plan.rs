//! What a deployment would do: the document of `bundle plan -o json`, and how it comes about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::desired::{Desired, Wanted, target_of};
use super::diff::diff;
use super::escape;
use super::node::{Node, short};
use super::path::{self, Segment, replace_templates, show};
use super::reference::{self, Step};
use super::resource::Group;
use super::rule::{Action, Values, judge};
use super::state::{Dependency, Entry, State};

/// The version of the document.
const PLAN_VERSION: u32 = 2;

/// A plan.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(default)]
    plan_version: u32,
    #[serde(default)]
    cli_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    lineage: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    serial: u64,
    #[serde(default)]
    pub(super) plan: BTreeMap<String, NodePlan>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) not_selected: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What is to happen to one node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodePlan {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<Dependency>,
    pub(super) action: Action,
    /// The thing to delete is not there any more: only the state is cleaned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) gone: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) new_state: Option<NewState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) remote_state: Option<Json>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) changes: BTreeMap<String, Change>,
}

/// The definition to send; references to what does not exist yet are still in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewState {
    pub(super) value: Json,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) vars: BTreeMap<String, String>,
}

/// Why a field matters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) action: Action,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remote: Option<Json>,
}

impl Change {
    /// `remote -> new`
    pub(super) fn show(&self) -> String {
        let text =
            |value: &Option<Json>| value.as_ref().map_or_else(|| "(unset)".to_owned(), ToString::to_string);
        format!("{} -> {}", text(&self.remote), text(&self.new))
    }
}

/// What the workspace says about a node of the state.
#[derive(Debug, Clone)]
pub(super) enum Remote {
    Gone,
    There {
        /// Everything, as the plan shows it.
        shown: Json,
        /// The part that a definition can be compared with.
        comparable: Json,
    },
}

/// How many nodes are added, changed, deleted and left alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) deleted: usize,
    pub(super) unchanged: usize,
}

impl Plan {
    /// Reads a saved plan and checks that it fits this CLI and this state.
    pub(super) fn load(text: &str, state: &State) -> Result<Self, String> {
        let plan: Plan = serde_json::from_str(text).map_err(|error| format!("parsing plan file: {error}"))?;
        if plan.plan_version != PLAN_VERSION {
            return Err(format!(
                "plan version mismatch: plan has version {} (generated with CLI \"{}\"), but current version is {PLAN_VERSION}",
                plan.plan_version, plan.cli_version
            ));
        }
        // A plan made before the first deployment knows no lineage, and is not refused.
        if plan.lineage.is_empty() {
            return Ok(plan);
        }
        if plan.lineage != state.lineage {
            return Err(format!(
                "plan lineage {} does not match state lineage {}; the state has been modified since the plan was created. Please run 'bundle plan' again",
                plan.lineage, state.lineage
            ));
        }
        if plan.serial != state.serial {
            return Err(format!(
                "plan serial {} does not match state serial {}; the state has been modified since the plan was created. Please run 'bundle plan' again",
                plan.serial, state.serial
            ));
        }
        Ok(plan)
    }

    /// The CLI that made the plan.
    pub(super) fn cli_version(&self) -> &str {
        &self.cli_version
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in self.plan.values() {
            match step.action {
                Action::Skip => counts.unchanged += 1,
                Action::Create => counts.added += 1,
                Action::Update | Action::UpdateId | Action::Resize => counts.changed += 1,
                Action::Delete => counts.deleted += 1,
                Action::Recreate => {
                    counts.added += 1;
                    counts.deleted += 1;
                }
            }
        }
        counts
    }

    /// The text of `bundle plan`.
    pub(super) fn show(&self, quiet: u8) -> String {
        let mut text = String::new();
        if quiet == 0 {
            for (name, step) in self.plan.iter().filter(|(_, step)| step.action != Action::Skip) {
                text.push_str(&format!("{} {}\n", step.action.word(), short(name)));
            }
            if !text.is_empty() {
                text.push('\n');
            }
        }
        if quiet <= 1 {
            let Counts { added, changed, deleted, unchanged } = self.counts();
            text.push_str(&format!(
                "Plan: {added} to add, {changed} to change, {deleted} to delete, {unchanged} unchanged{}\n",
                self.not_selected_text()
            ));
        }
        text
    }

    /// `, N not selected`, where a selection left something out.
    pub(super) fn not_selected_text(&self) -> String {
        match self.not_selected {
            0 => String::new(),
            count => format!(", {count} not selected"),
        }
    }
}

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
    let mut plan = Plan {
        plan_version: PLAN_VERSION,
        cli_version: cli_version.to_owned(),
        lineage: state.lineage.clone(),
        serial: if state.exists() { state.serial } else { 0 },
        ..Plan::default()
    };
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

/// Puts what is known in the place of references; nothing where the text stays as it is.
pub(super) fn resolve_text(
    text: &str,
    key: Option<&str>,
    mut known: impl FnMut(&str, &[Step]) -> Option<Json>,
) -> Option<Json> {
    let mut value_of = |reference: reference::Reference<'_>| {
        let steps = reference.steps();
        let (node, field) = target_of(&steps)?;
        known(&node, field)
    };
    if let Some(whole) = reference::whole(text) {
        let value = value_of(whole)?;
        // The API wants ids of jobs as numbers.
        return Some(match (key, value.as_str().and_then(|text| text.parse::<i64>().ok())) {
            (Some("job_id"), Some(number)) => number.into(),
            _ => value,
        });
    }
    let mut result = String::new();
    let mut from = 0;
    let mut any = false;
    for reference in reference::find(text) {
        let part = match value_of(reference)? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        result.push_str(&text[from..reference.start]);
        result.push_str(&part);
        from = reference.end;
        any = true;
    }
    result.push_str(&text[from..]);
    any.then(|| result.into())
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

/// The steps of a reference as a path into JSON.
pub(super) fn segments(steps: &[Step]) -> Vec<Segment> {
    let segment = |step: &Step| match step {
        Step::Key(key) => Segment::Key(key.clone()),
        Step::Index(index) => Segment::Index(*index),
    };
    steps.iter().map(segment).collect()
}

fn step(
    desired: &Desired,
    value: &Json,
    vars: BTreeMap<String, String>,
    entry: Option<&Entry>,
    remote: Option<Remote>,
) -> NodePlan {
    let new_state = |vars| Some(NewState { value: value.clone(), vars });
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
        let (action, reason) = judge(node, &text, values);
        let change = Change {
            action,
            reason: reason.map(str::to_owned),
            old: values.old.cloned(),
            new: values.new.cloned(),
            remote: values.remote.cloned(),
        };
        changes.insert(text, change);
    }
    changes
}

/// The nodes whose deletion or recreation somebody must agree to.
pub(super) fn destructive(plan: &Plan) -> Vec<(&str, Action)> {
    plan.plan
        .iter()
        .filter(|(name, step)| {
            let is_pipeline =
                Node::parse(name).is_some_and(|node| node.group == Group::Pipelines && !node.is_permissions);
            is_pipeline && !step.gone && matches!(step.action, Action::Delete | Action::Recreate)
        })
        .map(|(name, step)| (name.as_str(), step.action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::desired::tests::wanted;
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
        assert_eq!(destructive(&plan).len(), 2);
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
