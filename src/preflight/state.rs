//! The state that the CLI's direct engine keeps of a deployment, `resources.json` in the bundle's state folder.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What is deployed, by the CLI's own record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleState {
    /// Which deployment: made once, kept for good.
    pub lineage: String,
    /// Grows with each deploy that changes something.
    pub serial: u64,
    /// Ids by key, `resources.pipelines.x`.
    pub ids: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    state: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "__id__", default)]
    id: String,
    /// The whole definition, 415 bytes a table: left unread.
    #[serde(rename = "state", default)]
    _definition: Option<IgnoredAny>,
}

impl BundleState {
    /// Reads `resources.json`.
    ///
    /// # Errors
    /// Where it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(bytes)?;
        Ok(Self {
            lineage: document.lineage,
            serial: document.serial,
            ids: document.state.into_iter().map(|(key, entry)| (key, entry.id)).collect(),
        })
    }

    /// The id of a resource.
    #[must_use]
    pub fn id(&self, key: &str) -> Option<&str> {
        self.ids.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_and_the_rest_is_left() {
        let text =
            br#"{"state_version": 3, "cli_version": "1.17.0", "lineage": "l", "serial": 4, "features": {},
            "state": {"resources.pipelines.a": {"__id__": "1", "state": {"name": "a"}, "depends_on": []}}}"#;
        let state = BundleState::parse(text).unwrap();
        assert_eq!((state.lineage.as_str(), state.serial), ("l", 4));
        assert_eq!(state.id("resources.pipelines.a"), Some("1"));
        assert!(BundleState::parse(b"<html>").is_err());
    }
}
