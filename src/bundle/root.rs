//! `databricks.yml`: the bundle's name, what it includes, and its targets.

use crate::settings::{Mode, Target};
use crate::yaml::{Mapping, Value};

use super::variables::Variables;

/// Where the CLI keeps files and state of a bundle in production where the target names no place: the CLI refuses to
/// guess one, so that there is only one copy.
const PRODUCTION_ROOT: &str =
    "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}/${bundle.target}";

/// The `root_path` that is written for a target: its own, the default of production, or none where the CLI has a default
/// itself.
#[must_use]
pub fn root_path(target: &Target) -> Option<&str> {
    match (&target.root_path, target.mode) {
        (Some(path), _) => Some(path),
        (None, Mode::Production) => Some(PRODUCTION_ROOT),
        (None, Mode::Development) => None,
    }
}

pub(super) fn document(
    project: &str,
    cli_version: &str,
    default_target: Option<&str>,
    targets: &[&Target],
    variables: &Variables,
    jobs: &[String],
) -> Value {
    let mut root = Mapping::new();
    root.insert(
        "bundle".into(),
        mapping([
            ("name", project.into()),
            ("engine", "direct".into()),
            ("databricks_cli_version", cli_version.into()),
        ]),
    );
    root.insert("include".into(), Value::Sequence(vec!["resources/*.yml".into()]));
    // Nothing but the configuration itself belongs to the bundle: no file is uploaded.
    root.insert("sync".into(), mapping([("paths", Value::Sequence(Vec::new()))]));
    let declarations = variables.declarations();
    if !declarations.is_empty() {
        root.insert("variables".into(), Value::Mapping(declarations));
    }
    let targets = targets.iter().map(|target| {
        (Value::from(target.name.as_str()), target_document(target, default_target, variables, jobs))
    });
    root.insert("targets".into(), Value::Mapping(targets.collect()));
    Value::Mapping(root)
}

fn target_document(
    target: &Target,
    default_target: Option<&str>,
    variables: &Variables,
    jobs: &[String],
) -> Value {
    let mut document = Mapping::new();
    document.insert("mode".into(), target.mode.as_str().into());
    if default_target == Some(target.name.as_str()) {
        document.insert("default".into(), true.into());
    }
    let mut workspace = Mapping::new();
    if let Some(host) = &target.host {
        workspace.insert("host".into(), host.as_str().into());
    }
    if let Some(path) = root_path(target) {
        workspace.insert("root_path".into(), path.into());
    }
    if !workspace.is_empty() {
        document.insert("workspace".into(), Value::Mapping(workspace));
    }
    for (key, value) in
        [("run_as", &target.run_as), ("permissions", &target.permissions), ("presets", &target.presets)]
    {
        if let Some(value) = value {
            document.insert(key.into(), value.clone());
        }
    }
    let values = variables.values(target);
    if !values.is_empty() {
        document.insert("variables".into(), Value::Mapping(values));
    }
    if let Some(notifications) = &target.notifications
        && !jobs.is_empty()
    {
        // The CLI puts these over the jobs of `resources/`. Those say nothing of notifications, so that no list grows.
        let jobs = jobs.iter().map(|key| (Value::from(key.as_str()), notifications.clone())).collect();
        document.insert("resources".into(), mapping([("jobs", Value::Mapping(jobs))]));
    }
    let mut document = Value::Mapping(document);
    if let Some(more) = &target.bundle {
        merge(&mut document, more);
    }
    document
}

/// Puts `more` over `base`: maps key by key, everything else as a whole.
fn merge(base: &mut Value, more: &Value) {
    match (base, more) {
        (Value::Mapping(base), Value::Mapping(more)) => {
            for (key, value) in more {
                match base.get_mut(key) {
                    Some(existing) => merge(existing, value),
                    None => {
                        base.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (base, more) => *base = more.clone(),
    }
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Option<Value> {
        Some(crate::yaml::read(text).unwrap().to_value())
    }

    fn targets(change: impl FnOnce(&mut Target)) -> Value {
        let mut changed = Target::named("changed");
        change(&mut changed);
        let plain = Target::named("plain");
        let variables = Variables::of([&changed, &plain].into_iter());
        let jobs = ["job_a_01_p01".to_owned(), "job_b_01_p01".to_owned()];
        let document = document("p", ">= 1.13.0", None, &[&changed, &plain], &variables, &jobs);
        let targets = &document["targets"];
        assert_eq!(Some(targets["plain"].clone()), yaml("mode: development"), "it is for the other target");
        targets["changed"].clone()
    }

    #[test]
    fn what_is_given_for_a_target_reaches_it_and_no_other() {
        let run_as = yaml("service_principal_name: sp");
        let permissions = yaml("- {level: CAN_VIEW, group_name: users}");
        let presets = yaml("name_prefix: x_");
        let changed = targets(|target| {
            target.run_as = run_as.clone();
            target.permissions = permissions.clone();
            target.presets = presets.clone();
        });
        assert_eq!(Some(&changed["run_as"]), run_as.as_ref());
        assert_eq!(Some(&changed["permissions"]), permissions.as_ref());
        assert_eq!(Some(&changed["presets"]), presets.as_ref());
    }

    #[test]
    fn a_raw_bundle_is_merged_into_its_target() {
        let changed = targets(|target| {
            target.host = Some("https://a.example.com".into());
            target.bundle = yaml("{workspace: {state_path: /s}, mode: production, git: {branch: main}}");
        });
        let expected = yaml(
            "{mode: production, workspace: {host: 'https://a.example.com', state_path: /s}, git: {branch: main}}",
        );
        assert_eq!(Some(changed), expected);
    }

    #[test]
    fn notifications_stand_at_every_job_of_their_target() {
        let notifications = yaml("email_notifications: {on_failure: [a@example.com]}");
        let changed = targets(|target| target.notifications = notifications.clone());
        let jobs = &changed["resources"]["jobs"];
        assert_eq!(Some(&jobs["job_a_01_p01"]), notifications.as_ref());
        assert_eq!(Some(&jobs["job_b_01_p01"]), notifications.as_ref());
    }
}
