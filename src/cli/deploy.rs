//! `tapworks deploy`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::configuration::{ConfigurationArguments, resolve};
use super::consent::{self, ConsentArguments};
use super::failure::Failure;
use super::journal::{RecoveryArguments, Resumed, RunJournal, inputs, runs};
use super::prepare::{Destination, Given, PlacedBase, Prepared, Unprepared, locked_bases, prepare};
use super::recovery::{Recovery, doubt_unfinished, not_bound, tell_left_overs};
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::saved;
use super::source::{ReadRows, read_rows_at};
use super::today::today;
use super::workspaces;
use super::{Context, OutputFormat};
use crate::bundle::Written;
use crate::deploy::{
    Budget, DeployError, LocatedCli, Outcome, PlannedTarget, ProjectBundle, Recognition, Session, Site,
    Status, TableVersion, TargetOutcome, apply_all, as_saved, bind, plan_all, recognise_all, unchanged,
};
use crate::desired::ask;
use crate::finding::{Finding, Findings};
use crate::interrupt::Interrupt;
use crate::lock_file::LockFile;
use crate::machine::Machine;
use crate::placement::{Lock, bundle_number};
use crate::plan::{Approved, Consents, Granted, Judged, SavedPlan, SavedSource, missing_consents, refusals};
use crate::preflight::Selection;
use crate::report::{
    DeployDocument, PlacementDocument, Printer, Progress, RunError, SourceDocument, deploy_details,
    findings_text,
};
use crate::settings::{Flags, Settings, Target};
use crate::table::Resolution;
use crate::text::plural;

/// Bring a table list to deployed pipelines: read, check, plan, deploy, read back
///
/// Every target is reached, checked and planned before the first is written.
/// What it would do to data (a pipeline deleted or made again, tables read again in
/// full) is refused, unless each such thing is consented to by name.
///
///     tapworks deploy --source main.cfg.tables --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// A plan that `tapworks plan --out` kept: it is carried out as it is, unless something has moved on since
    #[arg(value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// Where to deploy; repeatable, in this order
    #[arg(short, long, value_name = "NAME", env = "TAPWORKS_TARGET", value_delimiter = ',')]
    target: Vec<String>,
    /// The profile of .databrickscfg to use for every target
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Delete every pipeline of a project that the rows no longer name; repeatable. Each deletion needs its consent
    #[arg(long, value_name = "NAME", conflicts_with = "plan")]
    remove_project: Vec<String>,
    #[command(flatten)]
    steps: StepArguments,
    #[command(flatten)]
    consent: ConsentArguments,
    #[command(flatten)]
    recovery: RecoveryArguments,
    #[command(flatten)]
    reports: ReportArguments,
}

/// How the steps of a deploy are gone through.
#[derive(clap::Args, Clone, Copy)]
struct StepArguments {
    /// How many databricks commands run at a time, at most one per core; fewer where memory is short
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Where a project fails, go on with the others
    #[arg(long)]
    keep_going: bool,
    /// Ask the databricks CLI about every project, also where the last deploy's record says that nothing changed
    #[arg(long)]
    full: bool,
    /// Plan once more after each deploy; a plan that is not empty then is exit status 7
    #[arg(long)]
    verify_plan: bool,
}

