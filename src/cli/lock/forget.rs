//! `tapworks lock forget`

use super::file::{FileArguments, refused, write};
use super::{Context, Failure};

/// Take tables out of the lock
///
/// A row that still asks for such a table, or does so again, is placed like a new one: mostly
/// in another pipeline, which reads the table again in full.
///
///     tapworks lock forget main.bronze.orders
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The destination, as the rows wrote it; repeatable
    #[arg(value_name = "CATALOG.SCHEMA.TABLE", required = true)]
    tables: Vec<String>,
    /// Write nothing; say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    file: FileArguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let file = arguments.file.open(context)?;
    let mut lock = file.lock.clone();
    for table in &arguments.tables {
        lock.forget(table).map_err(|error| refused(&file, &error))?;
    }
    write(context, file, lock, arguments.dry_run)
}
