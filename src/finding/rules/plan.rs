//! 4xx: what a deploy would change, and consent.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW401",
        title: "the deploy does something to data that nobody consented to",
        explanation: "A pipeline that leaves the bundle is deleted, and one whose immutable fields change (connection, gateway \
            storage catalog and schema, …) is deleted and made again; with a gateway go all pipelines behind it. A table whose \
            source, keys, cursor, row filter or history changes in place (for itself, or with the table_configuration of its \
            pipeline), that moves to another pipeline, or that a job is to refresh in full, is read again in full. Each of these is carried out only where it is named, by --allow KIND:NAME as the refusal prints it, by a \
            reviewed entry of approvals.yml, or by whoever sits at the terminal. --auto-approve covers none of them.",
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
    Rule {
        id: "TW404",
        title: "the plan does not tell what would happen",
        explanation: "All that tapworks says of tables follows from what the databricks CLI plans. A plan that leaves out a \
        resource, a definition, or what the workspace has, or that names an action that does not go with a pipeline, could hide \
        anything, so nothing is deployed, and no consent covers it. Plan again: the CLI leaves out what it could not read. Where \
        it stays so, the CLI is newer than this tapworks knows: use 1.14.0, and report it.",
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
            value, another field or a later day is another change, which nobody has reviewed. So is one that drops tables: an \
            entry covers that only with `tables: DROPPED`. An entry whose change is deployed has done its work, and is noted \
            until it is taken out.",
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
