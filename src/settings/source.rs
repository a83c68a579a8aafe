//! Where the rows come from, as the settings say it.

use crate::finding::Place;
use crate::source::SourceSpec;

/// Where the rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSetting {
    /// A file, standard input, or a table.
    pub spec: SourceSpec,
    /// The target whose workspace holds the table.
    pub target: Option<String>,
    /// The profile of the workspace that holds the table.
    pub profile: Option<String>,
    /// Where this is said.
    pub place: Place,
}
