//! `tapworks plan`: every edit with its effect, the consent it needs, and the requests that reach the workspace

use serde_json::{Value, json};
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said, sql_server_rows};

const PLAN: &[&str] = &["plan", "--target", "prod", "-o", "json"];
const DEPLOY: &[&str] = &["deploy", "--target", "prod", "-o", "json"];

/// Two pipelines of two tables behind a gateway, and one of an application, deployed from files.
struct Site {
    workspace: MockWorkspace,
    context: Context,
}

const HEADER: &str = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                      target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema,scd_type,\
                      exclude_columns,schedule";

fn rows() -> String {
    let mut rows = format!("{HEADER}\n");
    for number in 0..4 {
        rows.push_str(&format!(
            "sql_server,retail,sales,erp,dbo,Table{number},bronze,sales,table_{number},sqlserver_erp,bronze,staging,SCD_TYPE_1,,0 6 * * *\n"
        ));
    }
    rows.push_str(
        "salesforce,retail,crm,Salesforce,standard,Account,bronze,crm,account,salesforce_crm,,,SCD_TYPE_1,,0 6 * * *\n",
    );
    rows
}

impl Site {
    /// Nothing is deployed yet.
    fn new() -> Self {
        let workspace = MockWorkspace::start();
        let context = Context::with(&workspace);
        context.write("tables.csv", &rows());
        let site = Self { workspace, context };
        site.settle("");
        site
    }

    fn deployed() -> Self {
        let site = Self::new();
        site.context.run(DEPLOY).exits(0);
        site.workspace.clear_requests();
        site
    }

    /// The settings, with these lines about target `prod`.
    fn settle(&self, lines: &str) {
        let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        let host = self.workspace.url();
        let settings = format!(
            "source: tables.csv\nmax_tables_per_pipeline: 2\ntargets:\n  prod:\n    workspace_host: {host}\n{lines}"
        );
        self.context.write("tapworks.yml", &settings);
    }

    /// The settings, with these fields over those of one resource.
    fn overlay(&self, kind: &str, key: &str, fields: &str) {
        self.settle(&format!("bundle: {{resources: {{{kind}: {{{key}: {{{fields}}}}}}}}}"));
    }

    fn replace(&self, from: &str, to: &str) {
        let rows = self.context.read("tables.csv");
        assert!(rows.contains(from), "{from}");
        self.context.write("tables.csv", &rows.replace(from, to));
    }

    fn plan(&self) -> Said {
        self.context.run(PLAN)
    }

    /// What reached pipelines, jobs and permissions, sorted: `PUT pipelines`.
    fn requests(&self) -> Vec<String> {
        let mut requests: Vec<String> = self
            .workspace
            .writes()
            .iter()
            .filter_map(|request| {
                let path = request.path.strip_prefix("/api/2.")?;
                let (_, path) = path.split_once('/')?;
                let what = path.split('/').next()?;
                let query = request.param("cascade").map(|cascade| format!(" cascade={cascade}"));
                let verb = if what == "jobs" { path.split('/').nth(1)? } else { request.method.as_str() };
                ["pipelines", "jobs", "permissions"]
                    .contains(&what)
                    .then(|| format!("{verb} {what}{}", query.unwrap_or_default()))
            })
            .collect();
        requests.sort();
        requests
    }
}

/// `pipelines.x update metadata`, in the order of the plan.
fn resources(plan: &Value) -> Vec<String> {
    let resources = plan["resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| {
            let text = |name: &str| resource[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("key"), text("action"), text("effect"))
        })
        .collect()
}

fn tables(plan: &Value) -> Vec<String> {
    let tables = plan["tables"].as_array().unwrap();
    tables
        .iter()
        .map(|table| {
            let text = |name: &str| table[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("key"), text("action"), text("effect"))
        })
        .collect()
}

/// An edit, and what comes of it.
struct Case {
    name: &'static str,
    edit: fn(&Site),
    resources: &'static [&'static str],
    needs: &'static [&'static str],
    /// What a deploy of it sends, where nothing needs consent.
    requests: &'static [&'static str],
}

