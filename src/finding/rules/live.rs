//! 3xx: the workspace against the bundle.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[];
