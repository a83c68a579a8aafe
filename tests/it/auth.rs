//! `tapworks auth`

use serde_json::{Value, json};
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{CLIENT_ID, Context};

/// Nothing here may touch the keyring of whoever runs the tests: none is reached without a D-Bus to ask.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_keyring_is_told_so_and_what_to_use_instead() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    for arguments in [
        &["auth", "login", "--host", workspace.url()][..],
        &["auth", "login", "--host", workspace.url(), "--client-id", CLIENT_ID],
        &["auth", "login"],
        &["auth", "logout", "--host", workspace.url()],
    ] {
        let said = context.run_with_input(arguments, "dapi-typed-by-hand");
        said.exits(5);
        for word in ["no keyring on this machine", "DATABRICKS_TOKEN", "--profile"] {
            assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
        }
    }
    assert_eq!(workspace.requests().len(), 0, "what cannot be kept is not checked");
}

#[test]
fn the_status_says_who_and_where_from_and_no_secret() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let said = context.run(&["auth", "status", "-o", "json"]);
    let document = said.exits(0).json();
    assert_eq!(document["format"], "tapworks.auth-status/1");
    let target = &document["targets"][0];
    assert_eq!(target["target"], Value::Null);
    assert_eq!(target["host"], workspace.url());
    assert_eq!(target["auth_type"], "pat");
    assert_eq!(target["user"], workspace.user());
    assert_eq!(target["token_expires"], Value::Null);
    assert_eq!(target["warehouse"]["id"], workspace.warehouse_id());
    let token = json!({"name": "token", "from": "environment variable DATABRICKS_TOKEN"});
    assert!(target["values"].as_array().unwrap().contains(&token), "{target}");
    assert!(said.stderr.contains("2 requests, 0 repeated"), "{}", said.stderr);
}

#[test]
fn the_status_of_a_service_principal_knows_when_its_token_ends() {
    let workspace = MockWorkspace::start();
    let mut context = Context::with(&workspace);
    context.unset("DATABRICKS_AUTH_TYPE");
    context.unset("DATABRICKS_TOKEN");
    let target = context.run(&["auth", "status", "-o", "json"]).exits(0).json()["targets"][0].clone();
    assert_eq!((&target["auth_type"], &target["user"]), (&json!("oauth-m2m"), &json!(workspace.user())));
    let ends: jiff::Timestamp = target["token_expires"].as_str().unwrap().parse().unwrap();
    assert!(ends > jiff::Timestamp::now());
}

#[test]
fn a_profile_that_is_named_goes_before_the_environment() {
    let ours = MockWorkspace::start();
    let theirs = MockWorkspace::builder().user("other@example.com").start().unwrap();
    let mut context = Context::with(&ours);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profiles");
    let text = format!("[other]\nhost = {}\ntoken = {}\n", theirs.url(), theirs.token());
    std::fs::write(&file, text).unwrap();
    context.set("DATABRICKS_CONFIG_FILE", file.to_str().unwrap());
    context.unset("DATABRICKS_AUTH_TYPE");
    context.unset("DATABRICKS_CLIENT_ID");
    context.unset("DATABRICKS_CLIENT_SECRET");
    let status = |arguments: &[&str]| {
        let arguments = [&["auth", "status", "-o", "json"], arguments].concat();
        context.run(&arguments).json()["targets"][0].clone()
    };
    let target = status(&["--profile", "other"]);
    assert_eq!((&target["user"], &target["profile"]), (&json!("other@example.com"), &json!("other")));
    assert_eq!(status(&[])["user"], ours.user());
}

#[test]
fn every_target_has_its_line_and_one_that_fails_its_reason() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let settings = format!(
        "targets:\n  dev:\n    workspace_host: {0}\n  prod:\n    workspace_host: {0}\n    profile: nowhere\n",
        workspace.url()
    );
    context.write("tapworks.yml", &settings);
    let document = context.run(&["auth", "status", "-o", "json"]).exits(5).json();
    assert_eq!(document["targets"][0]["user"], workspace.user());
    assert_eq!(document["targets"][1]["target"], "prod");
    assert!(document["targets"][1]["error"]["message"].as_str().unwrap().contains("nowhere"), "{document}");
    let said = context.run(&["auth", "status", "--target", "dev"]);
    assert!(said.exits(0).stdout.contains("as tester@example.com"), "{}", said.stdout);
}

#[test]
fn nobody_is_told_what_was_looked_for() {
    let mut context = Context::new();
    context.set("DATABRICKS_HOST", "http://127.0.0.1:9");
    let document = context.run(&["auth", "status", "-o", "json"]).exits(5).json();
    assert_eq!(document["targets"][0]["auth_type"], Value::Null);
    let said = context.run(&["auth", "status"]);
    let said = &said.exits(5).stdout;
    assert!(said.contains("looked for DATABRICKS_TOKEN") && said.contains("not logged in"), "{said}");
}
