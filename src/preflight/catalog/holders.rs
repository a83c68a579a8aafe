//! Pipelines that write where our destinations are to be, and are not ours.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::preflight::facts::{Facts, FactsError, Found, Manager};
use crate::preflight::gather::read_metadata;
use crate::preflight::{Metadata, Seen};
use crate::workspace::{Client, ErrorKind};

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// What the workspace says of a pipeline that holds a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// This is it.
    There(Found),
    /// This workspace has no such pipeline.
    Gone,
    /// This identity may not look at it.
    Hidden,
}

/// Foreign pipelines by id, and the bundles that manage them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// By id.
    pub pipelines: BTreeMap<String, Holder>,
    /// What lies at the places that they point at.
    pub others: BTreeMap<String, Seen<Option<Metadata>>>,
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
            if let Some(found) = known.pipelines.known().into_iter().flatten().find(|found| found.id == id) {
                return Ok((id.to_owned(), Holder::There(found.clone())));
            }
            let holder = match client.pipeline(id).await {
                Ok(Some(pipeline)) => Holder::There(Found::of_pipeline(&pipeline)),
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
            Holder::There(Found { manager: Manager::Bundle(path), .. }) => Some(path),
            _ => None,
        })
        .collect();
    let others = stream::iter(paths)
        .map(|path| async move {
            let metadata = match known.others.get(path) {
                Some(seen) => seen.clone(),
                None => Seen::of(read_metadata(client, path).await)?,
            };
            Ok::<_, FactsError>((path.clone(), metadata))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await?;
    Ok(Holders { pipelines, others })
}
