//! `tapworks check`

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::configuration::ConfigurationArguments;
use super::deploy::{named_targets, paths};
use super::failure::{Failure, status};
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::source::{Read, ReadRows, read_rows};
use super::today::today;
use super::workspaces::{self, Requests, connect};
use super::{Context, OutputFormat};
use crate::bundle::{vanished, vanished_bundles};
use crate::closest::did_you_mean;
use crate::deploy::DatabricksCli;
use crate::desired::{Desired, desired};
use crate::event::{Ended, Event, Step, Watch as _};
use crate::finding::{Findings, Place, rule, rules};
use crate::interrupt::Interrupt;
use crate::preflight::{
    BundlePaths, LIVE_RULES, Question, Selection, Verdict, examine, judge_cli, judge_schedules, not_examined,
};
use crate::report::{CheckDocument, CheckedTarget, Progress, RunError, SourceDocument};
use crate::settings::{Settings, Skip, Target};
use crate::source::SourceSpec;
use crate::workspace::Client;

/// Say what would stand in the way of a deploy, before it starts; changes nothing
///
/// Judges the rows, then each target's workspace: names that are taken, what is
/// deployed already and changed since, whose state lies where, who is named.
/// What this identity may not see is listed as skipped, never as passed.
///
///     tapworks check --source tables.csv --target prod
///     tapworks check --offline
///     tapworks check --skip TW303 --reason "moved by June" --until 2026-06-30
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The target to look at; repeatable
    #[arg(short, long, value_name = "NAME", env = "TAPWORKS_TARGET", value_delimiter = ',')]
    target: Vec<String>,
    /// The profile of .databrickscfg to use for every target
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Judge the rows and settings only: no network, no credentials
    #[arg(long)]
    offline: bool,
    /// Judge these rules only; repeatable
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    only: Vec<String>,
    /// Leave this rule out, for the reason of --reason; repeatable. Errors in the rows themselves stay
    #[arg(long, value_name = "RULE", value_delimiter = ',', requires = "reason", help_heading = "Rules")]
    skip: Vec<String>,
    /// Why the rules of --skip are left out
    #[arg(long, value_name = "TEXT", requires = "skip", help_heading = "Rules")]
    reason: Option<String>,
    /// The last day on which they are, as 2026-12-31
    #[arg(long, value_name = "DATE", requires = "skip", help_heading = "Rules")]
    until: Option<String>,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, profile, offline, only, skip, reason, until, reports } = arguments;
    let (settings, findings) = configuration.resolve(&target, &context.environment)?;
    let reports = reports.check(context, &settings)?;
    let only = only.iter().map(|id| known(id)).collect::<Result<Vec<_>, _>>()?;
    let skips = told_skips(&skip, reason, until)?;
    let (selection, ended) = Selection::new(only, skips.into_iter().chain(settings.skip.clone()), today());
    let mut run = Run { offline, selection, targets: Vec::new(), source: None, verdict: Verdict::default() };
    run.verdict.findings = findings;
    let outcome = match run.check(context, &settings, &target, profile.as_deref()) {
        Err(failure) if failure.is_usage() && !run.verdict.findings.has_errors() => return Err(failure),
        // What is wrong in the settings is the cause, that nothing usable is named only follows from it.
        Err(failure) if failure.is_usage() => Ok(()),
        result => result,
    };
    run.finish(context, &settings, &reports, ended, outcome)
}

/// What is known of a run, whatever becomes of it.
struct Run {
    offline: bool,
    selection: Selection,
    targets: Vec<CheckedTarget>,
    source: Option<SourceDocument>,
    verdict: Verdict,
}

/// What the looks at the workspaces share.
#[derive(Clone, Copy)]
struct Given<'a> {
    context: &'a Context,
    read: &'a Read,
    desired: &'a Desired,
    everywhere: &'a [&'a Target],
    vanished: &'a [String],
    selection: &'a Selection,
    interrupt: &'a Interrupt,
}

/// How many targets are looked at side by side; how many requests are really under way the run's limit decides.
const TARGETS_AT_A_TIME: usize = 64;