impl StepArguments {
    /// These, and the others where these say nothing.
    fn over(self, others: Self) -> Self {
        Self {
            jobs: self.jobs.or(others.jobs),
            keep_going: self.keep_going || others.keep_going,
            full: self.full || others.full,
            verify_plan: self.verify_plan || others.verify_plan,
        }
    }
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let recovery = arguments.recovery.clone();
    let (arguments, resumed) = match &recovery.resume {
        Some(named) => resume(context, arguments, named)?,
        None => (arguments, None),
    };
    let Arguments { plan, configuration, target, profile, remove_project, steps, consent, reports, .. } =
        arguments;
    let finder = configuration.finder();
    let saved = plan.map(|path| saved::read(context, &path)).transpose()?;
    let (target, profile, flags) = match &saved {
        None => (target.clone(), profile, configuration.flags(&target)),
        Some(saved) => {
            if target.iter().any(|name| *name != saved.target) {
                return Err(Failure::usage(format!("the plan is for target `{}` alone", saved.target)));
            }
            let flags = configuration.flags(&[]).or(saved.flags.clone());
            (vec![saved.target.clone()], profile.or_else(|| flags.profile.clone()), flags)
        }
    };
    // What was cut off has carried out a part of the plan, so that it no longer holds: the rest is planned anew, from the same rows.
    let saved = saved.filter(|_| resumed.is_none());
    let (settings, findings) = resolve(Flags { profile: None, ..flags }, &context.environment)?;
    let reports = reports.check(context, &settings)?;
    let removed = remove_project;
    let mut run = Run { findings, removed, saved, resumed, finder, ..Run::default() };
    match run.deploy(context, &settings, &target, profile.as_deref(), (steps, &recovery, &consent)) {
        Err(failure) if failure.is_usage() && !run.findings.has_errors() => Err(failure),
        // What is wrong in the settings is the cause, that nothing usable is named only follows from it.
        Err(failure) if failure.is_usage() => {
            let failure = Failure::found(&run.findings);
            run.finish(context, &settings, &reports, Err(failure))
        }
        result => run.finish(context, &settings, &reports, result),
    }
}

/// The arguments of a run that is gone on with: as it was called, but for what it says to whom.
fn resume(context: &Context, given: Arguments, named: &str) -> Result<(Arguments, Option<Resumed>), Failure> {
    let (settings, _) = given.configuration.clone().resolve(&given.target, &context.environment)?;
    let resumed = Resumed::take(context, &runs(context, &settings), named)?;
    let arguments = resumed.arguments(context)?;
    if !given.target.is_empty() && given.target != arguments.target {
        let targets: Vec<&str> =
            resumed.history.inputs.targets.iter().map(|target| target.name.as_str()).collect();
        return Err(Failure::usage(format!("the run deploys to {}", targets.join(", ")))
            .hint("leave --target out: a run is gone on with as it began"));
    }
    let steps = given.steps.over(arguments.steps);
    let reports = given.reports.or(arguments.reports);
    let consent = arguments.consent.or_also(given.consent);
    Ok((Arguments { steps, reports, consent, ..arguments }, Some(resumed)))
}

/// What is known of a run, whatever becomes of it.
#[derive(Default)]
struct Run {
    outcome: Outcome,
    source: Option<SourceDocument>,
    /// Of each lock.
    placement: Vec<PlacementDocument>,
    /// The locks as they were written before the deploy, each with the targets that share it.
    locks: Vec<(LockFile, Vec<String>)>,
    /// Projects that are to be removed.
    removed: Vec<String>,
    granted: Vec<Granted>,
    /// What nobody consented to, as `--allow` takes it.
    missing: Vec<String>,
    /// The targets whose list of that was shown above a question.
    declined: Vec<String>,
    /// What is carried out, where it was planned before.
    saved: Option<SavedPlan>,
    findings: Findings,
    /// The run that this one goes on with, until its journal is taken over.
    resumed: Option<Resumed>,
    journal: Option<RunJournal>,
    /// The options by which the journal is found again.
    finder: String,
}

