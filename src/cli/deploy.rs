//! `tapworks deploy`

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::configuration::ConfigurationArguments;
use super::failure::Failure;
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::source::{Read, ReadRows, read_rows};
use super::today::today;
use super::workspaces::{self, Requests, connect};
use super::{Context, OutputFormat};
use crate::bundle::{Package, Written, vanished};
use crate::deploy::{
    DatabricksCli, DeployError, Outcome, ProjectBundle, Session, Site, Status, TargetOutcome, apply_all,
    plan_all,
};
use crate::desired::{Desired, desired};
use crate::event::{Ended, Event, Step, Watch as _};
use crate::finding::{Finding, Findings, Place};
use crate::interrupt::Interrupt;
use crate::preflight::{BundlePaths, Question, Selection, examine, judge_schedules};
use crate::report::{DeployDocument, Progress, RunError, SourceDocument, deploy_details, findings_text};
use crate::settings::{Settings, Target};
use crate::workspace::{Access, Me};

/// Bring a table list to deployed pipelines: read, check, plan, deploy, read back
///
/// Every target is reached, checked and planned before the first is written.
/// A deploy that would delete or recreate a pipeline is refused.
///
///     tapworks deploy --source main.cfg.tables --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// Where to deploy; repeatable, in this order
    #[arg(short, long, value_name = "NAME", env = "TAPWORKS_TARGET", value_delimiter = ',')]
    target: Vec<String>,
    /// The profile of .databrickscfg to use for every target
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, profile, reports } = arguments;
    let (settings, findings) = configuration.resolve(&target, &context.environment)?;
    let reports = reports.check(context, &settings)?;
    let mut run = Run { outcome: Outcome { targets: Vec::new() }, source: None, findings };
    match run.deploy(context, &settings, &target, profile.as_deref()) {
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
struct Run {
    outcome: Outcome,
    source: Option<SourceDocument>,
    findings: Findings,
}

/// What the steps of a run work with.
#[derive(Clone, Copy)]
struct Given<'a> {
    context: &'a Context,
    settings: &'a Settings,
    cli: &'a DatabricksCli,
    read: &'a Read,
    desired: &'a Desired,
    interrupt: &'a Interrupt,
}

/// A target and how to reach it.
struct Destination {
    target: Target,
    access: Access,
}

