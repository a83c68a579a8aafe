//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod bundle_plan;
mod cause;
mod changes;
mod comparison;
mod consent;
mod counts;
mod definition;
mod deployed;
mod drift;
mod effect;
mod field;
mod hand_over;
mod need;
mod needs;
mod origins;
mod project;
mod resources;
mod seen;
mod tables;
#[cfg(test)]
mod tests;
mod written;

pub use bundle_plan::{Action, BundlePlan, FieldChange, Node, PlanError};
pub use cause::Cause;
pub use changes::{BundleChanges, Drift, ResourceChange, TableAction, TableChange, TableCount};
pub use comparison::Comparison;
pub use consent::{Consent, ConsentKind};
pub use counts::Counts;
pub use deployed::Deployed;
pub use effect::{Effect, Fate};
pub use field::FieldDifference;
pub use hand_over::HandOver;
pub use need::{Need, consents};
pub use origins::Origins;
pub use project::settle;
