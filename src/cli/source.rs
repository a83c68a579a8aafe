//! Reading the table list for a command.

use std::io::Read as _;
use std::sync::Arc;

use super::Context;
use super::failure::Failure;
use super::runtime::block_on;
use super::workspaces::{Requests, connect};
use crate::finding::{Finding, Findings, Place};
use crate::report::{Progress, SourceDocument};
use crate::settings::{Settings, SourceSetting, Target};
use crate::source::{
    Origin, PinnedRows, RowSet, SourceSpec, TableName, read_file_in, read_stdin, read_table, read_table_at,
};
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
    read_rows_at(context, settings, targets, profile, None, findings)
}

/// The same; a table as it was at this version, where one is given.
pub(super) fn read_rows_at(
    context: &Context,
    settings: &Settings,
    targets: &[Target],
    profile: Option<&str>,
    version: Option<i64>,
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
            let wanted = Wanted { name, version };
            let (rows, said, from) =
                read_from_workspace(context, settings, source, wanted, targets, profile)?;
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

/// Which rows of which table; of the newest version where none is given.
struct Wanted<'a> {
    name: &'a TableName,
    version: Option<i64>,
}

fn read_from_workspace(
    context: &Context,
    settings: &Settings,
    source: &SourceSetting,
    wanted: Wanted<'_>,
    targets: &[Target],
    profile: Option<&str>,
) -> Result<(RowSet, Findings, String), Failure> {
    let Wanted { name, version: pinned } = wanted;
    let (access, target) = source_access(context, settings, source, targets, profile)?;
    let named = match &target {
        Some(target) => settings.warehouse_for(target),
        None => settings.warehouse_id.as_deref().or(settings.file_warehouse_id.as_deref()),
    }
    .map(str::to_owned);
    block_on(context, |interrupt| async move {
        let progress = Progress::new(Arc::clone(&context.printer));
        let title = format!("{name}  read");
        let step = progress.step(&title);
        let client = connect(context, access, &interrupt, Requests::shown_on(&progress, title))?;
        let warehouse = client.choose_warehouse(named.as_deref()).await?;
        context.printer.say(&format!("  {}", shown(&warehouse)));
        let read = match pinned {
            None => read_table(&client, &warehouse.id, name).await,
            Some(version) => read_table_at(&client, &warehouse.id, name, version).await.map(since_the_plan),
        };
        let (rows, findings) = read.map_err(|error| {
            let failure = Failure::from(error).about(&name.to_string());
            match pinned {
                None => failure,
                Some(version) => failure.hint(format!(
                    "version {version} is the one that was planned with; where it can no longer be read, plan anew"
                )),
            }
        })?;
        let version = match rows.origin() {
            Origin::Table { version: Some(version), .. } => format!("version {version}"),
            _ => "no version".to_owned(),
        };
        step.done(&format!("{}, {version}, from {}", plural(rows.len(), "row"), client.host()));
        Ok((rows, findings, client.host().to_string()))
    })
}

/// The rows of the plan, with a note where others have written to the table since.
fn since_the_plan(read: PinnedRows) -> (RowSet, Findings) {
    let PinnedRows { rows, mut findings, newer } = read;
    if let (Some((newest, differ)), Origin::Table { name, version: Some(version) }) = (newer, rows.origin()) {
        let differ = match differ {
            0 => "no row differs".to_owned(),
            1 => "1 row differs".to_owned(),
            many => format!("{many} rows differ"),
        };
        findings.push(
            Finding::note(
                "TW421",
                format!("{name} is at version {newest}, the plan was made from version {version}: {differ}"),
            )
            .at(Place::Path { path: name.to_string() })
            .why("the plan is carried out as it was made")
            .fix("plan anew to deploy what was written since"),
        );
    }
    (rows, findings)
}

/// The workspace that holds the table list: the one that the setting names, else the only one there is.
fn source_access(
    context: &Context,
    settings: &Settings,
    source: &SourceSetting,
    targets: &[Target],
    profile: Option<&str>,
) -> Result<(Access, Option<Target>), Failure> {
    if let Some(profile) = &source.profile {
        let request = AccessRequest { host: None, profile: Some(profile.clone()), profile_is_explicit: true };
        return Ok((Access::resolve(&request, &context.environment)?, None));
    }
    if let Some(name) = &source.target {
        let target = settings.target(name).map_err(|error| Failure::usage(error.to_string()))?;
        let access = super::workspaces::access(context, &target, profile)?;
        return Ok((access, Some(target)));
    }
    // Whichever targets are deployed this time, the list is the same: so all of them must lie in one workspace.
    let mut found: Vec<(Host, Access, &Target)> = Vec::new();
    let mut elsewhere = None;
    for target in settings.targets_or(targets) {
        match super::workspaces::access(context, target, profile) {
            Ok(access) if found.iter().all(|(host, _, _)| host != access.host()) => {
                found.push((access.host().clone(), access, target));
            }
            Ok(_) => {}
            // One that cannot be reached from here may be any workspace.
            Err(failure) => elsewhere = elsewhere.or(Some((target, failure))),
        }
    }
    match (found.len(), elsewhere) {
        (1, None) => {}
        (0, Some((target, failure))) => return Err(failure.about(&format!("target `{}`", target.name))),
        (0, None) => return Err(Failure::usage("there is no target to read the table list from")),
        (_, elsewhere) => {
            let mut places: Vec<String> =
                found.iter().map(|(host, _, target)| format!("{} ({host})", target.name)).collect();
            places.extend(elsewhere.map(|(target, _)| target.name.clone()));
            let example = targets.first().map_or("prod", |target| target.name.as_str());
            return Err(Failure::usage(format!(
                "the targets lie in different workspaces, so it must be said which one holds {}: {}",
                source.spec,
                places.join(", ")
            ))
            .hint(format!(
                "in the settings file:\n    source:\n      table: {}\n      target: {example}",
                source.spec
            )));
        }
    }
    found
        .pop()
        .map(|(_, access, target)| (access, Some(target.clone())))
        .ok_or_else(|| Failure::usage("there is no target to read the table list from"))
}

/// Which warehouse reads the rows, and why that one: a start of a stopped one costs money.
fn shown(warehouse: &Warehouse) -> String {
    let name = warehouse.name.as_deref().unwrap_or(&warehouse.id);
    let state =
        warehouse.state.as_deref().map(|state| format!(", {}", state.to_lowercase())).unwrap_or_default();
    format!("warehouse {name} ({}{state})", warehouse.choice)
}
