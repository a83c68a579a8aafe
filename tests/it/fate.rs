//! What becomes of tables whose pipeline goes: KEPT or DROPPED, as it is told, reviewed, and done.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tapworks_mocks::workspace::{MockWorkspace, Table};

use crate::context::{Context, Said, only_read};

const PIPELINE: &str = "pipeline_crm_01_p01";
const CASCADE: &str = "cascade_on_destroy: true";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Twelve tables in one pipeline, read once.
fn deployed() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let site = Site { workspace, context };
    site.rows(12, "salesforce");
    site.settle("");
    site.deploy(&[]).exits(0);
    site.read();
    site
}

impl Site {
    fn rows(&self, tables: usize, connection: &str) {
        let mut rows = "connector,project_name,prefix,source_database,source_schema,source_table_name,\
                        target_catalog,target_schema,target_table_name,connection_name\n"
            .to_owned();
        for table in 0..tables {
            let _ =
                writeln!(rows, "salesforce,retail,crm,sf,objects,T{table},bronze,crm,t{table},{connection}");
        }
        rows.push_str("salesforce,retail,hr,sf,objects,P,bronze,hr,people,salesforce\n");
        self.context.write("tables.csv", &rows);
    }

    fn settle(&self, line: &str) {
        let host = self.workspace.url();
        self.context.write(
            "tapworks.yml",
            &format!("source: tables.csv\ntargets:\n  prod:\n    workspace_host: {host}\n    {line}\n"),
        );
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.workspace.clear_requests();
        self.context.run(&[&["deploy", "--target", "prod", "-o", "json"], more].concat())
    }

    /// The pipeline made its tables.
    fn read(&self) {
        self.workspace.world(|world| {
            let id = world.pipelines.named("crm_01_p01").unwrap().id.clone();
            for table in 0..12 {
                world.catalog.put_table(Table::streaming("bronze", "crm", &format!("t{table}"), &id));
            }
        });
    }

    fn tables(&self) -> usize {
        self.workspace.world(|world| {
            let is_there = |table: &usize| world.catalog.table(&format!("bronze.crm.t{table}")).is_some();
            (0..12).filter(is_there).count()
        })
    }
}

/// Entries for all that a refusal says is missing, copied from it.
fn entries(document: &Value) -> String {
    let mut text = String::new();
    for need in document["targets"][0]["projects"][0]["needs"].as_array().unwrap() {
        let (kind, name) = need["consent"].as_str().unwrap().split_once(':').unwrap();
        let _ = writeln!(text, "- target: prod\n  kind: {kind}\n  resource: {name}");
        if let Some(field) = need.get("field") {
            let (path, old, new) = (field["path"].as_str().unwrap(), &field["old"], &field["new"]);
            let _ = writeln!(text, "  field: \"{path}\"\n  old: {old}\n  new: {new}");
        }
        if need["fate"] == "dropped" {
            let _ = writeln!(text, "  tables: DROPPED");
        }
        let _ = writeln!(text, "  who: ana@example.com\n  why: because\n  until: 2999-12-31");
    }
    text
}

#[test]
fn an_approval_from_before_the_cascade_was_deployed_drops_no_table() {
    // A change of a field, and a deletion, which has none.
    for (kind, tables, connection) in [("recreate", 12, "salesforce_new"), ("delete", 0, "salesforce")] {
        let site = deployed();
        let consent = format!("{kind}:{PIPELINE}");
        site.rows(tables, connection);
        let reviewed = site.deploy(&[]).exits(4).json();
        assert_eq!(reviewed["needs_consent"], json!([consent]));
        assert_eq!(reviewed["targets"][0]["projects"][0]["needs"][0]["fate"], "kept");
        let kept = entries(&reviewed);
        site.context.write("approvals.yml", &kept);

        // Somebody deploys the cascade before the change is.
        site.rows(12, "salesforce");
        site.settle(CASCADE);
        site.deploy(&[]).exits(0);
        site.rows(tables, connection);
        let said = site.deploy(&[]);
        let planned = said.exits(4).json();
        assert_eq!(planned["needs_consent"], json!([consent]));
        let need = &planned["targets"][0]["projects"][0]["needs"][0];
        assert_eq!((&need["fate"], &need["tables"]), (&json!("dropped"), &json!(12)), "{need}");
        for told in [
            format!("the approval of {consent} is for another change"),
            "tables KEPT; planned is ".to_owned(),
            ", tables DROPPED\n".to_owned(),
            "  --> approvals.yml:1:3\n".to_owned(),
            "; tables: DROPPED\n".to_owned(),
            format!("undo the change, or consent to it: --allow {consent}"),
        ] {
            assert!(said.stderr.contains(&told), "{told}: {}", said.stderr);
        }
        only_read(&site.workspace);
        assert_eq!(site.tables(), 12);
        let plan = site.context.run(&["plan", "--target", "prod", "--report", "md=plan.md"]);
        assert!(plan.exits(0).stdout.contains("      tables: DROPPED\n"), "{}", plan.stdout);
        assert!(site.context.read("plan.md").contains("  - `tables: DROPPED`\n"));

        // Reviewed anew, copied from the refusal, it is consent.
        site.context.write("approvals.yml", &entries(&planned));
        let done = site.deploy(&[]).exits(0).json();
        assert_eq!(done["consents"][0]["by"], "approval");
        assert_eq!(site.tables(), 0);
    }
}

