//! Ctrl-C and SIGTERM, wherever they strike. Only what the workspace was asked tells when.

use std::fs::File;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tapworks_mocks::workspace::{Fault, MockWorkspace, Outcome};

use crate::context::{Context, Said, sql_server_rows};
use crate::processes;

/// Two seconds are meant; a busy machine gets as much again.
const SOON: Duration = Duration::from_secs(4);
/// Until a run that hangs fails its test.
const NEVER: Duration = Duration::from_secs(60);

const GENERATE: &[&str] = &["generate", "--source", "main.cfg.tables", "--output-dir", "out"];
const DEPLOY: &[&str] = &["deploy", "--source", "main.cfg.tables", "--target", "prod", "-o", "json"];

const SIGNALS: [(&str, i32); 2] = [("INT", 130), ("TERM", 143)];

/// A command under way.
struct Run<'a> {
    workspace: &'a MockWorkspace,
    context: &'a Context,
    child: Child,
}

fn site() -> (MockWorkspace, Context) {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let file = context.write("source/tables.csv", &sql_server_rows(12));
    workspace.world(|world| {
        world.watch_csv("main.cfg.tables", &file).unwrap();
        world.statements.chunk_rows = 4;
    });
    (workspace, context)
}

impl<'a> Run<'a> {
    fn start(workspace: &'a MockWorkspace, context: &'a Context, arguments: &[&str]) -> Self {
        let file = |name: &str| File::create(context.path(name)).unwrap();
        let child =
            context.command(arguments).stdout(file("stdout.log")).stderr(file("stderr.log")).spawn().unwrap();
        Self { workspace, context, child }
    }

    /// Waits until something is so, while the command runs.
    #[track_caller]
    fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before: {}", self.context.read("stderr.log"));
            assert!(began.elapsed() < NEVER, "it never came to that: {}", self.context.read("stderr.log"));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the workspace was asked this.
    #[track_caller]
    fn until_asked(&mut self, method: &str, path: &str) {
        self.until(|run| run.workspace.count(method, path) > 0);
    }

