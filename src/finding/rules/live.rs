//! 3xx: the workspace against the bundle.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW301",
        title: "pipeline name is already used in the workspace",
        explanation: "A pipeline of a name that this bundle would take is there already and is not this bundle's. Names are \
            unique by courtesy only: the deploy stops at it after creating whatever came before, or makes a second pipeline of \
            the same name. Choose another prefix, or rename, delete or take over the other pipeline.",
    },
    Rule {
        id: "TW302",
        title: "job name is already used in the workspace",
        explanation: "A job of a name that this bundle would take is there already and is not this bundle's. Nothing stops two \
            jobs of one name, and nobody can tell them apart afterwards.",
    },
    Rule {
        id: "TW303",
        title: "prefix is used by another bundle",
        explanation: "Names of gateways and pipelines are made of prefix, subgroup and a number. Where another bundle has \
            pipelines of the same prefix and subgroup, the next number of one meets the other's. With another subgroup it is \
            only a warning.",
    },
    Rule {
        id: "TW304",
        title: "left over from a deploy that broke off",
        explanation: "A pipeline or job says that it belongs to this bundle, but the bundle's state does not know it: a deploy \
            was cut off after creating it and before saving its state. The CLI would create it again. Take it into the state \
            with `databricks bundle deployment bind KEY ID`, or delete it.",
    },
    Rule {
        id: "TW305",
        title: "the bundle is deployed under another root",
        explanation: "The same bundle and target is deployed elsewhere in this workspace, by another identity or with another \
            root_path. A deploy under the new root would know nothing of it and create everything a second time. Set the \
            target's root_path to the one that the finding names.",
    },
    Rule {
        id: "TW306",
        title: "another bundle's state lies under this root",
        explanation: "The CLI keeps one state per root_path. A second bundle deployed there finds the first one's resources in \
            the state and none of them in its configuration, and deletes them all.",
    },
    Rule {
        id: "TW307",
        title: "root_path cannot be resolved before the deploy",
        explanation: "tapworks looks at what lies under a bundle's root before it deploys, so it must be able to say where that \
            is: root_path and state_path may refer to ${bundle.name}, ${bundle.target}, ${workspace.current_user.userName} and \
            ${workspace.current_user.short_name}.",
    },
    Rule {
        id: "TW308",
        title: "something that was deployed is gone from the workspace",
        explanation: "The bundle's state names a pipeline or job that the workspace no longer has: somebody deleted it. \
            The next deploy creates it again. For a pipeline that means that all of its tables are read again in \
            full, and tables that the old one left behind have to be dropped before the new one can write them; \
            for a gateway it means that every pipeline behind it is created again too.",
    },
    Rule {
        id: "TW309",
        title: "a pipeline was changed by hand",
        explanation: "Name, connection, catalog, schema or tables of a deployed pipeline are not what the bundle's state \
            says: somebody edited it in the workspace. The next deploy puts it back. Where a connection, a \
            gateway or the storage of a gateway was changed, the databricks CLI does so by deleting the pipeline \
            and creating it again, and all tables behind it are read again in full: put such a change back \
            first.",
    },
    Rule {
        id: "TW310",
        title: "pipelines of our prefix that no bundle owns",
        explanation: "Pipelines are named like ours, with one of our prefixes, and belong to no bundle: they were made by hand. No deploy \
            will ever change or remove them, and their names are in the way of those that this prefix takes later. The finding names \
            them all: rename them, or delete what nobody needs.",
    },
    Rule {
        id: "TW311",
        title: "a bundle is deployed whose project has no rows",
        explanation: "A bundle that was deployed from this folder is still deployed in this target, and no row names its \
            project any more. Its pipelines and jobs go on as they are; no deploy changes or removes them. A \
            typing error in project_name looks the same: the tables then go to a bundle of another name, and are \
            read a second time. Put the rows back, or destroy the bundle on purpose.",
    },
    Rule {
        id: "TW350",
        title: "the databricks CLI is missing or too old",
        explanation: "tapworks deploys with the databricks CLI, of a version that databricks_cli_version allows. It is \
            looked for on the path, or where TAPWORKS_DATABRICKS_CLI says. The old Python CLI of the same name \
            cannot deploy bundles.",
    },
    Rule {
        id: "TW351",
        title: "the bundle was deployed with the Terraform engine",
        explanation: "Older databricks CLIs deployed through Terraform and kept its state; tapworks asks for the direct \
            engine, whose state is another file. An existing state decides which engine works, and plans and \
            kept tables are there only for the direct one. `databricks bundle deployment migrate` turns the \
            state over; a plan without changes shows that it went well.",
    },
    Rule {
        id: "TW352",
        title: "root_path does not suit the mode and the identity",
        explanation: "In development the databricks CLI wants a root in the home of whoever deploys, or with that name in \
            it, so that two people do not overwrite each other. In production all who deploy must be able to \
            write to one root; the home of one user is open to that user and to workspace admins only.",
    },
    Rule {
        id: "TW353",
        title: "run_as or permissions name somebody who is not there",
        explanation: "A user, group or service principal that the target names in run_as or permissions is not known in \
            its workspace. The deploy would stop at the first pipeline or job that is to have it, after creating \
            what came before. Service principals are named by their application id.",
    },
    Rule {
        id: "TW354",
        title: "gateways do not keep running in development mode",
        explanation: "With mode development the databricks CLI pauses triggers, and makes every pipeline non-continuous \
            with that, gateways included. A gateway that does not run collects no changes, so that pipelines \
            behind it ingest nothing. There is no switch for a single pipeline: start the gateway by hand where \
            rows are wanted, or give the target mode production and a name_prefix of its own.",
    },
];
