//! Why a deploy could not go on.

use std::path::PathBuf;

use super::child::ChildError;
use super::verify::Difference;
use crate::plan::PlanError;
use crate::preflight::{DeployLock, FactsError};
use crate::workspace;

/// A step that failed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The CLI ended with an error of its own.
    #[error("`{command}` failed{} in {}", status.map_or_else(|| " (ended by a signal)".to_owned(), |status| format!(" with exit status {status}")), folder.display())]
    Command {
        /// As a person would type it.
        command: String,
        /// Where.
        folder: PathBuf,
        /// Its exit status.
        status: Option<i32>,
        /// All that it said.
        output: String,
    },
    /// The CLI could not be run.
    #[error(transparent)]
    Child(ChildError),
    /// The user stopped the run.
    #[error("interrupted during `{command}`")]
    Interrupted {
        /// The step.
        command: String,
        /// Whether it may have left something half-way.
        wrote: bool,
    },
    /// The workspace did not answer as it should.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// What is deployed could not be found out.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// What the CLI printed is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// Another holds the bundle.
    #[error("project `{project}` is locked by {lock}")]
    Locked {
        /// The project.
        project: String,
        /// Who holds it.
        lock: DeployLock,
    },
    /// Somebody deployed in between.
    #[error("project `{project}` was deployed by somebody else since it was planned: {what}")]
    Moved {
        /// The project.
        project: String,
        /// What is different.
        what: String,
    },
    /// What is there is not what was meant.
    #[error("project `{project}` was deployed, but {} in the workspace {} not as planned", crate::text::plural(differences.len(), "resource"), if differences.len() == 1 { "is" } else { "are" })]
    NotVerified {
        /// The project.
        project: String,
        /// What differs.
        differences: Vec<Difference>,
    },
}

impl DeployError {
    /// Whether the user stopped it.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Workspace(error) | Self::Facts(FactsError::Workspace(error)) => {
                error.kind() == workspace::ErrorKind::Interrupted
            }
            _ => false,
        }
    }

    /// Whether a command that writes was ended from outside, so that nobody knows what it had asked for last.
    #[must_use]
    pub(super) fn may_have_written(&self) -> bool {
        matches!(self, Self::Interrupted { wrote: true, .. } | Self::Command { status: None, .. })
    }

    /// Whether the workspace, or the CLI, cannot be used from here as things are.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        use workspace::ErrorKind::{Unauthenticated, Unreachable};
        match self {
            Self::Workspace(error) | Self::Facts(FactsError::Workspace(error)) => {
                matches!(error.kind(), Unreachable | Unauthenticated)
            }
            Self::Child(_) => true,
            _ => false,
        }
    }

    /// What to do about it, one line each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Command { .. } => Vec::new(),
            Self::Child(_) => vec![format!("name the program in {}", super::program::PROGRAM_VARIABLE)],
            Self::Interrupted { wrote: true, .. } => vec![
                "the CLI was in the middle of a deploy: its lock may be left behind, and what it created last may be known to \
                 nothing but its log, .databricks/bundle/<target>/resources.json.wal in the bundle's folder: keep that folder"
                    .to_owned(),
                "on this machine `tapworks deploy --resume last` goes on with it; from anywhere else `tapworks deploy --recover` takes \
                 over what it left"
                    .to_owned(),
            ],
            Self::Interrupted { .. } => vec!["nothing was sent to the workspace; run it again".to_owned()],
            Self::Workspace(error) | Self::Facts(FactsError::Workspace(error)) => error.hints(),
            Self::Facts(FactsError::Unreadable { .. }) => {
                vec!["it is the databricks CLI's own record; see whether a deploy is under way, or was cut off".to_owned()]
            }
            Self::Plan(error) => error.hints(),
            Self::File(_) => Vec::new(),
            Self::Locked { .. } => vec![
                "another deploy began since this one was checked: wait for it, then run this one again".to_owned(),
            ],
            Self::Moved { .. } => vec!["run the deploy again: it plans anew".to_owned()],
            Self::NotVerified { .. } => {
                vec!["look at what is named above; `databricks bundle plan` shows what would bring it back".to_owned()]
            }
        }
    }
}
