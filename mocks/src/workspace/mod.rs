//! [`MockWorkspace`]: a stateful Databricks workspace on a loopback port.
//!
//! Every answer comes from one [`World`] that tests can read and edit; every request is recorded; [`Fault`]s go by route
//! and count. A request that no handler knows fails the test when the workspace is dropped.
//!
//! ```
//! use tapworks_mocks::workspace::{Fault, MockWorkspace, Rows};
//!
//! let workspace = MockWorkspace::start();
//! workspace.world(|world| {
//!     world.put_rows("main.cfg.tables", Rows::from_csv("name,note\nItems,\nPrices,\"\"\n").unwrap());
//!     world.catalog.add_connection("erp", "SQLSERVER").state = "FAILED".to_owned();
//!     world.warehouses.stop(workspace.warehouse_id(), Some(2));
//! });
//! // The second page of every listing of pipelines fails twice.
//! workspace.fault(Fault::on("GET", "/api/2.0/pipelines").after(1).times(2).status(503).retry_after("1"));
//! workspace.fault(Fault::on("POST", "/api/2.0/pipelines").containing("gw_g01").reset());
//! assert!(workspace.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(workspace.count("GET", "/api/2.0/pipelines/.*"), 0);
//! assert!(workspace.writes().is_empty());
//! ```
//!
//! In front of the `wiremock` server there is a small relay that can break connections and counts requests in flight.

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
mod principals;
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
pub use server::{MockWorkspace, WorldHandle};
pub use sources::{Source, Sources, Version};
pub use statements::Statements;
pub use updates::Update;
pub use warehouses::{Warehouse, Warehouses};
pub use world::World;

#[cfg(test)]
mod tests;
