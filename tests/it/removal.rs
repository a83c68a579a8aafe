//! `tapworks deploy --remove-project`

use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said, pipeline_names};

const HEAD: &str = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,target_schema,target_table_name,connection_name\n";
const RETAIL: &str = "salesforce,retail,crm,sf,objects,Account,bronze,crm,account,salesforce\n";
const SHOP: &str = "salesforce,shop,shop,sf,objects,Item,bronze,shop,item,salesforce\n\
                    salesforce,shop,shop,sf,objects,Order,bronze,shop,order,salesforce\n";

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

impl Site {
    fn deploy(&self, more: &[&str]) -> Said {
        self.context.run(&[&["deploy", "--source", "tables.csv", "--target", "prod"], more].concat())
    }

    fn pipelines(&self) -> Vec<String> {
        pipeline_names(&self.workspace)
    }
}

/// Both projects deployed, then `shop` without rows.
fn without_shop() -> Site {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    context.write("tables.csv", &format!("{HEAD}{RETAIL}{SHOP}"));
    let site = Site { workspace, context };
    site.deploy(&[]).exits(0);
    assert_eq!(site.pipelines(), ["crm_01_p01", "shop_01_p01"]);
    site.context.write("tables.csv", &format!("{HEAD}{RETAIL}"));
    site.workspace.clear_requests();
    site
}

#[test]
fn a_project_without_rows_is_told_and_kept() {
    let site = without_shop();
    let said = site.deploy(&[]);
    let note = "note[TW151]: project `shop` has places for 2 tables in 1 pipeline, but no rows any more";
    assert!(said.exits(0).stderr.contains(note), "{}", said.stderr);
    assert_eq!(site.pipelines(), ["crm_01_p01", "shop_01_p01"]);
    assert_eq!(site.workspace.writes().len(), 0);
}

#[test]
fn it_goes_only_with_the_consent_that_each_pipeline_needs() {
    let site = without_shop();
    let said = site.deploy(&["--remove-project", "shop"]);
    assert!(said.exits(4).stderr.contains("--allow delete:pipeline_shop_01_p01"), "{}", said.stderr);
    assert_eq!(site.workspace.writes().len(), 0);
    assert!(site.context.read("dab_deployment/tapworks.lock").contains("shop_01_p01"));

    let said = site.deploy(&["--remove-project", "shop", "--allow", "delete:pipeline_shop_01_p01"]);
    said.exits(0);
    assert_eq!(site.pipelines(), ["crm_01_p01"]);
    assert!(!site.context.read("dab_deployment/tapworks.lock").contains("shop_01_p01"));
    // Nothing is left to tell of it.
    let said = site.deploy(&[]);
    assert!(!said.exits(0).stderr.contains("TW151"), "{}", said.stderr);
}

#[test]
fn what_has_rows_or_is_not_known_is_not_removed() {
    let site = without_shop();
    let said = site.deploy(&["--remove-project", "retail", "--remove-project", "shpo"]);
    said.exits(1);
    assert!(said.stderr.contains("project `retail` is to be removed and has rows"), "{}", said.stderr);
    assert!(
        said.stderr.contains("project `shpo` is to be removed and is not known; did you mean `shop`?"),
        "{}",
        said.stderr
    );
    assert_eq!(site.workspace.writes().len(), 0);
}

#[test]
fn the_lock_of_a_project_that_is_left_alone_is_in_nobodys_way() {
    let site = without_shop();
    let lock = "/Users/tester@example.com/.bundle/shop/prod/state/deploy.lock";
    let text = r#"{"ID": "0f0e0d0c-0000-4000-8000-000000000001", "AcquisitionTime": "2026-01-02T03:04:05.000000Z",
        "IsForced": false, "User": "someone@example.com"}"#;
    site.workspace.world(|world| world.files.write(lock, text.to_owned()));
    let more = RETAIL.replace("Account", "Lead").replace("account", "lead");
    site.context.write("tables.csv", &format!("{HEAD}{RETAIL}{more}"));
    for flags in [&["--force-lock"][..], &[]] {
        let said = site.deploy(flags);
        assert!(!said.exits(0).stderr.contains("TW501"), "{}", said.stderr);
        assert!(site.workspace.world(|world| world.files.read(lock).is_some()), "it stays its holder's");
    }
    // It is once the project is to be removed.
    let said = site.deploy(&["--remove-project", "shop", "--allow", "delete:pipeline_shop_01_p01"]);
    assert!(
        said.exits(1).stderr.contains("bundle `shop` is locked by someone@example.com"),
        "{}",
        said.stderr
    );
}
