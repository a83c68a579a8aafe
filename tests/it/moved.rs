//! A table that moves while Unity Catalog still names the pipeline that made it: moved first, dropped then, and nothing is lost.

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

/// What is left of a run once the ids are out of it.
fn without_ids(text: &str) -> String {
    let ids = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    ids.replace_all(text, "<id>").into_owned()
}

#[test]
fn a_move_is_deployed_first_and_its_table_dropped_then() {
    let site = deployed();
    let old = site.id("sales_01_g01_p01").unwrap();
    site.settle(5);
    site.context.run(&["rebalance", "--write"]).exits(0);
    // Whoever drops it now may find it made anew by the old pipeline: nobody is asked to.
    for (command, code) in [("check", 0), ("plan", 0), ("deploy", 4)] {
        let said = site.run(command, &[]);
        said.exits(code);
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(!told.contains("error[TW320]"), "{command}: {told}");
        assert!(told.contains("warning[TW320]: bronze.sales.table_5 is written by"), "{command}: {told}");
        only_read(&site.workspace);
        assert_eq!(site.tables(), of(&[("sales_01_g01_p01", 6)]));
        assert!(site.is_moving(), "the move is still to come");
    }
    let plan = site.run("plan", &[]);
    let (_, warning) = plan.stderr.split_once("warning[TW320]").unwrap();
    let (warning, _) = warning.split_once("\n\n").unwrap();
    insta::assert_snapshot!(without_ids(warning), @r"
    : bronze.sales.table_5 is written by `pipeline_sales_01_g01_p01` of bundle `retail` (id <id>) until the deploy moves it to `pipeline_sales_01_g01_p02`
      --> tables.csv:7:1
      = target prod
      = why: `pipeline_sales_01_g01_p02` cannot write it while it is there; dropped before the deploy, `pipeline_sales_01_g01_p01` may make it anew
      = fix: deploy, then drop it, so that `pipeline_sales_01_g01_p02` can write and reads in full: DROP TABLE `bronze`.`sales`.`table_5`
    ");
    for told in [
        "> bronze.sales.table_5  pipeline_sales_01_g01_p01 → pipeline_sales_01_g01_p02  read again in full",
        "--allow move:pipeline_sales_01_g01_p01\n      1 table leaves pipeline_sales_01_g01_p01 and is read again in full, \
         once it is dropped by hand after the deploy\n",
        "DROP TABLE `bronze`.`sales`.`table_5`;",
    ] {
        assert!(plan.stdout.contains(told), "{told}: {}", plan.stdout);
    }

    // The deploy takes it from the old pipeline and says what is left to do.
    let done = site.run("deploy", &CONSENT);
    done.exits(0);
    assert!(done.stdout.contains("DROP TABLE `bronze`.`sales`.`table_5`;"), "{}", done.stdout);
    assert_eq!(site.tables(), of(&[("sales_01_g01_p01", 5), ("sales_01_g01_p02", 1)]));
    assert!(!site.is_moving());
    assert_eq!(site.id("sales_01_g01_p01"), Some(old.clone()), "whom nothing else happened to");
    for table in 0..6 {
        assert_eq!(site.owner(&format!("table_{table}")), Some(old.clone()));
    }

    // Now nothing makes it anew, and the new one cannot write it: it is in the way of all that comes.
    for command in ["check", "deploy"] {
        let said = site.run(command, &[]);
        for told in [
            "error[TW320]: bronze.sales.table_5 is written by `pipeline_sales_01_g01_p01` of bundle `retail`",
            "and planned in `pipeline_sales_01_g01_p02`",
            "  --> tables.csv:7:1\n",
            "DROP TABLE `bronze`.`sales`.`table_5`",
        ] {
            let all = format!("{}{}", said.stdout, said.stderr);
            said.exits(1);
            assert!(all.contains(told), "{command}: {told}: {all}");
        }
        only_read(&site.workspace);
    }
    site.workspace.world(|world| world.catalog.remove_table("bronze.sales.table_5"));
    assert!(site.run("deploy", &[]).exits(0).stdout.contains("unchanged"));
    // The new one reads it in full, and that is that.
    let new = site.id("sales_01_g01_p02").unwrap();
    site.workspace.world(|world| {
        world.catalog.put_table(Table::streaming("bronze", "sales", "table_5", &new));
    });
    assert!(site.run("deploy", &[]).exits(0).stdout.contains("unchanged"));
    only_read(&site.workspace);
}

#[test]
fn a_table_that_was_dropped_before_its_move_is_moved_all_the_same() {
    let site = deployed();
    let old = site.id("sales_01_g01_p01").unwrap();
    site.settle(5);
    site.context.run(&["rebalance", "--write"]).exits(0);
    site.workspace.world(|world| world.catalog.remove_table("bronze.sales.table_5"));
    assert!(!site.run("deploy", &[]).exits(4).stderr.contains("TW320"));
    // The old pipeline runs once more before the deploy, and makes it anew: the deploy is not stopped by it.
    site.workspace.world(|world| {
        world.catalog.put_table(Table::streaming("bronze", "sales", "table_5", &old));
    });
    assert!(site.run("deploy", &CONSENT).exits(0).stderr.contains("warning[TW320]"));
    assert_eq!(site.tables(), of(&[("sales_01_g01_p01", 5), ("sales_01_g01_p02", 1)]));
}
