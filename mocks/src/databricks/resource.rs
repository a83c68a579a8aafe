//! The resources of a bundle as the API gets them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::diagnostic::Diagnostic;
use super::normalize::to_json;
use super::schema::{JOB, PIPELINE, Type};
use super::value::{Kind, Value};

/// A kind of resource that this stand-in deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Jobs,
    Pipelines,
}

impl Group {
    pub(super) const ALL: [Group; 2] = [Group::Jobs, Group::Pipelines];

    /// The key under `resources`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Group::Jobs => "jobs",
            Group::Pipelines => "pipelines",
        }
    }

    /// The group of a key under `resources`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    fn shape(self) -> Type {
        match self {
            Group::Jobs => Type::Struct(&JOB),
            Group::Pipelines => Type::Struct(&PIPELINE),
        }
    }
}

/// One resource: its fields, and the file that defines it.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) fields: Map<String, Json>,
    pub(super) file: String,
}

impl Resource {
    /// Sets a field that is not set.
    pub(super) fn default_to(&mut self, field: &str, value: Json) {
        if !self.fields.contains_key(field) {
            self.fields.insert(field.to_owned(), value);
        }
    }
}

/// Every resource by group and key.
pub(super) type Resources = BTreeMap<(Group, String), Resource>;

/// Reads the resources out of a resolved configuration.
pub(super) fn of_config(config: &Value, file_of: impl Fn(&Value) -> String) -> Resources {
    let mut resources = Resources::new();
    for group in Group::ALL {
        let map = config.at_path(&["resources", group.name()]).and_then(Value::as_map);
        for (key, entry) in map.into_iter().flatten() {
            let mut fields = match to_json(&entry.value, group.shape()) {
                Json::Object(fields) => fields,
                _ => Map::new(),
            };
            merge_keyed_lists(group, &mut fields);
            resources.insert((group, key.clone()), Resource { fields, file: file_of(&entry.value) });
        }
    }
    resources
}

/// Refuses what this stand-in does not deploy, and resources without any content.
pub(super) fn check_kinds(config: &Value) -> Result<(), Diagnostic> {
    for (name, entry) in config.get("resources").and_then(Value::as_map).into_iter().flatten() {
        let path = format!("resources.{name}");
        let Some(group) = Group::named(name) else {
            if entry.value.as_map().is_some_and(|map| !map.is_empty()) {
                return Err(Diagnostic::error(format!(
                    "this stand-in deploys jobs and pipelines only, not {name}"
                ))
                .path(path)
                .place(entry.key_at));
            }
            continue;
        };
        for (key, entry) in entry.value.as_map().into_iter().flatten() {
            let one = if group == Group::Jobs { "job" } else { "pipeline" };
            if entry.value.kind == Kind::Null {
                return Err(Diagnostic::error(format!("{one} {key} is not defined"))
                    .path(format!("{path}.{key}"))
                    .place(entry.key_at));
            }
            if key.contains("${") {
                return Err(Diagnostic::error(format!("resource keys cannot contain references: {key}"))
                    .path(path)
                    .place(entry.key_at));
            }
            // The CLI sets these itself with each deploy.
            for field in ["deployment_id", "version_id"] {
                if entry.value.str_at(&["deployment", field]).is_some_and(|text| !text.is_empty()) {
                    return Err(Diagnostic::error(format!(
                        "{field} must not be set in bundle configuration; it is managed by the CLI"
                    ))
                    .path(format!("{path}.{key}.deployment.{field}"))
                    .place(entry.key_at));
                }
            }
        }
    }
    Ok(())
}

/// Elements that the base and a target define under one key become one element.
fn merge_keyed_lists(group: Group, fields: &mut Map<String, Json>) {
    let lists: &[(&str, &str)] = match group {
        Group::Pipelines => &[("clusters", "label")],
        Group::Jobs => &[
            ("tasks", "task_key"),
            ("job_clusters", "job_cluster_key"),
            ("parameters", "name"),
            ("environments", "environment_key"),
        ],
    };
    for (list, key) in lists {
        let Some(Json::Array(items)) = fields.get_mut(*list) else { continue };
        let mut merged: Vec<Json> = Vec::with_capacity(items.len());
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for mut item in std::mem::take(items) {
            if let (Group::Pipelines, Some(cluster)) = (group, item.as_object_mut())
                && cluster.get("label").and_then(Json::as_str).is_none_or(str::is_empty)
            {
                cluster.insert("label".to_owned(), json!("default"));
                cluster.sort_keys();
            }
            let name = match item[*key].as_str() {
                Some(name) if group == Group::Pipelines => name.to_lowercase(),
                Some(name) => name.to_owned(),
                None => {
                    merged.push(item);
                    continue;
                }
            };
            match places.get(&name) {
                Some(place) => overlay(&mut merged[*place], item),
                None => {
                    places.insert(name, merged.len());
                    merged.push(item);
                }
            }
        }
        *items = merged;
    }
}

