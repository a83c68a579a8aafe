//! `tapworks check`

use std::sync::Arc;

use super::configuration::ConfigurationArguments;
use super::failure::{Failure, status};
use super::input::{Input, InputRequest};
use super::named_targets::{named_targets, offline_targets};
use super::prepare::{
    Contacts, Destination, Given, LockedBase, PlacedBase, look, place, reach, schedules, unanswered,
};
use super::recovery::Recovery;
use super::reports::{Ending, ReportArguments};
use super::runtime::block_on;
use super::today::today;
use super::workspaces;
use super::{Context, OutputFormat};
use crate::closest::did_you_mean;
use crate::deploy::LocatedCli;
use crate::event::Ended;
use crate::finding::{Findings, Place, rule, rules};
use crate::interrupt::Interrupt;
use crate::preflight::{LIVE_RULES, Selection, Verdict, judge_cli, not_examined};
use crate::report::{CheckDocument, CheckedTarget, Progress, RunError, SourceDocument};
use crate::settings::{Settings, Skip, Target};
use crate::source::SourceSpec;

/// Why nothing more is judged where the input itself is wrong.
const ROWS_FIRST: &str = "the rows or settings have errors, which come first";

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
    let reports = reports.check(context, &settings, &[])?;
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

impl Run {
    fn check(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        let none_named = named.is_empty() && settings.default_target.is_none();
        let targets = if self.offline && none_named {
            offline_targets(settings, named)
        } else {
            named_targets(settings, named)
        };
        let targets = targets.inspect_err(|_| self.unread(&[]))?;
        self.targets = targets.iter().map(|it| CheckedTarget::new(&it.name, it.mode.as_str())).collect();
        let from_a_table = settings.source.as_ref().is_some_and(|it| matches!(it.spec, SourceSpec::Table(_)));
        if self.offline && from_a_table {
            self.unread(&targets);
            return Err(Failure::usage("a table list in a workspace cannot be read with --offline")
                .hint("name a file with --source, or leave --offline away"));
        }
        let request = InputRequest { context, settings, targets: &targets, profile, version: None };
        let input = request
            .read(&mut self.verdict.findings, &mut self.source)
            .inspect_err(|_| self.unread(&targets))?;
        self.verdict.cover(None, rules().map(|rule| rule.id).filter(|id| id.starts_with("TW1")));
        let Some(Input { read, asked, bases }) = input else {
            self.not_judged(&targets, ROWS_FIRST);
            return Ok(());
        };
        let progress = Progress::new(Arc::clone(&context.printer));
        let (selection, progress) = (&self.selection.clone(), &progress);
        let (read, asked) = (&*read, &asked);
        if self.offline {
            let interrupt = &Interrupt::default();
            let recovery = Recovery::default();
            let given = Given { context, settings, read, asked, selection, interrupt, progress, recovery };
            self.place(given, bases, &Contacts::without_asking(&targets), &targets)?;
            self.verdict.skip(None, "TW350", "--offline");
            for target in &targets {
                self.verdict.join(not_examined(&target.name, "--offline"));
            }
            return Ok(());
        }
        let targets = &targets;
        block_on(context, |interrupt| async move {
            let interrupt = &interrupt;
            let recovery = Recovery::default();
            let given = Given { context, settings, read, asked, selection, interrupt, progress, recovery };
            if selection.wants("TW350") {
                let constraint = &settings.databricks_cli_version;
                let cli = async {
                    LocatedCli::find(&context.environment)?
                        .check(&context.environment, constraint, interrupt)
                        .await
                }
                .await;
                self.verdict.join(judge_cli(cli.err().map(|error| (error.to_string(), error.hint()))));
            }
            if selection.wants_any(LIVE_RULES) {
                return self.look(given, bases, targets, profile).await;
            }
            self.place(given, bases, &Contacts::without_asking(targets), targets).map(|_| ())
        })
    }

