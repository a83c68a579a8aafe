//! What a deploy costs: commands of the CLI and requests, by what has changed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, MockWorkspace, Object};

use crate::context::{Context, Said};

const LIST: &str = "source/tables.csv";
const ARGUMENTS: &str = "programs/arguments.log";
const DEPLOY: &[&str] = &["deploy", "--source", "main.cfg.tables", "--target", "prod", "-o", "json"];

/// A deployed workspace, and what was asked of it since.
struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// Rows of so many projects with so many tables each, three groups to a project: a gateway, a pipeline and a job for each.
fn rows(projects: usize, tables: usize) -> String {
    let mut text =
        "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
            .to_owned();
    for project in 0..projects {
        for table in 0..tables {
            let _ = writeln!(
                text,
                "sql_server,p{project},p{project}x{},erp,dbo,T{table},bronze,p{project},t{table},erp,bronze,staging",
                table % 3
            );
        }
    }
    text
}

/// Everything of `rows`, deployed.
fn deployed(rows: &str) -> Site {
    let site = undeployed(rows);
    site.deploy().exits(0);
    site.forget();
    site
}

fn undeployed(rows: &str) -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let file = context.write(LIST, rows);
    workspace.world(|world| world.watch_csv("main.cfg.tables", &file)).unwrap();
    context.write(ARGUMENTS, "");
    Site { workspace, context }
}

impl Site {
    fn deploy(&self) -> Said {
        self.deploy_with(&[])
    }

    fn deploy_with(&self, more: &[&str]) -> Said {
        self.context.run(&[DEPLOY, more].concat())
    }

    /// What was asked so far does not count.
    fn forget(&self) {
        self.workspace.clear_requests();
        self.context.write(ARGUMENTS, "");
    }

    /// The commands of the CLI, without the flags that all of them have.
    fn commands(&self) -> Vec<String> {
        let log = self.context.read(ARGUMENTS);
        log.lines().map(|line| line.trim_end_matches(" -t prod").to_owned()).collect()
    }

