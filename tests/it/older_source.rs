//! Rows that are older than those of the last deploy: what somebody deployed since would be undone.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{MockWorkspace, Rows};

use crate::context::{Context, Said, only_read, sql_server_rows};

const TABLE: &str = "main.cfg.tables";
const OLDER: &str = "older-source:retail";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Rows for `retail`, and one for a project that never changes.
fn rows(tables: usize) -> String {
    sql_server_rows(tables)
        + "sql_server,buying,vendors,erp,dbo,Vendors,bronze,buying,vendors,sqlserver_erp,bronze,staging\n"
}

/// Version 0 with ten tables, then version 1 with eleven, deployed one after the other.
fn site() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
    let host = workspace.url();
    context.write(
        "tapworks.yml",
        &format!("source: {TABLE}\ntargets:\n  prod:\n    workspace_host: {host}\n    root_path: {root}\n    mode: production\n"),
    );
    let site = Site { workspace, context };
    for tables in [10, 11] {
        site.put(tables);
        site.deploy(&[]).exits(0);
    }
    assert_eq!(site.record("retail")["source"]["version"], 1);
    site
}

impl Site {
    fn put(&self, tables: usize) {
        self.workspace.world(|world| {
            let rows = Rows::from_csv(&rows(tables)).unwrap();
            world.furnish(&rows);
            world.put_rows(TABLE, rows);
        });
    }

    /// The table is dropped and made anew, so that its history begins at 0.
    fn make_anew(&self, tables: usize) {
        self.workspace.world(|world| world.sources.remove(TABLE));
        self.put(tables);
        self.workspace.clear_requests();
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.context.run(&[&["deploy", "--target", "prod", "-o", "json"], more].concat())
    }

    fn record(&self, project: &str) -> Value {
        let path = format!("/Users/tester@example.com/.bundle/{project}/prod/state/tapworks.json");
        let bytes = self.workspace.world(|world| world.files.read(&path).map(|bytes| bytes.to_vec()));
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    }
}

#[test]
fn an_older_version_is_refused_and_deployed_with_its_consent() {
    let site = site();
    site.make_anew(9);
    let plan = site.context.run(&["plan", "--target", "prod", "-o", "json"]).exits(0).json();
    assert_eq!(plan["summary"]["needs_consent"], json!([OLDER]));
    let said = site.deploy(&[]);
    let document = said.exits(4).json();
    assert_eq!(document["needs_consent"], json!([OLDER]));
    for told in [
        "error[TW401]: the rows are version 0 of main.cfg.tables, version 1 is deployed",
        "--> project retail",
        "version of main.cfg.tables: 1 → 0",
        "consent to it: --allow older-source:retail\n",
    ] {
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
    // Consent to something else, or in another project, is none.
    site.deploy(&["--allow", "older-source:buying", "--allow", "remove:retail"]).exits(4);
    only_read(&site.workspace);
    assert_eq!(site.record("retail")["source"]["version"], 1);

    let document = site.deploy(&["--allow", OLDER]).exits(0).json();
    assert_eq!(document["source"]["version"], 0);
    assert_eq!(site.record("retail")["source"]["version"], 0);
    // What is deployed now is not older than itself.
    site.put(8);
    site.deploy(&[]).exits(0);
    assert_eq!(site.record("retail")["source"]["version"], 1);
}

#[test]
fn it_can_be_reviewed_for_these_very_versions() {
    let site = site();
    site.make_anew(9);
    let entry = |new: i64| {
        format!(
            "- target: prod\n  kind: older-source\n  project: retail\n  field: version of main.cfg.tables\n  old: 1\n  new: {new}\n  \
             who: ana@example.com\n  why: the table was made anew\n  until: 2999-12-31\n"
        )
    };
    site.context.write("approvals.yml", &entry(2));
    let said = site.deploy(&[]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!([OLDER]));
    assert!(
        said.stderr.contains("it covers version of main.cfg.tables: 1 → 2; planned is "),
        "{}",
        said.stderr
    );
    only_read(&site.workspace);
    site.context.write("approvals.yml", &entry(0));
    site.deploy(&[]).exits(0);
    assert_eq!(site.record("retail")["source"]["version"], 0);
}

#[test]
fn older_rows_that_change_nothing_need_no_consent() {
    let site = site();
    site.make_anew(11);
    let document = site.deploy(&[]).exits(0).json();
    assert_eq!(document["targets"][0]["status"], "unchanged");
    only_read(&site.workspace);
    // Asked or not, the CLI has nothing to do either.
    site.deploy(&["--full"]).exits(0);
    assert_eq!(site.record("retail")["source"]["version"], 1);
}

#[test]
fn another_table_is_not_an_older_one() {
    let site = site();
    site.workspace.world(|world| {
        world.put_rows("main.cfg.others", Rows::from_csv(&rows(9)).unwrap());
    });
    site.deploy(&["--source", "main.cfg.others"]).exits(0);
    assert_eq!(
        site.record("retail")["source"],
        json!({
            "host": site.workspace.url(), "table": "main.cfg.others", "version": 0
        })
    );
}

#[test]
fn a_record_that_cannot_be_read_is_no_consent() {
    let site = site();
    let path = "/Users/tester@example.com/.bundle/retail/prod/state/tapworks.json";
    site.workspace.world(|world| world.files.write(path, r#"{"format": "tapworks.record/9"}"#.to_owned()));
    site.put(12);
    site.workspace.clear_requests();
    let said = site.deploy(&[]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!([OLDER]));
    for told in [
        "error[TW401]: the rows are version 2 of main.cfg.tables, it is not known which is deployed: tapworks.json cannot be read, \
         its format is `tapworks.record/9`, not `tapworks.record/1`",
        "version of main.cfg.tables: (none) → 2",
    ] {
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
    only_read(&site.workspace);
    site.deploy(&["--allow", OLDER]).exits(0);
    assert_eq!(site.record("retail")["source"]["version"], 2);
}
