//! `tapworks check` against the mock workspace: each rule in a bad and in a good state, and what is told of it.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, Identity, MockWorkspace};

use crate::context::{Context, Said, only_read, post, sql_server_rows};

const METADATA: &str = "/Workspace/Users/tester@example.com/.bundle/retail/prod/state/metadata.json";

/// A workspace with what the rows need, and a table list in a file.
pub(crate) struct Site {
    pub(crate) workspace: MockWorkspace,
    pub(crate) context: Context,
}

pub(crate) fn site() -> Site {
    site_of(MockWorkspace::start())
}

pub(crate) fn site_of(workspace: MockWorkspace) -> Site {
    let context = Context::with(&workspace);
    let site = Site { workspace, context };
    site.rows(&sql_server_rows(2));
    site.settle("root_path: /Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}");
    site
}

impl Site {
    /// The table list, and in the workspace what its rows name: connections, catalogs and schemas.
    pub(crate) fn rows(&self, rows: &str) {
        self.context.write("tables.csv", rows);
    }

    /// A settings file with target `prod` in this workspace, and more about it.
    pub(crate) fn settle(&self, lines: &str) {
        let host = self.workspace.url();
        let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        let settings = format!("source: tables.csv\ntargets:\n  prod:\n    workspace_host: {host}\n{lines}");
        self.context.write("tapworks.yml", &settings);
    }

    pub(crate) fn deploy(&self) {
        self.context.run(&["deploy", "--target", "prod"]).exits(0);
    }

    /// Runs the check and sees to it that it only read.
    pub(crate) fn check(&self, arguments: &[&str]) -> Said {
        self.workspace.clear_requests();
        let said = self.context.run(&[&["check"], arguments].concat());
        only_read(&self.workspace);
        said
    }

    pub(crate) fn document(&self, status: i32) -> Value {
        self.check(&["-o", "json"]).exits(status).json()
    }

    /// What the check tells of a rule, for people; without ids, times and ports.
    #[track_caller]
    pub(crate) fn told(&self, rule: &str, status: i32) -> String {
        let said = self.check(&[]);
        said.exits(status);
        let paragraphs =
            said.stdout.split("\n\n").filter(|paragraph| paragraph.contains(&format!("[{rule}]: ")));
        plain(&paragraphs.collect::<Vec<_>>().join("\n\n"))
    }

    /// The rule finds nothing and was judged to its end.
    #[track_caller]
    pub(crate) fn passes(&self, rule: &str) {
        let said = self.check(&["-o", "json", "--only", rule]);
        let document = said.json();
        assert_eq!(document["findings"], json!([]), "{}", said.stdout);
        assert_eq!(document["skipped"], json!([]), "{}", said.stdout);
        assert_eq!(document["rules"], json!({"passed": 1, "failed": 0, "warned": 0, "skipped": 0}));
        said.exits(0);
    }

    fn create(&self, path: &str, body: &Value) -> Value {
        post(&self.workspace, path, body)
    }

    pub(crate) fn pipeline(&self, name: &str, metadata: Option<&str>) -> String {
        let mut spec = json!({"name": name});
        if let Some(path) = metadata {
            spec["deployment"] = json!({"kind": "BUNDLE", "metadata_file_path": path});
        }
        self.create("/api/2.0/pipelines", &spec)["pipeline_id"].as_str().unwrap().to_owned()
    }

    /// The `metadata.json` of a bundle that was deployed there.
    pub(crate) fn bundle_at(&self, state: &str, name: &str, target: &str) -> String {
        let path = format!("{state}/metadata.json");
        let text = json!({"version": 1, "config": {"bundle": {"name": name, "target": target}}}).to_string();
        self.workspace.world(|world| world.files.write(path.trim_start_matches("/Workspace"), text));
        path
    }

    /// Edits a deployed pipeline by hand.
    fn edit(&self, name: &str, edit: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        self.workspace.world(|world| {
            let mut pipeline = world.pipelines.named(name).unwrap().clone();
            edit(&mut pipeline.spec);
            if let Some(name) = pipeline.spec.get("name").and_then(Value::as_str) {
                pipeline.name = name.to_owned();
            }
            world.pipelines.insert(pipeline);
        });
    }
}

