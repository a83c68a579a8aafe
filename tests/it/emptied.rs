//! A project in several bundles, one of which loses all of its rows while the project lives on.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, Said, pipeline_names};
use crate::list::{self, Row, rows};

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Twice so many tables of one project, the second half in `retail_b02`, deployed to `prod`.
fn deployed(half: usize, second_prefix: &str) -> (Site, Vec<Row>, Vec<Row>) {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let site = Site { workspace, context };
    site.settle(half, &["prod"]);
    let (first, mut second) = (rows("salesforce", 0, half), rows("salesforce", half, half));
    for row in &mut second {
        row.prefix = second_prefix.to_owned();
    }
    site.list(&[&first, &second]);
    site.deploy(&[]).exits(0);
    site.workspace.clear_requests();
    (site, first, second)
}

impl Site {
    fn settle(&self, most: usize, targets: &[&str]) {
        let mut settings = format!(
            "source: tables.csv\noutput_dir: out\nmax_tables_per_pipeline: 3\nmax_tables_per_bundle: {most}\ntargets:\n"
        );
        for name in targets {
            let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
            settings.push_str(&format!(
                "  {name}:\n    workspace_host: {}\n    root_path: {root}\n    mode: production\n    presets: {{name_prefix: \"{name} \"}}\n    schemas: {{sales: sales_{name}}}\n",
                self.workspace.url()
            ));
        }
        self.context.write("tapworks.yml", &settings);
    }

    fn list(&self, parts: &[&[Row]]) {
        list::write(&self.context, &parts.concat());
    }

    fn run(&self, command: &str, target: &str, more: &[&str]) -> Said {
        self.context.run(&[&[command, "--target", target, "-o", "json"], more].concat())
    }

    fn plan(&self) -> Said {
        self.run("plan", "prod", &[])
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.run("deploy", "prod", more)
    }

    /// Deploys with consent to the deletion of these pipelines.
    fn deploy_without(&self, target: &str, pipelines: &[&str], more: &[&str]) -> Said {
        let consents: Vec<String> = pipelines.iter().map(|name| format!("delete:pipeline_{name}")).collect();
        let allowed: Vec<&str> = consents.iter().flat_map(|consent| ["--allow", consent]).collect();
        self.run("deploy", target, &[&allowed, more].concat())
    }

    fn empty_checkout(&self) {
        let _ = std::fs::remove_file(self.context.path("tapworks.lock"));
        let _ = std::fs::remove_dir_all(self.context.path("out"));
    }

    fn pipelines(&self) -> Vec<String> {
        pipeline_names(&self.workspace)
    }
}

const SECOND: [&str; 2] = ["sales_01_p03", "sales_01_p04"];
const TILLS: [&str; 2] = ["tills_01_p01", "tills_01_p02"];

/// What a plan says of everything but the inputs.
fn changes(document: &Value) -> [Value; 4] {
    ["summary", "tables", "resources", "needs"].map(|part| document[part].clone())
}

#[test]
fn it_is_planned_and_told_in_any_checkout() {
    for (prefix, pipelines) in [("sales", SECOND), ("tills", TILLS)] {
        let (site, first, _) = deployed(6, prefix);
        site.list(&[&first]);
        let used = site.plan().exits(0).json();
        assert_eq!(used["summary"]["tables"]["remove"], 6, "{used:#}");
        assert_eq!(used["summary"]["tables"]["unchanged"], 6, "{used:#}");
        assert_eq!(used["summary"]["resources"]["delete"], 4, "two pipelines and two jobs: {used:#}");
        let consents = pipelines.map(|name| format!("delete:pipeline_{name}"));
        assert_eq!(used["summary"]["needs_consent"], json!(consents), "{used:#}");
        let told = "warning[TW257]: bundle `retail_b02` of project `retail` has 6 tables in 2 pipelines, but no rows any more";
        let said = site.run("check", "prod", &[]);
        assert!(said.exits(0).stdout.contains("TW257"), "{}", said.stdout);
        let said = site.run("deploy", "prod", &[]);
        assert!(said.exits(4).stderr.contains(told), "{}", said.stderr);
        // By now the lock has its tables as gone.
        assert_eq!(changes(&site.plan().exits(0).json()), changes(&used), "{prefix}");
        site.empty_checkout();
        let said = site.plan();
        assert!(said.exits(0).stderr.contains(told), "{}", said.stderr);
        assert_eq!(changes(&said.json()), changes(&used), "{prefix}");
        let said = site.run("check", "prod", &[]);
        assert!(said.exits(0).stdout.contains("TW257"), "{}", said.stdout);
        assert!(site.workspace.writes().is_empty());
    }
}

