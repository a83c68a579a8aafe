//! Resources by what happens to them.

use serde::Serialize;

/// How many resources were, or would be, changed in which way. A recreated resource is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New ones.
    pub created: usize,
    /// Changed in place.
    pub updated: usize,
    /// Deleted and created again under another id.
    pub recreated: usize,
    /// Gone.
    pub deleted: usize,
    /// As they were.
    pub unchanged: usize,
}

impl Counts {
    /// How many are touched at all.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.created + self.updated + self.recreated + self.deleted
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} created, {} updated, {} recreated, {} deleted, {} unchanged",
            self.created, self.updated, self.recreated, self.deleted, self.unchanged
        )
    }
}
