//! Every fault of the mock against every kind of request, through the binary: the table of `docs/reliability.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tapworks_mocks::workspace::{Fault, MockWorkspace, Outcome};

use crate::context::{Context, sql_server_rows};
use crate::processes;

/// What a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Inline,
    Links,
    Lists,
    ReadBack,
    Token,
}

const STAGES: [Stage; 5] = [Stage::Inline, Stage::Links, Stage::Lists, Stage::ReadBack, Stage::Token];

/// What is to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The same result, with so many requests more.
    Same(usize),
    /// The same result; how many requests more depends on how many were under way.
    SameSomehow,
    /// The same result but for one finding of this rule.
    Told(&'static str),
    /// The exit status.
    Exit(i32),
}
use Expected::{Exit, Same, SameSomehow, Told};

/// How a row of the table breaks a workspace. `on` is a fault on the requests that the column is about.
type Break = fn(&MockWorkspace, on: Fault);

/// A row of the table.
struct Row {
    name: &'static str,
    break_it: Break,
    /// Where it applies, and what is to come of it.
    expected: fn(Stage) -> Option<Expected>,
    /// What is said on the command line besides.
    flags: &'static [&'static str],
    /// Whether a service principal runs it.
    is_principal: bool,
}

impl Stage {
    fn title(self) -> &'static str {
        match self {
            Self::Inline => "Delta read, inline",
            Self::Links => "Delta read, links",
            Self::Lists => "preflight lists",
            Self::ReadBack => "read-back",
            Self::Token => "token refresh",
        }
    }

    fn is_read(self) -> bool {
        matches!(self, Self::Inline | Self::Links)
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Inline | Self::Links | Self::Token => {
                &["generate", "--source", "main.cfg.tables", "--output-dir", "out", "-o", "json"]
            }
            Self::Lists | Self::ReadBack => &[
                "deploy",
                "--source",
                "main.cfg.tables",
                "--target",
                "prod",
                "--output-dir",
                "out",
                "-o",
                "json",
            ],
        }
    }

    /// A fault on the requests that this is about; the first of them passes where there are several.
    fn on(self) -> Fault {
        match self {
            Self::Inline => Fault::on("GET", "/api/2.0/sql/statements/[^/]+/result/chunks/.*").after(1),
            Self::Links => Fault::on("GET", "/mock-storage/.*").after(1),
            Self::Lists => Fault::on("GET", "/api/2.0/pipelines").from_agent("tapworks/"),
            Self::ReadBack => Fault::on("GET", "/api/2.0/pipelines/.+").from_agent("tapworks/"),
            Self::Token => Fault::on("POST", "/oidc/v1/token").after(1),
        }
    }

    /// What a run ends with that gives up because no good answer came.
    fn given_up(self) -> i32 {
        if self == Self::ReadBack { 7 } else { 5 }
    }

    /// What a run ends with that was told no.
    fn refused(self) -> i32 {
        match self {
            Self::ReadBack => 7,
            Self::Token => 5,
            _ => 1,
        }
    }

    /// A workspace, and the context to run in.
    fn site(self) -> (MockWorkspace, Context) {
        let workspace = MockWorkspace::start();
        let mut context = Context::with(&workspace);
        let file = context.write("source/tables.csv", &sql_server_rows(12));
        workspace.world(|world| {
            world.watch_csv("main.cfg.tables", &file).unwrap();
            world.statements.chunk_rows = 4;
            if self == Self::Inline {
                world.statements.inline_limit = 1 << 20;
            }
        });
        context.set("TAPWORKS_RETRY_TIMEOUT", "4");
        if self == Self::Token {
            as_principal(&mut context);
            let chunk = Fault::on("GET", "/api/2.0/sql/statements/[^/]+/result/chunks/.*");
            workspace.fault(chunk.expired_token());
        }
        (workspace, context)
    }
}

fn as_principal(context: &mut Context) {
    context.unset("DATABRICKS_TOKEN");
    context.set("DATABRICKS_AUTH_TYPE", "oauth-m2m");
}

/// What a run left.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    status: Option<i32>,
    errors: Vec<String>,
    result: Value,
    files: BTreeMap<String, String>,
}

