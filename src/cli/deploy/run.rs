//! The steps of a deploy, in order.

use std::sync::Arc;

use super::StepArguments;
use crate::cli::Context;
use crate::cli::consent::{self, ConsentArguments};
use crate::cli::failure::Failure;
use crate::cli::input::{Input, InputRequest};
use crate::cli::journal::{RecoveryArguments, Resumed, RunJournal, inputs, runs};
use crate::cli::named_targets::named_targets;
use crate::cli::prepare::{Destination, Given, PlacedBase, Prepared, Unprepared, prepare};
use crate::cli::recovery::{Recovery, not_bound, tell_left_overs};
use crate::cli::runtime::block_on;
use crate::cli::saved;
use crate::cli::sites::{SiteBase, Sites};
use crate::cli::today::today;
use crate::cli::workspaces;
use crate::deploy::{
    Arrivals, Budget, DatabricksCli, DeployError, LocatedCli, Outcome, PlannedTarget, Recognition, Session,
    Status, TargetOutcome, apply_all, as_saved, bind, plan_all, unchanged,
};
use crate::finding::Findings;
use crate::interrupt::Interrupt;
use crate::lock_file::LockFile;
use crate::machine::Machine;
use crate::placement::Layout;
use crate::plan::{
    Approved, Consents, Covered, Granted, Judged, SavedPlan, SavedSource, missing_consents, refusals,
};
use crate::preflight::Selection;
use crate::report::{PlacementDocument, Progress, SourceDocument};
use crate::settings::{Settings, Target};
use crate::table::Resolution;
use crate::text::plural;

/// How it is to be gone through.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) steps: StepArguments,
    pub(super) recovery: &'a RecoveryArguments,
    pub(super) consent: &'a ConsentArguments,
}

/// What is known of a run, whatever becomes of it.
#[derive(Default)]
pub(super) struct Run {
    pub(super) outcome: Outcome,
    pub(super) source: Option<SourceDocument>,
    /// Of each lock.
    pub(super) placement: Vec<PlacementDocument>,
    /// The locks as they were written before the deploy, each with the targets that share it.
    pub(super) locks: Vec<(LockFile, Vec<String>)>,
    /// Projects that are to be removed.
    pub(super) removed: Vec<String>,
    pub(super) granted: Vec<Granted>,
    /// What nobody consented to, as `--allow` takes it.
    pub(super) missing: Vec<String>,
    /// The targets whose list of that was shown above a question.
    pub(super) declined: Vec<String>,
    /// What is carried out, where it was planned before.
    pub(super) saved: Option<SavedPlan>,
    pub(super) findings: Findings,
    /// The run that this one goes on with, until its journal is taken over.
    pub(super) resumed: Option<Resumed>,
    pub(super) journal: Option<RunJournal>,
    /// The options by which the journal is found again.
    pub(super) finder: String,
}

impl Run {
    /// All of it; the signal that ended it before it was done, where one did.
    pub(super) fn deploy(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
        how: How<'_>,
    ) -> Result<Option<i32>, Failure> {
        let targets = named_targets(settings, named)?;
        let history = self.resumed.as_ref().map(|resumed| resumed.history.clone());
        let (consents, said) = how.consent.resolve(context, settings, &targets, history.as_ref())?;
        self.findings.extend(said);
        for target in &targets {
            let host = target.host.clone().unwrap_or_default();
            self.outcome.targets.push(TargetOutcome::new(&target.name, &host, Status::Skipped));
        }
        let destinations = self.destinations(context, &targets, profile)?;
        // Before a warehouse is started for the rows: without the CLI they are of no use.
        let cli = LocatedCli::find(&context.environment)?;
        let version = history.as_ref().and_then(|history| history.inputs.version).or(self.planned_version());
        let request = InputRequest { context, settings, targets: &targets, profile, version };
        let input = request.read(&mut self.findings, &mut self.source)?;
        let Some(Input { read, mut asked, bases }) = input else {
            return Err(Failure::found(&self.findings));
        };
        asked.removed.clone_from(&self.removed);
        block_on(context, |interrupt| async move {
            let progress = Progress::new(Arc::clone(&context.printer));
            let (interrupt, progress) = (&interrupt, &progress);
            let recovery = Recovery { arguments: Some(how.recovery), history: history.as_ref() };
            let (selection, ended) = Selection::new(Vec::new(), settings.skip.clone(), today());
            self.findings.extend(ended);
            let (read, asked, selection) = (&*read, &asked, &selection);
            let given = Given { context, settings, read, asked, selection, interrupt, progress, recovery };
            let prepared = match prepare(given, bases, destinations, profile, &mut self.findings).await {
                Ok(prepared) => prepared,
                Err(Unprepared { targets, failure }) => {
                    for outcome in &mut self.outcome.targets {
                        if targets.contains(&outcome.target) {
                            outcome.status = Status::Failed;
                        }
                    }
                    return Err(failure);
                }
            };
            self.outcome = self.carry_out(given, (how.steps, &consents), cli, prepared).await?;
            self.close_moves(context)?;
            Ok(interrupted_in(&self.outcome, interrupt))
        })
    }