/// Without what differs from run to run.
fn plain(text: &str) -> String {
    let replace = |text: String, pattern: &str, with: &str| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, with).into_owned()
    };
    let text =
        replace(text.to_owned(), r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
    let text = replace(text, r"\d{12,}", "[number]");
    let text = replace(text, r"\(\d+ requests\)", "([number] requests)");
    let text = replace(text, r"/\S*/tables\.csv", "tables.csv");
    let text = replace(text, r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]");
    replace(text, r"127\.0\.0\.1:\d+", "[host]")
}

pub(crate) fn rules(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_workspace_that_is_ready_passes() {
    let site = site();
    let document = site.document(0);
    assert_eq!(document["format"], "tapworks.check/1");
    assert_eq!(document["findings"], json!([]));
    assert_eq!(document["skipped"], json!([]));
    assert_eq!(document["targets"][0]["target"], "prod");
    assert_eq!(document["targets"][0]["identity"], "tester@example.com");
    assert_eq!(document["rules"]["failed"], 0);
    assert!(document["rules"]["passed"].as_u64().unwrap() > 50);
    site.deploy();
    assert_eq!(site.document(0)["findings"], json!([]));
}

#[test]
fn a_pipeline_name_that_is_taken_is_an_error_that_says_by_whom() {
    let site = site();
    site.passes("TW301");
    let id = site.pipeline("sales_01_g01_p01", None);
    insta::assert_snapshot!(site.told("TW301", 1), @r#"
    error[TW301]: a pipeline named "sales_01_g01_p01" is there already, made by hand: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: the deploy would stop at it, or make a second pipeline of that name
      = fix: rename or delete that pipeline, or choose another prefix for this group
    "#);
    site.workspace.world(|world| world.pipelines.remove(&id));
    site.pipeline(
        "sales_01_g01_p01",
        Some(&site.bundle_at("/Workspace/Shared/people/state", "people", "prod")),
    );
    insta::assert_snapshot!(site.told("TW301", 1), @r#"
    error[TW301]: a pipeline named "sales_01_g01_p01" is there already and belongs to bundle `people`, target `prod`, at /Workspace/Shared/people: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: the deploy would stop at it, or make a second pipeline of that name
      = fix: choose another prefix for this group, or agree with the owner of that bundle
    "#);
}

#[test]
fn a_pipeline_name_that_differs_in_case_only_is_a_warning() {
    let site = site();
    site.pipeline("Sales_01_G01_P01", None);
    insta::assert_snapshot!(site.told("TW301", 0), @r#"
    warning[TW301]: pipeline "Sales_01_G01_P01" has the name of our "sales_01_g01_p01" but for case: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: it was made by hand; people and searches take the two for one
      = fix: choose another prefix for this group, or rename the other
    "#);
}

#[test]
fn a_job_name_that_is_taken_is_an_error_that_says_by_whom() {
    let site = site();
    site.passes("TW302");
    site.create("/api/2.2/jobs/create", &json!({"name": "sales_01_g01_p01"}));
    insta::assert_snapshot!(site.told("TW302", 1), @r#"
    error[TW302]: a job named "sales_01_g01_p01" is there already, made by hand: id [number], owner tester@example.com, made [time]
      --> tables.csv:2:1
      = target prod
      = why: the deploy would stop at it, or make a second job of that name
      = fix: rename or delete that job, or choose another prefix for this group
    "#);
}

#[test]
fn in_development_names_carry_the_prefix_of_the_user() {
    let site = site();
    site.settle("mode: development");
    site.pipeline("sales_01_g01_p01", None);
    site.passes("TW301");
    site.pipeline("[dev tester] sales_01_g01_p01", None);
    assert!(site.told("TW301", 1).contains("\"[dev tester] sales_01_g01_p01\""));
    site.settle("mode: development\npresets: {name_prefix: \"${workspace.current_user.short_name}: \"}");
    site.passes("TW301");
    site.pipeline("tester: sales_01_g01_p01", None);
    assert!(site.told("TW301", 1).contains("\"tester: sales_01_g01_p01\""));
}

#[test]
fn another_bundle_with_our_prefix_is_told_once() {
    let site = site();
    site.passes("TW303");
    let path = site.bundle_at("/Workspace/Shared/people/state", "people", "prod");
    for number in 1..=5 {
        site.pipeline(&format!("sales_02_g01_p0{number}"), Some(&path));
    }
    insta::assert_snapshot!(site.told("TW303", 0), @r#"
    warning[TW303]: prefix `sales` is used by bundle `people`, target `prod`, at /Workspace/Shared/people: 5 pipelines, "sales_02_g01_p01" (id [id], owner tester@example.com, last changed [time]), "sales_02_g01_p02", "sales_02_g01_p03", and 2 more
      --> tables.csv:2:1
      = target prod
      = why: another group of the same prefix lies in another bundle
      = fix: choose another prefix or subgroup, or bring the two groups into one project
    "#);
    site.pipeline("sales_01_g07", Some(&path));
    let told = site.told("TW303", 1);
    assert!(told.contains("error[TW303]: prefix `sales` is used by bundle `people`"), "{told}");
}

#[test]
fn what_a_broken_deploy_left_over_is_named() {
    let site = site();
    site.passes("TW304");
    site.pipeline("sales_01_g01", Some(METADATA));
    site.pipeline("sales_07_g01", Some(METADATA));
    insta::assert_snapshot!(site.told("TW304", 1), @r#"
    error[TW304]: pipeline "sales_01_g01" was left over by a deploy that broke off: it points at this bundle, whose state has nothing for resources.pipelines.gateway_sales_01_g01: id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: the CLI does not know it and would create it a second time
      = fix: `tapworks deploy --recover` takes over all that was left; by hand: `databricks bundle deployment bind gateway_sales_01_g01 [id] -t prod`, or delete it in the workspace

    warning[TW304]: pipeline "sales_07_g01" was left over by a deploy that broke off: it points at bundle `retail`, whose state does not know it and whose rows no longer ask for it: id [id], owner tester@example.com, last changed [time]
      --> bundle retail
      = target prod
      = why: no deploy will ever change or remove it, and it may still write its tables
      = fix: delete that pipeline in the workspace, once nobody needs its tables
    "#);
}

#[test]
fn the_same_bundle_under_another_root_is_an_error_that_names_the_root() {
    let site = site();
    site.deploy();
    site.passes("TW305");
    site.settle("root_path: /Workspace/Users/tester@example.com/elsewhere/${bundle.name}");
    insta::assert_snapshot!(site.told("TW305", 1), @r#"
    error[TW305]: bundle `retail` is deployed for target `prod` under another root, /Workspace/Users/tester@example.com/.bundle/retail/prod; pipeline "sales_01_g01" belongs to it: id [id], owner tester@example.com, last changed [time], and 2 more
      --> tables.csv:2:1
      = target prod
      = why: under a new root everything would be created a second time
      = fix: keep it where it is: `root_path: /Workspace/Users/tester@example.com/.bundle/retail/prod` in target `prod`
    "#);
}

#[test]
fn another_bundle_under_our_root_is_an_error() {
    let site = site();
    site.passes("TW306");
    site.bundle_at("/Workspace/Users/tester@example.com/.bundle/retail/prod/state", "people", "prod");
    insta::assert_snapshot!(site.told("TW306", 1), @r#"
    error[TW306]: another bundle is deployed under /Workspace/Users/tester@example.com/.bundle/retail/prod: `people`, target `prod`
      --> tapworks.yml:5:16
      = target prod
      = why: the CLI keeps one state there: deploying this bundle would delete all of the other's pipelines
      = fix: give target `prod` a root_path of its own, with ${bundle.name} and ${bundle.target} in it
    "#);
}

#[test]
fn a_root_that_only_the_cli_can_resolve_is_an_error() {
    let site = site();
    site.passes("TW307");
    site.settle("root_path: /Workspace/Users/${var.owner}/.bundle/${bundle.name}");
    insta::assert_snapshot!(site.told("TW307", 1), @r#"
    error[TW307]: `/Workspace/Users/${var.owner}/.bundle/${bundle.name}` holds ${var.owner}, which tapworks cannot resolve
      --> project retail
      = target prod
      = why: what lies there must be known before a deploy
      = fix: use ${bundle.name}, ${bundle.target} and ${workspace.current_user.userName} only
    "#);
}

#[test]
fn what_is_gone_from_the_workspace_is_a_warning() {
    let site = site();
    site.deploy();
    site.passes("TW308");
    site.workspace.world(|world| {
        let id = world.pipelines.named("sales_01_g01").unwrap().id.clone();
        world.pipelines.remove(&id);
        let job = world.jobs.named("sales_01_g01_p01").unwrap().id;
        world.jobs.remove(job);
    });
    insta::assert_snapshot!(site.told("TW308", 0), @r#"
    warning[TW308]: job of bundle `retail` is gone from the workspace: jobs.job_sales_01_g01_p01, id [number]
      --> tables.csv:2:1
      = target prod
      = why: the next deploy creates it again
      = fix: nothing, where it was deleted by mistake; else take its schedule out of the rows

    warning[TW308]: pipeline "sales_01_g01" of bundle `retail` is gone from the workspace: pipelines.gateway_sales_01_g01, id [id]
      --> tables.csv:2:1
      = target prod
      = why: the next deploy creates it again, and with it every pipeline behind it, whose tables are read again in full
      = fix: restore it if the workspace still can; else deploy with consent to what `tapworks deploy` names for target `prod`
    "#);
}

#[test]
fn a_pipeline_that_was_changed_by_hand_is_a_warning_that_names_the_change() {
    let site = site();
    site.deploy();
    site.passes("TW309");
    site.edit("sales_01_g01_p01", |spec| {
        spec.insert("name".to_owned(), json!("renamed"));
        spec.insert("schema".to_owned(), json!("other"));
        let objects = spec["ingestion_definition"]["objects"].as_array_mut().unwrap();
        objects.pop();
    });
    insta::assert_snapshot!(site.told("TW309", 0), @r#"
    warning[TW309]: pipeline "sales_01_g01_p01" was changed by hand: name "renamed" instead of "sales_01_g01_p01", schema "other" instead of "sales", 1 table fewer (bronze.sales.table_1); id [id], owner tester@example.com, last changed [time]
      --> tables.csv:2:1
      = target prod
      = why: the next deploy puts it back to what the rows say
      = fix: put it back in the workspace; or, where the change is meant to stay, bring it into the rows or settings
    "#);
    site.edit("sales_01_g01", |spec| spec["gateway_definition"]["connection_name"] = json!("another"));
    let told = site.told("TW309", 0);
    assert!(told.contains("connection \"another\" instead of \"sqlserver_erp\""), "{told}");
    assert!(told.contains("with it every pipeline behind it, whose tables are read again in full"), "{told}");
}

#[test]
fn pipelines_of_our_prefix_that_nobody_owns_are_named() {
    let site = site();
    site.passes("TW310");
    for number in 1..=4 {
        site.pipeline(&format!("sales_03_g01_p0{number}"), None);
    }
    insta::assert_snapshot!(site.told("TW310", 0), @r#"
    warning[TW310]: 4 pipelines of prefix `sales` are there, and no bundle owns them: "sales_03_g01_p01" (id [id], owner tester@example.com, last changed [time]), "sales_03_g01_p02", "sales_03_g01_p03", and 1 more
      --> tables.csv:2:1
      = target prod
      = why: no deploy will ever change or remove them, and names that we need later may be taken by them
      = fix: rename them, or delete what nobody needs: sales_03_g01_p01 [id], sales_03_g01_p02 [id], sales_03_g01_p03 [id], sales_03_g01_p04 [id]
    "#);
}

#[test]
fn a_bundle_whose_rows_are_gone_and_that_is_deployed_is_a_warning() {
    let site = site();
    let both = format!(
        "{}{}",
        sql_server_rows(2),
        sql_server_rows(1).lines().nth(1).unwrap().replace("retail,sales", "people,hr")
    );
    site.rows(
        &both.replace(
            "people,hr,erp,dbo,Table0,bronze,sales,table_0",
            "people,hr,erp,dbo,Staff,bronze,hr,staff",
        ),
    );
    site.deploy();
    site.passes("TW311");
    site.rows(&sql_server_rows(2));
    insta::assert_snapshot!(site.told("TW311", 0), @r#"
    warning[TW311]: bundle `people` is deployed to target `prod`, and no row names its project any more: 2 pipelines (gateway_hr_01_g01, pipeline_hr_01_g01_p01) and 1 job
      --> bundle people
      = target prod
      = why: its pipelines and jobs go on as they are, and no deploy changes or removes them
      = fix: put its rows back; or delete what it deployed with `tapworks deploy -t prod --remove-project people`, which says first whether its tables are kept
    "#);
}

#[test]
fn a_databricks_cli_that_is_missing_or_too_old_is_a_finding() {
    let mut site = site();
    site.passes("TW350");
    site.context.set("TAPWORKS_DATABRICKS_CLI", "/nowhere/databricks");
    insta::assert_snapshot!(site.told("TW350", 1), @r#"
    error[TW350]: the databricks CLI was not found: TAPWORKS_DATABRICKS_CLI names /nowhere/databricks, which is no program
      = why: tapworks deploys with it
      = fix: install it (https://docs.databricks.com/dev-tools/cli/install), or name it in TAPWORKS_DATABRICKS_CLI
    "#);
}

#[test]
fn the_state_of_the_terraform_engine_is_an_error_with_the_way_out() {
    let site = site();
    site.passes("TW351");
    let path = "/Users/tester@example.com/.bundle/retail/prod/state/terraform.tfstate";
    site.workspace.world(|world| world.files.write(path, *b"{}"));
    insta::assert_snapshot!(site.told("TW351", 1), @r#"
    error[TW351]: bundle `retail` was deployed with the Terraform engine of the databricks CLI: its state is /Workspace/Users/tester@example.com/.bundle/retail/prod/state/terraform.tfstate
      --> bundle retail
      = target prod
      = why: tapworks deploys with the direct engine, which keeps another state: plans, and keeping tables when a pipeline goes, work there only
      = fix: migrate it once, in the folder of the bundle as it was deployed: databricks bundle deployment migrate -t prod, then databricks bundle plan -t prod, which must show no change, then databricks bundle deploy -t prod
    "#);
    // With a state of the direct engine beside it, that one is used.
    site.workspace.world(|world| world.files.remove(path));
    site.deploy();
    site.workspace.world(|world| world.files.write(path, *b"{}"));
    site.passes("TW351");
}

#[test]
fn a_root_in_the_home_of_somebody_else_does_not_suit() {
    let site = site();
    site.passes("TW352");
    // A home that is not shown is not one where nothing is deployed.
    site.workspace.world(|world| world.files.write("/Users/ana@example.com/notes.txt", *b"shared"));
    site.settle("root_path: /Workspace/Users/ana@example.com/.bundle/${bundle.name}");
    insta::assert_snapshot!(site.told("TW352", 0), @r#"
    warning[TW352]: production target `prod` lies in the home of ana@example.com, /Workspace/Users/ana@example.com/.bundle/retail, and tester@example.com would deploy it
      --> tapworks.yml:5:16
      = target prod
      = why: only its owner and workspace admins may write there unless they share it
      = fix: deploy as ana@example.com, or choose a root_path that all who deploy may write to, such as below /Workspace/Shared
    "#);
    site.settle("mode: development\nroot_path: /Workspace/Users/ana@example.com/.bundle/${bundle.name}");
    insta::assert_snapshot!(site.told("TW352", 1), @r#"
    error[TW352]: development target `prod` lies in /Workspace/Users/ana@example.com/.bundle/retail, which is not the home of tester@example.com
      --> tapworks.yml:6:16
      = target prod
      = why: the databricks CLI refuses it: two people would overwrite each other
      = fix: start it with ~, or put ${workspace.current_user.userName} into it, or set  mode: production
    "#);
}

#[test]
fn whoever_is_named_must_be_there() {
    let site = site();
    let root = "root_path: /Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}\n";
    let principal = "8f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let people = format!(
        "{root}run_as: {{service_principal_name: {principal}}}\n\
         permissions: [{{level: CAN_MANAGE, group_name: data team}}, {{level: CAN_VIEW, user_name: ana@example.com}}]"
    );
    site.settle(&people);
    insta::assert_snapshot!(site.told("TW353", 1), @r#"
    error[TW353]: permissions of target `prod` names group `data team`, which the workspace does not know
      --> tapworks.yml:3:3
      = target prod
      = why: the deploy would stop at the first pipeline or job that is to have it
      = fix: correct the name as the workspace shows it, or have the group added to the workspace

    error[TW353]: permissions of target `prod` names user `ana@example.com`, which the workspace does not know
      --> tapworks.yml:3:3
      = target prod
      = why: the deploy would stop at the first pipeline or job that is to have it
      = fix: correct the address, or have the user added to the workspace

    error[TW353]: run_as of target `prod` names service principal `[id]`, which the workspace does not know
      --> tapworks.yml:3:3
      = target prod
      = why: the deploy would stop at the first pipeline or job that is to have it
      = fix: write its application id, not its name, or have it added to the workspace
    "#);
    site.workspace.world(|world| {
        world.accounts.add_principal(Identity::service_principal(principal, "loader"));
        world.accounts.add_principal(Identity::user("ana@example.com"));
        world.accounts.add_group("data team");
    });
    site.passes("TW353");
}

#[test]
fn gateways_that_do_not_keep_running_are_a_warning() {
    let site = site();
    site.passes("TW354");
    site.settle("mode: development");
    insta::assert_snapshot!(site.told("TW354", 0), @r#"
    warning[TW354]: 1 gateway of development target `prod` does not keep running: sales_01_g01
      --> tapworks.yml:3:3
      = target prod
      = why: with mode development the databricks CLI makes every pipeline non-continuous, gateways too, and without a running gateway no row arrives
      = fix: start it by hand where rows are wanted: databricks bundle run --no-wait gateway_sales_01_g01 -t prod; or set  mode: production  for this target, with  presets: {name_prefix: "[dev ${workspace.current_user.short_name}] "}  to keep names apart
    "#);
}

#[test]
fn what_may_not_be_listed_is_skipped_by_name_and_the_rest_is_judged() {
    let site = site();
    site.pipeline("sales_01_g01_p01", None);
    site.create("/api/2.2/jobs/create", &json!({"name": "sales_01_g01_p01"}));
    let denied = |path| Fault::on("GET", path).always().error(403, "PERMISSION_DENIED", "not for you");
    site.workspace.fault(denied("/api/2.0/pipelines"));
    let document = site.document(1);
    assert_eq!(rules(&document), ["TW302"]);
    let skipped = document["skipped"].as_array().unwrap();
    let names: Vec<_> = skipped.iter().map(|it| it["rule"].as_str().unwrap()).collect();
    assert_eq!(names, ["TW301", "TW303", "TW304", "TW305", "TW310"]);
    assert_eq!(
        skipped[0],
        json!({"target": "prod", "rule": "TW301", "why": "the list of pipelines may not be read by tester@example.com \
            (PERMISSION_DENIED: not for you); ask for access to pipelines in this workspace"})
    );
    assert_eq!(document["rules"]["skipped"], 5);
}

#[test]
fn who_does_not_see_everything_is_told_so() {
    let workspace = MockWorkspace::builder().identity(Identity::user("tester@example.com")).start().unwrap();
    let site = site_of(workspace);
    let said = site.check(&["--only", "TW301,TW302,TW306"]);
    insta::assert_snapshot!(plain(&said.exits(0).stdout), @r#"
    skipped  prod: TW302
      = why: seen only as far as tester@example.com may view; to see every job, ask a workspace admin to run the check, or for membership in `admins`
    skipped  prod: TW301
      = why: seen only as far as tester@example.com may view; to see every pipeline, ask a workspace admin to run the check, or for membership in `admins`

    passed 1   failed 0   warned 0   skipped 2
    0 errors, 0 warnings ([number] requests)
    "#);
}

#[test]
fn a_failure_that_is_no_refusal_is_exit_5_and_the_other_target_is_judged() {
    let site = site();
    site.pipeline("sales_01_g01_p01", None);
    let host = site.workspace.url();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    site.context.write(
        "tapworks.yml",
        &format!(
            "source: tables.csv\ntargets:\n  away:\n    workspace_host: http://127.0.0.1:{port}\n    mode: production\n    \
             root_path: /Workspace/a/${{bundle.name}}\n  prod:\n    workspace_host: {host}\n    root_path: /Workspace/b/${{bundle.name}}\n"
        ),
    );
    site.context.write(".databrickscfg", &format!("[away]\nhost = http://127.0.0.1:{port}\ntoken = t\n"));
    let both = ["-t", "away", "-t", "prod", "--retry-timeout", "1s", "-o", "json"];
    // Without a lock, the one that does not answer may be the one that knows where tables lie.
    let document = site.check(&both).exits(5).json();
    assert!(!rules(&document).contains(&"TW301".to_owned()), "{document}");
    site.context.run(&["generate"]).exits(0);
    let document = site.check(&both).exits(5).json();
    assert!(rules(&document).contains(&"TW301".to_owned()), "{document}");
    assert!(document["targets"][0]["error"]["message"].is_string(), "{document}");
    assert!(document["targets"][1].get("error").is_none());
    let skipped = document["skipped"].as_array().unwrap();
    // Whether prod shares a metastore with the other is not known either.
    let of_away = |it: &&Value| it["target"] == "away" || it["rule"] == "TW324";
    assert!(skipped.iter().filter(of_away).count() == skipped.len() && skipped.len() > 10, "{document}");
}

#[test]
fn offline_nothing_is_asked_and_live_rules_are_skipped() {
    let site = site();
    let document = site.check(&["--offline", "-o", "json"]).exits(0).json();
    assert!(site.workspace.requests().is_empty());
    assert_eq!(document["requests"], 0);
    assert!(document["rules"]["skipped"].as_u64().unwrap() > 10);
    site.rows(&sql_server_rows(2).replace("sqlserver_erp", ""));
    let document = site.check(&["--offline", "-o", "json"]).exits(1).json();
    assert!(rules(&document).contains(&"TW202".to_owned()), "{document}");
    let said = site.context.run(&["check", "--offline", "--source", "main.cfg.tables"]);
    assert!(said.exits(2).stderr.contains("--offline"), "{}", said.stderr);
}

#[test]
fn a_rule_is_left_out_with_a_reason_and_until_a_day() {
    let site = site();
    site.pipeline("sales_01_g01_p01", None);
    let said = site.check(&[
        "--skip",
        "TW301",
        "--reason",
        "moves on Monday",
        "--until",
        "2999-12-31",
        "-o",
        "json",
    ]);
    let document = said.exits(0).json();
    assert_eq!(document["findings"], json!([]));
    let why = "left out until 2999-12-31 by --skip: moves on Monday";
    assert_eq!(document["skipped"], json!([{"target": "prod", "rule": "TW301", "why": why}]));
    // A day that is over.
    let said = site.check(&["--skip", "TW301", "--reason", "moved", "--until", "2026-01-31", "-o", "json"]);
    assert_eq!(rules(&said.exits(1).json()), ["TW140", "TW301"]);
    // Without a reason, or with a rule that there is none of.
    assert!(site.check(&["--skip", "TW301"]).exits(2).stderr.contains("--reason"));
    let said = site.check(&["--skip", "TW3O1", "--reason", "x"]);
    assert!(said.exits(2).stderr.contains("did you mean `TW301`?"), "{}", said.stderr);
    // What is skipped on the command line stops a deploy all the same; what the settings skip does not.
    site.context.run(&["deploy", "--target", "prod"]).exits(1);
    let settings = site.context.read("tapworks.yml");
    site.context.write(
        "tapworks.yml",
        &format!("{settings}skip:\n  - {{rule: TW301, reason: known, until: 2999-12-31}}\n"),
    );
    site.passes_but_skips("TW301", "left out until 2999-12-31 by tapworks.yml:7:5: known");
}

impl Site {
    #[track_caller]
    fn passes_but_skips(&self, rule: &str, why: &str) {
        let document = self.document(0);
        assert_eq!(document["skipped"], json!([{"target": "prod", "rule": rule, "why": why}]));
        let said = self.context.run(&["deploy", "--target", "prod"]);
        assert!(
            said.stderr.contains(&format!("note[{rule}]")) && said.stderr.contains(why),
            "{}",
            said.stderr
        );
    }
}
