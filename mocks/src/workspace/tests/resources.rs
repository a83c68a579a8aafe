//! Pipelines, jobs, files.

use serde_json::{Value, json};

use super::Client;
use crate::workspace::*;

#[test]
fn pipelines_have_pages_filters_and_names_of_their_own() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    for number in 0..30 {
        client.post("/api/2.0/pipelines", &json!({"name": format!("p_{number:02}"), "catalog": "main"}));
    }
    let (status, body) = client.call("POST", "/api/2.0/pipelines", &json!({"name": "p_00"}));
    assert_eq!((status, body["error_code"].as_str()), (409, Some("RESOURCE_CONFLICT")));
    client.post("/api/2.0/pipelines", &json!({"name": "p_00", "allow_duplicate_names": true}));

    let first = client.get("/api/2.0/pipelines");
    assert_eq!(first["statuses"].as_array().unwrap().len(), 25);
    let next =
        client.get(&format!("/api/2.0/pipelines?page_token={}", first["next_page_token"].as_str().unwrap()));
    assert_eq!(next["statuses"].as_array().unwrap().len(), 6);
    assert_eq!(next.get("next_page_token"), None);
    assert_eq!(client.call("GET", "/api/2.0/pipelines?max_results=101", &Value::Null).0, 400);
    let found = client.get("/api/2.0/pipelines?filter=name%20LIKE%20%27%25p_00%25%27&max_results=100");
    assert_eq!(found["statuses"].as_array().unwrap().len(), 2);
    assert_eq!(client.get("/api/2.0/pipelines?filter=name%20LIKE%20%27nope%27"), json!({}));
    assert_eq!(workspace.count("POST", "/api/2.0/pipelines"), 32);
    assert_eq!(workspace.writes().len(), 32);
}

#[test]
fn a_pipeline_reads_back_as_it_was_written() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let body = json!({"name": "p", "catalog": "main", "run_as": {"service_principal_name": "app"}, "dry_run": false});
    let id = client.post("/api/2.0/pipelines", &body)["pipeline_id"].as_str().unwrap().to_owned();
    let path = format!("/api/2.0/pipelines/{id}");
    let got = client.get(&path);
    assert_eq!(got["spec"], json!({"id": id, "name": "p", "catalog": "main"}));
    assert_eq!(got["run_as_user_name"], "app");
    assert_eq!(got["state"], "IDLE");
    assert_eq!(got["effective_publishing_mode"], "DEFAULT_PUBLISHING_MODE");
    assert_eq!(client.call("PUT", &path, &json!({"name": "q", "schema": "s"})).0, 200);
    assert_eq!(client.get(&path)["spec"], json!({"id": id, "name": "q", "schema": "s"}));
    assert_eq!(client.call("PUT", &path, &json!({"name": "q", "parameters": {"a": "b"}})).0, 200);
    let got = client.get(&path);
    assert_eq!((&got["spec"], &got["parameters"]), (&json!({"id": id, "name": "q"}), &json!({"a": "b"})));

    workspace.world(|world| world.catalog.put_table(Table::streaming("main", "s", "t", &id)));
    let table = "/api/2.1/unity-catalog/tables/main.s.t/exists";
    assert_eq!(client.get(table)["table_exists"], true);
    assert_eq!(client.call("DELETE", &path, &Value::Null).0, 200);
    assert_eq!(client.get(table)["table_exists"], false, "the tables go with their pipeline");
    let (status, gone) = client.call("GET", &path, &Value::Null);
    assert_eq!((status, gone["message"].as_str().unwrap().contains("was not found.")), (404, true));
}

#[test]
fn a_job_has_the_defaults_of_the_service_and_its_own_way_to_be_missing() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let id =
        client.post("/api/2.2/jobs/create", &json!({"name": "J", "tasks": [{"task_key": "t"}]}))["job_id"]
            .clone();
    let got = client.get(&format!("/api/2.2/jobs/get?job_id={id}"));
    let task =
        json!({"task_key": "t", "email_notifications": {}, "run_if": "ALL_SUCCESS", "timeout_seconds": 0});
    assert_eq!(got["settings"]["tasks"], json!([task]));
    assert_eq!(got["settings"]["webhook_notifications"], json!({}));
    assert_eq!(client.get("/api/2.2/jobs/list?name=j")["jobs"][0]["job_id"], id);
    assert_eq!(client.get("/api/2.1/jobs/list?name=jj"), json!({"has_more": false}));
    client.post("/api/2.2/jobs/delete", &json!({"job_id": id}));
    let (status, body) = client.call("GET", &format!("/api/2.2/jobs/get?job_id={id}"), &Value::Null);
    assert_eq!((status, body["message"].clone()), (400, json!(format!("Job {id} does not exist."))));
}

#[test]
fn files_need_their_folder_and_do_not_overwrite_unasked() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let folder = "/Workspace/Users/tester@example.com/.bundle/b/state";
    let lock = format!("/api/2.0/workspace-files/import-file{folder}/deploy.lock?overwrite=false");
    assert_eq!(client.call("POST", &lock, &json!({"ID": 1})).0, 404);
    client.post("/api/2.0/workspace/mkdirs", &json!({"path": folder}));
    assert_eq!(client.call("POST", &lock, &json!({"ID": 1})).0, 200);
    assert_eq!(client.call("POST", &lock, &json!({"ID": 2})).0, 409);
    let export = format!("/api/2.0/workspace/export?path={folder}/deploy.lock&direct_download=true");
    assert_eq!(client.get(&export), json!({"ID": 1}));
    let content =
        client.get(&format!("/api/2.0/workspace/export?path={folder}/deploy.lock"))["content"].clone();
    assert_eq!(content, "eyJJRCI6MX0=");
    let gone = json!({"path": folder});
    assert_eq!(
        client.call("POST", "/api/2.0/workspace/delete", &gone).1["error_code"],
        "DIRECTORY_NOT_EMPTY"
    );
    client.post("/api/2.0/workspace/delete", &json!({"path": folder, "recursive": true}));
    let status = format!("/api/2.0/workspace/get-status?path={folder}");
    assert_eq!(client.call("GET", &status, &Value::Null).0, 404);
}
