//! A stand-in for the `databricks` program: `bundle validate|plan|deploy|summary|destroy|run|deployment bind`, `version`.
//!
//! It reads bundles as the real one does (files and includes, targets, variables, types, modes, permissions), plans with
//! the rules of the direct engine, and deploys over the REST API, with the same files beside the bundle and in the
//! workspace. It knows jobs, pipelines and their permissions; its texts are its own, but what a caller reads has the real
//! shape: exit status, streams, JSON documents, result lines, the line that names the holder of a lock.
//!
//! # How it is called
//!
//! Any binary that begins with [`run_if_called_as_databricks`] is the program, when it is started under that name;
//! [`link_databricks`](crate::link_databricks) makes such a link.
//!
//! # Environment
//!
//! What the real program reads for bundles (`DATABRICKS_HOST`, `DATABRICKS_TOKEN`, `DATABRICKS_CONFIG_PROFILE`,
//! `DATABRICKS_CONFIG_FILE`, `DATABRICKS_BUNDLE_*`, `BUNDLE_VAR_*`, `DATABRICKS_OUTPUT_FORMAT`, `NO_COLOR`), and
//! `TAPWORKS_MOCK_CLI_VERSION`: the version to claim instead of 1.14.0, for tests of a CLI that is too old.
//!
//! # What differs on purpose
//!
//! A refused connection is given up after a second, not after minutes; after an error of the service the next attempt
//! comes after 200 ms (`DATABRICKS_BUNDLE_RETRY_INTERVAL_MS`), not after 15 s; nothing is cached between two commands.

mod apply;
mod approval;
mod arguments;
mod auth;
mod bundle;
mod command;
mod constraint;
mod desired;
mod diagnostic;
mod diff;
mod environment;
mod escape;
mod files;
mod flag;
mod git;
mod glob;
mod http;
mod identity;
mod keyed;
mod lock;
mod merge;
mod mode;
mod node;
mod normalize;
mod output;
mod path;
mod permission;
mod plan;
mod planner;
mod preset;
mod profile;
mod program;
mod reference;
mod remote;
mod resolve;
mod resource;
mod rule;
mod scalar;
mod schema;
mod state;
mod target;
mod template;
mod trail;
mod upload;
mod value;
mod variable;
mod workspace_files;
mod yaml;

pub use program::run_if_called_as_databricks;
