//! `tapworks schema`

use super::Context;
use super::failure::Failure;
use crate::plan::approvals_schema;
use crate::settings::schema;

/// Print a JSON Schema, for editors and for checks
///
///     tapworks schema settings > tapworks.schema.json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Of which document
    #[arg(value_enum)]
    document: Document,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Document {
    /// The settings file, tapworks.yml
    Settings,
    /// Reviewed consents, approvals.yml
    Approvals,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    match arguments.document {
        Document::Settings => context.printer.json(&schema()),
        Document::Approvals => context.printer.json(&approvals_schema()),
    }
    Ok(0)
}
