//! [`MockWorkspace`]: a stateful Databricks workspace on a loopback port.
//!
//! Every answer comes from one [`World`] that tests can read and edit; every request is recorded; [`Fault`]s go by route
//! and count. A request that no handler knows fails the test when the workspace is dropped.

mod answer;
mod call;
mod catalog;
mod fault;
mod files;
mod grants;
mod identity;
mod jobs;
mod log;
mod paging;
mod permissions;
mod pipelines;
mod query;
mod ready;
mod relay;
mod router;
mod rows;
mod securables;
mod server;
mod sources;
mod sql;
mod sql_error;
mod sql_token;
mod statements;
mod warehouses;
mod world;

pub use catalog::{CatalogInfo, Column, Connection, Metastore, Schema, Table, UnityCatalog, Volume};
pub use fault::{Fault, Outcome};
pub use files::{Files, Node};
pub use grants::Grants;
pub use identity::{Accounts, Identity};
pub use jobs::{Job, Jobs, Run};
pub use log::RecordedRequest;
pub use permissions::{Entry, Object, Permissions};
pub use pipelines::{Pipeline, Pipelines, Update};
pub use rows::Rows;
pub use server::{Builder, MockWorkspace};
pub use sources::{Source, Sources, Version};
pub use statements::Statements;
pub use warehouses::{Warehouse, Warehouses};
pub use world::World;

#[cfg(test)]
mod tests;
