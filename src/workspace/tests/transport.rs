//! Retries, refusals, and pages that are no answers.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::matchers::{header, method, path};

use super::*;

const ME: &str = "/api/2.0/preview/scim/v2/Me";

fn me() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"userName": "jane@example.com"}))
}

async fn first(server: &MockServer, times: u64, answer: ResponseTemplate) {
    Mock::given(path(ME)).respond_with(answer).up_to_n_times(times).mount(server).await;
}

#[tokio::test]
async fn sends_the_token_and_who_we_are() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(ME))
        .and(header("authorization", format!("Bearer {CANARY}")))
        .and(header("user-agent", concat!("tapworks/", env!("CARGO_PKG_VERSION"))))
        .and(header("accept", "application/json"))
        .respond_with(me().insert_header("X-Databricks-Org-Id", "4711"))
        .expect(1)
        .mount(&server)
        .await;
    let found = client(&server).fresh_me().await.unwrap();
    assert_eq!(found.user_name, "jane@example.com");
    assert_eq!(found.workspace_id.as_deref(), Some("4711"));
}

#[tokio::test]
async fn passing_faults_are_waited_out() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = MockServer::start().await;
        first(&server, 2, ResponseTemplate::new(status).insert_header("Retry-After", "1")).await;
        first(&server, 9, me()).await;
        let log = Arc::new(Log::default());
        let client = connect(&with_token(&server), Log::observed(&log));
        client.fresh_me().await.unwrap();
        assert_eq!((client.request_count(), client.retry_count()), (3, 2), "{status}");
        assert_eq!(log.lines()[1], format!("again 1 {ME}: {status}"));
    }
}

#[tokio::test]
async fn a_write_is_repeated_only_where_the_first_cannot_have_acted() {
    for (status, requests) in [(429, 2), (503, 2), (500, 1), (502, 1), (504, 1)] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({"statement_id": "s", "status": {"state": "FAILED"}})),
            )
            .mount(&server)
            .await;
        let client = client(&server);
        client.statement("w", "SELECT 1", &[]).await.unwrap_err();
        assert_eq!(client.request_count(), requests, "{status}");
    }
}

#[tokio::test]
async fn patience_ends() {
    let server = MockServer::start().await;
    first(&server, 1000, refusal(503, "TEMPORARILY_UNAVAILABLE", "later")).await;
    let options =
        ClientOptions { retry: RetryPolicy { total: Duration::from_millis(50), ..quick().retry }, ..quick() };
    let error = connect(&with_token(&server), options).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = error.to_string();
    assert!(text.contains("503 TEMPORARILY_UNAVAILABLE: later") && text.contains("retries in"), "{text}");
}

#[tokio::test]
async fn nothing_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let host = format!("http://{address}");
    let environment = Environment::of([("DATABRICKS_HOST", host.as_str()), ("DATABRICKS_TOKEN", CANARY)]);
    let error = connect(&environment, quick()).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let Error::Request(error) = error else { panic!("{error:?}") };
    assert!(matches!(error.cause, Cause::Unreachable { problem: Unreachable::Refused, .. }), "{error:?}");
    assert!(error.retries > 0 && error.elapsed < Duration::from_secs(2), "{error:?}");
}

/// A server that answers each connection with the next of these texts and closes it.
async fn raw(answers: Vec<&'static str>) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut count = 0;
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            count += 1;
        }
        count
    });
    (host, task)
}

