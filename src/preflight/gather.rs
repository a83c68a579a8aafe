//! Asking the workspace: only reads, each once, lists whole, and no more than the rules of the run need.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::definition::Definition;
use super::facts::{BundleFacts, Facts, FactsError, Found, LivePipeline, Manager};
use super::metadata::Metadata;
use super::paths::BundlePaths;
use super::principals::Principal;
use super::seen::Seen;
use super::selection::Selection;
use super::state::BundleState;
use super::wanted::Wanted;
use crate::workspace::{Client, JobSummary, PipelineSummary};

/// What to ask about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) wanted: &'a Wanted,
    /// Of every bundle that is planned or that the rows no longer name.
    pub(super) paths: &'a BTreeMap<String, BundlePaths>,
    /// What was found there already.
    pub(super) known: &'a BTreeMap<String, BundleFacts>,
    pub(super) principals: &'a [Principal],
    pub(super) selection: &'a Selection,
}

/// Rules that need the list of pipelines.
pub(super) const OF_PIPELINES: &[&str] = &["TW301", "TW303", "TW304", "TW305", "TW310"];
/// Rules that need the list of jobs.
pub(super) const OF_JOBS: &[&str] = &["TW302", "TW304", "TW305"];
/// Rules that need the pipelines of the states one by one.
pub(super) const OF_OWN: &[&str] = &["TW308", "TW309"];
/// Rules that need the states.
pub(super) const OF_STATES: &[&str] = &[
    "TW301", "TW302", "TW304", "TW305", "TW306", "TW308", "TW309", "TW311", "TW320", "TW322", "TW323",
    "TW351",
];

/// How many requests of one kind are prepared at a time; how many are really under way the client decides.
const WIDTH: usize = 64;

/// Asks the workspace.
///
/// # Errors
/// Anything but "not there" and "not for you": what cannot be read is not taken for absent.
pub(super) async fn gather(client: &Client, subject: Subject<'_>) -> Result<Facts, FactsError> {
    let selection = subject.selection;
    let (pipelines, jobs, bundles, principals) = tokio::try_join!(
        listed(selection.wants_any(OF_PIPELINES), async { Ok(client.list_pipelines().await?) }),
        listed(selection.wants_any(OF_JOBS), async { Ok(client.list_jobs().await?) }),
        bundles(client, subject),
        principals(client, subject),
    )?;
    let own: Own = Own::of(&bundles);
    let (pipelines, own_pipelines) = look_at_pipelines(client, subject, pipelines, &own).await?;
    let (jobs, own_jobs) = look_at_jobs(client, subject, jobs, &own).await?;
    let mut facts =
        Facts { pipelines, jobs, bundles, own_pipelines, own_jobs, principals, ..Facts::default() };
    facts.others = others(client, subject, &facts).await?;
    return Ok(facts);

    async fn listed<T>(
        asked: bool,
        list: impl Future<Output = Result<Vec<T>, FactsError>>,
    ) -> Result<Seen<Vec<T>>, FactsError> {
        if asked { Seen::of(list.await) } else { Ok(Seen::Unasked) }
    }
}

/// The ids in the states.
struct Own {
    pipelines: BTreeSet<String>,
    jobs: BTreeSet<String>,
}

impl Own {
    fn of(bundles: &BTreeMap<String, BundleFacts>) -> Self {
        let states = || bundles.values().filter_map(|bundle| bundle.state.known()?.as_ref());
        let ids = |start: &'static str| {
            let of_kind = move |key: &str| key.strip_prefix(start).is_some_and(|name| !name.contains('.'));
            let entries = states().flat_map(|state| &state.ids).filter(move |(key, _)| of_kind(key));
            entries.map(|(_, id)| id.clone()).filter(|id| !id.is_empty()).collect()
        };
        Self { pipelines: ids("resources.pipelines."), jobs: ids("resources.jobs.") }
    }
}

