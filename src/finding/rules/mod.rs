//! The registry of rules, one file per block of ids.

pub(super) mod deploy;
pub(super) mod input;
pub(super) mod live;
pub(super) mod offline;
pub(super) mod plan;