    /// Places all tables; nothing where the rules for that find errors.
    fn place<'a>(
        &mut self,
        given: Given<'_>,
        bases: Vec<LockedBase<'a>>,
        contacts: &Contacts,
        targets: &[Target],
    ) -> Result<Option<Vec<PlacedBase<'a>>>, Failure> {
        let placed = place(given, bases, contacts, &mut self.verdict.findings)?;
        if self.verdict.findings.has_errors() {
            self.not_judged(targets, ROWS_FIRST);
            return Ok(None);
        }
        self.verdict.cover(None, rules().map(|rule| rule.id).filter(|id| id.starts_with("TW2")));
        self.verdict.join(schedules(given, &placed, targets.iter().map(|target| &target.name)));
        Ok(Some(placed))
    }

    /// Looks at every target; one that does not answer keeps nobody from the others, unless it alone knows where tables lie.
    async fn look(
        &mut self,
        given: Given<'_>,
        bases: Vec<LockedBase<'_>>,
        targets: &[Target],
        profile: Option<&str>,
    ) -> Result<(), Failure> {
        let mut failed = Vec::new();
        let mut destinations = Vec::new();
        for (target, checked) in targets.iter().zip(&mut self.targets) {
            match workspaces::access(given.context, target, profile) {
                Ok(access) => {
                    checked.lies_at(&access.host().to_string());
                    destinations.push(Destination { target: target.clone(), access });
                }
                Err(failure) => failed.push((target.name.clone(), failure)),
            }
        }
        let is_known = bases.iter().all(|base| base.is_complete);
        let mut contacts = reach(given, &bases, destinations, profile, &mut self.verdict.findings).await;
        failed.append(&mut contacts.failed);
        for (name, identity) in contacts.reached() {
            if let Some(checked) = self.targets.iter_mut().find(|checked| checked.is(name)) {
                checked.reached_as(identity);
            }
        }
        if !failed.is_empty() && !is_known {
            contacts.finish(given, Ended::Badly);
            self.not_judged(targets, "where tables lie is not known: a target did not answer");
            return self.unanswered(failed);
        }
        let Some(placed) = self.place(given, bases, &contacts, targets)? else {
            contacts.finish(given, Ended::Well);
            return if failed.is_empty() { Ok(()) } else { self.unanswered(failed) };
        };
        let mut looked = look(given, &placed, contacts).await;
        failed.append(&mut looked.failed);
        self.verdict.join(looked.verdict);
        for (target, _) in &failed {
            self.verdict.join(not_examined(target, "its workspace did not answer"));
        }
        if failed.is_empty() { Ok(()) } else { self.unanswered(failed) }
    }

    /// Says of each target why it could not be looked at.
    fn unanswered(&mut self, failed: Vec<(String, Failure)>) -> Result<(), Failure> {
        for (name, failure) in &failed {
            if let Some(checked) = self.targets.iter_mut().find(|checked| checked.is(name)) {
                checked.failed(failure.message(), failure.hints());
            }
        }
        Err(unanswered(failed).failure)
    }

    /// Without rows there is nothing to judge.
    fn unread(&mut self, targets: &[Target]) {
        const WHY: &str = "the table list was not read";
        self.skip_all("TW1", WHY);
        self.not_judged(targets, WHY);
    }

    /// Of the rules whose ids start like this, those that did not find anything were not judged.
    fn skip_all(&mut self, start: &str, why: &str) {
        for id in rules().map(|rule| rule.id).filter(|id| id.starts_with(start)) {
            if !self.verdict.findings.iter().any(|finding| finding.rule == id) {
                self.verdict.skip(None, id, why);
            }
        }
    }

    /// What is judged of pipelines and workspaces needs rows that make sense, and tables that have a place.
    fn not_judged(&mut self, targets: &[Target], why: &str) {
        self.skip_all("TW2", why);
        if !self.verdict.is_judged("TW350") {
            self.verdict.skip(None, "TW350", why);
        }
        for target in targets {
            self.verdict.join(not_examined(&target.name, why));
        }
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
