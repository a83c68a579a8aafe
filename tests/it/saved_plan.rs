//! `tapworks plan --out FILE` and `tapworks deploy FILE`: exactly what was planned, or nothing.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Identity, MockWorkspace};

use crate::context::{Context, Said, sql_server_rows};

const ARGUMENTS: &str = "programs/arguments.log";
const LIST: &str = "source/tables.csv";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// A workspace that holds ten rows as `main.cfg.tables`, and a settings file.
fn site() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let file = context.write(LIST, &sql_server_rows(10));
    workspace.world(|world| world.watch_csv("main.cfg.tables", &file)).unwrap();
    let site = Site { workspace, context };
    site.settle("");
    site
}

impl Site {
    fn settle(&self, more: &str) {
        let host = self.workspace.url();
        let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
        let settings =
            format!("targets:\n  prod:\n    workspace_host: {host}\n    root_path: {root}\n{more}");
        self.context.write("tapworks.yml", &settings);
    }

    fn rewrite(&self, rows: &str) {
        self.context.write(LIST, rows);
    }

    fn plan(&self) -> Said {
        self.context.run(&[
            "plan",
            "--source",
            "main.cfg.tables",
            "--target",
            "prod",
            "--out",
            "prod.plan",
            "-o",
            "json",
        ])
    }

    fn deploy_plan(&self, more: &[&str]) -> Said {
        self.context.run(&[&["deploy", "prod.plan", "-o", "json"], more].concat())
    }

    fn deploy(&self) -> Said {
        self.context.run(&["deploy", "--source", "main.cfg.tables", "--target", "prod", "-o", "json"])
    }

    fn saved(&self) -> Value {
        serde_json::from_str(&self.context.read("prod.plan")).unwrap()
    }

    fn forget(&self) {
        self.workspace.clear_requests();
        self.context.write(ARGUMENTS, "");
    }

    fn writes(&self) -> usize {
        self.workspace.writes().len()
    }

    /// That `deploy FILE` is refused for this alone, and nothing is sent.
    #[track_caller]
    fn is_stale(&self, told: &str) {
        self.forget();
        let said = self.deploy_plan(&[]);
        let document = said.exits(4).json();
        let found: Vec<&str> = document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["rule"] == "TW420")
            .map(|finding| finding["what"].as_str().unwrap())
            .collect();
        assert!(found.len() == 1 && found[0].contains(told), "{told}: {found:?}");
        assert_eq!(document["targets"][0]["status"], "refused");
        assert_eq!(self.writes(), 0);
        assert!(!self.context.read(ARGUMENTS).contains("bundle deploy"));
    }
}

fn rules(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().into_iter().flatten();
    findings.map(|finding| finding["rule"].as_str().unwrap()).filter(|rule| rule.starts_with("TW4")).collect()
}

#[test]
fn a_plan_is_carried_out_as_it_was_made() {
    let site = site();
    site.plan().exits(0);
    assert_eq!(site.writes(), 0);
    let saved = site.saved();
    assert_eq!(saved["format"], "tapworks.saved-plan/1");
    assert_eq!((&saved["target"], &saved["host"]), (&json!("prod"), &json!(site.workspace.url())));
    assert_eq!(saved["inputs"]["source"]["version"], 0);
    site.forget();
    let document = site.deploy_plan(&[]).exits(0).json();
    let project = &document["targets"][0]["projects"][0];
    assert_eq!(project["status"], "deployed");
    assert_eq!(project["resources"]["created"], 3);
    // The CLI was not asked what it would do: it was told.
    let arguments = site.context.read(ARGUMENTS);
    assert!(arguments.contains("bundle deploy --plan") && !arguments.contains("bundle plan"), "{arguments}");
    // From before the first deploy it holds only while there is none: the CLI would create everything again.
    std::fs::remove_file(site.context.path("tapworks.lock")).unwrap();
    site.is_stale("was not deployed yet, and now it is");
}

#[test]
fn rows_that_others_wrote_since_are_left_to_the_next_plan() {
    let site = site();
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(11));
    site.plan().exits(0);
    site.rewrite(&sql_server_rows(13));
    let said = site.deploy_plan(&[]);
    let document = said.exits(0).json();
    assert_eq!(document["source"]["version"], 1);
    assert_eq!(document["source"]["rows"], 11);
    assert_eq!(rules(&document), ["TW421"]);
    assert!(
        said.stderr.contains("is at version 2, the plan was made from version 1: 2 rows differ"),
        "{}",
        said.stderr
    );
    // The next plan knows them.
    assert_eq!(site.plan().exits(0).json()["summary"]["tables"]["add"], 2);
}