    /// The version of the table that was planned with, where a plan is carried out.
    fn planned_version(&self) -> Option<i64> {
        match self.saved.as_ref()?.inputs.source {
            SavedSource::Table { version, .. } => version,
            SavedSource::File { .. } => None,
        }
    }

    fn destinations(
        &mut self,
        context: &Context,
        targets: &[Target],
        profile: Option<&str>,
    ) -> Result<Vec<Destination>, Failure> {
        let mut destinations = Vec::new();
        for (target, outcome) in targets.iter().zip(&mut self.outcome.targets) {
            match workspaces::access(context, target, profile) {
                Ok(access) => {
                    outcome.host = access.host().to_string();
                    destinations.push(Destination { target: target.clone(), access });
                }
                Err(failure) => {
                    outcome.status = Status::Failed;
                    return Err(failure.about(&format!("target `{}`", target.name)));
                }
            }
        }
        Ok(destinations)
    }

    /// Writes the lock and the packages, plans, and deploys what was planned; nothing of that where every bundle is as its last
    /// deploy left it.
    async fn carry_out(
        &mut self,
        given: Given<'_>,
        (steps, consents): (StepArguments, &Consents),
        cli: LocatedCli,
        prepared: Prepared<'_>,
    ) -> Result<Outcome, Failure> {
        let Given { context, settings, interrupt, .. } = given;
        // All are looked at before the first is written: what stands in the way of one stops it all.
        let mut sites = Sites::of(context, prepared).await?;
        let inputs = inputs(context, settings, given.read, &sites.sites);
        if let Some(resumed) = &self.resumed {
            resumed.check(&inputs)?;
        }
        for (site, take_over) in sites.sites.iter().zip(&sites.take_overs) {
            tell_left_overs(context, &site.target, take_over);
        }
        let recognised = sites.recognise(given, steps.full || self.saved.is_some()).await?;
        if let Some(unchanged) = unchanged(&sites.sites, &recognised) {
            self.write(context, std::mem::take(&mut sites.bases))?;
            let judged = consent::given(given, &sites.targets, Vec::new(), consents, false).await?;
            self.take(judged, sites.targets.len() > 1);
            return Ok(unchanged);
        }
        let constraint = &settings.databricks_cli_version;
        let cli = cli.check(&context.environment, constraint, interrupt).await?;
        self.refuse_stale(given, &sites, &cli)?;
        // From here on something is written, and a kill leaves something to go on with.
        let journal = RunJournal::begin(&runs(context, settings), inputs, self.resumed.take(), &self.finder)?;
        context.printer.say(&format!("run {}", journal.id()));
        self.journal = Some(journal);
        let layouts = self.write(context, std::mem::take(&mut sites.bases))?;
        context.printer.detail(&format!("databricks CLI {} at {}", cli.version, cli.program.display()));
        self.apply(given, (steps, consents), &cli, (sites, recognised, layouts)).await
    }

    /// Refuses a saved plan that no longer holds.
    fn refuse_stale(
        &mut self,
        given: Given<'_>,
        sites: &Sites<'_>,
        cli: &DatabricksCli,
    ) -> Result<(), Failure> {
        let (Some(saved), [site]) = (&self.saved, sites.sites.as_slice()) else { return Ok(()) };
        let lock = sites.bases.first().map(|base| &base.placed.lock);
        let inputs = saved::inputs(given.context, given.settings, lock, given.read)?;
        let stale = saved::stale(saved, site, &cli.version.to_string(), &inputs);
        if stale.is_empty() {
            return Ok(());
        }
        self.findings.extend(stale);
        self.outcome.targets.iter_mut().for_each(|target| target.status = Status::Refused);
        Err(Failure::refused_by(&self.findings))
    }

    /// Writes the locks and the packages; the layouts are what remains of the bases.
    fn write(&mut self, context: &Context, bases: Vec<SiteBase<'_>>) -> Result<Vec<Layout>, Failure> {
        let mut layouts = Vec::new();
        for SiteBase { placed: PlacedBase { base, mut lock, desired, .. }, written } in bases {
            let placement = PlacementDocument::new(&base.lock, &desired.tally, &desired.lock);
            context.printer.say(&placement.line(false));
            // The lock first: what it says holds, whatever becomes of the deploy.
            lock.write(desired.lock.lock)?;
            self.locks.push((lock, base.targets.iter().map(|target| target.name.clone()).collect()));
            self.placement.push(placement);
            for (package, written) in desired.packages.iter().zip(written) {
                package.apply(&written)?;
                context.printer.detail(&format!("bundle {}", written.folder.display()));
            }
            layouts.push(desired.layout);
        }
        Ok(layouts)
    }

