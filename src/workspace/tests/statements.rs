//! Statements, their rows, and their end.

use serde_json::json;
use wiremock::matchers::body_partial_json;

use super::*;

const STATEMENTS: &str = "/api/2.0/sql/statements";

async fn submitted(server: &MockServer) {
    Mock::given(method("POST"))
        .and(path(STATEMENTS))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s1", "status": {"state": "PENDING"}})),
        )
        .expect(1)
        .mount(server)
        .await;
}

fn columns(names: &[&str]) -> Value {
    json!({"columns": names.iter().map(|name| json!({"name": name, "type_text": "STRING", "type_name": "STRING"})).collect::<Vec<_>>()})
}

#[tokio::test]
async fn every_chunk_is_read() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(STATEMENTS))
        .and(body_partial_json(json!({
            "warehouse_id": "w", "statement": "SELECT :x", "disposition": "INLINE", "format": "JSON_ARRAY",
            "parameters": [{"name": "x", "value": "1", "type": "STRING"}]})))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s1", "status": {"state": "PENDING"}})),
        )
        .mount(&server)
        .await;
    for state in ["PENDING", "RUNNING"] {
        Mock::given(path("/api/2.0/sql/statements/s1"))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({"statement_id": "s1", "status": {"state": state}})),
            )
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    get(
        &server,
        "/api/2.0/sql/statements/s1",
        json!({
        "statement_id": "s1", "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": columns(&["a", "a"]), "total_row_count": "3", "total_chunk_count": 3},
        "result": {"chunk_index": 0, "row_offset": 0, "data_array": [["1", null]], "next_chunk_index": 1,
                   "next_chunk_internal_link": "/api/2.0/sql/statements/s1/result/chunks/1?row_offset=1"}}),
    )
    .await;
    get(
        &server,
        "/api/2.0/sql/statements/s1/result/chunks/1",
        json!({
        "chunk_index": 1, "row_offset": 1, "data_array": [["2", ""]], "next_chunk_index": 2}),
    )
    .await;
    get(
        &server,
        "/api/2.0/sql/statements/s1/result/chunks/2",
        json!({
        "chunk_index": 2, "row_offset": 2, "data_array": [["3", "x"]]}),
    )
    .await;
    let log = Arc::new(Log::default());
    let found = connect(&with_token(&server), Log::observed(&log))
        .statement("w", "SELECT :x", &[("x", "1")])
        .await
        .unwrap();
    assert_eq!(found.columns.len(), 2);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found.rows, [vec![text("1"), None], vec![text("2"), text("")], vec![text("3"), text("x")]]);
    let lines = log.lines();
    assert!(
        lines.contains(&"WaitingForWarehouse".to_owned()) && lines.contains(&"Running".to_owned()),
        "{lines:?}"
    );
    assert!(lines.contains(&"Reading { rows: 3, of: Some(3) }".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn no_rows_and_no_columns() {
    for manifest in [
        json!({"schema": {"column_count": 0}, "total_chunk_count": 0}),
        json!({"schema": columns(&["a"]), "total_row_count": 0}),
    ] {
        let server = MockServer::start().await;
        submitted(&server).await;
        get(
            &server,
            "/api/2.0/sql/statements/s1",
            json!({
            "statement_id": "s1", "status": {"state": "SUCCEEDED"}, "manifest": manifest, "result": {}}),
        )
        .await;
        assert!(client(&server).statement("w", "CREATE x", &[]).await.unwrap().rows.is_empty());
    }
}

#[tokio::test]
async fn rows_that_are_missing_are_noticed() {
    for (result, word) in [
        (json!({"data_array": [["1"]]}), "1 rows came of the 3"),
        (json!({"data_array": [["1"]], "row_offset": 1}), "does not begin at row 0"),
        (json!({"data_array": [["1", "2"]]}), "2 values in 1 columns"),
        (json!({"data_array": [["1"]], "next_chunk_index": 0}), "leads back"),
    ] {
        let server = MockServer::start().await;
        submitted(&server).await;
        get(
            &server,
            "/api/2.0/sql/statements/s1",
            json!({
            "statement_id": "s1", "status": {"state": "SUCCEEDED"},
            "manifest": {"schema": columns(&["a"]), "total_row_count": 3}, "result": result}),
        )
        .await;
        let error = client(&server).statement("w", "SELECT 1", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_chunk_link_to_elsewhere_is_not_followed() {
    let server = MockServer::start().await;
    submitted(&server).await;
    get(&server, "/api/2.0/sql/statements/s1", json!({
        "statement_id": "s1", "status": {"state": "SUCCEEDED"}, "manifest": {"schema": columns(&["a"])},
        "result": {"data_array": [["1"]], "next_chunk_index": 1, "next_chunk_internal_link": "https://evil.example/x"}})).await;
    assert_eq!(
        client(&server).statement("w", "SELECT 1", &[]).await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn failures_keep_their_condition() {
    let server = MockServer::start().await;
    submitted(&server).await;
    get(&server, "/api/2.0/sql/statements/s1", json!({"statement_id": "s1", "status": {"state": "FAILED", "error": {
        "error_code": "BAD_REQUEST", "message": "\n[TABLE_OR_VIEW_NOT_FOUND] The table cannot be found. SQLSTATE: 42P01"}}})).await;
    let error = client(&server).statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let Error::Statement(error) = error else { panic!("{error:?}") };
    assert_eq!(error.condition.as_deref(), Some("TABLE_OR_VIEW_NOT_FOUND"));
    assert!(
        error.to_string().starts_with("[TABLE_OR_VIEW_NOT_FOUND] The table")
            && error.to_string().ends_with(" (statement s1)"),
        "{error}"
    );
}

#[test]
fn the_first_line_of_a_message_leads_and_the_rest_are_details() {
    let error = |message: &str| StatementError {
        host: String::new(),
        id: "s1".to_owned(),
        state: "FAILED".to_owned(),
        code: None,
        condition: None,
        message: message.to_owned(),
    };
    for (message, lead, details) in [
        ("[X] One.\n\nTwo.\nThree.", "[X] One. (statement s1)", Some("Two.\nThree.")),
        ("[X] Refused:\nNo USE.\nThree.", "[X] Refused: No USE. (statement s1)", Some("Three.")),
        ("[X] Refused:", "[X] Refused: (statement s1)", None),
        ("", "the statement failed (statement s1)", None),
    ] {
        let error = error(message);
        assert_eq!((error.to_string().as_str(), error.details()), (lead, details), "{message}");
    }
}

#[tokio::test]
async fn canceled_and_closed_are_errors() {
    for state in ["CANCELED", "CLOSED", "SOMETHING_NEW"] {
        let server = MockServer::start().await;
        submitted(&server).await;
        get(&server, "/api/2.0/sql/statements/s1", json!({"statement_id": "s1", "status": {"state": state}}))
            .await;
        assert_eq!(
            client(&server).statement("w", "SELECT 1", &[]).await.unwrap_err().kind(),
            ErrorKind::Refused
        );
    }
}

/// A statement that runs until it is canceled.
async fn endless(server: &MockServer, state: &str) {
    submitted(server).await;
    let canceled = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = Arc::clone(&canceled);
    let state = state.to_owned();
    Mock::given(method("GET"))
        .and(path("/api/2.0/sql/statements/s1"))
        .respond_with(move |_: &wiremock::Request| {
            let state = if seen.load(std::sync::atomic::Ordering::SeqCst) { "CANCELED" } else { &state };
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s1", "status": {"state": state}}))
        })
        .mount(server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/2.0/sql/statements/s1/cancel"))
        .respond_with(move |_: &wiremock::Request| {
            canceled.store(true, std::sync::atomic::Ordering::SeqCst);
            ResponseTemplate::new(200)
        })
        .expect(1)
        .mount(server)
        .await;
}

#[tokio::test]
async fn the_end_of_the_run_cancels_the_statement() {
    let server = MockServer::start().await;
    endless(&server, "RUNNING").await;
    let options = quick();
    let cancel = options.cancel.clone();
    let client = connect(&with_token(&server), options);
    let (outcome, ()) = tokio::join!(client.statement("w", "SELECT 1", &[]), async {
        while client.request_count() < 3 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Interrupted);
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked.last().unwrap().url.path(), "/api/2.0/sql/statements/s1", "its end is waited for");
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_canceled() {
    let server = MockServer::start().await;
    endless(&server, "PENDING").await;
    let options = ClientOptions { statement_timeout: Some(Duration::from_millis(50)), ..quick() };
    let error = connect(&with_token(&server), options).statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { waiting: true, .. }), "{error:?}");
}

#[tokio::test]
async fn the_end_of_the_run_during_the_submission_cancels_too() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(STATEMENTS))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s1", "status": {"state": "PENDING"}}))
                .set_delay(Duration::from_millis(200)),
        )
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/2.0/sql/statements/s1/cancel"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    get(
        &server,
        "/api/2.0/sql/statements/s1",
        json!({"statement_id": "s1", "status": {"state": "CANCELED"}}),
    )
    .await;
    let options = quick();
    let cancel = options.cancel.clone();
    let client = connect(&with_token(&server), options);
    let (outcome, ()) = tokio::join!(client.statement("w", "SELECT 1", &[]), async {
        while client.request_count() == 0 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Interrupted);
    let after = client.statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(
        (after.kind(), client.request_count()),
        (ErrorKind::Interrupted, 3),
        "nothing is sent after the end"
    );
}

/// A statement that is too large inline and comes behind links to `storage`.
async fn linked(server: &MockServer, storage: &str, chunks: i64) {
    Mock::given(method("POST"))
        .and(path(STATEMENTS))
        .and(body_partial_json(json!({"disposition": "INLINE"})))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s1", "status": {"state": "PENDING"}})),
        )
        .expect(1)
        .mount(server)
        .await;
    get(server, "/api/2.0/sql/statements/s1", json!({"statement_id": "s1", "status": {"state": "FAILED", "error": {
        "error_code": "BAD_REQUEST",
        "message": "Statements executed with disposition=INLINE can have a result size of at most 26214400 bytes."}}})).await;
    Mock::given(method("POST"))
        .and(path(STATEMENTS))
        .and(body_partial_json(json!({"disposition": "EXTERNAL_LINKS", "format": "JSON_ARRAY"})))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"statement_id": "s2", "status": {"state": "RUNNING"}})),
        )
        .expect(1)
        .mount(server)
        .await;
    let link = |index: i64| {
        let mut link = json!({"chunk_index": index, "row_offset": index * 2, "row_count": 2,
            "external_link": format!("{storage}/chunk{index}?X-Amz-Signature=canary-signature"),
            "http_headers": {"x-amz-server-side-encryption-customer-key": "canary-key"}});
        if index + 1 < chunks {
            link["next_chunk_index"] = (index + 1).into();
            link["next_chunk_internal_link"] =
                format!("/api/2.0/sql/statements/s2/result/chunks/{}", index + 1).into();
        }
        json!({ "external_links": [link] })
    };
    get(
        server,
        "/api/2.0/sql/statements/s2",
        json!({"statement_id": "s2", "status": {"state": "SUCCEEDED"},
        "manifest": {"schema": columns(&["a"]), "total_row_count": chunks * 2}, "result": link(0)}),
    )
    .await;
    for index in 0..chunks {
        get(server, &format!("/api/2.0/sql/statements/s2/result/chunks/{index}"), link(index)).await;
    }
}

