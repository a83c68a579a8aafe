//! Live rules: the workspace as it is against the bundle as planned. Facts are gathered first, over REST and read-only;
//! the rules judge them without asking anything more.

mod bundles;
mod deploy_lock;
mod deployed;
mod facts;
mod left_over;
mod local_state;
mod metadata;
mod ownership;
mod paths;
mod state;
mod verdict;

pub use bundles::{BundlesError, BundlesFound, read_bundles};
pub use deploy_lock::{DeployLock, read_lock, read_locks, takes_lock};
pub use deployed::{deployed, remember};
pub(crate) use facts::read_state;
pub use facts::{BundleFacts, Facts, FactsError, Found, gather};
pub use left_over::{KnownBundle, LeftOver, left_overs};
pub use local_state::LocalState;
pub use metadata::Metadata;
pub use ownership::{Wanted, judge};
pub use paths::{BundlePaths, PathError, name_prefix};
pub use state::BundleState;
pub use verdict::{Skipped, Verdict};
