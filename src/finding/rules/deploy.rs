//! 5xx: running the deploy.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[];
