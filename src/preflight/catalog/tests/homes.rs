//! Every verdict on catalogs and schemas.

use super::*;
use crate::workspace::Binding;

fn judged(facts: &CatalogFacts, target: &Target) -> String {
    told(&judge_homes(target, &wanted(target), facts, &place))
}

fn prod() -> Target {
    Target::named("prod")
}

fn run_as_robot() -> Target {
    let mut target = prod();
    target.run_as = Some(crate::yaml::read("user_name: robot@x.org").unwrap().to_value());
    target
}

#[test]
fn owners_need_no_grants() {
    assert_eq!(judged(&facts(), &prod()), "");
}

#[test]
fn what_the_identity_lacks_is_told_with_the_statement() {
    let mut facts = facts();
    let robot = run_as_robot();
    facts.schemas.get_mut("main.crm").unwrap().secured.grants = grants(&[("robot@x.org", &["USE_SCHEMA"])]);
    insta::assert_snapshot!(judged(&facts, &robot), @r"
    error[TW342] tables.csv:2:1
      robot@x.org has no USE CATALOG on catalog `main`
      why: pipelines run as robot@x.org, and could not write destinations and gateway storage
      fix: GRANT USE CATALOG ON CATALOG `main` TO `robot@x.org`
    error[TW344] tables.csv:2:1
      robot@x.org has no CREATE TABLE on schema `main.crm`
      why: pipelines run as robot@x.org, and could not write destinations
      fix: GRANT CREATE TABLE ON SCHEMA `main`.`crm` TO `robot@x.org`
    error[TW344] tables.csv:2:1
      robot@x.org has no USE SCHEMA, CREATE TABLE, CREATE VOLUME on schema `main.staging`
      why: pipelines run as robot@x.org, and could not write gateway storage
      fix: GRANT USE SCHEMA, CREATE TABLE, CREATE VOLUME ON SCHEMA `main`.`staging` TO `robot@x.org`
    error[TW344] tables.csv:5:1
      robot@x.org has no USE SCHEMA, CREATE TABLE on schema `main.web`
      why: pipelines run as robot@x.org, and could not write destinations
      fix: GRANT USE SCHEMA, CREATE TABLE ON SCHEMA `main`.`web` TO `robot@x.org`
    ");
    facts.catalogs.get_mut("main").unwrap().secured.grants = grants(&[("robot@x.org", &["USE_CATALOG"])]);
    for schema in facts.schemas.values_mut() {
        schema.secured.grants = grants(&[("robot@x.org", &["ALL_PRIVILEGES"])]);
    }
    assert_eq!(judged(&facts, &robot), "");
}

#[test]
fn what_could_not_be_confirmed_is_skipped_and_no_finding() {
    let mut facts = facts();
    own(&mut facts.catalogs.get_mut("main").unwrap().secured.object, |catalog| {
        catalog.owner = Some(BOSS.into())
    });
    facts.catalogs.get_mut("main").unwrap().secured.grants = grants(&[(ME, &["USE_CATALOG"])]);
    for schema in facts.schemas.values_mut() {
        own(&mut schema.secured.object, |schema| schema.owner = Some(BOSS.into()));
        schema.secured.grants = Answer::Refused("403 no".into());
    }
    insta::assert_snapshot!(judged(&facts, &prod()), @"skipped TW344: schema main.crm, schema main.staging and schema main.web: privileges of ana@x.org could not be confirmed: its grants are not shown (403 no); ask for  GRANT USE SCHEMA, CREATE TABLE ON SCHEMA `main`.`crm` TO `ana@x.org`; GRANT USE SCHEMA, CREATE TABLE, CREATE VOLUME ON SCHEMA `main`.`staging` TO `ana@x.org`; GRANT USE SCHEMA, CREATE TABLE ON SCHEMA `main`.`web` TO `ana@x.org`");
}

#[test]
fn a_missing_schema_is_a_note_for_who_may_create_it() {
    let mut facts = facts();
    facts.schemas.insert("main.staging".into(), SchemaFacts::default());
    insta::assert_snapshot!(judged(&facts, &prod()), @r"
    note[TW343] tables.csv:2:1
      schema `main.staging` is not there; ana@x.org may create it
      why: it comes with the first update: gateway storage will be in it
      fix: nothing to do if the name is meant; to have it before,  CREATE SCHEMA `main`.`staging`
    ");
    let secured = &mut facts.catalogs.get_mut("main").unwrap().secured;
    own(&mut secured.object, |catalog| catalog.owner = Some(BOSS.into()));
    secured.grants = grants(&[(ME, &["USE_CATALOG"])]);
    insta::assert_snapshot!(judged(&facts, &prod()), @r"
    error[TW343] tables.csv:2:1
      schema `main.staging` is not there, and ana@x.org may not create it
      why: gateway storage would have no place
      fix: CREATE SCHEMA `main`.`staging`, or  GRANT CREATE SCHEMA ON CATALOG `main` TO `ana@x.org`
    ");
    facts.catalogs.get_mut("main").unwrap().secured.grants =
        grants(&[("loaders", &["CREATE_SCHEMA", "USE_CATALOG"])]);
    let all = judged(&facts, &prod());
    assert!(
        all.starts_with("warning[TW343]") && all.contains("could not be confirmed: group `loaders`"),
        "{all}"
    );
}

#[test]
fn a_catalog_that_is_missing_or_of_another_kind() {
    let mut facts = facts();
    own(&mut facts.catalogs.get_mut("main").unwrap().secured.object, |catalog| {
        catalog.catalog_type = Some("FOREIGN_CATALOG".into());
    });
    insta::assert_snapshot!(judged(&facts, &prod()), @r"
    error[TW341] tables.csv:2:1
      catalog `main` is a FOREIGN_CATALOG: nothing can be created in it
      why: destinations and gateway storage would have no place
      fix: name an ordinary catalog in target_catalog
    ");
    facts.catalogs.insert("main".into(), CatalogFact::default());
    insta::assert_snapshot!(judged(&facts, &prod()), @r"
    error[TW340] tables.csv:2:1
      catalog `main` is not there, or ana@x.org may not see it
      why: destinations and gateway storage would have no place
      fix: create it, map it to one of this workspace with `catalogs` in target `prod`, or ask its owner for  GRANT USE CATALOG ON CATALOG `main` TO `ana@x.org`
    ");
    let bindings = vec![Binding { workspace_id: Some(5), binding_type: None }];
    let secured = Secured { object: Answer::Refused("403 no".into()), grants: Answer::Missing };
    facts.catalogs.insert("main".into(), CatalogFact { secured, bindings });
    insta::assert_snapshot!(judged(&facts, &prod()), @r"
    error[TW340] tables.csv:2:1
      catalog `main` is isolated and bound to other workspaces (5), not to this one (7)
      why: destinations and gateway storage would have no place
      fix: bind it to this workspace in Catalog Explorer, under Workspaces of the catalog, or name another catalog
    ");
}

#[test]
fn names_go_through_the_maps_of_the_target() {
    let mut target = prod();
    target.catalogs = [("main".to_owned(), "Main_Prod".to_owned())].into_iter().collect();
    let all = judged(&facts(), &target);
    assert!(all.contains("catalog Main_Prod: it was not asked for"), "{all}");
}