impl Run {
    fn check(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        self.verdict.cover(None, rules().map(|rule| rule.id).filter(|id| id.starts_with("TW1")));
        let targets = named_targets(settings, named)?;
        self.targets = targets.iter().map(|it| CheckedTarget::new(&it.name, it.mode.as_str())).collect();
        let from_a_table = settings.source.as_ref().is_some_and(|it| matches!(it.spec, SourceSpec::Table(_)));
        if self.offline && from_a_table {
            return Err(Failure::usage("a table list in a workspace cannot be read with --offline")
                .hint("name a file with --source, or leave --offline away"));
        }
        let read = read_rows(context, settings, &targets, profile, &mut self.verdict.findings)?;
        let ReadRows::Read(read) = read else {
            self.rows_are_wrong(&targets);
            return Ok(());
        };
        self.source = Some(read.document.clone());
        let targets = targets.as_slice();
        let everywhere = settings.targets_or(targets);
        let here: Vec<&Target> = targets.iter().collect();
        let mut desired = desired(&read.rows, settings, &everywhere, &here, false);
        self.verdict.findings.extend(std::mem::take(&mut desired.findings));
        if desired.packages.is_empty() {
            self.rows_are_wrong(targets);
            return Ok(());
        }
        self.verdict.cover(None, rules().map(|rule| rule.id).filter(|id| id.starts_with("TW2")));
        self.verdict.findings.extend(vanished(&settings.output_dir, &desired.packages)?);
        let vanished = vanished_bundles(&settings.output_dir, &desired.packages)?;
        let place = |row: u32| Some(read.rows.place(row, None));
        for target in targets {
            self.verdict.join(judge_schedules(&desired.layout, target, &place));
        }
        if self.offline {
            self.verdict.skip(None, "TW350", "--offline");
            for target in targets {
                self.verdict.join(not_examined(&target.name, "--offline"));
            }
            return Ok(());
        }
        block_on(context, |interrupt| async move {
            if self.selection.wants("TW350") {
                let cli =
                    DatabricksCli::find(&context.environment, &settings.databricks_cli_version, &interrupt)
                        .await;
                self.verdict.join(judge_cli(cli.err().map(|error| (error.to_string(), error.hint()))));
            }
            if !self.selection.wants_any(LIVE_RULES) {
                return Ok(());
            }
            let selection = self.selection.clone();
            let given = Given {
                context,
                read: &read,
                desired: &desired,
                everywhere: &everywhere,
                vanished: &vanished,
                selection: &selection,
                interrupt: &interrupt,
            };
            self.look(given, targets, profile).await
        })
    }

    /// What is judged of pipelines and workspaces needs rows that make sense.
    fn rows_are_wrong(&mut self, targets: &[Target]) {
        const WHY: &str = "the rows or settings have errors, which come first";
        for id in rules().map(|rule| rule.id).filter(|id| id.starts_with("TW2")) {
            if !self.verdict.findings.iter().any(|finding| finding.rule == id) {
                self.verdict.skip(None, id, WHY);
            }
        }
        self.verdict.skip(None, "TW350", WHY);
        for target in targets {
            self.verdict.join(not_examined(&target.name, WHY));
        }
    }

