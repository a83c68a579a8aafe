//! Fields of an ingestion pipeline that cannot change in place: it is made again

use serde_json::json;

use super::case::{Case, in_a_row};
use super::site::{CRM, FIRST, Site};

/// The pipeline of the application is made again, and its job follows.
pub(super) const fn again(row: &'static str, edit: fn(&Site)) -> Case {
    Case {
        row,
        edit,
        resources: &[
            "pipelines.pipeline_crm_01_p01 recreate snapshot",
            "jobs.job_crm_01_p01 update metadata",
        ],
        tables: &["bronze.crm.account update snapshot"],
        needs: &["recreate:pipeline_crm_01_p01"],
        requests: &[
            "DELETE pipeline crm_01_p01 cascade=false",
            "POST pipeline crm_01_p01",
            "reset job crm_01_p01",
        ],
    }
}

#[test]
fn what_makes_a_pipeline_again() {
    in_a_row(&[
        again("ingestion_definition.connection_name", |site| {
            site.replace("salesforce_crm", "salesforce_new");
        }),
        again("storage", |site| site.set(CRM, json!({"storage": "dbfs:/other"}))),
        again("storage and catalog", |site| {
            site.set(CRM, json!({"storage": "dbfs:/third", "catalog": "silver"}));
        }),
        again("ingestion_definition.ingest_from_uc_foreign_catalog", |site| {
            site.set(CRM, json!({"ingestion_definition": {"ingest_from_uc_foreign_catalog": true}}));
        }),
    ]);
}

#[test]
fn a_pipeline_that_read_through_another_gateway_is_made_again_alone() {
    let case = Case {
        row: "ingestion_definition.ingestion_gateway_id",
        edit: |site| {
            site.was_deployed(&format!("pipelines.{FIRST}"), |definition| {
                definition["ingestion_definition"]["ingestion_gateway_id"] = json!("another");
            });
        },
        resources: &[
            "pipelines.pipeline_sales_01_g01_p01 recreate snapshot",
            "jobs.job_sales_01_g01_p01 update metadata",
        ],
        tables: &["bronze.sales.table_0 update snapshot", "bronze.sales.table_1 update snapshot"],
        needs: &["recreate:pipeline_sales_01_g01_p01"],
        requests: &[
            "DELETE pipeline sales_01_g01_p01 cascade=false",
            "POST pipeline sales_01_g01_p01",
            "reset job sales_01_g01_p01",
        ],
    };
    case.goes(&Site::deployed());
}
