//! `tapworks deploy` against the mock workspace

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, MockWorkspace, Outcome};

use crate::context::{Context, Said, pipeline_names, post, sql_server_rows};

const DEPLOY: &[&str] = &["deploy", "--source", "main.cfg.tables", "--target", "prod", "-o", "json"];

/// The file that the workspace holds as its table.
const LIST: &str = "source/tables.csv";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// A workspace that holds `rows` as `main.cfg.tables`.
fn site(rows: &str) -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let file = context.write(LIST, rows);
    workspace.world(|world| world.watch_csv("main.cfg.tables", &file)).unwrap();
    Site { workspace, context }
}

impl Site {
    fn deploy(&self) -> Said {
        self.context.run(DEPLOY)
    }

    fn rewrite(&self, rows: &str) {
        self.context.write(LIST, rows);
    }

    /// A settings file with target `prod` in this workspace, and one more line about it.
    fn settle(&self, line: &str) {
        let host = self.workspace.url();
        let settings = format!("targets:\n  prod:\n    workspace_host: {host}\n    {line}\n");
        self.context.write("tapworks.yml", &settings);
    }

    /// The methods and paths of all requests that changed something.
    fn writes(&self) -> Vec<String> {
        self.workspace.writes().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}

fn resources(created: u64, unchanged: u64) -> Value {
    json!({"created": created, "updated": 0, "recreated": 0, "deleted": 0, "unchanged": unchanged})
}

#[test]
fn rows_of_a_table_become_pipelines_and_stay_as_they_are() {
    let site = site(&sql_server_rows(600));
    let first = site.deploy();
    let document = first.exits(0).json();
    assert_eq!(document["format"], "tapworks.deploy/1");
    let target = &document["targets"][0];
    assert_eq!(target["target"], "prod");
    assert_eq!(target["host"], site.workspace.url());
    assert_eq!(target["status"], "deployed");
    assert_eq!(target["projects"][0]["name"], "retail");
    // 600 tables are three gateways with a pipeline and a job each.
    assert_eq!(target["projects"][0]["resources"], resources(9, 0));
    assert_eq!(document["source"]["table"], "main.cfg.tables");
    assert_eq!(document["source"]["version"], 0);
    assert_eq!(document["source"]["rows"], 600);
    assert_eq!(site.workspace.world(|world| world.pipelines.len()), 6);

    site.workspace.clear_requests();
    let again = site.deploy().exits(0).json();
    assert_eq!(again["targets"][0]["status"], "unchanged");
    assert_eq!(again["targets"][0]["projects"][0]["resources"], resources(0, 9));
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn one_more_row_updates_one_pipeline() {
    let site = site(&sql_server_rows(10));
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(11));
    let document = site.deploy().exits(0).json();
    assert_eq!(document["source"]["version"], 1);
    assert_eq!(document["targets"][0]["projects"][0]["resources"]["updated"], 1);
}

#[test]
fn a_pipeline_that_would_vanish_is_refused() {
    let two = |second: &str| {
        let mut rows = sql_server_rows(2);
        rows.push_str(second);
        rows
    };
    let site = site(&two(
        "sql_server,retail,buying,erp,dbo,Vendors,bronze,buying,vendors,sqlserver_erp,bronze,staging\n",
    ));
    site.deploy().exits(0);
    site.rewrite(&two(""));
    site.workspace.clear_requests();
    let said = site.deploy();
    let document = said.exits(4).json();
    assert_eq!(document["targets"][0]["status"], "refused");
    assert!(said.stderr.contains("--allow delete:pipeline_buying_01_g01_p01"), "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn whose_workspace_holds_the_list_must_be_said_where_there_are_several() {
    let site = site(&sql_server_rows(2));
    let here = site.workspace.url();
    let targets = format!(
        "targets:\n  dev:\n    workspace_host: https://dev.cloud.databricks.com\n  prod:\n    workspace_host: {here}\n"
    );
    site.context.write("tapworks.yml", &targets);
    let said = site.deploy();
    said.exits(2);
    assert!(said.stderr.contains("table: main.cfg.tables\n      target: prod"), "{}", said.stderr);
    assert_eq!(said.stdout, "");
    let source = "source:\n  table: main.cfg.tables\n  target: prod\n";
    site.context.write("tapworks.yml", &format!("{source}{targets}"));
    site.context.run(&["deploy", "--target", "prod"]).exits(0);
}

#[test]
fn a_changed_gateway_schema_is_refused_with_its_cause() {
    let site = site(&sql_server_rows(2));
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(2).replace("bronze,staging", "bronze,staging_v2"));
    site.workspace.clear_requests();
    let said = site.deploy();
    let document = said.exits(4).json();
    assert_eq!(document["targets"][0]["projects"][0]["planned"]["recreated"], 2);
    assert!(said.stderr.contains("gateway_storage_schema: staging → staging_v2"), "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn a_statement_that_fails_is_told() {
    let site = site(&sql_server_rows(2));
    let failure = Outcome::Failed("BAD_REQUEST".to_owned(), "[DIVIDE_BY_ZERO] Division by zero".to_owned());
    site.workspace
        .fault(Fault::on("POST", "/api/2.0/sql/statements").containing("SELECT").times(9).statement(failure));
    let said = site.deploy();
    assert!(said.exits(1).stderr.contains("[DIVIDE_BY_ZERO] Division by zero"), "{}", said.stderr);
}

#[test]
fn what_is_deployed_in_part_says_so_and_is_finished_later() {
    let site = site(&sql_server_rows(2));
    let refused = Fault::on("POST", "/api/2.0/pipelines").containing("sales_01_g01_p01").times(9);
    site.workspace.fault(refused.error(400, "INVALID_PARAMETER_VALUE", "no room for it"));
    let said = site.deploy();
    let document = said.exits(6).json();
    assert_eq!(document["targets"][0]["status"], "partly_deployed");
    assert_eq!(document["targets"][0]["projects"][0]["resources"]["created"], 1);
    assert!(said.stderr.contains("no room for it"), "{}", said.stderr);
    site.workspace.clear_faults();
    let finished = site.deploy().exits(0).json();
    assert_eq!(finished["targets"][0]["projects"][0]["resources"], resources(2, 1));
}

#[test]
fn what_is_there_but_not_as_meant_is_not_verified() {
    let site = site(&sql_server_rows(2));
    let other = json!({"pipeline_id": "x", "name": "another", "spec": {"name": "another"}});
    site.workspace.fault(Fault::on("GET", "/api/2.0/pipelines/[^/]+").always().json(200, &other));
    let said = site.deploy();
    assert_eq!(said.exits(7).json()["targets"][0]["status"], "not_verified");
    assert!(said.stderr.contains("its name is \"another\""), "{}", said.stderr);
}

#[test]
fn a_name_that_is_taken_stops_it_before_anything_is_written() {
    let site = site(&sql_server_rows(2));
    let id = site.create("/api/2.0/pipelines", &json!({"name": "sales_01_g01_p01"}))["pipeline_id"].clone();
    site.workspace.clear_requests();
    let said = site.deploy();
    let document = said.exits(1).json();
    assert!(rules(&document).contains(&"TW301".to_owned()), "{}", said.stderr);
    for word in ["sales_01_g01_p01", id.as_str().unwrap(), site.workspace.user()] {
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn what_a_broken_deploy_left_over_is_named() {
    let site = site(&sql_server_rows(2));
    let user = site.workspace.user().to_owned();
    let metadata = format!("/Workspace/Users/{user}/.bundle/retail/prod/state/metadata.json");
    let spec =
        json!({"name": "sales_01_g01", "deployment": {"kind": "BUNDLE", "metadata_file_path": metadata}});
    site.create("/api/2.0/pipelines", &spec);
    let said = site.deploy();
    assert!(rules(&said.exits(1).json()).contains(&"TW304".to_owned()));
    assert!(said.stderr.contains("bundle deployment bind gateway_sales_01_g01"), "{}", said.stderr);
}

#[test]
fn another_bundle_with_our_prefix_is_an_error_in_our_subgroup_and_a_warning_in_another() {
    for (name, rule, exit) in [
        ("sales_01_g07_p01", Some("TW303"), 1),
        ("sales_02_g01_p01", Some("TW303"), 0),
        ("sales_eu_01_g01", None, 0),
    ] {
        let site = site(&sql_server_rows(2));
        let deployment =
            json!({"kind": "BUNDLE", "metadata_file_path": "/Workspace/Shared/other/state/metadata.json"});
        site.create("/api/2.0/pipelines", &json!({"name": name, "deployment": deployment}));
        let document = site.deploy().exits(exit).json();
        let found =
            document["findings"].as_array().into_iter().flatten().find(|finding| finding["rule"] == "TW303");
        assert_eq!(found.map(|finding| finding["rule"].as_str().unwrap()), rule, "{name}");
    }
}

#[test]
fn another_bundle_under_our_root_is_an_error() {
    let site = site(&sql_server_rows(2));
    site.deploy().exits(0);
    site.settle("root_path: /Workspace/Users/tester@example.com/.bundle/retail/prod");
    site.rewrite(&sql_server_rows(2).replace("retail", "other").replace("sales,", "sold,"));
    let said = site.deploy();
    let rules: Vec<String> = rules(&said.exits(1).json());
    assert!(rules.contains(&"TW306".to_owned()), "{rules:?}");
}

#[test]
fn the_same_bundle_under_another_root_is_an_error_that_names_the_root() {
    let site = site(&sql_server_rows(2));
    site.deploy().exits(0);
    site.settle("root_path: /Workspace/Users/tester@example.com/elsewhere");
    let said = site.deploy();
    assert!(rules(&said.exits(1).json()).contains(&"TW305".to_owned()));
    assert!(
        said.stderr.contains("root_path: /Workspace/Users/tester@example.com/.bundle/retail/prod"),
        "{}",
        said.stderr
    );
}

fn rules(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_targets_are_deployed_in_order() {
    let site = site(&sql_server_rows(2));
    // Two targets must not write the same tables: one has a catalog of its own.
    let host = site.workspace.url();
    let targets = format!(
        "targets:\n  dev:\n    workspace_host: {host}\n    catalogs: {{bronze: bronze_dev}}\n  prod:\n    workspace_host: {host}\n"
    );
    site.context.write("tapworks.yml", &targets);
    site.workspace.world(|world| {
        world.catalog.add_schema("bronze_dev", "sales");
        world.catalog.add_schema("bronze_dev", "staging");
    });
    let said = site.context.run(&[
        "deploy",
        "--source",
        "main.cfg.tables",
        "--target",
        "dev",
        "--target",
        "prod",
        "-o",
        "json",
    ]);
    let document = said.exits(0).json();
    let targets: Vec<_> =
        document["targets"].as_array().unwrap().iter().map(|t| (&t["target"], &t["status"])).collect();
    assert_eq!(targets, [(&json!("dev"), &json!("deployed")), (&json!("prod"), &json!("deployed"))]);
    let names = pipeline_names(&site.workspace);
    assert!(names.contains(&"[dev tester] sales_01_g01".to_owned()), "{names:?}");
}

#[test]
fn trouble_is_one_clear_message_and_the_right_status() {
    // A wrong token.
    let mut wrong = site(&sql_server_rows(2));
    wrong.context.set("DATABRICKS_TOKEN", "dapi-not-the-right-one");
    let said = wrong.deploy();
    said.exits(5);
    assert!(
        said.stderr.contains("error:") && !said.stderr.contains("dapi-not-the-right-one"),
        "{}",
        said.stderr
    );

    // A table that is not there.
    let missing = site(&sql_server_rows(2));
    let said =
        missing.context.run(&["deploy", "--source", "main.cfg.nothing", "--target", "prod", "-o", "json"]);
    said.exits(1);
    let message = "error: main.cfg.nothing: [TABLE_OR_VIEW_NOT_FOUND] The table or view";
    let line = said
        .stderr
        .lines()
        .find(|line| line.starts_with(message))
        .unwrap_or_else(|| panic!("{}", said.stderr));
    assert!(line.contains(" (statement ") && line.ends_with(')'), "{line}");
    assert_eq!(said.json()["targets"][0]["status"], "skipped");

    // No warehouse of that id.
    let mut warehouse = site(&sql_server_rows(2));
    warehouse.context.set("DATABRICKS_WAREHOUSE_ID", "0000000000000000");
    let said = warehouse.deploy();
    assert!(said.exits(1).stderr.contains("0000000000000000"), "{}", said.stderr);

    // No databricks CLI.
    let mut without = site(&sql_server_rows(2));
    without.context.set("TAPWORKS_DATABRICKS_CLI", "/nowhere/databricks");
    let said = without.deploy();
    assert!(said.exits(5).stderr.contains("databricks CLI was not found"), "{}", said.stderr);

    // One that is too old.
    let old = site(&sql_server_rows(2));
    old.context.write("tapworks.yml", "databricks_cli_version: \">= 99.0.0\"\n");
    let said = old.deploy();
    assert!(said.exits(5).stderr.contains(">= 99.0.0"), "{}", said.stderr);
    assert_eq!(old.writes(), Vec::<String>::new());

    // Nobody at home.
    let mut away = site(&sql_server_rows(2));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    away.context.set("DATABRICKS_HOST", &format!("http://127.0.0.1:{port}"));
    away.context.set("TAPWORKS_RETRY_TIMEOUT", "1");
    assert!(away.deploy().exits(5).stderr.contains("127.0.0.1"));

    // No credentials at all.
    let nobody = Context::new();
    nobody.run(DEPLOY).exits(5);
}

#[test]
fn the_host_of_the_command_line_goes_before_that_of_the_environment() {
    let mut site = site(&sql_server_rows(2));
    site.context.set("DATABRICKS_HOST", "http://127.0.0.1:9");
    let host = site.workspace.url().to_owned();
    let with_host = [DEPLOY, &["--host", &host]].concat();
    // The token belongs to the other workspace, and is not sent to this one.
    let said = site.context.run(&with_host);
    assert!(said.exits(5).stderr.contains("DATABRICKS_TOKEN"), "{}", said.stderr);
    let asked = site.workspace.requests();
    assert!(asked.iter().all(|request| request.header("authorization").is_none()), "{asked:?}");
    site.context.unset("DATABRICKS_HOST");
    assert_eq!(site.context.run(&with_host).exits(0).json()["targets"][0]["host"], host);
}

/// That it is never told, every test sees to; here it is what is used, by the children too.
#[test]
fn a_service_principal_deploys() {
    let mut site = site(&sql_server_rows(30));
    site.context.unset("DATABRICKS_TOKEN");
    site.context.set("DATABRICKS_AUTH_TYPE", "oauth-m2m");
    assert_eq!(site.deploy().exits(0).json()["targets"][0]["status"], "deployed");
    assert!(site.workspace.count("POST", "/oidc/v1/token") > 1, "the children fetched their own");
    assert!(site.workspace.count("GET", "/mock-storage/.*") > 0, "the rows came through links");
    assert!(site.context.read("programs/arguments.log").contains("bundle deploy"));
}

impl Site {
    /// Makes something in the workspace by hand.
    fn create(&self, path: &str, body: &Value) -> Value {
        post(&self.workspace, path, body)
    }
}
