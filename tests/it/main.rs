//! End to end, through the binary, by topic.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at what it did not expect, and plays the user and the machine"
)]

mod auth;
mod check;
mod check_catalog;
mod consent;
mod context;
mod cost;
#[cfg(target_os = "linux")]
mod crash;
mod data;
mod deploy;
mod emptied;
mod examples;
mod fate;
mod generate;
mod hidden;
mod histories;
mod layers;
mod list;
mod lock;
mod memory;
mod migration;
mod moved;
mod older_source;
mod options;
#[cfg(target_os = "linux")]
mod outputs;
mod package;
mod parallel;
mod placement;
mod plan;
#[cfg(unix)]
mod plan_shape;
mod processes;
mod properties;
mod rebalance;
#[cfg(target_os = "linux")]
mod recover;
mod reliability;
mod removal;
mod reports;
#[cfg(target_os = "linux")]
mod resume;
#[cfg(target_os = "linux")]
mod rows;
mod saved_plan;
#[cfg(target_os = "linux")]
mod saved_resume;
mod settings;
#[cfg(unix)]
mod signals;
#[cfg(target_os = "linux")]
mod terminal;
mod unpushed;
