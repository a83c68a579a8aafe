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
use crate::bundle::{vanished, vanished_bundles};
use crate::deploy::{TakeOver, TakenLocks};
use crate::desired::{Asked, Desired, Remembered, Targets, desired};
use crate::event::{Ended, Event, Step, Watch as _};
use crate::finding::{Finding, Findings, Place};
use crate::interrupt::Interrupt;
use crate::lock_file::{LockFile, LockRead};
use crate::placement::{Deployed, Lock};
use crate::preflight::{
    BundlePaths, BundlesError, BundlesFound, Connectors, Facts, LeftOver, Question, Selection, Verdict,
    deployed, examine, judge_schedules, read_bundles, read_owners, remember,
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
    /// The live rules that are wanted.
    pub(super) selection: &'a Selection,
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
    /// Whether it knows the place of every table, so that nobody else needs to be asked.
    pub(super) is_complete: bool,
}

/// A base with every table placed.
pub(super) struct PlacedBase<'a> {
    pub(super) base: Base<'a>,
    pub(super) lock: LockFile,
    pub(super) desired: Desired,
    /// Bundles that were deployed from here, and that the rows no longer ask for.
    vanished: Vec<String>,
}

/// The workspaces that were reached, before any table is placed.
pub(super) struct Contacts {
    /// The names of the targets that were named, in order.
    wanted: Vec<String>,
    named: Vec<Contact>,
    /// Targets that nobody named but that may know where tables lie.
    others: Vec<Contact>,
    /// Those that did not answer.
    pub(super) failed: Vec<(String, Failure)>,
}

/// What the live rules say.
pub(super) struct Looked {
    /// In the order in which they were named.
    pub(super) reached: Vec<Reached>,
    pub(super) verdict: Verdict,
    /// Those that did not answer.
    pub(super) failed: Vec<(String, Failure)>,
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
    /// What all of that says of where tables lie.
    deployed: Deployed,
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
    asked: &Asked,
    (everywhere, named): (&[&'a Target], &[Target]),
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
            LockRead::Lock(lock) => {
                let is_complete = asked.is_known_to(&lock.lock);
                locked.push(LockedBase { base, lock, is_complete });
            }
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
    let contacts = reach(given, &bases, named, profile, findings).await;
    if !contacts.failed.is_empty() {
        finish_checks(given, &contacts.named, Ended::Badly);
        return Err(unanswered(contacts.failed));
    }
    let placed = place(given, bases, &contacts, findings)?;
    if findings.has_errors() {
        finish_checks(given, &contacts.named, Ended::Well);
        return Err(told(findings));
    }
    findings.extend(schedules(given, &placed, contacts.wanted.iter()).into_findings());
    let Looked { reached, verdict, failed } = look(given, &placed, contacts).await;
    findings.extend(verdict.into_findings());
    if !failed.is_empty() {
        return Err(unanswered(failed));
    }
    if findings.has_errors() {
        return Err(told(findings));
    }
    Ok(Prepared { bases: placed, reached })
}

/// Reaches the workspaces of the named targets, and of others where the lock does not know every table.
pub(super) async fn reach(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    named: Vec<Destination>,
    profile: Option<&str>,
    findings: &mut Findings,
) -> Contacts {
    let wanted = named.iter().map(|named| named.target.name.clone()).collect();
    let others = others(given, bases, &named, profile, findings);
    let mut failed = Vec::new();
    let named = contacts(given, bases, named, true, findings, &mut failed).await;
    let others = contacts(given, bases, others, false, findings, &mut failed).await;
    Contacts { wanted, named, others, failed }
}

/// Places all tables by what locks and workspaces remember.
pub(super) fn place<'a>(
    given: Given<'_>,
    bases: Vec<LockedBase<'a>>,
    contacts: &Contacts,
    findings: &mut Findings,
) -> Result<Vec<PlacedBase<'a>>, Failure> {
    let Contacts { wanted, named, others, .. } = contacts;
    let mut placed = Vec::new();
    for LockedBase { base, lock, .. } in bases {
        let deployed = of_base(&base, named.iter().chain(others));
        tell_missing_lock(given, &base, &lock, findings);
        let here: Vec<&Target> =
            base.targets.iter().copied().filter(|target| wanted.contains(&target.name)).collect();
        let targets = Targets { all: &base.targets, deployed: &here };
        let folder = base.output_dir.strip_prefix(given.context.environment.directory());
        let folder = folder.unwrap_or(&base.output_dir);
        let begun = given.recovery.history.map(|history| history.inputs.bundles_in(folder));
        let begun = begun.unwrap_or_default();
        let remembered = Remembered { lock: &lock.lock, deployed: &deployed, begun: &begun };
        let mut desired = desired(given.asked, &given.read.rows, given.settings, targets, remembered);
        findings.extend(std::mem::take(&mut desired.findings));
        let (output, layout) = (&base.output_dir, &desired.layout);
        let names = vanished_bundles(output, layout, &desired.vanished)?;
        findings.extend(vanished(output, &names, layout, &desired.vanished));
        placed.push(PlacedBase { base, lock, desired, vanished: names });
    }
    Ok(placed)
}

