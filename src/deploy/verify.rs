//! After a deploy: every pipeline and job is read back and compared with what was meant.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::budget::Place;
use super::definition::{Additions, Kind, resolve_ids};
use super::error::DeployError;
use super::planned::PLAN;
use super::record::RecordedResource;
use super::site::{ProjectBundle, Session, Site};
use crate::digest::Digest;
use crate::event::{Ended, Event, Step};
use crate::plan::{Action, BundlePlan, Node};
use crate::preflight::{BundleState, read_state};
use crate::workspace::Client;

/// A resource that is not as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `pipelines.pipeline_sales_01_p01`.
    pub resource: String,
    /// What is different.
    pub what: String,
}

/// What was read back.
#[derive(Debug, Default)]
pub(super) struct ReadBack {
    /// What is not as it was meant.
    pub(super) differences: Vec<Difference>,
    /// The deployment's state after the deploy.
    pub(super) state: BundleState,
    /// All that is in it, as the workspace has it.
    pub(super) resources: BTreeMap<String, RecordedResource>,
}

impl Difference {
    fn of(key: &str, what: impl Into<String>) -> Self {
        Self { resource: key.trim_start_matches("resources.").to_owned(), what: what.into() }
    }
}

/// Reads everything of the plan back over REST; ids come from the deployment's state. `before` is the state that the plan was
/// applied to.
pub(super) async fn read_back(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    plan: &BundlePlan,
    before: Option<&BundleState>,
) -> Result<ReadBack, DeployError> {
    let step = Step { target: &site.target, project: Some(&project.name), name: "read back" };
    session.watch.tell(Event::StepStarted(step));
    let result = read(site, project, plan, before).await;
    let well = result.as_ref().is_ok_and(|read| read.differences.is_empty());
    session.watch.tell(Event::StepFinished(step, if well { Ended::Well } else { Ended::Badly }));
    result
}

/// How much is asked side by side; how many requests are really under way the client decides.
const WIDTH: usize = 64;

async fn read(
    site: &Site,
    project: &ProjectBundle,
    plan: &BundlePlan,
    before: Option<&BundleState>,
) -> Result<ReadBack, DeployError> {
    let Some(paths) = site.paths.get(&project.name) else { return Ok(ReadBack::default()) };
    let deployed = read_state(&site.client, paths).await?.unwrap_or_default();
    let planned = plan.nodes.iter().filter(|(_, node)| node.action != Action::Delete);
    let keys: BTreeSet<&str> =
        planned.map(|(key, _)| key.as_str()).chain(deployed.ids.keys().map(String::as_str)).collect();
    let found: Vec<(&str, Option<RecordedResource>, Option<Difference>)> = stream::iter(keys)
        .map(|key| read_one(&site.client, plan, &deployed, key))
        .buffered(WIDTH)
        .try_collect()
        .await?;
    let mut differences = left_behind(&site.client, plan, before).await?;
    let mut resources = BTreeMap::new();
    for (key, resource, difference) in found {
        resources.extend(resource.map(|resource| (key.to_owned(), resource)));
        differences.extend(difference);
    }
    differences.sort_by(|a, b| a.resource.cmp(&b.resource));
    Ok(ReadBack { differences, state: deployed, resources })
}

async fn read_one<'a>(
    client: &Client,
    plan: &BundlePlan,
    deployed: &BundleState,
    key: &'a str,
) -> Result<(&'a str, Option<RecordedResource>, Option<Difference>), DeployError> {
    let Some(id) = deployed.id(key) else {
        return Ok((key, None, Some(Difference::of(key, "it is not in the deployment's state"))));
    };
    let recorded = |definition| Some(RecordedResource { id: id.to_owned(), definition });
    let node = plan.nodes.get(key);
    if node.is_some_and(|node| node.action == Action::Delete) {
        return Ok((key, recorded(None), Some(Difference::of(key, "it is still in the deployment's state"))));
    }
    let Some(kind) = Kind::of(key) else { return Ok((key, recorded(None), None)) };
    let Some(there) = kind.read(client, id).await? else {
        let what = format!("there is none of the id {id}");
        return Ok((key, recorded(None), Some(Difference::of(key, what))));
    };
    let difference = match node.and_then(|node| node.new_state.as_ref()) {
        // The state is behind, and the workspace is already as configured: the CLI has compared the two itself.
        None if node.is_some_and(Node::is_ahead_of_state) => None,
        // What stays as it is was found to be as configured, and that is what was sent when it was deployed.
        None => {
            deployed.definition(key).and_then(|meant| kind.difference(&meant, &there, Additions::Service))
        }
        Some(new) => {
            let mut meant = new.meant();
            resolve_ids(&mut meant, &|key| deployed.id(key));
            kind.difference(&meant, &there, Additions::Service)
        }
    };
    Ok((key, recorded(Some(Digest::of_json(&there))), difference.map(|what| Difference::of(key, what))))
}

/// What was to be deleted and is still there: the CLI forgets what it may not delete.
async fn left_behind(
    client: &Client,
    plan: &BundlePlan,
    before: Option<&BundleState>,
) -> Result<Vec<Difference>, DeployError> {
    let deleted = plan
        .resources()
        .filter(|(_, node)| node.action == Action::Recreate || (node.action == Action::Delete && !node.gone));
    let deleted = deleted.filter_map(|(key, _)| Some((key, Kind::of(key)?, before?.id(key)?)));
    stream::iter(deleted)
        .map(|(key, kind, id)| async move {
            let is_there = kind.is_there(client, id).await?;
            Ok(is_there.then(|| {
                Difference::of(key, format!("the one of the id {id} was to be deleted, and is still there"))
            }))
        })
        .buffered(WIDTH)
        .try_filter_map(|difference| async move { Ok(difference) })
        .try_collect()
        .await
}

/// Plans once more: what the CLI would still change. The place is the one of the deploy.
pub(super) async fn plan_again(
    session: &Session<'_>,
    site: &Site,
    project: &ProjectBundle,
    place: &Place<'_>,
) -> Result<Vec<Difference>, DeployError> {
    let document = session.bundle_in(place, site, project, PLAN, false).await?.stdout;
    let plan = BundlePlan::parse(&document)?;
    let changed = plan.nodes.iter().filter(|(_, node)| node.action != Action::Skip);
    Ok(changed
        .map(|(key, node)| {
            let fields: Vec<&str> = node.causes().map(|(path, _)| path).collect();
            let because =
                if fields.is_empty() { String::new() } else { format!(" because of {}", fields.join(", ")) };
            Difference::of(key, format!("the next deploy would {} it again{because}", node.action.as_str()))
        })
        .collect())
}
