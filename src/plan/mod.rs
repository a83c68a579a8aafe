//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod allow;
mod approvals;
mod bundle_plan;
mod cause;
mod changes;
mod comparison;
mod consent;
mod consented;
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
mod question;
mod resources;
mod saved_plan;
mod seen;
mod tables;
#[cfg(test)]
mod tests;
mod written;

pub use allow::{Allow, AllowError, flag};
pub use approvals::{Approval, ApprovedField, approvals_schema, read_approvals, unknown_targets};
pub use bundle_plan::{Action, BundlePlan, FieldChange, Node, PlanError};
pub use cause::Cause;
pub use changes::{BundleChanges, Drift, ResourceChange, TableAction, TableChange, TableCount};
pub use comparison::Comparison;
pub use consent::{Consent, ConsentKind};
pub use consented::{By, Consents, Granted, Judged, TargetNeed, judge, missing_flags, refusals};
pub use counts::Counts;
pub use deployed::Deployed;
pub use effect::{Effect, Fate};
pub use field::FieldDifference;
pub use hand_over::HandOver;
pub use need::{Need, consents, what_together};
pub use origins::Origins;
pub use project::settle;
pub use question::{Question, questions};
pub use saved_plan::{Inputs, Present, PresentState, SavedBundle, SavedPlan, SavedPlanError, SavedSource};