/// Makes the edit and plans it.
fn look_at(case: &Case) -> Site {
    let site = Site::deployed();
    (case.edit)(&site);
    let plan = site.plan().exits(0).json();
    assert_eq!(plan["format"], "tapworks.plan/1");
    assert_eq!(resources(&plan), case.resources, "{}: {plan:#}", case.name);
    assert_eq!(plan["summary"]["needs_consent"], json!(case.needs), "{}", case.name);
    assert_eq!(site.requests(), Vec::<String>::new(), "{}: a plan only looks", case.name);
    let text = site.context.run(&["plan", "--target", "prod"]);
    for need in case.needs {
        let flag = format!("  --allow {need}\n");
        assert!(text.stdout.contains(&flag), "{}: {flag}\n{}", case.name, text.stdout);
    }
    site
}

/// Plans the edit, and deploys it where it needs no consent; without one it is refused, and nothing is sent.
fn try_out(cases: &[Case]) {
    for case in cases {
        let site = look_at(case);
        if !case.needs.is_empty() {
            site.context.run(DEPLOY).exits(4);
            assert_eq!(site.requests(), Vec::<String>::new(), "{}: refused", case.name);
            continue;
        }
        site.context.run(DEPLOY).exits(0);
        assert_eq!(site.requests(), case.requests, "{}", case.name);
        let again = site.plan().exits(0).json();
        assert_eq!(resources(&again), Vec::<String>::new(), "{}: done", case.name);
    }
}

const AGAIN: &[&str] = &[
    "pipelines.gateway_sales_01_g01 recreate snapshot",
    "pipelines.pipeline_sales_01_g01_p01 recreate snapshot",
    "pipelines.pipeline_sales_01_g01_p02 recreate snapshot",
    "jobs.job_sales_01_g01_p01 update metadata",
    "jobs.job_sales_01_g01_p02 update metadata",
];
const AGAIN_NEEDS: &[&str] = &[
    "recreate:gateway_sales_01_g01",
    "recreate:pipeline_sales_01_g01_p01",
    "recreate:pipeline_sales_01_g01_p02",
];
#[test]
fn what_makes_a_gateway_again_makes_all_behind_it_again() {
    try_out(&[
        Case {
            name: "gateway_definition.connection_name",
            edit: |site| site.replace("sqlserver_erp", "sqlserver_new"),
            resources: AGAIN,
            needs: AGAIN_NEEDS,
            requests: &[],
        },
        Case {
            name: "gateway_definition.gateway_storage_catalog",
            edit: |site| site.replace("sqlserver_erp,bronze,", "sqlserver_erp,silver,"),
            resources: AGAIN,
            needs: AGAIN_NEEDS,
            requests: &[],
        },
        Case {
            name: "gateway_definition.gateway_storage_schema",
            edit: |site| site.replace(",staging,", ",staging2,"),
            resources: AGAIN,
            needs: AGAIN_NEEDS,
            requests: &[],
        },
        Case {
            name: "storage of a gateway",
            edit: |site| site.overlay("pipelines", "gateway_sales_01_g01", "storage: 'dbfs:/other'"),
            resources: AGAIN,
            needs: AGAIN_NEEDS,
            requests: &[],
        },
    ]);
}

#[test]
fn what_makes_a_pipeline_again() {
    let one = &["pipelines.pipeline_crm_01_p01 recreate snapshot", "jobs.job_crm_01_p01 update metadata"];
    let needs = &["recreate:pipeline_crm_01_p01"];
    try_out(&[
        Case {
            name: "ingestion_definition.connection_name",
            edit: |site| site.replace("salesforce_crm", "salesforce_new"),
            resources: one,
            needs,
            requests: &[],
        },
        Case {
            name: "storage",
            edit: |site| site.overlay("pipelines", "pipeline_crm_01_p01", "storage: 'dbfs:/other'"),
            resources: one,
            needs,
            requests: &[],
        },
        Case {
            name: "ingest_from_uc_foreign_catalog",
            edit: |site| {
                site.overlay(
                    "pipelines",
                    "pipeline_crm_01_p01",
                    "ingestion_definition: {ingest_from_uc_foreign_catalog: true}",
                );
            },
            resources: one,
            needs,
            requests: &[],
        },
    ]);
}

