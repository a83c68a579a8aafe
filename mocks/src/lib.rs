//! What stands in for Databricks where there is none: a workspace that speaks the REST API, and a program that behaves
//! like the `databricks` CLI as far as bundles go.
//!
//! This crate knows nothing of `tapworks`: it follows the API and the CLI, so that a mistake of ours is not repeated here.

pub mod databricks;
mod link;
pub mod workspace;

pub use link::link_databricks;
