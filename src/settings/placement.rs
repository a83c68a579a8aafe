//! How tables are spread over pipelines the first time.

/// How tables are spread over pipelines the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// A pipeline is filled up to the limit before the next is begun.
    #[default]
    Fill,
    /// Equal numbers of tables.
    Even,
    /// Equal sums of the column `weight`.
    Weighted,
}

impl Placement {
    pub(super) const ALL: [Self; 3] = [Self::Fill, Self::Even, Self::Weighted];

    /// As settings name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Even => "even",
            Self::Weighted => "weighted",
        }
    }
}