impl Run {
    fn deploy(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<Option<i32>, Failure> {
        let targets = named_targets(settings, named)?;
        for target in &targets {
            let host = target.host.clone().unwrap_or_default();
            self.outcome.targets.push(TargetOutcome::new(&target.name, &host, Status::Skipped));
        }
        let destinations = self.destinations(context, &targets, profile)?;
        // Before a warehouse is started for the rows: without the CLI they are of no use.
        let cli = block_on(context, |interrupt| async move {
            let constraint = &settings.databricks_cli_version;
            Ok(DatabricksCli::find(&context.environment, constraint, &interrupt).await?)
        })?;
        context.printer.detail(&format!("databricks CLI {} at {}", cli.version, cli.program.display()));
        let read = read_rows(context, settings, &targets, profile, &mut self.findings)?;
        let ReadRows::Read(read) = read else { return Err(Failure::found(&self.findings)) };
        self.source = Some(read.document.clone());
        // The bundle holds every target of the settings, so that it is the same whichever of them is deployed.
        let everywhere = settings.targets_or(&targets);
        let here: Vec<&Target> = targets.iter().collect();
        let mut desired = desired(&read.rows, settings, &everywhere, &here, false);
        self.findings.extend(std::mem::take(&mut desired.findings));
        self.findings.extend(vanished(&settings.output_dir, &desired.packages)?);
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        block_on(context, |interrupt| async move {
            let given =
                Given { context, settings, cli: &cli, read: &read, desired: &desired, interrupt: &interrupt };
            self.outcome = self.reach(&given, destinations).await?;
            Ok(interrupted_in(&self.outcome, &interrupt))
        })
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

    /// From here on workspaces are asked, and at the very end written to.
    async fn reach(&mut self, given: &Given<'_>, destinations: Vec<Destination>) -> Result<Outcome, Failure> {
        let Given { context, settings, desired, interrupt, .. } = *given;
        let progress = Progress::new(Arc::clone(&context.printer));
        let checks = stream::iter(destinations)
            .map(|destination| check(given, &progress, destination))
            .buffered(TARGETS_AT_A_TIME);
        let checked: Vec<_> = checks.collect().await;
        let mut sites = Vec::new();
        let mut failed = None;
        for (outcome, checked) in self.outcome.targets.iter_mut().zip(checked) {
            match checked {
                Ok((site, findings)) => {
                    self.findings.extend(findings);
                    sites.push(site);
                }
                Err(failure) => {
                    outcome.status = Status::Failed;
                    failed = failed.or(Some(failure.about(&format!("target `{}`", outcome.target))));
                }
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        if self.findings.has_errors() {
            for target in &mut self.outcome.targets {
                if self.findings.iter().any(|finding| finding.target.as_ref() == Some(&target.target)) {
                    target.status = Status::Failed;
                }
            }
            return Err(Failure::found(&self.findings));
        }
        // All are looked at before the first is written: what stands in the way of one stops it all.
        let compare = |package: &Package| package.compare(&settings.output_dir);
        let compared: Vec<Written> = desired.packages.iter().map(compare).collect::<Result<_, _>>()?;
        let mut projects = Vec::new();
        for (package, written) in desired.packages.iter().zip(compared) {
            package.apply(&written)?;
            context.printer.detail(&format!("bundle {}", written.folder.display()));
            projects.push(ProjectBundle { name: package.project().to_owned(), folder: written.folder });
        }
        let scratch = tempfile::tempdir()?;
        let session = Session {
            cli: given.cli,
            environment: &context.environment,
            interrupt,
            watch: &progress,
            parallel_projects: parallel_projects(),
            scratch: scratch.path(),
        };
        let planned = plan_all(&session, &sites, &projects).await;
        Ok(apply_all(&session, planned).await)
    }

    fn finish(
        self,
        context: &Context,
        settings: &Settings,
        reports: &ReportArguments,
        result: Result<Option<i32>, Failure>,
    ) -> Result<u8, Failure> {
        let Self { outcome, source, mut findings } = self;
        for target in &outcome.targets {
            findings.extend(target.projects.iter().flat_map(|project| refusals(&target.target, project)));
        }
        let findings = findings.sorted();
        let printer = &context.printer;
        printer.text(&findings_text(&findings));
        for error in outcome.targets.iter().flat_map(TargetOutcome::errors) {
            printer.error(&error.to_string(), &error.hints());
            printer.text(&indented(&deploy_details(error)));
        }
        let mut document = DeployDocument::new(&outcome, source.as_ref(), &findings);
        if let Err(failure) = &result {
            document = document.with_error(failure.message(), failure.hints());
        }
        let status = match &result {
            Ok(Some(signal)) => super::failure::signal_status(*signal),
            Ok(None) => outcome.exit_status(),
            Err(failure) => failure.exit_status(),
        };
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

/// How many targets are looked at side by side; how many requests are really under way the run's limit decides.
const TARGETS_AT_A_TIME: usize = 64;

/// Who are we there, and is anything in the way?
async fn check(
    given: &Given<'_>,
    progress: &Progress,
    destination: Destination,
) -> Result<(Site, Findings), Failure> {
    let Given { context, settings, read, desired, interrupt, .. } = *given;
    let Destination { target, access } = destination;
    let step = Step { target: &target.name, project: None, name: "checks" };
    let title = format!("{}  {}", step.target, step.name);
    progress.tell(Event::StepStarted(step));
    let client = connect(context, access, interrupt, Requests::shown_on(progress, title))?;
    let mut findings = Findings::new();
    let checked = async {
        let me = client.me().await?;
        introduce(context, &target, &client, &me);
        let bundles = desired.layout.bundles.iter().map(|bundle| bundle.name.as_str());
        let paths = paths(&target, &me, bundles, &mut findings);
        say_roots(context, &target.name, &paths);
        let place = |row: u32| Some(read.rows.place(row, None));
        let (selection, ended) = Selection::new(Vec::new(), settings.skip.clone(), today());
        findings.extend(ended);
        let everywhere: Vec<&Target> = settings.targets.values().collect();
        let question = Question {
            client: &client,
            target: &target,
            layout: &desired.layout,
            everywhere: &everywhere,
            connectors: &desired.connectors,
            paths: &paths,
            selection: &selection,
            place: &place,
        };
        let examined = examine(&[question]).await;
        let schedules = judge_schedules(&desired.layout, &target, &place);
        findings.extend(selection.apply(schedules).findings);
        // A target that is not looked at is judged by its address alone.
        findings.extend(examined.together.findings);
        for verdict in examined.targets {
            findings.extend(verdict?.into_findings());
        }
        let identity = client.access().child_environment(&context.environment, &client).await?;
        Ok::<_, Failure>((paths, identity))
    }
    .await;
    let ended = if checked.is_ok() { Ended::Well } else { Ended::Badly };
    progress.tell(Event::StepFinished(step, ended));
    let (paths, identity) = checked?;
    Ok((Site { target: target.name, client, identity, paths }, findings))
}

/// Says where a target lies before anything happens there.
fn introduce(context: &Context, target: &Target, client: &crate::workspace::Client, me: &Me) {
    let mode = target.mode.as_str();
    context.printer.say(&format!("{}  {}  mode {mode}  as {}", target.name, client.host(), me.user_name));
}

pub(super) fn paths<'a>(
    target: &Target,
    me: &Me,
    bundles: impl Iterator<Item = &'a str>,
    findings: &mut Findings,
) -> BTreeMap<String, BundlePaths> {
    let mut paths = BTreeMap::new();
    for bundle in bundles {
        match BundlePaths::resolve(bundle, target, &me.user_name, &me.short_name()) {
            Ok(found) => {
                paths.insert(bundle.to_owned(), found);
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

/// What went wrong, target by target.
fn run_errors(outcome: &Outcome) -> Vec<RunError> {
    let error = |about: String, error: &DeployError| {
        let details = deploy_details(error);
        let message = error.to_string();
        let message = if details.is_empty() { message } else { format!("{message}\n{}", details.trim_end()) };
        RunError { about, message, hints: error.hints() }
    };
    let mut errors = Vec::new();
    for target in &outcome.targets {
        let name = &target.target;
        errors.extend(target.error.iter().map(|told| error(format!("target {name}"), told)));
        for project in &target.projects {
            let about = format!("target {name}, project {}", project.name);
            errors.extend(project.error.iter().map(|told| error(about.clone(), told)));
        }
    }
    errors
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

/// The findings that say why a project is refused.
fn refusals<'a>(
    target: &'a str,
    project: &'a crate::deploy::ProjectOutcome,
) -> impl Iterator<Item = Finding> + 'a {
    project.destructive.iter().map(move |destructive| {
        let tables = match destructive.tables {
            0 => String::new(),
            count => format!(" with {}", crate::text::plural(count, "table")),
        };
        let word = if destructive.action == "delete" { "deleted" } else { "deleted and created again" };
        let finding = Finding::error("TW401", format!("{}{tables} would be {word}", destructive.resource))
            .for_target(target)
            .at(Place::Resource { key: format!("project {}", project.name) });
        if destructive.causes.is_empty() {
            finding
                .why("no row asks for it any more; deleting a pipeline can take its tables with it")
                .fix("put its rows back; consent to a deletion by name is not offered yet")
        } else {
            finding
                .why(format!(
                    "{}; every table behind it would be read again in full",
                    destructive.causes.join("; ")
                ))
                .fix("undo that change; consent to a recreation by name is not offered yet")
        }
    })
}

/// Says where the bundles' state lies: whoever deploys to another place makes a second copy.
fn say_roots(context: &Context, target: &str, paths: &BTreeMap<String, BundlePaths>) {
    const SHOWN: usize = 3;
    for paths in paths.values().take(SHOWN) {
        context.printer.say(&format!("  {target}  root {}", paths.root));
    }
    if paths.len() > SHOWN {
        context
            .printer
            .say(&format!("  {target}  and {} more", crate::text::plural(paths.len() - SHOWN, "root")));
    }
}

fn interrupted_in(outcome: &Outcome, interrupt: &Interrupt) -> Option<i32> {
    let interrupted = outcome.targets.iter().flat_map(TargetOutcome::errors).any(DeployError::is_interrupted);
    let unfinished = outcome.targets.iter().any(|target| {
        matches!(target.status, Status::Skipped | Status::PartlyDeployed)
            || target.projects.iter().any(|project| project.status == Status::Skipped)
    });
    interrupt.signal().filter(|_| interrupted || unfinished)
}

/// Each project takes two processes of the CLI while it is planned, each of which keeps one core busy.
fn parallel_projects() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}\n")).collect()
}
