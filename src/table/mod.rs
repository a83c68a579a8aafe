//! The domain: from rows to tables in groups. Columns, defaults and overrides, schedules, tags, and the rules that can be
//! judged without a workspace. Pure: no clock, no environment, no file, no network.

mod group;

pub use group::{GatewaySettings, Group, PauseStatus, Schedule, Table};
