//! `mode: development` and `mode: production`: what each forbids, and the presets it brings.

use serde_json::{Value as Json, json};

use super::diagnostic::Diagnostic;
use super::identity::Identity;
use super::preset::Presets;
use super::resource::{Group, Resources};
use super::value::Value;

/// What the rules of a mode look at.
pub(super) struct Situation<'a> {
    pub(super) config: &'a Value,
    pub(super) resources: &'a Resources,
    pub(super) identity: &'a Identity,
    /// Whether the target itself (not the root of the file) sets `workspace.root_path`.
    pub(super) target_sets_root_path: bool,
}

/// Applies the mode: fills in presets, and answers what is wrong.
pub(super) fn apply(
    mode: Option<&str>,
    situation: &Situation<'_>,
    presets: &mut Presets,
) -> Option<Diagnostic> {
    match mode {
        None | Some("") => None,
        Some("development") => {
            presets.for_development(situation.identity);
            development(situation, presets)
        }
        Some("production") => production(situation, presets),
        Some(other) => Some(Diagnostic::error(format!(
            "unsupported value '{other}' specified for 'mode': must be either 'development' or 'production'"
        ))),
    }
}

fn development(situation: &Situation<'_>, presets: &Presets) -> Option<Diagnostic> {
    if presets.trigger_pause_status.as_deref() == Some("UNPAUSED") {
        return Some(Diagnostic::error(
            "target with 'mode: development' cannot set trigger pause status to UNPAUSED by default",
        ));
    }
    let me = situation.identity;
    let names_me = |text: &str| text.contains(&me.short_name) || text.contains(&me.user_name);
    for path in ["root_path", "file_path", "resource_path", "artifact_path", "state_path"] {
        let value = situation.config.str_at(&["workspace", path]).unwrap_or_default();
        if !names_me(value) {
            return Some(Diagnostic::error(format!(
                "{path} must start with '~/' or contain the current username to ensure uniqueness when using 'mode: development'"
            )));
        }
    }
    if presets.name_prefix.as_deref().is_some_and(|prefix| !names_me(prefix)) {
        return Some(Diagnostic::error(
            "prefix should contain the current username or ${workspace.current_user.short_name} to ensure uniqueness when using 'mode: development'",
        ));
    }
    None
}

fn production(situation: &Situation<'_>, presets: &Presets) -> Option<Diagnostic> {
    let of = |wanted: Group| {
        situation
            .resources
            .iter()
            .filter(move |((group, _), _)| *group == wanted)
            .map(|(_, resource)| resource)
    };
    let by_preset = presets.pipelines_development == Some(true);
    if of(Group::Pipelines)
        .any(|pipeline| by_preset || pipeline.fields.get("development") == Some(&json!(true)))
    {
        return Some(Diagnostic::error(
            "target with 'mode: production' cannot include a pipeline with 'development: true'",
        ));
    }
    if situation.target_sets_root_path {
        return None;
    }
    let (_, name) = situation.identity.principal();
    let text = |word: &str| {
        format!(
            "target with 'mode: production' {word} set 'workspace.root_path' to make sure only one copy is deployed"
        )
    };
    let advice = format!(
        "A common practice is to use a username or principal name in this path, i.e. use\n\n  root_path: /Workspace/Users/{name}/.bundle/${{bundle.name}}/${{bundle.target}}"
    );
    let runs_as_someone =
        of(Group::Jobs).all(|job| matches!(job.fields.get("run_as"), Some(Json::Object(_))));
    Some(if runs_as_someone || situation.identity.is_service_principal() {
        Diagnostic::recommendation(text("should")).detail(advice)
    } else {
        Diagnostic::error(text("must")).detail(advice)
    })
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Severity;
    use super::super::identity::tests::user;
    use super::super::resource::tests::resources;
    use super::*;

    fn check(mode: &str, json: Json, explicit: bool, name: &str) -> Option<(Severity, String)> {
        let resources = resources(json);
        let config = Value::from_json(json!({"workspace": {
            "root_path": "/Workspace/Users/me@example.com/x", "file_path": "/x/me/f", "resource_path": "/x/me/r",
            "artifact_path": "/x/me/a", "state_path": "/x/me/s",
        }}));
        let situation = Situation {
            config: &config,
            resources: &resources,
            identity: &user(name),
            target_sets_root_path: explicit,
        };
        apply(Some(mode), &situation, &mut Presets::default()).map(|found| (found.severity, found.summary))
    }

    #[test]
    fn production_wants_one_copy() {
        let job = json!({"jobs": {"j": {"name": "j"}}});
        let with_run_as = json!({"jobs": {"j": {"name": "j", "run_as": {"user_name": "x"}}}});
        assert_eq!(check("production", job.clone(), true, "me@example.com"), None);
        assert_eq!(check("production", job, false, "me@example.com").unwrap().0, Severity::Error);
        assert_eq!(
            check("production", with_run_as, false, "me@example.com").unwrap().0,
            Severity::Recommendation
        );
        assert_eq!(
            check("production", json!({}), false, "me@example.com").unwrap().0,
            Severity::Recommendation
        );
        let pipeline = json!({"pipelines": {"p": {"development": true}}});
        assert!(
            check("production", pipeline, true, "me@example.com").unwrap().1.contains("development: true")
        );
    }

    #[test]
    fn production_is_not_for_development_not_even_by_preset() {
        let check = |json: Json, by_preset: Option<bool>| {
            let preset = json!({"presets": {"pipelines_development": by_preset}});
            let mut presets = Presets::of(&Value::from_json(preset));
            let situation = Situation {
                config: &Value::from_json(json!({})),
                resources: &resources(json),
                identity: &user("me@example.com"),
                target_sets_root_path: true,
            };
            apply(Some("production"), &situation, &mut presets).map(|found| found.severity)
        };
        let pipeline = |development: bool| json!({"pipelines": {"p": {"development": development}}});
        assert_eq!(check(pipeline(true), None), Some(Severity::Error));
        assert_eq!(check(pipeline(false), Some(true)), Some(Severity::Error));
        assert_eq!(check(pipeline(false), Some(false)), None);
        assert_eq!(check(json!({}), Some(true)), None);
    }

    #[test]
    fn development_wants_paths_of_ones_own() {
        assert_eq!(check("development", json!({}), false, "me@example.com"), None);
        assert!(
            check("development", json!({}), false, "you@example.com")
                .unwrap()
                .1
                .starts_with("root_path must")
        );
    }

    #[test]
    fn there_are_two_modes() {
        assert!(check("staging", json!({}), true, "me@example.com").unwrap().1.contains("'staging'"));
    }
}
