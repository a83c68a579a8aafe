//! 4xx: what a deploy would change, and consent.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW401",
        title: "the deploy would destroy a pipeline",
        explanation: "A pipeline that leaves the bundle is deleted, and one whose immutable fields change (connection, gateway \
        storage catalog and schema, …) is deleted and created again; with a gateway go all pipelines behind it. Every table \
        of such a pipeline is read again in full, and may be dropped. tapworks refuses that.",
    },
    Rule {
        id: "TW411",
        title: "an approval is not complete",
        explanation: "An entry of approvals.yml says target, kind, resource (or project), the field with its old and new value \
            where the refusal printed one, who consents, why, and until when. Without any of them it would cover more than \
            was reviewed, or nobody would know who answers for it, so the deploy stops.",
    },
];
