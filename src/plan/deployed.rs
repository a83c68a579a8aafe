//! The definitions as they were last deployed: what the CLI compares with, and what it obeys when it deletes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The resources in the CLI's state (`resources.json`), by key, `pipelines.x`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    resources: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    state: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    state: Value,
}

impl Deployed {
    /// Reads `resources.json`.
    ///
    /// # Errors
    /// Where it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(bytes)?;
        let resources = document.state.into_iter().map(|(key, entry)| {
            let key = key.strip_prefix("resources.").map_or_else(|| key.clone(), str::to_owned);
            (key, entry.state)
        });
        Ok(Self { resources: resources.collect() })
    }

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

    #[test]
    fn definitions_are_found_by_short_keys() {
        let text = br#"{"state_version": 2, "lineage": "l", "serial": 1, "state": {
            "resources.pipelines.a": {"__id__": "1", "state": {"name": "a", "cascade_on_destroy": false}},
            "resources.pipelines.b": {"__id__": "2", "state": {"name": "b"}}}}"#;
        let deployed = Deployed::parse(text).unwrap();
        assert_eq!(deployed.cascade_on_destroy("pipelines.a"), Some(false));
        assert_eq!(deployed.cascade_on_destroy("pipelines.b"), None);
        assert!(deployed.knows("pipelines.b") && !deployed.knows("pipelines.c"));
        assert!(Deployed::parse(b"<html>").is_err());
    }
}
