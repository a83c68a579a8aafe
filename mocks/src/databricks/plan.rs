//! What a deployment would do: the document of `bundle plan -o json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::node::{Node, short};
use super::resource::Group;
use super::rule::{Action, Values};
use super::state::{Dependency, State};

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

/// What permissions are of. The CLI makes that reference up, so it stands among the references only.
const OBJECT: &str = "object_id";

impl NewState {
    /// What is sent, with the texts in it that are not resolved yet.
    pub(super) fn new(value: &Json, vars: BTreeMap<String, String>) -> Self {
        let mut value = value.clone();
        if vars.contains_key(OBJECT) {
            value[OBJECT] = Json::from("");
        }
        Self { value, vars }
    }

    /// The definition with all those texts in it.
    pub(super) fn with_references(&self) -> Json {
        let mut value = self.value.clone();
        if let Some(object) = self.vars.get(OBJECT) {
            value[OBJECT] = Json::from(object.as_str());
        }
        value
    }
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
    pub(super) fn new((action, reason): (Action, Option<&str>), values: Values<'_>) -> Self {
        Change {
            action,
            reason: reason.map(str::to_owned),
            old: values.old.cloned(),
            new: values.new.cloned(),
            remote: values.remote.cloned(),
        }
    }

    /// `remote -> new`
    pub(super) fn show(&self) -> String {
        let text =
            |value: &Option<Json>| value.as_ref().map_or_else(|| "(unset)".to_owned(), ToString::to_string);
        format!("{} -> {}", text(&self.remote), text(&self.new))
    }
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
    /// A plan of nothing yet, for what is deployed now.
    pub(super) fn new(state: &State, cli_version: &str) -> Self {
        Plan {
            plan_version: PLAN_VERSION,
            cli_version: cli_version.to_owned(),
            lineage: state.lineage.clone(),
            serial: if state.exists() { state.serial } else { 0 },
            ..Plan::default()
        }
    }

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

    /// The nodes whose deletion or recreation somebody must agree to.
    pub(super) fn destructive(&self) -> Vec<(&str, Action)> {
        self.plan
            .iter()
            .filter(|(name, step)| {
                let is_pipeline = Node::parse(name)
                    .is_some_and(|node| node.group == Group::Pipelines && !node.is_permissions);
                is_pipeline && !step.gone && matches!(step.action, Action::Delete | Action::Recreate)
            })
            .map(|(name, step)| (name.as_str(), step.action))
            .collect()
    }
}
