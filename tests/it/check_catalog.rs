//! The rules of `tapworks check` over Unity Catalog and schedules: each in a good and in a bad state, and what is told.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, Identity, MockWorkspace, Table};

use crate::check::{Site, rules, site};
use crate::context::sql_server_rows;

const ROBOT: &str = "robot@example.com";
const ROOT: &str = "root_path: /Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";

impl Site {
    /// Puts a table where a destination is to be.
    fn occupy(&self, table: Table) {
        self.workspace.world(|world| world.catalog.put_table(table));
    }

    /// The id of a deployed pipeline.
    fn id(&self, name: &str) -> String {
        self.workspace.world(|world| world.pipelines.named(name).unwrap().id.clone())
    }

    fn run_as_robot(&self) {
        self.settle(&format!("{ROOT}\nrun_as: {{user_name: {ROBOT}}}"));
    }

    fn grant(&self, kind: &str, name: &str, who: &str, privileges: &[&str]) {
        self.workspace.world(|world| world.catalog.grants.grant(kind, name, who, privileges));
    }

    /// Settings with `dev` and `prod` in this workspace.
    fn two_targets(&self, dev: &str) {
        let host = self.workspace.url();
        let text = format!(
            "source: tables.csv\ntargets:\n  dev:\n    workspace_host: {host}\n{dev}  prod:\n    workspace_host: {host}\n    {ROOT}\n"
        );
        self.context.write("tapworks.yml", &text);
    }
}

fn streaming(table: &str, pipeline: &str) -> Table {
    Table::streaming("bronze", "sales", table, pipeline)
}

