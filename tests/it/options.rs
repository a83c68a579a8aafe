//! What flags and variables of every command do: variables, `--quiet`, targets, help.

use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, sql_server_rows};

fn listed() -> Context {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context
}

const SETTINGS: &str = "source: tables.csv\ntargets:\n  dev: {workspace_host: https://d.example.com}\n  \
                        prod: {workspace_host: https://p.example.com}\n";

#[test]
fn jobs_are_a_variable_of_plan_and_deploy() {
    let mut context = listed();
    context.set("TAPWORKS_JOBS", "abc");
    for command in ["plan", "deploy"] {
        let said = context.run(&[command, "--source", "tables.csv", "-t", "prod"]);
        assert!(said.exits(2).stderr.contains("invalid value 'abc' for '--jobs <N>'"), "{}", said.stderr);
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let mut context = listed();
    context.write("tapworks.yml", &format!("{SETTINGS}default_target: dev\n"));
    for name in ["TAPWORKS_TARGET", "TAPWORKS_JOBS", "TAPWORKS_OUTPUT", "TAPWORKS_CONFIG", "TAPWORKS_TIMEOUT"]
    {
        context.set(name, "");
    }
    let document = context.run(&["check", "--offline", "-o", "json"]).exits(0).json();
    assert_eq!(document["targets"][0]["target"], "dev");
    context.run(&["generate"]).exits(0);
}

#[test]
fn paths_are_shown_as_they_are_from_here() {
    let context = listed();
    let root = "root_path: \"/Workspace/${bundle.name}/${bundle.target}\"";
    context.write(
        "tapworks.yml",
        &SETTINGS.replace("https://p.example.com", &format!("https://p.example.com, {root}")),
    );
    let found = context.run(&["generate", "--check"]);
    assert!(
        found.exits(3).stdout.contains("\n  dab_deployment/retail/databricks.yml  would be created\n"),
        "{}",
        found.stdout
    );
    assert_eq!(context.run(&["generate", "--check", "--config", "tapworks.yml"]).stdout, found.stdout);
    for (folder, told) in [
        (".", "wrote tapworks.yml\nwrote tapworks.schema.json\n"),
        ("./sub", "wrote sub/tapworks.yml\nwrote sub/tapworks.schema.json\n"),
    ] {
        std::fs::remove_file(context.path("tapworks.yml")).unwrap_or_default();
        assert_eq!(context.run(&["init", folder]).exits(0).stdout, told);
    }
}

#[test]
fn help_is_a_command_too() {
    let context = Context::new();
    let said = context.run(&["help", "deploy"]);
    assert_eq!(said.exits(0).stdout, context.run(&["deploy", "--help"]).stdout);
    let words = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for variable in ["TAPWORKS_JOBS", "TAPWORKS_LOCK", "TAPWORKS_SOURCE", "TAPWORKS_APPROVALS"] {
        assert!(words.contains(&format!("[env: {variable}=]")), "{variable}: {words}");
    }
}

#[test]
fn quiet_tells_no_notes_and_warnings() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    context.write(
        "tables.csv",
        &sql_server_rows(3)
            .replace("connector,", "notes,connector,")
            .replace("sql_server,", "x,sql_server,")
            .replace("notes", "note_to_self"),
    );
    let plan =
        |more: &[&str]| context.run(&[&["plan", "--source", "tables.csv", "-t", "prod"], more].concat());
    assert!(plan(&[]).exits(0).stderr.contains("warning[TW110]"));
    let said = plan(&["-q"]);
    assert_eq!(said.exits(0).stderr, "");
    assert!(said.stdout.contains("first read           3 tables"), "{}", said.stdout);
    context.write("tables.csv", &sql_server_rows(3).replace("table_1,", "table/1,"));
    assert!(plan(&["-q"]).exits(1).stderr.starts_with("error[TW205]: "));
}

#[test]
fn a_list_that_is_not_there_leaves_nothing_judged() {
    let context = Context::new();
    let said = context.run(&["check", "--source", "none.csv", "-t", "prod", "--offline", "-o", "json"]);
    let rules = &said.exits(1).json()["rules"];
    assert_eq!((&rules["passed"], &rules["failed"]), (&0.into(), &0.into()), "{rules}");
}

#[test]
fn a_warning_is_no_failure() {
    let context = listed();
    context.write(
        "tables.csv",
        &sql_server_rows(3).replace("connector,", "extra,connector,").replace("sql_server,", ",sql_server,"),
    );
    let rules = context.run(&["check", "--offline", "--source", "tables.csv", "-o", "json"]).exits(0).json()
        ["rules"]
        .clone();
    assert_eq!((&rules["warned"], &rules["failed"]), (&1.into(), &0.into()), "{rules}");
}

#[test]
fn offline_needs_no_target_and_takes_none_that_there_is_not() {
    let context = listed();
    context.run(&["check", "--offline", "--source", "tables.csv"]).exits(0);
    context.write("tapworks.yml", &SETTINGS.replace("dev:", "qa:"));
    let document = context.run(&["check", "--offline", "-o", "json"]).exits(0).json();
    let names: Vec<_> = document["targets"].as_array().unwrap().iter().map(|it| &it["target"]).collect();
    assert_eq!(names, ["qa"]);
    for command in [&["generate", "-t", "prdo"][..], &["check", "--offline", "-t", "prdo"]] {
        let said = context.run(command);
        assert!(said.exits(2).stderr.contains("did you mean `prod`?"), "{}", said.stderr);
    }
    context.run(&["generate", "-t", "prod"]).exits(0);
}
