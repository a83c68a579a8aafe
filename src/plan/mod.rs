//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod allow;
mod approvals;
mod bundle_plan;
mod cause;
mod changes;
mod consent;
mod consented;
mod counts;
mod effect;
mod field;
mod need;
mod question;
mod saved_plan;

pub use allow::{Allow, AllowError, flag};
pub use approvals::{Approval, ApprovedField, approvals_schema, read_approvals, unknown_targets};
pub use bundle_plan::{Action, BundlePlan, FieldChange, Node, PlanError};
pub use cause::Cause;
pub use changes::{BundleChanges, Drift, ResourceChange, TableAction, TableChange, TableCount};
pub use consent::{Consent, ConsentKind};
pub use consented::{By, Consents, Granted, Judged, TargetNeed, judge, missing_flags, refusals};
pub use counts::Counts;
pub use effect::{Effect, Fate};
pub use field::FieldDifference;
pub use need::{Need, consents};
pub use question::{Question, questions};
pub use saved_plan::{Inputs, Present, PresentState, SavedBundle, SavedPlan, SavedPlanError, SavedSource};
