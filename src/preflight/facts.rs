//! What the workspace says, gathered once per run: each fact is asked for once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::metadata::Metadata;
use super::ownership::Wanted;
use super::paths::BundlePaths;
use super::state::BundleState;
use crate::digest::Digest;
use crate::workspace::{Client, Error, ErrorKind};

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
    /// Whether anything is deployed in a folder, and what, is not told.
    #[error("what is deployed in {path} cannot be read: {source}")]
    Closed {
        /// The folder.
        path: String,
        /// Why.
        source: Error,
    },
    /// A folder of somebody else is not shown, which may be because it may not be seen.
    #[error(
        "what is deployed in {path} cannot be read: {hidden} is not there, or not shown to this identity"
    )]
    Hidden {
        /// The folder of the state.
        path: String,
        /// The folder above it that is not shown.
        hidden: String,
    },
}

impl FactsError {
    /// What to do about it, one line each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        const SEE: &str = "it says which pipeline writes which table, and nothing is placed without it: give this identity `CAN \
                           VIEW` on that folder, or deploy as the one that deployed before";
        match self {
            Self::Workspace(error) => error.hints(),
            Self::Unreadable { .. } => vec![
                "it is the databricks CLI's own record; see whether a deploy is under way, or was cut off"
                    .to_owned(),
            ],
            Self::Closed { source, .. } if source.kind() == ErrorKind::Forbidden => vec![SEE.to_owned()],
            Self::Closed { source, .. } => source.hints(),
            Self::Hidden { .. } => vec![SEE.to_owned()],
        }
    }
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
    /// `deployment.metadata_file_path`: the bundle that manages it; absent for what was made by hand.
    pub metadata_file: Option<String>,
    /// The fingerprint of its definition, so that the definition itself need not be kept.
    pub definition: Digest,
}

/// What lies where a bundle keeps its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleFacts {
    /// Which bundle was deployed there last.
    pub metadata: Option<Metadata>,
    /// Its state.
    pub state: Option<BundleState>,
}

/// What the rules need to know of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Pipelines with a name that matters.
    pub pipelines: Vec<Found>,
    /// Jobs with a name that matters.
    pub jobs: Vec<Found>,
    /// By project.
    pub bundles: BTreeMap<String, BundleFacts>,
    /// Other bundles' metadata, by path.
    pub others: BTreeMap<String, Metadata>,
    /// What is known although no state in the workspace holds it, by bundle and key: the CLI's own log on this machine has it,
    /// or it is about to be bound.
    pub known: BTreeMap<String, BTreeMap<String, String>>,
}

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// Asks the workspace. `paths` are those of every bundle; what lies there is asked only for those that are not `known`.
///
/// # Errors
/// Anything but "not there": what cannot be read is not taken for absent.
pub async fn gather(
    client: &Client,
    wanted: &Wanted,
    paths: &BTreeMap<String, BundlePaths>,
    known: BTreeMap<String, BundleFacts>,
) -> Result<Facts, FactsError> {
    let unknown = paths.iter().filter(|(bundle, _)| !known.contains_key(*bundle));
    let unknown = unknown.map(|(bundle, paths)| (bundle.clone(), paths.clone())).collect();
    let (pipelines, jobs, mut bundles) =
        tokio::try_join!(pipelines(client, wanted), jobs(client, wanted), bundles(client, &unknown))?;
    bundles.extend(known.into_iter().filter(|(bundle, _)| paths.contains_key(bundle)));
    let ours: BTreeSet<String> = paths.values().map(BundlePaths::metadata_file).collect();
    let unknown: BTreeSet<&String> = pipelines
        .iter()
        .chain(&jobs)
        .filter_map(|found| found.metadata_file.as_ref())
        .filter(|path| !ours.contains(*path))
        .collect();
    let others = stream::iter(unknown)
        .map(|path| async move { Ok::<_, FactsError>((path.clone(), read_metadata(client, path).await?)) })
        .buffer_unordered(WIDTH)
        .try_filter_map(|(path, metadata)| async move { Ok(metadata.map(|metadata| (path, metadata))) })
        .try_collect()
        .await?;
    Ok(Facts { pipelines, jobs, bundles, others, known: BTreeMap::new() })
}

async fn pipelines(client: &Client, wanted: &Wanted) -> Result<Vec<Found>, FactsError> {
    let all = client.list_pipelines().await?;
    let relevant = all.into_iter().filter(|pipeline| wanted.pipeline_matters(&pipeline.name));
    stream::iter(relevant.map(|summary| summary.id))
        .map(|id| async move { client.pipeline(&id).await.map_err(FactsError::from) })
        .buffered(WIDTH)
        // One that vanished between the list and the question is not in the way.
        .try_filter_map(|pipeline| async move {
            Ok(pipeline.map(|pipeline| Found {
                metadata_file: pipeline.metadata_file_path().map(with_prefix),
                definition: Digest::of_json(&pipeline.spec),
                id: pipeline.id,
                name: pipeline.name,
                owner: pipeline.creator,
            }))
        })
        .try_collect()
        .await
}

async fn jobs(client: &Client, wanted: &Wanted) -> Result<Vec<Found>, FactsError> {
    let all = client.list_jobs().await?;
    let relevant = all.into_iter().filter(|job| wanted.job_matters(job.name()));
    stream::iter(relevant.map(|summary| summary.id))
        .map(|id| async move { client.job(id).await.map_err(FactsError::from) })
        .buffered(WIDTH)
        .try_filter_map(|job| async move {
            Ok(job.map(|job| Found {
                metadata_file: job.metadata_file_path().map(with_prefix),
                id: job.id.to_string(),
                name: job.name().to_owned(),
                owner: job.creator,
                definition: Digest::of_json(&Value::Object(job.settings)),
            }))
        })
        .try_collect()
        .await
}

/// What lies where one bundle keeps its state.
pub(super) async fn bundle(client: &Client, paths: &BundlePaths) -> Result<BundleFacts, FactsError> {
    let metadata_file = paths.metadata_file();
    let read = async { tokio::try_join!(read_metadata(client, &metadata_file), read_state(client, paths)) };
    let (metadata, state) = read.await.map_err(|error| match error {
        FactsError::Workspace(error) => closed(&paths.state, error),
        error => error,
    })?;
    if metadata.is_none() && state.is_none() {
        see_that_nothing_is_there(client, paths).await?;
    }
    Ok(BundleFacts { metadata, state })
}

/// A file that is not there says something only where its folder, or the first one above that is there, may be read.
async fn see_that_nothing_is_there(client: &Client, paths: &BundlePaths) -> Result<(), FactsError> {
    let mut folder = paths.state.as_str();
    loop {
        let Some((above, _)) = folder.rsplit_once('/') else { return Ok(()) };
        // The user's own folder is there and open; nobody hides the top ones.
        if folder == paths.home || !folder.starts_with("/Workspace/") || above == "/Workspace" {
            return Ok(());
        }
        match client.file_status(folder).await {
            Ok(Some(_)) => return Ok(()),
            // Every user has one.
            Ok(None) if above == "/Workspace/Users" => {
                return Err(FactsError::Hidden { path: paths.state.clone(), hidden: folder.to_owned() });
            }
            Ok(None) => folder = above,
            Err(error) => return Err(closed(&paths.state, error)),
        }
    }
}

fn closed(path: &str, source: Error) -> FactsError {
    if source.kind() == ErrorKind::Interrupted {
        return source.into();
    }
    FactsError::Closed { path: path.to_owned(), source }
}

async fn bundles(
    client: &Client,
    paths: &BTreeMap<String, BundlePaths>,
) -> Result<BTreeMap<String, BundleFacts>, FactsError> {
    stream::iter(paths)
        .map(|(name, paths)| async move { Ok::<_, FactsError>((name.clone(), bundle(client, paths).await?)) })
        .buffer_unordered(WIDTH)
        .try_collect::<HashMap<_, _>>()
        .await
        .map(|facts| facts.into_iter().collect())
}

async fn read_metadata(client: &Client, path: &str) -> Result<Option<Metadata>, FactsError> {
    let bytes = client.export_file(path).await?;
    bytes.map(|bytes| Metadata::parse(&bytes)).transpose().map_err(unreadable(path))
}

/// The state of the bundle that lies at these paths; `None` where nothing was deployed yet.
pub(crate) async fn read_state(
    client: &Client,
    paths: &BundlePaths,
) -> Result<Option<BundleState>, FactsError> {
    let path = paths.state_file();
    let bytes = client.export_file(&path).await?;
    bytes.map(|bytes| BundleState::parse(&bytes)).transpose().map_err(unreadable(&path))
}

pub(super) fn unreadable(path: &str) -> impl FnOnce(serde_json::Error) -> FactsError {
    let path = path.to_owned();
    move |source| FactsError::Unreadable { path, source }
}

/// Workspace paths are told with and without this.
pub(super) fn with_prefix(path: &str) -> String {
    if path.starts_with("/Workspace/") { path.to_owned() } else { format!("/Workspace{path}") }
}