    /// Looks at every target; one that cannot be looked at keeps nobody from the others.
    async fn look(
        &mut self,
        given: Given<'_>,
        targets: &[Target],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        let progress = Progress::new(Arc::clone(&given.context.printer));
        let reached: Vec<Result<Reached<'_>, Failure>> = stream::iter(targets.iter().zip(&mut self.targets))
            .map(|(target, checked)| reach(given, &progress, target, profile, checked))
            .buffered(TARGETS_AT_A_TIME)
            .collect()
            .await;
        let place = |row: u32| Some(given.read.rows.place(row, None));
        let questions: Vec<Question<'_>> = reached
            .iter()
            .flatten()
            .map(|reached| Question {
                client: &reached.client,
                target: reached.target,
                layout: &given.desired.layout,
                everywhere: given.everywhere,
                connectors: &given.desired.connectors,
                paths: &reached.paths,
                selection: given.selection,
                place: &place,
            })
            .collect();
        let examined = examine(&questions).await;
        drop(questions);
        self.verdict.join(examined.together);
        let mut verdicts = examined.targets.into_iter();
        let mut failed = None;
        for ((target, reached), checked) in targets.iter().zip(reached).zip(&mut self.targets) {
            let judged = reached.and_then(|reached| {
                self.verdict.findings.extend(reached.unresolved);
                verdicts.next().unwrap_or_else(|| Ok(Verdict::default())).map_err(Failure::from)
            });
            let ended = if judged.is_ok() { Ended::Well } else { Ended::Badly };
            progress.tell(Event::StepFinished(step(target), ended));
            match judged {
                Ok(verdict) => self.verdict.join(verdict),
                Err(failure) => {
                    checked.failed(failure.message(), failure.hints());
                    self.verdict.join(not_examined(&target.name, "its workspace did not answer"));
                    failed = failed.or(Some(failure.about(&format!("target `{}`", target.name))));
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn finish(
        self,
        context: &Context,
        settings: &Settings,
        reports: &ReportArguments,
        ended: Findings,
        outcome: Result<(), Failure>,
    ) -> Result<u8, Failure> {
        let mut verdict = self.selection.apply(self.verdict);
        verdict.findings.extend(ended);
        let verdict = verdict.sorted();
        let requests = context.network.requests();
        let mut document = CheckDocument::new(&self.targets, self.source.as_ref(), &verdict, requests);
        if let Err(failure) = &outcome {
            document = document.with_error(failure.message(), failure.hints());
        }
        match context.output {
            OutputFormat::Json => context.printer.json(&document),
            OutputFormat::Text => context.printer.data(&document.text()),
        }
        let found = if verdict.findings.has_errors() { status::FAILED } else { 0 };
        let errors: Vec<RunError> = Vec::new();
        let ending = Ending { command: "check", findings: &verdict.findings, errors, settings };
        reports.write(context, &document, ending, outcome.map(|()| found))
    }
}

/// A target whose workspace answers.
struct Reached<'a> {
    target: &'a Target,
    client: Client,
    paths: BTreeMap<String, BundlePaths>,
    /// What is to be said of paths that cannot be told.
    unresolved: Findings,
}

fn step(target: &Target) -> Step<'_> {
    Step { target: &target.name, project: None, name: "checks" }
}

async fn reach<'a>(
    given: Given<'_>,
    progress: &Progress,
    target: &'a Target,
    profile: Option<&str>,
    checked: &mut CheckedTarget,
) -> Result<Reached<'a>, Failure> {
    let Given { context, desired, vanished, interrupt, .. } = given;
    let title = format!("{}  {}", target.name, step(target).name);
    progress.tell(Event::StepStarted(step(target)));
    let access = workspaces::access(context, target, profile)?;
    checked.lies_at(&access.host().to_string());
    let client = connect(context, access, interrupt, Requests::shown_on(progress, title))?;
    let me = client.me().await?;
    checked.reached_as(&me.user_name);
    let mode = target.mode.as_str();
    context.printer.say(&format!("{}  {}  mode {mode}  as {}", target.name, client.host(), me.user_name));
    let bundles = desired.layout.bundles.iter().map(|bundle| bundle.name.as_str());
    let bundles = bundles.chain(vanished.iter().map(String::as_str));
    let mut unresolved = Findings::new();
    let paths = paths(target, &me, bundles, &mut unresolved);
    Ok(Reached { target, client, paths, unresolved })
}

/// The rule of this id, as the registry writes it.
fn known(id: &str) -> Result<&'static str, Failure> {
    let id = id.trim();
    match rule(id) {
        Some(rule) => Ok(rule.id),
        None => {
            let hint = did_you_mean(id, rules().map(|rule| rule.id));
            Err(Failure::usage(format!("there is no rule `{id}`{hint}"))
                .hint("rules are named as findings show them, as TW301"))
        }
    }
}

/// What `--skip`, `--reason` and `--until` say.
fn told_skips(ids: &[String], reason: Option<String>, until: Option<String>) -> Result<Vec<Skip>, Failure> {
    let reason = reason.unwrap_or_default().trim().to_owned();
    if !ids.is_empty() && reason.is_empty() {
        return Err(Failure::usage("--reason is blank").hint("say why the rules may be left out"));
    }
    let until = match until {
        None => None,
        Some(text) => Some(Skip::day(&text).ok_or_else(|| {
            Failure::usage(format!("--until `{text}` is no day")).hint("write it as 2026-12-31")
        })?),
    };
    let place = Place::Argument { flag: "--skip".to_owned() };
    ids.iter()
        .map(|id| Ok(Skip { rule: known(id)?, reason: reason.clone(), until, place: place.clone() }))
        .collect()
}
