//! No table moves by accident: `tapworks deploy` where the lock is lost, behind or not shared, and the workspaces remember

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, Said};
use crate::list::{self, Row, assert_none_moved, bytes, places, rows, shuffle};

/// Workspaces for the targets of one settings file, and a checkout.
struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// A workspace with these targets, each with what stands here about it.
fn site(targets: &[(&str, &str)]) -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    workspace.world(|world| {
        world.catalog.add_catalog("bronze_qa");
    });
    let site = Site { workspace, context };
    site.settle("", targets);
    site
}

impl Site {
    fn settle(&self, head: &str, targets: &[(&str, &str)]) {
        let mut settings = format!("source: tables.csv\noutput_dir: out\n{head}targets:\n");
        for (name, more) in targets {
            let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
            settings.push_str(&format!(
                "  {name}:\n    workspace_host: {}\n    root_path: {root}\n",
                self.workspace.url()
            ));
            for line in more.lines() {
                settings.push_str(&format!("    {line}\n"));
            }
        }
        self.context.write("tapworks.yml", &settings);
    }

    fn deploy(&self, targets: &[&str]) -> Said {
        let named = targets.iter().flat_map(|target| ["--target", target]);
        self.context.run(&["deploy", "-o", "json"].into_iter().chain(named).collect::<Vec<_>>())
    }

    /// Nothing of an earlier run is left here.
    fn empty_checkout(&self) {
        let lock = self.context.path("tapworks.lock");
        if lock.exists() {
            std::fs::remove_file(lock).unwrap();
        }
        std::fs::remove_dir_all(self.context.path("out")).unwrap();
    }

    fn places(&self) -> BTreeMap<String, String> {
        places(&self.context, "out")
    }

    /// Deploys, and nothing is to be done.
    #[track_caller]
    fn changes_nothing(&self, targets: &[&str]) -> Value {
        self.workspace.clear_requests();
        let document = self.deploy(targets).exits(0).json();
        for target in document["targets"].as_array().unwrap() {
            assert_eq!(target["status"], "unchanged", "{target:#}");
            let changed = |kind: &str| target["projects"][0]["resources"][kind].as_u64().unwrap();
            assert_eq!(["created", "updated", "recreated", "deleted"].map(changed), [0; 4], "{target:#}");
        }
        let writes: Vec<_> =
            self.workspace.writes().iter().map(|write| format!("{} {}", write.method, write.path)).collect();
        assert_eq!(writes, Vec::<String>::new());
        document
    }
}

/// A target beside another one in one workspace.
const QA: &str = "catalogs: {bronze: bronze_qa}\nmode: production\npresets: {name_prefix: \"qa \"}";

const SMALL: &str = "max_tables_per_pipeline: 25\n";

#[test]
fn an_empty_checkout_moves_nothing() {
    for (connector, count) in [("sql_server", 600), ("salesforce", 60)] {
        let site = site(&[("prod", "")]);
        if count < 600 {
            site.settle(SMALL, &[("prod", "")]);
        }
        let mut list = rows(connector, 0, count);
        list::write(&site.context, &list);
        site.deploy(&["prod"]).exits(0);
        let (before, lock) = (bytes(&site.context, "out"), site.context.read("tapworks.lock"));
        shuffle(&mut list);
        list::write(&site.context, &list);
        site.empty_checkout();
        let document = site.changes_nothing(&["prod"]);
        assert_eq!(document["placement"][0]["kept"], json!({"target `prod`": count}));
        assert_eq!(bytes(&site.context, "out"), before);
        assert_eq!(site.context.read("tapworks.lock"), lock);
    }
}

type Edit = fn(&mut Vec<Row>);

#[test]
fn edits_in_an_empty_checkout_move_nothing() {
    let edits: [(&str, Edit); 5] = [
        ("10 rows inserted at the top", |list| drop(list.splice(0..0, rows(list[0].connector, 100, 10)))),
        ("the first row removed", |list| drop(list.remove(0))),
        ("reversed, with one more", |list| {
            list.reverse();
            list.insert(3, rows(list[0].connector, 200, 1).remove(0));
        }),
        ("30 rows appended", |list| list.extend(rows(list[0].connector, 300, 30))),
        ("many removed", |list| list.retain(|row| !row.table.ends_with('3'))),
    ];
    for connector in ["sql_server", "salesforce"] {
        let site = site(&[]);
        site.settle(SMALL, &[("prod", "")]);
        let mut list = rows(connector, 0, 60);
        list::write(&site.context, &list);
        site.deploy(&["prod"]).exits(0);
        let mut before = site.places();
        for (number, (name, edit)) in edits.into_iter().enumerate() {
            edit(&mut list);
            list::write(&site.context, &list);
            // Limits bind new tables only.
            let limit = [20, 40, 7, 25, 300][number];
            site.settle(&format!("max_tables_per_pipeline: {limit}\n"), &[("prod", "")]);
            site.empty_checkout();
            site.deploy(&["prod"]).exits(0);
            let after = site.places();
            assert_eq!(after.len(), list.len(), "{name}");
            assert_none_moved(&before, &after, name);
            before = after;
            site.empty_checkout();
            site.changes_nothing(&["prod"]);
        }
    }
}

