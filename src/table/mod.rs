//! The domain: from rows to tables in groups. Columns, defaults and overrides, schedules, tags, and the rules that can be
//! judged without a workspace. Pure: no clock, no environment, no file, no network.

mod columns;
mod duplicates;
mod explain;
mod group;
mod grouping;
mod judge;
mod layers;
mod list;
mod name;
mod names;
mod reference;
mod resolution;
mod row;
mod schedule;
mod shared;
mod starts;
mod subgroup;
mod tags;
#[cfg(test)]
mod tests;

pub use explain::{Explained, Said};
pub use group::{GatewaySettings, Group, PauseStatus, Schedule, Table};
pub use grouping::groups;
pub use reference::{escape_references, find_reference, unescape_references};
pub use resolution::{Effective, Resolution, ValueOrigin};
pub use starts::Starts;
