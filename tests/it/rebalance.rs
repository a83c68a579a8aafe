//! `tapworks rebalance`: what moves, what it costs, and that nothing else does

use serde_json::json;
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said, sql_server_rows};

const HEADER: &str = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,target_schema,target_table_name,connection_name";

/// Tables of Salesforce in one group, each with a weight where there are any.
fn salesforce_rows(tables: usize, weights: Option<fn(usize) -> u64>) -> String {
    let mut text = format!("{HEADER}{}\n", if weights.is_some() { ",weight" } else { "" });
    for number in 0..tables {
        text.push_str(&format!("salesforce,shop,crm,sfdc,objects,T{number:03},bronze,crm,t{number:03},sfdc"));
        if let Some(weight) = weights {
            text.push_str(&format!(",{}", weight(number)));
        }
        text.push('\n');
    }
    text
}

const SOURCE: &[&str] = &["--source", "tables.csv"];

fn run(context: &Context, command: &str, arguments: &[&str]) -> Said {
    context.run(&[&[command], SOURCE, arguments].concat())
}

/// 600 tables in 250, 250 and 100, as `generate` places them.
fn generated() -> Context {
    let context = Context::new();
    context.write("tables.csv", &salesforce_rows(600, None));
    run(&context, "generate", &[]).exits(0);
    context
}

const LOWER: &[&str] = &["--max-tables-per-pipeline", "240"];

