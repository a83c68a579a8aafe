//! A deployed site: two pipelines of two tables behind a gateway, and one of an application.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use tapworks_mocks::workspace::{MockWorkspace, RecordedRequest, World};

use crate::context::{Context, Said};

pub(super) const PLAN: &[&str] = &["plan", "--target", "prod", "-o", "json"];
pub(super) const DEPLOY: &[&str] = &["deploy", "--target", "prod", "-o", "json"];

pub(super) const GATEWAY: &str = "gateway_sales_01_g01";
/// Behind the gateway.
pub(super) const FIRST: &str = "pipeline_sales_01_g01_p01";
pub(super) const FIRST_JOB: &str = "job_sales_01_g01_p01";
/// Of the application.
pub(super) const CRM: &str = "pipeline_crm_01_p01";
pub(super) const CRM_JOB: &str = "job_crm_01_p01";

const STATE: &str = "/Users/tester@example.com/.bundle/retail/prod/state/resources.json";
const CLI_FOLDER: &str = "dab_deployment/retail/.databricks";

const HEADER: &str = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                      target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema,scd_type,\
                      primary_keys,exclude_columns,schedule";

pub(super) struct Site {
    pub(super) workspace: MockWorkspace,
    pub(super) context: Context,
    /// Lines about target `prod`, and what it puts over the bundle.
    settings: RefCell<(String, Value)>,
}

fn rows() -> String {
    let mut rows = format!("{HEADER}\n");
    for number in 0..4 {
        rows.push_str(&format!(
            "sql_server,retail,sales,erp,dbo,Table{number},bronze,sales,table_{number},sqlserver_erp,bronze,staging,SCD_TYPE_1,,,0 6 * * *\n"
        ));
    }
    rows.push_str(
        "salesforce,retail,crm,Salesforce,standard,Account,bronze,crm,account,salesforce_crm,,,SCD_TYPE_1,,,0 6 * * *\n",
    );
    rows
}

impl Site {
    /// Nothing is deployed yet.
    pub(super) fn new() -> Self {
        let workspace = MockWorkspace::start();
        let context = Context::with(&workspace);
        context.write("tables.csv", &rows());
        let site = Self { workspace, context, settings: RefCell::default() };
        site.settle("");
        site
    }

    pub(super) fn deployed() -> Self {
        let site = Self::new();
        site.deploy(&[]).exits(0);
        site.workspace.clear_requests();
        site
    }

    /// The settings, with these lines about target `prod`.
    pub(super) fn settle(&self, lines: &str) {
        lines.clone_into(&mut self.settings.borrow_mut().0);
        self.write_settings();
    }

    /// The settings, with this over the bundle too, beside what is there already.
    pub(super) fn overlay(&self, more: Value) {
        merge(&mut self.settings.borrow_mut().1, more);
        self.write_settings();
    }

    /// The settings, with these fields over those of a pipeline.
    pub(super) fn set(&self, pipeline: &str, fields: Value) {
        self.overlay(json!({"resources": {"pipelines": {pipeline: fields}}}));
    }

    /// The settings, with these fields over those of a job.
    pub(super) fn set_job(&self, job: &str, fields: Value) {
        self.overlay(json!({"resources": {"jobs": {job: fields}}}));
    }

    /// The settings, with nothing over the bundle.
    pub(super) fn lay_nothing_over(&self) {
        self.settings.borrow_mut().1 = Value::Null;
        self.write_settings();
    }

    fn write_settings(&self) {
        let (lines, overlay) = &*self.settings.borrow();
        let mut text = format!(
            "source: tables.csv\nmax_tables_per_pipeline: 2\ndefault_values: {{schedule: null}}\ntargets:\n  prod:\n    workspace_host: {}\n",
            self.workspace.url()
        );
        for line in lines.lines() {
            text.push_str(&format!("    {line}\n"));
        }
        if !overlay.is_null() {
            text.push_str("    bundle:\n");
            block(overlay, 6, &mut text);
        }
        self.context.write("tapworks.yml", &text);
    }

    pub(super) fn replace(&self, from: &str, to: &str) {
        let rows = self.context.read("tables.csv");
        assert!(rows.contains(from), "{from}");
        self.context.write("tables.csv", &rows.replace(from, to));
    }

    /// The table list without the lines that hold this.
    pub(super) fn take_out(&self, text: &str) {
        let rows = self.context.read("tables.csv");
        let kept = rows.lines().filter(|line| !line.contains(text)).map(|line| format!("{line}\n"));
        self.context.write("tables.csv", &kept.collect::<String>());
    }

    pub(super) fn plan(&self) -> Said {
        self.context.run(PLAN)
    }

    pub(super) fn deploy(&self, allowed: &[&str]) -> Said {
        let flags = allowed.iter().flat_map(|consent| ["--allow", consent]);
        self.context.run(&DEPLOY.iter().copied().chain(flags).collect::<Vec<_>>())
    }

