//! What a deploy would do to data without a pipeline being made again: refused, with the flag that consents to it.

use std::fmt::Write as _;

use serde_json::Value;
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said};

const STATE: &str = "/Users/tester@example.com/.bundle/retail/prod/state/resources.json";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// So many tables of an application, in one group; each line as `change` leaves it.
fn rows(tables: std::ops::Range<usize>, change: impl Fn(usize, String) -> String) -> String {
    let mut text =
        "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,scd_type,primary_keys\n"
            .to_owned();
    for table in tables {
        let line =
            format!("salesforce,retail,crm,sf,objects,T{table},bronze,crm,t{table},salesforce,SCD_TYPE_1,id");
        let _ = writeln!(text, "{}", change(table, line));
    }
    text
}

fn deployed(tables: usize) -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
    let settings = format!(
        "source: tables.csv\ntargets:\n  prod:\n    workspace_host: {}\n    root_path: {root}\n",
        workspace.url()
    );
    context.write("tapworks.yml", &settings);
    context.write("tables.csv", &rows(0..tables, |_, line| line));
    let site = Site { workspace, context };
    site.deploy(&[]).exits(0);
    site
}

impl Site {
    fn deploy(&self, more: &[&str]) -> Said {
        self.workspace.clear_requests();
        self.context.run(&[&["deploy", "--target", "prod", "-o", "json"], more].concat())
    }

    /// Refused with this one flag and nothing sent; with the flag it goes through.
    #[track_caller]
    fn needs(&self, consent: &str) -> Value {
        let said = self.deploy(&[]);
        let document = said.exits(4).json();
        assert_eq!(document["needs_consent"], serde_json::json!([consent]), "{document:#}");
        assert!(said.stderr.contains(&format!("--allow {consent}\n")), "{}", said.stderr);
        assert_eq!(self.workspace.writes().len(), 0);
        self.deploy(&["--allow", consent]).exits(0).json()
    }
}

#[test]
fn what_reads_a_table_again_in_place_needs_consent() {
    let edits: [fn(String) -> String; 3] = [
        |line| line.replace("SCD_TYPE_1", "SCD_TYPE_2"),
        |line| line.replace(",SCD_TYPE_2,id", ",SCD_TYPE_2,\"id,line\""),
        |line| line.replace(",T3,", ",T3_new,"),
    ];
    let site = deployed(6);
    for until in 1..=edits.len() {
        let changed = rows(0..6, |table, line| {
            if table == 3 { edits[..until].iter().fold(line, |line, edit| edit(line)) } else { line }
        });
        site.context.write("tables.csv", &changed);
        let document = site.needs("snapshot:pipeline_crm_01_p01");
        assert_eq!(document["targets"][0]["projects"][0]["resources"]["recreated"], 0);
    }
}

#[test]
fn very_many_tables_that_leave_need_consent_and_few_do_not() {
    let site = deployed(600);
    site.context.write("tables.csv", &rows(0..550, |_, line| line));
    site.deploy(&[]).exits(0);
    // Every other one, so that no pipeline loses all of its tables.
    let kept = rows(0..550, |table, line| if table % 2 == 0 { line } else { String::new() });
    site.context.write("tables.csv", &kept.replace("\n\n", "\n"));
    site.needs("remove:retail");
}

#[test]
fn what_would_drop_tables_is_refused_while_the_flag_that_keeps_them_is_not_deployed() {
    let site = deployed(300);
    // As a bundle leaves it that was deployed before the flag was in it.
    let text = site.workspace.world(|world| world.files.read(STATE).map(|bytes| bytes.to_vec())).unwrap();
    let mut state: Value = serde_json::from_slice(&text).unwrap();
    for (key, entry) in state["state"].as_object_mut().unwrap() {
        if key.starts_with("resources.pipelines.") {
            entry["state"].as_object_mut().unwrap().remove("cascade_on_destroy").unwrap();
        }
    }
    state["serial"] = (state["serial"].as_u64().unwrap() + 1).into();
    site.workspace.world(|world| world.files.write(STATE, state.to_string()));
    std::fs::remove_dir_all(site.context.path("dab_deployment/retail/.databricks")).unwrap();
    site.context.write("tables.csv", &rows(0..250, |_, line| line));
    let said = site.deploy(&["--allow", "delete:pipeline_crm_01_p02"]);
    let told = &said.exits(4).stderr;
    assert!(told.contains("error[TW402]") && told.contains("pipeline_crm_01_p02"), "{told}");
    assert!(told.to_uppercase().contains("DROP"), "{told}");
    assert_eq!(site.workspace.writes().len(), 0);
    // The way out that it names: deploy without that change first.
    site.context.write("tables.csv", &rows(0..300, |_, line| line));
    site.deploy(&[]).exits(0);
    site.context.write("tables.csv", &rows(0..250, |_, line| line));
    site.needs("delete:pipeline_crm_01_p02");
}
