//! How many tables may stand together.

use std::num::NonZeroUsize;

/// The documented limit of a pipeline, and the predecessor's of a gateway.
const TABLES: NonZeroUsize = NonZeroUsize::new(250).unwrap();
/// Beyond this, each command of the databricks CLI takes too long.
const TABLES_PER_BUNDLE: NonZeroUsize = NonZeroUsize::new(5_000).unwrap();

/// How many tables may stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In a pipeline.
    pub tables_per_pipeline: NonZeroUsize,
    /// Behind a gateway.
    pub tables_per_gateway: NonZeroUsize,
    /// In a bundle, before a project gets a second one.
    pub tables_per_bundle: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tables_per_pipeline: TABLES, tables_per_gateway: TABLES, tables_per_bundle: TABLES_PER_BUNDLE }
    }
}

impl Limits {
    /// How many tables may stand in a pipeline whose rows stand for several tables each: rows are counted against
    /// `tables_per_pipeline`, but never are more tables put together than the service recommends.
    #[must_use]
    pub fn most_tables_per_pipeline(&self) -> usize {
        self.tables_per_pipeline.max(TABLES).get()
    }
}
