//! The values of the bundle's variables: flag, environment, file, target, default.

use std::path::Path;

use super::environment::Environment;
use super::value::{Kind, Mapping, Value};

/// A variable that has no value, or a value that no variable takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VariableError {
    #[error("unexpected flag value for variable assignment: {0}")]
    Assignment(String),
    #[error("variable {0} has not been defined")]
    Unknown(String),
    #[error("variable {0} is not defined but is assigned a value")]
    UnknownInTarget(String),
    #[error("setting variables of complex type via --var flag is not supported: {0}")]
    Complex(String),
    #[error(
        "no value assigned to required variable {0}. Variables are usually assigned in databricks.yml, and they can be \
         overridden using \"--var\", the BUNDLE_VAR_{0} environment variable, or \
         .databricks/bundle/<target>/variable-overrides.json"
    )]
    NoValue(String),
    #[error("failed to parse variables file {file}: {why}")]
    File { file: String, why: String },
    #[error("looking up a {1} for variable {0} is not supported by this stand-in")]
    Lookup(String, String),
}

/// Lays the target's variables on those of the root: a scalar is a new default, a map a new definition.
pub(super) fn override_by_target(variables: &mut Value, target: Value) -> Result<(), VariableError> {
    let Kind::Map(overrides) = target.kind else { return Ok(()) };
    for (name, entry) in overrides {
        let Some(variable) = variables.as_map_mut().and_then(|map| map.get_mut(&name)) else {
            return Err(VariableError::UnknownInTarget(name));
        };
        let is_complex = variable.value.str_at(&["type"]) == Some("complex");
        let is_definition = !is_complex
            && entry
                .value
                .as_map()
                .is_some_and(|map| map.contains_key("default") || map.contains_key("lookup"));
        if is_definition {
            if let Kind::Map(fields) = entry.value.kind {
                for (field, value) in fields {
                    let other = if field == "lookup" { "default" } else { "lookup" };
                    variable.value.take(other);
                    variable.value.set(&field, value.value);
                }
            }
        } else {
            variable.value.take("lookup");
            variable.value.set("default", entry.value);
        }
    }
    Ok(())
}

/// `--var` as it was given, `name=value` each; checked before anything is asked of the workspace.
pub(super) fn assign_flags(variables: &mut Value, flags: &[String]) -> Result<(), VariableError> {
    for flag in flags {
        let Some((name, value)) = flag.split_once('=') else {
            return Err(VariableError::Assignment(flag.clone()));
        };
        let Some(variable) = variables.as_map_mut().and_then(|map| map.get_mut(name)) else {
            return Err(VariableError::Unknown(name.to_owned()));
        };
        if variable.value.str_at(&["type"]) == Some("complex") {
            return Err(VariableError::Complex(name.to_owned()));
        }
        variable.value.set("value", Value::text(value));
    }
    Ok(())
}

/// Fills in what no flag has set. `folder` is the bundle's `.databricks/bundle/<target>`.
pub(super) fn assign(
    variables: &mut Value,
    environment: &Environment,
    folder: &Path,
) -> Result<(), VariableError> {
    let Some(map) = variables.as_map_mut() else { return Ok(()) };
    if map.is_empty() {
        return Ok(());
    }
    let mut from_file = overrides(folder)?;
    for (name, entry) in map.iter_mut() {
        let variable = &mut entry.value;
        if variable.get("value").is_some() {
            continue;
        }
        let value = if let Some(value) = environment.get_raw(&format!("BUNDLE_VAR_{name}")) {
            Some(Value::text(value))
        } else if let Some(entry) = from_file.shift_remove(name) {
            Some(entry.value)
        } else if let Some(what) =
            variable.get("lookup").and_then(Value::as_map).and_then(|map| map.keys().next())
        {
            return Err(VariableError::Lookup(name.clone(), what.clone()));
        } else {
            variable.get("default").cloned()
        };
        match value {
            Some(value) => variable.set("value", value),
            None => return Err(VariableError::NoValue(name.clone())),
        }
    }
    Ok(())
}

fn overrides(folder: &Path) -> Result<Mapping, VariableError> {
    let file = folder.join("variable-overrides.json");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(Mapping::new()) };
    let wrong = |why: String| VariableError::File { file: file.display().to_string(), why };
    match serde_json::from_str(&text).map(|json| Value::from_json(json).kind) {
        Ok(Kind::Map(map)) => Ok(map),
        Ok(_) => Err(wrong("invalid format".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Variable name → value, for references.
pub(super) fn values(variables: &Value) -> Value {
    let mut values = Value::empty();
    for (name, entry) in variables.as_map().into_iter().flatten() {
        if let Some(value) = entry.value.get("value").or_else(|| entry.value.get("default")) {
            values.set(name, value.clone());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Value {
        Value::from_json(json!({"a": {"default": "root"}, "b": {"description": "needed"}}))
    }

    fn value(variables: &Value, name: &str) -> serde_json::Value {
        variables.at_path(&[name, "value"]).map(Value::to_json).unwrap_or_default()
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_target_beats_default() {
        let folder = tempfile::tempdir().unwrap();
        let plain = Environment::of(folder.path(), &[("BUNDLE_VAR_b", "env")]);
        let mut found = variables();
        assign(&mut found, &plain, folder.path()).unwrap();
        assert_eq!((value(&found, "a"), value(&found, "b")), (json!("root"), json!("env")));

        let mut found = variables();
        override_by_target(&mut found, Value::from_json(json!({"a": "target"}))).unwrap();
        assign(&mut found, &plain, folder.path()).unwrap();
        assert_eq!(value(&found, "a"), json!("target"));

        std::fs::write(folder.path().join("variable-overrides.json"), "{\"a\": \"file\", \"b\": \"file\"}")
            .unwrap();
        let mut found = variables();
        assign_flags(&mut found, &["a=flag=1".to_owned()]).unwrap();
        assign(&mut found, &Environment::of(folder.path(), &[]), folder.path()).unwrap();
        assert_eq!((value(&found, "a"), value(&found, "b")), (json!("flag=1"), json!("file")));
    }

    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let none = Environment::of(folder.path(), &[]);
        assert_eq!(assign(&mut variables(), &none, folder.path()), Err(VariableError::NoValue("b".into())));
        assert_eq!(assign_flags(&mut variables(), &["b".into()]), Err(VariableError::Assignment("b".into())));
        assert_eq!(assign_flags(&mut variables(), &["c=1".into()]), Err(VariableError::Unknown("c".into())));
        assert_eq!(
            override_by_target(&mut variables(), Value::from_json(json!({"c": 1}))),
            Err(VariableError::UnknownInTarget("c".into()))
        );
    }
}
