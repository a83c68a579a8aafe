//! Telling without the CLI that there is nothing to do: a project that is as its last deploy left it. Any doubt is left to the
//! CLI.

use std::collections::HashMap;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::definition::{Additions, Kind};
use super::error::DeployError;
use super::record::{Record, Recorded, RecordedResource};
use super::site::{ProjectBundle, Site};
use crate::digest::Digest;
use crate::environment::Environment;
use crate::files;
use crate::preflight::{BundleState, local_folder};

/// What is known of a project before any CLI command.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    /// What the last deploy left beside the CLI's state.
    pub recorded: Recorded,
    /// Why the CLI has to be asked; `None` where the project is as that deploy left it.
    pub doubt: Option<String>,
    /// How many resources were found as they were left.
    pub unchanged: usize,
}

/// Looks at every project of every target, in their order. With `full` the CLI is asked in any case.
///
/// # Errors
/// What cannot be read is not taken for unchanged, nor for never deployed.
pub async fn recognise_all(
    environment: &Environment,
    sites: &[Site],
    full: bool,
) -> Result<Vec<Vec<Recognition>>, DeployError> {
    stream::iter(sites)
        .map(|site| async move {
            let definitions = site.definitions();
            stream::iter(&site.projects)
                .map(|project| recognise(environment, site, &definitions, project, full))
                .buffered(WIDTH)
                .try_collect()
                .await
        })
        .buffered(WIDTH)
        .try_collect()
        .await
}

/// How much is asked side by side; how many requests are really under way the client decides.
const WIDTH: usize = 64;

async fn recognise(
    environment: &Environment,
    site: &Site,
    definitions: &HashMap<&str, Digest>,
    project: &ProjectBundle,
    full: bool,
) -> Result<Recognition, DeployError> {
    let Some(paths) = site.paths.get(&project.name) else {
        return Ok(Recognition {
            doubt: Some("where it lies is not known".to_owned()),
            ..Recognition::default()
        });
    };
    let recorded = Record::read(&site.client, paths).await?;
    let found =
        |doubt: Option<String>, unchanged| Recognition { recorded: recorded.clone(), doubt, unchanged };
    if full {
        return Ok(found(Some("it is asked for".to_owned()), 0));
    }
    let record = match &recorded {
        Recorded::Record(record) => record,
        Recorded::Nothing => return Ok(found(Some("no deploy of tapworks is on record".to_owned()), 0)),
        Recorded::Unreadable(why) => {
            return Ok(found(Some(format!("the record of the last deploy cannot be read: {why}")), 0));
        }
    };
    if site.is_unpushed(&project.name) {
        let doubt = "the state of the last deploy lies on this machine alone, it never came to the workspace";
        return Ok(found(Some(doubt.to_owned()), 0));
    }
    let Some(state) = site.state(&project.name) else {
        return Ok(found(Some("nothing is deployed".to_owned()), 0));
    };
    if let Some(doubt) = another(record, project, state, &site.me.user_name) {
        return Ok(found(Some(doubt), 0));
    }
    if let Some(doubt) = local(environment, site, project, state)? {
        return Ok(found(Some(doubt), 0));
    }
    let mut changed = changed_resources(site, definitions, record).await?;
    if !changed.is_empty() {
        changed = edited(state, changed);
    }
    let doubt = changed.first().map(|changed| format!("{}: {}", changed.key, changed.what));
    Ok(found(doubt, state.ids.len()))
}

/// What differs between the record and what is to be deployed, without asking anybody.
fn another(record: &Record, project: &ProjectBundle, state: &BundleState, identity: &str) -> Option<String> {
    if record.package != project.package {
        return Some("the bundle is not the one that was deployed last".to_owned());
    }
    if (record.lineage.as_str(), record.serial) != (state.lineage.as_str(), state.serial) {
        return Some(format!(
            "the deployment's state is at serial {}, the last deploy on record left {}",
            state.serial, record.serial
        ));
    }
    // Whose name a bundle takes as owner, and what it can see, depends on who asks.
    if record.identity != identity {
        return Some(format!("{} deployed it last", record.identity));
    }
    let same = record.resources.len() == state.ids.len()
        && record.resources.iter().all(|(key, resource)| state.id(key) == Some(resource.id.as_str()));
    (!same).then(|| "the deployment's state names other resources than the last deploy on record".to_owned())
}

/// What the CLI keeps in the bundle's folder and would look at.
fn local(
    environment: &Environment,
    site: &Site,
    project: &ProjectBundle,
    state: &BundleState,
) -> Result<Option<String>, DeployError> {
    let folder = local_folder(environment, &project.folder, &site.target);
    for name in ["resources.json.wal", "variable-overrides.json"] {
        if files::entry(&folder.join(name))?.is_some() {
            return Ok(Some(format!("there is a {name} in {}", folder.display())));
        }
    }
    Ok(newer_state(&folder, state)?.then(|| format!("{} holds another state", folder.display())))
}

/// Whether the state in this folder is not the one of the workspace, nor one before it.
fn newer_state(folder: &Path, state: &BundleState) -> Result<bool, DeployError> {
    let Some(bytes) = files::read_if_present(&folder.join("resources.json"))? else { return Ok(false) };
    Ok(BundleState::parse(&bytes)
        .map_or(true, |local| local.lineage != state.lineage || local.serial > state.serial))
}

/// A resource that is not byte for byte as it was left.
struct Changed<'a> {
    key: &'a str,
    what: String,
    /// What is there; `None` where nothing is.
    there: Option<(Kind, Value)>,
}

/// Those whose definition is another than on record.
async fn changed_resources<'a>(
    site: &Site,
    definitions: &HashMap<&str, Digest>,
    record: &'a Record,
) -> Result<Vec<Changed<'a>>, DeployError> {
    let unlike = record.resources.iter().filter(|(_, resource)| {
        resource.definition.is_none() || definitions.get(resource.id.as_str()) != resource.definition.as_ref()
    });
    stream::iter(unlike)
        .map(|(key, resource)| changed(site, key, resource))
        .buffered(WIDTH)
        .try_filter_map(|changed| async move { Ok(changed) })
        .try_collect()
        .await
}

async fn changed<'a>(
    site: &Site,
    key: &'a str,
    resource: &'a RecordedResource,
) -> Result<Option<Changed<'a>>, DeployError> {
    let id = resource.id.as_str();
    let changed = |what: &str, there| Some(Changed { key, what: what.to_owned(), there });
    let Some(kind) = Kind::of(key) else {
        return Ok(changed("tapworks does not read such resources", None));
    };
    Ok(match kind.read(&site.client, id).await? {
        None => changed("it is gone", None),
        Some(there) if Some(Digest::of_json(&there)) == resource.definition => None,
        Some(there) => changed("it was changed", Some((kind, there))),
    })
}

/// Those that the CLI would change back: what differs is not only what the service fills in by itself, in its own time.
fn edited<'a>(state: &BundleState, mut changed: Vec<Changed<'a>>) -> Vec<Changed<'a>> {
    if changed.iter().any(|changed| changed.there.is_none()) {
        changed.retain(|changed| changed.there.is_none());
        return changed;
    }
    let edited = changed.into_iter().filter_map(|mut changed| {
        let (kind, there) = changed.there.as_ref()?;
        changed.what = match state.definition(changed.key) {
            Some(meant) => kind.difference(&meant, there, Additions::Foreign)?,
            None => "what was sent when it was deployed is not in the deployment's state".to_owned(),
        };
        Some(changed)
    });
    edited.collect()
}
