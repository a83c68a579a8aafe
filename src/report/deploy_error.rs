//! What went wrong in a deploy, for people and for reports.

use super::printer::Printer;
use super::run_report::RunError;
use crate::deploy::{DeployError, Outcome};

impl RunError {
    /// What went wrong with a part of a run, with all that the CLI said.
    #[must_use]
    pub fn of_deploy(about: String, error: &DeployError) -> Self {
        let details = details(error);
        let message = error.to_string();
        let message = if details.is_empty() { message } else { format!("{message}\n{}", details.trim_end()) };
        Self { about, message, hints: error.hints() }
    }

    /// What went wrong, target by target.
    #[must_use]
    pub fn all_of(outcome: &Outcome) -> Vec<Self> {
        let mut errors = Vec::new();
        for target in &outcome.targets {
            let name = &target.target;
            errors.extend(target.error.iter().map(|told| Self::of_deploy(format!("target {name}"), told)));
            for project in &target.projects {
                let about = format!("target {name}, project {}", project.name);
                errors.extend(project.error.iter().map(|told| Self::of_deploy(about.clone(), told)));
            }
        }
        errors
    }
}

impl Printer {
    /// Tells an error, with all that the CLI said.
    pub fn deploy_error(&self, error: &DeployError) {
        self.error(&error.to_string(), &error.hints());
        let details: String = details(error).lines().map(|line| format!("  | {line}\n")).collect();
        self.text(&details);
    }
}

/// What belongs to an error beyond its message: the CLI's own words, or what differs.
pub(super) fn details(error: &DeployError) -> String {
    match error {
        DeployError::Command { output, .. } => output.clone(),
        DeployError::NotVerified { differences, .. } => differences
            .iter()
            .map(|difference| format!("{}: {}", difference.resource, difference.what))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}
