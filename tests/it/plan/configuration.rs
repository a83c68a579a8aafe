//! `table_configuration`, of a table and of a whole pipeline: what a table cannot go on with reads it again in full

use serde_json::{Value, json};

use super::case::{Case, cause, in_a_row};
use super::site::{CRM, CRM_JOB, FIRST, Site};

const fn again(row: &'static str, edit: fn(&Site)) -> Case {
    Case {
        row,
        edit,
        resources: &["pipelines.pipeline_crm_01_p01 update snapshot"],
        tables: &["bronze.crm.account update snapshot"],
        needs: &["snapshot:pipeline_crm_01_p01"],
        requests: &["PUT pipeline crm_01_p01"],
    }
}

/// The table of the application was deployed with this in its `table_configuration`, which is not ours to write.
fn was_configured(site: &Site, field: &str, value: &Value) {
    site.was_deployed(&format!("pipelines.{CRM}"), |definition| {
        let table = &mut definition["ingestion_definition"]["objects"][0]["table"];
        table["table_configuration"][field] = value.clone();
    });
}

#[test]
fn what_a_table_cannot_go_on_with_reads_it_again() {
    in_a_row(&[
        again("objects: scd_type", |site| {
            site.replace("salesforce_crm,,,SCD_TYPE_1", "salesforce_crm,,,SCD_TYPE_2")
        }),
        again("objects: primary_keys", |site| {
            site.replace("salesforce_crm,,,SCD_TYPE_2,", "salesforce_crm,,,SCD_TYPE_2,Id");
        }),
        again("objects: source_table", |site| site.replace("standard,Account,", "standard,Account2,")),
        again("objects: row_filter", |site| was_configured(site, "row_filter", &json!("Id > 7"))),
        again("objects: sequence_by", |site| was_configured(site, "sequence_by", &json!(["at"]))),
        again("objects: cursor_columns", |site| {
            let cursor = json!({"cursor_columns": ["at"]});
            was_configured(site, "query_based_connector_config", &cursor);
        }),
        Case {
            resources: &["pipelines.pipeline_crm_01_p01 update metadata"],
            tables: &["bronze.crm.account update metadata"],
            needs: &[],
            ..again("objects: exclude_columns", |site| {
                site.replace("salesforce_crm,,,SCD_TYPE_2,Id,,", "salesforce_crm,,,SCD_TYPE_2,Id,Secret,");
            })
        },
    ]);
}

const BOTH: Case = Case {
    row: "ingestion_definition.table_configuration",
    edit: |_| {},
    resources: &["pipelines.pipeline_sales_01_g01_p01 update snapshot"],
    tables: &["bronze.sales.table_0 update snapshot", "bronze.sales.table_1 update snapshot"],
    needs: &["snapshot:pipeline_sales_01_g01_p01"],
    requests: &["PUT pipeline sales_01_g01_p01"],
};

/// What the target puts over the first pipeline behind the gateway.
fn of_pipeline(site: &Site, configuration: &Value) {
    site.set(FIRST, json!({"ingestion_definition": {"table_configuration": configuration}}));
}

#[test]
fn what_a_pipeline_says_of_all_its_tables_reads_them_again() {
    let site = Site::deployed();
    let cases = [
        ("row_filter", Case { edit: |site| of_pipeline(site, &json!({"row_filter": "id > 7"})), ..BOTH }),
        ("primary_keys", Case { edit: |site| of_pipeline(site, &json!({"primary_keys": ["id"]})), ..BOTH }),
        ("sequence_by", Case { edit: |site| of_pipeline(site, &json!({"sequence_by": ["at"]})), ..BOTH }),
        (
            "query_based_connector_config.cursor_columns",
            Case {
                edit: |site| {
                    of_pipeline(site, &json!({"query_based_connector_config": {"cursor_columns": ["at"]}}));
                },
                ..BOTH
            },
        ),
    ];
    for (field, case) in cases {
        let plan = case.goes(&site);
        let line = site.context.read("tapworks.yml");
        let name = field.rsplit('.').next().unwrap();
        let line = line.lines().position(|line| line.trim_start().starts_with(name)).unwrap() + 1;
        let why = format!(
            "targets.prod.bundle.resources.pipelines.{FIRST}.ingestion_definition.table_configuration.{field}, \
             tapworks.yml:{line}"
        );
        assert_eq!(cause(&plan, "tables"), why);
        assert_eq!(plan["tables"][0]["fields"][0]["path"], format!("table_configuration.{field}"));
    }
    let gone =
        Case { edit: Site::lay_nothing_over, row: "ingestion_definition.table_configuration, gone", ..BOTH };
    let plan = gone.goes(&site);
    assert_eq!(
        cause(&plan, "tables"),
        format!("ingestion_definition.table_configuration.primary_keys of {FIRST}")
    );
}