    /// Waits until the databricks CLI asked this.
    #[track_caller]
    fn until_the_cli_asked(&mut self, method: &str, path: &str) {
        self.until(|run| {
            run.workspace.requests().iter().any(|request| {
                request.method == method
                    && request.path.starts_with(path)
                    && request.header("user-agent").is_some_and(|agent| agent.starts_with("cli/"))
            })
        });
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; what it said, and how long that took. Nothing may be left running.
    fn end(mut self) -> (Said, Duration) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > NEVER {
                self.child.kill().unwrap();
                panic!("it does not end: {}", self.context.read("stderr.log"));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = began.elapsed();
        let read = |name: &str| self.context.read(name).into_bytes();
        let said =
            self.context.judge(Output { status, stdout: read("stdout.log"), stderr: read("stderr.log") });
        let folder = self.context.path("");
        assert_eq!(processes::of(&folder), Vec::<String>::new(), "{}", said.stderr);
        assert_eq!(self.workspace.world(|world| world.statements.unfinished()), Vec::<String>::new());
        (said, took)
    }
}

/// The command ends soon, with the status of the signal and one message.
#[track_caller]
fn ends_soon(run: Run<'_>, name: &str, status: i32) -> Said {
    run.signal(name);
    let (said, took) = run.end();
    assert!(took < SOON, "{took:?}: {}", said.stderr);
    said.exits(status);
    said
}

#[test]
fn a_statement_that_runs_is_canceled() {
    for (name, status) in SIGNALS {
        let (workspace, context) = site();
        workspace.fault(
            Fault::on("POST", "/api/2.0/sql/statements")
                .containing("SELECT")
                .statement(Outcome::Slow(u32::MAX))
                .always(),
        );
        let mut run = Run::start(&workspace, &context, GENERATE);
        run.until(|run| run.workspace.world(|world| !world.statements.unfinished().is_empty()));
        let looks = workspace.count("GET", "/api/2.0/sql/statements/[^/]+");
        run.until(|run| run.workspace.count("GET", "/api/2.0/sql/statements/[^/]+") > looks + 1);
        let said = ends_soon(run, name, status);
        assert_eq!(workspace.count("POST", "/api/2.0/sql/statements/.+/cancel"), 1);
        assert!(said.stderr.contains("error: interrupted"), "{}", said.stderr);
        assert!(!context.path("out").exists());
    }
}

#[test]
fn paging_ends() {
    let pages = [
        (GENERATE, "/mock-storage/.*"),
        (GENERATE, "/api/2.0/sql/statements/[^/]+/result/chunks/.*"),
        (GENERATE, "/api/2.0/sql/warehouses/.*"),
        (DEPLOY, "/api/2.0/pipelines"),
    ];
    for (name, status) in SIGNALS {
        for (arguments, path) in pages {
            let (workspace, context) = site();
            workspace.fault(Fault::on("GET", path).delay(NEVER).always());
            let mut run = Run::start(&workspace, &context, arguments);
            run.until_asked("GET", path);
            ends_soon(run, name, status);
            assert!(workspace.writes().is_empty());
        }
    }
}

#[test]
fn a_wait_before_a_repetition_ends() {
    let (workspace, context) = site();
    let path = "/api/2.0/sql/warehouses/.*";
    workspace.fault(Fault::on("GET", path).status(429).retry_after("60").always());
    let mut run = Run::start(&workspace, &context, GENERATE);
    run.until(|run| run.context.read("stderr.log").contains("again in"));
    ends_soon(run, "INT", 130);
    assert_eq!(workspace.count("GET", path), 1);
}

#[test]
fn a_child_that_only_reads_is_stopped() {
    for (name, status) in SIGNALS {
        let (workspace, context) = site();
        workspace.fault(Fault::on("*", ".*").from_agent("cli/").delay(NEVER).always());
        let mut run = Run::start(&workspace, &context, DEPLOY);
        run.until_the_cli_asked("GET", "/");
        // The check for what is left would see it.
        let folder = context.path("");
        assert!(!cfg!(target_os = "linux") || !processes::of(&folder).is_empty());
        let said = ends_soon(run, name, status);
        let document: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(document["targets"][0]["status"], "failed", "{document}");
        assert!(workspace.writes().is_empty());
    }
}

#[test]
fn a_deploy_that_has_begun_is_waited_for() {
    for (name, status) in SIGNALS {
        let (workspace, context) = site();
        let late = Duration::from_millis(1500);
        workspace.fault(Fault::on("POST", "/api/2.0/pipelines").from_agent("cli/").delay(late));
        let mut run = Run::start(&workspace, &context, DEPLOY);
        run.until_the_cli_asked("POST", "/api/2.0/pipelines");
        run.signal(name);
        let (said, _) = run.end();
        said.exits(status);
        assert!(said.stderr.contains("stopping"), "{}", said.stderr);
        // It was finished: nothing is locked, nothing is left to do.
        let again = context.run(DEPLOY);
        assert_eq!(again.exits(0).json()["targets"][0]["status"], "unchanged", "{}", again.stderr);
    }
}

#[test]
fn a_second_signal_kills_the_deploy() {
    for (name, status) in SIGNALS {
        let (workspace, context) = site();
        workspace.fault(Fault::on("POST", "/api/2.0/pipelines").from_agent("cli/").delay(NEVER).always());
        let mut run = Run::start(&workspace, &context, DEPLOY);
        run.until_the_cli_asked("POST", "/api/2.0/pipelines");
        run.signal(name);
        run.until(|run| run.context.read("stderr.log").contains("stopping;"));
        // What comes at once after the first signal is taken for the same.
        std::thread::sleep(std::time::Duration::from_millis(500));
        // The other signal: the status is that of the first.
        let said = ends_soon(run, if name == "INT" { "TERM" } else { "INT" }, status);
        for word in ["its lock may be left behind", "resources.json.wal", "--resume", "--recover"] {
            assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
        }
    }
}