    /// As if something else had been deployed: what the CLI keeps, and what the workspace has.
    pub(super) fn was_deployed(&self, resource: &str, change: impl Fn(&mut Value)) {
        let full = format!("resources.{resource}");
        let mut id = String::new();
        self.rewrite_state(|entries| {
            let entry = &mut entries[&full];
            change(&mut entry["state"]);
            entry["__id__"].as_str().unwrap().clone_into(&mut id);
        });
        self.workspace.world(|world| edit(world, resource, &id, change));
    }

    /// As if somebody had changed it in the workspace.
    pub(super) fn by_hand(&self, resource: &str, change: impl Fn(&mut Value)) {
        let state = self.state();
        let id = state["state"][format!("resources.{resource}")]["__id__"].as_str().unwrap();
        self.workspace.world(|world| edit(world, resource, id, change));
    }

    /// As if it had been deployed under another key.
    pub(super) fn was_called(&self, resource: &str, other: &str) {
        let [from, to] = [resource, other].map(|key| format!("resources.{key}"));
        self.rewrite_state(|entries| {
            let text = Value::Object(std::mem::take(entries)).to_string();
            // Whatever refers to it did so by that key.
            let text = text.replace(&format!("\"{from}"), &format!("\"{to}"));
            let text = text.replace(&format!("${{{from}"), &format!("${{{to}"));
            *entries = serde_json::from_str(&text).unwrap();
        });
    }

    fn state(&self) -> Value {
        let bytes =
            self.workspace.world(|world| world.files.read(STATE).map(|bytes| bytes.to_vec())).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn rewrite_state(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut state = self.state();
        change(state["state"].as_object_mut().unwrap());
        state["serial"] = (state["serial"].as_u64().unwrap() + 1).into();
        self.workspace.world(|world| world.files.write(STATE, state.to_string()));
        // Nothing of it is on this machine.
        let _ = std::fs::remove_dir_all(self.context.path(CLI_FOLDER));
    }

    /// The names of pipelines and jobs by id.
    pub(super) fn names(&self) -> BTreeMap<String, String> {
        self.workspace.world(|world| {
            let pipelines = world.pipelines.iter().map(|it| (it.id.clone(), it.name.clone()));
            let jobs = world.jobs.iter().map(|job| (job.id.to_string(), job.name().to_owned()));
            pipelines.chain(jobs).collect()
        })
    }

    /// What reached pipelines, jobs and permissions, sorted; `known` has the names of what was there before.
    pub(super) fn requests(&self, known: &BTreeMap<String, String>) -> Vec<String> {
        let mut names = self.names();
        names.extend(known.clone());
        let mut requests: Vec<String> =
            self.workspace.writes().iter().filter_map(|request| words(request, &names)).collect();
        requests.sort();
        requests
    }
}

/// `PUT pipeline crm_01_p01`; nothing for files.
fn words(request: &RecordedRequest, names: &BTreeMap<String, String>) -> Option<String> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').skip(2).collect();
    let method = &request.method;
    let body = || request.json();
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| format!("unknown {id}"));
    Some(match path.as_slice() {
        ["pipelines"] => format!("{method} pipeline {}", body()["name"].as_str().unwrap()),
        ["pipelines", id] => {
            let cascade = request.param("cascade").map(|cascade| format!(" cascade={cascade}"));
            format!("{method} pipeline {}{}", name(id), cascade.unwrap_or_default())
        }
        ["permissions", "pipelines" | "jobs", id] => format!("{method} permissions of {}", name(id)),
        ["jobs", "create"] => format!("create job {}", body()["name"].as_str().unwrap()),
        ["jobs", verb] => format!("{verb} job {}", name(&body()["job_id"].to_string())),
        ["pipelines" | "jobs", ..] => panic!("{method} {path:?}"),
        _ => return None,
    })
}

fn edit(world: &mut World, resource: &str, id: &str, change: impl Fn(&mut Value)) {
    let changed = |fields: &serde_json::Map<String, Value>| {
        let mut fields = Value::Object(fields.clone());
        change(&mut fields);
        // The service does not know that one.
        fields.as_object_mut().unwrap().remove("cascade_on_destroy");
        fields.as_object().unwrap().clone()
    };
    if resource.starts_with("jobs.") {
        let mut job = world.jobs.get(id.parse().unwrap()).unwrap().clone();
        job.settings = changed(&job.settings);
        world.jobs.insert(job);
    } else {
        let mut pipeline = world.pipelines.get(id).unwrap().clone();
        pipeline.spec = changed(&pipeline.spec);
        pipeline.spec["name"].as_str().unwrap().clone_into(&mut pipeline.name);
        world.pipelines.insert(pipeline);
    }
}

/// Puts `more` over `base`, maps key by key.
fn merge(base: &mut Value, more: Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            for (key, value) in more {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more,
    }
}

/// A map as people write it, each key on a line of its own.
fn block(value: &Value, depth: usize, text: &mut String) {
    for (key, value) in value.as_object().unwrap() {
        if value.as_object().is_some_and(|fields| !fields.is_empty()) {
            text.push_str(&format!("{:depth$}{key}:\n", ""));
            block(value, depth + 2, text);
        } else {
            text.push_str(&format!("{:depth$}{key}: {value}\n", ""));
        }
    }
}