#[test]
fn a_lock_that_lacks_the_last_fifty_tables_is_no_harm() {
    let site = site(&[]);
    site.settle(SMALL, &[("prod", "")]);
    let mut list = rows("sql_server", 0, 60);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    let behind = site.context.read("tapworks.lock");
    list.splice(5..5, rows("sql_server", 100, 50));
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    let (before, lock) = (bytes(&site.context, "out"), site.context.read("tapworks.lock"));
    site.empty_checkout();
    site.context.write("tapworks.lock", &behind);
    let document = site.changes_nothing(&["prod"]);
    assert_eq!(document["placement"][0]["kept"], json!({"the lock": 60, "target `prod`": 50}));
    assert_eq!(bytes(&site.context, "out"), before);
    assert_eq!(site.context.read("tapworks.lock"), lock);
}

/// Two catalogs of the rows are one in `dev`, and two schemas of the rows are one in `qa`.
const MAPPED: [(&str, &str); 3] = [
    ("dev", "catalogs: {bronze: lake, silver: lake}\nschemas: {sales: raw}"),
    (
        "qa",
        "catalogs: {bronze: qa_bronze}\nschemas: {sales: landing, hr: landing}\nmode: production\npresets: {name_prefix: \"qa \"}",
    ),
    ("prod", ""),
];

/// Rows of two catalogs and two schemas, mixed, the first of which are in a catalog that sorts last.
fn mixed() -> Vec<Row> {
    let mut list = rows("sql_server", 0, 30);
    for (number, row) in list.iter_mut().enumerate() {
        if number % 3 == 0 {
            row.catalog = "silver".to_owned();
        }
        if number % 2 == 0 {
            row.schema = "hr".to_owned();
        }
    }
    list
}

#[test]
fn maps_that_are_not_one_to_one_lead_back_to_the_same_places() {
    let site = site(&[]);
    let head = "max_tables_per_pipeline: 7\n";
    site.settle(head, &MAPPED);
    site.workspace.world(|world| {
        for catalog in ["lake", "qa_bronze"] {
            world.catalog.add_catalog(catalog);
        }
    });
    let mut list = mixed();
    list::write_bare(&site.context, &list);
    let all = ["dev", "qa", "prod"];
    site.deploy(&all).exits(0);
    let before = bytes(&site.context, "out");
    let lock = site.context.read("tapworks.lock");
    list.reverse();
    list::write_bare(&site.context, &list);
    for targets in [&all[..], &["dev"], &["qa"], &["prod"]] {
        site.empty_checkout();
        site.changes_nothing(targets);
        assert_eq!(bytes(&site.context, "out"), before, "{targets:?}");
        assert_eq!(site.context.read("tapworks.lock"), lock, "{targets:?}");
    }
    // More rows, and the first rows of the list gone.
    let places_before = site.places();
    list.truncate(25);
    list.splice(0..0, rows("sql_server", 100, 10));
    list::write_bare(&site.context, &list);
    for target in all {
        site.empty_checkout();
        site.deploy(&[target]).exits(0);
        assert_none_moved(&places_before, &site.places(), target);
    }
    for target in all {
        site.empty_checkout();
        site.changes_nothing(&[target]);
    }
}

#[test]
fn targets_deployed_at_different_times_without_a_lock_stay_alike() {
    let targets = [("dev", ""), ("prod", "catalogs: {bronze: gold}")];
    let site = site(&[]);
    site.settle(SMALL, &targets);
    site.workspace.world(|world| {
        world.catalog.add_catalog("gold");
    });
    let mut list = rows("sql_server", 0, 60);
    list::write(&site.context, &list);
    let said = site.deploy(&["dev"]);
    said.exits(0);
    assert!(said.stderr.contains("dev, prod share no lock yet"), "{}", said.stderr);
    let mut ever = site.places();
    for (round, target) in ["prod", "dev", "prod"].into_iter().enumerate() {
        site.empty_checkout();
        list.splice(0..0, rows("sql_server", 1_000 * (round + 1), 20));
        list.remove(40);
        list::write(&site.context, &list);
        site.deploy(&[target]).exits(0);
        let after = site.places();
        assert_eq!(after.len(), list.len());
        assert_none_moved(&ever, &after, target);
        ever.extend(after);
    }
    site.empty_checkout();
    site.deploy(&["dev", "prod"]).exits(0);
    assert_none_moved(&ever, &site.places(), "both");
    site.empty_checkout();
    site.changes_nothing(&["dev", "prod"]);
}