#[test]
fn its_pipelines_go_with_consent_and_then_it_is_no_bundle_any_more() {
    for is_fresh in [false, true] {
        let (site, first, second) = deployed(6, "tills");
        site.list(&[&first]);
        if is_fresh {
            site.empty_checkout();
        }
        let said = site.deploy(&[]);
        for name in TILLS {
            assert!(
                said.exits(4).stderr.contains(&format!("--allow delete:pipeline_{name}")),
                "{}",
                said.stderr
            );
        }
        site.deploy_without("prod", &TILLS, &[]).exits(0);
        assert_eq!(site.pipelines(), ["prod sales_01_p01", "prod sales_01_p02"]);
        // It is neither planned nor written again, wherever that is asked.
        for _ in 0..2 {
            site.workspace.clear_requests();
            let said = site.deploy(&[]);
            let document = said.exits(0).json();
            assert_eq!(document["targets"][0]["projects"].as_array().unwrap().len(), 1, "{document:#}");
            assert!(!said.stderr.contains("retail_b02"), "{}", said.stderr);
            assert!(site.workspace.writes().is_empty());
            site.empty_checkout();
        }
        assert!(!site.context.path("out/retail_b02").exists());
        // Rows that come back are new.
        site.list(&[&first, &second]);
        site.deploy(&[]).exits(0);
        assert_eq!(site.pipelines().len(), 4);
    }
}

#[test]
fn its_tables_count_for_the_project() {
    let (site, first, _) = deployed(60, "tills");
    site.list(&[&first]);
    site.empty_checkout();
    let document = site.plan().exits(0).json();
    let needs = document["summary"]["needs_consent"].as_array().unwrap();
    assert!(needs.contains(&Value::from("remove:retail")), "{needs:?}");
    let pipelines: Vec<String> = (1..=20).map(|number| format!("tills_01_p{number:02}")).collect();
    let pipelines: Vec<&str> = pipelines.iter().map(String::as_str).collect();
    let said = site.deploy_without("prod", &pipelines, &[]);
    assert!(said.exits(4).stderr.contains("60 of 120 tables leave project retail"), "{}", said.stderr);
    site.deploy_without("prod", &pipelines, &["--allow", "remove:retail"]).exits(0);
    assert_eq!(site.pipelines().len(), 20);
}

#[test]
fn generate_empties_its_package_once() {
    let (site, first, _) = deployed(6, "tills");
    site.list(&[&first]);
    let generate = || site.context.run(&["generate"]);
    let said = generate();
    assert!(said.exits(0).stderr.contains("warning[TW257]: bundle `retail_b02`"), "{}", said.stderr);
    assert!(site.context.path("out/retail_b02/databricks.yml").exists());
    assert!(!site.context.path("out/retail_b02/resources/pipelines.yml").exists());
    let said = generate();
    assert!(!said.exits(0).stderr.contains("retail_b02"), "{}", said.stderr);
    // What is deployed of it is known all the same.
    let said = site.deploy(&[]);
    assert!(said.exits(4).stderr.contains("--allow delete:pipeline_tills_01_p01"), "{}", said.stderr);
}

#[test]
fn a_folder_that_is_left_of_it_is_told() {
    let (site, first, _) = deployed(6, "tills");
    let package = site.context.read("out/retail_b02/resources/pipelines.yml");
    site.list(&[&first]);
    site.deploy_without("prod", &TILLS, &[]).exits(0);
    // A checkout in which it was committed.
    site.context.write("out/retail_b02/resources/pipelines.yml", &package);
    let note = "note[TW151]: bundle `retail_b02` of project `retail` has a folder, but no rows any more";
    for command in ["generate", "plan", "check"] {
        let said = site.context.run(&[command]);
        assert!(
            said.exits(0).stdout.contains(note) || said.stderr.contains(note),
            "{command}: {} {}",
            said.stdout,
            said.stderr
        );
        assert!(!said.stderr.contains("--remove-project"), "{}", said.stderr);
    }
}

#[test]
fn a_lock_that_knows_nothing_of_it_is_no_harm() {
    let (site, first, second) = deployed(6, "tills");
    site.list(&[&first]);
    for row in &second {
        site.context.run(&["lock", "forget", &format!("bronze.sales.{}", row.table)]).exits(0);
    }
    let said = site.deploy(&[]);
    assert!(said.exits(4).stderr.contains("--allow delete:pipeline_tills_01_p01"), "{}", said.stderr);
}

