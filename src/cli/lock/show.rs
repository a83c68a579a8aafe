//! `tapworks lock show`

use super::file::FileArguments;
use super::{Context, Failure, OutputFormat};
use crate::closest::did_you_mean;
use crate::placement::LockedTable;
use crate::report::LockDocument;

/// Show where each table lies
///
///     tapworks lock show --pipeline sales_01_g01_p02
///     tapworks lock show --table main.bronze.orders
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The tables of this pipeline only
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// This table only
    #[arg(long, value_name = "CATALOG.SCHEMA.TABLE")]
    table: Option<String>,
    #[command(flatten)]
    file: FileArguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let file = arguments.file.open(context)?;
    let pipeline = arguments.pipeline.as_deref().map(|name| name.strip_prefix("pipeline_").unwrap_or(name));
    let table = arguments.table.as_ref().map(|name| name.to_lowercase());
    let tables = || file.lock.tables.values();
    let is_in = |locked: &LockedTable| pipeline.is_none_or(|name| locked.slot.pipeline == name);
    let is_it =
        |locked: &LockedTable| table.as_ref().is_none_or(|name| locked.destination.to_lowercase() == *name);
    if let Some(name) = pipeline.filter(|_| !tables().any(is_in)) {
        let hint = did_you_mean(name, tables().map(|locked| locked.slot.pipeline.as_str()));
        return Err(Failure::work(format!("the lock holds no pipeline {name}{hint}")));
    }
    if let Some(name) = arguments.table.as_ref().filter(|_| !tables().any(is_it)) {
        let hint = did_you_mean(name, tables().map(|locked| locked.destination.as_str()));
        return Err(Failure::work(format!("the lock holds no table {name}{hint}")));
    }
    if !file.exists {
        context.printer.say(&format!("there is no lock {} yet", file.path.display()));
    }
    let document =
        LockDocument::new(&file.path, file.exists, &file.lock, |locked| is_in(locked) && is_it(locked));
    match context.output {
        OutputFormat::Json => context.printer.json(&document),
        OutputFormat::Text => context.printer.data(&document.text()),
    }
    Ok(0)
}
