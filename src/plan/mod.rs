//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod allow;
mod approvals;
mod approved;
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
mod earlier;
mod effect;
mod fates;
mod field;
mod full_refresh;
mod hand_over;
mod levels;
mod need;
mod needs;
mod origins;
mod placed;
mod plan_error;
mod project;
mod question;
mod resources;
mod saved_plan;
mod seen;
mod tables;
mod target_need;
#[cfg(test)]
mod tests;
mod unclear;
mod written;

pub use allow::{Allow, AllowError, argument};
pub use approvals::{Approval, ApprovedField, approvals_schema, read_approvals, unknown_targets};
pub use approved::Approved;
pub use bundle_plan::{Action, BundlePlan, FieldChange, Node};
pub use cause::Cause;
pub use changes::{BundleChanges, Drift, ResourceChange, TableAction, TableChange, TableCount};
pub use comparison::Comparison;
pub use consent::{Consent, ConsentKind};
pub use consented::{By, Consents, Granted, Judged, dropped, judge, missing_consents, refusals};
pub use counts::Counts;
pub use definition::destinations;
pub use deployed::Deployed;
pub use earlier::{Covered, Earlier};
pub use effect::{Effect, Fate};
pub use field::FieldDifference;
pub use hand_over::HandOver;
pub use need::{Need, consents};
pub use origins::Origins;
pub use placed::Placed;
pub use plan_error::PlanError;
pub use project::settle;
pub use question::{Question, questions};
pub use saved_plan::{
    Inputs, Present, PresentBundle, PresentState, SavedBundle, SavedPlan, SavedPlanError, SavedSource,
};
pub use target_need::TargetNeed;
pub use unclear::unsaid;
