//! `tapworks lock import`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{open, stopped, write};
use super::{Context, Failure};
use crate::bundle::{self, ImportError};
use crate::cli::configuration::ConfigurationArguments;
use crate::cli::named_targets::named_targets;
use crate::cli::runtime::block_on;
use crate::cli::source::{ReadRows, read_rows};
use crate::cli::workspaces::{self, Requests, connect};
use crate::desired::{Asked, ask};
use crate::finding::Findings;
use crate::lock_file::LockFile;
use crate::placement::{ImportedPlaces, Lock};
use crate::preflight::{BundlePaths, BundlesError, deployed, read_bundles};
use crate::report::Progress;
use crate::settings::{Settings, Target};
use crate::text::plural;
use crate::workspace::Access;

/// Fill the lock from what is there: bundles of tapworks or of lakeflow-tapworks, or what is deployed
///
/// What the lock holds stays; where a bundle or workspace says another place, nothing is written.
/// A workspace is asked for the projects of the table list, and for the tables that it names.
///
///     tapworks lock import --from-bundle dab_deployment
///     tapworks lock import --from-workspace --source tables.csv --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The folder of a bundle, or a folder of such folders
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "from_workspace",
        conflicts_with = "from_workspace"
    )]
    from_bundle: Option<PathBuf>,
    /// What is deployed in the target
    #[arg(long)]
    from_workspace: bool,
    /// The target that is asked, and whose lock it is where targets have their own
    #[arg(short, long, value_name = "NAME")]
    target: Option<String>,
    /// The profile of .databrickscfg to reach it with
    #[arg(short, long, value_name = "NAME", conflicts_with = "from_bundle")]
    profile: Option<String>,
    /// Where the lock holds another place, take the imported one
    #[arg(long)]
    force: bool,
    /// Write nothing; say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { from_bundle, from_workspace: _, target, profile, force, dry_run, configuration } =
        arguments;
    let named: Vec<String> = target.iter().cloned().collect();
    let (settings, said) = configuration.resolve(&named, &context.environment)?;
    let (file, places, findings) = match &from_bundle {
        Some(folder) => {
            let (places, findings) = read_bundle(folder)?;
            (open(context, &settings, said, target.as_deref())?, places, findings)
        }
        None => {
            let target = named_targets(&settings, &named)?.remove(0);
            let file = open(context, &settings, said, Some(&target.name))?;
            let (places, findings) = read_workspace(context, &settings, &target, profile.as_deref(), &file)?;
            (file, places, findings)
        }
    };
    take(context, file, &places, findings, force, dry_run)
}

/// Puts places into the lock, wherever they were read.
fn take(
    context: &Context,
    file: LockFile,
    places: &ImportedPlaces,
    mut findings: Findings,
    force: bool,
    dry_run: bool,
) -> Result<u8, Failure> {
    let import = file.lock.import(places, force);
    findings.extend(import.findings);
    if findings.has_errors() {
        return Err(stopped(context, &file, &findings.sorted()));
    }
    write(context, file, import.lock, dry_run)
}

fn read_bundle(folder: &Path) -> Result<(ImportedPlaces, Findings), Failure> {
    bundle::import(folder).map_err(|error| match error {
        ImportError::File(error) => error.into(),
        ImportError::NoBundle(_) => Failure::usage(error.to_string()),
    })
}

/// Asks the target for the places of the tables of the list.
fn read_workspace(
    context: &Context,
    settings: &Settings,
    target: &Target,
    profile: Option<&str>,
    file: &LockFile,
) -> Result<(ImportedPlaces, Findings), Failure> {
    let mut findings = Findings::new();
    let read = read_rows(context, settings, std::slice::from_ref(target), profile, &mut findings)?;
    let ReadRows::Read(read) = read else { return Err(stopped(context, file, &findings.sorted())) };
    let mut asked = ask(&read.rows, settings, false);
    findings.extend(std::mem::take(&mut asked.findings));
    if findings.has_errors() {
        return Err(stopped(context, file, &findings.sorted()));
    }
    let about = |failure: Failure| failure.about(&format!("target `{}`", target.name));
    let access = workspaces::access(context, target, profile).map_err(about)?;
    let (places, strangers) = found(context, access, target, &asked, &file.lock).map_err(about)?;
    if strangers > 0 {
        let tables = plural(strangers, "table");
        context.printer.say(&format!("left out: {tables} deployed to `{}` that no row names", target.name));
    }
    if places.tables.is_empty() {
        return Err(Failure::work(format!(
            "nothing of these projects is deployed to target `{}`",
            target.name
        ))
        .hint("a bundle under another root is found by `root_path` of the target"));
    }
    Ok((places, findings))
}

fn found(
    context: &Context,
    access: Access,
    target: &Target,
    asked: &Asked,
    lock: &Lock,
) -> Result<(ImportedPlaces, usize), Failure> {
    block_on(context, |interrupt| async move {
        let progress = Progress::new(Arc::clone(&context.printer));
        let title = format!("{}  read what is deployed", target.name);
        let step = progress.step(&title);
        let client = connect(context, access, &interrupt, Requests::shown_on(&progress, title))?;
        let me = client.me().await?;
        let locked: BTreeSet<&str> = lock.tables.values().map(|table| table.slot.bundle.as_str()).collect();
        let paths_of = |bundle: &str| BundlePaths::resolve(bundle, target, &me.user_name, &me.short_name());
        let found = read_bundles(&client, &asked.projects(), &locked, |_| true, paths_of).await;
        let found = found.map_err(|error| match error {
            BundlesError::Path(error) => Failure::work(error.to_string()),
            BundlesError::Facts(error) => Failure::unreadable(error),
            error @ BundlesError::Refused { .. } => {
                Failure::unreachable(error.to_string()).hint("ask for CAN_READ on that folder")
            }
        })?;
        let found = deployed(&target.name, found.iter().map(|(bundle, (_, facts))| (bundle, facts)));
        let (places, strangers) = ImportedPlaces::of_deployed(&found, target, &asked.groups);
        let tables = plural(places.tables.len(), "table");
        step.done(&format!(
            "{tables} in {}, from {}",
            plural(found.pipelines.len(), "pipeline"),
            client.host()
        ));
        Ok((places, strangers))
    })
}
