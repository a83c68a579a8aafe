//! Jobs: nothing makes one again, an update overwrites it

use serde_json::{Value, json};

use super::case::{Case, in_a_row};
use super::site::{CRM_JOB, Site};

const fn reset(row: &'static str, edit: fn(&Site)) -> Case {
    Case {
        row,
        edit,
        resources: &["jobs.job_crm_01_p01 update metadata"],
        tables: &[],
        needs: &[],
        requests: &["reset job crm_01_p01"],
    }
}

/// The job was deployed with this in place of its schedule.
fn had(site: &Site, name: &str, value: &Value) {
    site.was_deployed(&format!("jobs.{CRM_JOB}"), |definition| {
        let fields = definition.as_object_mut().unwrap();
        fields.remove("schedule");
        fields.insert(name.to_owned(), value.clone());
    });
}

/// The same task with more in it.
fn task(site: &Site, fields: Value) {
    let mut task = json!({"task_key": "run_pipeline"});
    task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    site.set_job(CRM_JOB, json!({"tasks": [task]}));
}

#[test]
fn what_changes_a_job_in_place() {
    in_a_row(&[
        reset("schedule", |site| {
            site.replace("salesforce_crm,,,SCD_TYPE_1,,,0 6", "salesforce_crm,,,SCD_TYPE_1,,,0 7");
        }),
        reset("continuous to schedule", |site| had(site, "continuous", &json!({"pause_status": "UNPAUSED"}))),
        reset("trigger to schedule", |site| {
            let trigger = json!({"periodic": {"interval": 1, "unit": "DAYS"}, "pause_status": "UNPAUSED"});
            had(site, "trigger", &trigger);
        }),
        reset("trigger", |site| {
            // What a job would have beside its schedule is for the service to judge.
            site.set_job(CRM_JOB, json!({"trigger": {"periodic": {"interval": 1, "unit": "DAYS"}}}));
        }),
        reset("tasks: timeout_seconds", |site| task(site, json!({"timeout_seconds": 60}))),
        reset("tasks: one more", |site| {
            let second = json!({"task_key": "second", "depends_on": [{"task_key": "run_pipeline"}],
                "pipeline_task": {"pipeline_id": "${resources.pipelines.pipeline_crm_01_p01.id}"}});
            let first = json!({"task_key": "run_pipeline", "timeout_seconds": 60});
            site.set_job(CRM_JOB, json!({"tasks": [first, second]}));
        }),
        reset("tags", |site| site.set_job(CRM_JOB, json!({"tags": {"team": "crm"}}))),
        reset("max_concurrent_runs", |site| site.set_job(CRM_JOB, json!({"max_concurrent_runs": 2}))),
        reset("email_notifications", |site| {
            site.set_job(CRM_JOB, json!({"email_notifications": {"on_failure": ["a@example.com"]}}));
        }),
        reset("name", |site| site.set_job(CRM_JOB, json!({"name": "customers"}))),
    ]);
}

#[test]
fn a_job_comes_and_goes_with_the_schedule_of_its_rows() {
    in_a_row(&[
        Case {
            row: "resource removed: a job",
            edit: |site| {
                site.replace("salesforce_crm,,,SCD_TYPE_1,,,0 6 * * *", "salesforce_crm,,,SCD_TYPE_1,,,")
            },
            resources: &["jobs.job_crm_01_p01 delete metadata"],
            tables: &[],
            needs: &[],
            requests: &["delete job crm_01_p01"],
        },
        Case {
            row: "a job again",
            edit: |site| {
                site.replace("salesforce_crm,,,SCD_TYPE_1,,,", "salesforce_crm,,,SCD_TYPE_1,,,0 6 * * *")
            },
            resources: &["jobs.job_crm_01_p01 create metadata"],
            tables: &[],
            needs: &[],
            requests: &["create job crm_01_p01"],
        },
    ]);
}