#[tokio::test]
async fn large_results_come_through_links_without_our_token() {
    let (server, storage) = (MockServer::start().await, MockServer::start().await);
    linked(&server, &storage.uri(), 3).await;
    for index in 0..3 {
        Mock::given(path(format!("/chunk{index}")))
            .and(wiremock::matchers::header("x-amz-server-side-encryption-customer-key", "canary-key"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!([[format!("{index}a")], [null]])))
            .expect(1)
            .mount(&storage)
            .await;
    }
    let log = Arc::new(Log::default());
    let found =
        connect(&with_token(&server), Log::observed(&log)).statement("w", "SELECT 1", &[]).await.unwrap();
    let first: Vec<_> = found.rows.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!(first, [Some("0a"), None, Some("1a"), None, Some("2a"), None]);
    for request in storage.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("authorization"));
    }
    assert!(!log.lines().join("\n").contains("canary"), "{:?}", log.lines());
}

#[tokio::test]
async fn expired_links_are_asked_for_anew() {
    let (server, storage) = (MockServer::start().await, MockServer::start().await);
    linked(&server, &storage.uri(), 1).await;
    Mock::given(path("/chunk0"))
        .respond_with(ResponseTemplate::new(403))
        .up_to_n_times(1)
        .mount(&storage)
        .await;
    Mock::given(path("/chunk0"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([["1"], ["2"]])))
        .mount(&storage)
        .await;
    assert_eq!(client(&server).statement("w", "SELECT 1", &[]).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn errors_of_the_storage_say_nothing_secret() {
    let (server, storage) = (MockServer::start().await, MockServer::start().await);
    linked(&server, &storage.uri(), 1).await;
    let body = "<Error><SignatureProvided>canary-signature</SignatureProvided></Error>";
    Mock::given(path("/chunk0"))
        .respond_with(ResponseTemplate::new(403).set_body_string(body))
        .mount(&storage)
        .await;
    let client = client(&server);
    let error = client.statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let text = format!("{error} {error:?} {:?}", error.hints());
    assert!(!text.contains("canary") && text.contains("cloud storage"), "{text}");
}

#[tokio::test]
async fn a_link_in_plain_http_is_not_followed() {
    let server = MockServer::start().await;
    linked(&server, "http://storage.example", 1).await;
    let error = client(&server).statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(!format!("{error:?}").contains("canary"));
}
