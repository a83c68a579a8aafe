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
    Rule {
        id: "TW412",
        title: "a consent is given that nothing needs",
        explanation: "--allow names one thing that may happen to one pipeline, gateway or project. Where the plan does nothing of \
            the kind, the flag is a leftover of an earlier deploy, or a typing error. It is told, so that a command line \
            does not collect consents that cover something by chance one day.",
    },
    Rule {
        id: "TW413",
        title: "an approval covers nothing of what is planned",
        explanation: "An entry of approvals.yml covers one field with its old and new value, in one target, until its date. Another \
            value, another field or a later day is another change, which nobody has reviewed. An entry whose change is \
            deployed has done its work, and is noted until it is taken out.",
    },
    Rule {
        id: "TW420",
        title: "a saved plan no longer holds",
        explanation: "`deploy FILE` does what the plan in the file says and nothing else, so all that the plan was made from must \
            still be so: rows, settings, lock, packages, host, version of the databricks CLI, and the deployment's lineage \
            and serial. The rows of a Delta table are read at the version of the plan: a newer one is noted and does not \
            make the plan stale. Plan anew where something has moved on.",
    },
    Rule {
        id: "TW421",
        title: "the table list has moved on since the plan",
        explanation: "A saved plan is carried out with the rows of the version that it was made from. What others have written to \
            the table since then is not in it, and is left to the next plan.",
    },
];
