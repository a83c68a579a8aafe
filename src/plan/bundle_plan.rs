//! The document that `databricks bundle plan -o json` prints with the direct engine (plan version 2).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::counts::Counts;

/// A plan of one bundle for one target.
#[derive(Debug, Deserialize)]
pub struct BundlePlan {
    /// The CLI that made it.
    #[serde(default)]
    pub cli_version: Option<String>,
    /// Which deployment's state it was made against; absent before the first deploy.
    #[serde(default)]
    pub lineage: Option<String>,
    /// Which version of that state.
    #[serde(default)]
    pub serial: Option<u64>,
    /// By key, `resources.pipelines.x`.
    #[serde(rename = "plan", default)]
    pub nodes: IndexMap<String, Node>,
}

/// What happens to one resource.
#[derive(Debug, Deserialize)]
pub struct Node {
    /// What is done.
    pub action: Action,
    /// With `delete`: it is already missing, only the state forgets it.
    #[serde(default)]
    pub gone: bool,
    /// What is sent; absent for what stays as it is.
    #[serde(default)]
    pub new_state: Option<NewState>,
    /// What the workspace has now.
    #[serde(default)]
    pub remote_state: Option<Value>,
    /// By path of the field.
    #[serde(default)]
    pub changes: IndexMap<String, FieldChange>,
}

/// The body of a request, with references that are not resolved before their resource exists.
#[derive(Debug, Deserialize)]
pub struct NewState {
    /// The definition.
    #[serde(default)]
    pub value: Value,
    /// By path, the texts with such references. They stand in the value too, but for one: of which object permissions are
    /// stands here only.
    #[serde(default)]
    pub vars: IndexMap<String, String>,
}

impl NewState {
    /// The definition with all its references in it.
    #[must_use]
    pub fn meant(&self) -> Value {
        let mut meant = self.value.clone();
        if let (Some(fields), Some(object)) = (meant.as_object_mut(), self.vars.get(OBJECT)) {
            fields.insert(OBJECT.to_owned(), Value::from(object.as_str()));
        }
        meant
    }
}

/// The field of permissions that says what they are of.
const OBJECT: &str = "object_id";

/// How one field differs.
#[derive(Debug, Deserialize)]
pub struct FieldChange {
    /// What this difference alone calls for.
    pub action: Action,
    /// Why, as the CLI has it: `immutable`, …
    #[serde(default)]
    pub reason: Option<String>,
    /// As last deployed.
    #[serde(default)]
    pub old: Option<Value>,
    /// As configured.
    #[serde(default)]
    pub new: Option<Value>,
    /// As the workspace has it.
    #[serde(default)]
    pub remote: Option<Value>,
}

/// What the CLI does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Skip,
    /// An update of a size.
    Resize,
    /// A change in place.
    Update,
    /// A change in place that gives it another id.
    UpdateId,
    /// It is made.
    Create,
    /// It is deleted and made again.
    Recreate,
    /// It is deleted.
    Delete,
}

impl Action {
    /// As the CLI writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Resize => "resize",
            Self::Update => "update",
            Self::UpdateId => "update_id",
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Delete => "delete",
        }
    }
}

/// A plan that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`databricks bundle plan` printed a document that is not a plan: {0}")]
pub struct PlanError(#[from] serde_json::Error);

impl BundlePlan {
    /// Reads what `bundle plan -o json` printed.
    ///
    /// # Errors
    /// Where it is not such a document.
    pub fn parse(bytes: &[u8]) -> Result<Self, PlanError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The resources themselves, without parts of them (`resources.pipelines.x.permissions`).
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(key, node)| (key.as_str(), node)).filter(|(key, _)| is_resource(key))
    }

    /// Whether it was made against a deployment that has no state: the CLI was killed in its first deploy before anything was
    /// made, and left a log that only begins. The plan that finds the log removes it, names its lineage, and is refused when
    /// it is to be applied. The next plan is an ordinary one.
    #[must_use]
    pub fn names_no_state(&self) -> bool {
        self.lineage.is_some() && self.serial.unwrap_or_default() == 0
    }

    /// Resources by action. Permissions of a resource count with it, not by themselves.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, node) in self.resources() {
            match node.action {
                Action::Skip => counts.unchanged += 1,
                Action::Update | Action::Resize | Action::UpdateId => counts.updated += 1,
                Action::Create => counts.created += 1,
                Action::Recreate => counts.recreated += 1,
                Action::Delete => counts.deleted += 1,
            }
        }
        counts
    }

    /// Whether a deploy would do nothing at all, permissions included.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.values().all(|node| node.action == Action::Skip)
    }

    /// What deletes or recreates something that holds data: pipelines, and whatever else is neither a job nor a
    /// permission. What is already gone does not count.
    pub fn destructive(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().filter_map(|(key, node)| {
            let destroys =
                matches!(node.action, Action::Recreate) || (node.action == Action::Delete && !node.gone);
            let harmless = key.starts_with("resources.jobs.") || !is_resource(key);
            (destroys && !harmless).then_some((key.as_str(), node))
        })
    }
}

