//! SQL statements.

use serde_json::{Value, json};

use super::Client;
use super::with_rows;
use crate::workspace::*;

#[test]
fn rows_come_in_chunks_inline_and_by_link() {
    let workspace = with_rows(2500);
    let client = Client::of(&workspace);
    let first = client.sql(&json!({}));
    assert_eq!(first["status"]["state"], "SUCCEEDED");
    assert_eq!(first["manifest"]["total_chunk_count"], 3);
    let mut rows: Vec<Value> = first["result"]["data_array"].as_array().unwrap().clone();
    let mut next = first["result"]["next_chunk_internal_link"].as_str().map(str::to_owned);
    while let Some(link) = next {
        let chunk = client.get(&link);
        rows.extend(chunk["data_array"].as_array().unwrap().clone());
        next = chunk["next_chunk_internal_link"].as_str().map(str::to_owned);
    }
    assert_eq!(rows.len(), 2500);
    assert_ne!(rows[0], json!(["0", "x"]), "no order was asked for");

    let linked = client.sql(&json!({"disposition": "EXTERNAL_LINKS"}));
    let link = &linked["result"]["external_links"][0];
    assert_eq!(link["next_chunk_index"], 1);
    let url = link["external_link"].as_str().unwrap();
    let headers = link["http_headers"].as_object().unwrap();
    let download = || {
        let request = client.request("GET", url);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value.as_str().unwrap()))
    };
    let (status, text) = client.send(download()).unwrap();
    assert_eq!((status, serde_json::from_str::<Vec<Value>>(&text).unwrap().len()), (200, 1000));
    assert_eq!(client.send(download().bearer_auth("x")).unwrap().0, 400, "a link takes no Authorization");
    assert_eq!(client.send(client.request("GET", url)).unwrap().0, 400, "a link wants its headers");
    workspace.world(|world| world.statements.expire_links());
    assert_eq!(client.send(download()).unwrap().0, 403);
    assert!(workspace.writes().is_empty());
}

#[test]
fn statements_wait_for_their_warehouse() {
    let workspace = with_rows(1);
    let client = Client::of(&workspace);
    let poll = |started: &Value| {
        client.get(&format!("/api/2.0/sql/statements/{}", started["statement_id"].as_str().unwrap()))
    };
    workspace.world(|world| world.warehouses.stop(workspace.warehouse_id(), Some(1)));
    let started = client.sql(&json!({}));
    assert_eq!(started["status"], json!({"state": "PENDING"}));
    assert_eq!(started.get("manifest"), None);
    assert_eq!(poll(&started)["status"]["state"], "PENDING");
    assert_eq!(poll(&started)["status"]["state"], "SUCCEEDED");
    let asynchronous = client.sql(&json!({"wait_timeout": "0s"}));
    assert_eq!(asynchronous["status"]["state"], "PENDING");
    assert_eq!(poll(&asynchronous)["result"]["row_count"], 1);
    workspace.world(|world| world.warehouses.stop(workspace.warehouse_id(), None));
    let canceled = client.sql(&json!({"on_wait_timeout": "CANCEL"}));
    assert_eq!(canceled["status"], json!({"state": "CANCELED"}));
    let forever = client.sql(&json!({}));
    assert_eq!(poll(&forever)["status"]["state"], "PENDING");
    client.post(
        &format!("/api/2.0/sql/statements/{}/cancel", forever["statement_id"].as_str().unwrap()),
        &json!({}),
    );
    assert_eq!(poll(&forever)["status"]["state"], "CANCELED");
}

#[test]
fn statements_fail_with_http_200() {
    let workspace = with_rows(1500);
    let client = Client::of(&workspace);
    let failed = client.sql(&json!({"statement": "SELEC 1"}));
    assert_eq!(failed["status"]["error"]["error_code"], "BAD_REQUEST");
    assert_eq!(failed["status"]["sql_state"], "42601");
    assert!(failed["status"]["error"]["message"].as_str().unwrap().starts_with("\n[PARSE_SYNTAX_ERROR]"));
    workspace.world(|world| world.statements.inline_limit = 10_000);
    assert!(client.sql(&json!({}))["status"]["error"]["message"].as_str().unwrap().contains("INLINE"));
    assert_eq!(client.sql(&json!({"disposition": "EXTERNAL_LINKS"}))["status"]["state"], "SUCCEEDED");
    let cut = client.sql(&json!({"row_limit": 2}));
    assert_eq!(
        (cut["manifest"]["truncated"].clone(), cut["manifest"]["total_row_count"].clone()),
        (json!(true), json!(2))
    );
    for outcome in [
        Outcome::Failed("RESOURCE_EXHAUSTED".to_owned(), "no".to_owned()),
        Outcome::Canceled,
        Outcome::Closed,
        Outcome::Slow(1),
    ] {
        workspace.fault(Fault::on("POST", "/api/2.0/sql/statements").statement(outcome));
    }
    let states = [(); 4]
        .map(|()| client.sql(&json!({"row_limit": 1}))["status"]["state"].as_str().unwrap().to_owned());
    assert_eq!(states, ["FAILED", "CANCELED", "CLOSED", "RUNNING"]);
    let empty = client.sql(&json!({"statement": "SELECT * FROM main.cfg.t LIMIT 0"}));
    assert_eq!(
        (empty["result"].clone(), empty["manifest"]["total_chunk_count"].clone()),
        (json!({}), json!(0))
    );
    assert_eq!(empty["manifest"].get("chunks"), None);
}
