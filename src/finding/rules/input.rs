//! 1xx: what is read.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[Rule {
    id: "TW150",
    title: "the table list cannot be read at a version",
    explanation: "A table list in a Delta table is read at one version, which reports name, so that plan and deploy see the same \
        rows. Views, foreign tables, and tables whose history this identity may not read have no version: they are read as they \
        are, and a row that changes in between goes unnoticed.",
}];
