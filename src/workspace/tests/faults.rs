//! Every fault on every kind of request, against the mock workspace: the same answer as without it, or one clear error.

use tapworks_mocks::workspace::{Fault, Identity, MockWorkspace, Outcome, Rows};

use super::*;

/// What is asked for, and the routes on which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Rows,
    Links,
    Lists,
    Token,
}

const GET_STATEMENT: &str = "/api/2.0/sql/statements/[^/]+";
const CHUNK: &str = "/api/2.0/sql/statements/.*/result/chunks/.*";
const STORAGE: &str = "/mock-storage/.*";
const PIPELINES: &str = "/api/2.0/pipelines";
/// Long enough for a busy machine, short enough for a test.
const SILENCE: Duration = Duration::from_secs(1);
const TOKEN: &str = "/oidc/v1/token";

impl Question {
    const ALL: [Self; 4] = [Self::Rows, Self::Links, Self::Lists, Self::Token];

    /// Method, route and how many of its requests pass first.
    fn route(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Rows => ("GET", CHUNK, 1),
            Self::Links => ("GET", STORAGE, 1),
            Self::Lists => ("GET", PIPELINES, 0),
            Self::Token => ("POST", TOKEN, 0),
        }
    }

    async fn ask(self, client: &Client, warehouse: &str) -> Result<String, Error> {
        Ok(match self {
            Self::Rows | Self::Links => {
                let sql = "SELECT * FROM IDENTIFIER(:t)";
                let mut rows = client.statement(warehouse, sql, &[("t", "main.cfg.tables")]).await?.rows;
                rows.sort();
                format!("{rows:?}")
            }
            Self::Lists => format!("{:?} {:?}", client.list_pipelines().await?, client.list_jobs().await?),
            Self::Token => client.fresh_me().await?.user_name,
        })
    }
}

/// A workspace with a service principal and seven rows in chunks of two.
fn workspace(question: Question) -> (MockWorkspace, Environment) {
    let mock = MockWorkspace::start();
    let owner = Identity::user(mock.user()).in_group("admins");
    mock.world(|world| {
        world.accounts.add_client("sp", "canary-secret", owner);
        for name in ["one", "two"] {
            world.pipelines.create(&serde_json::json!({ "name": name }), "somebody@example.com");
        }
        let mut rows = Rows::of_strings(&["a", "b"]);
        for index in 0..7 {
            rows.push([Some(index.to_string().as_str()), None]);
        }
        world.put_rows("main.cfg.tables", rows);
        world.statements.chunk_rows = 2;
        world.statements.polls = 1;
        if question == Question::Links {
            world.statements.inline_limit = 1;
        }
    });
    let environment = Environment::of([
        ("DATABRICKS_HOST", mock.url()),
        ("DATABRICKS_CLIENT_ID", "sp"),
        ("DATABRICKS_CLIENT_SECRET", "canary-secret"),
    ]);
    (mock, environment)
}

/// The answer without faults, and with one; what the second client sent again.
async fn asked(question: Question, fault: Fault) -> (String, Result<String, Error>, u64) {
    let (mock, environment) = workspace(question);
    let plain = question.ask(&connect(&environment, quick()), mock.warehouse_id()).await.unwrap();
    mock.fault(fault);
    let client = connect(&environment, ClientOptions { read_timeout: SILENCE, ..quick() });
    let outcome = question.ask(&client, mock.warehouse_id()).await;
    assert!(
        mock.world(|world| world.statements.unfinished()).is_empty(),
        "{question:?}: a statement runs on"
    );
    (plain, outcome, client.retry_count())
}

#[tokio::test]
async fn faults_that_pass_change_nothing() {
    for question in Question::ALL {
        let (method, path, after) = question.route();
        let on = || Fault::on(method, path).after(after);
        for (name, fault) in [
            ("429", on().status(429).retry_after("1")),
            ("429 twice", on().status(429).times(2)),
            ("503", on().status(503)),
            ("503 by date", on().status(503).retry_after("Fri, 21 Aug 2026 12:00:00 GMT")),
            ("408", on().status(408)),
            ("500", on().status(500)),
            ("502", on().status(502)),
            ("504", on().status(504)),
            ("reset", on().reset()),
            ("lost", on().lose_answer()),
            ("cut", on().cut(5)),
            ("truncated", on().truncate()),
            ("silence", on().delay(SILENCE * 3)),
        ] {
            let (plain, outcome, retries) = asked(question, fault).await;
            assert_eq!(outcome.unwrap_or_else(|error| panic!("{question:?}, {name}: {error}")), plain);
            assert_eq!(retries, if name == "429 twice" { 2 } else { 1 }, "{question:?}, {name}");
        }
    }
}