type OwnPipelines = BTreeMap<String, Seen<Option<LivePipeline>>>;

/// Looks at those whose name matters, and at those in the states.
async fn look_at_pipelines(
    client: &Client,
    subject: Subject<'_>,
    listed: Seen<Vec<PipelineSummary>>,
    own: &Own,
) -> Result<(Seen<Vec<Found>>, OwnPipelines), FactsError> {
    let own_wanted = subject.selection.wants_any(OF_OWN);
    let mut matter = BTreeMap::new();
    let listed = listed.map(|all| {
        let relevant = all.into_iter().filter(|pipeline| subject.wanted.pipeline_matters(&pipeline.name));
        matter.extend(relevant.map(|pipeline| (pipeline.id.clone(), pipeline)));
    });
    let mut ids: BTreeSet<&String> = matter.keys().filter(|id| !own.pipelines.contains(*id)).collect();
    if own_wanted {
        ids.extend(&own.pipelines);
    }
    let mut looked: OwnPipelines = stream::iter(ids)
        .map(|id| async move {
            let pipeline = async { Ok(client.pipeline(id).await?) }.await;
            let seen = Seen::of(pipeline)?.map(|pipeline| {
                pipeline.map(|pipeline| LivePipeline {
                    found: Found::of_pipeline(&pipeline),
                    definition: Definition::read(&pipeline.spec),
                })
            });
            Ok::<_, FactsError>((id.clone(), seen))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await?;
    let mut found = Vec::new();
    for (id, summary) in matter {
        match looked.get(&id) {
            Some(Seen::Known(Some(pipeline))) => found.push(pipeline.found.clone()),
            // One that vanished between the list and the question is not in the way.
            Some(Seen::Known(None)) => {}
            _ => found.push(Found {
                id,
                name: summary.name,
                owner: summary.creator,
                manager: Manager::Unknown,
                last: None,
                definition: None,
            }),
        }
    }
    found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let found = listed.map(|()| found);
    looked.retain(|id, _| own.pipelines.contains(id));
    Ok((found, looked))
}

/// Looks at those whose name matters, and for those in the states that the list lacks.
async fn look_at_jobs(
    client: &Client,
    subject: Subject<'_>,
    listed: Seen<Vec<JobSummary>>,
    own: &Own,
) -> Result<(Seen<Vec<Found>>, BTreeMap<String, Seen<bool>>), FactsError> {
    let mut there: BTreeMap<String, Seen<bool>> = BTreeMap::new();
    let found = match listed {
        Seen::Known(all) => {
            let present: BTreeSet<String> = all.iter().map(|job| job.id.to_string()).collect();
            there.extend(own.jobs.intersection(&present).map(|id| (id.clone(), Seen::Known(true))));
            let matters = |job: &JobSummary| subject.wanted.job_matters(job.name());
            let found = stream::iter(all.into_iter().filter(matters))
                .map(|summary| async move {
                    let job = async { Ok(client.job(summary.id).await?) }.await;
                    Ok::<_, FactsError>(match Seen::of(job)? {
                        Seen::Known(job) => job.map(|job| Found::of_job(&job, &summary)),
                        _ => Some(Found::listed(&summary)),
                    })
                })
                .buffered(WIDTH)
                .try_filter_map(|found| async move { Ok(found) })
                .try_collect()
                .await?;
            Seen::Known(found)
        }
        Seen::Refused(words) => Seen::Refused(words),
        Seen::Unasked => Seen::Unasked,
    };
    if subject.selection.wants("TW308") {
        let missing: Vec<&String> = own.jobs.iter().filter(|id| !there.contains_key(*id)).collect();
        let asked: Vec<(String, Seen<bool>)> = stream::iter(missing)
            .map(|id| async move {
                let number = id.parse().unwrap_or_default();
                let job = async { Ok(client.job(number).await?.is_some()) }.await;
                Ok::<_, FactsError>((id.clone(), Seen::of(job)?))
            })
            .buffer_unordered(WIDTH)
            .try_collect()
            .await?;
        there.extend(asked);
    }
    Ok((found, there))
}

async fn bundles(client: &Client, subject: Subject<'_>) -> Result<BTreeMap<String, BundleFacts>, FactsError> {
    if !subject.selection.wants_any(OF_STATES) {
        return Ok(BTreeMap::new());
    }
    stream::iter(subject.paths)
        .map(|(name, paths)| async move {
            let mut facts = match subject.known.get(name) {
                Some(known) => known.clone(),
                None => bundle(client, paths).await?,
            };
            if facts.state == Seen::Known(None) && subject.selection.wants("TW351") {
                let status = async { Ok(client.file_status(&paths.terraform_file()).await?.is_some()) }.await;
                facts.terraform = Seen::of(status)?;
            }
            Ok::<_, FactsError>((name.clone(), facts))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await
}

/// What lies where one bundle keeps its state.
pub(super) async fn bundle(client: &Client, paths: &BundlePaths) -> Result<BundleFacts, FactsError> {
    let metadata_file = paths.metadata_file();
    let (metadata, state) = tokio::join!(read_metadata(client, &metadata_file), read_state(client, paths));
    Ok(BundleFacts { metadata: Seen::of(metadata)?, state: Seen::of(state)?, ..BundleFacts::default() })
}

/// What lies at the places that strangers with our names or prefixes point at.
async fn others(
    client: &Client,
    subject: Subject<'_>,
    facts: &Facts,
) -> Result<BTreeMap<String, Seen<Option<Metadata>>>, FactsError> {
    let ours: BTreeSet<String> = subject.paths.values().map(BundlePaths::metadata_file).collect();
    let found = facts.pipelines.known().into_iter().chain(facts.jobs.known()).flatten();
    let unknown: BTreeSet<&String> = found
        .filter_map(|found| match &found.manager {
            Manager::Bundle(path) => Some(path),
            _ => None,
        })
        .filter(|path| !ours.contains(*path))
        .collect();
    stream::iter(unknown)
        .map(|path| async move {
            Ok::<_, FactsError>((path.clone(), Seen::of(read_metadata(client, path).await)?))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await
}

async fn principals(
    client: &Client,
    subject: Subject<'_>,
) -> Result<BTreeMap<Principal, Seen<bool>>, FactsError> {
    if !subject.selection.wants("TW353") {
        return Ok(BTreeMap::new());
    }
    let named = subject.principals.iter().filter(|principal| !principal.is_reference());
    stream::iter(named)
        .map(|principal| async move {
            let there = async { Ok(client.principal_exists(principal.kind, &principal.name).await?) }.await;
            Ok::<_, FactsError>((principal.clone(), Seen::of(there)?))
        })
        .buffer_unordered(WIDTH)
        .try_collect()
        .await
}

pub(super) async fn read_metadata(client: &Client, path: &str) -> Result<Option<Metadata>, FactsError> {
    let bytes = export(client, path).await?;
    bytes.map(|bytes| Metadata::parse(&bytes)).transpose().map_err(unreadable(path))
}

/// The state of the bundle that lies at these paths; `None` where nothing was deployed yet.
pub(crate) async fn read_state(
    client: &Client,
    paths: &BundlePaths,
) -> Result<Option<BundleState>, FactsError> {
    let path = paths.state_file();
    let bytes = export(client, &path).await?;
    bytes.map(|bytes| BundleState::parse(&bytes)).transpose().map_err(unreadable(&path))
}

async fn export(client: &Client, path: &str) -> Result<Option<Vec<u8>>, FactsError> {
    Ok(client.export_file(path).await?)
}

pub(super) fn unreadable(path: &str) -> impl FnOnce(serde_json::Error) -> FactsError {
    let path = path.to_owned();
    move |source| FactsError::Unreadable { path, source }
}
