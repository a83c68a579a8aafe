//! Which pipeline and which gateway a table belongs to, and what they are called. Pure.

mod arrangement;
mod balance;
mod bins;
mod fill;
mod fleet;
mod layout;
mod load;
mod lock;
mod rebalance;
mod slot;
mod weighted;

pub use balance::{Bounds, spread};
pub use fill::place;
pub use layout::{Bundle, Gateway, Layout, Pipeline, gateway_key};
pub use load::Item;
pub use lock::{Lock, LockLines, LockedTable, Moving};
pub use rebalance::{
    Move, PipelineBalance, PlacedPart, PlacedPipeline, PlacedRow, Rebalance, Sum, rebalance,
};
pub use slot::{Home, Slot};
