//! `tapworks lock import`

use std::path::PathBuf;

use super::file::{FileArguments, stopped, write};
use super::{Context, Failure};
use crate::bundle::{self, ImportError};
use crate::finding::Findings;
use crate::placement::ImportedPlaces;

/// Fill the lock from bundles: those of tapworks, or of lakeflow-tapworks
///
/// What the lock holds stays; where a bundle says another place, nothing is written.
///
///     tapworks lock import --from-bundle dab_deployment
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The folder of a bundle, or a folder of such folders
    #[arg(long, value_name = "DIR", required = true)]
    from_bundle: PathBuf,
    /// Where the lock holds another place, take the imported one
    #[arg(long)]
    force: bool,
    /// Write nothing; say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    file: FileArguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let (places, findings) = bundle::import(&arguments.from_bundle).map_err(failure)?;
    take(context, arguments, &places, findings)
}

/// Puts places into the lock, wherever they were read.
fn take(
    context: &Context,
    arguments: &Arguments,
    places: &ImportedPlaces,
    mut findings: Findings,
) -> Result<u8, Failure> {
    let file = arguments.file.open(context)?;
    let import = file.lock.import(places, arguments.force);
    findings.extend(import.findings);
    if findings.has_errors() {
        return Err(stopped(context, &file, &findings.sorted()));
    }
    write(context, file, import.lock, arguments.dry_run)
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::File(error) => error.into(),
        ImportError::NoBundle(_) => Failure::usage(error.to_string()),
    }
}
