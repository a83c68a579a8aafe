//! What `docs/migration.md` promises to users of the predecessor.

use crate::context::{Context, sql_server_rows};
use crate::list::{self, Row};
use tapworks_mocks::workspace::{MockWorkspace, Rows};

/// The rows as the predecessor takes them: no column `connector`.
fn rows() -> String {
    let rows = sql_server_rows(3);
    let rows: Vec<&str> = rows.lines().map(|line| line.split_once(',').unwrap().1).collect();
    rows.join("\n")
}

#[test]
fn every_flag_of_the_predecessor_is_taken() {
    let context = Context::new();
    context.write("tables.csv", &rows());
    context.write(
        "settings.json",
        r#"{"targets": {"old": {"workspace_host": "https://old.example.com"}},
            "default_values": {"*": {"schedule": "0 9 * * 1"}},
            "override_input_config": {"tags": "from=file"},
            "max_tables_per_pipeline": 100}"#,
    );
    let said = context.run(&[
        "generate",
        "--connector",
        "sql_server",
        "--input-config",
        "tables.csv",
        "--settings",
        "settings.json",
        "--output-dir",
        "out",
        "--output-config",
        "resolved.csv",
        "--targets",
        r#"{"dev": {"workspace_host": "https://dev.example.com"}}"#,
        "--default-values",
        r#"{"*": {"pause_status": "PAUSED"}}"#,
        "--override",
        r#"{"scd_type": "SCD_TYPE_2"}"#,
        "--max-tables-per-pipeline",
        "1",
        "--max-tables-per-gateway",
        "2",
        "--verbose",
    ]);
    said.exits(0);
    let root = context.read("out/retail/databricks.yml");
    assert!(root.contains("https://dev.example.com") && !root.contains("old"), "{root}");
    let jobs = context.read("out/retail/resources/jobs.yml");
    assert_eq!(jobs.matches("quartz_cron_expression: \"0 0 9 ? * 2\"").count(), 3, "{jobs}");
    assert_eq!(jobs.matches("pause_status: PAUSED").count(), 3, "{jobs}");
    let pipelines = context.read("out/retail/resources/pipelines.yml");
    assert!(pipelines.contains("pipeline_sales_01_g02_p01:"), "{pipelines}");
    assert_eq!(pipelines.matches("scd_type: SCD_TYPE_2").count(), 3, "{pipelines}");
    assert!(!pipelines.contains("from: file"), "{pipelines}");
    assert!(context.read("resolved.csv").contains(",sales_01_g02,sales_01_g02_p01\n"));
    let quiet = ["--connector", "sql_server", "--input-config", "tables.csv", "--quiet"];
    assert_eq!(context.run(&[&["generate"], &quiet[..]].concat()).exits(0).stderr, "");
}