#[test]
fn what_changes_a_gateway_in_place_restarts_it() {
    const RESTARTED: &[&str] = &["pipelines.gateway_sales_01_g01 update restart"];
    const fn case(name: &'static str, edit: fn(&Site)) -> Case {
        Case { name, edit, resources: RESTARTED, needs: &[], requests: &["PUT pipelines"] }
    }
    try_out(&[
        case("gateway_storage_name", |site| {
            site.overlay(
                "pipelines",
                "gateway_sales_01_g01",
                "gateway_definition: {connection_name: sqlserver_erp, gateway_storage_catalog: bronze, gateway_storage_schema: staging, gateway_storage_name: other}",
            );
        }),
        case("catalog and schema", |site| {
            site.overlay("pipelines", "gateway_sales_01_g01", "catalog: silver, schema: other");
        }),
        case("tags", |site| site.overlay("pipelines", "gateway_sales_01_g01", "tags: {team: sales}")),
        case("clusters", |site| {
            site.overlay("pipelines", "gateway_sales_01_g01", "clusters: [{label: default, num_workers: 2}]");
        }),
        case("notifications", |site| {
            let fields = "notifications: [{alerts: [on-update-failure], email_recipients: [a@example.com]}]";
            site.overlay("pipelines", "gateway_sales_01_g01", fields);
        }),
    ]);
}

#[test]
fn what_changes_a_pipeline_in_place() {
    const CHANGED: &[&str] = &["pipelines.pipeline_crm_01_p01 update metadata"];
    const fn case(name: &'static str, edit: fn(&Site)) -> Case {
        Case { name, edit, resources: CHANGED, needs: &[], requests: &["PUT pipelines"] }
    }
    try_out(&[
        case("catalog", |site| site.overlay("pipelines", "pipeline_crm_01_p01", "catalog: silver")),
        case("schema", |site| site.overlay("pipelines", "pipeline_crm_01_p01", "schema: other")),
        case("tags", |site| site.overlay("pipelines", "pipeline_crm_01_p01", "tags: {team: crm}")),
        case("channel", |site| site.overlay("pipelines", "pipeline_crm_01_p01", "channel: PREVIEW")),
        case("serverless", |site| site.overlay("pipelines", "pipeline_crm_01_p01", "serverless: true")),
        case("configuration", |site| {
            site.overlay("pipelines", "pipeline_crm_01_p01", "configuration: {a: b}");
        }),
        case("exclude_columns", |site| {
            site.replace("salesforce_crm,,,SCD_TYPE_1,,", "salesforce_crm,,,SCD_TYPE_1,Secret,");
        }),
        Case {
            name: "continuous",
            edit: |site| site.overlay("pipelines", "pipeline_crm_01_p01", "continuous: true"),
            resources: &["pipelines.pipeline_crm_01_p01 update restart"],
            needs: &[],
            requests: &["PUT pipelines"],
        },
    ]);
}

#[test]
fn what_concerns_every_resource() {
    try_out(&[
        Case {
            name: "cascade_on_destroy",
            edit: |site| site.settle("cascade_on_destroy: true"),
            resources: &[
                "pipelines.gateway_sales_01_g01 update metadata",
                "pipelines.pipeline_crm_01_p01 update metadata",
                "pipelines.pipeline_sales_01_g01_p01 update metadata",
                "pipelines.pipeline_sales_01_g01_p02 update metadata",
            ],
            needs: &[],
            requests: &[],
        },
        Case {
            name: "prevent_destroy",
            edit: |site| site.settle("prevent_destroy: true"),
            resources: &[],
            needs: &[],
            requests: &[],
        },
        Case {
            name: "permissions of a pipeline",
            edit: |site| {
                site.overlay(
                    "pipelines",
                    "pipeline_crm_01_p01",
                    "permissions: [{group_name: admins, level: CAN_VIEW}]",
                );
            },
            resources: &["pipelines.pipeline_crm_01_p01.permissions create metadata"],
            needs: &[],
            requests: &["PUT permissions"],
        },
    ]);
}

