//! What another run left, for a command that deploys: held locks, and what no state in the workspace knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Context;
use super::failure::Failure;
use super::journal::RecoveryArguments;
use crate::deploy::{
    BundleKeys, DeployError, History, Outcome, Recognition, Site, Status, TakeOver, TakenLocks,
    TargetOutcome, judge_locks,
};
use crate::desired::Asked;
use crate::finding::Findings;
use crate::placement::{Bundle, Layout};
use crate::preflight::{
    BundlePaths, BundlesFound, Facts, KnownBundle, LeftOver, LocalState, left_overs, name_prefix, read_locks,
    takes_lock,
};
use crate::settings::Target;
use crate::workspace::{Client, Me};

/// What a run is to do about what others left; nothing for a command that only looks.
#[derive(Clone, Copy, Default)]
pub(super) struct Recovery<'a> {
    pub(super) arguments: Option<&'a RecoveryArguments>,
    /// What the same run had done before it was cut off.
    pub(super) history: Option<&'a History>,
}

impl Recovery<'_> {
    fn recovers(self) -> bool {
        self.arguments.is_some_and(|arguments| arguments.recover)
    }

    /// The bundles that are brought to an end even where nothing is left to change: whoever lost the folder cannot tell which
    /// of them were cut off.
    pub(super) fn unfinished(self, paths: &BTreeMap<String, BundlePaths>) -> BTreeSet<String> {
        if self.recovers() { paths.keys().cloned().collect() } else { BTreeSet::new() }
    }

    /// What was left over in a target, where that is to be taken over. It is looked for before any table is placed, for it
    /// remembers places too.
    pub(super) async fn left_over(
        self,
        (client, me): (&Client, &Me),
        (target, asked): (&Target, &Asked),
        found: &BundlesFound,
    ) -> Result<Vec<LeftOver>, Failure> {
        if !self.recovers() {
            return Ok(Vec::new());
        }
        let bundles = found.iter().map(|(bundle, (paths, facts))| {
            let ids = facts.deployed().map(|state| state.ids.clone()).unwrap_or_default();
            (bundle.clone(), KnownBundle { metadata_file: paths.metadata_file(), ids })
        });
        let prefixes: BTreeSet<&str> = asked.groups.iter().map(|group| group.prefix.as_str()).collect();
        let name_prefix = name_prefix(target, &me.short_name());
        Ok(left_overs(client, &name_prefix, &prefixes, &bundles.collect()).await?)
    }
}

/// A target that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) context: &'a Context,
    pub(super) recovery: Recovery<'a>,
    pub(super) target: &'a Target,
    pub(super) paths: &'a BTreeMap<String, BundlePaths>,
}

impl Look<'_> {
    /// Adds to the facts what the CLI on this machine knows beyond the workspace.
    pub(super) fn know_local(self, output_dir: &Path, facts: &mut Facts) -> Result<(), Failure> {
        for bundle in self.paths.keys() {
            let folder = output_dir.join(bundle);
            let local = LocalState::read(&self.context.environment, &folder, &self.target.name)?;
            facts.know_local(bundle, local);
        }
        Ok(())
    }

    /// Sorts what was left over by whether it can be bound, and adds what can to the facts: it counts as known.
    pub(super) fn take_over(self, left_over: Vec<LeftOver>, layout: &Layout, facts: &mut Facts) -> TakeOver {
        let is_known = |left: &LeftOver| {
            facts.known.get(&left.bundle).is_some_and(|known| known.get(&left.key) == Some(&left.id))
        };
        let left_over = left_over.into_iter().filter(|left| !is_known(left)).collect();
        let take_over = TakeOver::of(left_over, &keys(&layout.bundles, facts));
        for left in &take_over.bound {
            let known = facts.known.entry(left.bundle.clone()).or_default();
            known.insert(left.key.clone(), left.id.clone());
        }
        take_over
    }

    /// The locks that are held there on what is to be deployed, judged; nothing of a command that only looks, which takes none. A
    /// bundle that memory alone knows is left as it is, whoever holds it.
    pub(super) async fn locks(
        self,
        client: &Client,
        layout: &Layout,
    ) -> Result<(TakenLocks, Findings), Failure> {
        let Some(arguments) = self.recovery.arguments.filter(|_| takes_lock(self.target)) else {
            return Ok((TakenLocks::default(), Findings::new()));
        };
        let of_bundle = |bundle: &Bundle| Some((bundle.name.clone(), self.paths.get(&bundle.name)?.clone()));
        let locks = read_locks(client, &layout.bundles.iter().filter_map(of_bundle).collect()).await?;
        let left_behind = |bundle: &str| {
            let progress = self.recovery.history?.of(&self.target.name, bundle);
            progress.lock_left_behind().map(str::to_owned)
        };
        Ok(judge_locks(&self.target.name, &locks, arguments.held_locks(), left_behind))
    }
}

/// The keys of the bundles as planned, with the ids that are known for them.
fn keys(layout: &[Bundle], facts: &Facts) -> BundleKeys {
    let keys_of = |bundle: &Bundle| {
        let state = facts.in_workspace(&bundle.name);
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
pub(super) fn doubt_unfinished(sites: &[Site], take_overs: &[TakeOver], recognised: &mut [Vec<Recognition>]) {
    for ((site, take_over), recognised) in sites.iter().zip(take_overs).zip(recognised) {
        let bound = take_over.bundles();
        for (project, recognition) in site.projects.iter().zip(recognised) {
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