#[tokio::test]
async fn an_expired_token_in_the_middle_changes_nothing() {
    for (question, method, path) in [
        (Question::Rows, "POST", "/api/2.0/sql/statements"),
        (Question::Rows, "GET", GET_STATEMENT),
        (Question::Rows, "GET", CHUNK),
        (Question::Lists, "GET", PIPELINES),
    ] {
        let (plain, outcome, _) = asked(question, Fault::on(method, path).expired_token()).await;
        assert_eq!(outcome.unwrap(), plain, "{path}");
    }
}

#[tokio::test]
async fn an_expired_link_changes_nothing() {
    let (plain, outcome, _) = asked(Question::Links, Fault::on("GET", STORAGE).after(1).status(403)).await;
    assert_eq!(outcome.unwrap(), plain);
}

#[tokio::test]
async fn statements_that_end_otherwise_are_told() {
    for (outcome, kind) in [
        (Outcome::Failed("BAD_REQUEST".to_owned(), "[X] no".to_owned()), ErrorKind::Refused),
        (Outcome::Canceled, ErrorKind::Refused),
        (Outcome::Closed, ErrorKind::Refused),
    ] {
        let fault = Fault::on("POST", "/api/2.0/sql/statements").statement(outcome);
        let (_, outcome, retries) = asked(Question::Rows, fault).await;
        assert_eq!((outcome.unwrap_err().kind(), retries), (kind, 0));
    }
    let slow = Fault::on("POST", "/api/2.0/sql/statements").statement(Outcome::Slow(5));
    let (plain, outcome, _) = asked(Question::Rows, slow).await;
    assert_eq!(outcome.unwrap(), plain);
}

#[tokio::test]
async fn a_lost_submission_is_not_repeated() {
    let (mock, environment) = workspace(Question::Rows);
    for fault in ["lost", "reset"] {
        let on = Fault::on("POST", "/api/2.0/sql/statements");
        mock.fault(if fault == "lost" { on.lose_answer() } else { on.reset() });
        let before = mock.count("POST", "/api/2.0/sql/statements");
        let client = connect(&environment, quick());
        let error = Question::Rows.ask(&client, mock.warehouse_id()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert_eq!(mock.count("POST", "/api/2.0/sql/statements") - before, 1);
    }
}

#[tokio::test]
async fn lists_survive_empty_pages_and_notice_endless_ones() {
    let (plain, outcome, _) = asked(Question::Lists, Fault::on("GET", PIPELINES).empty_page()).await;
    assert_eq!(outcome.unwrap(), plain);
    let (_, outcome, _) =
        asked(Question::Lists, Fault::on("GET", PIPELINES).always().repeat_page_token()).await;
    assert!(outcome.is_ok() || outcome.unwrap_err().kind() == ErrorKind::Protocol);
}

#[tokio::test]
async fn login_pages_are_told_at_once() {
    for question in [Question::Rows, Question::Lists] {
        let (method, path, after) = question.route();
        let (_, outcome, retries) =
            asked(question, Fault::on(method, path).after(after).always().html()).await;
        assert_eq!((outcome.unwrap_err().kind(), retries), (ErrorKind::Unauthenticated, 0), "{question:?}");
    }
}

#[tokio::test]
async fn a_run_never_has_more_requests_in_flight_than_places() {
    let (mock, environment) = workspace(Question::Lists);
    mock.fault(Fault::on("GET", ".*").always().delay(Duration::from_millis(5)));
    let options = quick();
    let clients: Vec<_> = (0..10).map(|_| connect(&environment, options.clone())).collect();
    let questions = clients.iter().flat_map(|client| (0..10).map(|_| client.list_pipelines()));
    for outcome in futures_util::future::join_all(questions).await {
        outcome.unwrap();
    }
    assert_eq!(mock.peak_in_flight(), PARALLEL);
}
