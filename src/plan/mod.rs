//! What a deploy would change: the CLI's plan, read and judged. Pure.

mod bundle_plan;
mod consent;
mod counts;

pub use bundle_plan::{Action, BundlePlan, FieldChange, Node, PlanError};
pub use consent::{Consent, ConsentKind};
pub use counts::Counts;
