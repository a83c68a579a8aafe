//! A Databricks workspace over REST: authentication, transport, retries, paging, and the few APIs that tapworks asks.
//!
//! ```text
//! AccessRequest ──▶ Access ──▶ Client ──▶ me, pipelines, jobs, files, warehouses, statements, catalog
//!   flags, settings   host,      token,
//!                     values,    transport,
//!                     origins    retries
//! ```
//!
//! - [`Access::resolve`] is offline: it reads environment and `.databrickscfg` by the rules of the Databricks tools.
//! - [`Client`] sends. Reads are repeated by [`RetryPolicy`], writes only where the first cannot have acted.
//! - Every list is read to its end; `Ok(None)` means that the workspace said "there is no such thing", never "I could
//!   not find out".
//! - Trusted are the certificates that the operating system trusts; on Linux `SSL_CERT_FILE` and `SSL_CERT_DIR` replace
//!   them. Nothing turns TLS off; `http://` reaches loopback addresses only.
//! - `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the process are honoured, but for loopback addresses, which are
//!   always reached directly.
//! - Secrets live in types that cannot be printed; errors and events carry paths without query.

mod access;
mod api_error;
mod attribute;
mod auth_type;
mod authenticator;
mod azure;
mod catalog;
mod child_environment;
mod client;
mod credential_program;
mod databricks_cli;
mod error;
mod files;
mod hints;
mod host;
mod jobs;
mod keyring;
mod lenient;
mod login;
mod me;
mod oauth;
mod observer;
mod oidc;
mod pages;
mod permissions;
mod pipelines;
mod principals;
mod profile;
mod program;
mod result;
mod retry;
mod standing;
mod statements;
mod token;
mod traffic;
mod transport;
mod warehouses;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests prepare the machine")]
mod tests;

pub use access::{Access, AccessError, AccessRequest, Origin};
pub use api_error::ApiError;
pub use auth_type::AuthType;
pub use catalog::{
    Binding, Catalog, CatalogColumn, CatalogTable, Connection, Grant, Grants, Metastore, MetastoreAssignment,
    Schema, Securable, Volume,
};
pub use child_environment::ChildEnvironment;
pub use client::{Client, ClientOptions, PARALLEL};
pub use error::{
    AttemptError, Cause, CredentialsError, Error, ErrorKind, RequestError, StatementError, Unreachable,
};
pub use files::FileStatus;
pub use host::{Cloud, Host, HostError};
pub use jobs::{Job, JobSummary};
pub use keyring::{KEYRING_SERVICE, Kept, Keyring, KeyringError, MemoryKeyring, SystemKeyring};
pub use login::LoginError;
pub use me::Me;
pub use observer::{Observer, Requested, Retrying, StatementProgress, StatementStage};
pub use permissions::ObjectPermission;
pub use pipelines::{Pipeline, PipelineSummary};
pub use principals::PrincipalKind;
pub use profile::{Profile, ProfileFile, ProfileFileError, ProfileValue};
pub(crate) use program::Program;
pub use retry::RetryPolicy;
pub use standing::Standing;
pub use statements::{StatementColumn, StatementRows};
pub use traffic::Traffic;
pub use warehouses::{Warehouse, WarehouseChoice};
