//! Live rules: the workspace as it is against the bundle as planned. Facts are gathered first, over REST and read-only;
//! the rules judge them without asking anything more.

mod catalog;
mod facts;
mod metadata;
mod ownership;
mod paths;
mod schedules;
mod state;
#[cfg(test)]
mod testing;
mod verdict;

pub use catalog::{
    Answer, CatalogFact, CatalogFacts, CatalogWanted, Connectors, Holder, HolderPipeline, Holders, Identity,
    Occupant, OwnPipeline, OwnPipelines, SchemaFacts, Secured, TargetCatalog, destination_in, gather_catalog,
    gather_holders, judge_connections, judge_destinations, judge_homes, judge_shared_destinations,
};
pub(crate) use facts::read_state;
pub use facts::{BundleFacts, Facts, FactsError, Found, gather};
pub use metadata::Metadata;
pub use ownership::{Wanted, judge};
pub use paths::{BundlePaths, PathError, name_prefix};
pub use schedules::judge_schedules;
pub use state::BundleState;
pub use verdict::{Skipped, Verdict};
