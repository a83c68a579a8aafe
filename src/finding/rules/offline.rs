//! 2xx: what can be judged without a workspace.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[];
