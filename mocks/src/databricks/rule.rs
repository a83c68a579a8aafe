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

/// Fields of a pipeline that the service does not give back, or that are not ours to compare.
const REMOTE_IGNORED: &[&str] =
    &["allow_duplicate_names", "cascade_on_destroy", "id", "ingestion_definition.source_type", "run_as"];

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
    let changed_here = values.old != values.new;
    if node.is_permissions {
        // Also where the object has a new id: there is no rule of its own for that.
        return (Action::Update, None);
    }
    let empty = [values.old, values.new, values.remote].into_iter().flatten().all(is_empty);
    match node.group {
        Group::Pipelines => {
            if path == "cascade_on_destroy" {
                // Only the state knows it: no request is needed.
                return if changed_here {
                    (Action::Update, Some("custom"))
                } else {
                    (Action::Skip, Some(if empty { "empty" } else { "custom" }))
                };
            }
            if !changed_here && under(REMOTE_IGNORED, path) {
                return (Action::Skip, Some("input_only"));
            }
            if empty {
                return (Action::Skip, Some("empty"));
            }
            if values.old.is_none() && values.new.is_none() && is_pipeline_default(path) {
                return (Action::Skip, Some("backend_default"));
            }
            if values.remote == values.new {
                return (Action::Skip, Some("remote_already_set"));
            }
            if under(IMMUTABLE, path) {
                return (Action::Recreate, Some("immutable"));
            }
        }
        Group::Jobs => {
            if empty {
                return (Action::Skip, Some("empty"));
            }
            if values.old.is_none() && values.new.is_none() && is_job_default(path, values.remote) {
                return (Action::Skip, Some("backend_default"));
            }
            if !changed_here && under(&["run_as", "deployment.version_id", "id"], path) {
                return (Action::Skip, Some("input_only"));
            }
            if values.remote == values.new {
                return (Action::Skip, Some("remote_already_set"));
            }
        }
    }
    (Action::Update, None)
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
    matches!(path, "format" | "run_as" | "performance_target")
        || path.starts_with("run_as.")
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
    fn cascade_is_a_matter_of_the_state() {
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
