//! Every verdict on a connection.

use super::*;

fn judged(facts: &CatalogFacts, target: &Target) -> String {
    told(&judge_connections(target, &wanted(target), facts, &place))
}

fn erp(facts: &mut CatalogFacts) -> &mut Secured<Connection> {
    facts.connections.get_mut("erp").unwrap()
}

fn connection(json: serde_json::Value) -> Answer<Connection> {
    Answer::There(serde_json::from_value(json).unwrap())
}

#[test]
fn one_in_order_is_well_by_ownership_and_by_grant() {
    let prod = Target::named("prod");
    let mut facts = facts();
    assert_eq!(judged(&facts, &prod), "");
    own(&mut erp(&mut facts).object, |connection| connection.owner = Some(BOSS.into()));
    erp(&mut facts).grants = grants(&[("account users", &["USE_CONNECTION"])]);
    assert_eq!(judged(&facts, &prod), "");
}

#[test]
fn one_that_is_missing_of_another_type_or_out_of_order() {
    let prod = Target::named("prod");
    let mut facts = facts();
    erp(&mut facts).object = connection(serde_json::json!({
        "name": "erp", "connection_type": "MYSQL", "owner": ME, "provisioning_info": {"state": "FAILED"}}));
    insta::assert_snapshot!(judged(&facts, &prod), @r"
    error[TW331] tables.csv:2:1
      connection `erp` is of type MYSQL, and sql_server needs SQLSERVER
      why: the service refuses a pipeline whose connection is of another type
      fix: name a connection of type SQLSERVER in `connection_name`, or the connector that fits this one
    error[TW332] tables.csv:2:1
      connection `erp` is in state FAILED
      why: nothing can be read through it
      fix: open it in Catalog Explorer and mend it, or ask ana@x.org to
    ");
    erp(&mut facts).object = connection(serde_json::json!({
        "name": "erp", "connection_type": "SQLSERVER", "owner": BOSS, "provisioning_info": {"state": "PROVISIONING"}}));
    erp(&mut facts).grants = grants(&[(ME, &["USE_CONNECTION"])]);
    insta::assert_snapshot!(judged(&facts, &prod), @r"
    warning[TW332] tables.csv:2:1
      connection `erp` is in state PROVISIONING
      why: the first update may come before it is ready
      fix: look at it in Catalog Explorer; wait until it is ACTIVE, or ask boss@x.org
    ");
    *erp(&mut facts) = Secured::default();
    insta::assert_snapshot!(judged(&facts, &prod), @r"
    error[TW330] tables.csv:2:1
      connection `erp` is not there, or ana@x.org may not see it
      why: pipelines read their source through it; the deploy would stop at the first that names it
      fix: create a connection of type SQLSERVER of that name in Catalog Explorer, correct `connection_name`, or ask its owner for  GRANT USE CONNECTION ON CONNECTION `erp` TO `ana@x.org`
    ");
}

#[test]
fn who_deploys_and_who_runs_must_both_be_allowed() {
    let mut prod = Target::named("prod");
    prod.run_as = Some(crate::yaml::read("user_name: robot@x.org").unwrap().to_value());
    let mut facts = facts();
    insta::assert_snapshot!(judged(&facts, &prod), @r"
    error[TW333] tables.csv:2:1
      robot@x.org has no USE CONNECTION on connection `erp`
      why: the pipelines run as this identity
      fix: GRANT USE CONNECTION ON CONNECTION `erp` TO `robot@x.org`
    ");
    own(&mut erp(&mut facts).object, |connection| connection.owner = Some(BOSS.into()));
    erp(&mut facts).grants = grants(&[(ME, &["BROWSE"]), ("robot@x.org", &["USE_CONNECTION"])]);
    insta::assert_snapshot!(judged(&facts, &prod), @r"
    error[TW333] tables.csv:2:1
      ana@x.org has no USE CONNECTION on connection `erp`
      why: who creates a pipeline must be allowed to use its connection
      fix: ask its owner, boss@x.org, for  GRANT USE CONNECTION ON CONNECTION `erp` TO `ana@x.org`
    ");
    prod.run_as = Some(crate::yaml::read("user_name: ${var.who}").unwrap().to_value());
    erp(&mut facts).grants = grants(&[(ME, &["USE_CONNECTION"])]);
    insta::assert_snapshot!(judged(&facts, &prod), @"skipped TW333: USE CONNECTION: only the databricks CLI knows who `run_as: ${var.who}` is");
}

#[test]
fn what_is_refused_is_skipped() {
    let mut facts = facts();
    *erp(&mut facts) =
        Secured { object: Answer::Refused("403 no".into()), grants: Answer::Refused("403 neither".into()) };
    let all = judged(&facts, &Target::named("prod"));
    let rules: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix("skipped ")?.get(..5)).collect();
    assert_eq!(rules, ["TW330", "TW331", "TW332", "TW333"], "{all}");
}

#[test]
fn the_name_goes_through_the_map_of_the_target() {
    let mut prod = Target::named("prod");
    prod.connections = [("erp".to_owned(), "erp_prod".to_owned())].into_iter().collect();
    let mut facts = facts();
    let there = facts.connections.remove("erp").unwrap();
    facts.connections.insert("erp_prod".into(), there);
    assert_eq!(judged(&facts, &prod), "");
}
