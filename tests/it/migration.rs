//! What `docs/migration.md` promises to users of the predecessor.

use crate::context::{Context, sql_server_rows};
use tapworks_mocks::workspace::{MockWorkspace, Rows};

/// The rows as the predecessor takes them: no column `connector`.
fn rows() -> String {
    let rows = sql_server_rows(3);
    let rows: Vec<&str> = rows.lines().map(|line| line.split_once(',').unwrap().1).collect();
    rows.join("\n")
}

#[test]
fn every_flag_of_the_predecessor_is_taken() {
    let context = Context::new();
    context.write("tables.csv", &rows());
    context.write(
        "settings.json",
        r#"{"targets": {"old": {"workspace_host": "https://old.example.com"}},
            "default_values": {"*": {"schedule": "0 9 * * 1"}},
            "override_input_config": {"tags": "from=file"},
            "max_tables_per_pipeline": 100}"#,
    );
    let said = context.run(&[
        "generate",
        "--connector",
        "sql_server",
        "--input-config",
        "tables.csv",
        "--settings",
        "settings.json",
        "--output-dir",
        "out",
        "--output-config",
        "resolved.csv",
        "--targets",
        r#"{"dev": {"workspace_host": "https://dev.example.com"}}"#,
        "--default-values",
        r#"{"*": {"pause_status": "PAUSED"}}"#,
        "--override",
        r#"{"scd_type": "SCD_TYPE_2"}"#,
        "--max-tables-per-pipeline",
        "1",
        "--max-tables-per-gateway",
        "2",
        "--verbose",
    ]);
    said.exits(0);
    let root = context.read("out/retail/databricks.yml");
    assert!(root.contains("https://dev.example.com") && !root.contains("old"), "{root}");
    let jobs = context.read("out/retail/resources/jobs.yml");
    assert_eq!(jobs.matches("quartz_cron_expression: \"0 0 9 ? * 2\"").count(), 3, "{jobs}");
    assert_eq!(jobs.matches("pause_status: PAUSED").count(), 3, "{jobs}");
    let pipelines = context.read("out/retail/resources/pipelines.yml");
    assert!(pipelines.contains("pipeline_sales_01_g02_p01:"), "{pipelines}");
    assert_eq!(pipelines.matches("scd_type: SCD_TYPE_2").count(), 3, "{pipelines}");
    assert!(!pipelines.contains("from: file"), "{pipelines}");
    assert!(context.read("resolved.csv").contains(",sales_01_g02,sales_01_g02_p01\n"));
    let quiet = ["--connector", "sql_server", "--input-config", "tables.csv", "--quiet"];
    assert_eq!(context.run(&[&["generate"], &quiet[..]].concat()).exits(0).stderr, "");
}

/// What the predecessor writes, deployed, is changed in place: nothing is added, recreated or deleted.
#[test]
fn what_the_predecessor_deployed_is_kept() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    context.write("tables.csv", &rows());
    workspace.world(|world| world.furnish(&Rows::from_csv(&rows()).unwrap()));
    context.write(
        "settings.json",
        &format!(r#"{{"targets": {{"dev": {{"workspace_host": "{}"}}}}}}"#, workspace.url()),
    );
    let arguments =
        ["--connector", "sql_server", "--input-config", "tables.csv", "--settings", "settings.json"];
    context.run(&[&["generate", "--output-dir", "old"], &arguments[..]].concat()).exits(0);
    // The predecessor's form of the same bundle: no engine, no flag for the tables.
    for file in ["databricks.yml", "resources/gateways.yml", "resources/pipelines.yml"] {
        let path = format!("old/retail/{file}");
        let text = context.read(&path);
        let ours = ["Written by tapworks", "engine:", "databricks_cli_version:", "cascade_on_destroy:"];
        let theirs: Vec<&str> =
            text.lines().filter(|line| !ours.iter().any(|word| line.contains(word))).collect();
        assert!(theirs.len() < text.lines().count());
        context.write(&path, &theirs.join("\n"));
    }
    let old = context.databricks("old/retail", &["bundle", "deploy", "-t", "dev"]);
    assert!(old.status.success(), "{}", String::from_utf8_lossy(&old.stderr));
    // Its folder is not ours to write to.
    let said = context.run(&[&["generate", "--output-dir", "old"], &arguments[..]].concat());
    assert!(said.exits(1).stderr.contains("was not written by tapworks"), "{}", said.stderr);
    let deploy = ["deploy", "--target", "dev", "--output-dir", "new", "-o", "json"];
    let document = context.run(&[&deploy[..], &arguments[..]].concat()).exits(0).json();
    let resources = &document["targets"][0]["projects"][0]["resources"];
    let expected =
        serde_json::json!({"created": 0, "updated": 2, "recreated": 0, "deleted": 0, "unchanged": 1});
    assert_eq!(resources, &expected);
}
