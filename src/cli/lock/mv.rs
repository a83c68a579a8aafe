//! `tapworks lock mv`

use super::file::{FileArguments, refused, write};
use super::{Context, Failure};

/// Tell the lock that a destination has another name now, so that its place goes along
///
/// A table of another name is another table: it is read in full, into the pipeline of the old one.
/// With --connection, a connection that was renamed: nothing changes its place, and
/// the next deploy makes the gateways and pipelines that have it again.
///
///     tapworks lock mv main.bronze.orders main.bronze.sales_orders
///     tapworks lock mv --connection erp_old erp
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The name so far, as the rows wrote it
    #[arg(value_name = "OLD")]
    old: String,
    /// The name from now on, as the rows write it
    #[arg(value_name = "NEW")]
    new: String,
    /// The names are those of a connection
    #[arg(long)]
    connection: bool,
    /// Write nothing; say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    file: FileArguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let (old, new) = (&arguments.old, &arguments.new);
    if arguments.connection {
        if new.trim().is_empty() {
            return Err(Failure::usage("the new name of the connection is blank"));
        }
    } else if new.split('.').count() != 3 || new.split('.').any(|part| part.trim().is_empty()) {
        return Err(Failure::usage(format!("`{new}` is no destination"))
            .hint("a destination has three names: CATALOG.SCHEMA.TABLE"));
    }
    let file = arguments.file.open(context)?;
    let mut lock = file.lock.clone();
    let result = if arguments.connection {
        lock.rename_connection(old, new).map(|_| ())
    } else {
        lock.rename(old, new).map(|_| ())
    };
    result.map_err(|error| refused(&file, &error))?;
    write(context, file, lock, arguments.dry_run)
}
