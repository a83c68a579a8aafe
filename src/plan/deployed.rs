//! The definitions as they were last deployed: what the CLI compares with, and what it obeys when it deletes.

use std::collections::BTreeMap;

use serde_json::Value;

/// The resources in the CLI's state (`resources.json`), by key, `pipelines.x`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    resources: BTreeMap<String, Value>,
}

impl<'a> FromIterator<(&'a str, Value)> for Deployed {
    /// From the definitions in the state by their keys, with or without `resources.` in front.
    fn from_iter<T: IntoIterator<Item = (&'a str, Value)>>(definitions: T) -> Self {
        let resources = definitions
            .into_iter()
            .map(|(key, definition)| (key.strip_prefix("resources.").unwrap_or(key).to_owned(), definition));
        Self { resources: resources.collect() }
    }
}

impl Deployed {
    /// Whether this resource was deployed.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.resources.contains_key(key)
    }

    /// The definition of a resource.
    #[must_use]
    pub fn definition(&self, key: &str) -> Option<&Value> {
        self.resources.get(key)
    }

    /// `cascade_on_destroy` as deployed: where it is absent the service deletes the tables with the pipeline.
    #[must_use]
    pub fn cascade_on_destroy(&self, key: &str) -> Option<bool> {
        self.definition(key)?.get("cascade_on_destroy")?.as_bool()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn definitions_are_found_by_short_keys() {
        let deployed: Deployed = [
            ("resources.pipelines.a", json!({"name": "a", "cascade_on_destroy": false})),
            ("pipelines.b", json!({"name": "b"})),
        ]
        .into_iter()
        .collect();
        assert_eq!(deployed.cascade_on_destroy("pipelines.a"), Some(false));
        assert_eq!(deployed.cascade_on_destroy("pipelines.b"), None);
        assert!(deployed.knows("pipelines.b") && !deployed.knows("pipelines.c"));
    }
}