/// A table of a project that has nothing to do with the other.
fn another_project() -> Vec<Row> {
    let mut other = rows("salesforce", 20, 1);
    other[0].project = "shop".to_owned();
    other[0].prefix = "shop".to_owned();
    other
}

#[test]
fn a_project_is_removed_whichever_of_its_bundles_is_left() {
    for is_fresh in [false, true] {
        let (site, first, second) = deployed(6, "tills");
        let other = another_project();
        site.list(&[&first, &second, &other]);
        site.deploy(&[]).exits(0);
        // The first bundle is emptied, and deployed so.
        site.list(&[&second, &other]);
        let said = site.deploy(&["--remove-project", "retail"]);
        assert!(
            said.exits(1).stderr.contains("project `retail` is to be removed and has rows"),
            "{}",
            said.stderr
        );
        let said = site.deploy(&[]);
        assert!(!said.exits(4).stderr.contains("--remove-project"), "{}", said.stderr);
        site.deploy_without("prod", &["sales_01_p01", "sales_01_p02"], &[]).exits(0);
        site.list(&[&other]);
        let said = site.deploy(&[]);
        if is_fresh {
            site.empty_checkout();
        } else {
            assert!(said.exits(0).stderr.contains("--remove-project"), "{}", said.stderr);
        }
        site.deploy(&["--remove-project", "retail"]).exits(4);
        site.deploy_without("prod", &TILLS, &["--remove-project", "retail"]).exits(0);
        assert_eq!(site.pipelines(), ["prod shop_01_p01"]);
        assert!(
            !site.context.read("tapworks.lock").contains("retail"),
            "{}",
            site.context.read("tapworks.lock")
        );
        let said = site.deploy(&[]);
        assert!(!said.exits(0).stderr.contains("retail"), "{}", said.stderr);
    }
}

#[test]
fn each_target_is_emptied_in_its_own_time() {
    let (site, first, second) = deployed(6, "tills");
    site.settle(6, &["prod", "dev"]);
    site.list(&[&first, &second]);
    site.run("deploy", "dev", &[]).exits(0);
    site.list(&[&first]);
    site.deploy_without("prod", &TILLS, &[]).exits(0);
    assert_eq!(site.pipelines().len(), 6);
    site.deploy(&[]).exits(0);
    for _ in 0..2 {
        let document = site.run("plan", "dev", &[]).exits(0).json();
        assert_eq!(document["summary"]["tables"]["remove"], 6, "{document:#}");
        site.empty_checkout();
    }
    site.deploy_without("dev", &TILLS, &[]).exits(0);
    assert_eq!(site.pipelines().len(), 4);
}

#[test]
fn a_run_that_was_cut_off_after_it_goes_on() {
    let (site, mut first, _) = deployed(6, "tills");
    // Both bundles change, and the other one fails.
    first.pop();
    site.list(&[&first]);
    let refused = Fault::on("PUT", "/api/2.0/pipelines/.*").always();
    site.workspace.fault(refused.error(400, "INVALID_PARAMETER_VALUE", "no"));
    let said = site.deploy_without("prod", &TILLS, &["--keep-going"]);
    said.exits(6);
    assert_eq!(site.pipelines().len(), 2, "{}", said.stderr);
    site.workspace.clear_faults();
    site.context.run(&["deploy", "--resume", "last"]).exits(0);
    let said = site.deploy(&[]);
    assert!(!said.exits(0).stderr.contains("retail_b02"), "{}", said.stderr);
}

#[test]
fn a_project_is_removed_with_all_of_its_bundles_where_the_lock_does_not_know_it() {
    let (site, first, second) = deployed(6, "tills");
    let other = another_project();
    site.list(&[&first, &second, &other]);
    site.deploy(&[]).exits(0);
    // The lock of a checkout that never had it.
    let lock = site.context.read("tapworks.lock");
    let lock: String = lock
        .lines()
        .filter(|line| !line.contains("sales_01") && !line.contains("tills_01"))
        .map(|line| format!("{line}\n"))
        .collect();
    site.empty_checkout();
    site.context.write("tapworks.lock", &lock);
    site.list(&[&other]);
    let said = site.deploy(&["--remove-project", "retail"]);
    for name in ["sales_01_p01", "sales_01_p02", "tills_01_p01", "tills_01_p02"] {
        assert!(said.exits(4).stderr.contains(&format!("--allow delete:pipeline_{name}")), "{}", said.stderr);
    }
    site.deploy_without(
        "prod",
        &["sales_01_p01", "sales_01_p02", "tills_01_p01", "tills_01_p02"],
        &["--remove-project", "retail"],
    )
    .exits(0);
    assert_eq!(site.pipelines(), ["prod shop_01_p01"]);
}
