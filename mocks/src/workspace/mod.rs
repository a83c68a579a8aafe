//! [`MockWorkspace`]: a stateful Databricks workspace on a loopback port.
//!
//! Every answer comes from one [`World`] that tests can read and edit; every request is recorded; [`Fault`]s go by route
//! and count. A request that no handler knows fails the test when the workspace is dropped.

mod answer;
mod builder;
mod call;
mod catalog;
mod fault;
mod files;
mod grants;
mod history;
mod identity;
mod jobs;
mod log;
mod paging;
mod permissions;
mod pipeline_list;
mod pipelines;
mod query;
mod ready;
mod relay;
mod responder;
mod result_set;
mod router;
mod rows;
mod runs;
mod securable_json;
mod securables;
mod server;
mod sources;
mod sql;
mod sql_error;
mod sql_token;
mod statement_request;
mod statements;
mod storage;
mod updates;
mod warehouses;
mod world;

pub use builder::Builder;
pub use catalog::{CatalogInfo, Column, Connection, Metastore, Schema, Table, UnityCatalog, Volume};
pub use fault::{Fault, Outcome};
pub use files::{Files, Node};
pub use grants::Grants;
pub use identity::{Accounts, Identity};
pub use jobs::{Job, Jobs};
pub use log::RecordedRequest;
pub use permissions::{Entry, Object, Permissions};
pub use pipelines::{Pipeline, Pipelines};
pub use rows::Rows;
pub use runs::Run;
pub use server::MockWorkspace;
pub use sources::{Source, Sources, Version};
pub use statements::Statements;
pub use updates::Update;
pub use warehouses::{Warehouse, Warehouses};
pub use world::World;

#[cfg(test)]
mod tests;
