//! The state that the CLI's direct engine keeps of a deployment, `resources.json` in the bundle's state folder.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// What is deployed, by the CLI's own record. Two are equal where they are the same version of the same deployment.
#[derive(Clone, Debug, Default)]
pub struct BundleState {
    /// Which deployment: made once, kept for good.
    pub lineage: String,
    /// Grows with each deploy that changes something.
    pub serial: u64,
    /// Ids by key, `resources.pipelines.x`.
    pub ids: BTreeMap<String, String>,
    /// The definitions as last deployed, by key, unread: 415 bytes a table.
    definitions: BTreeMap<String, Box<RawValue>>,
}

impl PartialEq for BundleState {
    fn eq(&self, other: &Self) -> bool {
        (&self.lineage, self.serial, &self.ids) == (&other.lineage, other.serial, &other.ids)
    }
}

impl Eq for BundleState {}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    state: BTreeMap<String, Entry>,
}

/// A resource, as the state and the log that follows it name it.
#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "__id__", default)]
    id: String,
    #[serde(rename = "state", default)]
    definition: Option<Box<RawValue>>,
}

impl BundleState {
    /// Reads `resources.json`.
    ///
    /// # Errors
    /// Where it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(bytes)?;
        let mut state = Self { lineage: document.lineage, serial: document.serial, ..Self::default() };
        for (key, entry) in document.state {
            state.set(key, Some(entry));
        }
        Ok(state)
    }

    /// Puts a resource in, or takes it out where nothing is left of it.
    pub(super) fn set(&mut self, key: String, entry: Option<Entry>) {
        self.definitions.remove(&key);
        match entry {
            Some(Entry { id, definition }) => {
                self.definitions.extend(definition.map(|definition| (key.clone(), definition)));
                self.ids.insert(key, id);
            }
            None => {
                self.ids.remove(&key);
            }
        }
    }

    /// Whether the CLI goes on with this state, which lies on this machine, and not with the one in the workspace.
    #[must_use]
    pub fn is_ahead_of(&self, workspace: Option<&Self>) -> bool {
        workspace.is_none_or(|there| there.lineage == self.lineage && there.serial < self.serial)
    }

    /// The definition of a resource as it was last deployed; `None` where there is none, or where it is not of this form.
    #[must_use]
    pub fn definition<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.definitions.get(key)?.get()).ok()
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
        let definition: serde_json::Value = state.definition("resources.pipelines.a").unwrap();
        assert_eq!(definition["name"], "a");
        assert!(BundleState::parse(b"<html>").is_err());
    }
}
