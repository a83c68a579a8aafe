//! 2xx: what can be judged without a workspace.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW201",
        title: "a required column is missing",
        explanation: "The connector needs this column in every row, and neither the rows nor defaults or overrides \
            have it.",
    },
    Rule {
        id: "TW202",
        title: "a required cell is blank",
        explanation: "The connector needs a value here. Cells are trimmed, and blank means that nothing is set; NA, \
            null and None are ordinary text. A default or an override can fill it.",
    },
    Rule {
        id: "TW203",
        title: "nothing says which connector reads a row",
        explanation: "The connector of a row is its column `connector`, else --connector, else the settings. `tapworks \
            connectors` lists them.",
    },
    Rule {
        id: "TW204",
        title: "a prefix has rows with and without a subgroup",
        explanation: "Subgroups part the tables of a prefix. Where some rows name one and others do not, it is not \
            said whether those belong to one of the named or stand apart.",
    },
    Rule {
        id: "TW205",
        title: "a name breaks the rules of Unity Catalog",
        explanation: "Names of catalogs, schemas, tables and connections hold no dots, blanks, slashes, control \
            characters and characters that are not seen, and have 255 characters at most.",
    },
    Rule {
        id: "TW206",
        title: "a prefix or subgroup cannot be part of a key",
        explanation: "Keys of gateways, pipelines and jobs in a bundle are made of ASCII letters, digits, `_` and `-`. \
            With anything else the databricks CLI does not find the resource that another one refers to.",
    },
    Rule {
        id: "TW207",
        title: "names made of a group are too long",
        explanation: "Keys, names and gateway storages are made of prefix and subgroup with a start and a number, and \
            end at 255 characters.",
    },
    Rule {
        id: "TW208",
        title: "a project cannot be a folder and a bundle",
        explanation: "The project is a folder below output_dir and the name of a bundle. It must not lead out of that \
            folder, nor hold characters that file systems or the databricks CLI refuse in a path.",
    },
    Rule {
        id: "TW209",
        title: "two groups have one name",
        explanation: "Prefix and subgroup are joined by `_`, so that `sales` with `01_02` and `sales_01` with `02` are \
            the same name, and would be merged into one pipeline.",
    },
    Rule {
        id: "TW210",
        title: "one group is in two projects",
        explanation: "Two projects are two bundles. With the same prefix and subgroup, their gateways, pipelines, jobs \
            and gateway storages have the same names in the workspace, and the second deploy meets those of \
            the first.",
    },
    Rule {
        id: "TW211",
        title: "a group mixes connectors",
        explanation: "A pipeline reads from one source. Rows of one project, prefix and subgroup therefore have one \
            connector.",
    },
    Rule {
        id: "TW212",
        title: "a group has two values where one is shared",
        explanation: "Connection, schedule, time zone, pause status, tags and gateway settings are shared by all rows \
            of a project, prefix and subgroup. They are compared after normalisation (letter case, blanks, \
            order of tags), and blanks say nothing.",
    },
    Rule {
        id: "TW213",
        title: "a schedule cannot be",
        explanation: "Schedules are cron of five fields (minute hour day month weekday) or Quartz of six or seven. \
            Cron is turned into Quartz, day numbers included. Ranges are checked, dates that never come are \
            refused, and so is a day of the month together with a day of the week: cron starts on either, \
            and one Quartz expression cannot say that.",
    },
    Rule {
        id: "TW214",
        title: "a time zone is not known",
        explanation: "Schedules take names of the IANA time zone database, as Europe/Berlin, in their exact letter \
            case.",
    },
    Rule {
        id: "TW215",
        title: "a pause_status is not known",
        explanation: "It is PAUSED or UNPAUSED, in any letter case. Anything else would leave a job running that was \
            to be paused.",
    },
    Rule {
        id: "TW216",
        title: "tags cannot be read",
        explanation: "Tags are written as team=crm,env=prod (`;` does for `,`), or as a JSON object or a map of names \
            to texts, numbers and booleans; at most 25 of them.",
    },
    Rule { id: "TW217", title: "a tag is there twice", explanation: "The last of the two holds." },
    Rule {
        id: "TW218",
        title: "a value has the wrong shape",
        explanation: "Lists of columns or tables are comma text, a JSON list or a real list of names. Other columns \
            take text, and no lists and maps.",
    },
    Rule {
        id: "TW219",
        title: "columns are both included and excluded",
        explanation: "A table takes include_columns or exclude_columns, not both.",
    },
    Rule {
        id: "TW220",
        title: "an scd_type is not known",
        explanation: "It is SCD_TYPE_1, SCD_TYPE_2 or APPEND_ONLY, in any letter case. Dropping an unknown one would \
            leave a table without history, and setting it later reads the table again in full.",
    },
    Rule {
        id: "TW221",
        title: "APPEND_ONLY is not documented for the connector",
        explanation: "The bundle schema knows APPEND_ONLY, and only query-based connectors are documented to take it. \
            It is written as it stands.",
    },
    Rule {
        id: "TW222",
        title: "two rows write one table",
        explanation: "A Unity Catalog table is written by one pipeline, once. Names are compared without letter case, \
            across pipelines and projects.",
    },
    Rule {
        id: "TW223",
        title: "two rows write one table in a target",
        explanation: "The maps of the target (catalogs, schemas) bring two destinations together that are apart in the \
            rows.",
    },
    Rule {
        id: "TW224",
        title: "text would be replaced by the databricks CLI",
        explanation: "A bundle's references, ${var.x}, are looked for in every text, in names of tables too. Such text \
            is refused; where every version of the CLI that the bundle takes is 1.15 or later \
            (databricks_cli_version), it is written as $${var.x}, which those versions leave alone.",
    },
    Rule {
        id: "TW225",
        title: "names differ in letter case alone",
        explanation: "To a bundle they are two names; to Unity Catalog, and to the file systems of macOS and Windows, \
            they are one.",
    },
    Rule {
        id: "TW226",
        title: "a source is read twice",
        explanation: "Two rows read the same source over the same connection into two tables. That is allowed, and \
            costs the reading twice.",
    },
    Rule {
        id: "TW227",
        title: "a name is not what it seems",
        explanation: "A name of a database, schema, table or column holds a character that is not seen (a control character, \
            or one that turns the text round or has no width), or has more than 255 characters. Whoever reviews a plan would \
            read another name. Wherever such characters are shown, they are written as \\u{202e}.",
    },
    Rule {
        id: "TW230",
        title: "a production target has no root_path",
        explanation: "The databricks CLI refuses mode production without workspace.root_path, so that there is one \
            copy only. tapworks then takes a folder of the deploying identity; another identity would make a \
            second copy. Name a root_path that all of them use.",
    },
    Rule {
        id: "TW231",
        title: "two bundles share one root",
        explanation: "The databricks CLI keeps one state below root_path (or at state_path). A second bundle, or a \
            second target of the same workspace, that is deployed there finds the first one's resources in \
            the state and none of them in its configuration, and deletes them. Put ${bundle.name} and \
            ${bundle.target} into the path.",
    },
    Rule {
        id: "TW232",
        title: "a shared root is not open to its users",
        explanation: "Everybody can write below /Workspace/Shared, and the databricks CLI warns, and with --strict \
            refuses, where the target's permissions do not give the group users CAN_MANAGE.",
    },
    Rule {
        id: "TW233",
        title: "a development root is not the user's own",
        explanation: "The databricks CLI refuses mode development where root_path does not hold the user's name: two \
            people would overwrite each other. Start it with ~ or put ${workspace.current_user.userName} \
            into it.",
    },
    Rule {
        id: "TW234",
        title: "two bundles have one name",
        explanation: "A project that outgrew one bundle goes on in <project>_b02. Where another project has that very \
            name, the two are one folder and one state.",
    },
    Rule {
        id: "TW240",
        title: "a pipeline holds more tables than its limit says",
        explanation: "A row of some connectors stands for several tables (a Google Analytics property). Such a row is not torn \
            apart: max_tables_per_pipeline counts the rows then, and never are more tables put together than the service \
            recommends for one pipeline. The warning says which pipelines hold more tables than the number in the setting.",
    },
    Rule {
        id: "TW242",
        title: "a limit is lower than what is placed",
        explanation: "A table that has a place keeps it, whatever happens to the limits: in another pipeline it would be read again \
            in full. So a pipeline, a gateway or a bundle can hold more than max_tables_per_pipeline, max_tables_per_gateway or \
            max_tables_per_bundle say. New tables go elsewhere. `tapworks rebalance` shows which moves would bring it under its \
            limit, and what they cost.",
    },
    Rule {
        id: "TW250",
        title: "a row no longer fits the place of its destination",
        explanation: "The destination is remembered in one pipeline, and project, prefix, subgroup or connector of its row now ask \
            for another one. A Unity Catalog table is written by one pipeline only: in another one it is refused, or read again \
            in full. Put the row back as it was, give it another destination, or start the table anew: deploy without the row, drop \
            the table in the workspace, take it out of the lock with `tapworks lock forget`, and put the row back.",
    },
    Rule {
        id: "TW251",
        title: "two memories disagree about a place",
        explanation: "The lock and what is deployed in a workspace, or two workspaces, have one table in different pipelines. \
            Whichever were followed, the table would move in the other. Take what is deployed into the lock with \
            `tapworks lock import --from-workspace`, or give the target that has grown apart a lock and an output_dir of its own.",
    },
    Rule {
        id: "TW252",
        title: "a target could not be asked where tables lie",
        explanation: "The lock does not know the place of every table, so what is deployed is asked, in all targets of the \
            settings: two targets must agree. For a target without credentials here that is not possible. Commit the lock, or \
            give credentials for that target too.",
    },
    Rule {
        id: "TW253",
        title: "several targets and no lock",
        explanation: "Without a committed lock each run asks every workspace where tables lie. Targets that are deployed at \
            different times can then place a new table differently. `tapworks generate` writes the lock; commit it.",
    },
    Rule {
        id: "TW254",
        title: "targets with different locks share one folder",
        explanation: "A target with a lock of its own has its tables in pipelines of its own, so its packages differ from those of the \
            other targets. It needs an output_dir of its own too.",
    },
    Rule {
        id: "TW255",
        title: "a table moves already",
        explanation: "`tapworks rebalance --write` put a move into the lock that is deployed to some targets only. The lock follows one             move of a table at a time, so that no other may begin before all targets have it. Deploy to them first.",
    },
    Rule {
        id: "TW256",
        title: "a project cannot be removed",
        explanation: "`tapworks deploy --remove-project NAME` deletes every pipeline of a project that the rows no longer name, with the \
            consent that each deletion needs. A project that still has rows is not removed, and neither is one of which neither the \
            lock nor any target knows anything.",
    },
    Rule {
        id: "TW257",
        title: "a bundle of a project has lost all of its rows",
        explanation: "A project that outgrew one bundle lives on in the others, and no row asks for any table of this one. It is \
            planned as every other bundle, with nothing in it: its tables leave, and each of its pipelines is deleted with the \
            consent that a deletion needs. The tables keep their lines in the lock, and their places should the rows come back. \
            Once nothing of it is deployed any more, it is no longer planned; its folder may then be deleted.",
    },
];
