//! `--report FORMAT=PATH`, through the binary

use serde_json::Value;
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said, sql_server_rows};

/// A checkout in whose folder `ingest` the table list has a mistake in line 3.
fn checkout() -> Context {
    let context = Context::new();
    context.write(".git/HEAD", "ref: refs/heads/main\n");
    context.write("ingest/my tables.csv", &sql_server_rows(3).replace("Table1,bronze", ",bronze"));
    context
}

fn generate(context: &Context, report: &str) -> Said {
    context.run(&["generate", "--source", "ingest/my tables.csv", "--output-dir", "out", "--report", report])
}

fn json(context: &Context, name: &str) -> Value {
    serde_json::from_str(&context.read(name)).unwrap()
}

#[test]
fn json_is_the_document_that_is_printed() {
    let context = checkout();
    let said = context.run(&[
        "generate",
        "--source",
        "ingest/my tables.csv",
        "-o",
        "json",
        "--report",
        "json=reports/run.json",
    ]);
    assert_eq!(said.exits(1).json(), json(&context, "reports/run.json"));
    assert_eq!(said.json()["format"], "tapworks.generate/1");
    assert_eq!(said.json()["findings"][0]["where"]["file"]["line"], 3);
}

#[test]
fn junit_has_a_failed_case_for_the_mistake() {
    let context = checkout();
    generate(&context, "junit=junit.xml").exits(1);
    let text = context.read("junit.xml");
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!(suite.attribute("name"), Some("tapworks generate"));
    assert_eq!((suite.attribute("failures"), suite.attribute("errors")), (Some("1"), Some("0")), "{text}");
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    let case = failure.parent().unwrap();
    assert_eq!(case.attribute("file"), Some("ingest/my tables.csv"));
    assert_eq!(case.attribute("line"), Some("3"));
    assert!(failure.text().unwrap().contains("fix: "), "{text}");
}

#[test]
fn sarif_has_a_result_at_the_cell() {
    let context = checkout();
    generate(&context, "sarif=out.sarif").exits(1);
    let document = json(&context, "out.sarif");
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["level"] == "error").unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "ingest/my%20tables.csv");
    assert_eq!(place["region"]["startLine"], 3);
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    // What the findings say is not said a second time as a failure of the tool.
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn github_annotates_the_cell_in_a_file_or_in_the_log() {
    let context = checkout();
    generate(&context, "github=annotations").exits(1);
    let text = context.read("annotations");
    assert!(text.starts_with("::error file=ingest/my tables.csv,line=3,col="), "{text}");

    let said = generate(&context, "github=-");
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains(text.lines().next().unwrap()), "{}", said.stderr);
}

#[test]
fn a_run_without_findings_leaves_reports_too() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context
        .run(&[
            "generate",
            "--source",
            "tables.csv",
            "--report",
            "junit=junit.xml",
            "--report",
            "sarif=s",
            "--report",
            "github=g",
            "--report",
            "json=j",
        ])
        .exits(0);
    assert!(context.read("junit.xml").contains("no findings"));
    assert_eq!(json(&context, "s")["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(context.read("g"), "");
    assert_eq!(json(&context, "j")["projects"][0]["name"], "retail");
}

#[test]
fn a_deploy_that_breaks_off_is_reported() {
    let workspace = MockWorkspace::start();
    let mut context = Context::with(&workspace);
    context.write("tables.csv", &sql_server_rows(3));
    context.set("DATABRICKS_TOKEN", "dapi-not-the-right-one");
    context
        .run(&[
            "deploy",
            "--source",
            "tables.csv",
            "--target",
            "prod",
            "--report",
            "junit=junit.xml",
            "--report",
            "sarif=s",
            "--report",
            "github=g",
            "--report",
            "json=j",
        ])
        .exits(5);
    let text = context.read("junit.xml");
    let document = roxmltree::Document::parse(&text).unwrap();
    let error = document.descendants().find(|node| node.has_tag_name("error")).unwrap();
    assert!(error.attribute("message").unwrap().contains("target `prod`"), "{text}");
    let invocation = &json(&context, "s")["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert!(context.read("g").contains("::error title=tapworks deploy::"));
    assert_eq!(json(&context, "j")["format"], "tapworks.deploy/1");
    for name in ["junit.xml", "s", "g", "j"] {
        assert!(!context.read(name).contains("dapi-not-the-right-one"), "{name}");
    }
}

#[test]
fn a_report_that_cannot_be_written_fails_a_run_that_was_well() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context.write("taken/file", "");
    let arguments = |path: &str| {
        vec![
            "generate".to_owned(),
            "--source".into(),
            "tables.csv".into(),
            "--report".into(),
            format!("junit={path}"),
        ]
    };
    let said = context.command(&[]).args(arguments("taken")).output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("taken"));
    assert!(context.path("dab_deployment/retail/databricks.yml").exists(), "the work itself was done");
}

#[test]
fn wrong_usage_names_the_formats() {
    let context = Context::new();
    for (report, word) in [
        ("xml=a", "json, junit, sarif, github, md"),
        ("junit", "FORMAT=PATH"),
        ("junit=", "FORMAT=PATH"),
        ("sarif=-", "standard output"),
    ] {
        let said = context.run(&["generate", "--source", "tables.csv", "--report", report]);
        assert!(said.exits(2).stderr.contains(word), "{report}: {}", said.stderr);
    }
    let twice = ["generate", "--source", "tables.csv", "--report", "junit=a", "--report", "sarif=a"];
    assert!(context.run(&twice).exits(2).stderr.contains("write over another report"));
}

#[test]
fn a_report_never_replaces_what_is_read() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(1));
    context.write("tapworks.yml", "source: tables.csv\n");
    for (path, what) in [("./tables.csv", "the table list"), ("tapworks.yml", "the settings file")] {
        let said = context.run(&["generate", "--report", &format!("json={path}")]);
        assert!(said.exits(2).stderr.contains(what), "{path}: {}", said.stderr);
    }
    assert_eq!(context.read("tables.csv"), sql_server_rows(1));
}
