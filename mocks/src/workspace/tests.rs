//! The workspace over HTTP, as a client meets it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

/// A client with the right token.
struct Client<'w> {
    workspace: &'w MockWorkspace,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl<'w> Client<'w> {
    fn of(workspace: &'w MockWorkspace) -> Self {
        // reqwest insists on a provider even for plain HTTP; whoever was first wins.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { workspace, http, runtime }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.workspace.url())
        };
        self.http.request(method.parse().unwrap(), url)
    }

    /// Status and body of a request.
    fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, String), reqwest::Error> {
        self.runtime.block_on(async {
            let answer = request.send().await?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.request(method, path).bearer_auth(self.workspace.token());
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let (status, text) = self.send(request).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, body) = self.call("POST", path, body);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn sql(&self, extra: &Value) -> Value {
        let mut body =
            json!({"warehouse_id": self.workspace.warehouse_id(), "statement": "SELECT * FROM main.cfg.t"});
        body.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        self.post("/api/2.0/sql/statements", &body)
    }
}

/// A workspace with a table of so many rows.
fn with_rows(rows: usize) -> MockWorkspace {
    let workspace = MockWorkspace::start();
    let mut table = Rows::of_strings(&["k", "v"]);
    for row in 0..rows {
        table.push([Some(row.to_string().as_str()), Some("x")]);
    }
    workspace.world(|world| world.put_rows("main.cfg.t", table));
    workspace
}

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
fn grants_are_listed_directly_and_effectively() {
    let workspace = MockWorkspace::start();
    let client = Client::of(&workspace);
    workspace.world(|world| {
        world.catalog.add_schema("main", "bronze");
        world.catalog.grants.grant("catalog", "main", "ann@example.com", &["USE_CATALOG", "CREATE_TABLE"]);
        world.catalog.grants.grant("schema", "main.bronze", "team", &["USE_SCHEMA"]);
    });
    let base = "/api/2.1/unity-catalog";
    let direct = client.get(&format!("{base}/permissions/schema/main.bronze"));
    assert_eq!(direct["privilege_assignments"], json!([{"principal": "team", "privileges": ["USE_SCHEMA"]}]));
    let effective =
        client.get(&format!("{base}/effective-permissions/schema/main.bronze?principal=ann@example.com"));
    assert_eq!(
        effective["privilege_assignments"][0]["privileges"][1],
        json!({"privilege": "CREATE_TABLE", "inherited_from_type": "CATALOG", "inherited_from_name": "main"})
    );
    let small = format!("{base}/effective-permissions/schema/main.bronze?max_results=149");
    assert_eq!(client.call("GET", &small, &Value::Null).0, 400);
    let (status, body) = client.call("GET", &format!("{base}/schemas/main.nope"), &Value::Null);
    assert_eq!((status, body["error_code"].as_str()), (404, Some("SCHEMA_DOES_NOT_EXIST")));
    assert_eq!(body["details"][0]["reason"], "SCHEMA_DOES_NOT_EXIST");
}

#[test]
fn others_see_less() {
    let workspace = with_rows(1);
    workspace.world(|world| world.accounts.add_token("ann", Identity::user("ann@example.com")));
    let client = Client::of(&workspace);
    let ann = |method: &str, path: &str, body: &str| {
        let request = client.request(method, path).bearer_auth("ann").body(body.to_owned());
        client.send(request).unwrap()
    };
    let id =
        client.post("/api/2.0/pipelines", &json!({"name": "p"}))["pipeline_id"].as_str().unwrap().to_owned();
    assert_eq!(ann("GET", "/api/2.0/pipelines", ""), (200, "{}".to_owned()));
    assert_eq!(ann("GET", &format!("/api/2.0/pipelines/{id}"), "").0, 403);
    workspace
        .world(|world| world.permissions.grant(Object::pipeline(&id), "ann@example.com", false, "CAN_VIEW"));
    assert_eq!(ann("GET", &format!("/api/2.0/pipelines/{id}"), "").0, 200);
    assert_eq!(ann("PUT", &format!("/api/2.0/pipelines/{id}"), "{}").0, 403);
    assert_eq!(ann("GET", "/api/2.1/unity-catalog/tables/main.cfg.t", "").0, 403);
    let statement =
        json!({"warehouse_id": workspace.warehouse_id(), "statement": "SELECT * FROM main.cfg.t"})
            .to_string();
    assert_eq!(ann("POST", "/api/2.0/sql/statements", &statement).0, 403, "no CAN_USE");
    let warehouse = Object::new("warehouses", workspace.warehouse_id());
    workspace.world(|world| world.permissions.grant(warehouse, "ann@example.com", false, "CAN_USE"));
    assert!(ann("POST", "/api/2.0/sql/statements", &statement).1.contains("INSUFFICIENT_PERMISSIONS"));
    workspace.world(|world| {
        world.catalog.grants.grant(
            "catalog",
            "main",
            "ann@example.com",
            &["USE_CATALOG", "USE_SCHEMA", "SELECT"],
        );
    });
    assert!(ann("POST", "/api/2.0/sql/statements", &statement).1.contains("SUCCEEDED"));
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
