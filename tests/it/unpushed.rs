//! Which state is the true one: one that never came to the workspace, and one that somebody changed in between.

use serde_json::{Value, json};
use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, Said};

const STATE: &str = "/Users/tester@example.com/.bundle/retail/prod/state/resources.json";
const DEPLOY: &[&str] = &["deploy", "--target", "prod", "-o", "json"];

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

impl Site {
    fn new() -> Self {
        let workspace = MockWorkspace::start();
        let context = Context::with(&workspace);
        let site = Self { workspace, context };
        site.check_out("", "salesforce");
        site
    }

    /// What is kept in git: the rows, read through this connection, and the settings, with a line about the target.
    fn check_out(&self, line: &str, connection: &str) {
        let mut rows = "connector,project_name,prefix,source_database,source_schema,source_table_name,\
                        target_catalog,target_schema,target_table_name,connection_name\n"
            .to_owned();
        for table in 0..3 {
            rows.push_str(&format!(
                "salesforce,retail,crm,sf,objects,T{table},bronze,crm,t{table},{connection}\n"
            ));
        }
        self.context.write("tables.csv", &rows);
        let host = self.workspace.url();
        self.context.write(
            "tapworks.yml",
            &format!("source: tables.csv\ntargets:\n  prod:\n    workspace_host: {host}\n    {line}\n"),
        );
    }

    /// Another machine: what the CLI keeps beside the bundle is not there.
    fn on_another_machine(&self) {
        std::fs::remove_dir_all(self.context.path("dab_deployment/retail/.databricks")).unwrap();
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.workspace.clear_requests();
        self.context.run(&[DEPLOY, more].concat())
    }

    /// The same, where the CLI cannot save its state at the end.
    fn deploy_unsaved(&self, more: &[&str]) -> Said {
        self.workspace.fault(
            Fault::on("POST", "/api/2.0/workspace-files/import-file/.*/state/resources.json")
                .error(403, "PERMISSION_DENIED", "not there")
                .always(),
        );
        let said = self.deploy(more);
        self.workspace.clear_faults();
        said
    }

    /// What reached pipelines: `DELETE true` with the parameter `cascade`.
    fn sent(&self) -> Vec<String> {
        let requests = self.workspace.writes();
        let pipelines = requests.iter().filter(|request| request.path.starts_with("/api/2.0/pipelines"));
        pipelines
            .map(|request| format!("{} {}", request.method, request.param("cascade").unwrap_or("-")))
            .collect()
    }

    fn state(&self) -> Option<Value> {
        let text = self.workspace.world(|world| world.files.read(STATE))?;
        Some(serde_json::from_slice(&text).unwrap())
    }
}

#[test]
fn what_could_not_be_saved_is_partly_deployed_and_brought_home() {
    let site = Site::new();
    let said = site.deploy_unsaved(&[]);
    let document = said.exits(6).json();
    assert_eq!(document["targets"][0]["status"], "partly_deployed");
    assert_eq!(document["targets"][0]["projects"][0]["resources"]["created"], 2, "{document:#}");
    assert!(said.stderr.contains("go on with: tapworks deploy --resume "), "{}", said.stderr);
    assert_eq!((site.sent(), site.state()), (vec!["POST -".to_owned()], None));
    // Nothing is left to change, and still it is not left at that.
    let said = site.deploy(&[]);
    assert_eq!(said.exits(0).json()["targets"][0]["status"], "deployed");
    assert_eq!(site.sent(), Vec::<String>::new());
    assert!(site.state().unwrap()["state"]["resources.pipelines.pipeline_crm_01_p01"].is_object());
    site.on_another_machine();
    let said = site.deploy(&[]);
    assert_eq!(said.exits(0).json()["targets"][0]["status"], "unchanged");
}

