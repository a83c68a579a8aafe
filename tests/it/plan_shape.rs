//! A plan of the databricks CLI that is not what it should be is refused; it is never taken for "nothing changes".

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said, sql_server_rows};

const GATEWAY: &str = "resources.pipelines.gateway_sales_01_g01";
const PIPELINE: &str = "resources.pipelines.pipeline_sales_01_g01_p01";
const TABLES: usize = 12;

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Twelve tables, deployed.
fn deployed() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let host = workspace.url();
    let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
    context.write(
        "tapworks.yml",
        &format!("targets:\n  prod:\n    workspace_host: {host}\n    root_path: {root}\n"),
    );
    context.write("tables.csv", &sql_server_rows(TABLES));
    let site = Site { workspace, context };
    site.deploy(&[]).exits(0);
    site
}

impl Site {
    fn run(&self, command: &str, more: &[&str]) -> Said {
        self.workspace.clear_requests();
        self.context
            .run(&[&[command, "--source", "tables.csv", "--target", "prod", "-o", "json"], more].concat())
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.run("deploy", more)
    }

    /// The rows with a history, which reads each of them again.
    fn with_history(&self) {
        let rows = sql_server_rows(TABLES);
        let (head, rows) = rows.split_once('\n').unwrap();
        let rows: String = rows.lines().map(|row| format!("{row},SCD_TYPE_2\n")).collect();
        self.context.write("tables.csv", &format!("{head},scd_type\n{rows}"));
    }

    /// From now on the CLI prints this plan, whatever there is to do: its own with an edit.
    fn plans(&mut self, edit: impl FnOnce(&mut Value)) {
        self.run("plan", &["--out", "own.plan"]).exits(0);
        let saved: Value = serde_json::from_str(&self.context.read("own.plan")).unwrap();
        let mut plan = saved["bundles"][0]["plan"].clone();
        edit(&mut plan);
        let answer = self.context.write("programs/plan.json", &plan.to_string());
        let script = format!(
            "#!/bin/sh\nif [ \"$2\" = plan ]; then exec cat '{}'; fi\nexec '{}' \"$@\"\n",
            answer.display(),
            self.context.path("programs/databricks").display()
        );
        let program = self.context.write("programs/edited", &script);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.context.set("TAPWORKS_DATABRICKS_CLI", program.to_str().unwrap());
    }

    /// That neither command goes on, and both say this.
    #[track_caller]
    fn is_refused(&self, told: &str) {
        for command in ["plan", "deploy"] {
            let said = self.run(command, &["--full"]);
            let status = if command == "deploy" && said.stderr.contains("TW404") { 4 } else { 1 };
            said.exits(status);
            assert!(said.stderr.contains(told), "{command}: {told}: {}", said.stderr);
            assert!(self.workspace.writes().is_empty());
        }
    }
}

fn node<'a>(plan: &'a mut Value, key: &str) -> &'a mut serde_json::Map<String, Value> {
    plan["plan"][key].as_object_mut().unwrap()
}

#[test]
fn a_plan_of_another_version_is_refused() {
    let mut site = deployed();
    site.plans(|plan| {
        *plan = json!({"plan_version": 3, "cli_version": "1.99.0", "resources": {PIPELINE: {"action": "delete"}}});
    });
    site.is_refused("the databricks CLI 1.99.0 printed a plan of version 3");
}

#[test]
fn a_plan_of_the_terraform_engine_is_refused() {
    let mut site = deployed();
    site.plans(|plan| {
        *plan = json!({"cli_version": "1.14.0", "plan": {PIPELINE: {"action": "skip"}}});
    });
    site.is_refused("databricks bundle deployment migrate");
}

#[test]
fn a_plan_that_leaves_out_what_is_deployed_is_refused() {
    let mut site = deployed();
    site.plans(|plan| plan["plan"] = json!({}));
    site.is_refused("error[TW404]: the plan says nothing of jobs.job_sales_01_g01_p01 and 2 more");
}

