//! The CLI's state with all that it holds: ids and definitions as they were sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::DeployError;
use crate::preflight::{BundlePaths, FactsError};
use crate::workspace::Client;

/// A deployment as the CLI remembers it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Deployed {
    #[serde(default)]
    pub(super) lineage: String,
    #[serde(default)]
    pub(super) serial: u64,
    /// By key, `resources.pipelines.x`.
    #[serde(default, rename = "state")]
    pub(super) resources: BTreeMap<String, DeployedResource>,
}

/// A resource as the CLI remembers it.
#[derive(Debug, Deserialize)]
pub(super) struct DeployedResource {
    #[serde(rename = "__id__", default)]
    pub(super) id: String,
    /// What was sent.
    #[serde(rename = "state", default)]
    pub(super) definition: Value,
}

impl Deployed {
    /// Reads it; nothing where nothing was deployed yet.
    pub(super) async fn read(client: &Client, paths: &BundlePaths) -> Result<Self, DeployError> {
        let path = paths.state_file();
        let Some(bytes) = client.export_file(&path).await? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes).map_err(|source| FactsError::Unreadable { path, source }.into())
    }

    /// The id of a resource.
    pub(super) fn id(&self, key: &str) -> Option<&str> {
        self.resources.get(key).map(|resource| resource.id.as_str())
    }
}
