//! What `check`, `plan` and `deploy` start from: the targets' workspaces reached, what is deployed there remembered, every
//! table placed, and the workspace held against that.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _};

use super::Context;
use super::failure::Failure;
use super::recovery::{Look, Recovery};
use super::source::Read;
use super::workspaces::{self, Requests, connect};
use crate::base::{Base, bases};
use crate::bundle::vanished;
use crate::deploy::{TakeOver, TakenLocks};
use crate::desired::{Asked, Desired, Remembered, Targets, desired};
use crate::event::{Ended, Event, Step, Watch as _};
use crate::finding::{Finding, Findings, Place};
use crate::interrupt::Interrupt;
use crate::lock_file::{LockFile, LockRead};
use crate::placement::{Deployed, Lock};
use crate::preflight::{
    BundleFacts, BundlePaths, BundlesError, BundlesFound, Facts, LeftOver, Wanted, deployed, gather, judge,
    name_prefix, read_bundles, remember,
};
use crate::report::Progress;
use crate::settings::{Settings, Target};
use crate::text::plural;
use crate::workspace::{Access, Client, Me};

/// How many targets are looked at side by side; how many requests are really under way the run's limit decides.
const TARGETS_AT_A_TIME: usize = 64;

/// What the steps work with.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) context: &'a Context,
    pub(super) settings: &'a Settings,
    pub(super) read: &'a Read,
    pub(super) asked: &'a Asked,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
    /// What another run may have left there.
    pub(super) recovery: Recovery<'a>,
}

/// A target and how to reach it.
pub(super) struct Destination {
    pub(super) target: Target,
    pub(super) access: Access,
}

/// A base and its lock as it was found.
pub(super) struct LockedBase<'a> {
    pub(super) base: Base<'a>,
    pub(super) lock: LockFile,
}

/// A base with every table placed.
pub(super) struct PlacedBase<'a> {
    pub(super) base: Base<'a>,
    pub(super) lock: LockFile,
    pub(super) desired: Desired,
}

/// A target whose workspace answered.
pub(super) struct Contact {
    pub(super) target: Target,
    pub(super) client: Client,
    pub(super) me: Me,
    /// What is deployed there already.
    found: BundlesFound,
    /// What was left over there, where that is taken over.
    left_over: Vec<LeftOver>,
}

/// A target that was looked at.
pub(super) struct Reached {
    pub(super) target: Target,
    pub(super) client: Client,
    pub(super) me: Me,
    /// Which of the bases it belongs to.
    pub(super) base: usize,
    /// Of every bundle of the layout.
    pub(super) paths: BTreeMap<String, BundlePaths>,
    pub(super) facts: Facts,
    /// Locks that are taken from their holders.
    pub(super) locks: TakenLocks,
    /// Bundles that are brought to an end even where nothing is left to change.
    pub(super) unfinished: BTreeSet<String>,
    /// What was left over and is bound.
    pub(super) take_over: TakeOver,
}

/// Everything that `check`, `plan` and `deploy` go on from.
pub(super) struct Prepared<'a> {
    pub(super) bases: Vec<PlacedBase<'a>>,
    /// In the order in which they were named.
    pub(super) reached: Vec<Reached>,
}

/// Why it did not get that far.
pub(super) struct Unprepared {
    /// The targets whose workspace is the reason.
    pub(super) targets: Vec<String>,
    pub(super) failure: Failure,
}

impl From<Failure> for Unprepared {
    fn from(failure: Failure) -> Self {
        Self { targets: Vec::new(), failure }
    }
}

/// The locks of the bases that these targets belong to. Nothing is asked of any workspace.
pub(super) fn locked_bases<'a>(
    context: &Context,
    settings: &Settings,
    everywhere: &[&'a Target],
    named: &[Target],
    findings: &mut Findings,
) -> Result<Vec<LockedBase<'a>>, Failure> {
    let (bases, said) = bases(settings, everywhere);
    findings.extend(said);
    let mut locked = Vec::new();
    for base in bases {
        let is_needed = base.targets.iter().any(|target| named.iter().any(|named| named.name == target.name));
        if !is_needed {
            continue;
        }
        match LockFile::read(&base.lock, context.environment.directory())? {
            LockRead::Lock(lock) => locked.push(LockedBase { base, lock }),
            LockRead::Damaged(said) => findings.extend(said),
        }
    }
    Ok(locked)
}

