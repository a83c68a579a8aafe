//! Which target is meant, and what it changes.

use super::environment::Environment;
use super::merge::{MergeError, merge};
use super::value::{Kind, Value};
use super::variable::{self, VariableError};

/// A target that cannot be chosen or applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error("{name}: no such target. Available targets: {available}")]
    Unknown { name: String, available: String },
    #[error("please specify target")]
    Ambiguous,
    #[error("multiple targets are marked as default ({0})")]
    ManyDefaults(String),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error(transparent)]
    Variable(#[from] VariableError),
}

/// The name of the target: flag, environment, the only one, the default one.
pub(super) fn choose(
    config: &Value,
    flag: Option<&str>,
    environment: &Environment,
) -> Result<String, TargetError> {
    let names: Vec<&str> = match config.get("targets").and_then(Value::as_map) {
        Some(targets) if !targets.is_empty() => targets.keys().map(String::as_str).collect(),
        _ => vec!["default"],
    };
    let wanted = flag.or_else(|| environment.first(&["DATABRICKS_BUNDLE_TARGET", "DATABRICKS_BUNDLE_ENV"]));
    if let Some(name) = wanted {
        if names.contains(&name) {
            return Ok(name.to_owned());
        }
        let mut available = names;
        available.sort_unstable();
        return Err(TargetError::Unknown { name: name.to_owned(), available: available.join(", ") });
    }
    if let [only] = names.as_slice() {
        return Ok((*only).to_owned());
    }
    let is_default = |name: &&&str| {
        config.at_path(&["targets", **name, "default"]).and_then(Value::as_bool).unwrap_or_default()
    };
    match names.iter().filter(is_default).collect::<Vec<_>>().as_slice() {
        [] => Err(TargetError::Ambiguous),
        [one] => Ok((**one).to_owned()),
        several => {
            let names: Vec<&str> = several.iter().map(|name| **name).collect();
            Err(TargetError::ManyDefaults(names.join(", ")))
        }
    }
}

/// Lays the target on the configuration, which has no targets any more afterwards.
pub(super) fn apply(config: &mut Value, name: &str) -> Result<(), TargetError> {
    let mut target =
        config.take("targets").and_then(|mut targets| targets.take(name)).unwrap_or_else(Value::empty);
    for section in ["bundle", "workspace", "resources", "sync", "permissions", "presets", "artifacts"] {
        if let Some(over) = target.take(section) {
            merge_into(config, section, over)?;
        }
    }
    if let Some(git) = target.take("git") {
        let mut bundle = config.take("bundle").unwrap_or_else(Value::empty);
        merge_into(&mut bundle, "git", git)?;
        config.set("bundle", bundle);
    }
    if let Some(over) = target.take("variables") {
        let mut variables = config.take("variables").unwrap_or_else(Value::empty);
        variable::override_by_target(&mut variables, over)?;
        config.set("variables", variables);
    }
    for replaced in ["run_as", "mode", "cluster_id", "compute_id"] {
        let Some(over) = target.take(replaced).filter(|value| value.kind != Kind::Null) else { continue };
        if replaced == "run_as" {
            config.set(replaced, over);
        } else {
            let mut bundle = config.take("bundle").unwrap_or_else(Value::empty);
            bundle.set(if replaced == "compute_id" { "cluster_id" } else { replaced }, over);
            config.set("bundle", bundle);
        }
    }
    Ok(())
}

fn merge_into(config: &mut Value, section: &str, over: Value) -> Result<(), MergeError> {
    let merged = match config.take(section) {
        Some(under) => merge(under, over)?,
        None => over,
    };
    config.set(section, merged);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn config(json: serde_json::Value) -> Value {
        Value::from_json(json)
    }

    #[test]
    fn the_flag_wins_then_the_environment_then_the_default() {
        let two = config(json!({"targets": {"dev": {"default": true}, "prod": {}}}));
        let none = Environment::of(Path::new("."), &[]);
        let prod = Environment::of(Path::new("."), &[("DATABRICKS_BUNDLE_TARGET", "prod")]);
        assert_eq!(choose(&two, None, &none).unwrap(), "dev");
        assert_eq!(choose(&two, None, &prod).unwrap(), "prod");
        assert_eq!(choose(&two, Some("dev"), &prod).unwrap(), "dev");
        let error = choose(&two, Some("nope"), &none).unwrap_err().to_string();
        assert_eq!(error, "nope: no such target. Available targets: dev, prod");
        assert_eq!(choose(&config(json!({})), None, &none).unwrap(), "default");
        let undecided = config(json!({"targets": {"a": null, "b": {}}}));
        assert_eq!(choose(&undecided, None, &none).unwrap_err().to_string(), "please specify target");
    }

    #[test]
    fn lists_of_base_and_target_concatenate() {
        let mut config = config(json!({
            "bundle": {"name": "b"},
            "variables": {"c": {"default": "x"}},
            "resources": {"pipelines": {"p": {"name": "a", "libraries": [1]}}},
            "targets": {"t": {
                "mode": "production",
                "variables": {"c": "y"},
                "resources": {"pipelines": {"p": {"name": "z", "libraries": [2]}}},
            }},
        }));
        apply(&mut config, "t").unwrap();
        assert_eq!(
            config.to_json(),
            json!({
                "bundle": {"name": "b", "mode": "production"},
                "variables": {"c": {"default": "y"}},
                "resources": {"pipelines": {"p": {"name": "z", "libraries": [1, 2]}}},
            })
        );
    }
}