fn overlay(under: &mut Json, over: Json) {
    match (under, over) {
        (Json::Object(under), Json::Object(over)) => {
            for (key, value) in over {
                overlay(under.entry(key).or_insert(Json::Null), value);
            }
            under.sort_keys();
        }
        (Json::Array(under), Json::Array(over)) => under.extend(over),
        (under, over) => *under = over,
    }
}

/// Fields that the CLI sets on its own, and the mark by which a resource knows its bundle.
pub(super) fn add_defaults(resources: &mut Resources, state_path: &str) {
    let deployment = json!({"kind": "BUNDLE", "metadata_file_path": format!("{state_path}/metadata.json")});
    for ((group, _), resource) in resources {
        resource.fields.insert("deployment".to_owned(), deployment.clone());
        match group {
            Group::Pipelines => {
                resource.default_to("channel", json!("CURRENT"));
                resource.default_to("edition", json!("ADVANCED"));
            }
            Group::Jobs => {
                resource.default_to("name", json!("Untitled"));
                resource.default_to("max_concurrent_runs", json!(1));
                resource.default_to("queue", json!({"enabled": true}));
                resource.fields.insert("edit_mode".to_owned(), json!("UI_LOCKED"));
                resource.fields.insert("format".to_owned(), json!("MULTI_TASK"));
                for trigger in TRIGGERS {
                    if let Some(Json::Object(trigger)) = resource.fields.get_mut(*trigger) {
                        trigger.entry("pause_status").or_insert(json!("UNPAUSED"));
                        trigger.sort_keys();
                    }
                }
            }
        }
        resource.fields.sort_keys();
    }
}

/// What may start a job by itself.
pub(super) const TRIGGERS: &[&str] = &["continuous", "schedule", "trigger"];

/// Gives `run_as` to the resources that have none of their own.
pub(super) fn add_run_as(resources: &mut Resources, run_as: &Json) {
    for resource in resources.values_mut() {
        resource.default_to("run_as", run_as.clone());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::databricks) fn resources(json: Json) -> Resources {
        of_config(&Value::from_json(json!({ "resources": json })), |_| "resources/all.yml".to_owned())
    }

    #[test]
    fn jobs_and_pipelines_get_their_defaults() {
        let mut found = resources(json!({
            "jobs": {"j": {"schedule": {"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "UTC"}}},
            "pipelines": {"p": {"name": "p", "channel": "PREVIEW"}},
        }));
        add_defaults(&mut found, "/s");
        let job = &found[&(Group::Jobs, "j".to_owned())].fields;
        assert_eq!(job["name"], "Untitled");
        assert_eq!(job["schedule"]["pause_status"], "UNPAUSED");
        assert_eq!(job["deployment"]["metadata_file_path"], "/s/metadata.json");
        let pipeline = &found[&(Group::Pipelines, "p".to_owned())].fields;
        assert_eq!((&pipeline["channel"], &pipeline["edition"]), (&json!("PREVIEW"), &json!("ADVANCED")));
    }

    #[test]
    fn what_cannot_be_deployed_is_refused() {
        let check =
            |json: Json| check_kinds(&Value::from_json(json!({ "resources": json }))).map_err(|e| e.summary);
        assert_eq!(check(json!({"jobs": {"j": {}}, "volumes": {}})), Ok(()));
        assert!(check(json!({"schemas": {"s": {}}})).unwrap_err().ends_with("not schemas"));
        assert_eq!(check(json!({"pipelines": {"p": null}})).unwrap_err(), "pipeline p is not defined");
    }

    #[test]
    fn clusters_merge_by_label() {
        let found = resources(json!({"pipelines": {"p": {
            "clusters": [{"label": "default", "num_workers": 1}, {"num_workers": 2, "node_type_id": "x"}],
        }}}));
        assert_eq!(
            found[&(Group::Pipelines, "p".to_owned())].fields["clusters"],
            json!([{"label": "default", "node_type_id": "x", "num_workers": 2}])
        );
        let found = resources(json!({"pipelines": {"p": {"clusters": [{"num_workers": 1}]}}}));
        let clusters = &found[&(Group::Pipelines, "p".to_owned())].fields["clusters"];
        assert_eq!(clusters, &json!([{"label": "default", "num_workers": 1}]));
    }
}