/// Reaches the workspaces of the named targets, and of others where the lock does not know every table; places all tables;
/// and holds the workspaces against that. Nothing is written. What is to be said goes to `findings`; an error among them
/// ends it.
pub(super) async fn prepare<'a>(
    given: Given<'_>,
    bases: Vec<LockedBase<'a>>,
    named: Vec<Destination>,
    profile: Option<&str>,
    findings: &mut Findings,
) -> Result<Prepared<'a>, Unprepared> {
    let others = others(given, &bases, &named, profile, findings);
    let named = contacts(given, &bases, named, true, findings).await?;
    let others = contacts(given, &bases, others, false, findings).await?;
    let mut placed = Vec::new();
    for LockedBase { base, lock } in bases {
        let deployed = of_base(&base, named.iter().chain(&others));
        tell_missing_lock(given, &base, &lock, findings);
        let here: Vec<&Target> = base
            .targets
            .iter()
            .copied()
            .filter(|target| named.iter().any(|n| n.target.name == target.name))
            .collect();
        let targets = Targets { all: &base.targets, deployed: &here };
        let remembered = Remembered { lock: &lock.lock, deployed: &deployed };
        let mut desired = desired(given.asked, &given.read.rows, given.settings, targets, remembered);
        findings.extend(std::mem::take(&mut desired.findings));
        findings
            .extend(vanished(&base.output_dir, &desired.packages, &desired.vanished).map_err(Failure::from)?);
        placed.push(PlacedBase { base, lock, desired });
    }
    if findings.has_errors() {
        finish_checks(given, &named, Ended::Well);
        return Err(told(findings));
    }
    let checks =
        stream::iter(named).map(|contact| check(given, &placed, contact)).buffered(TARGETS_AT_A_TIME);
    let checked: Vec<_> = checks.collect().await;
    let mut reached = Vec::new();
    let mut unprepared: Option<Unprepared> = None;
    for checked in checked {
        match checked {
            Ok((target, said)) => {
                findings.extend(said);
                reached.push(target);
            }
            Err((target, failure)) => failed(&mut unprepared, target, failure),
        }
    }
    if let Some(unprepared) = unprepared {
        return Err(unprepared);
    }
    if findings.has_errors() {
        return Err(told(findings));
    }
    Ok(Prepared { bases: placed, reached })
}

/// The findings say why it ends here, and which targets they hold for.
fn told(findings: &Findings) -> Unprepared {
    let targets = findings.iter().filter_map(|finding| finding.target.clone()).collect();
    Unprepared { targets, failure: Failure::found(findings) }
}

fn failed(unprepared: &mut Option<Unprepared>, target: String, failure: Failure) {
    match unprepared {
        Some(unprepared) => unprepared.targets.push(target),
        None => {
            let failure = failure.about(&format!("target `{target}`"));
            *unprepared = Some(Unprepared { targets: vec![target], failure });
        }
    }
}

/// The targets that nobody named but that have to be asked where tables lie, as far as there are credentials for them.
fn others(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    named: &[Destination],
    profile: Option<&str>,
    findings: &mut Findings,
) -> Vec<Destination> {
    let mut others = Vec::new();
    for LockedBase { base, lock } in bases {
        if given.asked.is_known_to(&lock.lock) {
            continue;
        }
        for target in &base.targets {
            if named.iter().any(|named| named.target.name == target.name) {
                continue;
            }
            match workspaces::access(given.context, target, profile.filter(|_| target.host.is_none())) {
                Ok(access) => others.push(Destination { target: (*target).clone(), access }),
                Err(failure) => findings.push(not_asked(&target.name, &failure)),
            }
        }
    }
    others
}

fn not_asked(target: &str, failure: &Failure) -> Finding {
    let what = format!("target `{target}` could not be asked where tables lie: {}", failure.message());
    Finding::warning("TW252", what)
        .why("the lock does not know the place of every table; one that lies elsewhere there would move")
        .fix("commit tapworks.lock as `tapworks generate` writes it, or give credentials for this target too")
}

