//! `tapworks.deploy/1`, and the same for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Style};
use serde::Serialize;

use super::deploy_error::details;
use super::placement_document::PlacementDocument;
use super::source_document::SourceDocument;
use crate::deploy::{DeployError, Outcome, ProjectOutcome, Status, TargetOutcome};
use crate::finding::Findings;
use crate::plan::{By, Consent, Counts, FieldDifference, Granted, HandOver, Need};

/// What a deploy did.
#[derive(Debug, Serialize)]
pub struct DeployDocument<'a> {
    format: &'static str,
    targets: Vec<TargetDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDocument>,
    placement: Vec<PlacementDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consents: Vec<ConsentDocument<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs_consent: &'a [String],
    #[serde(skip_serializing_if = "Findings::is_empty")]
    findings: &'a Findings,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
    /// The command that goes on with the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
}

/// Who consented to what.
#[derive(Debug, Serialize)]
pub(super) struct ConsentDocument<'a> {
    target: &'a str,
    pub(super) consent: &'a Consent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<&'a FieldDifference>,
    #[serde(flatten)]
    pub(super) by: &'a By,
}

impl<'a> ConsentDocument<'a> {
    pub(super) fn of(Granted { need, by }: &'a Granted) -> Self {
        Self { target: &need.target, consent: &need.need.consent, field: need.need.field.as_ref(), by }
    }
}

#[derive(Debug, Serialize)]
struct TargetDocument<'a> {
    target: &'a str,
    host: &'a str,
    status: Status,
    projects: Vec<ProjectDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

#[derive(Debug, Serialize)]
struct ProjectDocument<'a> {
    name: &'a str,
    status: Status,
    resources: Counts,
    /// By key; what is not known is not there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ids: &'a BTreeMap<String, String>,
    /// The CLI was not asked: it is as its last deploy left it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recognised: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Counts>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs: &'a [Need],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hand_over: &'a [HandOver],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorDocument {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    output: String,
}

impl ErrorDocument {
    pub(super) fn new(message: &str, hints: &[String]) -> Self {
        Self { message: message.to_owned(), hints: hints.to_vec(), output: String::new() }
    }

    fn of(error: &DeployError) -> Self {
        Self { message: error.to_string(), hints: error.hints(), output: details(error) }
    }
}

impl<'a> DeployDocument<'a> {
    /// Of an outcome.
    #[must_use]
    pub fn new(
        outcome: &'a Outcome,
        source: Option<&'a SourceDocument>,
        placement: Vec<PlacementDocument>,
        findings: &'a Findings,
    ) -> Self {
        let targets = outcome
            .targets
            .iter()
            .map(|target| TargetDocument {
                target: &target.target,
                host: &target.host,
                status: target.status,
                projects: target
                    .projects
                    .iter()
                    .map(|project| ProjectDocument {
                        name: &project.name,
                        status: project.status,
                        resources: project.resources,
                        ids: &project.ids,
                        recognised: project.recognised,
                        planned: project.planned,
                        needs: &project.needs,
                        hand_over: &project.hand_over,
                        error: project.error.as_ref().map(ErrorDocument::of),
                    })
                    .collect(),
                error: target.error.as_ref().map(ErrorDocument::of),
            })
            .collect();
        Self {
            format: "tapworks.deploy/1",
            targets,
            source,
            placement,
            consents: Vec::new(),
            needs_consent: &[],
            findings,
            error: None,
            resume: None,
        }
    }

    /// The same with who consented to what, and what nobody did, as `--allow` takes it.
    #[must_use]
    pub fn with_consents(mut self, granted: &'a [Granted], missing: &'a [String]) -> Self {
        self.consents = granted.iter().map(ConsentDocument::of).collect();
        self.needs_consent = missing;
        self
    }

    /// The same with the error that ended the run as a whole.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// The same with the command that goes on with the run.
    #[must_use]
    pub fn with_resume(mut self, command: &str) -> Self {
        self.resume = Some(command.to_owned());
        self
    }

    /// For people.
    #[must_use]
    pub fn text(outcome: &Outcome) -> String {
        let mut text = String::new();
        for target in &outcome.targets {
            write_target(&mut text, target);
        }
        text
    }
}

fn write_target(text: &mut String, target: &TargetOutcome) {
    let (word, style) = status_word(target.status);
    let _ = writeln!(text, "{}  {}  {}", target.target.bold(), target.host, word.style(style));
    let width = target.projects.iter().map(|project| project.name.len()).max().unwrap_or(0);
    for project in &target.projects {
        let (word, style) = status_word(project.status);
        let _ =
            writeln!(text, "  {:width$}  {}  {}", project.name, word.style(style), project_note(project),);
    }
    let deployed = |project: &&ProjectOutcome| {
        matches!(project.status, Status::Deployed | Status::NotVerified | Status::PartlyDeployed)
    };
    for hand_over in target.projects.iter().filter(deployed).flat_map(|project| &project.hand_over) {
        let _ = writeln!(text, "  To be done by hand: {}", hand_over.why);
        for statement in &hand_over.statements {
            let _ = writeln!(text, "    {statement}");
        }
    }
}

fn project_note(project: &ProjectOutcome) -> String {
    match (project.status, project.planned) {
        (Status::Unchanged, _) if project.recognised => {
            format!("as the last deploy left it ({} resources)", project.resources.unchanged)
        }
        (Status::Unchanged, _) => {
            format!("no changes, nothing was sent ({} resources)", project.resources.unchanged)
        }
        (Status::Skipped, Some(planned)) if planned.changed() > 0 => format!("not begun; planned: {planned}"),
        (Status::Refused, Some(planned)) => format!("nothing was sent; planned: {planned}"),
        (Status::Failed | Status::Skipped, _) => "nothing was sent".to_owned(),
        _ => project.resources.to_string(),
    }
}

fn status_word(status: Status) -> (&'static str, Style) {
    let style = Style::new().bold();
    match status {
        Status::Deployed => ("deployed", style.green()),
        Status::Unchanged => ("unchanged", style.green()),
        Status::Refused => ("refused", style.red()),
        Status::Failed => ("failed", style.red()),
        Status::PartlyDeployed => ("partly deployed", style.red()),
        Status::NotVerified => ("deployed, not verified", style.red()),
        Status::Skipped => ("skipped", style.yellow()),
    }
}
