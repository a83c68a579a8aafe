//! Settings, what is made of them, and what is said about them: `init`, `schema`, `explain`, and mistakes by line.

use crate::context::{Context, sql_server_rows};

#[test]
fn a_starter_is_read_as_it_is_written() {
    let context = Context::new();
    context.run(&["init"]).exits(0);
    assert!(
        context.read("tapworks.yml").starts_with("# yaml-language-server: $schema=tapworks.schema.json\n")
    );
    context.write("tables.csv", &sql_server_rows(3));
    let said = context.run(&["generate", "-o", "json"]);
    assert_eq!(said.exits(0).json()["projects"][0]["tables"], 3);
    let again = context.run(&["init"]);
    assert!(again.exits(1).stderr.contains("is there already"), "{}", again.stderr);
}

#[test]
fn the_schema_knows_every_key_of_the_starter() {
    let schema = Context::new().run(&["schema", "settings"]).exits(0).json();
    let properties = schema["properties"].as_object().unwrap();
    for key in
        ["source", "targets", "default_values", "override_input_config", "timezone", "databricks_cli_version"]
    {
        assert!(properties.contains_key(key), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn a_value_is_explained_with_what_lost() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(2));
    context.write(
        "tapworks.yml",
        "source: tables.csv\ndefault_values:\n  \"*\":\n    schedule: \"0 1 * * *\"\n  sales:\n    schedule: \"0 2 * * *\"\n",
    );
    let said = context.run(&["explain", "table", "Bronze.sales.table_1", "-o", "json"]);
    let document = said.exits(0).json();
    let schedule =
        document["fields"].as_array().unwrap().iter().find(|field| field["column"] == "schedule").unwrap();
    assert_eq!(schedule["value"], "0 2 * * *");
    assert_eq!(schedule["where"]["file"]["line"], 6);
    assert_eq!(schedule["lost"][0]["value"], "0 1 * * *");
    let unknown = context.run(&["explain", "table", "bronze.sales.table_9"]);
    assert!(unknown.exits(1).stderr.contains("did you mean bronze.sales.table_"), "{}", unknown.stderr);
}

#[test]
fn a_weight_is_explained_and_stays_out_of_the_bundle() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(2));
    context.write(
        "tapworks.yml",
        "source: tables.csv\nplacement: weighted\ndefault_values:\n  sales:\n    weight: 7731\n",
    );
    let document = context.run(&["explain", "table", "bronze.sales.table_1", "-o", "json"]).exits(0).json();
    let fields = document["fields"].as_array().unwrap();
    let weight = fields.iter().find(|field| field["column"] == "weight").unwrap();
    assert_eq!((weight["value"].as_str(), &weight["where"]["file"]["line"]), (Some("7731"), &5.into()));
    context.run(&["generate"]).exits(0);
    let pipelines = context.read("dab_deployment/retail/resources/pipelines.yml");
    assert!(pipelines.contains("table_1") && !pipelines.contains("7731"), "{pipelines}");
}

#[test]
fn a_rule_is_explained() {
    let said = Context::new().run(&["explain", "tw301"]);
    assert!(said.exits(0).stdout.starts_with("TW301: pipeline name is already used"), "{}", said.stdout);
    Context::new().run(&["explain", "TW999"]).exits(2);
}

#[test]
fn settings_without_a_usable_source_or_target_say_what_is_wrong_with_them() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(1));
    for (settings, command) in [
        ("- a\n", vec!["generate"]),
        ("source: [a]\n", vec!["generate"]),
        ("targets: [dev]\n", vec!["generate", "--source", "tables.csv"]),
        ("targets: [dev]\n", vec!["deploy", "--source", "tables.csv", "--target", "dev"]),
        ("source: [a]\n", vec!["explain", "table", "a.b.c"]),
    ] {
        context.write("tapworks.yml", settings);
        let said = context.run(&command);
        assert!(said.exits(1).stderr.contains("error[TW1"), "{settings} {}", said.stderr);
        assert!(!said.stderr.contains("there is no t"), "{}", said.stderr);
    }
}

