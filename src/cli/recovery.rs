//! What another run left, for a command that deploys: held locks, and what no state in the workspace knows.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::failure::Failure;
use super::journal::RecoveryArguments;
use crate::deploy::{
    BundleKeys, DeployError, History, Outcome, ProjectBundle, Recognition, Site, Status, TakeOver,
    TakenLocks, TargetOutcome, judge_locks,
};
use crate::desired::Desired;
use crate::finding::Findings;
use crate::placement::Bundle;
use crate::preflight::{
    BundlePaths, Facts, KnownBundle, LocalState, left_overs, name_prefix, read_locks, takes_lock,
};
use crate::settings::{Settings, Target};
use crate::workspace::{Client, Me};

/// A target that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) context: &'a Context,
    pub(super) settings: &'a Settings,
    pub(super) recovery: &'a RecoveryArguments,
    /// What the same run had done before it was cut off.
    pub(super) history: Option<&'a History>,
    pub(super) desired: &'a Desired,
    pub(super) target: &'a Target,
    pub(super) client: &'a Client,
    pub(super) me: &'a Me,
    pub(super) paths: &'a BTreeMap<String, BundlePaths>,
}

impl Look<'_> {
    /// Adds to the facts what the CLI on this machine knows beyond the workspace, and, when recovering, finds what was left
    /// over: what can be bound counts as known too.
    pub(super) async fn known_beyond(self, facts: &mut Facts) -> Result<TakeOver, Failure> {
        for bundle in self.paths.keys() {
            let folder = self.settings.output_dir.join(bundle);
            let local = LocalState::read(&self.context.environment, &folder, &self.target.name)?;
            let there = facts.bundles.get(bundle).and_then(|facts| facts.state.as_ref());
            if let Some(local) = local.filter(|local| local.is_newer_than(there)) {
                facts.known.insert(bundle.clone(), local.ids);
            }
        }
        if !self.recovery.recover {
            return Ok(TakeOver::default());
        }
        let bundles = self.paths.iter().map(|(bundle, paths)| {
            let state = facts.bundles.get(bundle).and_then(|facts| facts.state.as_ref());
            let ids = state.iter().flat_map(|state| state.ids.values());
            let known = facts.known.get(bundle).into_iter().flat_map(BTreeMap::values);
            let ids = ids.chain(known).cloned().collect();
            (bundle.clone(), KnownBundle { metadata_file: paths.metadata_file(), ids })
        });
        let bundles = bundles.collect();
        let layout = &self.desired.layout.bundles;
        let prefixes: BTreeSet<&str> = layout
            .iter()
            .flat_map(|bundle| &bundle.pipelines)
            .map(|pipeline| pipeline.prefix.as_str())
            .collect();
        let name_prefix = name_prefix(self.target, &self.me.short_name());
        let found = left_overs(self.client, &name_prefix, &prefixes, &bundles).await?;
        let take_over = TakeOver::of(found, &keys(layout, facts));
        for left in &take_over.bound {
            let known = facts.known.entry(left.bundle.clone()).or_default();
            known.insert(left.key.clone(), left.id.clone());
        }
        Ok(take_over)
    }

    /// The bundles that are brought to an end even where nothing is left to change: whoever lost the folder cannot tell which
    /// of them were cut off.
    pub(super) fn unfinished(self) -> BTreeSet<String> {
        if self.recovery.recover { self.paths.keys().cloned().collect() } else { BTreeSet::new() }
    }

    /// The locks that are held there, judged.
    pub(super) async fn locks(self) -> Result<(TakenLocks, Findings), Failure> {
        if !takes_lock(self.target) {
            return Ok((TakenLocks::default(), Findings::new()));
        }
        let locks = read_locks(self.client, self.paths).await?;
        let progress: BTreeMap<&String, _> = locks
            .keys()
            .filter_map(|bundle| Some((bundle, self.history?.of(&self.target.name, bundle))))
            .collect();
        let left_behind = |bundle: &str| progress.get(&bundle.to_owned())?.lock_left_behind();
        Ok(judge_locks(&self.target.name, &locks, self.recovery.held_locks(), left_behind))
    }
}

/// The keys of the bundles as planned, with the ids that are known for them.
fn keys(layout: &[Bundle], facts: &Facts) -> BundleKeys {
    let keys_of = |bundle: &Bundle| {
        let state = facts.bundles.get(&bundle.name).and_then(|facts| facts.state.as_ref());
        let known = facts.known.get(&bundle.name);
        let id = |key: &String| {
            known.and_then(|known| known.get(key).cloned()).or_else(|| state?.id(key).map(str::to_owned))
        };
        let gateways = bundle.gateways.iter().map(|gateway| format!("resources.pipelines.{}", gateway.key()));
        let pipelines =
            bundle.pipelines.iter().map(|pipeline| format!("resources.pipelines.{}", pipeline.key()));
        let scheduled = bundle.pipelines.iter().filter(|pipeline| pipeline.schedule.is_some());
        let jobs = scheduled.map(|pipeline| format!("resources.jobs.{}", pipeline.job_key()));
        let keys = gateways.chain(pipelines).chain(jobs).map(|key| (key.clone(), id(&key)));
        (bundle.name.clone(), keys.collect())
    };
    layout.iter().map(keys_of).collect()
}

/// Says what was left over, and what becomes of it.
pub(super) fn tell_left_overs(context: &Context, target: &str, take_over: &TakeOver) {
    for left in &take_over.bound {
        let what = format!("{} \"{}\" (id {})", left.kind(), left.name, left.id);
        context.printer.say(&format!("  {target}  left over: {what}, bound as {}", left.short_key()));
    }
    for left in &take_over.strange {
        let what = format!("{} \"{}\" (id {})", left.kind(), left.name, left.id);
        context.printer.warn(&format!(
            "{target}: left over and not bound: {what}; bundle `{}` has no place for it: delete it once nothing needs it",
            left.bundle
        ));
    }
}

/// Bundles whose deploy was cut off are asked for in any case.
pub(super) fn doubt_unfinished(
    sites: &[Site],
    take_overs: &[TakeOver],
    projects: &[ProjectBundle],
    recognised: &mut [Vec<Recognition>],
) {
    for ((site, take_over), recognised) in sites.iter().zip(take_overs).zip(recognised) {
        let bound = take_over.bundles();
        for (project, recognition) in projects.iter().zip(recognised) {
            if site.locks.holds(&project.name) || bound.contains(&project.name) {
                recognition.doubt.get_or_insert_with(|| "a deploy of it was cut off".to_owned());
            }
        }
    }
}

/// What became of a run that could not take over what was left in this target.
pub(super) fn not_bound(sites: &[Site], target: &str, mut error: Option<DeployError>) -> Outcome {
    let targets = sites.iter().map(|site| {
        let host = site.client.host().to_string();
        let mut outcome = TargetOutcome::new(&site.target, &host, Status::Skipped);
        if site.target == target {
            // What was bound before it stays bound.
            outcome.status = Status::PartlyDeployed;
            outcome.error = error.take();
        }
        outcome
    });
    Outcome { targets: targets.collect() }
}