/// Runs the stage in a workspace that `prepare` has broken; what it left, and how many requests it took.
fn run(stage: Stage, flags: &[&str], prepare: impl FnOnce(&MockWorkspace, &mut Context)) -> (Left, usize) {
    let (workspace, mut context) = stage.site();
    prepare(&workspace, &mut context);
    let said = context.run(&[stage.arguments(), flags].concat());
    assert_eq!(workspace.world(|world| world.statements.unfinished()), Vec::<String>::new(), "{stage:?}");
    assert_eq!(processes::of(&context.path("")), Vec::<String>::new(), "{stage:?}");
    let ours = |request: &&tapworks_mocks::workspace::RecordedRequest| {
        request.header("user-agent").is_some_and(|agent| agent.starts_with("tapworks/"))
    };
    let requests = workspace.requests().iter().filter(ours).count();
    let hidden = |text: &str| text.replace(workspace.url(), "HOST");
    let errors = said.stderr.lines().filter_map(|line| line.strip_prefix("error: ")).map(hidden).collect();
    let mut files = BTreeMap::new();
    collect(&context.path("out"), "", &mut files);
    let mut result: Value = serde_json::from_str(&hidden(&said.stdout)).unwrap_or_default();
    // Each workspace gives ids of its own.
    for target in result["targets"].as_array_mut().into_iter().flatten() {
        for project in target["projects"].as_array_mut().into_iter().flatten() {
            for id in project["ids"].as_object_mut().into_iter().flat_map(|ids| ids.values_mut()) {
                *id = Value::Bool(id.is_string());
            }
        }
    }
    let left = Left {
        status: said.status,
        errors,
        result,
        files: files.into_iter().map(|(name, text)| (name, hidden(&text))).collect(),
    };
    if said.status != Some(0) && stage == Stage::Lists {
        assert!(workspace.writes().is_empty(), "it was written although the checks failed");
    }
    (left, requests)
}

