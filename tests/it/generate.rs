//! `tapworks generate`

use crate::context::{Context, sql_server_rows};

#[test]
fn a_file_needs_no_network_and_no_credentials() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(600));
    let said = context.run(&["generate", "--source", "tables.csv", "--output-dir", "out", "-o", "json"]);
    let document = said.exits(0).json();
    assert_eq!(document["format"], "tapworks.generate/1");
    let project = &document["projects"][0];
    assert_eq!(project["name"], "retail");
    assert_eq!(project["tables"], 600);
    assert_eq!(project["gateways"], 3);
    assert_eq!(project["pipelines"], 3);
    let root = context.read("out/retail/databricks.yml");
    assert!(root.contains("engine: direct"), "{root}");
    assert!(context.path("out/retail/resources/gateways.yml").exists());
}

#[test]
fn a_second_run_leaves_every_byte_as_it_was() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(10));
    context.run(&["generate", "--source", "tables.csv"]).exits(0);
    let document = context.run(&["generate", "--source", "tables.csv", "-o", "json"]).exits(0).json();
    assert_eq!(document["projects"][0]["changes"], serde_json::json!([]));
}

#[test]
fn what_is_not_written_would_be() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    for flag in ["--check", "--locked"] {
        let said = context.run(&["generate", "--source", "tables.csv", flag]);
        let line = "placement  3 new tables  (tapworks.lock, would change)\n";
        assert!(said.exits(3).stdout.starts_with(line), "{}", said.stdout);
    }
    let said = context.run(&["generate", "--source", "tables.csv"]);
    assert!(
        said.exits(0).stdout.starts_with("placement  3 new tables  (tapworks.lock, changed)\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn mistakes_are_all_told_and_nothing_is_written() {
    let context = Context::new();
    let rows = sql_server_rows(3).replace("Table1,bronze", ",bronze").replace("table_2,", "ta/ble,");
    context.write("tables.csv", &rows);
    let said = context.run(&["generate", "--source", "tables.csv", "--output-dir", "out"]);
    said.exits(1);
    assert!(said.stderr.contains("tables.csv:3:"), "{}", said.stderr);
    assert!(said.stderr.contains("tables.csv:4:"), "{}", said.stderr);
    assert!(!context.path("out").exists());
}

#[test]
fn without_a_table_list_it_is_wrong_usage() {
    let said = Context::new().run(&["generate"]);
    assert!(said.exits(2).stderr.contains("--source"), "{}", said.stderr);
}

#[test]
fn somebody_elses_file_is_not_overwritten() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context.write("out/retail/databricks.yml", "bundle:\n  name: mine\n");
    let said = context.run(&["generate", "--source", "tables.csv", "--output-dir", "out"]);
    assert!(said.exits(1).stderr.contains("was not written by tapworks"), "{}", said.stderr);
    assert_eq!(context.read("out/retail/databricks.yml"), "bundle:\n  name: mine\n");
}

#[test]
fn notifications_are_written_for_the_jobs_of_their_target() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(2));
    let settings = |key: &str| {
        format!(
            "source: tables.csv\ntargets:\n  dev:\n    workspace_host: https://d.example.com\n  prod:\n    \
             workspace_host: https://p.example.com\n    root_path: /Workspace/Users/a@b.c/x\n    notifications:\n      \
             {key}: {{on_failure: [team@example.com]}}\n"
        )
    };
    context.write("tapworks.yml", &settings("email_notifications"));
    context.run(&["generate", "--output-dir", "out"]).exits(0);
    let root = context.read("out/retail/databricks.yml");
    let (dev, prod) = root.split_once("  prod:\n").unwrap();
    assert!(!dev.contains("notifications"), "{root}");
    assert!(prod.contains("job_sales_01_g01_p01:\n          email_notifications:\n"), "{root}");
    context.write("tapworks.yml", &settings("mail"));
    let said = context.run(&["generate", "--output-dir", "out"]);
    assert!(said.exits(1).stderr.contains("unknown key `mail` in notifications"), "{}", said.stderr);
}