#[test]
fn each_thing_that_has_moved_on_is_named() {
    let site = site();
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(11));
    site.plan().exits(0);
    let saved = site.context.read("prod.plan");

    site.settle("max_tables_per_pipeline: 200\n");
    site.is_stale("the settings file was changed");
    site.settle("");

    let lock = site.context.read("tapworks.lock");
    site.context.write("tapworks.lock", &format!("{lock}\n"));
    site.is_stale("the lock was changed");
    site.context.write("tapworks.lock", &lock);

    let edited = |from: &str, to: &str| {
        assert!(saved.contains(from), "{from}");
        site.context.write("prod.plan", &saved.replacen(from, to, 1));
    };
    let version = site.saved()["cli_version"].as_str().unwrap().to_owned();
    edited(&format!("\"cli_version\": \"{version}\""), "\"cli_version\": \"1.13.7\"");
    site.is_stale("the databricks CLI was 1.13.7 and is ");
    edited(&format!("\"host\": \"{}\"", site.workspace.url()), "\"host\": \"https://elsewhere.example\"");
    site.is_stale("target `prod` was https://elsewhere.example and is ");
    edited("\"rows\": \"sha256:", "\"rows\": \"sha256:00");
    let said = site.deploy_plan(&[]);
    assert!(said.exits(2).stderr.contains("prod.plan: it is not a plan"), "{}", said.stderr);

    // Somebody deploys in between.
    site.context.write("prod.plan", &saved);
    site.rewrite(&sql_server_rows(12));
    site.deploy().exits(0);
    site.context.write("tapworks.lock", &lock);
    site.is_stale("was deployed in between: serial ");
}

#[test]
fn a_file_of_rows_that_was_edited_is_told() {
    let site = site();
    site.context.write("tables.csv", &sql_server_rows(3));
    let plan = ["plan", "--source", "tables.csv", "--target", "prod", "--out", "prod.plan"];
    site.context.run(&plan).exits(0);
    site.context.write("tables.csv", &sql_server_rows(4));
    site.is_stale("the rows of tables.csv are not those that were planned");
    site.context.write("tables.csv", &sql_server_rows(3));
    site.deploy_plan(&["--target", "prod"]).exits(0);
    let said = site.deploy_plan(&["--target", "dev"]);
    assert!(said.exits(2).stderr.contains("the plan is for target `prod` alone"), "{}", said.stderr);
}

#[test]
fn a_plan_is_no_consent() {
    let site = site();
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(10).replace("bronze,staging", "bronze,staging_v2"));
    let plan = site.plan().exits(0).json();
    let needed: Vec<String> = plan["summary"]["needs_consent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|consent| consent.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(needed.len(), 2);
    site.forget();
    let refused = site.deploy_plan(&[]).exits(4).json();
    assert_eq!(refused["needs_consent"], json!(needed));
    assert_eq!(site.writes(), 0);
}

#[test]
fn a_plan_with_consent_does_what_it_says() {
    let site = site();
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(10).replace("bronze,staging", "bronze,staging_v2"));
    site.plan().exits(0);
    let consents =
        ["--allow", "recreate:gateway_sales_01_g01", "--allow", "recreate:pipeline_sales_01_g01_p01"];
    let document = site.deploy_plan(&consents).exits(0).json();
    assert_eq!(document["targets"][0]["projects"][0]["resources"]["recreated"], 2);
    let missing = site.context.run(&["deploy", "nothing.plan"]);
    assert!(missing.exits(2).stderr.contains("there is no saved plan nothing.plan"), "{}", missing.stderr);
}

/// The gateway and the pipeline behind it, by their ids.
fn ids(site: &Site) -> [String; 2] {
    site.workspace.world(|world| {
        ["sales_01_g01", "sales_01_g01_p01"]
            .map(|name| world.pipelines.iter().find(|pipeline| pipeline.name == name).unwrap().id.clone())
    })
}

