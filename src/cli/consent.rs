//! `--allow`, `--approvals` and `--auto-approve`, and the question at a terminal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Context;
use super::failure::Failure;
use super::prepare::Given;
use super::terminal;
use crate::deploy::History;
use crate::files;
use crate::finding::Findings;
use crate::interrupt::Interrupt;
use crate::plan::{
    Allow, Approval, By, Consents, Earlier, Granted, Judged, TargetNeed, judge, questions, read_approvals,
    unknown_targets,
};
use crate::report::needs_text;
use crate::settings::{Mode, Settings, Target};

/// The file that is read where none is named, beside the settings file.
const APPROVALS: &str = "approvals.yml";

/// Consent that was reviewed.
#[derive(clap::Args, Clone, Default)]
pub(super) struct ApprovalsArguments {
    /// Reviewed consents; without it approvals.yml beside the settings file, where it is there
    #[arg(long, value_name = "FILE", env = "TAPWORKS_APPROVALS", help_heading = "Consent")]
    approvals: Option<PathBuf>,
}

/// Consent to what a deploy does to data.
#[derive(clap::Args, Clone)]
pub(super) struct ConsentArguments {
    /// Consent to one thing, as the refusal prints it: recreate:PIPELINE, delete:PIPELINE, snapshot:PIPELINE, move:PIPELINE,
    /// remove:PROJECT, older-source:PROJECT; with several targets TARGET/KIND:NAME; repeatable
    #[arg(long, value_name = "KIND:NAME", help_heading = "Consent")]
    allow: Vec<Allow>,
    #[command(flatten)]
    approvals: ApprovalsArguments,
    /// Answer ordinary questions with yes; what happens to data is never among them
    #[arg(long, help_heading = "Consent")]
    auto_approve: bool,
    /// Those of the run that is gone on with.
    #[clap(skip)]
    earlier: Vec<Allow>,
}

impl ConsentArguments {
    /// These, for the run that goes on with the one of the others.
    pub(super) fn after(mut self, others: Self) -> Self {
        self.earlier = others.allow;
        self.approvals.approvals = self.approvals.approvals.or(others.approvals.approvals);
        self.auto_approve |= others.auto_approve;
        self
    }

    /// The consents that hold for these targets, and what is wrong with the approvals. `history` is that of the run that is
    /// gone on with.
    pub(super) fn resolve(
        &self,
        context: &Context,
        settings: &Settings,
        targets: &[Target],
        history: Option<&History>,
    ) -> Result<(Consents, Findings), Failure> {
        let targets: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let of_targets = |allow: &Allow| {
            let target =
                allow.target(&targets).map_err(|error| Failure::usage(format!("--allow: {error}")))?;
            Ok::<_, Failure>((target.to_owned(), allow.consent.clone()))
        };
        let allowed = self.allow.iter().map(of_targets).collect::<Result<_, _>>()?;
        let earlier = Earlier {
            allowed: self.earlier.iter().map(of_targets).collect::<Result<_, _>>()?,
            granted: history.and_then(|history| history.granted.clone()),
        };
        let (approvals, findings) = self.approvals.read(context, settings, &targets)?;
        Ok((Consents { allowed, approvals, earlier }, findings))
    }
}

impl ApprovalsArguments {
    /// The approvals, and what is wrong with them; `targets` are those that are planned.
    pub(super) fn read(
        &self,
        context: &Context,
        settings: &Settings,
        targets: &[&str],
    ) -> Result<(Vec<Approval>, Findings), Failure> {
        let Some((shown, text)) = self.text(context, settings)? else {
            return Ok((Vec::new(), Findings::new()));
        };
        let (approvals, mut findings) = read_approvals(&text, &shown);
        let known: Vec<&str> =
            settings.targets.keys().map(String::as_str).chain(targets.iter().copied()).collect();
        findings.extend(unknown_targets(&approvals, &known));
        Ok((approvals, findings))
    }

    /// The text of the approvals, and how places name the file.
    fn text(&self, context: &Context, settings: &Settings) -> Result<Option<(String, String)>, Failure> {
        let beside = settings.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let path = self.approvals.clone().unwrap_or_else(|| beside.join(APPROVALS));
        let directory = context.environment.directory();
        let shown = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
        let Some(bytes) = files::read_if_present(&directory.join(&path))? else {
            return match self.approvals {
                Some(_) => Err(Failure::usage(format!("there is no file {shown} of approvals"))),
                None => Ok(None),
            };
        };
        let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{shown} is not UTF-8")))?;
        Ok(Some((shown, text)))
    }
}

/// Holds what is needed against what was consented to; whoever sits at the terminal is asked for the rest.
pub(super) async fn given(
    given: Given<'_>,
    targets: &[(Target, usize)],
    needs: Vec<TargetNeed>,
    consents: &Consents,
    may_ask: bool,
) -> Result<Judged, Failure> {
    let Given { context, interrupt, .. } = given;
    let names: Vec<&str> = targets.iter().map(|(target, _)| target.name.as_str()).collect();
    let today = super::today::today();
    let mut judged = judge(&names, needs, consents, today);
    if may_ask && !judged.missing.is_empty() && terminal::is_there() {
        let targets = targets.iter().map(|(target, _)| target);
        match ask(context, targets, &judged.missing, interrupt).await? {
            Answer::Yes => {
                let answered = judged.missing.drain(..).map(|need| Granted { need, by: By::Answer });
                judged.granted.extend(answered);
            }
            Answer::No(shown) => judged.declined = shown,
        }
    }
    let mut told = BTreeSet::new();
    for Granted { need, by } in &judged.granted {
        // The tables of a pipeline that are read again are one consent.
        let line = format!("{}  {}  consented to by {by}", need.target, need.need.consent);
        if told.insert(line.clone()) {
            context.printer.say(&line);
        }
    }
    Ok(judged)
}

/// What came of asking.
enum Answer {
    Yes,
    /// To the last of these targets, whose lists were shown.
    No(Vec<String>),
}

/// Asks whoever sits at the terminal, target by target, until somebody says no. The list stands above each question.
async fn ask(
    context: &Context,
    targets: impl Iterator<Item = &Target> + Clone,
    missing: &[TargetNeed],
    interrupt: &Interrupt,
) -> Result<Answer, Failure> {
    let mut shown = Vec::new();
    let find = |name: &str| targets.clone().find(|target| target.name == name);
    let is_production = |name: &str| find(name).is_none_or(|target| target.mode == Mode::Production);
    for question in questions(missing, is_production) {
        let host = find(&question.target).and_then(|target| target.host.clone()).unwrap_or_default();
        context.printer.text(&format!(
            "\n{}  {host}\n{}",
            question.target,
            needs_text(&question.target, missing)
        ));
        let answer = terminal::ask(&context.printer, &question.text, interrupt).await?;
        let refusal =
            (!question.is_answered_by(&answer)).then(|| format!("{}\n\n", question.refusal(&answer)));
        shown.push(question.target);
        if let Some(refusal) = refusal {
            context.printer.text(&refusal);
            return Ok(Answer::No(shown));
        }
    }
    Ok(Answer::Yes)
}