/// Nothing was placed, and nothing written: not here and not there.
#[track_caller]
fn assert_untouched(site: &Site, said: &Said, words: &[&str]) {
    said.exits(5);
    for word in words {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
    assert!(!site.context.path("tapworks.lock").exists());
    assert!(!site.context.path("out").exists());
    assert!(site.workspace.writes().is_empty());
}

#[test]
fn a_state_that_cannot_be_read_is_not_taken_for_none() {
    for (status, word) in [
        (403, "/.bundle/retail/prod/state/resources.json may not be read: PERMISSION_DENIED"),
        (500, "500 INTERNAL_ERROR"),
    ] {
        // With two targets, the one that nobody named counts as well.
        for (targets, named) in [(&[("prod", "")][..], "prod"), (&[("prod", ""), ("qa", QA)], "qa")] {
            let mut site = site(targets);
            site.context.set("TAPWORKS_RETRY_TIMEOUT", "1");
            list::write(&site.context, &rows("sql_server", 0, 6));
            site.deploy(&["prod"]).exits(0);
            site.empty_checkout();
            site.workspace.clear_requests();
            let export = Fault::on("GET", "/api/2.0/workspace/export").from_agent("tapworks/");
            // Those about `qa`, for two bundles, pass.
            let skipped = if named == "qa" { 4 } else { 0 };
            site.workspace.fault(export.after(skipped).always().status(status));
            let said = site.deploy(&[named]);
            assert_untouched(&site, &said, &[word]);
        }
    }
}

#[test]
fn a_state_in_a_folder_that_may_not_be_seen_is_not_taken_for_none() {
    let site = site(&[("prod", "")]);
    list::write(&site.context, &rows("sql_server", 0, 6));
    // The state is not there, and neither is it told whether the folder above is.
    site.workspace.fault(Fault::on("GET", "/api/2.0/workspace/get-status").always().status(403));
    let said = site.deploy(&["prod"]);
    assert_untouched(&site, &said, &["/.bundle/retail/prod/state/resources.json may not be read"]);
    site.workspace.clear_faults();
    // The folder of another user, which a workspace hides from those who may not read it.
    let text = site.context.read("tapworks.yml").replace("Users/tester@", "Users/deployer@");
    site.context.write("tapworks.yml", &text);
    let said = site.deploy(&["prod"]);
    assert_untouched(&site, &said, &["/Workspace/Users/deployer@example.com is not there, or not shown"]);
    // One that is shown, and empty, is one where nothing is deployed.
    site.workspace.world(|world| world.files.make_folder("/Users/deployer@example.com"));
    site.deploy(&["prod"]).exits(0);
}

#[test]
fn a_lock_that_knows_every_table_needs_no_other_target() {
    let site = site(&[("prod", ""), ("qa", QA)]);
    list::write(&site.context, &rows("sql_server", 0, 6));
    site.deploy(&["prod", "qa"]).exits(0);
    let prod_is_asked = || {
        let requests = site.workspace.requests();
        requests
            .iter()
            .any(|request| request.param("path").is_some_and(|path| path.contains("/retail/prod/")))
    };
    site.changes_nothing(&["qa"]);
    assert!(!prod_is_asked());
    site.empty_checkout();
    site.changes_nothing(&["qa"]);
    assert!(prod_is_asked());
}

/// 60 tables that were deployed and read, one of which has no row any more, and whose pipeline is full of others by now: the
/// rows without it, its row, and where all lay.
fn without_one(site: &Site) -> (Vec<Row>, Row, BTreeMap<String, String>) {
    site.settle(SMALL, &[("prod", "")]);
    let mut list = rows("sql_server", 0, 60);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    let before = site.places();
    // The tables are there, each with its pipeline for owner.
    site.workspace.world(|world| {
        let ids: Vec<String> = world.pipelines.iter().map(|pipeline| pipeline.id.clone()).collect();
        for id in ids {
            world.run_pipeline(&id, "API_CALL", false, false);
        }
    });
    let removed = list.remove(30);
    list.extend(rows("sql_server", 100, 30));
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    assert!(!site.places().contains_key(&format!("bronze.sales.{}", removed.table)));
    (list, removed, before)
}

#[test]
fn a_row_that_comes_back_finds_its_old_place() {
    let site = site(&[]);
    let (mut list, removed, before) = without_one(&site);
    list.insert(0, removed);
    list::write(&site.context, &list);
    let document = site.deploy(&["prod"]).exits(0).json();
    assert_eq!(document["placement"][0]["back"], 1);
    assert_none_moved(&before, &site.places(), "put back");
}

#[test]
fn without_a_lock_a_row_that_comes_back_finds_the_owner_that_unity_catalog_names() {
    let site = site(&[]);
    let (mut list, removed, before) = without_one(&site);
    site.empty_checkout();
    list.insert(0, removed);
    list::write(&site.context, &list);
    let document = site.deploy(&["prod"]).exits(0).json();
    assert_eq!(document["placement"][0]["kept"]["Unity Catalog of target `prod`"], 1);
    assert_none_moved(&before, &site.places(), "put back");
}

#[test]
fn a_connection_changed_for_all_rows_of_a_gateway_keeps_every_place() {
    let site = site(&[]);
    site.settle(SMALL, &[("prod", "")]);
    let mut list = rows("sql_server", 0, 60);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    let before = site.places();
    for row in &mut list {
        row.connection = "erp_2".to_owned();
    }
    list::write(&site.context, &list);
    site.workspace.clear_requests();
    let said = site.deploy(&["prod"]);
    // The service makes a gateway with another connection anew, and that needs consent.
    said.exits(4);
    assert!(said.stderr.contains("pipelines.gateway_sales_01_g01"), "{}", said.stderr);
    assert!(site.workspace.writes().is_empty());
    assert_eq!(site.places(), before);
}

#[test]
fn targets_that_have_grown_apart_are_told_and_nothing_is_written() {
    let apart = |name: &str| format!("lock: {name}.lock\noutput_dir: out/{name}");
    let site = site(&[]);
    let settle = |dev: &str, prod: &str| site.settle(SMALL, &[("dev", dev), ("prod", prod)]);
    settle(&apart("dev"), &apart("prod"));
    let mut list = rows("sql_server", 0, 60);
    list::write(&site.context, &list);
    site.deploy(&["dev"]).exits(0);
    list.reverse();
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    settle("", "");
    site.empty_checkout();
    site.workspace.clear_requests();
    let said = site.deploy(&["prod"]);
    said.exits(1);
    for word in
        ["error[TW251]: target `dev` has bronze.sales.table_", "target `prod` in", "`output_dir` of its own"]
    {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
    assert!(site.workspace.writes().is_empty());
    assert!(!site.context.path("tapworks.lock").exists());
}

#[test]
fn the_bundles_of_a_large_project_are_found_again_and_stay() {
    let large = |most: usize| {
        format!("max_tables_per_pipeline: 10\nmax_tables_per_gateway: 10\nmax_tables_per_bundle: {most}\n")
    };
    let site = site(&[]);
    site.settle(&large(40), &[("prod", "")]);
    let mut list = rows("sql_server", 0, 96);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    let before = bytes(&site.context, "out");
    assert!(
        ["retail", "retail_b02", "retail_b03"]
            .iter()
            .all(|name| before.contains_key(&format!("{name}/databricks.yml")))
    );
    list.reverse();
    list::write(&site.context, &list);
    for most in [40, 7, 5000] {
        site.settle(&large(most), &[("prod", "")]);
        site.empty_checkout();
        site.changes_nothing(&["prod"]);
        assert_eq!(bytes(&site.context, "out"), before, "{most}");
    }
    site.settle(&large(40), &[("prod", "")]);
    let places = site.places();
    list.splice(0..0, rows("sql_server", 200, 24));
    list::write(&site.context, &list);
    site.empty_checkout();
    let document = site.deploy(&["prod"]).exits(0).json();
    assert_none_moved(&places, &site.places(), "24 rows inserted");
    let projects = document["targets"][0]["projects"].as_array().unwrap();
    let status: Vec<_> = projects.iter().map(|project| (&project["name"], &project["status"])).collect();
    assert_eq!(status[0], (&json!("retail"), &json!("unchanged")));
    assert_eq!(status[1], (&json!("retail_b02"), &json!("unchanged")));
}

#[test]
fn what_a_misfit_is_told_to_do_starts_it_anew() {
    let site = site(&[("prod", "")]);
    let mut list = rows("salesforce", 0, 4);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    list[0].prefix = "crm".to_owned();
    list::write(&site.context, &list);
    let said = site.deploy(&["prod"]);
    said.exits(1);
    let told = "deploy without the row, drop the table in the workspace, `tapworks lock forget bronze.sales.table_0`, and put \
                the row back";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let moved = list.remove(0);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    site.context.run(&["lock", "forget", "bronze.sales.table_0"]).exits(0);
    list.push(moved);
    list::write(&site.context, &list);
    site.deploy(&["prod"]).exits(0);
    assert_eq!(site.places()["bronze.sales.table_0"], "retail/pipeline_crm_01_p01");
}
