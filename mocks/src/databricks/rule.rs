//! What a changed field means: an update in place, a new resource, or nothing.

use serde_json::Value as Json;

use super::node::Node;
use super::resource::Group;

/// What a field's three values lead to, ordered by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Skip,
    Resize,
    Update,
    UpdateId,
    Create,
    Recreate,
    Delete,
}

impl Action {
    /// Whether the resource has the same id afterwards.
    pub(super) fn keeps_id(self) -> bool {
        matches!(self, Action::Skip | Action::Resize | Action::Update)
    }

    /// The word of a plan.
    pub(super) fn word(self) -> &'static str {
        match self {
            Action::Skip => "skip",
            Action::Resize => "resize",
            Action::Update => "update",
            Action::UpdateId => "update_id",
            Action::Create => "create",
            Action::Recreate => "recreate",
            Action::Delete => "delete",
        }
    }

    /// The word of a result.
    pub(super) fn done(self) -> &'static str {
        match self {
            Action::Skip => "Skipped",
            Action::Resize => "Resized",
            Action::Update | Action::UpdateId => "Updated",
            Action::Create => "Created",
            Action::Recreate => "Recreated",
            Action::Delete => "Deleted",
        }
    }
}

/// Fields of a pipeline that cannot change in place.
const IMMUTABLE: &[&str] = &[
    "storage",
    "gateway_definition.connection_id",
    "gateway_definition.connection_name",
    "gateway_definition.gateway_storage_catalog",
    "gateway_definition.gateway_storage_schema",
    "ingestion_definition.connection_name",
    "ingestion_definition.ingest_from_uc_foreign_catalog",
    "ingestion_definition.ingestion_gateway_id",
];

/// Whether the tables of a pipeline go with it: no request sets it, only a deletion says it.
pub(super) const CASCADE: &str = "cascade_on_destroy";

/// What is special about fields of a kind of node.
struct Rules {
    /// Fields that cannot change in place.
    immutable: &'static [&'static str],
    /// Fields whose value in the workspace is none of our business, and why.
    ignored: &'static [(&'static str, &'static str)],
    /// Fields that the workspace never tells.
    untold: &'static [&'static str],
    /// Whether the service sets a field that was left open.
    is_default: fn(&str, Option<&Json>) -> bool,
}

impl Rules {
    const NONE: Self = Self { immutable: &[], ignored: &[], untold: &[], is_default: |_, _| false };
    const PIPELINES: Self = Self {
        immutable: IMMUTABLE,
        ignored: &[
            ("allow_duplicate_names", "input_only"),
            ("deployment.version_id", "managed by the deployment metadata service"),
            ("ingestion_definition.source_type", "spec:output_only"),
            ("run_as", "input_only"),
        ],
        untold: &[CASCADE],
        is_default: |path, _| is_pipeline_default(path),
    };
    const JOBS: Self = Self {
        ignored: &[("deployment.version_id", "managed by the deployment metadata service")],
        is_default: is_job_default,
        ..Self::NONE
    };
}

/// The three values of one field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// As last deployed.
    pub(super) old: Option<&'a Json>,
    /// As configured.
    pub(super) new: Option<&'a Json>,
    /// As the workspace has it.
    pub(super) remote: Option<&'a Json>,
}

/// The action that a field asks for, and why if the reason is not plain.
pub(super) fn judge(node: &Node, path: &str, values: Values<'_>) -> (Action, Option<&'static str>) {
    let judged = by_rules(node, path, values);
    // Only the state knows it, and there an unset one and `false` are not the same.
    let is_cascade = node.group == Group::Pipelines && path == CASCADE;
    if is_cascade && values.old != values.new && judged.0 != Action::Update {
        return (Action::Update, Some("custom"));
    }
    judged
}

