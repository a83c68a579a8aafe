//! The question at a terminal, as whoever sits there sees it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use serde_json::{Value, json};
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, TAPWORKS, only_read, sql_server_rows};
use crate::processes;

/// Until a run that hangs fails its test.
const NEVER: Duration = Duration::from_secs(60);

const ROWS: NonZeroU16 = NonZeroU16::new(80).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(200).unwrap();

const ARGUMENTS: &str = "programs/arguments.log";
const GATEWAY: &str = "recreate:gateway_sales_01_g01";
const PIPELINE: &str = "recreate:pipeline_sales_01_g01_p01";

const OF_PROD: &str = "Do this to the data of prod? Type the target's name to go on: ";
const OF_DEV: &str = "Do this to the data of dev? [y/N] ";

/// Keys that a terminal makes a signal, or the end of the input, of.
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// A command on a terminal of its own, as a person sees it.
struct Terminal {
    child: Child,
    keyboard: File,
    printed: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Runs it as the leader of a session, so that the keyboard's signals reach it; with redirections as a shell has them.
    fn run(context: &Context, arguments: &[&str], redirections: &str) -> Self {
        let (ws_row, ws_col) = (ROWS.get(), COLUMNS.get());
        let pty = openpty(&Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }, None).unwrap();
        let end = |end: &OwnedFd| Stdio::from(end.try_clone().unwrap());
        let mut command = context.as_typed("setsid");
        command
            .args(["-c", "sh", "-c", &format!("exec \"$@\" {redirections}"), "sh", TAPWORKS])
            .args(arguments);
        command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(end(&pty.slave));
        let child = command.spawn().unwrap();
        drop((command, pty.slave));
        let (keyboard, mut master) = (File::from(pty.master.try_clone().unwrap()), File::from(pty.master));
        let (send, printed) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Once nobody holds the other end any more, the read fails.
            while let Ok(count @ 1..) = master.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, printed, screen: vt100::Parser::new(ROWS, COLUMNS, 0) }
    }

    fn watch(&mut self, end: Instant) -> Result<(), RecvTimeoutError> {
        let bytes = self.printed.recv_timeout(end.saturating_duration_since(Instant::now()))?;
        self.screen.process(&bytes);
        Ok(())
    }

    fn shown(&self) -> String {
        self.screen.screen().contents()
    }

    /// The line that the cursor stands in, up to the cursor.
    fn line(&self) -> String {
        let (row, column) = self.screen.screen().cursor_position();
        self.screen.screen().contents_between(row, 0, row, column)
    }

    /// Waits until the cursor stands behind this text: the last thing that is to be seen.
    #[track_caller]
    fn until_asked(&mut self, text: &str) {
        let end = Instant::now() + NEVER;
        while self.line() != text {
            if let Err(error) = self.watch(end) {
                panic!("{error}, and `{text}` is not asked: {}", self.shown());
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; the status, and what is to be seen then. Nothing may be left running.
    fn ends(mut self, context: &Context) -> (Option<i32>, String) {
        let end = Instant::now() + NEVER;
        let ended = loop {
            if let Err(error) = self.watch(end) {
                break error;
            }
        };
        let shown = self.shown();
        if ended == RecvTimeoutError::Timeout {
            self.child.kill().unwrap();
            panic!("it does not end: {shown}");
        }
        let status = self.child.wait().unwrap().code();
        let folder = context.path("");
        assert_eq!(processes::of(&folder), Vec::<String>::new(), "{shown}");
        assert!(!shown.contains("panicked at"), "{shown}");
        (status, shown)
    }
}

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Three tables behind a gateway in `dev` and `prod`; then another schema for the gateway's storage.
fn changed() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    workspace.world(|world| {
        world.catalog.add_catalog("bronze_dev");
        world.catalog.add_schema("bronze_dev", "sales");
        world.catalog.add_schema("bronze_dev", "staging");
        world.catalog.add_schema("bronze_dev", "staging_v2");
    });
    let host = workspace.url();
    let target = |name: &str, more: &str| {
        format!(
            "  {name}:\n    workspace_host: {host}\n    root_path: /Workspace/Users/tester@example.com/.bundle/${{bundle.name}}/${{bundle.target}}\n    mode: {more}\n"
        )
    };
    let targets =
        [target("dev", "development\n    catalogs: {bronze: bronze_dev}"), target("prod", "production")];
    context.write("tapworks.yml", &format!("source: tables.csv\ntargets:\n{}", targets.concat()));
    context.write("tables.csv", &sql_server_rows(3));
    context.run(&["deploy", "--target", "dev,prod"]).exits(0);
    let site = Site { workspace, context };
    site.rewrite("staging_v2");
    site.forget();
    site
}

impl Site {
    fn rewrite(&self, schema: &str) {
        self.context.write("tables.csv", &sql_server_rows(3).replace(",staging", &format!(",{schema}")));
    }

    fn forget(&self) {
        self.workspace.clear_requests();
        self.context.write(ARGUMENTS, "");
    }

    fn deploy(&self, more: &[&str]) -> Terminal {
        Terminal::run(&self.context, &[&["deploy"], more].concat(), "")
    }

    /// What was done to pipelines, in order, with the names of those that were made.
    fn of_pipelines(&self) -> Vec<String> {
        let writes = self.workspace.writes().into_iter();
        writes
            .filter(|request| request.path.starts_with("/api/2.0/pipelines"))
            .map(|request| match request.method.as_str() {
                "POST" => format!("POST {}", request.json()["name"].as_str().unwrap()),
                method => method.to_owned(),
            })
            .collect()
    }

    /// That nothing but reads was sent, the CLI was not told to deploy, and no run is left to go on with.
    #[track_caller]
    fn only_read(&self) {
        only_read(&self.workspace);
        assert!(!self.context.read(ARGUMENTS).contains("bundle deploy"));
        let resumed = self.context.run(&["deploy", "--resume", "last"]);
        assert!(resumed.exits(2).stderr.contains("was cut off"), "{}", resumed.stderr);
    }
}

/// What stands on the screen from the list on, without what differs from run to run.
fn from_list(shown: &str, site: &Site) -> String {
    let (_, list) = shown.split_once("\n\n").unwrap();
    let ids = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let seconds = regex::Regex::new(r"[0-9]+\.[0-9] s").unwrap();
    let list = ids.replace_all(list, "<id>").into_owned();
    let list = seconds.replace_all(&list, "0.0 s").into_owned();
    list.replace(site.workspace.url(), "<host>")
}

#[test]
fn the_list_stands_above_the_question_and_the_name_of_production_deploys_exactly_that() {
    let site = changed();
    let mut terminal = site.deploy(&["--target", "prod"]);
    terminal.until_asked(OF_PROD);
    insta::assert_snapshot!(from_list(&terminal.shown(), &site), @r"
prod  <host>
  ! recreate:gateway_sales_01_g01  gateway gateway_sales_01_g01 is deleted and made again, its 3 tables KEPT and read again in full
      cause gateway_schema, tables.csv:2 → gateway recreated → 1 pipeline → 3 tables
      gateway_definition.gateway_storage_schema: staging → staging_v2
  ! recreate:pipeline_sales_01_g01_p01  pipeline pipeline_sales_01_g01_p01 is deleted and made again, its 3 tables KEPT and read again in full
      cause gateway_schema, tables.csv:2 → gateway recreated → pipeline_sales_01_g01_p01 recreated → 3 tables
      ingestion_definition.ingestion_gateway_id: <id> → ${resources.pipelines.gateway_sales_01_g01.id}
Do this to the data of prod? Type the target's name to go on:
");
    only_read(&site.workspace);
    terminal.types("prod\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(0), "{shown}");
    let (_, answered) = shown.split_once(OF_PROD).unwrap();
    insta::assert_snapshot!(from_list(&format!("\n\n{answered}"), &site), @r"
prod
prod  recreate:gateway_sales_01_g01  consented to by the answer given here
prod  recreate:pipeline_sales_01_g01_p01  consented to by the answer given here
  prod/retail  databricks bundle deploy  0.0 s
  prod/retail  read back  0.0 s
prod  <host>  deployed
  retail  deployed  0 created, 1 updated, 2 recreated, 0 deleted, 0 unchanged
  To be done by hand: 3 tables of pipeline_sales_01_g01_p01 are kept; it cannot write to what another pipeline made until that is dropped
    DROP TABLE `bronze`.`sales`.`table_0`;
    DROP TABLE `bronze`.`sales`.`table_1`;
    DROP TABLE `bronze`.`sales`.`table_2`;
");
    assert_eq!(shown.matches(GATEWAY).count(), 2, "on the list, and as consented to: {shown}");
    let mut done = site.of_pipelines();
    done.sort_unstable();
    assert_eq!(done, ["DELETE", "DELETE", "POST sales_01_g01", "POST sales_01_g01_p01"]);
    let deployed = site.context.run(&["deploy", "--target", "prod", "-o", "json"]);
    assert_eq!(deployed.exits(0).json()["targets"][0]["status"], "unchanged");
}

#[test]
fn whatever_else_is_typed_sends_nothing() {
    let site = changed();
    for (keys, told) in [
        ("y\n", "`y` is not `prod`: taken as no."),
        ("PROD\n", "`PROD` is not `prod`: taken as no."),
        ("prod dev\n", "`prod dev` is not `prod`: taken as no."),
        ("\n", "No answer is taken as no."),
        (CTRL_D, "No answer is taken as no."),
    ] {
        site.forget();
        let mut terminal = site.deploy(&["--target", "prod"]);
        terminal.until_asked(OF_PROD);
        terminal.types(keys);
        let (status, shown) = terminal.ends(&site.context);
        assert_eq!(status, Some(4), "{keys:?}: {shown}");
        let (_, after) = shown.split_once(OF_PROD).unwrap();
        let lines: Vec<&str> = after.lines().collect();
        assert_eq!(lines[..3], [keys.trim_end_matches(['\n', '\u{4}']), told, ""], "{shown}");
        // Who has just read the list need not read it again, but for the flags.
        assert!(lines[3].starts_with("error: nothing was sent: 2 consents are missing"), "{shown}");
        assert!(lines[4].ends_with(&format!("--allow {GATEWAY} --allow {PIPELINE}")), "{shown}");
        assert!(!shown.contains("TW401"), "{shown}");
        site.only_read();
    }
}

#[test]
fn ctrl_c_ends_it() {
    let site = changed();
    let mut terminal = site.deploy(&["--target", "prod"]);
    terminal.until_asked(OF_PROD);
    terminal.types(CTRL_C);
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.contains(&format!("{OF_PROD}^C\nstopping; ")), "{shown}");
    assert!(shown.ends_with("error: interrupted"), "{shown}");
    site.only_read();
}

#[test]
fn one_target_is_asked_about_after_the_other() {
    let site = changed();
    let targets = &["--target", "dev,prod"];
    // A no is one for all of them, and ends the asking.
    let mut terminal = site.deploy(targets);
    terminal.until_asked(OF_DEV);
    terminal.types("n\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(4), "{shown}");
    assert!(shown.contains("`n` is taken as no.") && !shown.contains(OF_PROD), "{shown}");
    assert_eq!(shown.matches("error[TW401]").count(), 2, "what was not asked about is told: {shown}");
    assert!(!shown.contains("--allow dev/recreate:gateway_sales_01_g01\n"), "{shown}");
    assert!(shown.contains("error: nothing was sent: 4 consents are missing"), "{shown}");
    site.only_read();

    // A yes to the first alone is none.
    site.forget();
    let mut terminal = site.deploy(targets);
    terminal.until_asked(OF_DEV);
    terminal.types("y\n");
    terminal.until_asked(OF_PROD);
    terminal.types("y\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(4), "{shown}");
    assert!(shown.contains("`y` is not `prod`: taken as no.") && !shown.contains("TW401"), "{shown}");
    site.only_read();

    site.forget();
    let mut terminal = site.deploy(targets);
    terminal.until_asked(OF_DEV);
    terminal.types("Yes\n");
    terminal.until_asked(OF_PROD);
    only_read(&site.workspace);
    terminal.types("prod\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(0), "{shown}");
    let made =
        |name: &str| site.of_pipelines().iter().filter(|done| **done == format!("POST {name}")).count();
    for name in
        ["[dev tester] sales_01_g01", "[dev tester] sales_01_g01_p01", "sales_01_g01", "sales_01_g01_p01"]
    {
        assert_eq!(made(name), 1, "{name}: {:?}", site.of_pipelines());
    }
}

#[test]
fn only_what_nobody_consented_to_is_asked_about() {
    let site = changed();
    // What answers ordinary questions does not answer this one.
    let mut terminal = site.deploy(&["--target", "prod", "--auto-approve", "--allow", GATEWAY]);
    terminal.until_asked(OF_PROD);
    let shown = terminal.shown();
    assert!(shown.contains(&format!("! {PIPELINE}")) && !shown.contains(GATEWAY), "{shown}");
    terminal.types("prod\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains(&format!("prod  {GATEWAY}  consented to by --allow")), "{shown}");
    assert!(shown.contains(&format!("prod  {PIPELINE}  consented to by the answer given here")), "{shown}");
    // With nothing left to consent to, nothing is asked.
    site.rewrite("staging_v3");
    let terminal =
        site.deploy(&["--target", "prod", "--auto-approve", "--allow", GATEWAY, "--allow", PIPELINE]);
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!((status, shown.contains("Do this")), (Some(0), false), "{shown}");
}

#[test]
fn without_a_terminal_on_both_sides_nothing_is_asked() {
    let site = changed();
    site.context.write("stderr.log", "");
    for redirections in ["</dev/null", "2>stderr.log"] {
        site.forget();
        let arguments = ["deploy", "--target", "prod", "--auto-approve"];
        let terminal = Terminal::run(&site.context, &arguments, redirections);
        let (status, shown) = terminal.ends(&site.context);
        let told = format!("{shown}{}", site.context.read("stderr.log"));
        assert_eq!(status, Some(4), "{redirections}: {told}");
        assert!(!told.contains("Do this"), "{redirections}: {told}");
        assert_eq!(told.matches("error[TW401]").count(), 2, "{redirections}: {told}");
        site.only_read();
    }
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let site = changed();
    let mut terminal = site.deploy(&["--target", "prod"]);
    terminal.types("prod\n");
    // It was echoed, or comes to be, wherever the cursor stood; what counts is what stands behind the question.
    terminal.until_asked(OF_PROD);
    only_read(&site.workspace);
    terminal.types("\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(4), "{shown}");
    site.only_read();
}

#[test]
fn the_document_goes_where_standard_output_leads_and_the_question_to_the_terminal() {
    let site = changed();
    let arguments = ["deploy", "--target", "prod", "-q", "-o", "json"];
    let mut terminal = Terminal::run(&site.context, &arguments, ">stdout.json");
    terminal.until_asked(OF_PROD);
    assert!(terminal.shown().contains(&format!("! {GATEWAY}")), "{}", terminal.shown());
    terminal.types("no\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(4), "{shown}");
    let document: Value = serde_json::from_str(&site.context.read("stdout.json")).unwrap();
    assert_eq!(document["needs_consent"], json!([GATEWAY, PIPELINE]));
    let rules: Vec<&Value> =
        document["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(rules, ["TW401", "TW401"], "{document}");
    site.only_read();
}

#[test]
fn a_saved_plan_asks_too() {
    let site = changed();
    site.context.run(&["plan", "--target", "prod", "--out", "prod.plan"]).exits(0);
    site.forget();
    let mut terminal = site.deploy(&["prod.plan"]);
    terminal.until_asked(OF_PROD);
    only_read(&site.workspace);
    terminal.types("prod\n");
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!(status, Some(0), "{shown}");
    assert!(site.context.read(ARGUMENTS).contains("bundle deploy --plan"));
    assert_eq!(site.of_pipelines().len(), 4, "{:?}", site.of_pipelines());
}

#[test]
fn what_no_consent_covers_is_not_asked_about() {
    let site = changed();
    let approval = "- {target: prod, kind: all, resource: x, who: ana, why: full, until: 2999-12-31}\n";
    site.context.write("approvals.yml", approval);
    let terminal = site.deploy(&["--target", "prod"]);
    let (status, shown) = terminal.ends(&site.context);
    assert_eq!((status, shown.contains("Do this")), (Some(1), false), "{shown}");
    assert!(shown.contains("approvals.yml:1:24"), "{shown}");
    only_read(&site.workspace);
}