/// Judges when the jobs of these targets start.
pub(super) fn schedules(
    given: Given<'_>,
    placed: &[PlacedBase<'_>],
    names: impl Iterator<Item = impl AsRef<str>>,
) -> Verdict {
    let place = |row: u32| Some(given.read.rows.place(row, None));
    let mut verdict = Verdict::default();
    for name in names {
        for PlacedBase { base, desired, .. } in placed {
            for target in base.targets.iter().filter(|target| target.name == name.as_ref()) {
                verdict.join(judge_schedules(&desired.layout, target, &place));
            }
        }
    }
    given.selection.apply(verdict)
}

/// Holds the workspaces against what was placed, by the live rules.
pub(super) async fn look(given: Given<'_>, placed: &[PlacedBase<'_>], contacts: Contacts) -> Looked {
    let Contacts { named, mut failed, .. } = contacts;
    let connectors = Connectors::of(&given.asked.groups);
    let place = |row: u32| Some(given.read.rows.place(row, None));
    let mut verdict = Verdict::default();
    let mut targets: Vec<Looking<'_>> = Vec::new();
    for contact in named {
        match Looking::of(given, placed, contact, &mut verdict.findings) {
            Ok(looking) => targets.extend(looking),
            Err(unread) => failed.push(unread),
        }
    }
    let questions: Vec<Question<'_>> = targets
        .iter()
        .map(|looking| Question {
            client: &looking.client,
            target: &looking.target,
            layout: &looking.placed.desired.layout,
            everywhere: &looking.placed.base.targets,
            connectors: &connectors,
            paths: &looking.paths,
            found: &looking.facts,
            selection: given.selection,
            place: &place,
        })
        .collect();
    let examined = examine(&questions).await;
    verdict.join(examined.together);
    let mut reached = Vec::new();
    for (looking, examined) in targets.into_iter().zip(examined.targets) {
        let locks = match &examined {
            Ok(_) => {
                let layout = &looking.placed.desired.layout;
                looking.look(given).locks(&looking.client, layout).await
            }
            Err(_) => Ok(Default::default()),
        };
        let ended = if examined.is_ok() && locks.is_ok() { Ended::Well } else { Ended::Badly };
        given.progress.tell(Event::StepFinished(checks(&looking.target.name), ended));
        let Looking { target, client, me, base, placed, mut paths, take_over, .. } = looking;
        match (examined, locks) {
            (Ok((judged, facts)), Ok((locks, said))) => {
                verdict.join(judged);
                verdict.findings.extend(said);
                paths.retain(|name, _| {
                    placed.desired.layout.bundles.iter().any(|bundle| bundle.name == *name)
                });
                let unfinished = given.recovery.unfinished(&paths);
                reached.push(Reached {
                    target,
                    client,
                    me,
                    base,
                    paths,
                    facts,
                    locks,
                    unfinished,
                    take_over,
                });
            }
            (Err(error), _) => failed.push((target.name, Failure::from(error))),
            (_, Err(failure)) => failed.push((target.name, failure)),
        }
    }
    Looked { reached, verdict, failed }
}