impl Run {
    fn deploy(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
        (steps, recovery, consent): (StepArguments, &RecoveryArguments, &ConsentArguments),
    ) -> Result<Option<i32>, Failure> {
        let targets = named_targets(settings, named)?;
        let (consents, said) = consent.resolve(context, settings, &targets)?;
        self.findings.extend(said);
        for target in &targets {
            let host = target.host.clone().unwrap_or_default();
            self.outcome.targets.push(TargetOutcome::new(&target.name, &host, Status::Skipped));
        }
        let destinations = self.destinations(context, &targets, profile)?;
        // Before a warehouse is started for the rows: without the CLI they are of no use.
        let cli = LocatedCli::find(&context.environment)?;
        let history = self.resumed.as_ref().map(|resumed| resumed.history.clone());
        let pinned = history.as_ref().and_then(|history| history.inputs.version).or(self.planned_version());
        let read = read_rows_at(context, settings, &targets, profile, pinned, &mut self.findings)?;
        let ReadRows::Read(read) = read else { return Err(Failure::found(&self.findings)) };
        self.source = Some(read.document.clone());
        let mut asked = ask(&read.rows, settings, false);
        self.findings.extend(std::mem::take(&mut asked.findings));
        asked.removed.clone_from(&self.removed);
        // The bundle holds every target of the settings, so that it is the same whichever of them is deployed.
        let everywhere = settings.targets_or(&targets);
        let bases = locked_bases(context, settings, &asked, (&everywhere, &targets), &mut self.findings)?;
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        block_on(context, |interrupt| async move {
            let progress = Progress::new(Arc::clone(&context.printer));
            let (interrupt, progress) = (&interrupt, &progress);
            let recovery = Recovery { arguments: Some(recovery), history: history.as_ref() };
            let (selection, ended) = Selection::new(Vec::new(), settings.skip.clone(), today());
            self.findings.extend(ended);
            let selection = &selection;
            let given = Given {
                context,
                settings,
                read: &read,
                asked: &asked,
                selection,
                interrupt,
                progress,
                recovery,
            };
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
            self.outcome = self.carry_out(given, (steps, &consents), cli, prepared).await?;
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
        let Given { context, settings, read, interrupt, progress, recovery, .. } = given;
        let Prepared { bases, reached } = prepared;
        let mut identities = Vec::new();
        for reached in &reached {
            let access = reached.client.access();
            let identity = access.child_environment(&context.environment, &reached.client).await;
            identities.push(
                identity.map_err(|e| Failure::from(e).about(&format!("target `{}`", reached.target.name)))?,
            );
        }
        // All are looked at before the first is written: what stands in the way of one stops it all.
        let mut compared: Vec<Vec<Written>> = Vec::new();
        let mut projects: Vec<Vec<ProjectBundle>> = Vec::new();
        for PlacedBase { base, desired, .. } in &bases {
            let (mut written, mut of_base) = (Vec::new(), Vec::new());
            for (package, bundle) in desired.packages.iter().zip(&desired.layout.bundles) {
                let compared = package.compare(&base.output_dir)?;
                of_base.push(ProjectBundle::new(package, &compared, bundle.tables())?);
                written.push(compared);
            }
            compared.push(written);
            projects.push(of_base);
        }
        let take_overs: Vec<_> = reached.iter().map(|reached| reached.take_over.clone()).collect();
        let targets: Vec<(Target, usize)> = reached
            .iter()
            .map(|reached| {
                let host = Some(reached.client.host().to_string());
                (Target { host, ..reached.target.clone() }, reached.base)
            })
            .collect();
        let sites: Vec<Site> = reached
            .into_iter()
            .zip(identities)
            .map(|(reached, identity)| Site {
                target: reached.target.name,
                client: reached.client,
                identity,
                paths: reached.paths,
                me: reached.me,
                facts: reached.facts,
                locks: reached.locks,
                unfinished: reached.unfinished,
                projects: projects.get(reached.base).cloned().unwrap_or_default(),
            })
            .collect();
        let inputs = inputs(context, settings, given.read, &sites);
        if let Some(resumed) = &self.resumed {
            resumed.check(&inputs)?;
        }
        for (site, take_over) in sites.iter().zip(&take_overs) {
            tell_left_overs(context, &site.target, take_over);
        }
        let mut recognised =
            recognise_all(&context.environment, &sites, steps.full || self.saved.is_some()).await?;
        doubt_unfinished(&sites, &take_overs, &mut recognised);
        tell_doubts(context, &sites, &recognised);
        let unchanged = unchanged(&sites, &recognised);
        let cli = match unchanged {
            Some(_) => None,
            None => {
                let constraint = &settings.databricks_cli_version;
                Some(cli.check(&context.environment, constraint, interrupt).await?)
            }
        };
        if let (Some(saved), Some(cli), [site]) = (&self.saved, &cli, sites.as_slice()) {
            let lock = bases.first().map(|placed| placed.base.lock.as_path());
            let inputs = saved::inputs(context, settings, lock, read)?;
            let stale = saved::stale(saved, site, &cli.version.to_string(), &inputs);
            if !stale.is_empty() {
                self.findings.extend(stale);
                self.outcome.targets.iter_mut().for_each(|target| target.status = Status::Refused);
                return Err(Failure::refused_by(&self.findings));
            }
        }
        // From here on something is written, and a kill leaves something to go on with.
        if unchanged.is_none() {
            let journal =
                RunJournal::begin(&runs(context, settings), inputs, self.resumed.take(), &self.finder)?;
            context.printer.say(&format!("run {}", journal.id()));
            self.journal = Some(journal);
        }
        let mut layouts = Vec::new();
        for (PlacedBase { base, mut lock, desired, .. }, compared) in bases.into_iter().zip(compared) {
            let placement = PlacementDocument::new(&base.lock, &desired.tally, &desired.lock);
            context.printer.say(&placement.line());
            // The lock first: what it says holds, whatever becomes of the deploy.
            lock.write(desired.lock.lock)?;
            self.locks.push((lock, base.targets.iter().map(|target| target.name.clone()).collect()));
            self.placement.push(placement);
            for (package, written) in desired.packages.iter().zip(compared) {
                package.apply(&written)?;
                context.printer.detail(&format!("bundle {}", written.folder.display()));
            }
            layouts.push(desired.layout);
        }
        let (Some(cli), None) = (cli, &unchanged) else {
            let judged = consent::given(given, &targets, Vec::new(), consents, false).await?;
            self.take(judged, targets.len() > 1);
            return Ok(unchanged.unwrap_or_default());
        };
        context.printer.detail(&format!("databricks CLI {} at {}", cli.version, cli.program.display()));
        let scratch = tempfile::tempdir()?;
        let session = Session {
            cli: &cli,
            environment: &context.environment,
            interrupt,
            watch: progress,
            budget: Budget::new(steps.jobs.map(usize::from), Machine::here()),
            keep_going: steps.keep_going,
            verify_plan: steps.verify_plan,
            source: self.source.as_ref().and_then(table_version),
            scratch: scratch.path(),
            journal: self.journal.as_ref().map(RunJournal::writer),
            history: recovery.history,
        };
        for (site, take_over) in sites.iter().zip(&take_overs) {
            if let Err(error) = bind(&session, site, take_over).await {
                return Ok(not_bound(&sites, &site.target, Some(error)));
            }
        }
        let mut planned = match (&self.saved, sites.as_slice()) {
            (Some(saved), [site]) => {
                let recognised = recognised.into_iter().next().unwrap_or_default();
                vec![as_saved(&session, site, recognised, saved)?]
            }
            _ => plan_all(&session, &sites, recognised).await,
        };
        let origins = Resolution::new(&read.rows, settings);
        for (planned, (target, base)) in planned.iter_mut().zip(&targets) {
            let Some(layout) = layouts.get(*base) else { continue };
            planned.compare(target, layout, session.source.as_ref(), &origins);
            self.findings
                .extend(planned.projects.iter().flat_map(|project| project.changes.findings.clone()));
        }
        let is_complete =
            planned.iter().flat_map(|target| &target.projects).all(|project| project.plan.is_ok());
        let mut consented = None;
        let approved = if is_complete {
            let needs = planned.iter().flat_map(PlannedTarget::needs).collect();
            let may_ask = !self.findings.has_errors();
            let judged = consent::given(given, &targets, needs, consents, may_ask).await?;
            let approved = Approved::of(&judged.granted, &judged.missing);
            consented = Some(judged);
            approved
        } else {
            // What was not planned needs nobody knows what.
            Approved::default()
        };
        let outcome = apply_all(&session, planned, &approved).await;
        if let Some(judged) = consented {
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

    /// Notes in the locks which moves have arrived where.
    fn close_moves(&mut self, context: &Context) -> Result<(), Failure> {
        for (lock, targets) in &mut self.locks {
            let before = lock.lock.moving();
            let mut after = arrivals(&self.outcome, &lock.lock, targets);
            for project in &self.removed {
                if is_gone_everywhere(&self.outcome, project, targets) {
                    let lines = after.forget_project(project);
                    let name = lock.path.file_name().unwrap_or_default().to_string_lossy();
                    context
                        .printer
                        .say(&format!("{name}  project {project} is gone, with {}", plural(lines, "table")));
                } else {
                    context.printer.say(&format!(
                        "project {project} keeps its places until it is gone from {}",
                        targets.join(", ")
                    ));
                }
            }
            if lock.write(after)? {
                let left = lock.lock.moving();
                let name = lock.path.file_name().unwrap_or_default().to_string_lossy();
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

    fn finish(
        self,
        context: &Context,
        settings: &Settings,
        reports: &ReportArguments,
        result: Result<Option<i32>, Failure>,
    ) -> Result<u8, Failure> {
        let Self { outcome, source, placement, granted, missing, declined, mut findings, journal, .. } = self;
        for target in &outcome.targets {
            findings.extend(target.projects.iter().flat_map(|project| project.warnings.iter().cloned()));
        }
        let findings = findings.sorted();
        let printer = &context.printer;
        // Whoever was asked has just read what is missing.
        let is_read = |finding: &Finding| {
            finding.rule == "TW401" && finding.target.as_ref().is_some_and(|target| declined.contains(target))
        };
        let told = findings.iter().filter(|finding| !is_read(finding)).cloned();
        printer.text(&findings_text(&told.collect()));
        for error in outcome.targets.iter().flat_map(TargetOutcome::errors) {
            tell(printer, error);
        }
        if !missing.is_empty() {
            let flags: Vec<String> = missing.iter().map(|consent| format!("--allow {consent}")).collect();
            let lacking = plural(missing.len(), "consent");
            let are = if missing.len() == 1 { "is" } else { "are" };
            printer.error(
                &format!("nothing was sent: {lacking} {are} missing"),
                &[format!("where all of the above is meant, run it again with {}", flags.join(" "))],
            );
        }
        let mut document = DeployDocument::new(&outcome, source.as_ref(), placement, &findings)
            .with_consents(&granted, &missing);
        if let Err(failure) = &result {
            document = document.with_error(failure.message(), failure.hints());
        }
        let status = match &result {
            Ok(Some(signal)) => super::failure::signal_status(*signal),
            Ok(None) => outcome.exit_status(),
            Err(failure) => failure.exit_status(),
        };
        let resume = journal.and_then(|journal| journal.end(status));
        if let Some(command) = &resume {
            document = document.with_resume(command);
            printer.text(&format!("go on with: {command}\n"));
        }
        match (context.output, &result) {
            (OutputFormat::Json, _) => printer.json(&document),
            (OutputFormat::Text, Ok(_)) => printer.data(&DeployDocument::text(&outcome)),
            (OutputFormat::Text, Err(_)) => {}
        }
        let ending =
            Ending { command: "deploy", findings: &findings, errors: run_errors(&outcome), settings };
        reports.write(context, &document, ending, result.map(|_| status))
    }
}

/// The lock with the moves closed that this deploy brought to these targets.
fn arrivals(outcome: &Outcome, lock: &Lock, targets: &[String]) -> Lock {
    let all: BTreeSet<&str> = targets.iter().map(String::as_str).collect();
    let mut lock = lock.clone();
    for target in outcome.targets.iter().filter(|target| all.contains(target.target.as_str())) {
        let is_there = |status| matches!(status, Status::Deployed | Status::Unchanged);
        let projects = target.projects.iter().filter(|project| is_there(project.status));
        lock = lock.arrived(&target.target, &projects.map(|project| project.name.as_str()).collect(), &all);
    }
    lock
}

/// Whether this deploy left nothing of a project in any of these targets.
fn is_gone_everywhere(outcome: &Outcome, project: &str, targets: &[String]) -> bool {
    targets.iter().all(|name| {
        let target = outcome.targets.iter().find(|target| target.target == *name);
        let mut bundles = target
            .iter()
            .flat_map(|target| &target.projects)
            .filter(|bundle| bundle_number(project, &bundle.name).is_some())
            .peekable();
        bundles.peek().is_some()
            && bundles.all(|bundle| matches!(bundle.status, Status::Deployed | Status::Unchanged))
    })
}

/// What went wrong, target by target.
fn run_errors(outcome: &Outcome) -> Vec<RunError> {
    let mut errors = Vec::new();
    for target in &outcome.targets {
        let name = &target.target;
        errors.extend(target.error.iter().map(|told| run_error(format!("target {name}"), told)));
        for project in &target.projects {
            let about = format!("target {name}, project {}", project.name);
            errors.extend(project.error.iter().map(|told| run_error(about.clone(), told)));
        }
    }
    errors
}

/// What went wrong with a part of a run, with all that the CLI said.
pub(super) fn run_error(about: String, error: &DeployError) -> RunError {
    let details = deploy_details(error);
    let message = error.to_string();
    let message = if details.is_empty() { message } else { format!("{message}\n{}", details.trim_end()) };
    RunError { about, message, hints: error.hints() }
}

/// Tells an error, with all that the CLI said.
pub(super) fn tell(printer: &Printer, error: &DeployError) {
    printer.error(&error.to_string(), &error.hints());
    printer.text(&indented(&deploy_details(error)));
}

/// The targets that the command line names, else the default one.
pub(super) fn named_targets(settings: &Settings, names: &[String]) -> Result<Vec<Target>, Failure> {
    let mut wanted: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    if wanted.is_empty() {
        wanted.extend(settings.default_target.as_deref());
    }
    if wanted.is_empty() {
        let known: Vec<&str> = settings.targets.keys().map(String::as_str).collect();
        let failure = Failure::usage("no target is named");
        return Err(if known.is_empty() {
            failure.hint("--target NAME: a profile of that name, else the environment's workspace")
        } else {
            failure.hint(format!(
                "--target NAME, one of {}; or `default_target` in the settings file",
                known.join(", ")
            ))
        });
    }
    let mut targets: Vec<Target> = Vec::new();
    for name in wanted {
        if targets.iter().all(|target| target.name != name) {
            targets.push(settings.target(name).map_err(|error| Failure::usage(error.to_string()))?);
        }
    }
    Ok(targets)
}

fn interrupted_in(outcome: &Outcome, interrupt: &Interrupt) -> Option<i32> {
    let interrupted = outcome.targets.iter().flat_map(TargetOutcome::errors).any(DeployError::is_interrupted);
    let unfinished = outcome.targets.iter().any(|target| {
        matches!(target.status, Status::Skipped | Status::PartlyDeployed)
            || target.projects.iter().any(|project| project.status == Status::Skipped)
    });
    interrupt.signal().filter(|_| interrupted || unfinished)
}

/// Says why the CLI is asked about a project, for those who wonder what a run takes its time for.
pub(super) fn tell_doubts(context: &Context, sites: &[Site], recognised: &[Vec<Recognition>]) {
    for (site, recognised) in sites.iter().zip(recognised) {
        for (project, recognition) in site.projects.iter().zip(recognised) {
            let why = recognition.doubt.as_deref().unwrap_or("as the last deploy left it");
            context.printer.detail(&format!("{}/{}  {why}", site.target, project.name));
        }
    }
}

/// Which rows these are, where they are a version of a table.
pub(super) fn table_version(source: &SourceDocument) -> Option<TableVersion> {
    match source {
        SourceDocument::Table { table, version: Some(version), host, .. } => {
            Some(TableVersion { host: host.clone(), table: table.clone(), version: *version })
        }
        _ => None,
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}\n")).collect()
}