#[test]
fn what_a_table_says_itself_is_nearer_than_what_its_pipeline_says() {
    in_a_row(&[
        Case {
            row: "ingestion_definition.table_configuration.scd_type, with one of its own in each table",
            edit: |site| of_pipeline(site, &json!({"scd_type": "SCD_TYPE_2"})),
            resources: &["pipelines.pipeline_sales_01_g01_p01 update metadata"],
            tables: &[],
            needs: &[],
            ..BOTH
        },
        Case {
            row: "ingestion_definition.table_configuration.scd_type, where one table leaves it to that",
            edit: |site| {
                site.replace(
                    "table_1,sqlserver_erp,bronze,staging,SCD_TYPE_1",
                    "table_1,sqlserver_erp,bronze,staging,",
                )
            },
            tables: &["bronze.sales.table_1 update snapshot"],
            ..BOTH
        },
        Case {
            row: "ingestion_definition.table_configuration.exclude_columns",
            edit: |site| of_pipeline(site, &json!({"exclude_columns": ["secret"]})),
            resources: &["pipelines.pipeline_sales_01_g01_p01 update metadata"],
            tables: &["bronze.sales.table_0 update metadata", "bronze.sales.table_1 update metadata"],
            needs: &[],
            ..BOTH
        },
    ]);
}

#[test]
fn what_is_read_again_is_told_with_its_cause() {
    let site = Site::deployed();
    of_pipeline(&site, &json!({"row_filter": "id > 7"}));
    let task = json!({"task_key": "run_pipeline", "pipeline_task": {"full_refresh": true}});
    site.set_job(CRM_JOB, json!({"tasks": [task]}));
    let said = site.context.run(&["plan", "--target", "prod"]);
    let (_, told) = said.exits(0).stdout.split_once("Tables").unwrap();
    insta::assert_snapshot!(told, @r#"
      ~ bronze.crm.account    in pipeline_crm_01_p01  read again in full  targets.prod.bundle.resources.jobs.job_crm_01_p01.tasks, tapworks.yml:16 → jobs.job_crm_01_p01 reads in full at every run
          full_refresh: (none) → jobs.job_crm_01_p01
      ~ bronze.sales.table_0  in pipeline_sales_01_g01_p01  read again in full
          table_configuration.row_filter: (none) → id > 7
      ~ bronze.sales.table_1  in pipeline_sales_01_g01_p01  read again in full
          table_configuration.row_filter: (none) → id > 7
          cause targets.prod.bundle.resources.pipelines.pipeline_sales_01_g01_p01.ingestion_definition.table_configuration.row_filter, tapworks.yml:13

    Resources
      ~ pipelines.pipeline_sales_01_g01_p01  2 tables
          ingestion_definition.table_configuration: (none) → {"row_filter":"id > 7"}
          cause targets.prod.bundle.resources.pipelines.pipeline_sales_01_g01_p01.ingestion_definition.table_configuration, tapworks.yml:12
      ~ jobs.job_crm_01_p01
          tasks[task_key='run_pipeline'].pipeline_task.full_refresh: (none) → true
          cause targets.prod.bundle.resources.jobs.job_crm_01_p01.tasks, tapworks.yml:16
        5 unchanged and not sent

    Effects
      first read           none
      read again in full   3 tables
      pipeline deleted     none
      restarted            none

    This plan needs consent
      --allow snapshot:pipeline_crm_01_p01
          1 table of pipeline_crm_01_p01 is read again in full
          objects[bronze.crm.account].full_refresh: (none) → jobs.job_crm_01_p01
      --allow snapshot:pipeline_sales_01_g01_p01
          2 tables of pipeline_sales_01_g01_p01 are read again in full
          objects[bronze.sales.table_0].table_configuration.row_filter: (none) → id > 7
          objects[bronze.sales.table_1].table_configuration.row_filter: (none) → id > 7

    Plan: 0 tables to add, 0 to remove, 0 to move, 3 to change, 2 unchanged. Resources: 2 to change, 5 unchanged.
    "#);
}
