//! `presets`: changes that a target makes to all its resources.

use serde_json::{Map, Value as Json, json};

use super::diagnostic::Diagnostic;
use super::identity::Identity;
use super::resource::{Group, Resources, TRIGGERS};
use super::value::{Kind, Value};

/// The presets of a target.
#[derive(Debug, Default)]
pub(super) struct Presets {
    pub(super) name_prefix: Option<String>,
    pub(super) trigger_pause_status: Option<String>,
    pub(super) pipelines_development: Option<bool>,
    jobs_max_concurrent_runs: Option<i64>,
    tags: Map<String, Json>,
}

impl Presets {
    /// The presets that the configuration sets.
    pub(super) fn of(config: &Value) -> Self {
        let get = |key: &str| config.at_path(&["presets", key]);
        let text = |key: &str| get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            name_prefix: text("name_prefix"),
            trigger_pause_status: text("trigger_pause_status"),
            pipelines_development: get("pipelines_development").and_then(Value::as_bool),
            jobs_max_concurrent_runs: match get("jobs_max_concurrent_runs").map(|value| &value.kind) {
                Some(Kind::Int(runs)) => Some(*runs),
                _ => None,
            },
            tags: match get("tags").map(Value::to_json) {
                Some(Json::Object(tags)) => tags,
                _ => Map::new(),
            },
        }
    }

    /// Fills in what development mode sets where the configuration does not.
    pub(super) fn for_development(&mut self, identity: &Identity) {
        self.name_prefix.take_if(|prefix| prefix.is_empty());
        self.name_prefix.get_or_insert_with(|| format!("[dev {}] ", identity.short_name));
        self.trigger_pause_status.get_or_insert_with(|| "PAUSED".to_owned());
        self.pipelines_development.get_or_insert(true);
        self.jobs_max_concurrent_runs.get_or_insert(4);
        self.tags.entry("dev").or_insert_with(|| identity.short_name.clone().into());
    }

    /// Applies the presets.
    pub(super) fn apply(&self, resources: &mut Resources) -> Option<Diagnostic> {
        if let Some(status) = &self.trigger_pause_status
            && !["PAUSED", "UNPAUSED"].contains(&status.as_str())
        {
            return Some(Diagnostic::error(
                "Invalid value for trigger_pause_status, should be PAUSED or UNPAUSED",
            ));
        }
        let paused = self.trigger_pause_status.as_deref() == Some("PAUSED");
        for ((group, _), resource) in resources {
            if let Some(prefix) = &self.name_prefix {
                let name = resource.fields.get("name").and_then(Json::as_str).unwrap_or_default();
                let name = format!("{prefix}{name}");
                resource.fields.insert("name".to_owned(), name.into());
            }
            if !self.tags.is_empty() {
                let mut tags = self.tags.clone();
                if let Some(Json::Object(own)) = resource.fields.remove("tags") {
                    tags.extend(own);
                }
                tags.sort_keys();
                resource.fields.insert("tags".to_owned(), Json::Object(tags));
            }
            match group {
                Group::Jobs => {
                    if let Some(runs) = self.jobs_max_concurrent_runs {
                        resource.default_to("max_concurrent_runs", runs.into());
                    }
                    for trigger in TRIGGERS {
                        if let (Some(status), Some(Json::Object(trigger))) =
                            (&self.trigger_pause_status, resource.fields.get_mut(*trigger))
                            && !trigger.contains_key("pause_status")
                        {
                            trigger.insert("pause_status".to_owned(), status.as_str().into());
                            trigger.sort_keys();
                        }
                    }
                }
                Group::Pipelines => {
                    if self.pipelines_development == Some(true) {
                        resource.fields.insert("development".to_owned(), json!(true));
                    }
                    if paused && resource.fields.get("continuous") == Some(&json!(true)) {
                        resource.fields.shift_remove("continuous");
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::tests::user;
    use super::super::resource::tests::resources;
    use super::*;

    #[test]
    fn development_prefixes_tags_and_pauses() {
        let mut found = resources(json!({
            "jobs": {
                "a": {"name": "a", "schedule": {"quartz_cron_expression": "x", "timezone_id": "UTC"}},
                "b": {"name": "b", "max_concurrent_runs": 2, "trigger": {"pause_status": "UNPAUSED"}},
            },
            "pipelines": {"p": {"name": "p", "continuous": true, "tags": {"dev": "mine"}}},
        }));
        let mut presets = Presets::default();
        presets.for_development(&user("me@example.com"));
        assert!(presets.apply(&mut found).is_none());
        let fields: Vec<_> = found.values().map(|resource| &resource.fields).collect();
        assert_eq!(fields[0]["name"], "[dev me] a");
        assert_eq!(fields[0]["schedule"]["pause_status"], "PAUSED");
        assert_eq!(fields[0]["max_concurrent_runs"], 4);
        assert_eq!(fields[1]["trigger"]["pause_status"], "UNPAUSED");
        assert_eq!(fields[1]["max_concurrent_runs"], 2);
        assert_eq!(fields[2]["development"], true);
        assert_eq!(fields[2]["tags"], json!({"dev": "mine"}));
        assert!(!fields[2].contains_key("continuous"));
    }

    #[test]
    fn an_empty_prefix_is_none_in_development() {
        let mut presets = Presets { name_prefix: Some(String::new()), ..Presets::default() };
        presets.for_development(&user("me@example.com"));
        assert_eq!(presets.name_prefix.as_deref(), Some("[dev me] "));
    }

    #[test]
    fn a_pause_status_is_one_of_two() {
        let presets = Presets::of(&Value::from_json(json!({"presets": {"trigger_pause_status": "OFF"}})));
        assert!(presets.apply(&mut Resources::new()).is_some());
    }
}