#[test]
fn what_concerns_jobs() {
    try_out(&[Case {
        name: "schedule",
        edit: |site| site.replace("salesforce_crm,,,SCD_TYPE_1,,0 6", "salesforce_crm,,,SCD_TYPE_1,,0 7"),
        resources: &["jobs.job_crm_01_p01 update metadata"],
        needs: &[],
        requests: &["reset jobs"],
    }]);
}

#[test]
fn what_concerns_tables() {
    try_out(&[
        Case {
            name: "a new row",
            edit: |site| {
                let row = "salesforce,retail,crm,Salesforce,standard,Lead,bronze,crm,lead,salesforce_crm,,,SCD_TYPE_1,,0 6 * * *\n";
                site.replace("0 6 * * *\nsalesforce,", &format!("0 6 * * *\n{row}salesforce,"));
            },
            resources: &["pipelines.pipeline_crm_01_p01 update initial"],
            needs: &[],
            requests: &["PUT pipelines"],
        },
        Case {
            name: "a row less",
            edit: |site| {
                let row = "sql_server,retail,sales,erp,dbo,Table3,bronze,sales,table_3,sqlserver_erp,bronze,staging,SCD_TYPE_1,,0 6 * * *\n";
                site.replace(row, "");
            },
            resources: &["pipelines.pipeline_sales_01_g01_p02 update metadata"],
            needs: &[],
            requests: &["PUT pipelines"],
        },
    ]);
}

#[test]
fn what_reads_tables_again_in_place() {
    for case in [
        Case {
            name: "scd_type",
            edit: |site| site.replace("salesforce_crm,,,SCD_TYPE_1", "salesforce_crm,,,SCD_TYPE_2"),
            resources: &["pipelines.pipeline_crm_01_p01 update snapshot"],
            needs: &["snapshot:pipeline_crm_01_p01"],
            requests: &[],
        },
        Case {
            name: "another source under the same destination",
            edit: |site| site.replace("standard,Account,", "standard,Account2,"),
            resources: &["pipelines.pipeline_crm_01_p01 update snapshot"],
            needs: &["snapshot:pipeline_crm_01_p01"],
            requests: &[],
        },
    ] {
        look_at(&case);
    }
}

#[test]
fn what_deletes() {
    try_out(&[Case {
        name: "a pipeline that no row is placed in",
        edit: |site| {
            let rows = site.context.read("tables.csv");
            let kept: String =
                rows.lines().filter(|line| !line.contains(",crm,")).map(|line| format!("{line}\n")).collect();
            site.context.write("tables.csv", &kept);
        },
        resources: &["pipelines.pipeline_crm_01_p01 delete delete", "jobs.job_crm_01_p01 delete metadata"],
        needs: &["delete:pipeline_crm_01_p01"],
        requests: &[],
    }]);
}

