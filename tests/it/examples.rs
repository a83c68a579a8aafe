//! Every folder of `examples/` runs as it is.

use std::path::{Path, PathBuf};

use tapworks_mocks::workspace::MockWorkspace;

use crate::context::Context;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn each_connector_generates() {
    for (name, pipelines) in [
        ("sql_server", 2),
        ("postgresql", 1),
        ("salesforce", 1),
        ("servicenow", 1),
        ("google_analytics", 1),
        ("workday_reports", 1),
    ] {
        let context = Context::new();
        let config = example(name).join("tapworks.yml");
        let said = context.run(&["generate", "--config", text(&config), "--output-dir", "out", "-o", "json"]);
        let document = said.exits(0).json();
        assert_eq!(document["projects"][0]["pipelines"], pipelines, "{name}");
        assert!(!said.stderr.contains("warning"), "{name}: {}", said.stderr);
    }
}

#[test]
fn no_example_is_forgotten() {
    let mut names: Vec<String> = std::fs::read_dir(example(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let run = [
        "delta_table",
        "demo",
        "google_analytics",
        "postgresql",
        "salesforce",
        "servicenow",
        "sql_server",
        "workday_reports",
    ];
    assert_eq!(names, run);
}

#[test]
fn a_delta_table_deploys() {
    let workspace = MockWorkspace::start();
    let rows = example("delta_table").join("tables.csv");
    let context = Context::with(&workspace);
    workspace.world(|world| world.watch_csv("main.cfg.tables", &rows)).unwrap();
    let config = example("delta_table").join("tapworks.yml");
    let said = context.run(&[
        "deploy",
        "--config",
        text(&config),
        "--target",
        "prod",
        "--output-dir",
        "out",
        "-o",
        "json",
    ]);
    let document = said.exits(0).json();
    assert_eq!(document["targets"][0]["status"], "deployed");
    assert_eq!(document["source"]["version"], 0);
}

#[test]
fn the_demo_runs_and_is_run_again() {
    let context = Context::new();
    for _ in 0..2 {
        let said = context.run(&["demo"]);
        said.exits(0);
        assert!(said.stdout.contains("deployed"), "{}", said.stdout);
        assert!(said.stdout.contains("unchanged"), "{}", said.stdout);
    }
    assert!(context.path("tapworks-demo/bundles/retail/databricks.yml").exists());
}

#[test]
fn the_demo_does_not_replace_what_it_did_not_make() {
    let context = Context::new();
    context.write("tapworks-demo/mine.txt", "mine");
    let said = context.run(&["demo"]);
    assert!(said.exits(1).stderr.contains("no demo made it"), "{}", said.stderr);
    assert_eq!(context.read("tapworks-demo/mine.txt"), "mine");
}
