//! Permissions are a node of their own

use serde_json::{Value, json};

use super::case::{Case, in_a_row};
use super::site::{CRM, CRM_JOB, Site};

fn of_pipeline(site: &Site, entries: &Value) {
    site.set(CRM, json!({"permissions": entries}));
}

const CHANGED: Case = Case {
    row: "permissions",
    edit: |_| {},
    resources: &["pipelines.pipeline_crm_01_p01.permissions update metadata"],
    tables: &[],
    needs: &[],
    requests: &["PUT permissions of crm_01_p01"],
};

#[test]
fn permissions_come_change_and_go() {
    in_a_row(&[
        Case {
            row: "permissions, new",
            edit: |site| of_pipeline(site, &json!([{"group_name": "admins", "level": "CAN_VIEW"}])),
            resources: &["pipelines.pipeline_crm_01_p01.permissions create metadata"],
            ..CHANGED
        },
        Case {
            row: "permissions, another level",
            edit: |site| of_pipeline(site, &json!([{"group_name": "admins", "level": "CAN_RUN"}])),
            ..CHANGED
        },
        Case {
            row: "permissions, removed",
            edit: Site::lay_nothing_over,
            resources: &["pipelines.pipeline_crm_01_p01.permissions delete metadata"],
            requests: &[],
            ..CHANGED
        },
        Case {
            row: "permissions of a job",
            edit: |site| {
                let entries = json!([{"group_name": "admins", "level": "CAN_VIEW"}]);
                site.set_job(CRM_JOB, json!({"permissions": entries}));
            },
            resources: &["jobs.job_crm_01_p01.permissions create metadata"],
            ..CHANGED
        },
    ]);
}
