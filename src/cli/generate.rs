//! `tapworks generate`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::configuration::ConfigurationArguments;
use super::failure::{Failure, status};
use super::named_targets::offline_targets;
use super::reports::{Ending, ReportArguments};
use super::source::{ReadRows, read_rows};
use super::{Context, OutputFormat};
use crate::base::bases;
use crate::bundle::{Package, Written, vanished, vanished_bundles};
use crate::desired::{Remembered, ResolvedTable, Targets, ask, desired};
use crate::files;
use crate::finding::Findings;
use crate::lock_file::{LockFile, LockRead};
use crate::placement::Bundle;
use crate::report::{GenerateDocument, PlacementDocument, ProjectDocument, RunError, SourceDocument};
use crate::settings::{Settings, Target};

/// Write the bundles of a table list, one folder for each project
///
/// Needs no network and no credentials, unless the list is a Unity Catalog table.
///
///     tapworks generate --source tables.csv --connector sql_server --project retail
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The targets of the bundle where the settings file has none; repeatable
    #[arg(short, long, value_name = "NAME")]
    target: Vec<String>,
    /// Also write the rows as they take effect, with every default and override, as CSV
    #[arg(long, value_name = "FILE")]
    output_config: Option<PathBuf>,
    /// The profile of the workspace that holds the table list
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// Write nothing; say what would change, and exit 3 where something would
    #[arg(long)]
    check: bool,
    /// Refuse to change the lock: exit 3, writing nothing, where a table has no place in it yet
    #[arg(long, conflicts_with = "check")]
    locked: bool,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { configuration, target, output_config, profile, check, locked, reports } = arguments;
    let (settings, findings) = configuration.resolve(&target, &context.environment)?;
    let written: Vec<_> = output_config.iter().map(|path| ("--output-config", path.as_path())).collect();
    let reports = reports.check(context, &settings, &written)?;
    let mut run = Run {
        findings,
        check,
        locked,
        refused: false,
        output_config,
        source: None,
        placement: Vec::new(),
        projects: Vec::new(),
        written: Vec::new(),
    };
    match run
        .generate(context, &settings, &target, profile.as_deref())
        .map_err(|failure| failure.behind(&run.findings))
    {
        Err(failure) if failure.is_usage() => Err(failure),
        result => run.finish(context, &settings, &reports, result),
    }
}

/// What is known of a run, whatever becomes of it.
struct Run {
    findings: Findings,
    check: bool,
    locked: bool,
    /// The lock would have to change, and may not.
    refused: bool,
    output_config: Option<PathBuf>,
    source: Option<SourceDocument>,
    /// Of each lock.
    placement: Vec<PlacementDocument>,
    projects: Vec<Bundle>,
    /// Of the first projects, as many as were written or compared.
    written: Vec<Written>,
}