/// Without a lock, each target that is deployed by itself decides for itself where a new table goes.
fn tell_missing_lock(given: Given<'_>, base: &Base<'_>, lock: &LockFile, findings: &mut Findings) {
    if lock.exists || base.targets.len() < 2 {
        return;
    }
    let names: Vec<&str> = base.targets.iter().map(|target| target.name.as_str()).collect();
    let shown = lock.path.strip_prefix(given.context.environment.directory()).unwrap_or(&lock.path);
    findings.push(
        Finding::warning("TW253", format!("{} share no lock yet: {} is not there", names.join(", "), shown.display()))
            .why("each run has to ask every workspace where tables lie; targets deployed at different times can place a new table differently")
            .fix("run `tapworks generate` and commit the lock"),
    );
}

/// Who are we there, and what is deployed?
async fn contacts(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    destinations: Vec<Destination>,
    are_named: bool,
    findings: &mut Findings,
) -> Result<Vec<Contact>, Unprepared> {
    let contacts = stream::iter(destinations)
        .map(|destination| async move {
            let name = destination.target.name.clone();
            contact(given, bases, destination, are_named).await.map_err(|failure| (name, failure))
        })
        .buffered(TARGETS_AT_A_TIME);
    let mut made = Vec::new();
    let mut unprepared = None;
    for contact in contacts.collect::<Vec<_>>().await {
        match contact {
            Ok(contact) => made.push(contact),
            Err((target, failure)) if !are_named && failure.lacks_credentials() => {
                findings.push(not_asked(&target, &failure));
            }
            Err((target, failure)) => failed(&mut unprepared, target, failure),
        }
    }
    match unprepared {
        None => Ok(made),
        Some(unprepared) => {
            finish_checks(given, &made, Ended::Badly);
            Err(unprepared)
        }
    }
}

async fn contact(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    destination: Destination,
    is_named: bool,
) -> Result<Contact, Failure> {
    let Given { context, asked, interrupt, progress, .. } = given;
    let Destination { target, access } = destination;
    let lock = bases
        .iter()
        .find(|locked| locked.base.targets.iter().any(|other| other.name == target.name))
        .map_or_else(Lock::default, |locked| locked.lock.lock.clone());
    let step = checks(&target.name);
    progress.tell(Event::StepStarted(step));
    let contacted = async {
        let title = format!("{}  {}", step.target, step.name);
        let client = connect(context, access, interrupt, Requests::shown_on(progress, title))?;
        let me = client.me().await?;
        if is_named {
            introduce(context, &target, &client, &me);
        }
        let projects = asked.projects();
        let locked: BTreeSet<&str> = lock.tables.values().map(|table| table.slot.bundle.as_str()).collect();
        let look_further = !asked.is_known_to(&lock);
        let paths_of = |bundle: &str| BundlePaths::resolve(bundle, &target, &me.user_name, &me.short_name());
        let found = match read_bundles(&client, &projects, &locked, look_further, paths_of).await {
            Ok(found) => found,
            // Told as a finding, once for each bundle.
            Err(BundlesError::Path(_)) if is_named => BundlesFound::new(),
            Err(BundlesError::Path(error)) => return Err(Failure::work(error.to_string())),
            Err(BundlesError::Facts(error)) => return Err(Failure::unreadable(error)),
        };
        let recovery = if is_named { given.recovery } else { Recovery::default() };
        let left_over = recovery.left_over((&client, &me), (&target, asked), &found).await?;
        Ok::<_, Failure>((client, me, found, left_over))
    }
    .await;
    if contacted.is_err() || !is_named {
        let ended = if contacted.is_ok() { Ended::Well } else { Ended::Badly };
        progress.tell(Event::StepFinished(step, ended));
    }
    let hint = |failure: Failure| {
        if is_named {
            failure
        } else {
            failure.hint("it was asked where tables lie, since the lock does not know all of them: commit the lock as `tapworks generate` writes it")
        }
    };
    let (client, me, found, left_over) = contacted.map_err(hint)?;
    Ok(Contact { target, client, me, found, left_over })
}

fn checks(target: &str) -> Step<'_> {
    Step { target, project: None, name: "checks" }
}

fn finish_checks(given: Given<'_>, contacts: &[Contact], ended: Ended) {
    for contact in contacts {
        given.progress.tell(Event::StepFinished(checks(&contact.target.name), ended));
    }
}

