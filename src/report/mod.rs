//! From values to what people and programs read. The only code that writes to standard output and standard error.

mod auth_document;
mod check_document;
mod checkout;
mod deploy_document;
mod deploy_error;
mod findings;
mod generate_document;
mod github;
mod junit;
mod lock_document;
mod markdown;
mod needs;
mod placement_document;
mod plan_document;
mod plan_text;
mod printer;
mod progress;
mod rebalance_document;
mod request;
mod run_report;
#[cfg(test)]
mod sample;
mod sarif;
mod source_document;

pub use auth_document::{AuthStatusDocument, AuthTargetDocument};
pub use check_document::{CheckDocument, CheckedTarget};
pub use checkout::Checkout;
pub use deploy_document::DeployDocument;
pub use findings::summary;
pub use generate_document::{GenerateDocument, ProjectDocument};
pub use lock_document::{LockChangeDocument, LockDocument};
pub use needs::needs_text;
pub use placement_document::PlacementDocument;
pub use plan_document::{PlanDocument, PlanInputs};
pub use printer::{ColorChoice, Printer, Verbosity};
pub use progress::Progress;
pub use rebalance_document::{LockMoves, RebalanceDocument};
pub use request::{ReportDestination, ReportFormat, ReportRequest, ReportRequestError};
pub use run_report::{ReportError, RunError, RunReport};
pub use source_document::SourceDocument;
