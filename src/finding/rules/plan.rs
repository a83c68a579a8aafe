//! 4xx: what a deploy would change, and consent.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[Rule {
    id: "TW401",
    title: "the deploy would destroy a pipeline",
    explanation: "A pipeline that leaves the bundle is deleted, and one whose immutable fields change (connection, gateway \
        storage catalog and schema, …) is deleted and created again; with a gateway go all pipelines behind it. Every table \
        of such a pipeline is read again in full, and may be dropped. tapworks refuses that.",
}];
