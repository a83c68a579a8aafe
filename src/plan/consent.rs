//! Consent to what a deploy does to data: named, never general.

use std::fmt;

use serde::{Serialize, Serializer};

use super::bundle_plan::Action;

/// What is consented to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentKind {
    /// A pipeline or gateway, or a resource of the user's own, is deleted and made again.
    Recreate,
    /// A pipeline or gateway, or a resource of the user's own, is deleted.
    Delete,
    /// Tables of a pipeline are read again in full.
    Snapshot,
    /// Tables leave a pipeline for another.
    Move,
    /// Very many tables leave a project.
    Remove,
    /// The table list is an older version than the one that was deployed last.
    OlderSource,
}

impl ConsentKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Recreate, Self::Delete, Self::Snapshot, Self::Move, Self::Remove, Self::OlderSource];

    /// As `--allow` names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recreate => "recreate",
            Self::Delete => "delete",
            Self::Snapshot => "snapshot",
            Self::Move => "move",
            Self::Remove => "remove",
            Self::OlderSource => "older-source",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// All of them, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// One thing that is, or would have to be, consented to: `recreate:pipeline_sales_01_g01_p01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consent {
    /// What happens.
    pub kind: ConsentKind,
    /// To what: the key of a pipeline or gateway, the key of another resource with its kind, or a project.
    pub name: String,
}

impl Consent {
    /// To that the resource of this key, `resources.pipelines.x`, is destroyed. A pipeline goes by its key alone, all else
    /// with its kind in front: `schemas.lake`.
    pub(super) fn to_destroy(key: &str, action: Action) -> Self {
        let kind = if action == Action::Delete { ConsentKind::Delete } else { ConsentKind::Recreate };
        let key = key.strip_prefix("resources.").unwrap_or(key);
        Self { kind, name: key.strip_prefix("pipelines.").unwrap_or(key).to_owned() }
    }
}

impl fmt::Display for Consent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind.as_str(), self.name)
    }
}

impl Serialize for Consent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
