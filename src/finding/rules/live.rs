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
            was cut off after creating it and before saving its state. The CLI would create it again. \
            `tapworks deploy --recover` takes everything that was left over into the state and goes on; a single one is taken \
            with `databricks bundle deployment bind KEY ID`. On the machine where the deploy was cut off, the CLI finds in its \
            own log under `.databricks/` what it had created, and nothing needs to be recovered.",
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
            read a second time. Put the rows back, or delete what it deployed with `tapworks deploy --remove-project NAME`, with the consent that each \
            deletion needs.",
    },
    Rule {
        id: "TW320",
        title: "destination is written by another of our pipelines",
        explanation: "Unity Catalog says that a table which is planned in one pipeline is written by another one of this configuration, or by \
            the same bundle in another target. A table is written by one pipeline only, so that the planned one would fail at it. Put \
            the row back to where it was, or drop the table, which reads it again in full. Where a pipeline of the same target \
            has the table until the deploy moves it, this is a warning: deploy first, drop the table then. Dropped before, the \
            old pipeline may make it anew. Once the move is deployed it is an error until the table is dropped.",
    },
    Rule {
        id: "TW321",
        title: "something else stands where a table is to be",
        explanation: "An ordinary table or a view has the name of a destination. A pipeline writes only tables that it made itself. Rename or \
            drop what is there, or choose another destination.",
    },
    Rule {
        id: "TW322",
        title: "destination is already written by another pipeline",
        explanation: "A table is written by one pipeline only, in this or any other workspace of the metastore. The finding names the \
            pipeline, its owner and the bundle that manages it. Choose another destination, or agree with the owner: the table has to \
            leave that pipeline and be dropped before this one can make it anew.",
    },
    Rule {
        id: "TW323",
        title: "destination is left over from a pipeline that is gone",
        explanation: "Tables stay with the pipeline that made them, also where it was deleted or recreated and its tables were kept. No other \
            pipeline can write them until they are dropped; the finding holds the statements. A pipeline of another workspace of the \
            same metastore looks the same from here, so that it is worth asking before dropping anything.",
    },
    Rule {
        id: "TW324",
        title: "two targets would write the same table",
        explanation: "Workspaces of one region share a metastore, and development mode puts nothing before the names of catalogs, schemas and \
            tables. Where two targets name the same destination there, the pipelines of the second fail. Give one of them its own \
            with `catalogs` or `schemas` in the target.",
    },
    Rule {
        id: "TW330",
        title: "connection is not there",
        explanation: "A pipeline or gateway reads its source through a connection of Unity Catalog, which must be there before the deploy. One \
            that this identity may not see looks as if it were not there.",
    },
    Rule {
        id: "TW331",
        title: "connection is of another type",
        explanation: "Each connector reads through connections of its own type, as Unity Catalog spells it. Name another connection, or the \
            connector that fits the one that is named.",
    },
    Rule {
        id: "TW332",
        title: "connection is not in order",
        explanation: "Unity Catalog says in which state a connection is. Only through an active one can be read.",
    },
    Rule {
        id: "TW333",
        title: "connection may not be used",
        explanation: "Who creates a pipeline and who it runs as both need USE CONNECTION on its connection, by a grant or by owning it.",
    },
    Rule {
        id: "TW340",
        title: "catalog is not there",
        explanation: "The catalog of a destination or of a gateway's storage is not there, or this workspace does not get to see it: an isolated \
            catalog is seen only in the workspaces that it is bound to. tapworks creates no catalogs.",
    },
    Rule {
        id: "TW341",
        title: "catalog cannot hold tables",
        explanation: "Nothing can be created in foreign, shared and system catalogs, neither destinations nor the volume of a gateway.",
    },
    Rule {
        id: "TW342",
        title: "privileges on a catalog are missing",
        explanation: "The identity that the pipelines run as, `run_as` of the target or else who deploys, needs USE CATALOG on each catalog that \
            they work in. The finding holds the statement.",
    },
    Rule {
        id: "TW343",
        title: "schema is not there",
        explanation: "A schema that is missing is created on the way where the identity that runs may create schemas in the catalog, which is a \
            note; otherwise nothing can be written there, which is an error.",
    },
    Rule {
        id: "TW344",
        title: "privileges on a schema are missing",
        explanation: "The identity that the pipelines run as needs USE SCHEMA and CREATE TABLE on schemas of destinations, and CREATE VOLUME too \
            where a gateway keeps what it has read. The finding holds the statement.",
    },
    Rule {
        id: "TW345",
        title: "too many jobs start in one minute",
        explanation: "A workspace runs a limited number of pipeline updates side by side. Where more jobs start in one minute, some of them fail \
            or wait. Schedules are counted over a week, in all time zones, those of paused jobs left out.",
    },
    Rule {
        id: "TW346",
        title: "all jobs start together",
        explanation: "Where all jobs start at the same minutes, sources and gateways get everything at once and nothing in between. Different \
            minutes for different groups cost nothing.",
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
