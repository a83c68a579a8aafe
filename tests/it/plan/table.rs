//! `ingestion_definition.objects`: tables that come, go, or give their name to another

use super::case::{Case, in_a_row};

#[test]
fn tables_come_and_go_in_place() {
    in_a_row(&[
        Case {
            row: "ingestion_definition.objects: one more",
            edit: |site| {
                let row = "salesforce,retail,crm,Salesforce,standard,Lead,bronze,crm,lead,salesforce_crm,,,SCD_TYPE_1,,,0 6 * * *\n";
                site.replace("0 6 * * *\nsalesforce,", &format!("0 6 * * *\n{row}salesforce,"));
            },
            resources: &["pipelines.pipeline_crm_01_p01 update initial"],
            tables: &["bronze.crm.lead add initial"],
            needs: &[],
            requests: &["PUT pipeline crm_01_p01"],
        },
        Case {
            row: "ingestion_definition.objects: one less",
            edit: |site| site.take_out("Table3"),
            resources: &["pipelines.pipeline_sales_01_g01_p02 update metadata"],
            tables: &["bronze.sales.table_3 remove none"],
            needs: &[],
            requests: &["PUT pipeline sales_01_g01_p02"],
        },
        Case {
            row: "ingestion_definition.objects: another destination",
            edit: |site| site.replace(",crm,lead,", ",crm,leads,"),
            resources: &["pipelines.pipeline_crm_01_p01 update initial"],
            tables: &["bronze.crm.lead remove none", "bronze.crm.leads add initial"],
            needs: &[],
            requests: &["PUT pipeline crm_01_p01"],
        },
    ]);
}
