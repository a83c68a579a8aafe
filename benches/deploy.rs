//! What `tapworks deploy` takes for 10,000 tables in ten projects, on the mock workspace with the stand-in for the CLI:
//! `cargo bench --bench deploy`.
//!
//! A first deploy is held against the bare commands that it runs, run by this program in the same order and as many at a time,
//! against a workspace of its own. Then the deploy is run again, with nothing changed and with one table more.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement says what it found, and stops at what it did not expect"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use tapworks_mocks::workspace::{MockWorkspace, Rows};

const TAPWORKS: &str = env!("CARGO_BIN_EXE_tapworks");
const TABLES: usize = 10_000;
const PROJECTS: usize = 10;

/// Most that a deploy may take over its commands: this part of them, or this long.
const MOST_OVER: (f64, f64) = (0.10, 0.5);
/// Most seconds where nothing has changed.
const MOST_UNCHANGED: f64 = 3.0;
/// In turn, so that what else the machine does meets both; the middle counts.
const RUNS: usize = 3;

/// A workspace, and a folder to deploy to it from.
struct Site {
    workspace: MockWorkspace,
    folder: tempfile::TempDir,
}

fn main() {
    let (mut deploys, mut commands) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..RUNS {
        let site = Site::new();
        deploys.push(site.deploy(0).0);
        commands.push(Site::new().bare());
        last = Some(site);
    }
    let site = last.unwrap();
    let (deploy, bare) = (middle(deploys), middle(commands));
    println!("{TABLES} tables in {PROJECTS} projects");
    println!("{:<52}{:>8.2} s", "deployed for the first time", deploy);
    println!("{:<52}{:>8.2} s", "its commands alone", bare);
    let over = deploy - bare;
    println!("{:<52}{:>8.2} s, {:.1} %", "over them", over, 100.0 * over / bare);

    site.workspace.clear_requests();
    let runs: Vec<(f64, usize)> = (0..RUNS).map(|_| site.deploy(0)).collect();
    let unchanged = middle(runs.iter().map(|(seconds, _)| *seconds).collect());
    let asked = runs.iter().map(|(_, commands)| commands).sum::<usize>();
    let (requests, writes) = (site.workspace.requests().len() / RUNS, site.workspace.writes().len());
    println!(
        "{:<52}{:>8.2} s, {asked} commands, {requests} requests, {writes} of them write",
        "again, nothing changed", unchanged
    );
    let (changed, commands) = site.deploy(1);
    println!("{:<52}{:>8.2} s, {commands} commands", "again, one table more", changed);

    let met = (over <= MOST_OVER.1 || over <= MOST_OVER.0 * bare)
        && unchanged <= MOST_UNCHANGED
        && asked + writes == 0;
    println!(
        "targets: {:.0} % or {} s over the commands; {MOST_UNCHANGED} s and no command for nothing: {}",
        100.0 * MOST_OVER.0,
        MOST_OVER.1,
        if met { "met" } else { "MISSED" }
    );
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Rows, and so many more.
fn rows(more: usize) -> String {
    let mut text = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema,primary_keys,scd_type\n"
        .to_owned();
    for table in 0..TABLES + more {
        let project = table % PROJECTS;
        writeln!(
            text,
            "sql_server,project{project},pre{project},erp{project},dbo,Table{table},bronze,raw{project},table_{table},\
             erp,bronze,staging,id,SCD_TYPE_2"
        )
        .unwrap();
    }
    text
}

impl Site {
    fn new() -> Self {
        let site = Self { workspace: MockWorkspace::start(), folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(site.path("programs")).unwrap();
        let cli = tapworks_mocks::link_databricks(Path::new(TAPWORKS), &site.path("programs")).unwrap();
        assert_eq!(cli, site.path("programs/databricks"));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One that sees this workspace and nothing else.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .env("DATABRICKS_HOST", self.workspace.url())
            .env("DATABRICKS_TOKEN", self.workspace.token())
            .env("DATABRICKS_AUTH_TYPE", "pat")
            .env("DATABRICKS_WAREHOUSE_ID", self.workspace.warehouse_id())
            .env("TAPWORKS_DATABRICKS_CLI", self.path("programs/databricks"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Seconds of a deploy, and how many commands it ran.
    fn deploy(&self, more: usize) -> (f64, usize) {
        let rows = rows(more);
        std::fs::write(self.path("tables.csv"), &rows).unwrap();
        self.workspace.world(|world| world.furnish(&Rows::from_csv(&rows).unwrap()));
        let mut command = self.command(Path::new(TAPWORKS), self.folder.path());
        command.args(["deploy", "--source", "tables.csv", "--target", "prod", "-v"]);
        command.stderr(std::fs::File::create(self.path("said.log")).unwrap());
        let began = Instant::now();
        let status = command.status().unwrap();
        let seconds = began.elapsed().as_secs_f64();
        let said = std::fs::read_to_string(self.path("said.log")).unwrap();
        assert!(status.success(), "{said}");
        let begun =
            said.lines().filter(|line| line.contains("  databricks bundle ") && line.ends_with(" ..."));
        // The one that tells its version is named by itself.
        let version = said.lines().filter(|line| line.starts_with("databricks CLI "));
        (seconds, begun.count() + version.count())
    }

    /// Seconds of the commands that a first deploy runs, without it.
    fn bare(&self) -> f64 {
        std::fs::write(self.path("tables.csv"), rows(0)).unwrap();
        let mut generate = self.command(Path::new(TAPWORKS), self.folder.path());
        generate.args(["generate", "--source", "tables.csv", "--target", "prod"]);
        assert!(generate.status().unwrap().success());
        let began = Instant::now();
        self.databricks(&self.path("programs"), &["version", "-o", "json"], None);
        let projects: Vec<PathBuf> =
            (0..PROJECTS).map(|project| self.path(&format!("dab_deployment/project{project}"))).collect();
        let plan = |folder: &Path| self.path(&plan_name(folder));
        let mut first: Vec<(&Path, Vec<String>, Option<PathBuf>)> = Vec::new();
        for folder in &projects {
            first.push((folder, words("bundle validate --strict -t prod"), None));
            first.push((folder, words("bundle plan -o json -t prod"), Some(plan(folder))));
        }
        self.all(first);
        let deploys = projects.iter().map(|folder| {
            let plan = plan(folder).to_string_lossy().into_owned();
            let arguments = ["bundle", "deploy", "--plan", &plan, "-t", "prod"].map(str::to_owned).to_vec();
            (folder.as_path(), arguments, None)
        });
        self.all(deploys.collect());
        began.elapsed().as_secs_f64()
    }

    /// Runs commands, as many at a time as there are cores.
    fn all(&self, commands: Vec<(&Path, Vec<String>, Option<PathBuf>)>) {
        let cores = std::thread::available_parallelism().unwrap().get();
        let commands = Mutex::new(commands.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    loop {
                        let next = commands.lock().unwrap().next();
                        let Some((folder, arguments, output)) = next else { break };
                        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                        self.databricks(folder, &arguments, output.as_deref());
                    }
                });
            }
        });
    }

    fn databricks(&self, folder: &Path, arguments: &[&str], output: Option<&Path>) {
        let mut command = self.command(&self.path("programs/databricks"), folder);
        if let Some(output) = output {
            command.stdout(std::fs::File::create(output).unwrap());
        }
        assert!(command.args(arguments).status().unwrap().success(), "{arguments:?}");
    }
}

fn plan_name(folder: &Path) -> String {
    format!("{}.plan.json", folder.file_name().unwrap().to_string_lossy())
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