/// A target that is looked at.
struct Looking<'a> {
    target: Target,
    client: Client,
    me: Me,
    base: usize,
    placed: &'a PlacedBase<'a>,
    /// Of every bundle of the layout, and of those that the rows no longer ask for.
    paths: BTreeMap<String, BundlePaths>,
    /// What was found there already, and what is known beside it.
    facts: Facts,
    take_over: TakeOver,
}

impl<'a> Looking<'a> {
    fn of(
        given: Given<'_>,
        placed: &'a [PlacedBase<'a>],
        contact: Contact,
        findings: &mut Findings,
    ) -> Result<Option<Self>, (String, Failure)> {
        let Contact { target, client, me, found, left_over, .. } = contact;
        let has_target =
            |placed: &PlacedBase<'_>| placed.base.targets.iter().any(|other| other.name == target.name);
        let Some((base, placed)) = placed.iter().enumerate().find(|(_, placed)| has_target(placed)) else {
            return Ok(None);
        };
        let paths = paths(&target, &me, placed, findings);
        say_roots(given.context, &target.name, &paths);
        let bundles = found.into_iter().map(|(bundle, (_, facts))| (bundle, facts)).collect();
        let mut facts = Facts { bundles, ..Facts::default() };
        let look = Look { recovery: given.recovery, context: given.context, target: &target, paths: &paths };
        if let Err(failure) = look.know_local(&placed.base.output_dir, &mut facts) {
            return Err((target.name, failure));
        }
        let take_over = look.take_over(left_over, &placed.desired.layout, &mut facts);
        Ok(Some(Self { target, client, me, base, placed, paths, facts, take_over }))
    }

    fn look<'b>(&'b self, given: Given<'b>) -> Look<'b> {
        Look { recovery: given.recovery, context: given.context, target: &self.target, paths: &self.paths }
    }
}

impl Contacts {
    /// Nobody is asked: places are those of the lock.
    pub(super) fn without_asking(targets: &[Target]) -> Self {
        let wanted = targets.iter().map(|target| target.name.clone()).collect();
        Self { wanted, named: Vec::new(), others: Vec::new(), failed: Vec::new() }
    }

    /// The named targets that answered, and as whom.
    pub(super) fn reached(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|contact| (contact.target.name.as_str(), contact.me.user_name.as_str()))
    }

    /// Ends the steps of those that answered.
    pub(super) fn finish(&self, given: Given<'_>, ended: Ended) {
        finish_checks(given, &self.named, ended);
    }
}

/// The targets whose workspace did not answer.
pub(super) fn unanswered(failed: Vec<(String, Failure)>) -> Unprepared {
    let targets = failed.iter().map(|(target, _)| target.clone()).collect();
    let first = failed.into_iter().next();
    let failure = first.map(|(target, failure)| failure.about(&format!("target `{target}`")));
    Unprepared { targets, failure: failure.unwrap_or_else(|| Failure::work("a target failed")) }
}

