//! Live rules: the workspace as it is against the bundle as planned. Facts are gathered first, over REST and read-only;
//! the rules judge them without asking anything more.
//!
//! ```text
//! Question ──▶ Survey: Facts, CatalogFacts ──▶ names, own_bundles, surroundings, schedules, catalog ──▶ Verdict
//!   target,      what is there, asked once       one file for each kind of question               findings, skipped,
//!   layout       for every target                                                                 counts
//! ```

mod bundles;
mod case;
mod catalog;
mod definition;
mod deploy_lock;
mod deployed;
mod examine;
mod facts;
mod gather;
mod left_over;
mod local_state;
mod metadata;
mod names;
mod own_bundles;
mod owners;
mod paths;
mod principals;
mod schedules;
mod seen;
mod selection;
mod state;
mod surroundings;
mod survey;
#[cfg(test)]
mod testing;
mod verdict;
mod wanted;

pub use bundles::{BundlesError, BundlesFound, read_bundles};
pub use catalog::{
    Answer, CatalogFact, CatalogFacts, CatalogWanted, Connectors, Holder, Holders, Identity, Occupant,
    OwnPipeline, OwnPipelines, Participant, SchemaFacts, Secured, gather_catalog, gather_holders,
    judge_connections, judge_destinations, judge_homes, judge_shared_destinations,
};
pub use definition::Definition;
pub use deploy_lock::{DeployLock, read_lock, read_locks, takes_lock};
pub use deployed::{deployed, remember};
pub use examine::{Examined, LIVE_RULES, examine, not_examined};
pub use facts::{BundleFacts, Facts, FactsError, Found, LivePipeline, Manager};
pub(crate) use gather::read_state;
pub use left_over::{KnownBundle, LeftOver, left_overs};
pub use local_state::{LocalState, local_folder};
pub use metadata::Metadata;
pub use owners::read_owners;
pub use paths::{BundlePaths, PathError, name_prefix};
pub use principals::Principal;
pub use schedules::judge_schedules;
pub use seen::Seen;
pub use selection::Selection;
pub use state::BundleState;
pub use surroundings::judge_cli;
pub use survey::Question;
pub use verdict::{RuleCounts, Skipped, Verdict};
pub use wanted::Wanted;
