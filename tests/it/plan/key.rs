//! Resources that leave the bundle, and such as come back under another key: deleted and made

use serde_json::json;

use super::case::{Case, in_a_row};
use super::site::{CRM, GATEWAY, Site};

#[test]
fn what_no_row_asks_for_is_deleted() {
    in_a_row(&[Case {
        row: "resource removed: a pipeline",
        edit: |site| site.take_out(",crm,"),
        resources: &["pipelines.pipeline_crm_01_p01 delete delete", "jobs.job_crm_01_p01 delete metadata"],
        tables: &["bronze.crm.account remove delete"],
        needs: &["delete:pipeline_crm_01_p01"],
        requests: &["DELETE pipeline crm_01_p01 cascade=false", "delete job crm_01_p01"],
    }]);
    in_a_row(&[Case {
        row: "resource removed: a gateway with all behind it",
        edit: |site| site.take_out(",sales,"),
        resources: &[
            "pipelines.gateway_sales_01_g01 delete delete",
            "pipelines.pipeline_sales_01_g01_p01 delete delete",
            "pipelines.pipeline_sales_01_g01_p02 delete delete",
            "jobs.job_sales_01_g01_p01 delete metadata",
            "jobs.job_sales_01_g01_p02 delete metadata",
        ],
        tables: &[
            "bronze.sales.table_0 remove delete",
            "bronze.sales.table_1 remove delete",
            "bronze.sales.table_2 remove delete",
            "bronze.sales.table_3 remove delete",
        ],
        needs: &[
            "delete:gateway_sales_01_g01",
            "delete:pipeline_sales_01_g01_p01",
            "delete:pipeline_sales_01_g01_p02",
        ],
        requests: &[
            "DELETE pipeline sales_01_g01 cascade=false",
            "DELETE pipeline sales_01_g01_p01 cascade=false",
            "DELETE pipeline sales_01_g01_p02 cascade=false",
            "delete job sales_01_g01_p01",
            "delete job sales_01_g01_p02",
        ],
    }]);
}

#[test]
fn a_gateway_under_another_key_is_refused_before_anything_is_planned() {
    let site = Site::deployed();
    site.was_called(&format!("pipelines.{GATEWAY}"), "pipelines.gateway_sales_01_g09");
    let said = site.plan();
    said.exits(1);
    assert!(said.stderr.contains("error[TW251]"), "{}", said.stderr);
    assert_eq!(site.workspace.writes().len(), 0);
}

#[test]
fn a_pipeline_under_another_key_is_another_pipeline() {
    let case = Case {
        row: "key renamed: a pipeline",
        edit: |site| {
            site.was_called(&format!("pipelines.{CRM}"), "pipelines.pl_before");
            site.was_deployed("pipelines.pl_before", |definition| definition["name"] = json!("before"));
        },
        resources: &[
            "pipelines.pipeline_crm_01_p01 create snapshot",
            "pipelines.pl_before delete delete",
            "jobs.job_crm_01_p01 update metadata",
        ],
        tables: &["bronze.crm.account move snapshot"],
        needs: &["delete:pl_before", "move:pl_before"],
        requests: &[
            "DELETE pipeline before cascade=false",
            "POST pipeline crm_01_p01",
            "reset job crm_01_p01",
        ],
    };
    case.goes(&Site::deployed());
}