#[test]
fn a_flag_and_an_answer_are_for_the_run_at_hand_whatever_becomes_of_the_tables() {
    let site = deployed();
    site.settle(CASCADE);
    site.deploy(&[]).exits(0);
    site.rows(12, "salesforce_new");
    site.deploy(&["--allow", &format!("recreate:{PIPELINE}")]).exits(0);
    assert_eq!(site.tables(), 0);
}

#[test]
fn an_approval_says_kept_or_dropped_and_nothing_else() {
    let site = deployed();
    let entry = format!(
        "- target: prod\n  kind: delete\n  resource: {PIPELINE}\n  tables: gone\n  who: ana\n  why: because\n  until: 2999-12-31\n"
    );
    site.context.write("approvals.yml", &entry);
    let said = site.deploy(&[]);
    for told in ["approvals.yml:4:11", "`tables` is KEPT or DROPPED, not `gone`"] {
        assert!(said.exits(1).stderr.contains(told), "{}", said.stderr);
    }
    let schema = site.context.run(&["schema", "approvals"]).exits(0).json();
    assert_eq!(
        schema["items"]["properties"]["tables"]["enum"],
        json!(["KEPT", "DROPPED", "kept", "dropped"])
    );
}

#[test]
fn a_recreate_says_how_many_tables_come_back_and_how_many_never_do() {
    for (line, left, fate, told, effects) in [
        ("", 11, "kept", "its 12 tables KEPT, 11 of them read again in full", [11, 0]),
        (
            CASCADE,
            6,
            "dropped",
            "its 12 tables DROPPED, 6 of them read again in full, 6 lost for good",
            [6, 6],
        ),
        (CASCADE, 12, "dropped", "its 12 tables DROPPED and read again in full", [12, 0]),
    ] {
        let site = deployed();
        site.settle(line);
        site.deploy(&[]).exits(0);
        site.rows(left, "salesforce_new");
        let what = format!("pipeline {PIPELINE} is deleted and made again, {told}");
        let plan = |more: &[&str]| site.context.run(&[&["plan", "--target", "prod"], more].concat());
        let document = plan(&["-o", "json", "--report", "md=plan.md"]).exits(0).json();
        let need = &document["needs"][0];
        assert_eq!((&need["what"], &need["tables"], &need["fate"]), (&json!(what), &json!(12), &json!(fate)));
        // Table by table it is the same.
        let tables: Vec<&Value> = document["tables"].as_array().unwrap().iter().collect();
        assert_eq!(tables.iter().filter(|table| table["fate"] == fate).count(), 12);
        let count = |effect: &str| tables.iter().filter(|table| table["effect"] == effect).count();
        assert_eq!([count("snapshot"), count("delete")], effects);
        let said = plan(&[]).exits(0).stdout.clone();
        assert!(said.contains(&format!("      {what}\n")), "{said}");
        let lines = |word: &str| {
            let told = |line: &&str| line.contains("bronze.crm.t") && line.contains(word);
            said.lines().filter(told).count()
        };
        let again = lines(&format!("  {} and read again in full", fate.to_uppercase()));
        let gone = match fate {
            "kept" => lines("  KEPT, no longer updated"),
            _ => lines("  DROPPED") - again,
        };
        assert_eq!((again, gone), (left, 12 - left), "{said}");
        let report = site.context.read("plan.md");
        assert!(report.contains(&what.replace('_', "\\_")), "{report}");
    }
}
