//! `tapworks plan`

use std::path::PathBuf;
use std::sync::Arc;

use super::configuration::{ConfigurationArguments, resolve};
use super::deploy::{named_targets, run_error, table_version, tell, tell_doubts};
use super::failure::{Failure, status};
use super::prepare::{Destination, Given, PlacedBase, Prepared, Unprepared, locked_bases, prepare};
use super::recovery::{Recovery, doubt_unfinished};
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::saved;
use super::source::{ReadRows, read_rows};
use super::today::today;
use super::workspaces;
use super::{Context, OutputFormat};
use crate::deploy::{
    Budget, DeployError, LocatedCli, PlannedProject, ProjectBundle, Session, Site, TakeOver, as_left,
    compare, plan_all, recognise_all, stage,
};
use crate::desired::ask;
use crate::digest::Digest;
use crate::files;
use crate::finding::Findings;
use crate::machine::Machine;
use crate::plan::BundleChanges;
use crate::preflight::Selection;
use crate::report::{
    PlacementDocument, PlanDocument, PlanInputs, Progress, RunError, SourceDocument, findings_text,
};
use crate::settings::{Flags, Settings, Target};
use crate::table::Resolution;

/// Show what a deploy would change, in tables: what is new, moved, read again in full or lost, and why
///
/// Reads the rows and the workspace; writes neither to the workspace nor to the
/// lock nor to the folder for bundles. What a deploy of this needs consent for is
/// listed with the flags that give it.
///
///     tapworks plan --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The target to plan for
    #[arg(short, long, value_name = "NAME", env = "TAPWORKS_TARGET", value_delimiter = ',')]
    target: Vec<String>,
    /// The profile of .databrickscfg to use
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Exit with 3 where there are changes
    #[arg(long)]
    exit_code: bool,
    /// How many databricks commands run at a time, at most one per core; fewer where memory is short
    #[arg(long, value_name = "N", env = "TAPWORKS_JOBS", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Ask the databricks CLI about every project, also where the last deploy's record says that nothing changed
    #[arg(long)]
    full: bool,
    /// Keep the plan in a file, for `tapworks deploy FILE`; the databricks CLI is asked about every project
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, profile, exit_code, jobs, full, out, reports } = arguments;
    let flags = Flags { profile: profile.clone(), ..configuration.flags(&target) };
    let (settings, findings) = resolve(flags.clone(), &context.environment)?;
    let full = full || out.is_some();
    let out = out.map(|path| (path, flags));
    let reports = reports.check(context, &settings)?;
    let mut run = Run { findings, exit_code, jobs: jobs.map(usize::from), full, out, ..Run::default() };
    match run.plan(context, &settings, &target, profile.as_deref()) {
        Err(failure) if failure.is_usage() && !run.findings.has_errors() => Err(failure),
        // What is wrong in the settings is the cause, that nothing usable is named only follows from it.
        Err(failure) if failure.is_usage() => {
            let failure = Failure::found(&run.findings);
            run.finish(context, &settings, &reports, Err(failure))
        }
        result => run.finish(context, &settings, &reports, result),
    }
}

/// What is known of a run, whatever becomes of it.
#[derive(Default)]
struct Run {
    findings: Findings,
    exit_code: bool,
    jobs: Option<usize>,
    full: bool,
    /// Where the plan is kept, and what was said about settings.
    out: Option<(PathBuf, Flags)>,
    target: String,
    host: String,
    config: Option<Digest>,
    lock: Option<Digest>,
    source: Option<SourceDocument>,
    changes: Vec<BundleChanges>,
    errors: Vec<RunError>,
}

impl Run {
    fn plan(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        let targets = named_targets(settings, named)?;
        let [target] = targets.as_slice() else {
            return Err(Failure::usage(format!("a plan is for one target, and {} are named", targets.len()))
                .hint("run it once for each of them"));
        };
        self.target.clone_from(&target.name);
        self.host = target.host.clone().unwrap_or_default();
        let access = workspaces::access(context, target, profile)
            .map_err(|failure| failure.about(&format!("target `{}`", target.name)))?;
        self.host = access.host().to_string();
        // Before a warehouse is started for the rows: without the CLI they are of no use.
        let cli = LocatedCli::find(&context.environment)?;
        let read = read_rows(context, settings, &targets, profile, &mut self.findings)?;
        let ReadRows::Read(read) = read else { return Err(Failure::found(&self.findings)) };
        self.source = Some(read.document.clone());
        let mut asked = ask(&read.rows, settings, false);
        self.findings.extend(std::mem::take(&mut asked.findings));
        // The bundle holds every target of the settings, so that it is the same whichever of them is planned.
        let everywhere = settings.targets_or(&targets);
        let bases = locked_bases(context, settings, &asked, (&everywhere, &targets), &mut self.findings)?;
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        let digest = |path: &std::path::Path| -> Result<Option<Digest>, Failure> {
            let path = context.environment.directory().join(path);
            Ok(files::read_if_present(&path)?.map(|bytes| Digest::of(&bytes)))
        };
        self.config = settings.file.as_deref().map(digest).transpose()?.flatten();
        self.lock = bases.first().map(|locked| digest(&locked.base.lock)).transpose()?.flatten();
        block_on(context, |interrupt| async move {
            let progress = Progress::new(Arc::clone(&context.printer));
            let (interrupt, progress) = (&interrupt, &progress);
            let recovery = Recovery::default();
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
            let destinations = vec![Destination { target: target.clone(), access }];
            let prepared = prepare(given, bases, destinations, profile, &mut self.findings)
                .await
                .map_err(|Unprepared { failure, .. }| failure)?;
            self.compare(given, cli, target, prepared).await
        })
    }