#[test]
fn only_what_it_changes_is_sent() {
    let site = site();
    site.deploy().exits(0);
    let [gateway, pipeline] = ids(&site);
    site.rewrite(&sql_server_rows(11));
    site.plan().exits(0);
    site.forget();
    site.deploy_plan(&[]).exits(0);
    let writes: Vec<String> = site
        .workspace
        .writes()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .filter(|request| !request.contains("/workspace"))
        .collect();
    assert_eq!(writes, [format!("PUT /api/2.0/pipelines/{pipeline}")]);
    // Neither is the gateway asked for more than how it is.
    let of_gateway = site.workspace.requests().into_iter().filter(|request| request.path.contains(&gateway));
    assert!(of_gateway.clone().count() > 0 && of_gateway.into_iter().all(|request| request.method == "GET"));
    // A plan that changes nothing sends nothing.
    site.plan().exits(0);
    site.forget();
    let document = site.deploy_plan(&[]).exits(0).json();
    assert_eq!(document["targets"][0]["status"], "unchanged");
    assert_eq!(site.writes(), 0);
    assert!(!site.context.read(ARGUMENTS).contains("bundle deploy"));
}

#[test]
fn a_version_that_can_no_longer_be_read_ends_it_and_says_so() {
    let site = site();
    site.deploy().exits(0);
    site.rewrite(&sql_server_rows(11));
    site.plan().exits(0);
    site.rewrite(&sql_server_rows(12));
    // The rows as they are now come with the next statement.
    site.context.run(&["generate", "--source", "main.cfg.tables", "--output-dir", "elsewhere"]).exits(0);
    let refuse = |text: Option<&str>| {
        site.workspace.world(|world| {
            world.source_mut("main.cfg.tables").unwrap().time_travel_refused = text.map(str::to_owned);
        });
    };
    let vacuum = || site.workspace.world(|world| world.source_mut("main.cfg.tables").unwrap().vacuum(2));
    for step in ["refused", "vacuumed"] {
        match step {
            "refused" => refuse(Some("tables with a row filter cannot be read as they were")),
            _ => {
                refuse(None);
                vacuum();
            }
        }
        site.forget();
        let said = site.deploy_plan(&[]);
        said.exits(1);
        for told in [
            "main.cfg.tables",
            "version 1 is the one that was planned with; where it can no longer be read, plan anew",
        ] {
            assert!(said.stderr.contains(told), "{step}: {told}: {}", said.stderr);
        }
        assert_eq!(site.writes(), 0);
    }
    // A plan of what is there now holds.
    site.plan().exits(0);
    site.deploy_plan(&[]).exits(0);
}

#[test]
fn rows_without_versions_are_those_that_were_planned_or_the_plan_is_stale() {
    let site = site();
    site.workspace.world(|world| {
        let source = world.source_mut("main.cfg.tables").unwrap();
        source.time_travel_refused = Some("tables with a row filter cannot be read as they were".to_owned());
    });
    site.plan().exits(0);
    assert_eq!(site.saved()["inputs"]["source"]["version"], Value::Null);
    site.rewrite(&sql_server_rows(11));
    site.is_stale("the rows of main.cfg.tables (");
    site.rewrite(&sql_server_rows(10));
    site.deploy_plan(&[]).exits(0);
}

/// Takes all that was deployed out of the workspace, as `bundle destroy` does, and what a checkout remembers of it.
fn destroy(site: &Site) {
    site.workspace.world(|world| {
        let paths: Vec<String> = world.files.paths().map(str::to_owned).collect();
        for path in paths.iter().filter(|path| path.contains("/.bundle/")) {
            world.files.remove(path);
        }
        let pipelines: Vec<String> = world.pipelines.iter().map(|pipeline| pipeline.id.clone()).collect();
        let jobs: Vec<i64> = world.jobs.iter().map(|job| job.id).collect();
        pipelines.iter().for_each(|id| drop(world.pipelines.remove(id)));
        jobs.iter().for_each(|id| drop(world.jobs.remove(*id)));
    });
    std::fs::remove_dir_all(site.context.path("dab_deployment/retail/.databricks")).unwrap();
}

#[test]
fn a_deployment_that_is_another_one_now_is_told() {
    let site = site();
    site.deploy().exits(0);
    site.plan().exits(0);
    destroy(&site);
    site.is_stale("bundle `retail` was deployed, and now there is no state of it");
    site.deploy().exits(0);
    site.is_stale("bundle `retail` was removed and deployed anew: lineage ");
    assert_eq!(site.workspace.world(|world| world.pipelines.len()), 2, "nothing was made a second time");
}

