//! The bundles of a project that lie in a workspace: a large project has several.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::facts::{BundleFacts, FactsError};
use super::gather::bundle;
use super::paths::{BundlePaths, PathError};
use super::seen::Seen;
use crate::placement::{bundle_name, bundle_number};
use crate::workspace::Client;

/// What lies in one target where the bundles of the projects keep their state, by bundle.
pub type BundlesFound = BTreeMap<String, (BundlePaths, BundleFacts)>;

/// What could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum BundlesError {
    /// Where a bundle lies cannot be told.
    #[error(transparent)]
    Path(#[from] PathError),
    /// What lies there cannot be read.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// What lies there may not be read, and has to be: nobody else knows where every table lies.
    #[error("{path} may not be read: {words}")]
    Refused {
        /// The state.
        path: String,
        /// What the workspace says.
        words: String,
    },
}

/// How many projects are asked for at a time; how many requests are really under way the client decides.
const WIDTH: usize = 64;

/// Reads what lies where the bundles of these projects keep their state: all up to the last that is `known`, and whatever is
/// deployed as the next ones, of which a lock that is behind, or was made anew, knows nothing.
///
/// # Errors
/// Anything but "not there"; a refusal only for a project of which everything `must_be_known`.
pub async fn read_bundles(
    client: &Client,
    projects: &BTreeSet<&str>,
    known: &BTreeSet<&str>,
    must_be_known: impl Fn(&str) -> bool,
    paths_of: impl Fn(&str) -> Result<BundlePaths, PathError>,
) -> Result<BundlesFound, BundlesError> {
    let (paths_of, must_be_known) = (&paths_of, &must_be_known);
    let of_projects = stream::iter(projects)
        .map(|project| async move {
            let numbers = known.iter().filter_map(|bundle| bundle_number(project, bundle));
            let last = numbers.max().unwrap_or(1);
            let must_be_known = must_be_known(project);
            let mut found = BundlesFound::new();
            for number in 1.. {
                let name = bundle_name(project, number);
                let paths = paths_of(&name)?;
                // Under one root for all bundles, nothing more is to be found than what lies there.
                if found.values().any(|(other, _): &(BundlePaths, BundleFacts)| other.state == paths.state) {
                    break;
                }
                let facts = bundle(client, &paths).await?;
                if let (true, Some(words)) = (must_be_known, facts.state.refused()) {
                    return Err(BundlesError::Refused { path: paths.state_file(), words: words.to_owned() });
                }
                let nothing =
                    matches!((&facts.metadata, &facts.state), (Seen::Known(None), Seen::Known(None)));
                if must_be_known && nothing {
                    see_that_nothing_is_there(client, &paths).await?;
                }
                let metadata = facts.metadata.known().and_then(Option::as_ref);
                let is_its_own = metadata.is_none_or(|metadata| metadata.bundle == name);
                if number > last && (facts.deployed().is_none() || !is_its_own) {
                    break;
                }
                found.insert(name, (paths, facts));
            }
            Ok::<_, BundlesError>(found)
        })
        .buffer_unordered(WIDTH);
    of_projects
        .try_fold(BundlesFound::new(), |mut all, found| async move {
            all.extend(found);
            Ok(all)
        })
        .await
}

/// A file that is not there says something only where its folder, or the first one above that is there, may be read.
async fn see_that_nothing_is_there(client: &Client, paths: &BundlePaths) -> Result<(), BundlesError> {
    let refused = |words: String| BundlesError::Refused { path: paths.state_file(), words };
    let mut folder = paths.state.as_str();
    loop {
        let Some((above, _)) = folder.rsplit_once('/') else { return Ok(()) };
        // The user's own folder is there and open, and nobody hides the top ones.
        if folder == paths.home || !folder.starts_with("/Workspace/") || above == "/Workspace" {
            return Ok(());
        }
        let status = async { Ok(client.file_status(folder).await?) }.await;
        match Seen::of(status)? {
            Seen::Known(None) if above == "/Workspace/Users" => {
                // Every user has one, so this one is not shown.
                return Err(refused(format!("{folder} is not there, or not shown to this identity")));
            }
            Seen::Known(None) => folder = above,
            Seen::Refused(words) => return Err(refused(words)),
            Seen::Known(Some(_)) | Seen::Unasked => return Ok(()),
        }
    }
}
