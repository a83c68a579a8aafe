//! What is deployed of ours, in every target that could be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::CatalogFacts;
use crate::preflight::BundleState;

/// Our own deployed pipelines.
#[derive(Clone, Debug, Default)]
pub struct OwnPipelines {
    by_id: HashMap<String, OwnPipeline>,
    by_key: HashMap<(String, String, String), String>,
    metadata_files: BTreeMap<String, String>,
}

/// A pipeline or gateway that one of our bundles deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPipeline {
    /// In which target.
    pub target: String,
    /// By which bundle.
    pub bundle: String,
    /// `pipeline_x`.
    pub key: String,
}

impl OwnPipelines {
    /// Adds what a bundle's state says of a target.
    pub fn add(&mut self, target: &str, bundle: &str, metadata_file: &str, state: Option<&BundleState>) {
        self.metadata_files.insert(metadata_file.to_owned(), bundle.to_owned());
        let Some(state) = state else { return };
        for (key, id) in &state.ids {
            let Some(key) = key.strip_prefix("resources.pipelines.") else { continue };
            let own =
                OwnPipeline { target: target.to_owned(), bundle: bundle.to_owned(), key: key.to_owned() };
            self.by_key.insert((own.target.clone(), own.bundle.clone(), own.key.clone()), id.clone());
            self.by_id.insert(id.clone(), own);
        }
    }

    /// Whose a pipeline is.
    #[must_use]
    pub fn whose(&self, id: &str) -> Option<&OwnPipeline> {
        self.by_id.get(id)
    }

    /// The id of a pipeline by target, bundle and key.
    #[must_use]
    pub fn id(&self, target: &str, bundle: &str, key: &str) -> Option<&str> {
        self.by_key.get(&(target.to_owned(), bundle.to_owned(), key.to_owned())).map(String::as_str)
    }

    /// The pipelines that write where our destinations are to be and are not ours.
    #[must_use]
    pub fn foreign<'a>(&self, facts: &'a CatalogFacts) -> BTreeSet<&'a str> {
        facts.pipelines().into_iter().filter(|id| !self.by_id.contains_key(*id)).collect()
    }

    /// Which of our bundles keeps its `metadata.json` at a path.
    pub(super) fn bundle_at(&self, metadata_file: &str) -> Option<&str> {
        self.metadata_files.get(metadata_file).map(String::as_str)
    }
}
