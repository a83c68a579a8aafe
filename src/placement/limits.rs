//! How much one pipeline and one gateway hold.

use std::num::NonZeroUsize;

/// Limits in tables: a row that stands for three tables counts three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `max_tables_per_pipeline`.
    pub tables_per_pipeline: NonZeroUsize,
    /// `max_tables_per_gateway`.
    pub tables_per_gateway: NonZeroUsize,
}

/// What Lakeflow Connect recommends for one pipeline.
const RECOMMENDED: NonZeroUsize = NonZeroUsize::new(250).expect("250 is not zero");

impl Default for Limits {
    fn default() -> Self {
        Self { tables_per_pipeline: RECOMMENDED, tables_per_gateway: RECOMMENDED }
    }
}
