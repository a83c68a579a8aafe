//! Secrets reach neither logs nor errors nor events, at any level.

use std::cell::RefCell;
use std::io::Write;

use tapworks_mocks::workspace::{Fault, Identity, MockWorkspace, Rows};

use super::*;

thread_local! {
    /// What this thread logged; a test runs on one.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThreadLog;

impl Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Logs everything from here on. Global, since whether a place logs at all is remembered for all threads together.
fn log_everything() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| ThreadLog)
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("no other test of this program logs");
}

#[tokio::test]
async fn a_whole_run_logged_at_trace_shows_none() {
    log_everything();
    let mock = MockWorkspace::start();
    let owner = Identity::user(mock.user()).in_group("admins");
    mock.world(|world| {
        world.accounts.add_client("sp", "canary-secret", owner);
        world.statements.inline_limit = 1;
        world.statements.link_headers = vec![("x-customer-key".to_owned(), "canary-key".to_owned())];
        let mut rows = Rows::of_strings(&["a"]);
        rows.push([Some("cell")]);
        world.put_rows("main.cfg.tables", rows);
    });
    mock.fault(Fault::on("GET", "/mock-storage/.*").status(403));
    mock.fault(Fault::on("GET", "/api/2.0/pipelines").lose_answer());
    let environment = Environment::of([
        ("DATABRICKS_HOST", mock.url()),
        ("DATABRICKS_CLIENT_ID", "sp"),
        ("DATABRICKS_CLIENT_SECRET", "canary-secret"),
    ]);
    let log = Arc::new(Log::default());
    let client = connect(&environment, Log::observed(&log));
    let sql = "SELECT * FROM main.cfg.tables";
    assert_eq!(client.statement(mock.warehouse_id(), sql, &[]).await.unwrap().rows.len(), 1);
    client.list_pipelines().await.unwrap();
    let child = client.access().child_environment(&environment, &client).await.unwrap();

    let logged = String::from_utf8(LOGGED.take()).unwrap();
    let shown = format!("{logged}{:?}{child:?}{client:?}", log.lines());
    assert!(logged.contains("/api/2.0/sql/statements"), "the log works: {logged}");
    // Every secret of the run, as the mock saw it.
    let mut secrets = vec!["canary-secret".to_owned(), "canary-key".to_owned()];
    for request in mock.requests() {
        secrets.extend(
            request.header("authorization").and_then(|value| value.split(' ').nth(1)).map(str::to_owned),
        );
        if request.path.starts_with("/mock-storage") {
            secrets.push(request.path.clone());
        }
    }
    assert!(secrets.len() > 4, "{secrets:?}");
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}
