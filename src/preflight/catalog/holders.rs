//! Pipelines that write where our destinations are to be, and are not ours.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::preflight::Metadata;
use crate::preflight::facts::{Facts, FactsError, Found, read_metadata, with_prefix};
use crate::workspace::{Client, ErrorKind, Pipeline};

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// What the workspace says of a pipeline that holds a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This is it.
    There(HolderPipeline),
    /// This workspace has no such pipeline.
    Gone,
    /// This identity may not look at it.
    Hidden,
}

/// A pipeline that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderPipeline {
    /// Its display name.
    pub name: String,
    /// Who made it, where that is told.
    pub owner: Option<String>,
    /// The `metadata.json` of the bundle that manages it; absent for what was made by hand.
    pub metadata_file: Option<String>,
}

impl From<Pipeline> for HolderPipeline {
    fn from(pipeline: Pipeline) -> Self {
        let metadata_file = pipeline.metadata_file_path().map(with_prefix);
        Self { name: pipeline.name, owner: pipeline.creator, metadata_file }
    }
}

impl From<&Found> for HolderPipeline {
    fn from(found: &Found) -> Self {
        Self {
            name: found.name.clone(),
            owner: found.owner.clone(),
            metadata_file: found.metadata_file.clone(),
        }
    }
}

/// Foreign pipelines by id, and the bundles that manage them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// By id.
    pub pipelines: BTreeMap<String, Holder>,
    /// By the path of their `metadata.json`.
    pub bundles: BTreeMap<String, Metadata>,
}

/// Looks each id up once; what `known` holds already is not asked again.
///
/// # Errors
/// Anything but "not there" and "you may not look".
pub async fn gather_holders(
    client: &Client,
    ids: BTreeSet<&str>,
    known: &Facts,
) -> Result<Holders, FactsError> {
    let pipelines: BTreeMap<String, Holder> = stream::iter(ids)
        .map(|id| async move {
            if let Some(found) = known.pipelines.iter().find(|found| found.id == id) {
                return Ok((id.to_owned(), Holder::There(HolderPipeline::from(found))));
            }
            let holder = match client.pipeline(id).await {
                Ok(Some(pipeline)) => Holder::There(HolderPipeline::from(pipeline)),
                Ok(None) => Holder::Gone,
                Err(error) if error.kind() == ErrorKind::Forbidden => Holder::Hidden,
                Err(error) => return Err(FactsError::from(error)),
            };
            Ok((id.to_owned(), holder))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await?;
    let paths: BTreeSet<&String> = pipelines
        .values()
        .filter_map(|holder| match holder {
            Holder::There(found) => found.metadata_file.as_ref(),
            Holder::Gone | Holder::Hidden => None,
        })
        .collect();
    let bundles = stream::iter(paths)
        .map(|path| async move {
            let metadata = match known.others.get(path) {
                Some(metadata) => Some(metadata.clone()),
                // Whose it is makes the message better; that it cannot be read does not make it worse.
                None => read_metadata(client, path).await.ok().flatten(),
            };
            (path.clone(), metadata)
        })
        .buffer_unordered(WIDTH)
        .filter_map(|(path, metadata)| async move { Some((path, metadata?)) })
        .collect()
        .await;
    Ok(Holders { pipelines, bundles })
}
