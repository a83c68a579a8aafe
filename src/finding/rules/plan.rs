//! 4xx: what a deploy would change, and consent.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[];
