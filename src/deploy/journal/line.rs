//! The lines of a journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
use crate::plan::Covered;

/// What the first line says it is; another one is not read.
pub(super) const FORMAT: &str = "tapworks.run/1";

/// How far a project has come in a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStep {
    /// There is a plan; nothing was written.
    Planned,
    /// `bundle deploy` has begun.
    Deploying,
    /// `bundle deploy` has ended well.
    Deployed,
    /// All was read back, and is as it was meant.
    Verified,
    /// All is done.
    Recorded,
}

/// Which state of the CLI: the deployment and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateMark {
    /// Made once, kept for good.
    pub lineage: String,
    /// Grows with each deploy that changes something.
    pub serial: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    /// The first.
    Began { format: String, at: Timestamp, inputs: Box<Inputs> },
    /// A project has come this far.
    Step {
        at: Timestamp,
        target: String,
        project: String,
        step: RunStep,
        /// The state as the workspace has it after the step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<StateMark>,
    },
    /// The deploy lock that our CLI holds while it deploys.
    Lock { at: Timestamp, target: String, project: String, id: String },
    /// What the plan does to data, and was consented to.
    Consented { at: Timestamp, granted: Vec<Covered> },
    /// Another process goes on with the run.
    Resumed { at: Timestamp },
    /// The run came to an orderly end, with this exit status.
    Ended { at: Timestamp, status: u8 },
}