/// What is deployed in the targets of a base, in their order in the settings.
fn of_base<'a, 'c>(
    base: &Base<'a>,
    contacts: impl Iterator<Item = &'c Contact> + Clone,
) -> Vec<(&'a Target, Deployed)> {
    let found = |target: &&'a Target| {
        let contact = contacts.clone().find(|contact| contact.target.name == target.name)?;
        let facts: BTreeMap<String, BundleFacts> =
            contact.found.iter().map(|(bundle, (_, facts))| (bundle.clone(), facts.clone())).collect();
        let mut deployed = deployed(&target.name, &facts);
        remember(&mut deployed, &contact.left_over);
        Some((*target, deployed))
    };
    base.targets.iter().filter_map(found).collect()
}

/// Is anything in the way?
async fn check(
    given: Given<'_>,
    placed: &[PlacedBase<'_>],
    contact: Contact,
) -> Result<(Reached, Findings), (String, Failure)> {
    let Contact { target, client, me, found, left_over } = contact;
    let has_target =
        |placed: &PlacedBase<'_>| placed.base.targets.iter().any(|other| other.name == target.name);
    let base = placed.iter().position(has_target).unwrap_or_default();
    let mut findings = Findings::new();
    let checked = async {
        let Some(PlacedBase { base, desired, .. }) = placed.get(base) else {
            return Ok((BTreeMap::new(), Facts::default(), TakenLocks::default(), TakeOver::default()));
        };
        let paths = paths(&target, &me, desired, &mut findings);
        say_roots(given.context, &target.name, &paths);
        let wanted = Wanted::of(&desired.layout, &name_prefix(&target, &me.short_name()));
        let known = found.into_iter().map(|(bundle, (_, facts))| (bundle, facts)).collect();
        let mut facts = gather(&client, &wanted, &paths, known).await?;
        let look = Look { recovery: given.recovery, context: given.context, target: &target, paths: &paths };
        look.know_local(&base.output_dir, &mut facts)?;
        let take_over = look.take_over(left_over, &desired.layout, &mut facts);
        let (locks, said) = look.locks(&client).await?;
        findings.extend(said);
        let place = |row: u32| Some(given.read.rows.place(row, None));
        findings.extend(judge(&target.name, &wanted, &paths, &facts, &place));
        Ok::<_, Failure>((paths, facts, locks, take_over))
    }
    .await;
    let ended = if checked.is_ok() { Ended::Well } else { Ended::Badly };
    given.progress.tell(Event::StepFinished(checks(&target.name), ended));
    match checked {
        Ok((paths, facts, locks, take_over)) => {
            let unfinished = given.recovery.unfinished(&paths);
            let reached = Reached { target, client, me, base, paths, facts, locks, unfinished, take_over };
            Ok((reached, findings))
        }
        Err(failure) => Err((target.name, failure)),
    }
}

/// Says where a target lies before anything happens there.
fn introduce(context: &Context, target: &Target, client: &Client, me: &Me) {
    let mode = target.mode.as_str();
    context.printer.say(&format!("{}  {}  mode {mode}  as {}", target.name, client.host(), me.user_name));
}

fn paths(
    target: &Target,
    me: &Me,
    desired: &Desired,
    findings: &mut Findings,
) -> BTreeMap<String, BundlePaths> {
    let mut paths = BTreeMap::new();
    for bundle in &desired.layout.bundles {
        match BundlePaths::resolve(&bundle.name, target, &me.user_name, &me.short_name()) {
            Ok(found) => {
                paths.insert(bundle.name.clone(), found);
            }
            Err(error) => findings.push(
                Finding::error("TW307", error.to_string())
                    .for_target(&target.name)
                    .at(Place::Resource { key: format!("project {}", bundle.name) })
                    .why("what lies there must be known before a deploy")
                    .fix("use ${bundle.name}, ${bundle.target} and ${workspace.current_user.userName} only"),
            ),
        }
    }
    paths
}

/// Says where the bundles' state lies: whoever deploys to another place makes a second copy.
fn say_roots(context: &Context, target: &str, paths: &BTreeMap<String, BundlePaths>) {
    const SHOWN: usize = 3;
    for paths in paths.values().take(SHOWN) {
        context.printer.say(&format!("  {target}  root {}", paths.root));
    }
    if paths.len() > SHOWN {
        context.printer.say(&format!("  {target}  and {} more", plural(paths.len() - SHOWN, "root")));
    }
}
