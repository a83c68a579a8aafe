//! Live rules: the workspace as it is against the bundle as planned. Facts are gathered first, over REST and read-only;
//! the rules judge them without asking anything more.

mod bundles;
mod deployed;
mod facts;
mod metadata;
mod ownership;
mod paths;
mod state;
mod verdict;

pub use bundles::{BundlesError, BundlesFound, read_bundles};
pub use deployed::deployed;
pub(crate) use facts::read_state;
pub use facts::{BundleFacts, Facts, FactsError, Found, gather};
pub use metadata::Metadata;
pub use ownership::{Wanted, judge};
pub use paths::{BundlePaths, PathError, name_prefix};
pub use state::BundleState;
pub use verdict::{Skipped, Verdict};
