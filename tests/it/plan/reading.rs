//! A plan only looks, at one target

use super::site::Site;

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
    site.deploy(&[]).exits(0);
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
    site.replace("salesforce_crm,,,SCD_TYPE_1,,,0 6", "salesforce_crm,,,SCD_TYPE_1,,,0 7");
    site.plan().exits(0);
    assert!(site.workspace.writes().is_empty());
    assert_eq!(site.context.read("tapworks.lock"), lock);
}

#[test]
fn a_plan_is_for_one_target() {
    let site = Site::new();
    let said = site.context.run(&["plan", "--target", "prod", "--target", "dev"]);
    said.exits(2);
    assert_eq!(said.stdout, "");
}
