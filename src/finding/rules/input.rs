//! 1xx: what is read.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW101",
        title: "text is not UTF-8",
        explanation: "Names are taken as they stand in the file, and read in another encoding they are other names: a \
            table that does not exist, or a wrong one that does. tapworks therefore reads UTF-8 alone, with \
            or without a byte order mark. Save the file as UTF-8, or convert it with iconv.",
    },
    Rule {
        id: "TW102",
        title: "the file cannot be read any further",
        explanation: "The file breaks the rules of its format (JSON, JSON Lines or YAML) at the place that is named. \
            What stands behind it cannot be told, so none of the rows are used.",
    },
    Rule {
        id: "TW103",
        title: "a row is not a map",
        explanation: "JSON and YAML sources are lists of maps, one for each row, with column names as keys.",
    },
    Rule {
        id: "TW104",
        title: "there are no rows",
        explanation: "A table list without rows would mean that every table is to go. That is hardly ever meant; an \
            empty export, a wrong path or a missing header line is. To empty a project on purpose, deploy \
            with --remove-project.",
    },
    Rule {
        id: "TW105",
        title: "a quote is never closed",
        explanation: "A cell that starts with a double quote goes on, over line ends too, to the next single quote \
            character. Where there is none, the rest of the file becomes one cell. Close the quote; a quote \
            inside a quoted cell is doubled.",
    },
    Rule {
        id: "TW106",
        title: "a column has no name",
        explanation: "Every column is known by its name in the first line. A nameless one is mostly a stray delimiter \
            there, or a row that has shifted.",
    },
    Rule {
        id: "TW107",
        title: "a column is there twice",
        explanation: "Two columns of one name, or a column under both of its names (source_table and \
            source_table_name), leave open which cell holds. Letter case does not count: Unity Catalog does \
            not look at it either.",
    },
    Rule {
        id: "TW108",
        title: "a row has too many cells",
        explanation: "A delimiter too many shifts every cell behind it into a wrong column, and a connection becomes a \
            schema. Remove it, or put the cell that holds a delimiter into double quotes.",
    },
    Rule {
        id: "TW109",
        title: "a row has too few cells",
        explanation: "The cells that are missing at the end of the row are taken as blank. That is how spreadsheets \
            often write them, so this is a warning.",
    },
    Rule {
        id: "TW110",
        title: "a column of the rows is not known",
        explanation: "Nothing reads the column, so that its cells have no effect. Mostly it is a typing error in the \
            name of a column that is read.",
    },
    Rule {
        id: "TW111",
        title: "a key of the settings is not known",
        explanation: "A key that nobody reads is a setting without effect, which nobody notices until it matters. Keys \
            that start with `x-` are left alone, for anchors.",
    },
    Rule {
        id: "TW112",
        title: "a setting has the wrong type",
        explanation: "The key takes another kind of value: text, a number, true or false, a list or a map.",
    },
    Rule {
        id: "TW113",
        title: "a key of the settings is there twice",
        explanation: "YAML and JSON readers keep the last of two equal keys without a word. Which one is meant is not \
            said, so it is an error.",
    },
    Rule {
        id: "TW114",
        title: "a limit is no whole number from 1",
        explanation: "Limits say how many tables may stand together in a pipeline, behind a gateway or in a bundle. \
            Below 1 there would be no place for any table.",
    },
    Rule {
        id: "TW115",
        title: "targets is empty",
        explanation: "A bundle is deployed to a target. Leave the key out to take the workspace of the environment or \
            of a profile, or name a target under it.",
    },
    Rule {
        id: "TW116",
        title: "a target's name cannot be used",
        explanation: "The name becomes part of paths in the workspace and of command lines of the databricks CLI.",
    },
    Rule {
        id: "TW117",
        title: "a target names no workspace",
        explanation: "A target needs workspace_host or profile; nothing else says which workspace it is.",
    },
    Rule {
        id: "TW118",
        title: "a workspace address cannot be used",
        explanation: "workspace_host is the address that the browser shows, https:// and the name of the host. Plain \
            http is taken for loopback addresses only, since tokens go over it.",
    },
    Rule {
        id: "TW119",
        title: "a target's mode is not known",
        explanation: "The databricks CLI knows the modes development and production, and refuses others.",
    },
    Rule {
        id: "TW120",
        title: "group keys and columns are mixed",
        explanation: "Defaults and overrides are either flat (column: value, for all rows) or grouped (key: {column: \
            value}). Mixed, a name could be either. Put the flat ones under `*`.",
    },
    Rule {
        id: "TW121",
        title: "the default target is not clear",
        explanation: "default_target names a target that is not there, or two targets say `default: true`.",
    },
    Rule {
        id: "TW122",
        title: "the source cannot be told",
        explanation: "source is a path, or {table: catalog.schema.table} with the target or the profile whose \
            workspace holds it.",
    },
    Rule {
        id: "TW123",
        title: "defaults or overrides set an unknown column",
        explanation: "Nothing reads that column, so that the value has no effect. Mostly it is a typing error.",
    },
    Rule {
        id: "TW124",
        title: "a group key matches no row",
        explanation: "Keys of defaults and overrides are compared with prefix_subgroup (padded or not), prefix and \
            project of each row, after those are settled; letter case counts. A key that matches nothing is \
            mostly a typing error, or left over from rows that are gone.",
    },
    Rule {
        id: "TW126",
        title: "a column is not read by the connector",
        explanation: "Another connector reads this column, but none of those that the rows use.",
    },
    Rule {
        id: "TW127",
        title: "two keys name one group",
        explanation: "`sales_2` and `sales_02` are the same group, since subgroups are padded to two characters. Where \
            both set a column, which one holds is not said.",
    },
    Rule {
        id: "TW128",
        title: "a weight is no whole number",
        explanation: "The column `weight` says how heavy a table is beside the others, mostly by its rows or bytes: digits \
            alone, from 0 on. Where it is blank a table weighs 1. `placement: weighted` gives new pipelines equal sums of \
            it; any other placement leaves it unread.",
    },
    Rule {
        id: "TW140",
        title: "a skipped rule is judged again",
        explanation: "A rule can be left out with a reason and a last day, with --skip or with `skip` in the settings file. \
            After that day it is judged as any other: take the entry out, or give it another day.",
    },
    Rule {
        id: "TW150",
        title: "the table list cannot be read at a version",
        explanation: "A table list in a Delta table is read at one version, which reports name, so that plan and deploy see the same \
        rows. Views, foreign tables, and tables whose history this identity may not read have no version: they are read as they \
        are, and a row that changes in between goes unnoticed.",
    },
    Rule {
        id: "TW151",
        title: "a bundle is there whose project has no rows",
        explanation: "The folder for bundles holds one that tapworks wrote, for a project that no row names any more. What it \
            deployed stays deployed, and only its bundle can change or remove it, so the files stay too. A typing error in \
            project_name looks the same: the tables then go to a bundle of another name, and are read a second time. One of \
            several bundles of a project that lives on in the others (TW257) is only a folder that is left: nothing needs it.",
    },
    Rule {
        id: "TW152",
        title: "the lock is damaged",
        explanation: "A line of the lock cannot be understood, or the file is cut off. The lock is the memory of where each table \
            lies; a line that were skipped would let its table be placed anew, and read again in full. So nothing of a \
            damaged lock is used. Take the line as git has it, or rebuild the lock with tapworks lock import.",
    },
    Rule {
        id: "TW153",
        title: "the lock is an unresolved merge",
        explanation: "git could not merge two branches and left both sides in the lock, between <<<<<<< and >>>>>>>. Each table has \
            a line of its own, so that mostly the lines of both sides are right: keep them and remove the markers.",
    },
    Rule {
        id: "TW154",
        title: "the lock was written by a newer tapworks",
        explanation: "The version in the lock is higher than this tapworks can read. What its lines mean is not known, so none of \
            them is used.",
    },
    Rule {
        id: "TW155",
        title: "two lines of the lock disagree",
        explanation: "One table, pipeline or gateway stands in the lock twice, with different places: two branches placed it \
            differently, and a merge kept both. Equal lines are fine. Keep the line of what is deployed; tapworks lock import \
            reads it from a bundle.",
    },
    Rule {
        id: "TW156",
        title: "the lock and what is imported disagree",
        explanation: "lock import fills the lock from a bundle or a workspace. Where the lock holds another place already, one of \
            the two is out of date, and a table that is placed wrongly is read again in full. --force takes what is imported: \
            say it where the bundle is what is deployed.",
    },
    Rule {
        id: "TW157",
        title: "a bundle cannot be imported",
        explanation: "lock import reads the bundles of tapworks and of lakeflow-tapworks: pipelines by keys pipeline_… and \
            gateway_…, with a list of tables. What it does not understand would be missing in the lock, and placed anew, so \
            nothing is imported.",
    },
];