fn why(document: &Value, rule: &str) -> String {
    let skipped = document["skipped"].as_array().unwrap();
    let found = skipped.iter().find(|skipped| skipped["rule"] == rule);
    found.map(|skipped| skipped["why"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn a_destination_of_another_pipeline_of_ours_is_an_error() {
    let site = site();
    let settings = site.context.read("tapworks.yml");
    site.context.write("tapworks.yml", &format!("max_tables_per_pipeline: 1\n{settings}"));
    site.deploy();
    let (first, second) = (site.id("sales_01_g01_p01"), site.id("sales_01_g01_p02"));
    site.occupy(streaming("table_0", &first));
    site.occupy(streaming("table_1", &second));
    site.passes("TW320");
    site.occupy(streaming("table_0", &second));
    insta::assert_snapshot!(site.told("TW320", 1), @r"
    error[TW320]: bronze.sales.table_0 is written by `pipeline_sales_01_g01_p02` of bundle `retail` (id [id]) and planned in `pipeline_sales_01_g01_p01`
      --> tables.csv:2:1
      = target prod
      = why: a table is written by one pipeline only: the other one's update would fail
      = fix: put the row back to where it was, or drop it so that the planned pipeline reads in full: DROP TABLE `bronze`.`sales`.`table_0`
    ");
}

#[test]
fn a_plain_table_where_one_is_to_be_is_an_error() {
    let site = site();
    site.passes("TW321");
    site.occupy(Table::new("bronze", "sales", "Table_0", "MANAGED"));
    site.occupy(Table::new("bronze", "sales", "table_1", "VIEW"));
    insta::assert_snapshot!(site.told("TW321", 1), @r"
    error[TW321]: bronze.sales.table_0 is there already: a MANAGED table, and no pipeline writes it
      --> tables.csv:2:1
      = target prod
      = why: a pipeline writes only tables that it made itself: the update would fail
      = fix: rename or drop it, or give the row another target_schema or target_table_name

    error[TW321]: bronze.sales.table_1 is there already: a view, and no pipeline writes it
      --> tables.csv:3:1
      = target prod
      = why: a pipeline writes only tables that it made itself: the update would fail
      = fix: rename or drop it, or give the row another target_schema or target_table_name
    ");
}

#[test]
fn a_destination_of_a_foreign_pipeline_is_an_error_that_says_whose_it_is() {
    let site = site();
    site.passes("TW322");
    let by_hand = site.pipeline("legacy_crm", None);
    site.occupy(streaming("table_0", &by_hand));
    let bundle = site.bundle_at("/Workspace/Shared/people/state", "people", "prod");
    let other = site.pipeline("people_01_p01", Some(&bundle));
    site.occupy(streaming("table_1", &other));
    insta::assert_snapshot!(site.told("TW322", 1), @r#"
    error[TW322]: bronze.sales.table_0 is already written by pipeline "legacy_crm", made by hand: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: a table is written by one pipeline only: the update would fail
      = fix: give the row another target_schema or target_table_name, or agree with the owner to take it out of that pipeline and to drop it

    error[TW322]: bronze.sales.table_1 is already written by pipeline "people_01_p01", of bundle `people`, target `prod`, at /Workspace/Shared/people: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:3:1
      = target prod
      = why: a table is written by one pipeline only: the update would fail
      = fix: give the row another target_schema or target_table_name, or agree with the owner to take it out of that pipeline and to drop it
    "#);
    // Each is looked up once.
    assert_eq!(site.workspace.count("GET", &format!("/api/2.0/pipelines/({by_hand}|{other})")), 2);
}

#[test]
fn what_a_pipeline_left_over_is_a_warning_with_the_statements() {
    let site = site();
    site.passes("TW323");
    site.occupy(streaming("table_0", "5f1c0000-0000-4000-8000-000000009a02"));
    site.occupy(streaming("table_1", "5f1c0000-0000-4000-8000-000000009a02"));
    insta::assert_snapshot!(site.told("TW323", 0), @r"
    warning[TW323]: 2 tables of bronze.sales (table_0 and table_1) are left over from pipeline [id], which this workspace does not have
      --> tables.csv:2:1
      = target prod
      = why: a table stays with the pipeline that made it, also when that one was recreated and its tables were kept: another pipeline cannot write it until it is dropped
      = fix: unless another workspace of this metastore has that pipeline, drop them; the next run reads in full: DROP TABLE `bronze`.`sales`.`table_0`; DROP TABLE `bronze`.`sales`.`table_1`
    ");
}

#[test]
fn two_targets_that_write_one_destination_are_an_error() {
    let site = site();
    site.two_targets("    catalogs: {bronze: bronze_dev}\n");
    site.passes("TW324");
    site.two_targets("");
    site.workspace.world(|world| {
        world.catalog.add_schema("bronze_dev", "sales");
    });
    insta::assert_snapshot!(site.told("TW324", 1), @r"
    error[TW324]: targets `dev` and `prod` would both write 2 tables of bronze.sales (table_0 and table_1)
      --> tables.csv:2:1
      = target dev
      = why: they share a metastore, and a table is written by one pipeline only: whichever comes second fails
      = fix: give target `dev` destinations of its own with `catalogs` or `schemas`, as  catalogs: {bronze: bronze_dev}
    ");
    let said = site.check(&["-t", "dev", "-t", "prod", "--only", "TW324", "-o", "json"]);
    let document = said.exits(1).json();
    assert_eq!(document["findings"].as_array().unwrap().len(), 1, "{document}");
    // A deploy stops at it too.
    let said = site.context.run(&["deploy", "-t", "prod", "-o", "json"]);
    assert!(rules(&said.exits(1).json()).contains(&"TW324".to_owned()), "{}", said.stdout);
}

#[test]
fn a_connection_that_is_not_there_is_an_error() {
    let site = site();
    site.passes("TW330");
    site.workspace.world(|world| world.catalog.remove_connection("sqlserver_erp"));
    insta::assert_snapshot!(site.told("TW330", 1), @r"
    error[TW330]: connection `sqlserver_erp` is not there, or tester@example.com may not see it
      --> tables.csv:2:1
      = target prod
      = why: pipelines read their source through it; the deploy would stop at the first that names it
      = fix: create a connection of type SQLSERVER of that name in Catalog Explorer, correct `connection_name`, or ask its owner for  GRANT USE CONNECTION ON CONNECTION `sqlserver_erp` TO `tester@example.com`
    ");
}

#[test]
fn a_connection_of_another_type_is_an_error() {
    let site = site();
    site.passes("TW331");
    site.workspace.world(|world| {
        world.catalog.add_connection("sqlserver_erp", "").connection_type = "SNOWFLAKE_V9".to_owned();
    });
    insta::assert_snapshot!(site.told("TW331", 1), @r"
    error[TW331]: connection `sqlserver_erp` is of type SNOWFLAKE_V9, and sql_server needs SQLSERVER
      --> tables.csv:2:1
      = target prod
      = why: the service refuses a pipeline whose connection is of another type
      = fix: name a connection of type SQLSERVER in `connection_name`, or the connector that fits this one
    ");
}

#[test]
fn a_connection_that_failed_is_an_error() {
    let site = site();
    site.passes("TW332");
    site.workspace
        .world(|world| world.catalog.add_connection("sqlserver_erp", "").state = "FAILED".to_owned());
    insta::assert_snapshot!(site.told("TW332", 1), @r"
    error[TW332]: connection `sqlserver_erp` is in state FAILED
      --> tables.csv:2:1
      = target prod
      = why: nothing can be read through it
      = fix: open it in Catalog Explorer and mend it, or ask tester@example.com to
    ");
}

#[test]
fn a_connection_that_who_runs_may_not_use_is_an_error() {
    let site = site();
    site.run_as_robot();
    insta::assert_snapshot!(site.told("TW333", 1), @r"
    error[TW333]: robot@example.com has no USE CONNECTION on connection `sqlserver_erp`
      --> tables.csv:2:1
      = target prod
      = why: the pipelines run as this identity
      = fix: GRANT USE CONNECTION ON CONNECTION `sqlserver_erp` TO `robot@example.com`
    ");
    site.grant("connection", "sqlserver_erp", ROBOT, &["USE_CONNECTION"]);
    site.passes("TW333");
}

#[test]
fn a_catalog_that_is_not_there_is_an_error() {
    let site = site();
    site.passes("TW340");
    site.settle(&format!("{ROOT}\ncatalogs: {{bronze: bronze_prod}}"));
    insta::assert_snapshot!(site.told("TW340", 1), @r"
    error[TW340]: catalog `bronze_prod` is not there, or tester@example.com may not see it
      --> tables.csv:2:1
      = target prod
      = why: destinations and gateway storage would have no place
      = fix: create it, map it to one of this workspace with `catalogs` in target `prod`, or ask its owner for  GRANT USE CATALOG ON CATALOG `bronze_prod` TO `tester@example.com`
    ");
}

#[test]
fn a_catalog_in_which_nothing_can_be_created_is_an_error() {
    let site = site();
    site.passes("TW341");
    site.workspace
        .world(|world| world.catalog.add_catalog("bronze").catalog_type = "FOREIGN_CATALOG".to_owned());
    insta::assert_snapshot!(site.told("TW341", 1), @r"
    error[TW341]: catalog `bronze` is a FOREIGN_CATALOG: nothing can be created in it
      --> tables.csv:2:1
      = target prod
      = why: destinations and gateway storage would have no place
      = fix: name an ordinary catalog in target_catalog
    ");
}

#[test]
fn privileges_that_who_runs_lacks_are_errors_with_the_statements() {
    let site = site();
    site.run_as_robot();
    site.grant("schema", "bronze.sales", ROBOT, &["USE_SCHEMA"]);
    insta::assert_snapshot!(site.told("TW342", 1), @r"
    error[TW342]: robot@example.com has no USE CATALOG on catalog `bronze`
      --> tables.csv:2:1
      = target prod
      = why: pipelines run as robot@example.com, and could not write destinations and gateway storage
      = fix: GRANT USE CATALOG ON CATALOG `bronze` TO `robot@example.com`
    ");
    insta::assert_snapshot!(site.told("TW344", 1), @r"
    error[TW344]: robot@example.com has no CREATE TABLE on schema `bronze.sales`
      --> tables.csv:2:1
      = target prod
      = why: pipelines run as robot@example.com, and could not write destinations
      = fix: GRANT CREATE TABLE ON SCHEMA `bronze`.`sales` TO `robot@example.com`

    error[TW344]: robot@example.com has no USE SCHEMA, CREATE TABLE, CREATE VOLUME on schema `bronze.staging`
      --> tables.csv:2:1
      = target prod
      = why: pipelines run as robot@example.com, and could not write gateway storage
      = fix: GRANT USE SCHEMA, CREATE TABLE, CREATE VOLUME ON SCHEMA `bronze`.`staging` TO `robot@example.com`
    ");
    site.grant("catalog", "bronze", ROBOT, &["USE_CATALOG"]);
    site.grant("schema", "bronze.sales", ROBOT, &["CREATE_TABLE"]);
    site.grant("schema", "bronze.staging", ROBOT, &["ALL_PRIVILEGES"]);
    site.passes("TW342");
    site.passes("TW344");
}

#[test]
fn a_missing_schema_is_a_note_or_an_error() {
    let site = site();
    site.passes("TW343");
    site.workspace.world(|world| world.catalog.remove_schema("bronze.staging"));
    insta::assert_snapshot!(site.told("TW343", 0), @r"
    note[TW343]: schema `bronze.staging` is not there; tester@example.com may create it
      --> tables.csv:2:1
      = target prod
      = why: it comes with the first update: gateway storage will be in it
      = fix: nothing to do if the name is meant; to have it before,  CREATE SCHEMA `bronze`.`staging`
    ");
    site.run_as_robot();
    insta::assert_snapshot!(site.told("TW343", 1), @r"
    error[TW343]: schema `bronze.staging` is not there, and robot@example.com may not create it
      --> tables.csv:2:1
      = target prod
      = why: gateway storage would have no place
      = fix: CREATE SCHEMA `bronze`.`staging`, or  GRANT CREATE SCHEMA ON CATALOG `bronze` TO `robot@example.com`
    ");
}

#[test]
fn jobs_that_start_all_at_once_are_told() {
    let site = site();
    site.passes("TW345");
    site.passes("TW346");
    site.rows(&sql_server_rows(205));
    let settings = site.context.read("tapworks.yml");
    site.context.write("tapworks.yml", &format!("max_tables_per_pipeline: 1\n{settings}"));
    insta::assert_snapshot!(site.told("TW345", 0), @r"
    note[TW345]: 205 jobs start in one minute, Sundays 00:00 UTC
      --> tables.csv:2:1
      = target prod
      = why: a workspace runs 1000 updates of pipelines side by side, some still 200: what comes beyond fails or waits
      = fix: spread the groups: give them different minutes in `schedule`, or fewer starts
    ");
    insta::assert_snapshot!(site.told("TW346", 0), @r"
    note[TW346]: all 205 jobs start at the same minutes: :00 :15 :30 :45
      --> tables.csv:2:1
      = target prod
      = why: sources, gateways and the workspace get all of it at once, and nothing in between
      = fix: give the groups different minutes, for example  2/15 * * * *  and  7/15 * * * *
    ");
    // Rows and settings are all that it takes.
    let said = site.check(&["--offline", "--only", "TW346", "-o", "json"]);
    assert_eq!(rules(&said.exits(0).json()), ["TW346"]);
}

#[test]
fn what_may_be_hidden_does_not_count_as_free() {
    let workspace = MockWorkspace::builder().identity(Identity::user("ana@example.com")).start().unwrap();
    let site = crate::check::site_of(workspace);
    let everywhere = |edit: &dyn Fn(&mut String)| {
        site.workspace.world(|world| {
            if let Some(metastore) = world.catalog.metastore.as_mut() {
                edit(&mut metastore.owner);
            }
            edit(&mut world.catalog.add_connection("sqlserver_erp", "").owner);
            edit(&mut world.catalog.add_catalog("bronze").owner);
            for schema in ["sales", "staging"] {
                edit(&mut world.catalog.add_schema("bronze", schema).owner);
            }
        });
    };
    everywhere(&|owner| *owner = "boss@example.com".to_owned());
    site.settle("mode: development");
    let ana = "ana@example.com";
    site.grant("connection", "sqlserver_erp", ana, &["USE_CONNECTION"]);
    site.grant("catalog", "bronze", ana, &["USE_CATALOG"]);
    for schema in ["bronze.sales", "bronze.staging"] {
        site.grant("schema", schema, ana, &["USE_SCHEMA", "CREATE_TABLE", "CREATE_VOLUME"]);
    }
    let document = site.document(0);
    insta::assert_snapshot!(why(&document, "TW322"), @"destinations in bronze.sales: seen only as far as ana@example.com may view; ask for  GRANT SELECT ON SCHEMA `bronze`.`sales` TO `ana@example.com`");
    for rule in ["TW320", "TW321", "TW323"] {
        assert_eq!(why(&document, rule), why(&document, "TW322"));
    }
    site.grant("schema", "bronze.sales", ana, &["SELECT"]);
    for rule in ["TW320", "TW321", "TW322", "TW323", "TW333", "TW342", "TW344"] {
        site.passes(rule);
    }
}

#[test]
fn what_is_refused_is_skipped_by_name_and_the_rest_is_judged() {
    let unity = "/api/2.1/unity-catalog";
    for (path, skipped) in [
        (format!("{unity}/connections/.*"), vec!["TW330", "TW331", "TW332"]),
        (format!("{unity}/schemas/.*"), vec!["TW343"]),
        (format!("{unity}/tables"), vec!["TW320", "TW321", "TW322", "TW323"]),
        (format!("{unity}/effective-permissions/.*"), vec![]),
    ] {
        let site = site();
        site.run_as_robot();
        site.workspace.world(|world| {
            world.catalog.add_catalog("bronze").catalog_type = "SYSTEM_CATALOG".to_owned();
        });
        site.workspace.fault(Fault::on("GET", &path).error(403, "PERMISSION_DENIED", "not for you").always());
        let document = site.document(1);
        for rule in skipped {
            assert!(why(&document, rule).contains("PERMISSION_DENIED: not for you"), "{rule}: {document}");
        }
        assert!(rules(&document).contains(&"TW341".to_owned()), "{path}: {document}");
    }
    // The lock knows where tables lie, so that the state is wanted for whose pipelines are ours alone.
    let site = site();
    site.context.run(&["generate"]).exits(0);
    let state = "/api/2.0/workspace/export";
    site.workspace.fault(Fault::on("GET", state).error(403, "PERMISSION_DENIED", "not for you").always());
    let document = site.document(0);
    assert!(why(&document, "TW322").contains("which pipelines are ours is not known"), "{document}");
}

#[test]
fn only_what_the_wanted_rules_need_is_asked() {
    let site = site();
    let asked = |only: &str, path: &str| {
        site.check(&["--only", only]).exits(0);
        site.workspace.count("GET", &format!("/api/2.1/unity-catalog/{path}"))
    };
    assert_eq!(asked("TW301", ".*"), 0);
    assert_eq!(asked("TW330", "(catalogs|schemas|tables).*"), 0);
    assert_eq!(asked("TW343", "(connections|tables).*"), 0);
    // The catalog, the schema with destinations, their grants, its tables and the metastore.
    assert_eq!(asked("TW322", ".*"), 6);
    assert_eq!(asked("TW322", "connections.*"), 0);
}

/// Nothing but the list of tables, two requests for each object, and one for each name hit.
#[test]
fn ten_thousand_tables_take_few_requests() {
    let site = site();
    let mut rows = sql_server_rows(0);
    for number in 0..10_000 {
        let schema = number % 40;
        rows.push_str(&format!(
            "sql_server,retail,sales,erp,dbo,Table{number},bronze,s{schema:02},table_{number},sqlserver_erp,bronze,staging\n"
        ));
    }
    site.rows(&rows);
    site.workspace.world(|world| {
        for schema in 0..40 {
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
    site.workspace.fault(Fault::on("*", ".*").delay(std::time::Duration::from_millis(20)).always());
    site.document(0);
    let lists = 5_000 / 100 + 3_000 / 100 + 40 * 500 / 100;
    // The connection, the catalog, the 40 schemas and that of the gateway.
    let objects = 2 * (1 + 1 + 41);
    let asked = site.workspace.requests().len();
    assert!(asked * 10 <= (lists + objects) * 12, "{asked} requests for {} at least", lists + objects);
    assert_eq!(site.workspace.count("GET", "/api/2.1/unity-catalog/tables/.*"), 0);
}
