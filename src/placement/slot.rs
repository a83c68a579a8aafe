//! Where one table lies.

/// The place of a table: which bundle, behind which gateway, in which pipeline, and where in its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The bundle's name, `retail` or `retail_b02`.
    pub bundle: String,
    /// The gateway's name, `sales_01_g01`; an application's pipeline has none.
    pub gateway: Option<String>,
    /// The pipeline's name, `sales_01_g01_p01`.
    pub pipeline: String,
    /// Tables of a pipeline stand in the order of their positions, then of their keys. Gaps and equal positions are
    /// ordinary: the first come from removals, the second from merges.
    pub position: u64,
}

impl Slot {
    /// Whether a table there is in the same pipeline of the same bundle.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        (&self.bundle, &self.gateway, &self.pipeline) == (&other.bundle, &other.gateway, &other.pipeline)
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "pipeline {} of bundle {}", self.pipeline, self.bundle)
    }
}

/// A catalog and a schema in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// Unity Catalog catalog.
    pub catalog: String,
    /// Schema in it.
    pub schema: String,
}
