//! What a run may show of its requests while they happen.

use std::time::Duration;

/// Receives events of a client, on the task that causes them; must not block. Every method has an empty default.
///
/// Nothing in these events is secret: paths come without query, links of results without their address.
pub trait Observer: Send + Sync {
    /// A request was answered, with success or not.
    fn requested(&self, event: &Requested<'_>) {
        let _ = event;
    }

    /// A request failed and will be repeated after a wait.
    fn retrying(&self, event: &Retrying<'_>) {
        let _ = event;
    }

    /// A statement moved on.
    fn statement_progress(&self, event: &StatementProgress<'_>) {
        let _ = event;
    }
}

/// An answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested<'a> {
    /// The workspace, as text.
    pub host: &'a str,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path without query.
    pub path: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// From sending to the end of the answer.
    pub elapsed: Duration,
}

/// A request that will be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrying<'a> {
    /// The workspace, as text.
    pub host: &'a str,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path without query.
    pub path: &'a str,
    /// What went wrong.
    pub reason: &'a str,
    /// How often it has failed, from 1.
    pub failed: u32,
    /// How long until it is repeated.
    pub wait: Duration,
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementProgress<'a> {
    /// The workspace, as text.
    pub host: &'a str,
    /// The warehouse.
    pub warehouse: &'a str,
    /// The stage.
    pub stage: StatementStage,
    /// Since the statement was submitted.
    pub elapsed: Duration,
}

/// The stages of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementStage {
    /// It waits for the warehouse, which may have to start.
    WaitingForWarehouse,
    /// It runs.
    Running,
    /// Its rows are being read.
    Reading {
        /// Rows read so far.
        rows: u64,
        /// Rows in all, where the service says so.
        of: Option<u64>,
    },
}
