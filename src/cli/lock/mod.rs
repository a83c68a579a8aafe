//! `tapworks lock`

mod file;
mod forget;
mod import;
mod mv;
mod show;

use super::failure::Failure;
use super::{Context, OutputFormat};

/// Show and mend the lock, the memory of which pipeline each table lies in
///
/// A table that is in the lock keeps its pipeline, whatever becomes of the rows around it.
/// The lock is a text file, made to be committed; generate and deploy read it.
///
///     tapworks lock show
///     tapworks lock import --from-bundle dab_deployment
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Show(show::Arguments),
    Mv(mv::Arguments),
    Forget(forget::Arguments),
    Import(Box<import::Arguments>),
}

pub(super) fn run(context: &Context, arguments: Arguments) -> Result<u8, Failure> {
    match arguments.command {
        Command::Show(arguments) => show::run(context, &arguments),
        Command::Mv(arguments) => mv::run(context, &arguments),
        Command::Forget(arguments) => forget::run(context, &arguments),
        Command::Import(arguments) => import::run(context, *arguments),
    }
}