    /// Puts the packages where the CLI can read them, lets it plan, and says what that means.
    async fn compare(
        &mut self,
        given: Given<'_>,
        cli: LocatedCli,
        target: &Target,
        prepared: Prepared<'_>,
    ) -> Result<(), Failure> {
        let Given { context, settings, read, interrupt, progress, .. } = given;
        let Prepared { bases, reached } = prepared;
        let Some(reached) = reached.into_iter().next() else { return Ok(()) };
        let Some(PlacedBase { base, desired, .. }) = bases.get(reached.base) else { return Ok(()) };
        let placement = PlacementDocument::new(&base.lock, &desired.tally, &desired.lock);
        context.printer.say(&placement.line());
        let identity =
            reached.client.access().child_environment(&context.environment, &reached.client).await?;
        let mut projects = Vec::new();
        for (package, bundle) in desired.packages.iter().zip(&desired.layout.bundles) {
            let there = package.compare(&base.output_dir)?;
            projects.push(ProjectBundle::new(package, &there, bundle.tables())?);
        }
        let mut sites = [Site {
            target: reached.target.name,
            client: reached.client,
            identity,
            paths: reached.paths,
            me: reached.me,
            facts: reached.facts,
            projects,
            locks: reached.locks,
            unfinished: reached.unfinished,
        }];
        let mut recognised = recognise_all(&context.environment, &sites, self.full).await?;
        doubt_unfinished(&sites, &[TakeOver::default()], &mut recognised);
        tell_doubts(context, &sites, &recognised);
        let scratch = tempfile::tempdir()?;
        let in_doubt: Vec<bool> =
            recognised.iter().flatten().map(|recognition| recognition.doubt.is_some()).collect();
        let staged = sites.iter_mut().flat_map(|site| &mut site.projects).zip(&desired.packages);
        for ((project, package), in_doubt) in staged.zip(&in_doubt) {
            if *in_doubt {
                project.folder = stage(package, &base.output_dir, scratch.path(), &target.name)?;
            }
        }
        let rows = self.source.as_ref().and_then(table_version);
        let cli = if in_doubt.contains(&true) {
            let constraint = &settings.databricks_cli_version;
            Some(cli.check(&context.environment, constraint, interrupt).await?)
        } else {
            None
        };
        let planned = match &cli {
            None => as_left(&sites, recognised),
            Some(cli) => {
                context.printer.detail(&format!(
                    "databricks CLI {} at {}",
                    cli.version,
                    cli.program.display()
                ));
                let session = Session {
                    cli,
                    environment: &context.environment,
                    interrupt,
                    watch: progress,
                    budget: Budget::new(self.jobs, Machine::here()),
                    keep_going: false,
                    verify_plan: false,
                    source: rows.clone(),
                    journal: None,
                    history: None,
                    scratch: scratch.path(),
                };
                plan_all(&session, &sites, recognised).await
            }
        };
        let failed: Vec<(&PlannedProject<'_>, &DeployError)> = planned
            .iter()
            .flat_map(|target| &target.projects)
            .filter_map(|planned| Some((planned, planned.plan.as_ref().err()?)))
            .collect();
        for (planned, error) in &failed {
            tell(&context.printer, error);
            self.errors.push(run_error(format!("project {}", planned.project.name), error));
        }
        if let Some((_, error)) = failed.first() {
            return Err(failure_of(error));
        }
        let resolution = Resolution::new(&read.rows, settings);
        self.changes = planned
            .iter()
            .flat_map(|planned| compare(target, &desired.layout, planned, rows.as_ref(), &resolution))
            .collect();
        if let (Some((path, flags)), Some(cli), [planned]) = (&self.out, &cli, planned.as_slice()) {
            let inputs = saved::inputs(context, settings, Some(&base.lock), read)?;
            saved::write(context, path, planned, &cli.version.to_string(), flags.clone(), inputs)?;
        }
        for bundle in &mut self.changes {
            let findings = std::mem::take(&mut bundle.findings);
            self.findings.extend(findings.into_iter().map(|finding| finding.for_target(&target.name)));
        }
        Ok(())
    }

    fn finish(
        mut self,
        context: &Context,
        settings: &Settings,
        reports: &ReportArguments,
        result: Result<(), Failure>,
    ) -> Result<u8, Failure> {
        let findings = std::mem::take(&mut self.findings).sorted();
        let printer = &context.printer;
        printer.text(&findings_text(&findings));
        let inputs = PlanInputs { config: self.config, lock: self.lock, source: self.source.as_ref() };
        let mut document = PlanDocument::new((&self.target, &self.host), inputs, &self.changes, &findings);
        if let Err(failure) = &result {
            document = document.with_error(failure.message(), failure.hints());
        }
        let is_changed = self.changes.iter().any(|bundle| !bundle.is_empty());
        let result = result.map(|()| match (findings.has_errors(), self.exit_code && is_changed) {
            (true, _) => status::FAILED,
            (false, true) => status::CHANGES,
            (false, false) => 0,
        });
        match (context.output, &result) {
            (OutputFormat::Json, _) => printer.json(&document),
            (OutputFormat::Text, Ok(_)) => printer.data(&document.text(printer.is_verbose())),
            (OutputFormat::Text, Err(_)) => {}
        }
        let ending = Ending { command: "plan", findings: &findings, errors: self.errors, settings };
        reports.write(context, &document, ending, result)
    }
}

/// What ended it, once the errors themselves are told.
fn failure_of(error: &DeployError) -> Failure {
    const MESSAGE: &str = "there is no plan";
    if error.is_unreachable() { Failure::unreachable(MESSAGE) } else { Failure::work(MESSAGE) }
}
