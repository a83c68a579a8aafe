//! The domain: from rows to tables in groups. Columns, defaults and overrides, schedules, tags, and the rules that can be
//! judged without a workspace. Pure: no clock, no environment, no file, no network.

mod group;
mod layers;
mod list;
mod name;
mod reference;
mod resolution;
mod schedule;
mod subgroup;
mod tags;

pub use group::{GatewaySettings, Group, PauseStatus, Schedule, Table};
pub use reference::{escape_references, find_reference};
pub use resolution::{Effective, Resolution, ValueOrigin};
