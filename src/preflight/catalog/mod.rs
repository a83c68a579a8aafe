//! Unity Catalog against the plan: connections, catalogs, schemas and destinations.
//!
//! ```text
//! layout, target ──▶ CatalogWanted ──▶ gather_catalog ──▶ CatalogFacts ──▶ judge_connections, judge_homes ──▶ Verdict
//!                                                              └─▶ gather_holders ──▶ judge_destinations ──┘
//! ```

mod connections;
mod connectors;
mod destinations;
mod facts;
mod holders;
mod homes;
mod identity;
mod own_pipelines;
mod shared_destinations;
mod skips;
mod sql;
mod standing;
#[cfg(test)]
mod tests;
mod wanted;

pub use connections::judge_connections;
pub use connectors::Connectors;
pub use destinations::judge_destinations;
pub use facts::{Answer, CatalogFact, CatalogFacts, Occupant, SchemaFacts, Secured, gather_catalog};
pub use holders::{Holder, Holders, gather_holders};
pub use homes::judge_homes;
pub use identity::Identity;
pub use own_pipelines::{OwnPipeline, OwnPipelines};
pub use shared_destinations::{Participant, judge_shared_destinations};
pub use wanted::CatalogWanted;
