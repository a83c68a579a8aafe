//! Faults.

use serde_json::{Value, json};

use super::Client;
use crate::workspace::*;

#[test]
fn connections_break_as_told() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let create = |name: &str| {
        client.send(
            client
                .request("POST", "/api/2.0/pipelines")
                .bearer_auth(workspace.token())
                .body(json!({"name": name}).to_string()),
        )
    };
    let pipelines = || workspace.world(|world| world.pipelines.len());
    let any = || Fault::on("POST", "/api/2.0/pipelines");
    workspace.fault(any().reset());
    assert!(create("a").is_err());
    assert_eq!(pipelines(), 0);
    workspace.fault(any().lose_answer());
    assert!(create("a").is_err());
    assert_eq!(pipelines(), 1, "the answer was lost, the effect was not");
    workspace.fault(any().cut(3));
    let error = create("b").unwrap_err();
    assert!(error.is_body() || error.is_decode(), "the head arrived: {error:?}");
    workspace.fault(any().truncate());
    let (status, text) = create("c").unwrap();
    assert_eq!((status, serde_json::from_str::<Value>(&text).is_err()), (200, true));
    workspace.fault(any().html());
    assert!(create("d").unwrap().1.starts_with("<!doctype html>"));
    workspace.fault(any().status(503).retry_after("7").times(2));
    assert_eq!([(); 3].map(|()| create("e").unwrap().0), [503, 503, 200]);
    assert_eq!(pipelines(), 4);
    assert_eq!(create("f").unwrap().0, 200, "the server goes on");
}

#[test]
fn listings_can_be_empty_or_endless() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    for name in ["a", "b", "c"] {
        workspace.world(|world| world.catalog.add_connection(name, "MYSQL").owner.clone());
    }
    let list = "/api/2.1/unity-catalog/connections?max_results=2";
    workspace.fault(Fault::on("GET", ".*/connections").empty_page());
    let empty = client.get(list);
    assert_eq!(empty.get("connections"), None);
    let first = client.get(&format!("{list}&page_token={}", empty["next_page_token"].as_str().unwrap()));
    assert_eq!(first["connections"].as_array().unwrap().len(), 2);
    let token = first["next_page_token"].as_str().unwrap();
    workspace.fault(Fault::on("GET", ".*/connections").repeat_page_token());
    let again = client.get(&format!("{list}&page_token={token}"));
    assert_eq!(again["next_page_token"], token);
    assert_eq!(again["connections"][0]["name"], "c");
}

#[test]
fn a_path_is_matched_and_noted_as_it_is_meant() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let import = |path: &str| {
        let url = format!("/api/2.0/workspace-files/import-file/{path}?overwrite=true");
        client.call("POST", &url, &json!({})).0
    };
    workspace.fault(Fault::on("POST", ".*/import-file/Shared/a b[.]json").status(400).always());
    assert_eq!([import("Shared%2Fa%20b.json"), import("Shared/a%20b.json")], [400, 400]);
    assert_eq!(workspace.count("POST", ".*/import-file/Shared/a b[.]json"), 2);
}
