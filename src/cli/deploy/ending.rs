//! How a deploy ended, for people, programs and reports.

use super::run::Run;
use crate::cli::failure::{Failure, signal_status};
use crate::cli::journal::RunJournal;
use crate::cli::reports::{Ending, ReportArguments};
use crate::cli::{Context, OutputFormat};
use crate::deploy::{DeployError, TargetOutcome};
use crate::finding::Finding;
use crate::report::{DeployDocument, RunError};
use crate::settings::Settings;
use crate::text::plural;

impl Run {
    /// Tells how it ended; the exit status.
    pub(super) fn finish(
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
        printer.findings(&told.collect());
        for error in outcome.targets.iter().flat_map(TargetOutcome::errors) {
            printer.deploy_error(error);
        }
        if !missing.is_empty() {
            let flags: Vec<String> = missing.iter().map(|consent| format!("--allow {consent}")).collect();
            let lacking = plural(missing.len(), "consent");
            // What was left over is bound before it is known what else there is to do.
            let sent = if journal.as_ref().is_some_and(RunJournal::wrote) { "deployed" } else { "sent" };
            let are = if missing.len() == 1 { "is" } else { "are" };
            printer.error(
                &format!("nothing was {sent}: {lacking} {are} missing"),
                &[format!("where all of the above is meant, run it again with {}", flags.join(" "))],
            );
        }
        let mut document = DeployDocument::new(&outcome, source.as_ref(), placement, &findings)
            .with_consents(&granted, &missing);
        if let Err(failure) = &result {
            document = document.with_error(failure.message(), failure.hints());
        }
        let status = match &result {
            Ok(Some(signal)) => signal_status(*signal),
            Ok(None) => outcome.exit_status(),
            Err(failure) => failure.exit_status(),
        };
        let is_wrong = |error: &DeployError| matches!(error, DeployError::NotVerified { .. });
        let is_found_wrong = outcome.targets.iter().flat_map(TargetOutcome::errors).all(is_wrong);
        let resume = journal.and_then(|journal| journal.end(status, is_found_wrong));
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
            Ending { command: "deploy", findings: &findings, errors: RunError::all_of(&outcome), settings };
        reports.write(context, &document, ending, result.map(|_| status))
    }
}
