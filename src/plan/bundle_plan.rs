//! The document that `databricks bundle plan -o json` prints with the direct engine (plan version 2).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::counts::Counts;
use super::plan_error::PlanError;

/// The version of the document that is read. What another one means is not known, so it is refused.
const VERSION: u64 = 2;

/// A plan of one bundle for one target.
#[derive(Debug)]
pub struct BundlePlan {
    /// The CLI that made it.
    pub cli_version: Option<String>,
    /// Which deployment's state it was made against; absent before the first deploy.
    pub lineage: Option<String>,
    /// Which version of that state.
    pub serial: Option<u64>,
    /// By key, `resources.pipelines.x`.
    pub nodes: IndexMap<String, Node>,
}

/// The document, before its nodes are read.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(default)]
    plan_version: Option<Value>,
    #[serde(default)]
    cli_version: Option<String>,
    #[serde(default)]
    lineage: Option<String>,
    #[serde(default)]
    serial: Option<u64>,
    #[serde(default)]
    not_selected: u64,
    #[serde(default, borrow)]
    plan: Option<IndexMap<String, &'a RawValue>>,
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
    /// How grave it is, among those that fields call for.
    fn gravity(self) -> u8 {
        match self {
            Self::Skip => 0,
            Self::Resize => 1,
            Self::Update => 2,
            Self::UpdateId => 3,
            Self::Create => 4,
            Self::Recreate => 5,
            Self::Delete => 6,
        }
    }

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

impl BundlePlan {
    /// Reads what `bundle plan -o json` printed. Whatever is not understood is an error: to leave it out would be to say that
    /// nothing happens.
    ///
    /// # Errors
    /// Where it is not such a document, of another version, or not whole.
    pub fn parse(bytes: &[u8]) -> Result<Self, PlanError> {
        let Document { plan_version, cli_version, lineage, serial, not_selected, plan } =
            serde_json::from_slice(bytes)?;
        match (plan_version, &plan) {
            (Some(version), _) if version.as_u64() == Some(VERSION) => {}
            (Some(version), _) => {
                let version = version.to_string();
                return Err(PlanError::Version { version, expected: VERSION, cli: cli_version });
            }
            (None, Some(_)) => return Err(PlanError::Terraform { cli: cli_version }),
            (None, None) => return Err(PlanError::Empty),
        }
        if not_selected > 0 {
            return Err(PlanError::Partial(not_selected));
        }
        let mut nodes = IndexMap::new();
        for (key, raw) in plan.ok_or(PlanError::Empty)? {
            let wrong = |what: String| PlanError::Node { key: key.clone(), what };
            let node: Node = serde_json::from_str(raw.get()).map_err(|error| wrong(error.to_string()))?;
            node.check(&key).map_err(wrong)?;
            nodes.insert(key, node);
        }
        Ok(Self { cli_version, lineage, serial, nodes })
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
        let nodes = self.nodes.iter().map(|(key, node)| (key.as_str(), node));
        nodes.filter(|(key, node)| node.destroys(key))
    }
}

impl Node {
    /// Whether it says one thing and not two.
    fn check(&self, key: &str) -> Result<(), String> {
        let parts: Vec<&str> = key.split('.').collect();
        let is_key = matches!(parts[..], ["resources", _, _] | ["resources", _, _, _])
            && parts.iter().all(|part| !part.is_empty());
        if !is_key {
            return Err("that is no key of a resource".to_owned());
        }
        if self.gone && self.action != Action::Delete {
            return Err(format!("it is gone, and is to `{}`", self.action.as_str()));
        }
        // What is not there is made, whatever its fields call for.
        if matches!(self.action, Action::Create | Action::Delete) {
            return Ok(());
        }
        match self.changes.iter().find(|(_, change)| change.action.gravity() > self.action.gravity()) {
            None => Ok(()),
            Some((path, change)) => Err(format!(
                "it is to `{}`, and its {path} calls for `{}`",
                self.action.as_str(),
                change.action.as_str()
            )),
        }
    }

    /// Whether a field is in the workspace already as it is configured, and another in the state of the last deploy.
    #[must_use]
    pub fn is_ahead_of_state(&self) -> bool {
        self.changes.values().any(|change| change.reason.as_deref() == Some("remote_already_set"))
    }

