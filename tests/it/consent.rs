//! Consent to what a deploy does to data: refused by name, given by name, by review, or at a terminal.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said};

const ARGUMENTS: &str = "programs/arguments.log";
const BOTH: &[&str] =
    &["deploy", "--source", "tables.csv", "--target", "dev", "--target", "prod", "-o", "json"];
const GATEWAY: &str = "recreate:gateway_sales_01_g01";
const PIPELINES: [&str; 2] = ["recreate:pipeline_sales_01_g01_p01", "recreate:pipeline_sales_01_g01_p02"];

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

/// So many tables behind one gateway, whose schema one row alone names, in line 41.
fn rows(tables: usize, schema: &str) -> String {
    let mut text =
        "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
            .to_owned();
    for table in 0..tables {
        let schema = if table == 39 { schema } else { "" };
        let _ = writeln!(
            text,
            "sql_server,retail,sales,erp,dbo,Table{table},bronze,sales,table_{table},sqlserver_erp,bronze,{schema}"
        );
    }
    text
}

/// 347 tables in two pipelines, deployed to `prod`.
fn deployed() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    workspace.world(|world| {
        world.catalog.add_catalog("bronze_dev");
    });
    let host = workspace.url();
    let target = |name: &str| {
        format!(
            "  {name}:\n    workspace_host: {host}\n    root_path: /Workspace/Users/tester@example.com/.bundle/${{bundle.name}}/${{bundle.target}}\n    mode: production\n"
        )
    };
    let settings = format!(
        "max_tables_per_gateway: 500\ntargets:\n{}{}",
        target("prod"),
        target("dev").replace("mode: production", "mode: development\n    catalogs: {bronze: bronze_dev}")
    );
    context.write("tapworks.yml", &settings);
    let site = Site { workspace, context };
    site.rewrite("staging");
    site.deploy(&[]).exits(0);
    site.forget();
    site
}

impl Site {
    fn rewrite(&self, schema: &str) {
        self.context.write("tables.csv", &rows(347, schema));
    }

    fn deploy(&self, more: &[&str]) -> Said {
        self.context
            .run(&[&["deploy", "--source", "tables.csv", "--target", "prod", "-o", "json"], more].concat())
    }

    fn forget(&self) {
        self.workspace.clear_requests();
        self.context.write(ARGUMENTS, "");
    }

