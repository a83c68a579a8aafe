//! The front door: credentials, connections, the log, sizes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Client;
use super::with_rows;
use crate::workspace::*;

#[test]
fn credentials_are_checked_as_on_the_wire() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    let me = "/api/2.0/preview/scim/v2/Me";
    assert_eq!(client.get(me)["userName"], "tester@example.com");
    let (status, body) = client.send(client.request("GET", me)).unwrap();
    assert_eq!((status, body.contains("\"error_code\":401")), (401, true), "{body}");
    let (status, body) = client.send(client.request("GET", me).bearer_auth("no")).unwrap();
    assert_eq!((status, body.contains("Invalid access token.")), (403, true), "{body}");
    let (status, _) = client.send(client.request("GET", "/.well-known/databricks-config")).unwrap();
    assert_eq!(status, 200);
}

#[test]
fn machine_tokens_are_issued_and_run_out() {
    let workspace = MockWorkspace::start();
    workspace.world(|world| {
        world.accounts.add_client("app", "secret", Identity::service_principal("app", "Robot"));
        world.accounts.add_federated("jwt", Identity::user("ci@example.com"));
    });
    let client = Client::of(&workspace);
    let ask = |form: &[(&str, &str)], basic: bool| {
        let mut request = client.request("POST", "/oidc/v1/token").form(form);
        if basic {
            request = request.basic_auth("app", Some("secret"));
        }
        let (status, body) = client.send(request).unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let (status, body) = ask(&[("grant_type", "client_credentials"), ("scope", "all-apis")], true);
    assert_eq!((status, body["expires_in"].clone()), (200, json!(3600)));
    let (status, refused) = ask(&[("grant_type", "client_credentials"), ("scope", "all-apis")], false);
    assert_eq!((status, refused["error"].as_str()), (401, Some("invalid_client")));
    let exchange = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "jwt"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("scope", "all-apis"),
    ];
    assert_eq!(ask(&exchange, false).0, 200);
    let token = body["access_token"].as_str().unwrap();
    let me = || client.send(client.request("GET", "/api/2.0/preview/scim/v2/Me").bearer_auth(token)).unwrap();
    assert_eq!(me().0, 200);
    workspace.fault(Fault::on("GET", ".*Me").expired_token());
    assert_eq!(me().0, 403);
    assert_eq!(me().0, 403, "the token stays expired");
    assert!(workspace.writes().is_empty(), "getting a token changes nothing");
}

#[test]
fn int64_fields_can_be_texts() {
    let workspace = MockWorkspace::start();
    workspace.world(|world| world.int64_as_text = true);
    let client = Client::of(&workspace);
    let id = client.post("/api/2.2/jobs/create", &json!({"name": "J"}))["job_id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(client.get(&format!("/api/2.2/jobs/get?job_id={id}"))["job_id"], id);
    client.post("/api/2.2/jobs/delete", &json!({"job_id": id}));
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_request_harms_nobody() {
    use std::io::Write;
    let workspace = MockWorkspace::start();
    let address = workspace.url().trim_start_matches("http://");
    let mut half = std::net::TcpStream::connect(address).unwrap();
    half.write_all(b"POST /api/2.0/pipelines HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").unwrap();
    drop(half);
    let mut noise = std::net::TcpStream::connect(address).unwrap();
    noise.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert_eq!(Client::of(&workspace).get("/api/2.0/pipelines"), json!({}));
    assert_eq!(workspace.requests().len(), 1);
}

#[test]
fn chunked_bodies_and_those_that_wait_for_continue_arrive_whole() {
    use std::io::{Read, Write};
    let workspace = MockWorkspace::start();
    let ask = |head: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(workspace.url().trim_start_matches("http://")).unwrap();
        let token = workspace.token();
        let head = format!(
            "POST /api/2.0/pipelines HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{head}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let chunked = ask("transfer-encoding: chunked", "7\r\n{\"name\"\r\n5\r\n:\"a\"}\r\n0\r\n\r\n");
    assert!(chunked.contains("pipeline_id"), "{chunked}");
    let waiting = ask("expect: 100-continue\r\ncontent-length: 12", "{\"name\":\"b\"}");
    assert!(waiting.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{waiting}");
    assert!(
        workspace.world(|world| world.pipelines.named("a").is_some() && world.pipelines.named("b").is_some())
    );
}

#[test]
fn what_the_mock_cannot_do_is_unexpected() {
    let workspace = with_rows(1);
    let client = Client::of(&workspace);
    let (status, _) = client.call("GET", "/api/2.0/clusters/list", &Value::Null);
    assert_eq!(status, 404);
    let body = json!({"warehouse_id": workspace.warehouse_id(), "statement": "DROP TABLE main.cfg.t"});
    assert_eq!(client.call("POST", "/api/2.0/sql/statements", &body).0, 501);
    assert_eq!(workspace.take_unexpected(), ["GET /api/2.0/clusters/list", "POST /api/2.0/sql/statements"]);
    assert_eq!(workspace.writes().len(), 1, "DROP is a write");
}

#[test]
#[should_panic(expected = "GET /api/2.0/nope")]
fn an_unexpected_request_fails_the_test() {
    let workspace = MockWorkspace::start();
    Client::of(&workspace).call("GET", "/api/2.0/nope", &Value::Null);
}

#[test]
fn requests_in_flight_are_counted() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    workspace.fault(Fault::on("GET", ".*").delay(Duration::from_millis(100)).always());
    let started = Instant::now();
    client.runtime.block_on(async {
        let calls = (0..5).map(|_| {
            client.request("GET", "/api/2.0/preview/scim/v2/Me").bearer_auth(workspace.token()).send()
        });
        futures_util::future::join_all(calls).await
    });
    assert_eq!(workspace.peak_in_flight(), 5);
    assert!(started.elapsed() < Duration::from_millis(450), "delays do not queue up");
    workspace.clear_requests();
    client.get("/api/2.0/preview/scim/v2/Me");
    assert_eq!((workspace.peak_in_flight(), workspace.requests().len()), (1, 1));
}

#[test]
fn real_sizes_are_no_trouble() {
    let started = Instant::now();
    let workspace = with_rows(200_000);
    workspace.world(|world| {
        for number in 0..5000 {
            let id = world.pipelines.create(&json!({"name": format!("p{number}")}), "tester@example.com");
            for table in 0..2 {
                world.catalog.put_table(Table::streaming(
                    "main",
                    "bronze",
                    &format!("t{number}_{table}"),
                    &id,
                ));
            }
        }
    });
    let client = Client::of(&workspace);
    let first = client.sql(&json!({"disposition": "EXTERNAL_LINKS"}));
    assert_eq!(first["manifest"]["total_row_count"], 200_000);
    let id = first["statement_id"].as_str().unwrap();
    for chunk in 0..200 {
        client.get(&format!("/api/2.0/sql/statements/{id}/result/chunks/{chunk}"));
    }
    let mut pages = 0;
    let mut token = String::new();
    loop {
        let page = client.get(&format!("/api/2.0/pipelines?max_results=100&page_token={token}"));
        pages += 1;
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, 50);
    let all = client.get("/api/2.1/unity-catalog/table-summaries?catalog_name=main&max_results=0");
    assert_eq!(all["tables"].as_array().unwrap().len(), 10_000);
    assert!(all["next_page_token"].is_string());
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}