#[test]
fn what_happens_to_tables_is_told_by_the_state_that_the_cli_goes_on_with() {
    let site = Site::new();
    site.deploy(&[]).exits(0);
    site.check_out("cascade_on_destroy: true", "salesforce");
    site.deploy_unsaved(&[]).exits(6);
    // The workspace still has the state that keeps tables.
    let pipeline = &site.state().unwrap()["state"]["resources.pipelines.pipeline_crm_01_p01"];
    assert_eq!(pipeline["state"]["cascade_on_destroy"], false);
    site.check_out("cascade_on_destroy: true", "salesforce_new");
    let said = site.deploy(&[]);
    let document = said.exits(4).json();
    let what = document["targets"][0]["projects"][0]["needs"][0]["what"].as_str().unwrap();
    assert!(what.contains("DROPPED") && !what.contains("KEPT"), "{what}");
    assert_eq!(site.sent(), Vec::<String>::new());
    site.deploy(&["--allow", "recreate:pipeline_crm_01_p01"]).exits(0);
    assert_eq!(site.sent(), ["DELETE true", "POST -"]);
}

/// Somebody deploys another flag after the state was read and before the CLI plans.
#[test]
fn a_deploy_of_somebody_else_before_the_plan_is_noticed() {
    let site = Site::new();
    site.check_out("cascade_on_destroy: true", "salesforce");
    site.deploy(&[]).exits(0);
    let copied = std::process::Command::new("cp")
        .args(["-r", "dab_deployment/retail", "somebody"])
        .current_dir(site.context.path("."))
        .status();
    assert!(copied.unwrap().success());
    site.check_out("", "salesforce");
    site.deploy(&[]).exits(0);
    let real = site.context.read("programs/databricks");
    site.context.write(
        "programs/databricks",
        &real.replace(
            "\nexec ",
            "\ncase \"$*\" in 'bundle plan'*) if mkdir ../../once; then \
             (cd ../../somebody && rm -r .databricks && ../programs/databricks bundle deploy -t prod >&2) || exit 9; fi;; esac\nexec ",
        ),
    );
    site.check_out("", "salesforce_new");
    let said = site.deploy(&["--allow", "recreate:pipeline_crm_01_p01"]);
    said.exits(1);
    assert!(said.stderr.contains("was deployed by somebody else since"), "{}", said.stderr);
    assert!(said.stderr.contains("run the deploy again: it plans anew"), "{}", said.stderr);
    assert_eq!(site.sent(), Vec::<String>::new(), "{}", said.stderr);
    // Planned anew, it says what the flag that is deployed now does to the tables.
    let said = site.deploy(&["--allow", "recreate:pipeline_crm_01_p01"]);
    said.exits(4);
    assert!(said.stderr.contains("error[TW402]") && said.stderr.contains("DROPPED"), "{}", said.stderr);
    assert_eq!(site.sent(), Vec::<String>::new());
}

#[test]
fn a_pipeline_that_was_made_again_before_the_folder_was_lost_is_taken_over() {
    let site = Site::new();
    site.deploy(&[]).exits(0);
    site.check_out("", "salesforce_new");
    site.deploy_unsaved(&["--allow", "recreate:pipeline_crm_01_p01"]).exits(6);
    assert_eq!(site.sent(), ["DELETE false", "POST -"]);
    let made = site.workspace.world(|world| world.pipelines.iter().next().unwrap().id.clone());
    site.on_another_machine();
    let said = site.deploy(&[]);
    said.exits(1);
    assert!(said.stderr.contains("error[TW304]"), "{}", said.stderr);
    assert!(
        said.stderr.contains("`tapworks deploy --recover` takes over all that was left"),
        "{}",
        said.stderr
    );
    let said = site.deploy(&["--recover"]);
    said.exits(0);
    assert!(said.stderr.contains(&format!("(id {made}), bound as pipeline_crm_01_p01")), "{}", said.stderr);
    assert_eq!(site.sent(), Vec::<String>::new());
    let state = site.state().unwrap();
    assert_eq!(state["state"]["resources.pipelines.pipeline_crm_01_p01"]["__id__"], json!(made));
    assert_eq!(site.deploy(&[]).exits(0).json()["targets"][0]["status"], "unchanged");
}