#[test]
fn one_cell_of_347_rows_is_the_cause() {
    let site = Site::new();
    // Only line 41 names the schema, all the others leave it to that.
    let numbered = |schema: &str| -> String {
        let rows = sql_server_rows(347);
        let lines = rows.lines().enumerate().map(|(index, line)| match index + 1 {
            1 => format!("{line}\n"),
            41 => format!("{}\n", line.replace(",staging", &format!(",{schema}"))),
            _ => format!("{}\n", line.replace(",staging", ",")),
        });
        lines.collect()
    };
    site.context.write("tables.csv", &numbered("staging"));
    let host = site.workspace.url();
    site.context.write("tapworks.yml", &format!("source: tables.csv\nmax_tables_per_gateway: 500\nmax_tables_per_pipeline: 200\ntargets:\n  prod:\n    workspace_host: {host}\n"));
    site.context.run(DEPLOY).exits(0);
    site.workspace.clear_requests();
    site.context.write("tables.csv", &numbered("staging_v2"));
    let said = site.context.run(&["plan", "--target", "prod", "--exit-code", "--report", "md=plan.md"]);
    let cause = "gateway_schema, tables.csv:41 → gateway recreated → 2 pipelines → 347 tables";
    assert!(said.exits(3).stdout.contains(cause), "{}", said.stdout);
    assert!(said.stdout.contains("\n  --allow recreate:gateway_sales_01_g01\n"), "{}", said.stdout);
    assert!(said.stdout.contains("DROP TABLE `bronze`.`sales`.`table_0`;"), "{}", said.stdout);
    let report = site.context.read("plan.md");
    assert!(report.contains("- `--allow recreate:gateway_sales_01_g01`: "), "{report}");
    let plan = site.plan().exits(0).json();
    assert_eq!(plan["summary"]["effects"], json!({"initial": 0, "snapshot": 347, "restart": 0, "delete": 0}));
    assert_eq!(plan["resources"][0]["cause"]["where"]["file"]["line"], 41);
    assert_eq!(plan["resources"][0]["fate"], "kept");
    assert_eq!(plan["tables"].as_array().unwrap().len(), 347);
    assert_eq!(site.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_writes_nothing_anywhere() {
    let site = Site::new();
    let said = site.context.run(&["plan", "--target", "prod", "--exit-code"]);
    assert!(
        said.exits(3).stdout.contains(
            "Plan: 5 tables to add, 0 to remove, 0 to move, 0 unchanged. Resources: 7 to create, 0 unchanged."
        ),
        "{}",
        said.stdout
    );
    assert!(site.workspace.writes().is_empty(), "{:?}", site.workspace.writes());
    let names: Vec<String> = std::fs::read_dir(site.context.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["bundles", "tapworks.lock", "retail"] {
        assert!(!names.contains(&name.to_owned()), "{names:?}");
    }
    site.context.run(DEPLOY).exits(0);
    let lock = site.context.read("tapworks.lock");
    site.workspace.clear_requests();
    let commands = site.context.read("programs/arguments.log");
    let said = site.context.run(&["plan", "--target", "prod", "--exit-code"]);
    assert!(
        said.exits(0).stdout.ends_with(
            "\n\nPlan: 0 tables to add, 0 to remove, 0 to move, 5 unchanged. Resources: 7 unchanged.\n"
        ),
        "{}",
        said.stdout
    );
    assert_eq!(site.context.read("programs/arguments.log"), commands, "it is recognised without the CLI");
    site.replace("salesforce_crm,,,SCD_TYPE_1,,0 6", "salesforce_crm,,,SCD_TYPE_1,,0 7");
    site.plan().exits(0);
    assert!(site.workspace.writes().is_empty());
    assert_eq!(site.context.read("tapworks.lock"), lock);
}

#[test]
fn what_was_done_by_hand_is_noticed() {
    let site = Site::deployed();
    site.workspace.world(|world| {
        let mut job = world.jobs.named("crm_01_p01").unwrap().clone();
        world.jobs.remove(job.id);
        job.settings["schedule"]["pause_status"] = json!("PAUSED");
        world.jobs.insert(job);
        let id = world.pipelines.named("sales_01_g01_p02").unwrap().id.clone();
        world.pipelines.remove(&id);
    });
    let plan = site.plan().exits(0).json();
    let drift: Vec<&str> =
        plan["drift"].as_array().unwrap().iter().map(|drift| drift["what"].as_str().unwrap()).collect();
    assert_eq!(
        drift,
        ["jobs.job_crm_01_p01 was paused by hand", "pipelines.pipeline_sales_01_g01_p02 was deleted by hand"]
    );
    assert_eq!(tables(&plan), ["bronze.sales.table_2 add initial", "bronze.sales.table_3 add initial"]);
    assert_eq!(plan["summary"]["needs_consent"], json!([]));
}

#[test]
fn a_flag_that_is_not_deployed_is_an_error_that_no_consent_covers() {
    let site = Site::new();
    site.settle("cascade_on_destroy: true");
    site.context.run(DEPLOY).exits(0);
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

#[test]
fn a_plan_is_for_one_target() {
    let site = Site::new();
    let said = site.context.run(&["plan", "--target", "prod", "--target", "dev"]);
    said.exits(2);
    assert_eq!(said.stdout, "");
}