    /// The methods and paths of all requests that changed something.
    fn writes(&self) -> Vec<String> {
        let writes = self.workspace.writes();
        writes.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Those that went to pipelines and jobs.
    fn changes(&self) -> Vec<String> {
        self.writes()
            .into_iter()
            .filter(|write| write.contains("/pipelines") || write.contains("/jobs"))
            .collect()
    }

    /// Where the state of a project lies, with this file in it.
    fn state_file(&self, project: &str, name: &str) -> String {
        format!("/Workspace/Users/{}/.bundle/{project}/prod/state/{name}", self.workspace.user())
    }

    fn record(&self, project: &str) -> Option<Value> {
        let path = self.state_file(project, "tapworks.json");
        self.workspace
            .world(|world| world.files.read(&path))
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    fn pipeline(&self, name: &str) -> String {
        self.workspace.world(|world| world.pipelines.named(name).unwrap().id.clone())
    }

    /// Somebody changes a field of a pipeline by hand.
    fn edit(&self, pipeline: &str, field: &str, value: Value) {
        let id = self.pipeline(pipeline);
        self.workspace.world(|world| {
            world.pipelines.get_mut(&id).unwrap().spec.insert(field.to_owned(), value);
        });
    }
}

fn statuses(document: &Value) -> Vec<(&str, &str, bool)> {
    let projects = document["targets"][0]["projects"].as_array().unwrap();
    projects
        .iter()
        .map(|project| {
            let text = |field: &str| project[field].as_str().unwrap();
            (text("name"), text("status"), project["recognised"] == true)
        })
        .collect()
}

/// That this run asked the CLI about this project and no other.
#[track_caller]
fn only(site: &Site, said: &Said, project: &str, status: &str) {
    let document = said.exits(0).json();
    for (name, was, recognised) in statuses(&document) {
        let expected = if name == project { (status, false) } else { ("unchanged", true) };
        assert_eq!((was, recognised), expected, "{name}: {}", said.stderr);
    }
    let mut expected = vec!["version -o json", "bundle validate --strict", "bundle plan -o json"];
    let deploys = status == "deployed";
    let commands = site.commands();
    assert_eq!(commands.len(), expected.len() + usize::from(deploys), "{commands:?}");
    if deploys {
        assert!(commands[3].starts_with("bundle deploy --plan "), "{commands:?}");
    }
    // The two in the middle run side by side.
    let mut first: Vec<&str> = commands[..3].iter().map(String::as_str).collect();
    first.sort_unstable();
    expected.sort_unstable();
    assert_eq!(first, expected);
}

#[test]
fn nothing_changed_costs_no_command_and_reads_only() {
    let site = deployed(&rows(3, 9));
    let said = site.deploy();
    let document = said.exits(0).json();
    assert_eq!(
        statuses(&document),
        [("p0", "unchanged", true), ("p1", "unchanged", true), ("p2", "unchanged", true)]
    );
    assert_eq!(document["targets"][0]["status"], "unchanged");
    assert_eq!(document["targets"][0]["projects"][0]["resources"]["unchanged"], 9);
    let ids = document["targets"][0]["projects"][0]["ids"].as_object().unwrap();
    assert_eq!(ids.len(), 9, "{ids:?}");
    assert_eq!(ids["pipelines.gateway_p0x1_01_g01"], site.pipeline("p0x1_01_g01"));
    assert_eq!(site.commands(), Vec::<String>::new());
    assert_eq!(site.writes(), Vec::<String>::new());
    for project in ["p0", "p1", "p2"] {
        for name in ["resources.json", "tapworks.json"] {
            let path = site.state_file(project, name);
            let reads = site.workspace.requests();
            let reads = reads.iter().filter(|request| request.param("path") == Some(&path));
            assert_eq!(reads.count(), 1, "{path}");
        }
    }

    let text = site.context.run(&["deploy", "--source", "main.cfg.tables", "--target", "prod"]);
    assert!(
        text.exits(0).stdout.contains("p0  unchanged  as the last deploy left it (9 resources)"),
        "{}",
        text.stdout
    );
}

#[test]
fn a_fresh_checkout_recognises_what_another_machine_deployed() {
    let site = deployed(&rows(2, 3));
    std::fs::remove_dir_all(site.context.path("dab_deployment")).unwrap();
    site.deploy().exits(0);
    assert_eq!(site.commands(), Vec::<String>::new());
    assert!(
        site.context.path("dab_deployment/p0/databricks.yml").exists(),
        "the bundle is written all the same"
    );
}

#[test]
fn a_full_run_asks_about_everything_and_writes_nothing() {
    let site = deployed(&rows(2, 3));
    let document = site.deploy_with(&["--full"]).exits(0).json();
    assert_eq!(statuses(&document), [("p0", "unchanged", false), ("p1", "unchanged", false)]);
    assert_eq!(site.commands().len(), 1 + 2 * 2);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn the_record_says_what_was_deployed() {
    let site = deployed(&rows(1, 3));
    let record = site.record("p0").unwrap();
    assert_eq!(record["format"], "tapworks.record/1");
    assert_eq!(record["identity"], site.workspace.user());
    assert_eq!(record["tapworks"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        record["source"],
        json!({"host": site.workspace.url(), "table": "main.cfg.tables", "version": 0})
    );
    let state =
        site.workspace.world(|world| world.files.read(&site.state_file("p0", "resources.json"))).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    assert_eq!((&record["lineage"], &record["serial"]), (&state["lineage"], &state["serial"]));
    let resources = record["resources"].as_object().unwrap();
    assert_eq!(resources.len(), 9);
    assert_eq!(resources["resources.pipelines.gateway_p0x1_01_g01"]["id"], site.pipeline("p0x1_01_g01"));
}

#[test]
fn one_table_more_costs_commands_for_its_project_only() {
    let site = deployed(&rows(3, 9));
    let more = "sql_server,p1,p1x2,erp,dbo,New,bronze,p1,new,erp,bronze,staging\n";
    site.context.write(LIST, &(rows(3, 9) + more));
    let said = site.deploy();
    only(&site, &said, "p1", "deployed");
    // The gateway in front of it, its job, and all other groups get no request.
    assert_eq!(site.changes(), [format!("PUT /api/2.0/pipelines/{}", site.pipeline("p1x2_01_g01_p01"))]);
    assert_eq!(site.record("p1").unwrap()["source"]["version"], 1);
    assert_eq!(site.record("p0").unwrap()["source"]["version"], 0, "nothing of it was deployed");

    site.forget();
    site.deploy().exits(0);
    assert_eq!(site.commands(), Vec::<String>::new());
}

#[test]
fn what_is_edited_by_hand_is_noticed_in_its_project_only() {
    for (field, value) in [
        ("name", json!("p2x0_01_g01_p01 by hand")),
        ("tags", json!({"by": "hand"})),
        ("serverless", json!(true)),
        ("notifications", json!([{"email_recipients": ["a@example.com"], "alerts": ["on-update-failure"]}])),
        ("schema", json!("elsewhere")),
    ] {
        let site = deployed(&rows(3, 3));
        let name = "p2x0_01_g01_p01";
        let id = site.pipeline(name);
        if field == "name" {
            site.workspace.world(|world| {
                let mut pipeline = world.pipelines.get(&id).unwrap().clone();
                pipeline.name = value.as_str().unwrap().to_owned();
                pipeline.spec.insert("name".to_owned(), value.clone());
                world.pipelines.insert(pipeline);
            });
        } else {
            site.edit(name, field, value.clone());
        }
        let said = site.deploy();
        only(&site, &said, "p2", "deployed");
        assert_eq!(site.changes(), [format!("PUT /api/2.0/pipelines/{id}")], "{field}");
        let after = site.workspace.world(|world| world.pipelines.get(&id).unwrap().spec.get(field).cloned());
        assert_ne!(after.as_ref(), Some(&value), "{field}");
    }
}

#[test]
fn what_is_deleted_by_hand_is_noticed_in_its_project_only() {
    let site = deployed(&rows(3, 3));
    let id = site.pipeline("p1x0_01_g01_p01");
    site.workspace.world(|world| world.pipelines.remove(&id));
    let said = site.deploy();
    only(&site, &said, "p1", "deployed");
    assert_ne!(site.pipeline("p1x0_01_g01_p01"), id);
}

#[test]
fn a_job_that_is_paused_or_deleted_by_hand_is_noticed() {
    let site = deployed(&rows(2, 3));
    let job = site.workspace.world(|world| world.jobs.named("p0x0_01_g01_p01").unwrap().clone());
    let mut paused = job.clone();
    paused.settings["schedule"]["pause_status"] = json!("PAUSED");
    site.workspace.world(|world| world.jobs.insert(paused));
    only(&site, &site.deploy(), "p0", "deployed");
    let status = |site: &Site| {
        site.workspace.world(|world| {
            world.jobs.named("p0x0_01_g01_p01").unwrap().settings["schedule"]["pause_status"].clone()
        })
    };
    assert_eq!(status(&site), "UNPAUSED");

    site.forget();
    site.workspace.world(|world| world.jobs.remove(job.id));
    only(&site, &site.deploy(), "p0", "deployed");
    assert_eq!(status(&site), "UNPAUSED");
}

#[test]
fn permissions_that_are_changed_by_hand_are_noticed() {
    let site = undeployed(&rows(2, 3));
    site.workspace.world(|world| world.accounts.add_group("analysts"));
    let host = site.workspace.url();
    site.context.write(
        "tapworks.yml",
        &format!(
            "targets:\n  prod:\n    workspace_host: {host}\n    mode: production\n    permissions:\n      \
             - {{level: CAN_VIEW, group_name: analysts}}\n"
        ),
    );
    let document = site.deploy().exits(0).json();
    let ids = document["targets"][0]["projects"][0]["ids"].as_object().unwrap();
    assert_eq!(ids.len(), 9, "permissions have none of their own: {ids:?}");
    assert_eq!(ids["pipelines.gateway_p0x1_01_g01"], site.pipeline("p0x1_01_g01"));
    site.forget();
    site.deploy().exits(0);
    assert_eq!(site.commands(), Vec::<String>::new());

    let id = site.pipeline("p1x0_01_g01");
    site.workspace
        .world(|world| world.permissions.grant(Object::pipeline(&id), "everybody", true, "CAN_MANAGE"));
    only(&site, &site.deploy(), "p1", "deployed");
    assert_eq!(site.changes(), Vec::<String>::from([format!("PUT /api/2.0/permissions/pipelines/{id}")]));
}

#[test]
fn what_the_service_fills_in_later_is_no_difference() {
    let site = deployed(&rows(2, 3));
    site.edit("p0x0_01_g01_p01", "storage", json!("dbfs:/pipelines/x"));
    site.edit("p1x0_01_g01", "storage", json!("dbfs:/pipelines/y"));
    site.deploy().exits(0);
    assert_eq!(site.commands(), Vec::<String>::new());
    site.deploy_with(&["--full"]).exits(0);
    assert_eq!(site.writes(), Vec::<String>::new(), "the CLI thinks the same");
}

#[test]
fn whatever_is_not_as_recorded_is_a_matter_for_the_cli() {
    type Change = fn(&Site);
    let changes: &[(&str, Change)] = &[
        ("no record", |site| {
            let path = site.state_file("p0", "tapworks.json");
            site.workspace.world(|world| world.files.remove(&path));
        }),
        ("a record of another format", |site| {
            let path = site.state_file("p0", "tapworks.json");
            let text = r#"{"format": "tapworks.record/9"}"#;
            site.workspace.world(|world| world.files.write(&path, text));
        }),
        ("another serial", |site| {
            let path = site.state_file("p0", "tapworks.json");
            let mut record = site.record("p0").unwrap();
            record["serial"] = json!(0);
            site.workspace.world(|world| world.files.write(&path, record.to_string()));
        }),
        ("another identity", |site| {
            let path = site.state_file("p0", "tapworks.json");
            let mut record = site.record("p0").unwrap();
            record["identity"] = json!("somebody@example.com");
            site.workspace.world(|world| world.files.write(&path, record.to_string()));
        }),
        ("a log of a deploy that was cut off", |site| {
            site.context.write("dab_deployment/p0/.databricks/bundle/prod/resources.json.wal", "");
        }),
        ("values of variables", |site| {
            site.context.write("dab_deployment/p0/.databricks/bundle/prod/variable-overrides.json", "{}");
        }),
        ("one more file for the CLI", |site| {
            site.context.write("dab_deployment/p0/resources/mine.yml", "resources: {}\n");
        }),
    ];
    for (what, change) in changes {
        let site = deployed(&rows(2, 3));
        change(&site);
        let said = site.deploy();
        assert!(said.stderr.contains("prod/p0  "), "{what}: {}", said.stderr);
        only(&site, &said, "p0", "unchanged");
        assert_eq!(site.writes(), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_not_taken_for_none() {
    let site = deployed(&rows(2, 3));
    // State and metadata of both projects come first.
    let refused = Fault::on("GET", "/api/2.0/workspace/export").after(4).always();
    site.workspace.fault(refused.error(403, "PERMISSION_DENIED", "not for you"));
    let said = site.deploy();
    assert!(said.exits(1).stderr.contains("not for you"), "{}", said.stderr);
    assert_eq!(site.commands(), Vec::<String>::new());
}

#[test]
fn that_the_record_cannot_be_written_is_told_and_costs_the_next_run_only() {
    let site = undeployed(&rows(1, 3));
    let refused = Fault::on("POST", "/api/2.0/workspace-files/import-file/.*/tapworks.json").always();
    site.workspace.fault(refused.error(403, "PERMISSION_DENIED", "not for you"));
    let said = site.deploy();
    let document = said.exits(0).json();
    assert_eq!(document["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "TW510").count(), 1);
    assert!(said.stderr.contains("not for you"), "{}", said.stderr);
    site.workspace.clear_faults();
    site.forget();
    only(&site, &site.deploy(), "p0", "unchanged");
}

/// A program that does this in the shell before it goes on as the CLI; `$1` and so on are the CLI's arguments.
#[cfg(unix)]
fn wrap(site: &mut Site, script: &str) {
    let cli = site.context.path("programs/databricks");
    let text = format!("#!/bin/sh\n{script}\nexec '{}' \"$@\"\n", cli.display());
    let program = site.context.write("programs/wrapped", &text);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    site.context.set("TAPWORKS_DATABRICKS_CLI", program.to_str().unwrap());
}

#[cfg(unix)]
#[test]
fn the_cli_collects_garbage_less_often_unless_the_user_decides() {
    for (own, expected) in [(None, "400 2GiB"), (Some("80"), "80 ")] {
        let mut site = undeployed(&rows(1, 3));
        let log = site.context.path("programs/memory.log");
        wrap(&mut site, &format!("echo \"$1 $GOGC $GOMEMLIMIT\" >>'{}'", log.display()));
        if let Some(own) = own {
            site.context.set("GOGC", own);
        }
        site.deploy().exits(0);
        let log = site.context.read("programs/memory.log");
        let bundle: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("bundle ")).collect();
        assert_eq!(bundle, [expected; 3], "{log}");
    }
}

/// How many commands of this kind ran at the same time, at most: each says when it begins and, for as long as another may come,
/// waits for it.
#[cfg(unix)]
fn most_at_once(site: &mut Site, command: &str, more: &[&str]) -> usize {
    let folder = site.context.path("programs/running");
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "if [ \"$2\" = {command} ]; then\n\
           mkdir '{folder}'/$$; i=0\n\
           while [ $i -lt 40 ]; do ls '{folder}' | grep -c . >>'{folder}.log'; sleep 0.02; i=$((i+1)); done\n\
           rmdir '{folder}'/$$\n\
         fi",
        folder = folder.display()
    );
    wrap(site, &script);
    site.deploy_with(more).exits(0);
    let log = site.context.read("programs/running.log");
    log.lines().map(|line| line.parse().unwrap()).max().unwrap()
}

#[cfg(unix)]
#[test]
fn projects_are_deployed_side_by_side_and_no_more_than_allowed() {
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(most_at_once(&mut undeployed(&rows(3, 3)), "deploy", &["--jobs", "1"]), 1);
    assert_eq!(most_at_once(&mut undeployed(&rows(3, 3)), "deploy", &[]), cores.min(3));
}

/// Whatever is sent to the pipelines of this project fails.
fn breaks(site: &Site, project: &str) {
    let fault = Fault::on("POST", "/api/2.0/pipelines").containing(project).always();
    site.workspace.fault(fault.error(400, "INVALID_PARAMETER_VALUE", "no room for it"));
}

fn words(document: &Value) -> Vec<(&str, &str, Vec<&str>)> {
    let targets = document["targets"].as_array().unwrap();
    let status = |value: &Value| {
        ["deployed", "unchanged", "failed", "partly_deployed", "skipped"]
            .into_iter()
            .find(|word| value["status"] == *word)
            .unwrap()
    };
    targets
        .iter()
        .map(|target| {
            let projects = target["projects"].as_array().unwrap().iter().map(status).collect();
            (target["target"].as_str().unwrap(), status(target), projects)
        })
        .collect()
}

/// Targets `prod` and `dev` in this workspace, `dev` in a catalog of its own: two targets must not write the same tables.
fn apart(site: &Site) {
    let host = site.workspace.url();
    let settings = format!(
        "targets:\n  dev:\n    workspace_host: {host}\n    catalogs: {{bronze: bronze_dev}}\n  prod:\n    workspace_host: {host}\n"
    );
    site.context.write("tapworks.yml", &settings);
    site.workspace.world(|world| {
        world.catalog.add_catalog("bronze_dev");
    });
}

#[test]
fn after_the_first_failure_nothing_more_is_begun_unless_it_is_told_to_keep_going() {
    let both = ["--target", "dev"];
    for (more, expected) in [
        (
            &["--jobs", "1"][..],
            [
                ("prod", "partly_deployed", vec!["deployed", "failed", "skipped"]),
                ("dev", "skipped", vec!["skipped", "skipped", "skipped"]),
            ],
        ),
        (
            &["--keep-going"],
            [
                ("prod", "partly_deployed", vec!["deployed", "failed", "deployed"]),
                ("dev", "partly_deployed", vec!["deployed", "failed", "deployed"]),
            ],
        ),
    ] {
        let site = undeployed(&rows(3, 3));
        apart(&site);
        breaks(&site, "p1x");
        let said = site.deploy_with(&[&both[..], more].concat());
        let document = said.exits(6).json();
        assert_eq!(words(&document), expected, "{}", said.stderr);
        let ids = |project: usize| {
            document["targets"][0]["projects"][project]["ids"].as_object().map(|ids| ids.len())
        };
        assert_eq!((ids(0), ids(1)), (Some(9), None));
        assert!(said.stderr.contains("no room for it"), "{}", said.stderr);

        // What is well is not touched again.
        site.workspace.clear_faults();
        site.forget();
        let again = site.deploy_with(&both).exits(0).json();
        let commands = site.commands();
        assert_eq!(again["targets"][0]["projects"][0]["recognised"], true);
        assert!(commands.iter().filter(|line| line.starts_with("bundle deploy")).count() < 6, "{commands:?}");
    }
}

#[test]
fn a_job_that_is_not_as_it_was_meant_is_not_verified() {
    let site = undeployed(&rows(1, 3));
    let path = site.state_file("p0", "metadata.json");
    let settings = json!({"name": "p0x0_01_g01_p01", "deployment": {"kind": "BUNDLE", "metadata_file_path": path},
        "edit_mode": "UI_LOCKED", "format": "MULTI_TASK", "max_concurrent_runs": 1, "queue": {"enabled": true},
        "schedule": {"pause_status": "PAUSED"}});
    let other = json!({"job_id": 1, "settings": settings});
    site.workspace.fault(Fault::on("GET", "/api/2.2/jobs/get").always().json(200, &other));
    let said = site.deploy();
    let document = said.exits(7).json();
    assert_eq!(document["targets"][0]["status"], "not_verified");
    let told = "jobs.job_p0x0_01_g01_p01: schedule.pause_status is \"PAUSED\", not \"UNPAUSED\"";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let told = "jobs.job_p0x1_01_g01_p01: its name is \"p0x0_01_g01_p01\", not \"p0x1_01_g01_p01\"";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    assert_eq!(site.record("p0"), None, "what was not verified is not on record");
}

/// The CLI forgets what it may not delete, and ends well.
#[test]
fn what_was_to_be_deleted_and_is_still_there_is_not_verified() {
    let site = deployed(&rows(1, 3));
    let settings = format!(
        "targets:\n  prod:\n    workspace_host: {}\n    mode: production\ndefault_values:\n  '*':\n    schedule: null\n",
        site.workspace.url()
    );
    site.context.write("tapworks.yml", &settings);
    let job = site.workspace.world(|world| world.jobs.named("p0x1_01_g01_p01").unwrap().id);
    let refused = Fault::on("POST", "/api/2.2/jobs/delete").containing(&job.to_string()).always();
    site.workspace.fault(refused.error(403, "PERMISSION_DENIED", "not yours"));
    let said = site.deploy();
    assert_eq!(said.exits(7).json()["targets"][0]["projects"][0]["status"], "not_verified");
    let told =
        format!("jobs.job_p0x1_01_g01_p01: the one of the id {job} was to be deleted, and is still there");
    assert!(said.stderr.contains(&told), "{}", said.stderr);
    assert_eq!(said.stderr.matches("was to be deleted").count(), 1, "{}", said.stderr);
}

#[cfg(unix)]
#[test]
fn a_second_plan_that_is_not_empty_is_not_verified() {
    let mut site = undeployed(&rows(1, 3));
    site.deploy_with(&["--verify-plan"]).exits(0);
    let planned = site.commands().iter().filter(|line| *line == "bundle plan -o json").count();
    assert_eq!(planned, 2);

    let plan = json!({"plan_version": 2, "plan": {"resources.pipelines.gateway_p0x0_01_g01": {"action": "update",
        "changes": {"tags": {"action": "update"}}}}});
    let [plans, answer] = ["programs/plans", "programs/plan.json"].map(|name| site.context.path(name));
    site.context.write("programs/plan.json", &plan.to_string());
    let script = format!(
        "if [ \"$2\" = plan ]; then\n  if [ -e '{plans}' ]; then exec cat '{answer}'; fi\n  touch '{plans}'\nfi",
        plans = plans.display(),
        answer = answer.display()
    );
    wrap(&mut site, &script);
    site.context.write(LIST, &rows(1, 6));
    let said = site.deploy_with(&["--verify-plan"]);
    assert_eq!(said.exits(7).json()["targets"][0]["projects"][0]["status"], "not_verified");
    let told = "pipelines.gateway_p0x0_01_g01: the next deploy would update it again because of tags";
    assert!(said.stderr.contains(told), "{}", said.stderr);
}
