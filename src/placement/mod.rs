//! Which pipeline and which gateway a table belongs to, and what they are called. Pure.

mod fill;
mod layout;
mod lock;
mod slot;

pub use fill::place;
pub use layout::{Bundle, Gateway, Layout, Pipeline, gateway_key};
pub use lock::{Lock, LockLines, LockedTable, Moving};
pub use slot::{Home, Slot};
