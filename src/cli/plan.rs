//! `tapworks plan`

use std::path::PathBuf;
use std::sync::Arc;

use super::configuration::{ConfigurationArguments, resolve};
use super::consent::ApprovalsArguments;
use super::failure::{Failure, status};
use super::input::{Input, InputRequest};
use super::named_targets::named_targets;
use super::prepare::{Destination, Given, PlacedBase, Prepared, Unprepared, prepare};
use super::recovery::Recovery;
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::saved;
use super::sites::{SiteBase, Sites};
use super::today::today;
use super::workspaces;
use super::{Context, OutputFormat};
use crate::deploy::{
    Budget, DeployError, LocatedCli, PlannedProject, Session, as_left, compare, plan_all, stage,
};
use crate::finding::Findings;
use crate::machine::Machine;
use crate::plan::{Approval, BundleChanges, Consents, Inputs, Judged, judge};
use crate::preflight::Selection;
use crate::report::{PlacementDocument, PlanDocument, PlanInputs, Progress, RunError, SourceDocument};
use crate::settings::{Flags, Settings, Target};
use crate::table::Resolution;

/// Show what a deploy would change, in tables: what is new, moved, read again in full or lost, and why
///
/// Reads the rows and the workspace; writes neither to the workspace nor to the
/// lock nor to the folder for bundles. What a deploy of this needs consent for is
/// listed with the flags that give it, and what approvals give already.
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
    approvals: ApprovalsArguments,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, profile, exit_code, jobs, full, out, approvals, reports } =
        arguments;
    let flags = Flags { profile: profile.clone(), ..configuration.flags(&target) };
    let (settings, findings) = resolve(flags.clone(), &context.environment)?;
    let full = full || out.is_some();
    let written: Vec<_> = out.iter().map(|path| ("--out", path.as_path())).collect();
    let reports = reports.check(context, &settings, &written)?;
    let out = out.map(|path| (path, flags));
    let mut run =
        Run { findings, exit_code, jobs: jobs.map(usize::from), full, out, approvals, ..Run::default() };
    match run
        .plan(context, &settings, &target, profile.as_deref())
        .map_err(|failure| failure.behind(&run.findings))
    {
        Err(failure) if failure.is_usage() => Err(failure),
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
    /// What it is made from.
    inputs: Option<Inputs>,
    source: Option<SourceDocument>,
    changes: Vec<BundleChanges>,
    approvals: ApprovalsArguments,
    /// What of it was consented to already, and what was not.
    judged: Judged,
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
        let approvals = self.approvals.read(context, settings, &[&target.name])?;
        self.target.clone_from(&target.name);
        self.host = target.host.clone().unwrap_or_default();
        let access = workspaces::access(context, target, profile)
            .map_err(|failure| failure.about(&format!("target `{}`", target.name)))?;
        self.host = access.host().to_string();
        // Before a warehouse is started for the rows: without the CLI they are of no use.
        let cli = LocatedCli::find(&context.environment)?;
        let request = InputRequest { context, settings, targets: &targets, profile, version: None };
        let input = request.read(&mut self.findings, &mut self.source)?;
        let Some(Input { read, asked, bases }) = input else { return Err(Failure::found(&self.findings)) };
        let lock = bases.first().map(|locked| &locked.lock);
        self.inputs = Some(saved::inputs(context, settings, lock, &read)?);
        block_on(context, |interrupt| async move {
            let progress = Progress::new(Arc::clone(&context.printer));
            let (interrupt, progress) = (&interrupt, &progress);
            let recovery = Recovery::default();
            let (selection, ended) = Selection::new(Vec::new(), settings.skip.clone(), today());
            self.findings.extend(ended);
            let (read, asked, selection) = (&*read, &asked, &selection);
            let given = Given { context, settings, read, asked, selection, interrupt, progress, recovery };
            let destinations = vec![Destination { target: target.clone(), access }];
            let prepared = prepare(given, bases, destinations, profile, &mut self.findings)
                .await
                .map_err(|Unprepared { failure, .. }| failure)?;
            self.compare(given, cli, target, prepared, approvals).await
        })
    }

    /// Puts the packages where the CLI can read them, lets it plan, and says what that means.
    async fn compare(
        &mut self,
        given: Given<'_>,
        cli: LocatedCli,
        target: &Target,
        prepared: Prepared<'_>,
        approvals: (Vec<Approval>, Findings),
    ) -> Result<(), Failure> {
        let Given { context, settings, read, interrupt, progress, .. } = given;
        let mut sites = Sites::of(context, prepared).await?;
        let recognised = sites.recognise(given, self.full).await?;
        let [SiteBase { placed: PlacedBase { base, desired, .. }, .. }] = sites.bases.as_slice() else {
            return Ok(());
        };
        let placement = PlacementDocument::new(&base.lock, &desired.tally, &desired.lock);
        context.printer.say(&placement.line(true));
        let scratch = tempfile::tempdir()?;
        let in_doubt: Vec<bool> =
            recognised.iter().flatten().map(|recognition| recognition.doubt.is_some()).collect();
        let staged = sites.sites.iter_mut().flat_map(|site| &mut site.projects).zip(&desired.packages);
        for ((project, package), in_doubt) in staged.zip(&in_doubt) {
            if *in_doubt {
                project.folder =
                    stage(&context.environment, package, &base.output_dir, scratch.path(), &target.name)?;
            }
        }
        let rows = self.source.as_ref().and_then(SourceDocument::table_version);
        let cli = if in_doubt.contains(&true) {
            let constraint = &settings.databricks_cli_version;
            Some(cli.check(&context.environment, constraint, interrupt).await?)
        } else {
            None
        };
        let planned = match &cli {
            None => as_left(&sites.sites, recognised),
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
                plan_all(&session, &sites.sites, recognised).await
            }
        };
        let failed: Vec<(&PlannedProject<'_>, &DeployError)> = planned
            .iter()
            .flat_map(|target| &target.projects)
            .filter_map(|planned| Some((planned, planned.plan.as_ref().err()?)))
            .collect();
        for (planned, error) in &failed {
            context.printer.deploy_error(error);
            self.errors.push(RunError::of_deploy(format!("project {}", planned.project.name), error));
        }
        if let Some((_, error)) = failed.first() {
            return Err(failure_of(error));
        }
        let resolution = Resolution::new(&read.rows, settings);
        self.changes = planned
            .iter()
            .flat_map(|planned| compare(target, &desired.layout, planned, rows.as_ref(), &resolution))
            .collect();
        if let (Some((path, flags)), Some(inputs), Some(cli), [planned]) =
            (&self.out, &self.inputs, &cli, planned.as_slice())
        {
            let inputs = Inputs { lock_after: Some(desired.lock.lock.places()), ..inputs.clone() };
            saved::write(context, path, planned, &cli.version.to_string(), flags.clone(), inputs)?;
        }
        let (approvals, said) = approvals;
        // What is wrong with them keeps nobody from seeing the plan.
        self.findings.extend(said);
        let needs = self.changes.iter().flat_map(|changes| changes.needs_in(&target.name)).collect();
        let consents = Consents { approvals, ..Consents::default() };
        self.judged = judge(&[&target.name], needs, &consents, today());
        self.findings.extend(std::mem::take(&mut self.judged.findings));
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
        printer.findings(&findings);
        let (config, lock) = self.inputs.map(|inputs| (inputs.settings, inputs.lock)).unwrap_or_default();
        let inputs = PlanInputs { config, lock, source: self.source.as_ref() };
        let mut document = PlanDocument::new((&self.target, &self.host), inputs, &self.changes, &findings)
            .with_consents(&self.judged.granted, &self.judged.missing);
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
