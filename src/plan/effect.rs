//! What a change means for data.

use serde::{Deserialize, Serialize};

/// What a change does to a table, or to the tables of a resource. Ordered: the later, the graver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing happens to its data.
    #[default]
    None,
    /// A definition changes, data does not.
    Metadata,
    /// A pipeline that runs all the time is restarted.
    Restart,
    /// A new table is read for the first time.
    Initial,
    /// A table that is there is read again in full.
    Snapshot,
    /// The pipeline that writes it goes.
    Delete,
}

impl Effect {
    /// As documents and texts name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::Restart => "restart",
            Self::Initial => "initial",
            Self::Snapshot => "snapshot",
            Self::Delete => "delete",
        }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What becomes of the tables of a pipeline that is deleted or recreated: the CLI obeys the flag that is deployed. Ordered: the
/// later, the graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They stay, and nothing writes to them any more.
    Kept,
    /// They are deleted with the pipeline.
    Dropped,
}

impl Fate {
    /// Every one.
    pub(super) const ALL: [Self; 2] = [Self::Kept, Self::Dropped];

    /// As texts shout it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "KEPT",
            Self::Dropped => "DROPPED",
        }
    }
}
