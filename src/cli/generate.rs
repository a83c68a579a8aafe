//! `tapworks generate`

use std::path::{Path, PathBuf};

use super::configuration::ConfigurationArguments;
use super::failure::Failure;
use super::source::{ReadRows, read_rows};
use super::{Context, OutputFormat};
use crate::bundle::Written;
use crate::desired::{ResolvedTable, desired};
use crate::files;
use crate::report::{GenerateDocument, ProjectDocument, findings_text, summary};
use crate::settings::{Settings, Target};
use crate::source::SourceSpec;

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
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let (settings, mut findings) =
        arguments.configuration.resolve(&arguments.target, &context.environment)?;
    let targets = if settings.targets.is_empty() && arguments.target.is_empty() {
        vec![settings.target("dev").map_err(|error| Failure::usage(error.to_string()))?]
    } else if settings.targets.is_empty() {
        super::deploy::named_targets(&settings, &arguments.target)?
    } else {
        settings.targets.values().cloned().collect::<Vec<Target>>()
    };
    let read = match read_rows(context, &settings, &targets, arguments.profile.as_deref(), &mut findings)? {
        ReadRows::Read(read) => read,
        ReadRows::Stopped => return finish_with_findings(context, &findings),
    };
    let all: Vec<&Target> = targets.iter().collect();
    let desired = desired(&read.rows, &settings, &all, &[], arguments.output_config.is_some());
    findings.extend(desired.findings);
    let findings = findings.sorted();
    if findings.has_errors() {
        return finish_with_findings(context, &findings);
    }
    context.printer.text(&findings_text(&findings));
    let written: Vec<Written> = desired
        .packages
        .iter()
        .map(|package| package.write(&settings.output_dir))
        .collect::<Result<_, _>>()?;
    if let Some(path) = &arguments.output_config {
        write_resolved(context, path, &settings, &desired.resolved)?;
    }
    let projects = desired.layout.projects.iter().zip(&written);
    let projects = projects.map(|(project, written)| ProjectDocument::new(project, written)).collect();
    let document = GenerateDocument::new(&read.document, projects, &findings);
    match context.output {
        OutputFormat::Json => context.printer.json(&document),
        OutputFormat::Text => context.printer.data(&document.text()),
    }
    Ok(0)
}

fn write_resolved(
    context: &Context,
    path: &Path,
    settings: &Settings,
    resolved: &ResolvedTable,
) -> Result<(), Failure> {
    let path = context.environment.directory().join(path);
    if let Some(SourceSpec::File(source)) = settings.source.as_ref().map(|source| &source.spec)
        && context.environment.directory().join(source) == path
    {
        return Err(Failure::usage(format!(
            "--output-config {} would overwrite the table list",
            path.display()
        )));
    }
    let failed = |error: csv::Error| Failure::work(format!("cannot write {}: {error}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&resolved.columns).map_err(failed)?;
    for row in &resolved.rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::work(error.to_string()))?;
    files::write(&path, &bytes)?;
    context.printer.say(&format!("wrote {}", path.display()));
    Ok(())
}

fn finish_with_findings(context: &Context, findings: &crate::finding::Findings) -> Result<u8, Failure> {
    context.printer.text(&findings_text(findings));
    if context.output == OutputFormat::Json {
        context.printer.json(
            &serde_json::json!({"format": "tapworks.generate/1", "projects": [], "findings": findings}),
        );
    }
    Err(Failure::work(format!("{}; nothing was written", summary(findings).unwrap_or_default())))
}