    /// Whether it deletes or recreates something that holds data, under this key.
    pub(super) fn destroys(&self, key: &str) -> bool {
        let is_harmless = key.starts_with("resources.jobs.") || is_access(key);
        let is_destroyed = self.action == Action::Recreate || (self.action == Action::Delete && !self.gone);
        is_destroyed && !is_harmless
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

/// Whether a key names who may do what with a resource.
fn is_access(key: &str) -> bool {
    matches!(key.splitn(4, '.').nth(3), Some("permissions" | "grants"))
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
        assert!(names(r#"{"plan_version": 2, "lineage": "a", "plan": {}}"#));
        assert!(!names(r#"{"plan_version": 2, "plan": {}}"#), "before the first deploy");
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

    /// What a document is refused for.
    fn refusal(text: &str) -> String {
        BundlePlan::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn documents_that_are_no_plan_of_this_version_are_refused() {
        for (text, told) in [
            ("Plan: 0 to add", "is not a plan: expected value"),
            ("[]", "is not a plan: it has no `plan`"),
            ("{}", "it has no `plan`"),
            (r#"{"plan_version": 2}"#, "it has no `plan`"),
            (r#"{"plan_version": 2, "plan": null}"#, "it has no `plan`"),
            (r#"{"plan_version": 2, "plan": []}"#, "is not a plan: invalid type"),
            (
                r#"{"plan_version": 3, "cli_version": "1.30.0", "plan": {}}"#,
                "CLI 1.30.0 printed a plan of version 3",
            ),
            (r#"{"plan_version": 3, "resources": {}}"#, "CLI printed a plan of version 3"),
            (r#"{"plan_version": 1, "plan": {}}"#, "a plan of version 1"),
            (r#"{"plan_version": "2", "plan": {}}"#, "a plan of version \"2\""),
            (r#"{"cli_version": "1.14.0", "plan": {}}"#, "CLI 1.14.0 printed a plan without `plan_version`"),
            (r#"{"plan_version": 2, "plan": {}, "not_selected": 4}"#, "left out 4 of the bundle's resources"),
        ] {
            assert!(refusal(text).contains(told), "{text}: {}", refusal(text));
        }
        assert!(
            BundlePlan::parse(br#"{"plan_version": 2, "plan": {}, "not_selected": 0}"#).unwrap().is_empty()
        );
    }

    #[test]
    fn nodes_that_are_not_understood_are_refused() {
        let a = "resources.pipelines.a";
        for (key, node, told) in [
            (a, r#"{"action": "replace"}"#, "unknown variant `replace`"),
            (a, r#"{"action": ""}"#, "unknown variant ``"),
            (a, r#"{"changes": {}}"#, "missing field `action`"),
            (a, r#"{"action": "update", "changes": {"name": {"old": "x"}}}"#, "missing field `action`"),
            (a, r#"{"action": "update", "changes": null}"#, "invalid type: null"),
            (a, "null", "invalid type: null"),
            (a, r#"{"action": "skip", "gone": true}"#, "it is gone, and is to `skip`"),
            (
                a,
                r#"{"action": "skip", "changes": {"storage": {"action": "recreate"}}}"#,
                "its storage calls for `recreate`",
            ),
            (
                a,
                r#"{"action": "update", "changes": {"storage": {"action": "recreate"}}}"#,
                "it is to `update`, and its storage",
            ),
            (
                a,
                r#"{"action": "resize", "changes": {"name": {"action": "update"}}}"#,
                "it is to `resize`, and its name",
            ),
            ("pipelines.a", r#"{"action": "skip"}"#, "that is no key of a resource"),
            ("resources.pipelines", r#"{"action": "skip"}"#, "that is no key of a resource"),
            ("resources.pipelines.", r#"{"action": "skip"}"#, "that is no key of a resource"),
            ("resources.pipelines.a.b.c", r#"{"action": "skip"}"#, "that is no key of a resource"),
        ] {
            let text = format!(r#"{{"plan_version": 2, "plan": {{"{key}": {node}}}}}"#);
            let refusal = refusal(&text);
            assert!(
                refusal.contains(&format!("of `{key}`: ")) && refusal.contains(told),
                "{text}: {refusal}"
            );
        }
        // What is made anew is made whatever its fields call for, and what the CLI adds to a node one day is its own affair.
        let text = r#"{"plan_version": 2, "plan": {"resources.pipelines.a": {"action": "create", "id": "1",
            "changes": {"storage": {"action": "recreate"}}}}}"#;
        assert_eq!(BundlePlan::parse(text.as_bytes()).unwrap().counts().created, 1);
    }

    #[test]
    fn a_part_that_is_not_known_is_no_permission() {
        let text = r#"{"plan_version": 2, "plan": {
            "resources.schemas.s.grants": {"action": "delete"},
            "resources.pipelines.a.permissions": {"action": "recreate"},
            "resources.pipelines.a.tables": {"action": "delete"}}}"#;
        let plan = BundlePlan::parse(text.as_bytes()).unwrap();
        assert_eq!(
            plan.destructive().map(|(key, _)| key).collect::<Vec<_>>(),
            ["resources.pipelines.a.tables"]
        );
    }
}
