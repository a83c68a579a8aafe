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
        (Value::from(target.name.as_str()), target_document(target, default_target, variables))
    });
    root.insert("targets".into(), Value::Mapping(targets.collect()));
    Value::Mapping(root)
}

fn target_document(target: &Target, default_target: Option<&str>, variables: &Variables) -> Value {
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
