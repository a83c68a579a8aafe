//! `cascade_on_destroy` and `lifecycle.prevent_destroy`: what the CLI notes, and what it refuses

use serde_json::json;

use super::case::{Case, in_a_row};
use super::pipeline::again;
use super::site::{CRM, Site};

const NOTED: &[&str] = &[
    "pipelines.gateway_sales_01_g01 update metadata",
    "pipelines.pipeline_crm_01_p01 update metadata",
    "pipelines.pipeline_sales_01_g01_p01 update metadata",
    "pipelines.pipeline_sales_01_g01_p02 update metadata",
];

#[test]
fn cascade_on_destroy_is_noted_and_then_obeyed() {
    in_a_row(&[
        Case {
            row: "cascade_on_destroy",
            edit: |site| site.settle("cascade_on_destroy: true"),
            resources: NOTED,
            tables: &[],
            needs: &[],
            requests: &[],
        },
        Case {
            requests: &[
                "DELETE pipeline crm_01_p01 cascade=true",
                "POST pipeline crm_01_p01",
                "reset job crm_01_p01",
            ],
            ..again("storage, with cascade_on_destroy deployed", |site| {
                site.set(CRM, json!({"storage": "dbfs:/other"}));
            })
        },
        Case {
            row: "resource removed, with cascade_on_destroy deployed",
            edit: |site| {
                site.lay_nothing_over();
                site.take_out(",crm,");
            },
            resources: &[
                "pipelines.pipeline_crm_01_p01 delete delete",
                "jobs.job_crm_01_p01 delete metadata",
            ],
            tables: &["bronze.crm.account remove delete"],
            needs: &["delete:pipeline_crm_01_p01"],
            requests: &["DELETE pipeline crm_01_p01 cascade=true", "delete job crm_01_p01"],
        },
    ]);
}

/// The settings, or what they put over one pipeline.
const WAYS: [fn(&Site); 2] = [
    |site| site.settle("prevent_destroy: true"),
    |site| site.set(CRM, json!({"lifecycle": {"prevent_destroy": true}})),
];

#[test]
fn prevent_destroy_stops_what_makes_a_pipeline_again() {
    for way in WAYS {
        let site = Site::deployed();
        let set = Case {
            row: "lifecycle.prevent_destroy",
            edit: way,
            resources: &[],
            tables: &[],
            needs: &[],
            requests: &[],
        };
        set.goes(&site);
        site.replace("salesforce_crm", "salesforce_new");
        let said = site.plan();
        let plan = said.exits(1).json();
        assert_eq!(plan["summary"]["needs_consent"], json!([]), "no consent covers it");
        assert!(said.stderr.contains("error[TW403]") && said.stderr.contains(CRM), "{}", said.stderr);
        let said = site.deploy(&[]);
        said.exits(4);
        assert!(said.stderr.contains("error[TW403]"), "{}", said.stderr);
        assert_eq!(site.workspace.writes().len(), 0);
        // What leaves the bundle is not stopped by it, so that it is for the user to consent.
        site.replace("salesforce_new", "salesforce_crm");
        site.lay_nothing_over();
        let removed = Case {
            row: "resource removed, with lifecycle.prevent_destroy",
            edit: |site| site.take_out(",crm,"),
            resources: &[
                "pipelines.pipeline_crm_01_p01 delete delete",
                "jobs.job_crm_01_p01 delete metadata",
            ],
            tables: &["bronze.crm.account remove delete"],
            needs: &["delete:pipeline_crm_01_p01"],
            requests: &["DELETE pipeline crm_01_p01 cascade=false", "delete job crm_01_p01"],
        };
        removed.goes(&site);
    }
}

#[test]
fn a_flag_that_is_not_deployed_is_an_error_that_no_consent_covers() {
    let site = Site::new();
    site.settle("cascade_on_destroy: true");
    site.deploy(&[]).exits(0);
    site.settle("");
    site.replace(",staging,", ",staging2,");
    let said = site.plan();
    let plan = said.exits(1).json();
    assert_eq!(plan["summary"]["needs_consent"], json!([]));
    let findings = plan["findings"].as_array().unwrap().iter();
    let errors: Vec<&str> = findings
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert_eq!(errors, ["TW402", "TW402", "TW402"]);
    assert!(said.stderr.contains("4 tables DROPPED"), "{}", said.stderr);
    assert!(said.stderr.contains("deploy once without this change"), "{}", said.stderr);
}