impl Run {
    fn generate(
        &mut self,
        context: &Context,
        settings: &Settings,
        named: &[String],
        profile: Option<&str>,
    ) -> Result<u8, Failure> {
        let targets = offline_targets(settings, named)?;
        let read = read_rows(context, settings, &targets, profile, &mut self.findings)?;
        let ReadRows::Read(read) = read else { return Err(Failure::found(&self.findings)) };
        self.source = Some(read.document);
        let mut asked = ask(&read.rows, settings, self.output_config.is_some());
        self.findings.extend(std::mem::take(&mut asked.findings));
        let all: Vec<&Target> = targets.iter().collect();
        let (bases, said) = bases(settings, &all);
        self.findings.extend(said);
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        let mut all_desired = Vec::new();
        for base in bases {
            let lock = match LockFile::read(&base.lock, context.environment.directory())? {
                LockRead::Lock(lock) => lock,
                LockRead::Damaged(said) => {
                    self.findings.extend(said);
                    continue;
                }
            };
            let targets = Targets { all: &base.targets, deployed: &[] };
            let remembered = Remembered { lock: &lock.lock, deployed: &[], begun: &BTreeSet::new() };
            let mut desired = desired(&asked, &read.rows, settings, targets, remembered);
            self.findings.extend(std::mem::take(&mut desired.findings));
            let (output, layout) = (&base.output_dir, &desired.layout);
            let names = vanished_bundles(output, layout, &desired.vanished)?;
            self.findings.extend(vanished(output, &names, layout, &desired.vanished));
            all_desired.push((base, lock, desired));
        }
        if self.findings.has_errors() {
            return Err(Failure::found(&self.findings));
        }
        context.runtime.go_on()?;
        // All are looked at before the first is written: what stands in the way of one stops it all.
        let mut compared: Vec<Vec<Written>> = Vec::new();
        for (base, _, desired) in &all_desired {
            self.placement.push(PlacementDocument::new(&base.lock, &desired.tally, &desired.lock));
            let packages = desired.packages.iter();
            compared
                .push(packages.map(|package| package.compare(&base.output_dir)).collect::<Result<_, _>>()?);
        }
        let lock_changes = self.placement.iter().any(PlacementDocument::lock_changed);
        self.refused = self.locked && lock_changes;
        if self.check || self.refused {
            for ((_, _, desired), compared) in all_desired.into_iter().zip(compared) {
                self.projects.extend(desired.layout.bundles);
                self.written.extend(compared);
            }
            self.check = true;
            let changed = self.written.iter().any(|written| !written.changes.is_empty());
            return Ok(if changed || lock_changes { status::CHANGES } else { 0 });
        }
        let mut resolved = None;
        for ((_, mut lock, desired), compared) in all_desired.into_iter().zip(compared) {
            // The lock first: what it says holds whether or not the packages are written.
            lock.write(desired.lock.lock)?;
            self.projects.extend(desired.layout.bundles);
            self.apply(&desired.packages, compared)?;
            resolved.get_or_insert(desired.resolved);
        }
        if let (Some(path), Some(resolved)) = (&self.output_config, &resolved) {
            write_resolved(context, path, resolved)?;
        }
        Ok(0)
    }

    fn apply(&mut self, packages: &[Package], compared: Vec<Written>) -> Result<(), Failure> {
        for (package, written) in packages.iter().zip(compared) {
            package.apply(&written)?;
            self.written.push(written);
        }
        Ok(())
    }

    fn finish(
        self,
        context: &Context,
        settings: &Settings,
        reports: &ReportArguments,
        result: Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        let findings = self.findings.sorted();
        let printer = &context.printer;
        printer.findings(&findings);
        let projects = self.projects.iter().zip(&self.written);
        let projects = projects.map(|(project, written)| ProjectDocument::new(project, written)).collect();
        let mut document = GenerateDocument::new(self.source.as_ref(), self.placement, projects, &findings);
        document.checked(self.check);
        let refusal = self.refused.then(|| {
            Failure::work("the lock would change, and --locked forbids it; nothing was written")
                .hint("run `tapworks generate` without --locked, and commit the lock")
        });
        if let Some(failure) = result.as_ref().err().or(refusal.as_ref()) {
            document = document.with_error(failure.message(), failure.hints());
        }
        match (context.output, &result) {
            (OutputFormat::Json, _) => printer.json(&document),
            (OutputFormat::Text, Ok(_)) => printer.data(&document.text()),
            (OutputFormat::Text, Err(_)) => {}
        }
        if let Some(refusal) = &refusal {
            refusal.show(printer);
        }
        let errors: Vec<RunError> = refusal
            .iter()
            .map(|refusal| RunError {
                about: String::new(),
                message: refusal.message().to_owned(),
                hints: refusal.hints().to_vec(),
            })
            .collect();
        let ending = Ending { command: "generate", findings: &findings, errors, settings };
        reports.write(context, &document, ending, result)
    }
}

fn write_resolved(context: &Context, path: &Path, resolved: &ResolvedTable) -> Result<(), Failure> {
    let path = context.environment.directory().join(path);
    let failed = |error: csv::Error| Failure::work(format!("cannot write {}: {error}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&resolved.columns).map_err(failed)?;
    for row in &resolved.rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::work(error.to_string()))?;
    files::write_named(&path, &bytes)?;
    context.printer.say(&format!("wrote {}", path.display()));
    Ok(())
}
