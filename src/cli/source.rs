//! Reading the table list for a command.

use std::io::Read as _;
use std::sync::Arc;

use super::Context;
use super::failure::Failure;
use super::runtime::block_on;
use super::workspaces::{Requests, connect};
use crate::finding::Findings;
use crate::report::{Progress, SourceDocument};
use crate::settings::{Settings, SourceSetting, Target};
use crate::source::{Origin, RowSet, SourceSpec, TableName, read_file_in, read_stdin, read_table};
use crate::text::plural;
use crate::workspace::{Access, AccessRequest, Host, Warehouse};

/// Rows, and what a report says of them.
pub(super) struct Read {
    pub(super) rows: RowSet,
    pub(super) document: SourceDocument,
}

/// What became of the reading.
pub(super) enum ReadRows {
    Read(Box<Read>),
    /// The findings say why there are no rows to work with.
    Stopped,
}

/// Reads the rows of the settings' source; what is to be said of them goes to `findings`.
pub(super) fn read_rows(
    context: &Context,
    settings: &Settings,
    targets: &[Target],
    profile: Option<&str>,
    findings: &mut Findings,
) -> Result<ReadRows, Failure> {
    let Some(source) = &settings.source else {
        return Err(Failure::usage("there is no table list")
            .hint("name it: --source tables.csv, --source main.cfg.tables, or `source:` in tapworks.yml"));
    };
    let mut host = String::new();
    let options = settings.read_options();
    let (rows, said) = match &source.spec {
        SourceSpec::File(path) => read_file_in(context.environment.directory(), path, &options)
            .map_err(|error| Failure::work(error.to_string()))?,
        SourceSpec::Stdin => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            read_stdin(bytes, &options).map_err(|error| Failure::work(error.to_string()))?
        }
        // A file is read in any case, so that all is told at once; a warehouse is not started for nothing.
        SourceSpec::Table(_) if findings.has_errors() => return Ok(ReadRows::Stopped),
        SourceSpec::Table(name) => {
            let (rows, said, from) = read_from_workspace(context, settings, source, name, targets, profile)?;
            host = from;
            (rows, said)
        }
    };
    findings.extend(said);
    let document = match rows.origin() {
        Origin::Table { name, version } => {
            SourceDocument::Table { table: name.to_string(), version: *version, rows: rows.len(), host }
        }
        Origin::File(path) => SourceDocument::File { file: path.clone(), rows: rows.len() },
        Origin::Stdin => SourceDocument::File { file: "-".to_owned(), rows: rows.len() },
    };
    Ok(ReadRows::Read(Box::new(Read { rows, document })))
}

fn read_from_workspace(
    context: &Context,
    settings: &Settings,
    source: &SourceSetting,
    name: &TableName,
    targets: &[Target],
    profile: Option<&str>,
) -> Result<(RowSet, Findings, String), Failure> {
    let (access, target) = source_access(context, settings, source, targets, profile)?;
    let named = settings
        .warehouse_id
        .clone()
        .or_else(|| target.and_then(|target| target.warehouse_id.clone()))
        .or_else(|| settings.file_warehouse_id.clone());
    block_on(context, |interrupt| async move {
        let progress = Progress::new(Arc::clone(&context.printer));
        let title = format!("{name}  read");
        let step = progress.step(&title);
        let client = connect(context, access, &interrupt, Requests::shown_on(&progress, title))?;
        let warehouse = client.choose_warehouse(named.as_deref()).await?;
        context.printer.say(&format!("  {}", shown(&warehouse)));
        let (rows, findings) = read_table(&client, &warehouse.id, name)
            .await
            .map_err(|error| Failure::from(error).about(&name.to_string()))?;
        let version = match rows.origin() {
            Origin::Table { version: Some(version), .. } => format!("version {version}"),
            _ => "no version".to_owned(),
        };
        step.done(&format!("{}, {version}, from {}", plural(rows.len(), "row"), client.host()));
        Ok((rows, findings, client.host().to_string()))
    })
}

/// The workspace that holds the table list: the one that the setting names, else the only one there is.
fn source_access<'a>(
    context: &Context,
    settings: &Settings,
    source: &SourceSetting,
    targets: &'a [Target],
    profile: Option<&str>,
) -> Result<(Access, Option<&'a Target>), Failure> {
    if let Some(profile) = &source.profile {
        let request = AccessRequest { host: None, profile: Some(profile.clone()), profile_is_explicit: true };
        return Ok((Access::resolve(&request, &context.environment)?, None));
    }
    if let Some(name) = &source.target {
        let target = settings.target(name).map_err(|error| Failure::usage(error.to_string()))?;
        let access = super::workspaces::access(context, &target, profile)?;
        return Ok((access, targets.iter().find(|other| other.name == target.name)));
    }
    let mut found: Vec<(Host, Access, &Target)> = Vec::new();
    let everywhere: Vec<&Target> = targets.iter().collect();
    for target in everywhere {
        let access = super::workspaces::access(context, target, profile)?;
        if !found.iter().any(|(host, _, _)| host == access.host()) {
            found.push((access.host().clone(), access, target));
        }
    }
    if found.len() > 1 {
        let hosts: Vec<String> =
            found.iter().map(|(host, _, target)| format!("{} ({host})", target.name)).collect();
        return Err(Failure::usage(format!(
            "the targets lie in different workspaces, so it must be said which one holds {}: {}",
            source.spec,
            hosts.join(", ")
        ))
        .hint(format!(
            "in the settings file:\n    source:\n      table: {}\n      target: {}",
            source.spec, found[0].2.name
        )));
    }
    found
        .pop()
        .map(|(_, access, target)| (access, Some(target)))
        .ok_or_else(|| Failure::usage("there is no target to read the table list from"))
}

/// Which warehouse reads the rows, and why that one: a start of a stopped one costs money.
fn shown(warehouse: &Warehouse) -> String {
    let name = warehouse.name.as_deref().unwrap_or(&warehouse.id);
    let state =
        warehouse.state.as_deref().map(|state| format!(", {}", state.to_lowercase())).unwrap_or_default();
    format!("warehouse {name} ({}{state})", warehouse.choice)
}
