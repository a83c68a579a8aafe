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

    /// As text, with the gateway where nothing else tells it from the other.
    pub(super) fn beside(&self, other: &Self) -> String {
        match &self.gateway {
            _ if (&self.bundle, &self.pipeline) != (&other.bundle, &other.pipeline) => self.to_string(),
            Some(gateway) => format!("{self} behind gateway {gateway}"),
            None => format!("{self} without a gateway"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_places_never_read_the_same() {
        let slot = |pipeline: &str, gateway: Option<&str>| Slot {
            bundle: "retail".to_owned(),
            gateway: gateway.map(str::to_owned),
            pipeline: pipeline.to_owned(),
            position: 0,
        };
        let (here, there) = (slot("p01", Some("g01")), slot("p01", Some("g02")));
        assert_eq!(here.beside(&there), "pipeline p01 of bundle retail behind gateway g01");
        assert_eq!(slot("p01", None).beside(&here), "pipeline p01 of bundle retail without a gateway");
        assert_eq!(here.beside(&slot("p02", Some("g02"))), "pipeline p01 of bundle retail");
    }
}