/// The first rule that fits.
fn by_rules(node: &Node, path: &str, values: Values<'_>) -> (Action, Option<&'static str>) {
    let changed_here = values.old != values.new;
    let rules = match (node.is_permissions, node.group) {
        (true, _) => &Rules::NONE,
        (false, Group::Pipelines) => &Rules::PIPELINES,
        (false, Group::Jobs) => &Rules::JOBS,
    };
    let is_ignored = |rule: &&(&str, &'static str)| under(&[rule.0], path);
    let (ignored, is_told) = (rules.ignored.iter().find(is_ignored), !under(rules.untold, path));
    let all_empty = [values.old, values.new, values.remote].into_iter().flatten().all(is_empty);
    let is_open = values.old.is_none() && values.new.is_none();
    if values.remote == values.new && ignored.is_none() && is_told {
        (Action::Skip, Some("remote_already_set"))
    } else if all_empty {
        (Action::Skip, Some("empty"))
    } else if let (Some((_, reason)), false) = (ignored, changed_here) {
        (Action::Skip, Some(reason))
    } else if is_open && (rules.is_default)(path, values.remote) {
        (Action::Skip, Some("backend_default"))
    } else if !is_told && !changed_here {
        (Action::Skip, Some("missing_in_remote"))
    } else if under(rules.immutable, path) {
        (Action::Recreate, Some("immutable"))
    } else {
        (Action::Update, None)
    }
}

/// Whether a path is one of these or lies below one.
fn under(rules: &[&str], path: &str) -> bool {
    rules.iter().any(|rule| {
        path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

fn is_pipeline_default(path: &str) -> bool {
    if path == "storage" || under(&["event_log.catalog", "event_log.schema"], path) {
        return true;
    }
    let of_cluster =
        path.strip_prefix("clusters[").and_then(|rest| rest.split_once("].")).map(|(_, field)| field);
    matches!(of_cluster, Some("node_type_id" | "driver_node_type_id" | "enable_local_disk_encryption"))
}

fn is_job_default(path: &str, remote: Option<&Json>) -> bool {
    let format = remote.and_then(Json::as_str);
    (path == "format" && matches!(format, Some("MULTI_TASK" | "SINGLE_TASK")))
        || under(&["run_as"], path)
        || (path.starts_with("tasks[") && path.ends_with("_task.source"))
        || (path.starts_with("tasks[")
            && path.ends_with("].run_if")
            && remote.and_then(Json::as_str) == Some("ALL_SUCCESS"))
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pipeline(path: &str, old: Json, new: Json, remote: Json) -> (Action, Option<&'static str>) {
        let some = |json: &Json| !json.is_null();
        let values = Values {
            old: Some(&old).filter(|json| some(json)),
            new: Some(&new).filter(|json| some(json)),
            remote: Some(&remote).filter(|json| some(json)),
        };
        judge(&Node::parse("resources.pipelines.p").unwrap(), path, values)
    }

    #[test]
    fn some_fields_need_a_new_pipeline() {
        let (a, b) = (json!("a"), json!("b"));
        for path in IMMUTABLE {
            assert_eq!(pipeline(path, a.clone(), b.clone(), a.clone()).0, Action::Recreate, "{path}");
        }
        for path in [
            "catalog",
            "schema",
            "name",
            "gateway_definition.gateway_storage_name",
            "ingestion_definition.objects",
        ] {
            assert_eq!(pipeline(path, a.clone(), b.clone(), a.clone()).0, Action::Update, "{path}");
        }
        // The block as a whole is not what the rule names.
        assert_eq!(pipeline("ingestion_definition", json!(null), b, json!(null)).0, Action::Update);
    }

    #[test]
    fn drift_of_an_immutable_field_counts() {
        let got = pipeline("gateway_definition.connection_name", json!("a"), json!("a"), json!("b"));
        assert_eq!(got, (Action::Recreate, Some("immutable")));
    }

    #[test]
    fn what_says_nothing_is_skipped() {
        assert_eq!(pipeline("development", json!(null), json!(false), json!(null)).0, Action::Skip);
        assert_eq!(pipeline("serverless", json!(true), json!(false), json!(true)).0, Action::Update);
        assert_eq!(
            pipeline("run_as", json!({"user_name": "u"}), json!({"user_name": "u"}), json!(null)).0,
            Action::Skip
        );
        assert_eq!(
            pipeline("storage", json!(null), json!(null), json!("dbfs:/x")).1,
            Some("backend_default")
        );
        assert_eq!(
            pipeline("clusters[0].node_type_id", json!(null), json!(null), json!("x")).0,
            Action::Skip
        );
    }

    #[test]
    fn what_somebody_set_already_needs_nothing() {
        let (a, b) = (json!("a"), json!("b"));
        assert_eq!(pipeline("catalog", a.clone(), b.clone(), b.clone()).1, Some("remote_already_set"));
        let values = Values { old: Some(&a), new: Some(&b), remote: Some(&b) };
        let permissions = Node::parse("resources.jobs.j.permissions").unwrap();
        assert_eq!(judge(&permissions, "[group_name='g'].level", values).0, Action::Skip);
    }

    #[test]
    fn cascade_is_a_matter_of_the_state() {
        let (yes, no, unset) = (json!(true), json!(false), json!(null));
        let cascade = |old: &Json, new: &Json| pipeline(CASCADE, old.clone(), new.clone(), json!(null));
        assert_eq!(cascade(&no, &yes), (Action::Update, None));
        assert_eq!(cascade(&yes, &no), (Action::Update, None));
        assert_eq!(cascade(&yes, &unset), (Action::Update, None));
        assert_eq!(cascade(&no, &unset), (Action::Update, Some("custom")));
        assert_eq!(cascade(&yes, &yes), (Action::Skip, Some("missing_in_remote")));
        assert_eq!(
            pipeline("cascade_on_destroy", json!(null), json!(false), json!(null)),
            (Action::Update, Some("custom"))
        );
        assert_eq!(
            pipeline("cascade_on_destroy", json!(false), json!(false), json!(null)),
            (Action::Skip, Some("empty"))
        );
    }
}