#[tokio::test]
async fn broken_answers_to_reads_are_asked_for_again() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{\"userName\":\"j\"}";
    for broken in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"userNa",
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"userNa",
    ] {
        let (host, task) = raw(vec![broken, whole]).await;
        let environment = Environment::of([("DATABRICKS_HOST", host.as_str()), ("DATABRICKS_TOKEN", CANARY)]);
        assert_eq!(connect(&environment, quick()).fresh_me().await.unwrap().user_name, "j");
        assert_eq!(task.await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_statement_is_not_asked_for_again() {
    let (host, task) = raw(vec![""]).await;
    let environment = Environment::of([("DATABRICKS_HOST", host.as_str()), ("DATABRICKS_TOKEN", CANARY)]);
    let client = connect(&environment, quick());
    let error = client.statement("w", "SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(&error, Error::Request(error) if matches!(error.cause, Cause::Lost(_))), "{error:?}");
    assert_eq!((task.await.unwrap(), client.request_count()), (1, 1));
}

#[tokio::test]
async fn something_that_is_not_the_api_is_told_in_the_end() {
    let server = MockServer::start().await;
    first(&server, 100, ResponseTemplate::new(200).set_body_string("hello")).await;
    let client = client(&server);
    let error = client.fresh_me().await.unwrap_err();
    assert_eq!((error.kind(), client.request_count()), (ErrorKind::Protocol, 3));
}

#[tokio::test]
async fn login_pages_are_errors() {
    for page in [
        ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><html>Sign in</html>", "text/html"),
        ResponseTemplate::new(200).set_body_raw("\n<HTML>", "text/plain"),
        ResponseTemplate::new(302)
            .insert_header("Location", "/login.html?error=private-link-validation-error:1"),
        ResponseTemplate::new(303).insert_header("Location", "https://accounts.example/login?next=x"),
    ] {
        let server = MockServer::start().await;
        first(&server, 9, page).await;
        let client = client(&server);
        let error = client.fresh_me().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert_eq!(client.request_count(), 1);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = MockServer::start().await;
    let other = MockServer::start().await;
    Mock::given(method("GET")).respond_with(me()).expect(0).mount(&other).await;
    first(
        &server,
        9,
        ResponseTemplate::new(307).insert_header("Location", format!("{}/x?token=1", other.uri())),
    )
    .await;
    let error = client(&server).fresh_me().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().ends_with(&format!("redirected to {}", other.uri())), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_known_whatever_its_status() {
    for (answer, kind) in [
        (refusal(401, "UNAUTHENTICATED", "no"), ErrorKind::Unauthenticated),
        (
            ResponseTemplate::new(403)
                .set_body_json(json!({"error_code": 403, "message": "Invalid access token."})),
            ErrorKind::Unauthenticated,
        ),
        (refusal(403, "PERMISSION_DENIED", "no"), ErrorKind::Forbidden),
        (refusal(404, "NOT_FOUND", "no"), ErrorKind::NotFound),
        (ResponseTemplate::new(404), ErrorKind::Protocol),
        (refusal(400, "INVALID_PARAMETER_VALUE", "no"), ErrorKind::Rejected),
    ] {
        let server = MockServer::start().await;
        first(&server, 9, answer).await;
        let client = client(&server);
        assert_eq!(client.fresh_me().await.unwrap_err().kind(), kind);
        assert_eq!(client.request_count(), 1, "asked again for {kind:?}");
    }
}

#[tokio::test]
async fn errors_carry_the_request_id() {
    let server = MockServer::start().await;
    first(&server, 9, refusal(403, "PERMISSION_DENIED", "no").insert_header("x-request-id", "r-42")).await;
    let text = client(&server).fresh_me().await.unwrap_err().to_string();
    assert_eq!(text, format!("GET {}{ME} failed: 403 PERMISSION_DENIED: no (request id r-42)", server.uri()));
}

#[tokio::test]
async fn the_end_of_the_run_ends_every_wait() {
    let server = MockServer::start().await;
    first(&server, 9, me().set_delay(Duration::from_secs(60))).await;
    let options = quick();
    let cancel = options.cancel.clone();
    let client = connect(&with_token(&server), options);
    let (outcome, ()) = tokio::join!(client.fresh_me(), async {
        while client.request_count() == 0 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let server = MockServer::start().await;
    first(&server, 1, me().set_delay(Duration::from_secs(60))).await;
    first(&server, 9, me()).await;
    let client =
        connect(&with_token(&server), ClientOptions { read_timeout: Duration::from_millis(100), ..quick() });
    client.fresh_me().await.unwrap();
    assert_eq!(client.retry_count(), 1);
}
