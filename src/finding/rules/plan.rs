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
        id: "TW402",
        title: "tables that are to be kept would be dropped",
        explanation: "Without `cascade_on_destroy: false` the service deletes the tables of a pipeline together with it. tapworks \
        writes that flag, but the CLI obeys the one that it deployed last: where the deployed state lacks it, a deploy that \
        deletes or recreates the pipeline drops its tables, whatever the settings say. No consent covers that. Deploy without \
        the change first (the flag is noted, no request is sent to the pipeline), then make the change. Where the tables are to \
        go, say so: `cascade_on_destroy: true` for the target.",
    },
    Rule {
        id: "TW403",
        title: "prevent_destroy forbids what the deploy would do",
        explanation: "With `prevent_destroy: true` for a target the CLI refuses every deploy that would recreate one of its \
        pipelines, and no consent changes that. Undo the change, or deploy `prevent_destroy: false` first.",
    },
];
