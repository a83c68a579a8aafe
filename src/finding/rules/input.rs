//! 1xx: what is read.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[];