#[test]
fn a_pipeline_that_is_kept_while_a_field_of_it_asks_for_more_is_refused() {
    let mut site = deployed();
    site.plans(|plan| {
        node(plan, GATEWAY).insert(
            "changes".to_owned(),
            json!({"gateway_definition.connection_name": {"action": "recreate", "old": "a", "new": "b"}}),
        );
    });
    site.is_refused(&format!(
        "`{GATEWAY}`: it is to `skip`, and its gateway_definition.connection_name calls for `recreate`"
    ));
}

#[test]
fn an_action_that_is_not_known_is_refused() {
    let mut site = deployed();
    site.plans(|plan| {
        node(plan, PIPELINE).insert("action".to_owned(), json!("replace"));
    });
    site.is_refused(&format!("`{PIPELINE}`: unknown variant `replace`"));
}

#[test]
fn what_the_plan_does_not_tell_of_the_workspace_is_what_was_deployed() {
    let mut site = deployed();
    site.with_history();
    site.plans(|plan| {
        assert_eq!(plan["plan"][PIPELINE]["action"], "update");
        node(plan, PIPELINE).remove("remote_state").unwrap();
    });
    let planned = site.run("plan", &["--full"]).exits(0).json();
    assert_eq!(planned["summary"]["effects"]["snapshot"], TABLES);
    let said = site.deploy(&[]);
    let needed = "snapshot:pipeline_sales_01_g01_p01";
    assert_eq!(said.exits(4).json()["needs_consent"], json!([needed]));
    assert!(site.workspace.writes().is_empty());
    let done = site.deploy(&["--allow", needed]).exits(0).json();
    assert_eq!(done["targets"][0]["projects"][0]["resources"]["updated"], 1);
}

#[test]
fn a_deletion_of_what_could_not_be_read_tells_its_tables() {
    let mut site = deployed();
    site.plans(|plan| {
        // What the CLI prints where the workspace does not answer for a pipeline that leaves the bundle.
        plan["plan"][PIPELINE] = json!({"action": "delete"});
    });
    let said = site.deploy(&["--full"]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!(["delete:pipeline_sales_01_g01_p01"]));
    assert!(said.stderr.contains("is deleted, its 12 tables KEPT"), "{}", said.stderr);
}

#[test]
fn what_the_user_has_beside_ours_can_be_consented_to() {
    let mut site = deployed();
    site.plans(|plan| {
        plan["plan"]["resources.schemas.lake"] =
            json!({"action": "delete", "remote_state": {"name": "lake"}});
    });
    let said = site.deploy(&["--full"]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!(["delete:schemas.lake"]));
    assert!(said.stderr.contains("consent to it: --allow delete:schemas.lake\n"), "{}", said.stderr);
    assert!(said.stderr.contains("schemas.lake is deleted with all that it holds"), "{}", said.stderr);
    let entry = "- target: prod\n  kind: delete\n  resource: schemas.lake\n  who: ana\n  why: it is empty\n  until: 2999-12-31\n";
    site.context.write("approvals.yml", entry);
    for consent in [&["--full"][..], &["--full", "--allow", "delete:schemas.lake"]] {
        site.context.write("programs/arguments.log", "");
        let document = site.deploy(consent).json();
        let consents = document["consents"].as_array().unwrap();
        assert!(
            matches!(&consents[..], [consent] if consent["consent"] == "delete:schemas.lake"),
            "{document}"
        );
        assert!(document["needs_consent"].is_null(), "{document}");
        // It goes on to the CLI, which is told to ask no more.
        let log = site.context.read("programs/arguments.log");
        let deploy = log.lines().find(|line| line.starts_with("bundle deploy")).unwrap();
        assert!(deploy.contains("--auto-approve"), "{deploy}");
        std::fs::remove_file(site.context.path("approvals.yml")).ok();
    }
}