#[test]
fn a_command_that_fails_prints_a_document_too() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(1));
    let init = context.run(&["init", "-o", "json"]).exits(0).json();
    assert_eq!((&init["format"], init["written"].as_array().unwrap().len()), (&"tapworks.init/1".into(), 2));
    for (command, format) in
        [(vec!["init"], "tapworks.init/1"), (vec!["explain", "table", "a.b.c"], "tapworks.explain/1")]
    {
        let said = context.run(&[&command[..], &["-o", "json"]].concat()).exits(1).json();
        assert_eq!(said["format"], format);
        assert!(said["error"]["message"].is_string(), "{said}");
    }
}

#[test]
fn twelve_mistakes_are_twelve_findings_in_one_run() {
    let context = Context::new();
    context.write(
        "tables.csv",
        "project_name,prefix,subgroup,source_database,source_schema,source_table_name,target_catalog,target_schema,\
target_table_name,connection_name,schedule,scd_type,pause_status,tags,include_columns,exclude_columns
p,a,1,db,dbo,T1,lake,raw,t1,c,99 * * * *,,,,,
p,b,1,db,dbo,T2,lake,raw,t2,c,,SCD9,,,,
p,c,1,db,dbo,T3,lake,raw,t3,c,,,maybe,,,
p,d,1,db,dbo,T4,lake,raw,t4,c,,,,nonsense,,
p,e,1,db,dbo,T5,lake,raw,t5,c,,,,,A,B
p,f,1,db,dbo,T6,la.ke,raw,t6,c,,,,,,
p,g,1,db,dbo,T7,lake,ra w,t7,c,,,,,,
p,h,1,db,dbo,T8,lake,raw,t/8,c,,,,,,
p,i,1,db,dbo,,lake,raw,t9,c,,,,,,
p,j,1,db,dbo,T10,lake,raw,T1,c,,,,,,
p,k!,1,db,dbo,T11,lake,raw,t11,c,,,,,,
p,l,1,db,dbo,T12${bundle.name},lake,raw,t12,c,,,,,,
",
    );
    let said = context.run(&[
        "generate",
        "--source",
        "tables.csv",
        "--connector",
        "sql_server",
        "--output-dir",
        "out",
        "-o",
        "json",
    ]);
    let document = said.exits(1).json();
    let places: Vec<(u64, u64)> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| {
            let place = &finding["where"]["file"];
            (place["line"].as_u64().unwrap(), place["column"].as_u64().unwrap())
        })
        .collect();
    let expected: Vec<(u64, u64)> = vec![
        (2, 31),
        (3, 32),
        (4, 33),
        (5, 34),
        (6, 37),
        (7, 17),
        (8, 22),
        (9, 26),
        (10, 14),
        (11, 27),
        (12, 3),
        (13, 14),
    ];
    assert_eq!(places, expected, "{}", said.stderr);
    assert!(!context.path("out").exists());
}

#[test]
fn the_resolved_table_is_written_and_reads_back_the_same() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    let arguments =
        ["generate", "--source", "tables.csv", "--output-config", "resolved.csv", "--output-dir", "a"];
    context.run(&arguments).exits(0);
    let resolved = context.read("resolved.csv");
    assert!(
        resolved.lines().next().unwrap().ends_with(
            "prefix,schedule,gateway_worker_type,gateway_driver_type,subgroup,gateway,pipeline_group"
        ) || resolved.lines().next().unwrap().ends_with("gateway,pipeline_group"),
        "{resolved}"
    );
    assert!(resolved.contains(",sales_01_g01,sales_01_g01_p01\n"), "{resolved}");
    context.run(&["generate", "--source", "resolved.csv", "--output-dir", "b"]).exits(0);
    assert_eq!(
        context.read("a/retail/resources/pipelines.yml"),
        context.read("b/retail/resources/pipelines.yml")
    );
}