    /// Binds what was left over, plans, holds that against the consents, and applies it.
    async fn apply(
        &mut self,
        given: Given<'_>,
        (steps, consents): (StepArguments, &Consents),
        cli: &DatabricksCli,
        (sites, recognised, layouts): (Sites<'_>, Vec<Vec<Recognition>>, Vec<Layout>),
    ) -> Result<Outcome, Failure> {
        let Sites { mut sites, targets, take_overs, .. } = sites;
        let scratch = tempfile::tempdir()?;
        let session = Session {
            cli,
            environment: &given.context.environment,
            interrupt: given.interrupt,
            watch: given.progress,
            budget: Budget::new(steps.jobs.map(usize::from), Machine::here()),
            keep_going: steps.keep_going,
            verify_plan: steps.verify_plan,
            source: self.source.as_ref().and_then(SourceDocument::table_version),
            scratch: scratch.path(),
            journal: self.journal.as_ref().map(RunJournal::writer),
            history: given.recovery.history,
        };
        for (index, take_over) in take_overs.iter().enumerate() {
            let Some(site) = sites.get_mut(index) else { continue };
            if let Err(error) = bind(&session, site, take_over).await {
                let target = site.target.clone();
                return Ok(not_bound(&sites, &target, Some(error)));
            }
        }
        let mut planned = match (&self.saved, sites.as_slice()) {
            (Some(saved), [site]) => {
                let recognised = recognised.into_iter().next().unwrap_or_default();
                vec![as_saved(&session, site, recognised, saved)?]
            }
            _ => plan_all(&session, &sites, recognised).await,
        };
        let origins = Resolution::new(&given.read.rows, given.settings);
        for (planned, (target, base)) in planned.iter_mut().zip(&targets) {
            let Some(layout) = layouts.get(*base) else { continue };
            planned.compare(target, layout, session.source.as_ref(), &origins);
            self.findings
                .extend(planned.projects.iter().flat_map(|project| project.changes.findings.clone()));
        }
        let is_complete =
            planned.iter().flat_map(|target| &target.projects).all(|project| project.plan.is_ok());
        // What was not planned needs nobody knows what.
        let judged = if is_complete {
            let needs = planned.iter().flat_map(PlannedTarget::needs).collect();
            let may_ask = !self.findings.has_errors();
            Some(consent::given(given, &targets, needs, consents, may_ask).await?)
        } else {
            None
        };
        let approved = judged
            .as_ref()
            .map_or_else(Approved::default, |judged| Approved::of(&judged.granted, &judged.missing));
        if let (Some(journal), Some(judged)) = (&self.journal, &judged) {
            journal
                .writer()
                .consented(judged.granted.iter().map(|granted| Covered::of(&granted.need)).collect())?;
        }
        let outcome = apply_all(&session, planned, &approved).await;
        if let Some(judged) = judged {
            self.take(judged, targets.len() > 1);
        }
        Ok(outcome)
    }

    /// Keeps who consented to what.
    fn take(&mut self, judged: Judged, several: bool) {
        self.findings.extend(judged.findings);
        self.findings.extend(refusals(&judged.missing, several));
        self.missing = missing_consents(&judged.missing, several);
        self.declined = judged.declined;
        self.granted = judged.granted;
    }

    /// Notes in the locks which moves have arrived where, and which projects are gone.
    fn close_moves(&mut self, context: &Context) -> Result<(), Failure> {
        for (lock, targets) in &mut self.locks {
            let name = lock.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let before = lock.lock.moving();
            let Arrivals { lock: after, gone, kept } =
                self.outcome.arrivals(&lock.lock, targets, &self.removed);
            for (project, tables) in gone {
                let tables = plural(tables, "table");
                context.printer.say(&format!("{name}  project {project} is gone, with {tables}"));
            }
            for project in kept {
                let targets = targets.join(", ");
                context
                    .printer
                    .say(&format!("project {project} keeps its places until it is gone from {targets}"));
            }
            if lock.write(after)? {
                let left = lock.lock.moving();
                let told = [(before - left, "over"), (left, "not in every target yet")];
                let told: Vec<String> = told
                    .iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, what)| format!("{} {what}", plural(*count, "move")))
                    .collect();
                context.printer.say(&format!("{name}  {}", told.join(", ")));
            }
        }
        Ok(())
    }
}

fn interrupted_in(outcome: &Outcome, interrupt: &Interrupt) -> Option<i32> {
    let interrupted = outcome.targets.iter().flat_map(TargetOutcome::errors).any(DeployError::is_interrupted);
    interrupt.signal().filter(|_| interrupted || outcome.is_unfinished())
}
