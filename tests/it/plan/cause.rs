//! A change of one cell, and all that comes of it

use serde_json::json;

use super::site::Site;
use crate::context::sql_server_rows;

#[test]
fn one_cell_of_347_rows_is_the_cause() {
    let site = Site::new();
    // Only line 41 names the schema, all the others leave it to that.
    let numbered = |schema: &str| -> String {
        let rows = sql_server_rows(347);
        let lines = rows.lines().enumerate().map(|(index, line)| match index + 1 {
            1 => format!("{line}\n"),
            41 => format!("{}\n", line.replace(",staging", &format!(",{schema}"))),
            _ => format!("{}\n", line.replace(",staging", ",")),
        });
        lines.collect()
    };
    site.context.write("tables.csv", &numbered("staging"));
    let host = site.workspace.url();
    site.context.write("tapworks.yml", &format!("source: tables.csv\nmax_tables_per_gateway: 500\nmax_tables_per_pipeline: 200\ntargets:\n  prod:\n    workspace_host: {host}\n"));
    site.deploy(&[]).exits(0);
    site.workspace.clear_requests();
    site.context.write("tables.csv", &numbered("staging_v2"));
    let said = site.context.run(&["plan", "--target", "prod", "--exit-code", "--report", "md=plan.md"]);
    let cause = "gateway_schema, tables.csv:41 → gateway recreated → 2 pipelines → 347 tables";
    assert!(said.exits(3).stdout.contains(cause), "{}", said.stdout);
    assert!(said.stdout.contains("\n  --allow recreate:gateway_sales_01_g01\n"), "{}", said.stdout);
    assert!(said.stdout.contains("DROP TABLE `bronze`.`sales`.`table_0`;"), "{}", said.stdout);
    let report = site.context.read("plan.md");
    assert!(report.contains("- `--allow recreate:gateway_sales_01_g01`: "), "{report}");
    let plan = site.plan().exits(0).json();
    assert_eq!(plan["summary"]["effects"], json!({"initial": 0, "snapshot": 347, "restart": 0, "delete": 0}));
    assert_eq!(plan["resources"][0]["cause"]["where"]["file"]["line"], 41);
    assert_eq!(plan["resources"][0]["fate"], "kept");
    assert_eq!(plan["tables"].as_array().unwrap().len(), 347);
    assert_eq!(site.workspace.writes().len(), 0);
}