/// The findings say why it ends here, and which targets they hold for.
fn told(findings: &Findings) -> Unprepared {
    let targets = findings.iter().filter_map(|finding| finding.target.clone()).collect();
    Unprepared { targets, failure: Failure::found(findings) }
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
    for LockedBase { base, is_complete, .. } in bases {
        if *is_complete {
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
            .fix("commit the lock, which `tapworks generate` and `tapworks deploy` write"),
    );
}

/// Who are we there, and what is deployed?
async fn contacts(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    destinations: Vec<Destination>,
    are_named: bool,
    findings: &mut Findings,
    failed: &mut Vec<(String, Failure)>,
) -> Vec<Contact> {
    let contacts = stream::iter(destinations)
        .map(|destination| async move {
            let name = destination.target.name.clone();
            contact(given, bases, destination, are_named).await.map_err(|failure| (name, failure))
        })
        .buffered(TARGETS_AT_A_TIME);
    let mut made = Vec::new();
    for contact in contacts.collect::<Vec<_>>().await {
        match contact {
            Ok(contact) => made.push(contact),
            Err((target, failure)) if !are_named && failure.lacks_credentials() => {
                findings.push(not_asked(&target, &failure));
            }
            Err(failure) => failed.push(failure),
        }
    }
    made
}

async fn contact(
    given: Given<'_>,
    bases: &[LockedBase<'_>],
    destination: Destination,
    is_named: bool,
) -> Result<Contact, Failure> {
    let Given { context, asked, interrupt, progress, .. } = given;
    let Destination { target, access } = destination;
    let none = Lock::default();
    let base = bases.iter().find(|locked| locked.base.targets.iter().any(|other| other.name == target.name));
    let lock = base.map_or(&none, |locked| &locked.lock.lock);
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
        let is_asked = !base.is_some_and(|locked| locked.is_complete);
        let paths_of = |bundle: &str| BundlePaths::resolve(bundle, &target, &me.user_name, &me.short_name());
        // Of a project that is removed nothing may be left because it cannot be read.
        let must_know = |project: &str| is_asked || asked.removed.iter().any(|removed| removed == project);
        let found = match read_bundles(&client, &projects, &lock.bundle_names(), must_know, paths_of).await {
            Ok(found) => found,
            // Told as a finding, once for each bundle.
            Err(BundlesError::Path(_)) if is_named => BundlesFound::new(),
            Err(BundlesError::Path(error)) => return Err(Failure::work(error.to_string())),
            Err(BundlesError::Facts(error)) => return Err(Failure::unreadable(error)),
            Err(error @ BundlesError::Refused { .. }) => {
                return Err(Failure::unreachable(error.to_string()).hint(
                    "commit the lock as `tapworks generate` writes it, or ask for CAN_READ on that folder",
                ));
            }
        };
        let recovery = if is_named { given.recovery } else { Recovery::default() };
        let left_over = recovery.left_over((&client, &me), (&target, asked), &found).await?;
        let mut there = deployed(&target.name, found.iter().map(|(bundle, (_, facts))| (bundle, facts)));
        remember(&mut there, &left_over);
        if is_asked {
            there.owners = read_owners(&client, &target, &asked.groups, lock, (&found, &there)).await?;
        }
        Ok::<_, Failure>((client, me, found, left_over, there))
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
    let (client, me, found, left_over, deployed) = contacted.map_err(hint)?;
    Ok(Contact { target, client, me, found, left_over, deployed })
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
        Some((*target, contact.deployed.clone()))
    };
    base.targets.iter().filter_map(found).collect()
}

/// Says where a target lies before anything happens there.
fn introduce(context: &Context, target: &Target, client: &Client, me: &Me) {
    let mode = target.mode.as_str();
    context.printer.say(&format!("{}  {}  mode {mode}  as {}", target.name, client.host(), me.user_name));
}

fn paths(
    target: &Target,
    me: &Me,
    placed: &PlacedBase<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, BundlePaths> {
    let mut paths = BTreeMap::new();
    let planned = placed.desired.layout.bundles.iter().map(|bundle| &bundle.name);
    for bundle in planned.chain(&placed.vanished) {
        match BundlePaths::resolve(bundle, target, &me.user_name, &me.short_name()) {
            Ok(found) => {
                paths.insert(bundle.clone(), found);
            }
            Err(error) => findings.push(
                Finding::error("TW307", error.to_string())
                    .for_target(&target.name)
                    .at(Place::Resource { key: format!("project {bundle}") })
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