impl Node {
    /// Whether a field is in the workspace already as it is configured, and another in the state of the last deploy.
    #[must_use]
    pub fn is_ahead_of_state(&self) -> bool {
        self.changes.values().any(|change| change.reason.as_deref() == Some("remote_already_set"))
    }

    /// The fields because of which it is done, with the CLI's reason.
    pub fn causes(&self) -> impl Iterator<Item = (&str, &FieldChange)> {
        self.changes
            .iter()
            .filter(|(_, change)| change.action == self.action)
            .map(|(path, change)| (path.as_str(), change))
    }
}

impl FieldChange {
    /// Whether only the workspace differs: somebody changed it there.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        self.action != Action::Skip && self.old == self.new && self.remote != self.old
    }

    /// The value that is there now. Where the configuration changes and nothing is told of the workspace, the field is one that
    /// is never told, and what was deployed is there.
    #[must_use]
    pub fn there(&self) -> Option<&Value> {
        if self.is_by_hand() { self.remote.as_ref() } else { self.remote.as_ref().or(self.old.as_ref()) }
    }
}

/// Whether a key names a resource and not a part of one (`resources.pipelines.x.permissions`).
fn is_resource(key: &str) -> bool {
    key.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"plan_version": 2, "cli_version": "1.14.0", "lineage": "a", "serial": 3, "plan": {
        "resources.pipelines.a": {"action": "recreate", "changes": {
            "gateway_definition.gateway_storage_schema": {"action": "recreate", "reason": "immutable", "old": "s", "new": "t"},
            "name": {"action": "update", "old": "x", "new": "y"}}},
        "resources.pipelines.b": {"action": "delete", "gone": true},
        "resources.pipelines.b.permissions": {"action": "delete"},
        "resources.pipelines.c": {"action": "skip"},
        "resources.jobs.j": {"action": "delete"},
        "resources.jobs.k": {"action": "create", "new_state": {"value": {"name": "k"}}}}}"#;

    #[test]
    fn counts_leave_permissions_out() {
        let plan = BundlePlan::parse(PLAN.as_bytes()).unwrap();
        assert_eq!(plan.counts(), Counts { created: 1, updated: 0, recreated: 1, deleted: 2, unchanged: 1 });
        assert!(!plan.is_empty());
    }

    #[test]
    fn a_lineage_without_a_serial_is_of_no_state() {
        let names = |text: &str| BundlePlan::parse(text.as_bytes()).unwrap().names_no_state();
        assert!(names(r#"{"lineage": "a", "plan": {}}"#));
        assert!(!names(r#"{"plan": {}}"#), "before the first deploy");
        assert!(!names(PLAN));
    }

    #[test]
    fn permissions_say_what_they_are_of() {
        let new: NewState = serde_json::from_str(
            r#"{"value": {"object_id": "", "x": "${resources.jobs.j.id}"},
                "vars": {"object_id": "/jobs/${resources.jobs.j.id}", "x": "${resources.jobs.j.id}"}}"#,
        )
        .unwrap();
        let meant = new.meant();
        assert_eq!(meant["object_id"], "/jobs/${resources.jobs.j.id}");
        assert_eq!(meant["x"], "${resources.jobs.j.id}");
    }

    #[test]
    fn what_is_gone_and_jobs_are_not_destructive() {
        let plan = BundlePlan::parse(PLAN.as_bytes()).unwrap();
        let destructive: Vec<_> = plan.destructive().collect();
        assert_eq!(destructive.len(), 1);
        let (key, node) = destructive[0];
        assert_eq!(key, "resources.pipelines.a");
        assert_eq!(
            node.causes().map(|(path, _)| path).collect::<Vec<_>>(),
            ["gateway_definition.gateway_storage_schema"]
        );
    }

    #[test]
    fn other_documents_are_refused() {
        assert!(BundlePlan::parse(b"Plan: 0 to add").is_err());
    }
}