#[test]
fn a_lower_limit_is_shown_with_its_moves_and_their_price() {
    let context = generated();
    let lock = context.read("dab_deployment/tapworks.lock");
    let warned = run(&context, "generate", LOWER);
    assert!(
        warned.exits(0).stderr.contains("`tapworks rebalance` shows what would move"),
        "{}",
        warned.stderr
    );
    assert_eq!(context.read("dab_deployment/tapworks.lock"), lock);
    let shown = run(&context, "rebalance", LOWER);
    shown.exits(0);
    insta::assert_snapshot!(shown.stdout, @r"
    crm_01 in shop
      crm_01_p01  250 → 240 tables
      crm_01_p02  250 → 240 tables
      crm_01_p03  100 → 120 tables
      crm_01_p01 → crm_01_p03  10 tables: bronze.crm.t240, bronze.crm.t241, bronze.crm.t242 and 7 more
      crm_01_p02 → crm_01_p03  10 tables: bronze.crm.t490, bronze.crm.t491, bronze.crm.t492 and 7 more
    dab_deployment/tapworks.lock  20 tables would move, and be read again in full
      --write puts the moves into the lock; deploy then needs consent:
        --allow move:pipeline_crm_01_p01
        --allow move:pipeline_crm_01_p02
    ");
    assert_eq!(shown.stderr, "");
    assert_eq!(context.read("dab_deployment/tapworks.lock"), lock);
    let dry = run(&context, "rebalance", &[LOWER, &["--dry-run"]].concat());
    assert_eq!(
        (dry.exits(0).stdout.as_str(), context.read("dab_deployment/tapworks.lock")),
        (&*shown.stdout, lock)
    );
    run(&context, "rebalance", &[LOWER, &["--dry-run", "--write"]].concat()).exits(2);
}

#[test]
fn what_is_written_is_carried_out_by_generate_and_by_nothing_else() {
    let context = generated();
    let written = run(&context, "rebalance", &[LOWER, &["--write"]].concat());
    written.exits(0);
    insta::assert_snapshot!(written.stdout, @r"
    crm_01 in shop
      crm_01_p01  250 → 240 tables
      crm_01_p02  250 → 240 tables
      crm_01_p03  100 → 120 tables
      crm_01_p01 → crm_01_p03  10 tables: bronze.crm.t240, bronze.crm.t241, bronze.crm.t242 and 7 more
      crm_01_p02 → crm_01_p03  10 tables: bronze.crm.t490, bronze.crm.t491, bronze.crm.t492 and 7 more
    dab_deployment/tapworks.lock  written: 20 tables to move, and to be read again in full
      `tapworks deploy` carries it out, with consent:
        --allow move:pipeline_crm_01_p01
        --allow move:pipeline_crm_01_p02
    ");
    let shown = context.run(&["lock", "show", "--table", "bronze.crm.t240"]);
    insta::assert_snapshot!(shown.exits(0).stdout, @r"
    crm_01_p03 in shop: 1 table
      bronze.crm.t240  objects.T240  moving from crm_01_p01
    dab_deployment/tapworks.lock: 1 table, 1 pipeline, 1 moving
    ");
    let pipelines = context.read("dab_deployment/shop/resources/pipelines.yml");
    let generated = run(&context, "generate", &[]);
    insta::assert_snapshot!(generated.exits(0).stdout, @r"
    placement  600 tables as in the lock  (tapworks.lock)
    shop  600 tables, 3 pipelines, 3 jobs
      dab_deployment/shop/resources/pipelines.yml  replaced
    ");
    assert_ne!(context.read("dab_deployment/shop/resources/pipelines.yml"), pipelines);
    // The moves are there, whatever the limit; a second look finds nothing to do, and changes nothing.
    let lock = context.read("dab_deployment/tapworks.lock");
    let again = run(&context, "rebalance", &[LOWER, &["--write"]].concat());
    assert_eq!(again.exits(0).stdout, "dab_deployment/tapworks.lock  nothing to move\n");
    run(&context, "generate", &["--check"]).exits(0);
    assert_eq!(context.read("dab_deployment/tapworks.lock"), lock);
    // The tables that stay have not moved a line.
    let moved = lock.lines().filter(|line| line.contains(" from_pipeline=")).count();
    assert_eq!((moved, lock.lines().filter(|line| line.starts_with("table ")).count()), (20, 600));
}

#[test]
fn weights_are_balanced_with_few_moves() {
    let context = Context::new();
    context.write("tapworks.yml", "placement: weighted\nmax_tables_per_pipeline: 20\n");
    context.write("tables.csv", &salesforce_rows(60, Some(|_| 10)));
    run(&context, "generate", &[]).exits(0);
    // The tables of one pipeline have grown.
    context.write("tables.csv", &salesforce_rows(60, Some(|number| if number % 6 == 0 { 100 } else { 10 })));
    context.write("tapworks.yml", "placement: weighted\nmax_tables_per_pipeline: 25\n");
    let shown = run(&context, "rebalance", &["--write"]);
    insta::assert_snapshot!(shown.exits(0).stdout, @r"
    crm_01 in shop
      crm_01_p01  20 → 14 tables  weight 1100 → 500
      crm_01_p02  20 → 23 tables  weight  200 → 500
      crm_01_p03  20 → 23 tables  weight  200 → 500
      crm_01_p01 → crm_01_p02  3 tables, weight 300: bronze.crm.t000, bronze.crm.t012, bronze.crm.t024
      crm_01_p01 → crm_01_p03  3 tables, weight 300: bronze.crm.t006, bronze.crm.t018, bronze.crm.t030
    tapworks.lock  written: 6 tables of weight 600 to move, and to be read again in full
      `tapworks deploy` carries it out, with consent:
        --allow move:pipeline_crm_01_p01
    ");
}

#[test]
fn the_document_names_every_table() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(6));
    let limit = |pipeline: &'static str, gateway: &'static str| {
        ["--max-tables-per-pipeline", pipeline, "--max-tables-per-gateway", gateway, "-o", "json"]
    };
    run(&context, "generate", &limit("3", "6")).exits(0);
    let shown = run(&context, "rebalance", &limit("2", "4"));
    insta::assert_snapshot!(shown.exits(0).stdout, @r#"
    {
      "format": "tapworks.rebalance/1",
      "source": {
        "file": "tables.csv",
        "rows": 6
      },
      "locks": [
        {
          "lock": "dab_deployment/tapworks.lock",
          "written": false,
          "read_again": {
            "tables": 2,
            "weight": 2
          },
          "groups": [
            {
              "bundle": "retail",
              "group": "sales_01",
              "pipelines": [
                {
                  "pipeline": "sales_01_g01_p01",
                  "gateway": "sales_01_g01",
                  "before": {
                    "tables": 3,
                    "weight": 3
                  },
                  "after": {
                    "tables": 2,
                    "weight": 2
                  }
                },
                {
                  "pipeline": "sales_01_g01_p02",
                  "gateway": "sales_01_g01",
                  "before": {
                    "tables": 3,
                    "weight": 3
                  },
                  "after": {
                    "tables": 2,
                    "weight": 2
                  }
                },
                {
                  "pipeline": "sales_01_g02_p01",
                  "gateway": "sales_01_g02",
                  "new": true,
                  "before": {
                    "tables": 0,
                    "weight": 0
                  },
                  "after": {
                    "tables": 2,
                    "weight": 2
                  }
                }
              ],
              "moves": [
                {
                  "from": "sales_01_g01_p01",
                  "to": "sales_01_g02_p01",
                  "weight": 1,
                  "tables": [
                    "bronze.sales.table_2"
                  ]
                },
                {
                  "from": "sales_01_g01_p02",
                  "to": "sales_01_g02_p01",
                  "weight": 1,
                  "tables": [
                    "bronze.sales.table_5"
                  ]
                }
              ]
            }
          ],
          "consents": [
            "move:pipeline_sales_01_g01_p01",
            "move:pipeline_sales_01_g01_p02"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn a_list_that_is_wrong_is_told_and_a_lock_that_is_damaged_stays() {
    let context = generated();
    context.write("dab_deployment/tapworks.lock", "version 1\nnonsense\nend\n");
    let said = run(&context, "rebalance", &[LOWER, &["--write", "-o", "json"]].concat());
    let document = said.exits(1).json();
    assert_eq!((&document["format"], &document["locks"]), (&json!("tapworks.rebalance/1"), &json!([])));
    assert_eq!(document["findings"][0]["rule"], "TW152");
    assert_eq!(context.read("dab_deployment/tapworks.lock"), "version 1\nnonsense\nend\n");
}

#[test]
fn each_lock_has_moves_of_its_own() {
    let context = Context::new();
    context.write("tables.csv", &salesforce_rows(6, None));
    let targets = "targets:\n  dev: {profile: d}\n  prod: {profile: p, lock: prod.lock, output_dir: prod}\n";
    context.write("tapworks.yml", &format!("max_tables_per_pipeline: 6\n{targets}"));
    run(&context, "generate", &[]).exits(0);
    context.write("tapworks.yml", &format!("max_tables_per_pipeline: 5\n{targets}"));
    let dev = context.read("tapworks.lock");
    let prod = run(&context, "rebalance", &["--write", "--target", "prod"]);
    assert!(prod.exits(0).stdout.contains("prod.lock  written: 1 table to move"), "{}", prod.stdout);
    assert_eq!(context.read("tapworks.lock"), dev);
    let both = run(&context, "rebalance", &[]);
    assert!(both.exits(0).stdout.contains("tapworks.lock  1 table would move"), "{}", both.stdout);
    assert!(both.stdout.contains("prod.lock  nothing to move"), "{}", both.stdout);
}

#[test]
fn a_move_is_over_once_every_target_has_it() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let host = workspace.url();
    let settle = |limit: usize| {
        let target = |name: &str| format!("  {name}:\n    workspace_host: {host}\n");
        let targets = format!("{}    catalogs: {{bronze: bronze_dev}}\n{}", target("dev"), target("prod"));
        context.write("tapworks.yml", &format!("max_tables_per_pipeline: {limit}\ntargets:\n{targets}"));
    };
    workspace.world(|world| {
        world.catalog.add_catalog("bronze_dev");
    });
    let moves = || {
        let lock = context.read("tapworks.lock");
        let line = |line: &&str| line.contains(" from_pipeline=");
        lock.lines().filter(line).map(|line| line.matches(" deployed=").count()).collect::<Vec<_>>()
    };
    settle(6);
    context.write("tables.csv", &sql_server_rows(6));
    run(&context, "deploy", &["-t", "dev", "-t", "prod"]).exits(0);
    settle(5);
    run(&context, "rebalance", &["--write"]).exits(0);
    assert_eq!(moves(), [0]);
    let asked = moves_of(&run(&context, "rebalance", &["-o", "json"]));
    assert_eq!(asked, 0, "it moves already");
    // The old place in the workspaces is no disagreement.
    let refused = run(&context, "deploy", &["-t", "dev"]);
    assert!(refused.exits(4).stderr.contains("--allow move:pipeline_sales_01_g01_p01"), "{}", refused.stderr);
    assert_eq!(moves(), [0]);
    let consent = ["--allow", "move:pipeline_sales_01_g01_p01"];
    let dev = run(&context, "deploy", &[&["-t", "dev"], &consent[..]].concat());
    assert!(
        dev.exits(0).stderr.contains("tapworks.lock  1 move not in every target yet\n"),
        "{}",
        dev.stderr
    );
    assert_eq!(moves(), [1]);
    let prod = run(&context, "deploy", &[&["-t", "prod"], &consent[..]].concat());
    assert!(prod.exits(0).stderr.contains("tapworks.lock  1 move over\n"), "{}", prod.stderr);
    assert_eq!(moves(), [] as [usize; 0]);
    let lock = context.read("tapworks.lock");
    assert!(lock.contains("pipeline=sales_01_g01_p02"), "{lock}");
    // What is deployed now says the same as the lock.
    std::fs::remove_file(context.path("tapworks.lock")).unwrap();
    run(&context, "deploy", &["-t", "dev", "-t", "prod"]).exits(0);
    assert!(context.read("tapworks.lock").contains("pipeline=sales_01_g01_p02"));
}

fn moves_of(said: &Said) -> u64 {
    said.exits(0).json()["locks"][0]["read_again"]["tables"].as_u64().unwrap()
}
