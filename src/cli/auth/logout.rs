//! `tapworks auth logout`

use serde::Serialize;

use super::super::runtime::block_on;
use super::super::{Context, Failure, OutputFormat};
use super::which::WhichArguments;
use crate::workspace::Kept;

/// Forget what `tapworks auth login` keeps for a workspace
///
///     tapworks auth logout --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: WhichArguments,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    host: &'a str,
    forgotten: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let host = arguments.which.host(context)?;
    let keyring = context.network.options().keyring;
    let forgotten = block_on(context, |_| async { Ok(Kept::forget(&keyring, &host).await?) })?;
    match context.output {
        OutputFormat::Json => context.printer.json(&Document {
            format: "tapworks.auth-logout/1",
            host: host.as_str(),
            forgotten,
        }),
        OutputFormat::Text if forgotten => {
            context.printer.data(&format!("forgot what was kept for {host}\n"));
        }
        OutputFormat::Text => context.printer.data(&format!("nothing was kept for {host}\n")),
    }
    Ok(0)
}