#[test]
fn a_file_that_is_no_plan_is_wrong_usage() {
    let site = site();
    site.plan().exits(0);
    let saved = site.context.read("prod.plan");
    // Beside the folder of the test, which is read whole after each command; it takes no room on the disk.
    let elsewhere = tempfile::tempdir().unwrap();
    let huge = elsewhere.path().join("huge.plan");
    std::fs::File::create(&huge).unwrap().set_len(5 << 30).unwrap();
    std::fs::create_dir(site.context.path("folder.plan")).unwrap();
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"format\": \"tapworks.saved-plan/1\", \"bundles\": {open}{close}}}");
    let package = saved.find("\"package\": \"sha256:").unwrap() + "\"package\": \"sha256:".len();
    for (name, text, told) in [
        ("empty.plan", Some(String::new()), "EOF while parsing a value"),
        ("cut.plan", Some(saved[..saved.len() / 2].to_owned()), "EOF while parsing"),
        ("list.plan", Some("connector,project_name\n".to_owned()), "expected value at line 1 column 1"),
        ("binary.plan", Some("PK\u{3}\u{4}\0\0".to_owned()), "expected value at line 1 column 1"),
        (
            "other.plan",
            Some(saved.replace("saved-plan/1", "saved-plan/9")),
            "its format is `tapworks.saved-plan/9`",
        ),
        (
            "ours.plan",
            Some("{\"format\": \"tapworks.plan/1\"}".to_owned()),
            "its format is `tapworks.plan/1`",
        ),
        ("cli.plan", Some("{\"plan_version\": 2, \"plan\": {}}".to_owned()), "missing field `format`"),
        ("deep.plan", Some(deep), "it is not a plan that"),
        ("hash.plan", Some(saved.replace(&saved[package..package + 8], "../../x!")), "it is not a plan"),
        (
            "action.plan",
            Some(saved.replacen("\"create\"", "\"destroy\"", 1)),
            "the plan of bundle `retail` in it cannot be read",
        ),
        (huge.to_str().unwrap(), None, "huge.plan is no saved plan: it is larger than"),
        ("folder.plan", None, "folder.plan is no saved plan: Is a directory"),
        ("none.plan", None, "there is no saved plan none.plan"),
        ("empty.plan/x", None, "empty.plan/x is no saved plan: Not a directory"),
    ] {
        if let Some(text) = text {
            std::fs::write(site.context.path(name), text).unwrap();
        }
        site.forget();
        let said = site.context.run(&["deploy", name]);
        said.exits(2);
        let errors: Vec<&str> = said.stderr.lines().filter(|line| !line.starts_with("  hint: ")).collect();
        let [error] = errors.as_slice() else { panic!("{name}: {}", said.stderr) };
        assert!(error.starts_with("error: ") && error.contains(told), "{told}: {error}");
        assert!(error.contains(name), "{error}");
        assert_eq!(said.stdout, "");
        assert_eq!(site.workspace.requests().len(), 0, "{name}");
    }
    // Well-formed, and of a bundle that nobody planned.
    let mut tampered = saved.clone();
    let digit = if &saved[package..=package] == "0" { "1" } else { "0" };
    tampered.replace_range(package..=package, digit);
    site.context.write("prod.plan", &tampered);
    site.is_stale("the package of `retail` is not the one that was planned");
}

#[test]
fn a_plan_of_another_user_is_refused() {
    let mut site = site();
    let host = site.workspace.url().to_owned();
    let root = "/Workspace/Users/${workspace.current_user.userName}/.bundle/${bundle.name}/${bundle.target}";
    site.context.write(
        "tapworks.yml",
        &format!("targets:\n  prod:\n    workspace_host: {host}\n    root_path: {root}\n"),
    );
    site.context.write("tables.csv", &sql_server_rows(3));
    let plan = ["plan", "--source", "tables.csv", "--target", "prod", "--out", "prod.plan"];
    site.context.run(&plan).exits(0);
    let saved = site.saved();
    assert_eq!(saved["identity"], "tester@example.com");
    assert_eq!(
        saved["bundles"][0]["state_path"],
        "/Workspace/Users/tester@example.com/.bundle/retail/prod/state"
    );
    let bob = Identity::user("bob@example.com").in_group("admins");
    let id = "9f2504e0-4f89-11d3-9a0c-0305e82c3302";
    site.workspace.world(|world| {
        world.accounts.add_client(id, "canary-of-bob", bob);
        let grants = &mut world.catalog.grants;
        grants.grant("catalog", "bronze", "bob@example.com", &["ALL_PRIVILEGES"]);
        grants.grant("connection", "sqlserver_erp", "bob@example.com", &["USE_CONNECTION"]);
    });
    site.context.unset("DATABRICKS_TOKEN");
    site.context.set("DATABRICKS_AUTH_TYPE", "oauth-m2m");
    site.context.set("DATABRICKS_CLIENT_ID", id);
    site.context.set("DATABRICKS_CLIENT_SECRET", "canary-of-bob");
    site.is_stale("it was planned as tester@example.com, and this is bob@example.com");
}
