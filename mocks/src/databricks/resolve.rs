//! Puts values in the place of `${bundle…}`, `${workspace…}` and `${var…}`.
//!
//! References to resources stay: their ids are known only when they are deployed. References with an unknown first
//! word stay too, and fail later, when a plan is made.

use super::reference::{self, Step};
use super::value::{Kind, Value};

/// How often a result may contain references again.
const MAX_ROUNDS: usize = 11;

/// A reference that cannot be resolved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("reference does not exist: ${{{0}}}")]
    Missing(String),
    #[error("cannot interpolate non-string value: ${{{0}}}")]
    NoText(String),
    #[error("cycle detected in field resolution: ${{{0}}}")]
    Cycle(String),
}

/// What references may name.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) bundle: Value,
    pub(super) workspace: Value,
    /// Variable name → its value.
    pub(super) variables: Value,
}

/// Children that may be unset; a reference to them is then an empty text.
const BUNDLE_FIELDS: &[&str] = &[
    "cluster_id",
    "compute_id",
    "databricks_cli_version",
    "deployment",
    "environment",
    "git",
    "mode",
    "uuid",
];
const WORKSPACE_FIELDS: &[&str] = &[
    "account_id",
    "artifact_path",
    "auth_type",
    "client_id",
    "current_user",
    "file_path",
    "host",
    "profile",
    "resource_path",
    "root_path",
    "state_path",
    "workspace_id",
];

impl Scope {
    /// Resolves every string of a tree, in place.
    pub(super) fn resolve(&self, value: &mut Value) -> Result<(), ResolveError> {
        self.resolve_at(value, 0)
    }

    fn resolve_at(&self, value: &mut Value, round: usize) -> Result<(), ResolveError> {
        match &mut value.kind {
            Kind::String(text) if text.contains("${") => {
                if let Some(kind) = self.resolve_text(text, round)? {
                    value.kind = kind;
                }
            }
            Kind::Sequence(items) => {
                for item in items {
                    self.resolve_at(item, round)?;
                }
            }
            Kind::Map(map) => {
                for entry in map.values_mut() {
                    self.resolve_at(&mut entry.value, round)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What a string becomes, or nothing where it stays as it is.
    fn resolve_text(&self, text: &str, round: usize) -> Result<Option<Kind>, ResolveError> {
        let references = reference::find(text);
        let known = |path: &str| {
            let word = path.split(['.', '[']).next().unwrap_or_default();
            matches!(word, "bundle" | "workspace" | "var" | "variables")
        };
        let Some(first) = references.iter().find(|reference| known(reference.path)) else {
            return Ok(None);
        };
        if round >= MAX_ROUNDS {
            return Err(ResolveError::Cycle(first.path.to_owned()));
        }
        if let Some(whole) = reference::whole(text) {
            let mut value = self.lookup(whole.path, &whole.steps())?;
            self.resolve_at(&mut value, round + 1)?;
            return Ok(Some(value.kind));
        }
        let mut result = String::with_capacity(text.len());
        let mut from = 0;
        for reference in references.iter().filter(|reference| known(reference.path)) {
            let mut value = self.lookup(reference.path, &reference.steps())?;
            self.resolve_at(&mut value, round + 1)?;
            let part = value.scalar_text().ok_or_else(|| ResolveError::NoText(reference.path.to_owned()))?;
            result.push_str(&text[from..reference.start]);
            result.push_str(&part);
            from = reference.end;
        }
        result.push_str(&text[from..]);
        // The parts together may be a reference again.
        let mut value = Value::text(result);
        self.resolve_at(&mut value, round + 1)?;
        Ok(Some(value.kind))
    }

    fn lookup(&self, path: &str, steps: &[Step]) -> Result<Value, ResolveError> {
        let missing = || ResolveError::Missing(path.to_owned());
        let key = |index: usize| match steps.get(index) {
            Some(Step::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        let (root, rest, known): (&Value, &[Step], &[&str]) = match key(0).unwrap_or_default() {
            "var" => (&self.variables, steps.get(1..).unwrap_or_default(), &[]),
            "variables" => {
                let name = key(1).ok_or_else(missing)?;
                if key(2) != Some("value") {
                    return Err(missing());
                }
                let value = self.variables.get(name).ok_or_else(missing)?;
                return descend(value, &steps[3..]).cloned().ok_or_else(missing);
            }
            "bundle" => (&self.bundle, &steps[1..], BUNDLE_FIELDS),
            _ => (&self.workspace, &steps[1..], WORKSPACE_FIELDS),
        };
        match descend(root, rest) {
            Some(value) => Ok(value.clone()),
            None if key(1).is_some_and(|name| known.contains(&name)) => Ok(Value::text("")),
            None => Err(missing()),
        }
    }
}

fn descend<'tree>(root: &'tree Value, steps: &[Step]) -> Option<&'tree Value> {
    steps.iter().try_fold(root, |value, step| match (step, &value.kind) {
        (Step::Key(key), _) => value.get(key),
        (Step::Index(index), Kind::Sequence(items)) => items.get(*index),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Scope {
        Scope {
            bundle: Value::from_json(json!({"name": "b", "target": "dev"})),
            workspace: Value::from_json(json!({"current_user": {"userName": "u@x"}})),
            variables: Value::from_json(json!({
                "n": 3, "s": "text", "list": ["a", "${var.s}"], "dollar": "$", "loop": "${var.loop}",
                "nested": "${bundle.name}-${var.s}",
            })),
        }
    }

    fn resolved(text: &str) -> Result<serde_json::Value, ResolveError> {
        let mut value = Value::text(text);
        scope().resolve(&mut value).map(|()| value.to_json())
    }

    #[test]
    fn whole_references_keep_the_type() {
        assert_eq!(resolved("${var.n}"), Ok(json!(3)));
        assert_eq!(resolved("${var.list}"), Ok(json!(["a", "text"])));
        assert_eq!(resolved("${variables.s.value}"), Ok(json!("text")));
        assert_eq!(resolved("${var.list[0]}"), Ok(json!("a")));
    }

    #[test]
    fn parts_become_text() {
        assert_eq!(resolved("${bundle.name}_${var.n}"), Ok(json!("b_3")));
        assert_eq!(resolved("${var.nested}"), Ok(json!("b-text")));
        assert_eq!(resolved("~/${workspace.current_user.userName}"), Ok(json!("~/u@x")));
        assert_eq!(resolved("x${var.dollar}{var.s}"), Ok(json!("xtext")));
        assert_eq!(resolved("$${var.s}"), Ok(json!("$text")));
    }

    #[test]
    fn unset_fields_are_empty_unknown_ones_are_errors() {
        assert_eq!(resolved("${bundle.mode}x"), Ok(json!("x")));
        assert_eq!(resolved("${var.nope}"), Err(ResolveError::Missing("var.nope".into())));
        assert_eq!(resolved("${bundle.nope}"), Err(ResolveError::Missing("bundle.nope".into())));
        assert_eq!(ResolveError::Missing("var.x".into()).to_string(), "reference does not exist: ${var.x}");
        assert!(matches!(resolved("${var.loop}"), Err(ResolveError::Cycle(_))));
    }

    #[test]
    fn others_stay() {
        for text in ["${resources.pipelines.x.id}", "${foo.bar}", "plain", "${ a }"] {
            assert_eq!(resolved(text), Ok(json!(text)));
        }
    }
}
