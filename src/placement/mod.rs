//! Which pipeline and which gateway a table belongs to, and what they are called. Pure.

mod arrangement;
mod balance;
mod bins;
mod bundles;
mod deployed;
mod emptied;
mod fleet;
mod known;
mod layout;
mod load;
mod lock;
mod memory;
mod moves;
mod name;
mod place;
mod rebalance;
mod sightings;
mod slot;
mod unfit;
mod update;
mod weighted;

pub use balance::{Bounds, spread};
pub use deployed::{Deployed, DeployedGateway, DeployedPipeline};
pub use emptied::Emptied;
pub use layout::{Bundle, Gateway, Layout, Pipeline, gateway_key};
pub use load::Item;
pub use lock::{
    HeldChange, Import, ImportedPlaces, ImportedTable, Lock, LockChanges, LockEditError, LockLines,
    LockedTable, Moving,
};
pub use memory::{Memory, Remembered, Witness};
pub use moves::{Moves, PartMoves, Unfinished};
pub use name::{bundle as bundle_name, bundle_number, project as project_of};
pub use place::{Placed, Rules, Tally, place};
pub use rebalance::{
    Move, PipelineBalance, PlacedPart, PlacedPipeline, PlacedRow, Rebalance, Sum, rebalance,
};
pub use slot::{Home, Slot};
pub use update::{LockUpdate, Vanished};
