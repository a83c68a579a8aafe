//! How many requests are under way at once.

use std::fmt::Write as _;

use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, sql_server_rows};

const TARGETS: usize = 50;

/// A workspace that answers late, so that requests meet, and settings with all targets in it.
fn site() -> (MockWorkspace, Context) {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    workspace.fault(Fault::on("GET", ".*").delay(std::time::Duration::from_millis(20)).always());
    let mut settings = String::from("targets:\n");
    for target in 0..TARGETS {
        let _ =
            write!(settings, "  t{target}:\n    workspace_host: {}\n    mode: production\n", workspace.url());
    }
    context.write("tapworks.yml", &settings);
    context.write("tables.csv", &sql_server_rows(3));
    (workspace, context)
}

#[test]
fn fifty_targets_never_have_more_requests_under_way_than_allowed() {
    for (flags, limit) in [(&[][..], 8), (&["--parallel", "3"], 3), (&["--parallel", "1"], 1)] {
        let (workspace, context) = site();
        let status = context.run(&[&["auth", "status", "-o", "json"], flags].concat());
        assert_eq!(status.exits(0).json()["targets"].as_array().unwrap().len(), TARGETS);
        assert_eq!(workspace.peak_in_flight(), limit, "auth status");
    }
}

#[test]
fn the_checks_of_fifty_targets_keep_to_it_too() {
    for (variable, limit) in [("8", 8), ("2", 2)] {
        let (workspace, mut context) = site();
        context.set("TAPWORKS_PARALLEL", variable);
        // Nothing is deployed: a name is taken.
        workspace.world(|world| {
            world.pipelines.create(&serde_json::json!({"name": "sales_01_g01_p01"}), "somebody@example.com")
        });
        let mut arguments = vec!["deploy", "--source", "tables.csv"];
        let names: Vec<String> = (0..TARGETS).map(|target| format!("t{target}")).collect();
        for name in &names {
            arguments.extend(["--target", name]);
        }
        let said = context.run(&arguments);
        assert!(said.exits(1).stderr.contains("TW301"), "{}", said.stderr);
        assert_eq!(workspace.peak_in_flight(), limit, "deploy");
        assert!(workspace.count("GET", "/api/2.0/pipelines") >= TARGETS, "every target was asked");
    }
}
