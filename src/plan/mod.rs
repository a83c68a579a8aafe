//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod allow;
mod approvals;
mod bundle_plan;
mod consent;
mod counts;

pub use allow::{Allow, AllowError, flag};
pub use approvals::{Approval, ApprovedField, approvals_schema, read_approvals};
pub use bundle_plan::{Action, BundlePlan, FieldChange, Node, PlanError};
pub use consent::{Consent, ConsentKind};
pub use counts::Counts;
