//! What the workspace says, gathered once per run: each fact is asked for once.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::definition::Definition;
use super::local_state::LocalState;
use super::metadata::Metadata;
use super::principals::Principal;
use super::seen::Seen;
use super::state::BundleState;
use crate::digest::Digest;
use crate::workspace::{Error, Job, JobSummary, Pipeline};

/// What is there could not be found out: that is not taken for "nothing there".
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The workspace did not answer as it should.
    #[error(transparent)]
    Workspace(#[from] Error),
    /// A file of the CLI is not what it should be.
    #[error("{path} in the workspace cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Who manages a pipeline or job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Nobody: it was made by hand.
    Nobody,
    /// The bundle whose `metadata.json` lies at this path.
    Bundle(String),
    /// This identity may not see who.
    Unknown,
}

/// A pipeline or job that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// Who made it, where that is told.
    pub owner: Option<String>,
    /// Who manages it.
    pub manager: Manager,
    /// When something last happened to it, as `last update 2026-01-02 03:04 UTC`.
    pub last: Option<String>,
    /// The fingerprint of its definition, where that was looked at, so that the definition itself need not be kept.
    pub definition: Option<Digest>,
}

impl Found {
    pub(super) fn of_pipeline(pipeline: &Pipeline) -> Self {
        let started = pipeline.last_update().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let last = match started {
            Some(time) => Some(format!("last update {}", minute(time))),
            None => {
                pipeline.last_modified.and_then(time).map(|time| format!("last changed {}", minute(time)))
            }
        };
        Self {
            id: pipeline.id.clone(),
            name: pipeline.name.clone(),
            owner: pipeline.creator.clone(),
            manager: manager(pipeline.metadata_file_path()),
            last,
            definition: Some(Digest::of_json(&pipeline.spec)),
        }
    }

    pub(super) fn of_job(job: &Job, summary: &JobSummary) -> Self {
        Self {
            manager: manager(job.metadata_file_path()),
            definition: Some(Digest::of_json(&Value::Object(job.settings.clone()))),
            ..Self::listed(summary)
        }
    }

    /// A job of which only the list may be seen.
    pub(super) fn listed(summary: &JobSummary) -> Self {
        Self {
            id: summary.id.to_string(),
            name: summary.name().to_owned(),
            owner: summary.creator.clone(),
            manager: Manager::Unknown,
            last: summary.created_time.and_then(time).map(|time| format!("made {}", minute(time))),
            definition: None,
        }
    }

    /// `id 4711, owner ana@x.org, last update 2026-01-02 03:04 UTC`.
    pub(super) fn card(&self) -> String {
        let owner = self.owner.as_deref().unwrap_or("somebody who is gone");
        let last = self.last.iter().map(|last| format!(", {last}")).collect::<String>();
        format!("id {}, owner {owner}{last}", self.id)
    }
}

fn manager(metadata_file: Option<&str>) -> Manager {
    metadata_file.map_or(Manager::Nobody, |path| Manager::Bundle(with_prefix(path)))
}

fn time(millis: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(millis).ok()
}

fn minute(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Workspace paths are told with and without this.
pub(super) fn with_prefix(path: &str) -> String {
    if path.starts_with("/Workspace/") { path.to_owned() } else { format!("/Workspace{path}") }
}

/// A pipeline of our own, as the workspace has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePipeline {
    /// What is told of any pipeline.
    pub found: Found,
    /// What it reads and writes; absent where its spec is built otherwise.
    pub definition: Option<Definition>,
}

/// What lies where a bundle keeps its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleFacts {
    /// Which bundle was deployed there last.
    pub metadata: Seen<Option<Metadata>>,
    /// Its state.
    pub state: Seen<Option<BundleState>>,
    /// Whether the state of the Terraform engine lies there, asked where there is no other.
    pub terraform: Seen<bool>,
}

impl BundleFacts {
    /// The state, where it is known and there is one.
    #[must_use]
    pub fn deployed(&self) -> Option<&BundleState> {
        self.state.known()?.as_ref()
    }

    /// Whether the state is known and holds this id.
    pub(super) fn owns(&self, id: &str) -> bool {
        self.deployed().is_some_and(|state| state.ids.values().any(|owned| owned == id))
    }
}

/// What the rules need to know of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Pipelines with a name that matters.
    pub pipelines: Seen<Vec<Found>>,
    /// Jobs with a name that matters.
    pub jobs: Seen<Vec<Found>>,
    /// By bundle: those that are planned, and those that the rows no longer name.
    pub bundles: BTreeMap<String, BundleFacts>,
    /// Other bundles' metadata, by path.
    pub others: BTreeMap<String, Seen<Option<Metadata>>>,
    /// The pipelines in the states, by id; `None` for one that is gone.
    pub own_pipelines: BTreeMap<String, Seen<Option<LivePipeline>>>,
    /// The jobs in the states, by id: whether each is there.
    pub own_jobs: BTreeMap<String, Seen<bool>>,
    /// The principals that the settings name: whether each is there.
    pub principals: BTreeMap<Principal, Seen<bool>>,
    /// What is known although no state in the workspace holds it, by bundle and key: the CLI's own log on this machine has it,
    /// or it is about to be bound.
    pub known: BTreeMap<String, BTreeMap<String, String>>,
    /// By bundle: the state on this machine, where the CLI goes on with that one since it never came to the workspace.
    pub unpushed: BTreeMap<String, BundleState>,
}

impl Facts {
    /// The state that the CLI goes on with, so that plans are made against it.
    #[must_use]
    pub fn state(&self, bundle: &str) -> Option<&BundleState> {
        self.unpushed.get(bundle).or_else(|| self.in_workspace(bundle))
    }

    /// The state in the workspace.
    #[must_use]
    pub fn in_workspace(&self, bundle: &str) -> Option<&BundleState> {
        self.bundles.get(bundle)?.deployed()
    }

    /// Takes in what lies on this machine, and what of it the workspace does not know.
    pub fn know_local(&mut self, bundle: &str, local: Option<LocalState>) {
        let there = self.in_workspace(bundle);
        match local.map(|local| local.state).filter(|local| local.is_ahead_of(there)) {
            Some(state) => {
                self.known.insert(bundle.to_owned(), state.ids.clone());
                self.unpushed.insert(bundle.to_owned(), state);
            }
            None => {
                self.unpushed.remove(bundle);
            }
        }
    }

    /// The fingerprints of the definitions of pipelines and jobs that were looked at, by id.
    #[must_use]
    pub fn definitions(&self) -> HashMap<&str, Digest> {
        let own =
            self.own_pipelines.values().filter_map(|seen| seen.known()?.as_ref()).map(|live| &live.found);
        let named = self.pipelines.known().into_iter().chain(self.jobs.known()).flatten();
        own.chain(named).filter_map(|found| Some((found.id.as_str(), found.definition?))).collect()
    }
}