    /// The methods and paths of all requests that changed something.
    fn writes(&self) -> Vec<String> {
        self.workspace.writes().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Whether the CLI was told to go on without asking.
    fn was_approved(&self) -> bool {
        self.context.read(ARGUMENTS).contains("--auto-approve")
    }

    /// The ids of all pipelines, gateways among them, by name.
    fn ids(&self) -> Vec<(String, String)> {
        let mut ids: Vec<_> = self.workspace.world(|world| {
            world.pipelines.iter().map(|pipeline| (pipeline.name.clone(), pipeline.id.clone())).collect()
        });
        ids.sort();
        ids
    }

    fn approve(&self, entries: &str) {
        self.context.write("approvals.yml", entries);
    }
}

/// What has to be said to go on, word by word, as the last line of the refusal has it.
fn flags(said: &Said) -> Vec<String> {
    let line = said.stderr.lines().rev().find(|line| line.contains("run it again with --allow"));
    let line = line.unwrap_or_else(|| panic!("{}", said.stderr));
    let (_, flags) = line.split_once("run it again with ").unwrap();
    flags.split(' ').map(str::to_owned).collect()
}

fn rules(document: &Value) -> Vec<(&str, &str)> {
    let findings = document["findings"].as_array().into_iter().flatten();
    let mut rules: Vec<_> = findings
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .filter(|(rule, _)| rule.starts_with("TW4"))
        .collect();
    rules.sort_unstable();
    rules
}

#[test]
fn one_cell_of_347_tables_is_refused_with_its_cause_and_the_exact_flags() {
    let site = deployed();
    site.rewrite("staging_v2");
    let said = site.deploy(&["--report", "md=deploy.md"]);
    let document = said.exits(4).json();
    assert_eq!(document["targets"][0]["status"], "refused");
    let report = site.context.read("deploy.md");
    let start = format!(
        "### tapworks deploy\n\n- **prod** ({}): refused\n\nWhere all of it is meant, run it again with `--allow {GATEWAY} ",
        site.workspace.url()
    );
    assert!(report.starts_with(&start), "{report}");
    assert_eq!(document["needs_consent"], json!([GATEWAY, PIPELINES[0], PIPELINES[1]]));
    assert!(
        said.stderr.contains("gateway_schema, tables.csv:41 → gateway recreated → 2 pipelines → 347 tables"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("gateway_storage_schema: staging → staging_v2"), "{}", said.stderr);
    assert_eq!(flags(&said), ["--allow", GATEWAY, "--allow", PIPELINES[0], "--allow", PIPELINES[1]]);
    // Each is printed as it is to be typed: nothing but a blank or the end of the line behind it.
    for consent in [GATEWAY, PIPELINES[0], PIPELINES[1]] {
        for (at, flag) in said.stderr.match_indices(&format!("--allow {consent}")) {
            let next = said.stderr[at + flag.len()..].chars().next();
            assert!(matches!(next, Some(' ' | '\n')), "{next:?}");
        }
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn with_exactly_the_flags_it_does_exactly_the_plan() {
    let site = deployed();
    let before = site.ids();
    site.rewrite("staging_v2");
    let flags = flags(site.deploy(&[]).exits(4));
    site.forget();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let said = site.deploy(&flags);
    let document = said.exits(0).json();
    let project = &document["targets"][0]["projects"][0];
    assert_eq!(project["status"], "deployed");
    assert_eq!(project["resources"], project["planned"]);
    assert_eq!(project["resources"]["recreated"], 3);
    assert_eq!(project["resources"]["deleted"], 0);
    assert!(site.was_approved());
    let consents: Vec<_> = document["consents"].as_array().unwrap().iter().collect();
    assert_eq!(consents.len(), 3);
    assert!(consents.iter().all(|consent| consent["by"] == "flag"), "{consents:?}");
    // What becomes of the old tables is said, with what makes room for the new ones.
    let statements = project["hand_over"][0]["statements"].as_array().unwrap();
    assert!(statements.contains(&json!("DROP TABLE `bronze`.`sales`.`table_0`;")), "{statements:?}");
    let after = site.ids();
    assert_eq!(after.len(), before.len());
    assert!(before.iter().zip(&after).all(|(old, new)| old.0 == new.0 && old.1 != new.1));
    // Done is done: the same flags are of no more use, and that is told.
    let again = site.deploy(&flags);
    let document = again.exits(0).json();
    assert_eq!(document["targets"][0]["status"], "unchanged");
    assert_eq!(rules(&document), [("TW412", "warning"); 3]);
}

#[test]
fn half_of_the_consents_is_none() {
    let site = deployed();
    site.rewrite("staging_v2");
    let said = site.deploy(&["--allow", GATEWAY, "--allow", PIPELINES[1]]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!([PIPELINES[0]]));
    assert_eq!(flags(&said), ["--allow", PIPELINES[0]]);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn auto_approve_is_no_consent_to_what_happens_to_data() {
    let site = deployed();
    site.rewrite("staging_v2");
    let said = site.deploy(&["--auto-approve"]);
    assert_eq!(flags(said.exits(4)).len(), 6);
    assert_eq!(site.writes(), Vec::<String>::new());
    assert!(!site.was_approved());
}

#[test]
fn what_destroys_nothing_is_not_approved_to_the_cli() {
    let site = deployed();
    site.context.write("tables.csv", &rows(348, "staging"));
    let document = site.deploy(&["--allow", "delete:pipeline_sales_01_g01_p01"]).exits(0).json();
    assert_eq!(document["targets"][0]["status"], "deployed");
    assert_eq!(rules(&document), [("TW412", "warning")]);
    assert!(!site.was_approved());
}

#[test]
fn a_consent_that_cannot_be_meant_is_wrong_usage() {
    let site = deployed();
    for (more, told) in [
        (&["--allow", "recrate:x"][..], "did you mean `recreate`?"),
        (&["--allow", "recreate"], "KIND:NAME"),
        (&["--allow", "prd/recreate:x"], "did you mean `prod`?"),
        (&["--target", "dev", "--allow", "recreate:x"], "TARGET/recreate:x"),
        (&["--approvals", "elsewhere.yml"], "elsewhere.yml"),
    ] {
        let said = site.deploy(more);
        assert!(said.exits(2).stderr.contains(told), "{}", said.stderr);
        assert_eq!(said.stdout, "");
    }
}

#[test]
fn with_several_targets_each_consent_names_its_own() {
    let site = deployed();
    site.rewrite("staging_v2");
    // For `dev` it is the first deploy: it needs no consent, and is not begun either.
    let said = site.context.run(BOTH);
    let document = said.exits(4).json();
    assert_eq!(document["targets"][0]["status"], "skipped");
    assert_eq!(flags(&said)[1], format!("prod/{GATEWAY}"));
    assert_eq!(site.writes(), Vec::<String>::new());
    let flags = flags(&said);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let document = site.context.run(&[BOTH, &flags].concat()).exits(0).json();
    assert_eq!(document["targets"][1]["projects"][0]["resources"]["recreated"], 3);
}

/// Entries that cover all that the change of the gateway's schema does, taken from the refusal itself.
fn entries(document: &Value, until: &str) -> String {
    let mut text = String::new();
    for need in document["targets"][0]["projects"][0]["needs"].as_array().unwrap() {
        let (kind, name) = need["consent"].as_str().unwrap().split_once(':').unwrap();
        let _ = writeln!(text, "- target: prod\n  kind: {kind}\n  resource: {name}");
        let field = &need["field"];
        if field.is_object() {
            let _ = writeln!(
                text,
                "  field: \"{}\"\n  old: {}\n  new: {}",
                field["path"].as_str().unwrap(),
                field["old"],
                field["new"]
            );
        }
        let _ = writeln!(text, "  who: ana@example.com\n  why: the old schema is full\n  until: {until}");
    }
    text
}

#[test]
fn a_reviewed_approval_is_consent_to_the_very_change_until_its_day() {
    let site = deployed();
    site.rewrite("staging_v2");
    let document = site.deploy(&[]).exits(4).json();
    site.approve(&entries(&document, "2020-01-01"));
    let expired = site.deploy(&[]).exits(4).json();
    assert_eq!(rules(&expired)[3..], [("TW413", "warning"); 3]);

    site.approve(&entries(&document, "2999-12-31"));
    site.rewrite("staging_v3");
    let said = site.deploy(&[]);
    let other = said.exits(4).json();
    assert!(other["needs_consent"].as_array().unwrap().contains(&json!(GATEWAY)), "{other}");
    assert!(
        said.stderr.contains("it covers gateway_definition.gateway_storage_schema: staging → staging_v2"),
        "{}",
        said.stderr
    );
    assert_eq!(site.writes(), Vec::<String>::new());

    site.rewrite("staging_v2");
    let done = site.deploy(&[]).exits(0).json();
    let consent = &done["consents"][0];
    assert_eq!((&consent["by"], &consent["who"]), (&json!("approval"), &json!("ana@example.com")));
    assert_eq!(consent["why"], "the old schema is full");
    assert_eq!(rules(&done), []);
    assert!(site.was_approved());
    // It has done its work.
    let again = site.deploy(&[]).exits(0).json();
    assert_eq!(rules(&again), [("TW413", "note"); 3]);
}

#[test]
fn approvals_that_cannot_be_read_stop_it_with_their_lines() {
    let site = deployed();
    site.approve("- target: prd\n  kind: recreate\n  resource: x\n  who: ana\n  why: because\n  until: 2999-12-31\n- kind: all\n");
    let said = site.deploy(&[]);
    said.exits(1);
    for told in [
        "approvals.yml:1:3",
        "unknown target `prd`; did you mean `prod`?",
        "approvals.yml:7:9",
        "unknown kind `all`",
    ] {
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn an_approval_that_does_not_cover_it_is_no_consent_and_says_why() {
    let site = deployed();
    site.rewrite("staging_v2");
    let document = site.deploy(&[]).exits(4).json();
    let all = entries(&document, "2999-12-31");
    // Of the gateway's entry, which comes first, something else than what is planned.
    let cases = [
        (
            "old: \"staging\"",
            "old: \"staging_v0\"",
            "it covers gateway_definition.gateway_storage_schema: staging_v0 → staging_v2; planned is \
             gateway_definition.gateway_storage_schema: staging → staging_v2",
        ),
        (
            "gateway_definition.gateway_storage_schema",
            "gateway_definition.gateway_storage_catalog",
            "it covers gateway_definition.gateway_storage_catalog: staging → staging_v2; planned is ",
        ),
        (
            "  field: \"gateway_definition.gateway_storage_schema\"\n  old: \"staging\"\n  new: \"staging_v2\"\n",
            "",
            "it covers no field; planned is gateway_definition.gateway_storage_schema: staging → staging_v2",
        ),
        (
            "target: prod",
            "target: dev",
            "the approval of recreate:gateway_sales_01_g01 is for target `dev`, not for `prod`",
        ),
        ("kind: recreate", "kind: delete", "nothing needs the approval of delete:gateway_sales_01_g01"),
        (
            "until: 2999-12-31",
            "until: 2026-01-31",
            "the approval of recreate:gateway_sales_01_g01 held until 2026-01-31 and no longer does",
        ),
    ];
    site.forget();
    for (from, to, told) in cases {
        assert!(all.contains(from), "{from}: {all}");
        site.approve(&all.replacen(from, to, 1));
        let said = site.deploy(&[]);
        assert_eq!(said.exits(4).json()["needs_consent"], json!([GATEWAY]), "{to}");
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
        assert!(said.stderr.contains("approvals.yml:1:3"), "{}", said.stderr);
        assert_eq!(site.writes(), Vec::<String>::new());
    }
    // One who reviews the gateway's schema has not reviewed its connection.
    site.approve(&all);
    let rows = site.context.read("tables.csv");
    site.context.write("tables.csv", &rows.replace("sqlserver_erp", "sqlserver_erp_2"));
    let said = site.deploy(&[]);
    assert_eq!(said.exits(4).json()["needs_consent"], json!([GATEWAY]));
    let missing: Vec<&str> = said
        .stderr
        .lines()
        .filter(|line| line.contains("connection_name: sqlserver_erp → sqlserver_erp_2"))
        .collect();
    assert_eq!(missing.len(), 1, "{}", said.stderr);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[test]
fn what_is_consented_to_in_one_target_is_not_in_another() {
    let site = deployed();
    let both = ["deploy", "--source", "tables.csv", "--target", "dev,prod", "-o", "json"];
    site.context.run(&both).exits(0);
    site.rewrite("staging_v2");
    site.forget();
    let said = site.context.run(&both);
    let needed = said.exits(4).json()["needs_consent"].as_array().unwrap().clone();
    assert_eq!(needed.len(), 6, "{needed:?}");
    let of = |target: &str| -> Vec<String> {
        let flags = [GATEWAY, PIPELINES[0], PIPELINES[1]];
        flags.iter().flat_map(|consent| ["--allow".to_owned(), format!("{target}/{consent}")]).collect()
    };
    let (dev, prod) = (of("dev"), of("prod"));
    let with = |flags: &[String]| {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        site.context.run(&[&both[..], &flags].concat())
    };
    // That `dev` alone may be changed changes neither.
    let said = with(&dev);
    assert_eq!(flags(said.exits(4)), prod);
    assert_eq!(site.writes(), Vec::<String>::new());
    // Half by flags, half by review.
    let document = said.json();
    let of_prod = json!({"targets": [document["targets"][1]]});
    site.approve(&entries(&of_prod, "2999-12-31"));
    let document = with(&dev).exits(0).json();
    let by: Vec<&Value> =
        document["consents"].as_array().unwrap().iter().map(|consent| &consent["by"]).collect();
    assert_eq!(by, ["flag", "flag", "flag", "approval", "approval", "approval"]);
    for target in document["targets"].as_array().unwrap() {
        assert_eq!(target["projects"][0]["resources"]["recreated"], 3, "{}", target["target"]);
    }
}

#[test]
fn approvals_that_are_no_list_of_entries_are_told_by_their_lines() {
    let site = deployed();
    site.rewrite("staging_v2");
    site.forget();
    let entry =
        "- target: prod\n  kind: recreate\n  resource: x\n  who: ana\n  why: because\n  until: 2999-12-31\n";
    for (text, told) in [
        ("target: prod\n".to_owned(), &["approvals.yml:1:1", "the approvals are a list, not a map"][..]),
        ("- [\n".to_owned(), &["approvals.yml:2:1", "the approvals cannot be read"]),
        ("- prod\n".to_owned(), &["approvals.yml:1:3", "an approval is a map, not text"]),
        (entry.replace("  why: because\n", ""), &["approvals.yml:1:3", "the approval lacks `why`"]),
        (entry.replace("2999-12-31", "never"), &["approvals.yml:6:10", "`never` is no date"]),
        (
            entry.replace("  who", "  old: a\n  who"),
            &["approvals.yml:4:8", "`old` is given, and not of which `field`"],
        ),
        (
            entry.replace("resource: x", "resource: x\n  project: y"),
            &["approvals.yml:4:12", "names both a resource and a project"],
        ),
        (
            entry.replace("why", "wy"),
            &["approvals.yml:5:3", "did you mean `why`?", "the approval lacks `why`"],
        ),
    ] {
        site.approve(&text);
        let said = site.deploy(&[]);
        said.exits(1);
        for told in told {
            assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
        }
        assert_eq!(site.writes(), Vec::<String>::new());
    }
    std::fs::write(site.context.path("approvals.yml"), b"- target: \xff\n").unwrap();
    let said = site.deploy(&[]);
    assert!(said.exits(2).stderr.contains("approvals.yml is not UTF-8"), "{}", said.stderr);
    // Of two that hold the same, as a merge may leave them, each is a consent.
    std::fs::remove_file(site.context.path("approvals.yml")).unwrap();
    let document = site.deploy(&[]).exits(4).json();
    site.approve(&entries(&document, "2999-12-31").repeat(2));
    assert_eq!(rules(&site.deploy(&[]).exits(0).json()), []);
}

#[test]
fn a_plan_says_what_is_consented_to_already_and_what_is_not() {
    let site = deployed();
    site.rewrite("staging_v2");
    let plan = |more: &[&str]| {
        site.context.run(&[&["plan", "--source", "tables.csv", "--target", "prod"], more].concat())
    };
    let document = plan(&["-o", "json"]).exits(0).json();
    assert_eq!(document["summary"]["needs_consent"], json!([GATEWAY, PIPELINES[0], PIPELINES[1]]));
    assert_eq!(document.get("consents"), None);
    // All but the second pipeline is reviewed.
    let of_plan = json!({"targets": [{"projects": [{"needs": document["needs"]}]}]});
    let all = entries(&of_plan, "2999-12-31");
    let second = all.rfind("- target").unwrap();
    site.context.write("reviewed.yml", &format!("# reviewed\n{}", &all[..second]));
    let reviewed = ["--approvals", "reviewed.yml"];
    let document = plan(&[&reviewed[..], &["-o", "json", "--report", "md=plan.md"]].concat()).exits(0).json();
    assert_eq!(document["summary"]["needs_consent"], json!([PIPELINES[1]]));
    assert_eq!(document["needs"].as_array().unwrap().len(), 3);
    let given = &document["consents"][0];
    assert_eq!((&given["consent"], &given["by"]), (&json!(GATEWAY), &json!("approval")));
    assert_eq!(given["where"]["file"]["line"], 2);
    let report = site.context.read("plan.md");
    let (_, needed) = report.split_once("**Needs consent**").unwrap();
    let (needed, given) = needed.split_once("**Consented to already**").unwrap();
    assert!(needed.contains(PIPELINES[1]) && !needed.contains(GATEWAY), "{needed}");
    let (given, _) = given.split_once("<details>").unwrap();
    let who = "` by reviewed.yml:2, ana\\@example.com (the old schema is full), until 2999-12-31\n";
    assert!(given.contains(&format!("- `{GATEWAY}{who}")), "{given}");
    let text = plan(&reviewed).exits(0).stdout.clone();
    let (_, consents) = text.split_once("This plan needs consent\n").unwrap();
    let (consents, _) = consents.split_once("\n\nTo be done by hand").unwrap();
    let ids = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    insta::assert_snapshot!(ids.replace_all(consents, "<id>"), @r"
      --allow recreate:pipeline_sales_01_g01_p02
          pipeline pipeline_sales_01_g01_p02 is deleted and made again, its 97 tables KEPT and read again in full
          ingestion_definition.ingestion_gateway_id: <id> → ${resources.pipelines.gateway_sales_01_g01.id}

    Consented to already
      recreate:gateway_sales_01_g01  by reviewed.yml:2, ana@example.com (the old schema is full), until 2999-12-31
          gateway_definition.gateway_storage_schema: staging → staging_v2
      recreate:pipeline_sales_01_g01_p01  by reviewed.yml:11, ana@example.com (the old schema is full), until 2999-12-31
          ingestion_definition.ingestion_gateway_id: <id> → ${resources.pipelines.gateway_sales_01_g01.id}
    ");
    // The deploy says the same.
    let said = site.deploy(&reviewed);
    assert_eq!(said.exits(4).json()["needs_consent"], json!([PIPELINES[1]]));
    let told = format!(
        "prod  {GATEWAY}  consented to by reviewed.yml:2, ana@example.com (the old schema is full), until 2999-12-31\n"
    );
    assert!(said.stderr.contains(&told), "{}", said.stderr);
    // What is wrong with them is told, and keeps nobody from seeing the plan.
    site.approve("- target: prod\n");
    let broken = plan(&[]);
    assert!(broken.exits(1).stderr.contains("approvals.yml:1:3"), "{}", broken.stderr);
    assert!(broken.stdout.contains("--allow recreate:gateway_sales_01_g01"), "{}", broken.stdout);
    assert!(
        plan(&["--approvals", "none.yml"]).exits(2).stderr.contains("there is no file none.yml of approvals")
    );
    assert_eq!(site.writes(), Vec::<String>::new());
}
