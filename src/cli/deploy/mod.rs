//! `tapworks deploy`

mod ending;
mod run;

use std::path::PathBuf;

use super::Context;
use super::configuration::{ConfigurationArguments, resolve};
use super::consent::ConsentArguments;
use super::failure::Failure;
use super::journal::{RecoveryArguments, Resumed, runs};
use super::reports::ReportArguments;
use super::saved;
use crate::settings::Flags;
use run::{How, Run};

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
    #[arg(long, value_name = "N", env = "TAPWORKS_JOBS", value_parser = clap::value_parser!(u16).range(1..))]
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
    let (arguments, resumed) = match arguments.recovery.resume.clone() {
        Some(named) => resume(context, arguments, &named)?,
        None => (arguments, None),
    };
    let Arguments {
        plan,
        configuration,
        target,
        profile,
        remove_project,
        steps,
        consent,
        recovery,
        reports,
        ..
    } = arguments;
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
    let reports = reports.check(context, &settings, &[])?;
    let removed = remove_project;
    let mut run = Run { findings, removed, saved, resumed, finder, ..Run::default() };
    let how = How { steps, recovery: &recovery, consent: &consent };
    match run
        .deploy(context, &settings, &target, profile.as_deref(), how)
        .map_err(|failure| failure.behind(&run.findings))
    {
        Err(failure) if failure.is_usage() => Err(failure),
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
    let consent = given.consent.after(arguments.consent);
    let recovery = given.recovery.after(&arguments.recovery);
    Ok((Arguments { steps, reports, consent, recovery, ..arguments }, Some(resumed)))
}
