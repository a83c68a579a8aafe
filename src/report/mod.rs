//! From values to what people and programs read. The only code that writes to standard output and standard error.

mod deploy_document;
mod findings;
mod generate_document;
mod printer;
mod progress;

pub(crate) use deploy_document::details as deploy_details;
pub use deploy_document::{DeployDocument, SourceDocument};
pub use findings::{findings_text, summary};
pub use generate_document::{GenerateDocument, ProjectDocument};
pub use printer::{ColorChoice, Printer, Verbosity};
pub use progress::Progress;
