//! Jobs that have tables read again in full at every run

use serde_json::{Value, json};

use super::case::{Case, cause};
use super::site::{CRM, FIRST_JOB, Site};

fn runs(site: &Site, task: &Value) {
    let task = json!({"task_key": "run_pipeline", "pipeline_task": task});
    site.set_job(FIRST_JOB, json!({"tasks": [task]}));
}

const BOTH: Case = Case {
    row: "tasks: full_refresh",
    edit: |site| runs(site, &json!({"full_refresh": true})),
    resources: &["jobs.job_sales_01_g01_p01 update snapshot"],
    tables: &["bronze.sales.table_0 update snapshot", "bronze.sales.table_1 update snapshot"],
    needs: &["snapshot:pipeline_sales_01_g01_p01"],
    requests: &["reset job sales_01_g01_p01"],
};

#[test]
fn a_job_that_reads_in_full_needs_consent_once() {
    let site = Site::deployed();
    let some = Case {
        row: "tasks: full_refresh_selection",
        edit: |site| runs(site, &json!({"full_refresh_selection": ["bronze.sales.Table_1"]})),
        tables: &["bronze.sales.table_1 update snapshot"],
        ..BOTH
    };
    let plan = some.goes(&site);
    let why = cause(&plan, "tables");
    let name = format!("targets.prod.bundle.resources.jobs.{FIRST_JOB}.tasks, tapworks.yml:");
    assert!(why.starts_with(&name), "{why}");
    assert!(why.ends_with(&format!(" → jobs.{FIRST_JOB} reads in full at every run")), "{why}");
    BOTH.goes(&site);
    let also = Case {
        row: "tasks: a job that reads in full already",
        edit: |site| site.replace("staging,SCD_TYPE_1,,,0 6", "staging,SCD_TYPE_1,,,0 7"),
        resources: &[
            "jobs.job_sales_01_g01_p01 update metadata",
            "jobs.job_sales_01_g01_p02 update metadata",
        ],
        tables: &[],
        needs: &[],
        requests: &["reset job sales_01_g01_p01", "reset job sales_01_g01_p02"],
    };
    also.goes(&site);
    let less = Case {
        row: "tasks: no full_refresh any more",
        edit: Site::lay_nothing_over,
        resources: &["jobs.job_sales_01_g01_p01 update metadata"],
        tables: &[],
        needs: &[],
        ..BOTH
    };
    less.goes(&site);
}

#[test]
fn a_pipeline_of_its_own_change_is_told_with_it() {
    let site = Site::deployed();
    let case = Case {
        row: "tasks: full_refresh of a pipeline that changes too",
        edit: |site| {
            let task = json!({"task_key": "run_pipeline", "pipeline_task": {"full_refresh": true}});
            site.set_job("job_crm_01_p01", json!({"tasks": [task]}));
            site.set(CRM, json!({"tags": {"team": "crm"}}));
        },
        resources: &["pipelines.pipeline_crm_01_p01 update snapshot", "jobs.job_crm_01_p01 update snapshot"],
        tables: &["bronze.crm.account update snapshot"],
        needs: &["snapshot:pipeline_crm_01_p01"],
        requests: &["PUT pipeline crm_01_p01", "reset job crm_01_p01"],
    };
    case.goes(&site);
}