/// What the predecessor writes, deployed, is changed in place: nothing is added, recreated or deleted.
#[test]
fn what_the_predecessor_deployed_is_kept() {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    context.write("tables.csv", &rows());
    workspace.world(|world| world.furnish(&Rows::from_csv(&rows()).unwrap()));
    context.write(
        "settings.json",
        &format!(r#"{{"targets": {{"dev": {{"workspace_host": "{}"}}}}}}"#, workspace.url()),
    );
    let arguments =
        ["--connector", "sql_server", "--input-config", "tables.csv", "--settings", "settings.json"];
    context.run(&[&["generate", "--output-dir", "old"], &arguments[..]].concat()).exits(0);
    // The predecessor's form of the same bundle: no engine, no flag for the tables.
    for file in ["databricks.yml", "resources/gateways.yml", "resources/pipelines.yml"] {
        let path = format!("old/retail/{file}");
        let text = context.read(&path);
        let ours = ["Written by tapworks", "engine:", "databricks_cli_version:", "cascade_on_destroy:"];
        let theirs: Vec<&str> =
            text.lines().filter(|line| !ours.iter().any(|word| line.contains(word))).collect();
        assert!(theirs.len() < text.lines().count());
        context.write(&path, &theirs.join("\n"));
    }
    let old = context.databricks("old/retail", &["bundle", "deploy", "-t", "dev"]);
    assert!(old.status.success(), "{}", String::from_utf8_lossy(&old.stderr));
    // Its folder is not ours to write to.
    let said = context.run(&[&["generate", "--output-dir", "old"], &arguments[..]].concat());
    assert!(said.exits(1).stderr.contains("was not written by tapworks"), "{}", said.stderr);
    let deploy = ["deploy", "--target", "dev", "--output-dir", "new", "-o", "json"];
    let document = context.run(&[&deploy[..], &arguments[..]].concat()).exits(0).json();
    let resources = &document["targets"][0]["projects"][0]["resources"];
    let expected =
        serde_json::json!({"created": 0, "updated": 2, "recreated": 0, "deleted": 0, "unchanged": 1});
    assert_eq!(resources, &expected);
}

/// What the predecessor writes for these rows, so many to a pipeline and a gateway, group by group in the rows' order.
fn old_output(context: &Context, list: &[Row], per_pipeline: usize, per_gateway: usize) {
    let mut subgroups: Vec<&str> = list.iter().map(|row| row.subgroup.as_str()).collect();
    subgroups.sort_unstable();
    subgroups.dedup();
    let (mut gateways, mut pipelines) = (String::from("resources:\n  pipelines:\n"), String::new());
    let mut pipeline = |base: &str, rows: &[&Row], reader: &str| {
        for (number, rows) in (1..).zip(rows.chunks(per_pipeline)) {
            let name = format!("{base}_p{number:02}");
            pipelines.push_str(&format!(
                "    pipeline_{name}:\n      name: {name}\n      ingestion_definition:\n        {reader}\n        objects:\n"
            ));
            for Row { source, catalog, schema, table, .. } in rows {
                pipelines.push_str(&format!(
                    "        - table:\n            source_schema: dbo\n            source_table: {source}\n            \
                     destination_catalog: {catalog}\n            destination_schema: {schema}\n            \
                     destination_table: {table}\n"
                ));
            }
            pipelines.push_str("      schema: sales\n      catalog: bronze\n");
        }
    };
    for subgroup in subgroups {
        let group = format!("sales_{subgroup}");
        let rows: Vec<&Row> = list.iter().filter(|row| row.subgroup == subgroup).collect();
        if list[0].connector != "sql_server" {
            pipeline(&group, &rows, "connection_name: erp");
            continue;
        }
        for (number, rows) in (1..).zip(rows.chunks(per_gateway)) {
            let gateway = format!("{group}_g{number:02}");
            gateways.push_str(&format!(
                "    gateway_{gateway}:\n      name: {gateway}\n      gateway_definition:\n        connection_name: erp\n        \
                 gateway_storage_catalog: bronze\n        gateway_storage_schema: staging\n        \
                 gateway_storage_name: {gateway}\n"
            ));
            let reader = format!("ingestion_gateway_id: ${{resources.pipelines.gateway_{gateway}.id}}");
            pipeline(&gateway, rows, &reader);
        }
    }
    let root = "bundle:\n  name: retail\ninclude:\n- resources/*.yml\n";
    context.write("dab_deployment/retail/databricks.yml", root);
    if gateways.contains("gateway_") {
        context.write("dab_deployment/retail/resources/gateways.yml", &gateways);
    }
    let pipelines = format!("resources:\n  pipelines:\n{pipelines}");
    context.write("dab_deployment/retail/resources/pipelines.yml", &pipelines);
}

#[test]
fn an_import_keeps_every_place_that_the_predecessor_gave() {
    for (connector, per_pipeline, per_gateway) in
        [("salesforce", 10, 250), ("sql_server", 10, 250), ("sql_server", 10, 25), ("sql_server", 20, 20)]
    {
        let about = format!("{connector}, {per_pipeline}, {per_gateway}");
        let context = Context::new();
        let mut list = list::rows(connector, 0, 64);
        // Two groups, mixed row by row.
        for (number, row) in list.iter_mut().enumerate() {
            row.subgroup = if number % 3 == 0 { "02".to_owned() } else { "01".to_owned() };
        }
        old_output(&context, &list, per_pipeline, per_gateway);
        let before = list::places(&context, "dab_deployment");
        assert_eq!(before.len(), 64);
        context
            .run(&["lock", "import", "--from-bundle", "dab_deployment", "--lock", "tapworks.lock"])
            .exits(0);
        // The same limits, limits of our own, and an edited list.
        let limits =
            format!("max_tables_per_pipeline: {per_pipeline}\nmax_tables_per_gateway: {per_gateway}\n");
        for (round, settings) in [limits.as_str(), "", ""].into_iter().enumerate() {
            if round == 2 {
                let mut more = list::rows(connector, 100, 7);
                more.iter_mut().for_each(|row| row.subgroup = "01".to_owned());
                list.splice(0..0, more);
                list::shuffle(&mut list);
            }
            list::write(&context, &list);
            context.write("tapworks.yml", settings);
            let arguments = ["generate", "--source", "tables.csv", "--output-dir", "new", "-o", "json"];
            let document = context.run(&arguments).exits(0).json();
            assert_eq!(document["placement"][0]["kept"]["the lock"], 64, "{about}");
            let after = list::places(&context, "new");
            assert_eq!(after.len(), list.len(), "{about}");
            list::assert_none_moved(&before, &after, &about);
        }
    }
}
