//! A table of 200,000 rows, and the memory that reading it takes.

use std::process::Command;

use tapworks::environment::Environment;
use tapworks::workspace::{Access, AccessRequest, Client, ClientOptions};
use tapworks_mocks::workspace::{MockWorkspace, Rows};

const ROWS: usize = 200_000;
const COLUMNS: usize = 16;
/// What reading them may take.
const MEGABYTES: u64 = 300;
/// The warehouse, told to the process that reads.
const WAREHOUSE: &str = "TAPWORKS_TEST_WAREHOUSE";

/// The cell of a row and a column, about as wide as those of a table list.
fn cell(row: usize, column: usize) -> Option<String> {
    match column {
        0 => Some(format!("{row:06}")),
        column if column % 5 == 4 => None,
        column => Some(format!("value_{column}_{}", row % 1000)),
    }
}

/// The workspace is a process of its own, so that the memory measured is that of the reader alone.
#[test]
fn two_hundred_thousand_rows_arrive_complete_in_order_and_in_little_memory() {
    let workspace = MockWorkspace::start();
    let names: Vec<String> = (0..COLUMNS).map(|column| format!("column_{column}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rows = Rows::of_strings(&names);
    for row in 0..ROWS {
        let cells: Vec<Option<String>> = (0..COLUMNS).map(|column| cell(row, column)).collect();
        rows.push(cells.iter().map(Option::as_deref));
    }
    workspace.world(|world| {
        world.put_rows("main.cfg.tables", rows);
        world.statements.chunk_rows = 10_000;
        // As the service: this table is larger.
        world.statements.inline_limit = 25 * 1024 * 1024;
    });
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "rows::reader", "--ignored", "--nocapture"])
        .env("DATABRICKS_HOST", workspace.url())
        .env("DATABRICKS_TOKEN", workspace.token())
        .env(WAREHOUSE, workspace.warehouse_id())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(workspace.count("GET", "/mock-storage/.*"), ROWS / 10_000);
    let line = said.lines().find(|line| line.contains(" MB at its peak")).unwrap();
    println!("{line}");
    let peak: u64 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(peak < MEGABYTES, "{line}");
}

/// The other process of the test above.
#[test]
#[ignore = "started by another test"]
fn reader() {
    let Some(warehouse) = std::env::var_os(WAREHOUSE) else { return };
    let environment = Environment::of_process();
    let access = Access::resolve(&AccessRequest::default(), &environment).unwrap();
    let client = Client::connect(access, ClientOptions::default(), &environment).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sql = "SELECT * FROM IDENTIFIER(:t) ORDER BY column_0";
    let name = [("t", "main.cfg.tables")];
    let read = runtime.block_on(client.statement(warehouse.to_str().unwrap(), sql, &name)).unwrap();
    assert_eq!(read.rows.len(), ROWS);
    for (number, row) in read.rows.iter().enumerate() {
        assert!(
            row.iter().enumerate().all(|(column, found)| *found == cell(number, column)),
            "{number}: {row:?}"
        );
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("\n{} MB at its peak, {ROWS} rows of {COLUMNS} columns", kilobytes / 1024);
}
