//! What `tapworks check` takes in a large workspace: 10,000 rows against 5,000 pipelines, 3,000 jobs and 40 schemas of 500 tables,
//! with 20 ms added to every answer: `cargo bench --bench check`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement says what it found, and stops at what it did not expect"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tapworks_mocks::workspace::{Fault, MockWorkspace, Rows, Table};

const TAPWORKS: &str = env!("CARGO_BIN_EXE_tapworks");
const TABLES: usize = 10_000;
const SCHEMAS: usize = 40;
const DELAY: Duration = Duration::from_millis(20);
/// Most seconds.
const MOST: f64 = 10.0;
/// The middle of so many counts.
const RUNS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let rows = rows();
    std::fs::write(path("tables.csv"), &rows).unwrap();
    std::fs::create_dir(path("programs")).unwrap();
    let cli = tapworks_mocks::link_databricks(Path::new(TAPWORKS), &path("programs")).unwrap();
    let workspace = MockWorkspace::start();
    workspace.world(|world| {
        world.furnish(&Rows::from_csv(&rows).unwrap());
        for schema in 0..SCHEMAS {
            for number in 0..500 {
                let name = format!("other_{number:03}");
                world.catalog.put_table(Table::new("bronze", &format!("s{schema:02}"), &name, "MANAGED"));
            }
        }
        world.pipelines.accept_duplicate_names = true;
        for number in 0..5_000 {
            world.pipelines.create(&json!({"name": format!("other_{number}")}), "somebody@example.com");
        }
        for number in 0..3_000 {
            world.jobs.create(&json!({"name": format!("other_{number}")}), "somebody@example.com");
        }
    });
    workspace.fault(Fault::on("*", ".*").delay(DELAY).always());
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            workspace.clear_requests();
            let mut command = Command::new(TAPWORKS);
            command
                .args(["check", "--source", "tables.csv", "--target", "prod"])
                .current_dir(folder.path())
                .env_clear()
                .env("HOME", folder.path())
                .env("PATH", "/usr/bin:/bin")
                .env("DATABRICKS_HOST", workspace.url())
                .env("DATABRICKS_TOKEN", workspace.token())
                .env("DATABRICKS_AUTH_TYPE", "pat")
                .env("TAPWORKS_DATABRICKS_CLI", &cli)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let began = Instant::now();
            assert!(command.status().unwrap().success());
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let took = times[RUNS / 2];
    let least = 5_000 / 100 + 3_000 / 100 + SCHEMAS * 500 / 100 + 2 * (1 + 1 + SCHEMAS + 1);
    let asked = workspace.requests().len();
    println!(
        "{took:.2} s, {asked} requests, {:.2} of the {least} that there are at least",
        ratio(asked, least)
    );
    println!("target: {MOST} s: {}", if took <= MOST { "met" } else { "MISSED" });
}

#[allow(clippy::cast_precision_loss, reason = "a few hundred requests")]
fn ratio(asked: usize, least: usize) -> f64 {
    asked as f64 / least as f64
}

fn rows() -> String {
    let mut text =
        "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
            .to_owned();
    for number in 0..TABLES {
        let schema = number % SCHEMAS;
        writeln!(
            text,
            "sql_server,retail,sales,erp,dbo,Table{number},bronze,s{schema:02},table_{number},sqlserver_erp,bronze,staging"
        )
        .unwrap();
    }
    text
}
