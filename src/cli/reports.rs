//! `--report`, for every command that has findings.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Context;
use super::failure::Failure;
use crate::files;
use crate::finding::Findings;
use crate::report::{Checkout, ReportDestination, ReportRequest, RunError, RunReport};
use crate::settings::Settings;
use crate::source::SourceSpec;

/// Reports beside what the terminal shows.
#[derive(clap::Args, Clone)]
pub(super) struct ReportArguments {
    /// Also write a report, whatever becomes of the run; FORMAT is json, junit, sarif, github (annotations) or md (Markdown); repeatable
    #[arg(long = "report", value_name = "FORMAT=PATH", help_heading = "Output")]
    requests: Vec<ReportRequest>,
}

/// How a run ended, as far as reports tell it.
pub(super) struct Ending<'a> {
    /// The command, `generate`.
    pub(super) command: &'a str,
    /// Its findings, sorted.
    pub(super) findings: &'a Findings,
    /// What went wrong in parts of it.
    pub(super) errors: Vec<RunError>,
    /// The settings, whose file is the place of what has none.
    pub(super) settings: &'a Settings,
}

impl ReportArguments {
    /// These, or the others where there are none.
    pub(super) fn or(self, others: Self) -> Self {
        if self.requests.is_empty() { others } else { self }
    }

    /// Each with a file of its own, and none over what is read; all else is wrong usage. `others` are the files that other
    /// flags name.
    pub(super) fn check(
        self,
        context: &Context,
        settings: &Settings,
        others: &[(&str, &Path)],
    ) -> Result<Self, Failure> {
        let whole = |path: &Path| files::behind_links(&context.environment.directory().join(path));
        let mut taken: Vec<(PathBuf, String)> = Vec::new();
        taken.extend(settings.file.iter().map(|file| (whole(file), "the settings file".to_owned())));
        taken.extend(source_file(settings).map(|file| (whole(file), "the table list".to_owned())));
        let reports = self.requests.iter().filter_map(|request| match &request.destination {
            ReportDestination::File(path) => Some(("--report", path.as_path())),
            ReportDestination::StandardError => None,
        });
        for (flag, path) in others.iter().copied().chain(reports) {
            let file: PathBuf = whole(path).components().collect();
            if let Some((_, what)) = taken.iter().find(|(other, _)| *other == file) {
                return Err(Failure::usage(format!("{flag} would write over {what}, {}", path.display()))
                    .hint("a path of its own for each file"));
            }
            // A pipe or a device takes all that comes.
            if files::entry(&file)? != Some(files::Entry::Other) {
                taken.push((
                    file,
                    if flag == "--report" {
                        "another report".to_owned()
                    } else {
                        format!("the file of {flag}")
                    },
                ));
            }
        }
        Ok(self)
    }

    /// Writes the reports of a run that ended with `result`, which goes on; a report that cannot be written fails a run
    /// that was well.
    pub(super) fn write(
        &self,
        context: &Context,
        document: &impl Serialize,
        mut ending: Ending<'_>,
        result: Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        if self.requests.is_empty() {
            return result;
        }
        if let Err(failure) = &result
            && !failure.is_told_by_findings()
        {
            ending.errors.push(RunError {
                about: String::new(),
                message: failure.message().to_owned(),
                hints: failure.hints().to_vec(),
            });
        }
        let failures = self.write_all(context, document, &ending);
        match (result, failures.into_iter().next()) {
            (Ok(0), Some(failure)) => Err(failure),
            (result, Some(failure)) => {
                failure.show(&context.printer);
                result
            }
            (result, None) => result,
        }
    }

    fn write_all(&self, context: &Context, document: &impl Serialize, ending: &Ending<'_>) -> Vec<Failure> {
        let document = match serde_json::to_value(document) {
            Ok(document) => document,
            Err(error) => return vec![Failure::work(format!("the report cannot be written: {error}"))],
        };
        let settings = ending.settings;
        let settings = settings.file.as_deref().or_else(|| source_file(settings)).map(Path::to_string_lossy);
        let checkout = Checkout::around(context.environment.directory());
        let run = RunReport {
            command: ending.command,
            findings: ending.findings,
            errors: &ending.errors,
            document: &document,
            checkout: &checkout,
            settings: settings.as_deref(),
        };
        let written = self.requests.iter().map(|request| write(context, &run, request));
        written.filter_map(Result::err).collect()
    }
}

/// The table list, where it is a file.
fn source_file(settings: &Settings) -> Option<&Path> {
    match settings.source.as_ref().map(|source| &source.spec) {
        Some(SourceSpec::File(path)) => Some(Path::new(path)),
        _ => None,
    }
}

fn write(context: &Context, run: &RunReport<'_>, request: &ReportRequest) -> Result<(), Failure> {
    let text = run.render(request.format).map_err(|error| Failure::work(error.to_string()))?;
    match &request.destination {
        ReportDestination::StandardError => context.printer.text(&text),
        ReportDestination::File(path) => {
            let file = context.environment.directory().join(path);
            if let Some(folder) = file.parent() {
                files::create_folder(folder)?;
            }
            files::write_named(&file, text.as_bytes())?;
            context.printer.say(&format!("report {}", path.display()));
        }
    }
    Ok(())
}
