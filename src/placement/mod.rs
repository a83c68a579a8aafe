//! Which pipeline and which gateway a table belongs to, and what they are called. Pure.

mod balance;
mod bins;
mod fill;
mod layout;
mod load;
mod lock;
mod slot;
mod weighted;

pub use balance::{Bounds, spread};
pub use fill::place;
pub use layout::{Bundle, Gateway, Layout, Pipeline, gateway_key};
pub use load::Item;
pub use lock::{Lock, LockLines, LockedTable, Moving};
pub use slot::{Home, Slot};