/// The bundle on disk; what the CLI keeps for itself is its own, and the journal tells of times.
fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if name.contains("/.databricks") || name.contains("/.tapworks") {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &name, files);
        } else {
            files.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

fn everywhere_same_and_one_more(_: Stage) -> Option<Expected> {
    Some(Same(1))
}

fn everywhere_given_up(stage: Stage) -> Option<Expected> {
    Some(Exit(stage.given_up()))
}

fn rows() -> Vec<Row> {
    fn row(name: &'static str, break_it: Break, expected: fn(Stage) -> Option<Expected>) -> Row {
        Row { name, break_it, expected, flags: &[], is_principal: false }
    }
    let mut rows = vec![
        row("429 once", |mock, on| mock.fault(on.status(429)), everywhere_same_and_one_more),
        row(
            "429 once, `Retry-After: 1`",
            |mock, on| mock.fault(on.status(429).retry_after("1")),
            everywhere_same_and_one_more,
        ),
        row(
            "503 once, `Retry-After` a date",
            |mock, on| mock.fault(on.status(503).retry_after("Fri, 21 Aug 2026 11:00:00 GMT")),
            everywhere_same_and_one_more,
        ),
        row("503 twice", |mock, on| mock.fault(on.status(503).times(2)), |_| Some(Same(2))),
        row("408 once", |mock, on| mock.fault(on.status(408)), everywhere_same_and_one_more),
        row("500 once", |mock, on| mock.fault(on.status(500)), everywhere_same_and_one_more),
        row("502 once", |mock, on| mock.fault(on.status(502)), everywhere_same_and_one_more),
        row("504 once", |mock, on| mock.fault(on.status(504)), everywhere_same_and_one_more),
        row("503 for ever", |mock, on| mock.fault(on.status(503).always()), everywhere_given_up),
        row(
            "429 for ever, `Retry-After: 1`",
            |mock, on| mock.fault(on.status(429).retry_after("1").always()),
            everywhere_given_up,
        ),
        row(
            "403 for ever",
            |mock, on| mock.fault(on.error(403, "PERMISSION_DENIED", "not for you").always()),
            // Names are not seen then, which is told; the databricks CLI stops at one that is taken.
            |stage| Some(if stage == Stage::Lists { Told("TW301") } else { Exit(stage.refused()) }),
        ),
        row("answered late", |mock, on| mock.fault(on.delay(Duration::from_millis(300))), |_| Some(Same(0))),
        row(
            "never answered",
            |mock, on| mock.fault(on.delay(Duration::from_secs(120)).always()),
            everywhere_given_up,
        ),
        row("reset before the answer, once", |mock, on| mock.fault(on.reset()), everywhere_same_and_one_more),
        row(
            "done, but the answer lost, once",
            |mock, on| mock.fault(on.lose_answer()),
            everywhere_same_and_one_more,
        ),
        row("reset after the head, once", |mock, on| mock.fault(on.cut(1)), everywhere_same_and_one_more),
        row("reset for ever", |mock, on| mock.fault(on.reset().always()), everywhere_given_up),
        row("JSON cut short, once", |mock, on| mock.fault(on.truncate()), everywhere_same_and_one_more),
        row(
            "JSON cut short, for ever",
            |mock, on| mock.fault(on.truncate().always()),
            |stage| Some(Exit(stage.refused())),
        ),
        row("login page in HTML", |mock, on| mock.fault(on.html().always()), everywhere_given_up),
        row(
            "personal token refused in the middle",
            |mock, on| mock.fault(on.expired_token()),
            |stage| match stage {
                Stage::Inline | Stage::Lists | Stage::ReadBack => Some(Exit(stage.given_up())),
                // The storage wants none; and a token is not asked for with a token.
                Stage::Links | Stage::Token => None,
            },
        ),
        row(
            "link expired",
            |mock, on| mock.fault(on.error(403, "AccessDenied", "Request has expired")),
            |stage| (stage == Stage::Links).then_some(Same(2)),
        ),
        row(
            "statement FAILED",
            |mock, _| {
                let failed = Outcome::Failed(
                    "BAD_REQUEST".to_owned(),
                    "[DIVIDE_BY_ZERO] Division by zero.".to_owned(),
                );
                mock.fault(selects().statement(failed).always());
            },
            |stage| stage.is_read().then_some(Exit(1)),
        ),
        row(
            "statement CANCELED",
            |mock, _| mock.fault(selects().statement(Outcome::Canceled).always()),
            |stage| stage.is_read().then_some(Exit(1)),
        ),
        row(
            "statement CLOSED",
            |mock, _| mock.fault(selects().statement(Outcome::Closed).always()),
            |stage| stage.is_read().then_some(Exit(1)),
        ),
        row(
            "warehouse starts for a while",
            |mock, _| mock.world(|world| world.warehouses.stop(mock.warehouse_id(), Some(2))),
            |stage| stage.is_read().then_some(SameSomehow),
        ),
        row(
            "an empty page",
            |mock, on| mock.fault(on.empty_page()),
            |stage| (stage == Stage::Lists).then_some(Same(1)),
        ),
        row(
            "pages that lead back to themselves",
            |mock, on| mock.fault(on.json(200, &serde_json::json!({"next_page_token": "again"})).always()),
            |stage| (stage == Stage::Lists).then_some(Exit(1)),
        ),
        row(
            "names that differ in case only",
            |mock, _| {
                mock.world(|world| {
                    let body = serde_json::json!({"name": "SALES_01_G01_P01"});
                    world.pipelines.create(&body, "somebody@example.com");
                });
            },
            |stage| (stage == Stage::Lists).then_some(Told("TW301")),
        ),
        row(
            "the name twice already",
            |mock, _| {
                mock.world(|world| {
                    world.pipelines.accept_duplicate_names = true;
                    for _ in 0..2 {
                        let body = serde_json::json!({"name": "sales_01_g01_p01"});
                        world.pipelines.create(&body, "somebody@example.com");
                    }
                });
            },
            |stage| (stage == Stage::Lists).then_some(Exit(1)),
        ),
    ];
    rows.push(Row {
        name: "warehouse never starts, `--timeout 1`",
        break_it: |mock, _| mock.world(|world| world.warehouses.stop(mock.warehouse_id(), None)),
        expected: |stage| stage.is_read().then_some(Exit(1)),
        flags: &["--timeout", "1"],
        is_principal: false,
    });
    rows.push(Row {
        name: "OAuth token expired in the middle",
        break_it: |mock, on| mock.fault(on.expired_token()),
        expected: |stage| match stage {
            Stage::Inline | Stage::Lists | Stage::ReadBack => Some(SameSomehow),
            // The storage wants none; the last column is just that.
            Stage::Links | Stage::Token => None,
        },
        flags: &[],
        is_principal: true,
    });
    rows
}

/// Statements that read the rows.
fn selects() -> Fault {
    Fault::on("POST", "/api/2.0/sql/statements").containing("SELECT")
}

/// One cell: run, held against what is expected, told as the table tells it.
fn cell(row: &Row, stage: Stage, plain: &(Left, usize)) -> Result<String, String> {
    let Some(expected) = (row.expected)(stage) else { return Ok("–".to_owned()) };
    let (left, requests) = run(stage, row.flags, |workspace, context| {
        if row.is_principal {
            as_principal(context);
        }
        (row.break_it)(workspace, stage.on());
    });
    let wrong = |what: String| Err(format!("{} × {}: {what}", row.name, stage.title()));
    let more = requests.checked_sub(plain.1);
    match expected {
        Same(wanted) => {
            if left != plain.0 {
                return wrong(format!("another result: {left:#?}"));
            }
            match more {
                Some(more) if more == wanted => {}
                _ => return wrong(format!("{requests} requests, {} without the fault", plain.1)),
            }
            let more = if wanted == 0 { String::new() } else { format!(", {wanted} more") };
            Ok(format!("same{more}"))
        }
        SameSomehow if left == plain.0 && more.is_some() => Ok("same, some more".to_owned()),
        SameSomehow => wrong(format!("another result: {left:#?}")),
        Told(rule) => {
            let mut left = left;
            let told = take_findings(&mut left.result, rule);
            if told.len() != 1 || left != plain.0 {
                return wrong(format!("another result: {told:#?} {left:#?}"));
            }
            Ok(format!("same, with {} {rule}", told[0]["severity"].as_str().unwrap_or_default()))
        }
        Exit(status) => {
            if left.status != Some(status) {
                return wrong(format!("exit {:?}, not {status}: {:?}", left.status, left.errors));
            }
            match left.errors.as_slice() {
                [error] => Ok(format!("exit {status}: {}", plainly(error))),
                errors => wrong(format!("not one message but {errors:?}")),
            }
        }
    }
}

/// Takes the findings of a rule out of a document.
fn take_findings(document: &mut Value, rule: &str) -> Vec<Value> {
    let Some(findings) = document.get_mut("findings").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let (taken, rest) = std::mem::take(findings).into_iter().partition(|finding| finding["rule"] == rule);
    *findings = rest;
    taken
}

/// A message without what is different each time.
fn plainly(message: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in message.split(' ') {
        let letters = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_id = letters.len() >= 16
            && letters.bytes().any(|byte| byte.is_ascii_digit())
            && letters.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let shown = if is_id { word.replace(letters, "ID") } else { word.to_owned() };
        words.push(shown);
    }
    let mut text = words.join(" ");
    // Paths hold ids of their own.
    for before in ["/pipelines/", "/statements/"] {
        if let Some((head, tail)) = text.split_once(before) {
            let id = tail.len()
                - tail.trim_start_matches(|letter: char| letter.is_ascii_hexdigit() || letter == '-').len();
            text = format!("{head}{before}ID{}", &tail[id..]);
        }
    }
    if let Some((head, tail)) = text.split_once("after ")
        && tail.contains("retr")
    {
        let digits = |text: &str| {
            text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').to_owned()
        };
        let tail = digits(tail).replace("retry", "retries");
        let tail = match tail.split_once(" in ") {
            Some((before, time)) => format!("{before} in N{}", digits(time)),
            None => tail,
        };
        text = format!("{head}after N{tail}");
    }
    for before in [" line ", " column "] {
        if let Some((head, tail)) = text.split_once(before) {
            text =
                format!("{head}{before}N{}", tail.trim_start_matches(|letter: char| letter.is_ascii_digit()));
        }
    }
    if text.ends_with("; nothing was written") {
        "findings; nothing was written".clone_into(&mut text);
    }
    text.replace('|', "\\|")
}

#[test]
fn every_fault_is_survived_or_told() {
    let rows = rows();
    let plain: Vec<(Left, usize)> = STAGES.iter().map(|stage| run(*stage, &[], |_, _| {})).collect();
    for (stage, (left, _)) in STAGES.iter().zip(&plain) {
        assert_eq!((left.status, left.errors.len()), (Some(0), 0), "{stage:?}: {left:#?}");
    }
    let cells: Vec<(usize, usize)> =
        (0..rows.len()).flat_map(|row| (0..STAGES.len()).map(move |stage| (row, stage))).collect();
    let next = AtomicUsize::new(0);
    let told = Mutex::new(BTreeMap::new());
    // Most of the time is spent waiting, as the faults ask.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((row, stage)) = cells.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let outcome = cell(&rows[*row], STAGES[*stage], &plain[*stage]);
                    told.lock().unwrap().insert((*row, *stage), outcome);
                }
            });
        }
    });
    let told = told.into_inner().unwrap();
    let wrong: Vec<&String> = told.values().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.into_iter().map(|line| format!("{line}\n")).collect::<String>());

    let mut table = String::from("| fault |");
    for stage in STAGES {
        let _ = write!(table, " {} |", stage.title());
    }
    table.push_str(&format!("\n|---|{}\n", "---|".repeat(STAGES.len())));
    for (at, row) in rows.iter().enumerate() {
        let _ = write!(table, "| {} |", row.name);
        for stage in 0..STAGES.len() {
            let _ = write!(table, " {} |", told[&(at, stage)].as_ref().unwrap());
        }
        table.push('\n');
    }
    kept(&table);
}

/// Holds the table against the one that is kept, or writes it there.
fn kept(table: &str) {
    const BEGIN: &str = "<!-- table -->\n";
    const END: &str = "<!-- end of table -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (there, after) = rest.split_once(END).unwrap();
    if std::env::var_os("TAPWORKS_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        let stale: Vec<&str> = table.lines().filter(|line| !there.contains(line)).collect();
        assert!(
            there == table,
            "docs/reliability.md is stale; it says how to write it anew:\n{}",
            stale.join("\n")
        );
    }
}
