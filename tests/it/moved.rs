//! A table that moves while Unity Catalog still names the pipeline that made it: shown, refused, and nothing is lost.

use tapworks_mocks::workspace::{MockWorkspace, Table};

use crate::context::{Context, Said, only_read, sql_server_rows};

const CONSENT: [&str; 2] = ["--allow", "move:pipeline_sales_01_g01_p01"];

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Six tables in one pipeline, deployed and read once.
fn deployed() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let site = Site { workspace, context };
    site.settle(6);
    site.context.write("tables.csv", &sql_server_rows(6));
    site.run("deploy", &[]).exits(0);
    let id = site.id("sales_01_g01_p01").unwrap();
    site.workspace.world(|world| {
        for table in 0..6 {
            world.catalog.put_table(Table::streaming("bronze", "sales", &format!("table_{table}"), &id));
        }
    });
    site
}

impl Site {
    fn settle(&self, limit: usize) {
        let host = self.workspace.url();
        let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
        self.context.write(
            "tapworks.yml",
            &format!("source: tables.csv\nmax_tables_per_pipeline: {limit}\ntargets:\n  prod:\n    workspace_host: {host}\n    root_path: {root}\n    mode: production\n"),
        );
    }

    fn run(&self, command: &str, more: &[&str]) -> Said {
        self.workspace.clear_requests();
        self.context.run(&[&[command, "--target", "prod"], more].concat())
    }

    fn id(&self, name: &str) -> Option<String> {
        self.workspace.world(|world| world.pipelines.named(name).map(|pipeline| pipeline.id.clone()))
    }

    /// So many tables each pipeline has, by its name.
    fn tables(&self) -> Vec<(String, usize)> {
        let count = |spec: &serde_json::Map<String, serde_json::Value>| {
            spec["ingestion_definition"]["objects"].as_array().unwrap().len()
        };
        let mut tables: Vec<(String, usize)> = self.workspace.world(|world| {
            let pipelines =
                world.pipelines.iter().filter(|found| found.spec.contains_key("ingestion_definition"));
            pipelines.map(|found| (found.name.clone(), count(&found.spec))).collect()
        });
        tables.sort();
        tables
    }

    /// The pipeline that Unity Catalog names for a table.
    fn owner(&self, table: &str) -> Option<String> {
        let name = format!("bronze.sales.{table}");
        self.workspace.world(|world| world.catalog.table(&name).and_then(|table| table.pipeline_id.clone()))
    }

    fn is_moving(&self) -> bool {
        self.context.read("tapworks.lock").contains(" from_pipeline=")
    }
}

fn of(tables: &[(&str, usize)]) -> Vec<(String, usize)> {
    tables.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_table_that_its_old_pipeline_still_owns_is_not_moved_and_nothing_is_lost() {
    let site = deployed();
    let old = site.id("sales_01_g01_p01").unwrap();
    site.settle(5);
    site.context.run(&["rebalance", "--write"]).exits(0);
    // What is planned for it would fail, whoever consents to it.
    for (command, more) in [("plan", &[][..]), ("deploy", &[]), ("deploy", &CONSENT)] {
        let said = site.run(command, more);
        for told in [
            "error[TW320]: bronze.sales.table_5 is written by `pipeline_sales_01_g01_p01` of bundle `retail`",
            "and planned in `pipeline_sales_01_g01_p02`",
            "  --> tables.csv:7:1\n",
            "DROP TABLE `bronze`.`sales`.`table_5`",
        ] {
            assert!(said.exits(1).stderr.contains(told), "{command}: {told}: {}", said.stderr);
        }
        only_read(&site.workspace);
        assert_eq!(site.tables(), of(&[("sales_01_g01_p01", 6)]));
        assert_eq!(site.owner("table_5"), Some(old.clone()));
        assert!(site.is_moving(), "the move is still to come");
    }

    // Once it is dropped the move is shown, and asked for by its name.
    site.workspace.world(|world| world.catalog.remove_table("bronze.sales.table_5"));
    let plan = site.run("plan", &[]);
    for told in [
        "> bronze.sales.table_5  pipeline_sales_01_g01_p01 → pipeline_sales_01_g01_p02  read again in full",
        "--allow move:pipeline_sales_01_g01_p01",
    ] {
        assert!(plan.exits(0).stdout.contains(told), "{told}: {}", plan.stdout);
    }
    site.run("deploy", &[]).exits(4);
    only_read(&site.workspace);

    // The old pipeline may run once more before the deploy, and make it anew.
    site.workspace.world(|world| {
        world.catalog.put_table(Table::streaming("bronze", "sales", "table_5", &old));
    });
    assert!(site.run("deploy", &CONSENT).exits(1).stderr.contains("error[TW320]"));
    only_read(&site.workspace);

    site.workspace.world(|world| world.catalog.remove_table("bronze.sales.table_5"));
    site.run("deploy", &CONSENT).exits(0);
    assert_eq!(site.tables(), of(&[("sales_01_g01_p01", 5), ("sales_01_g01_p02", 1)]));
    assert!(!site.is_moving());
    assert_eq!(site.id("sales_01_g01_p01"), Some(old.clone()), "whom nothing else happened to");
    for table in 0..5 {
        assert_eq!(site.owner(&format!("table_{table}")), Some(old.clone()));
    }
    // The new one reads it in full, and that is that.
    let new = site.id("sales_01_g01_p02").unwrap();
    site.workspace.world(|world| {
        world.catalog.put_table(Table::streaming("bronze", "sales", "table_5", &new));
    });
    assert!(site.run("deploy", &[]).exits(0).stdout.contains("unchanged"));
    only_read(&site.workspace);
}
