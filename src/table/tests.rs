//! From CSV and settings to groups and findings, as a user meets them.

use super::{Group, groups};
use crate::environment::Environment;
use crate::finding::Findings;
use crate::settings::{Flags, Settings};
use crate::source::{ReadOptions, RowSet, read_stdin};

const HEADER: &str = "project_name,source_database,source_schema,source_table_name,target_catalog,target_schema,\
    target_table_name,connection_name";

pub(super) fn rows(csv: &str) -> RowSet {
    let (rows, findings) = read_stdin(csv.as_bytes().to_vec(), &ReadOptions::default()).unwrap();
    assert!(!findings.has_errors(), "{findings:#?}");
    rows
}

pub(super) fn settings(connector: &str, defaults: &str, overrides: &str) -> Settings {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let flags = Flags {
        connector: text(connector),
        default_values_json: text(defaults),
        override_json: text(overrides),
        ..Flags::default()
    };
    let nowhere = Environment::of([]).with_directory("/nonexistent/folder");
    let (settings, findings) = Settings::resolve(flags, &nowhere).unwrap();
    assert!(!findings.has_errors(), "{findings:#?}");
    settings
}

/// Extra columns and rows behind the eight of the header; `A` and the like are the tables.
fn table(connector: &str, columns: &str, lines: &[&str]) -> (Vec<Group>, Findings) {
    table_with(connector, "", "", columns, lines)
}

fn table_with(
    connector: &str,
    defaults: &str,
    overrides: &str,
    columns: &str,
    lines: &[&str],
) -> (Vec<Group>, Findings) {
    let mut csv = format!("{HEADER},{columns}\n");
    for (index, line) in lines.iter().enumerate() {
        csv.push_str(&format!("p,Db,dbo,T{index},lake,raw,t{index},conn,{line}\n"));
    }
    groups(&rows(&csv), &settings(connector, defaults, overrides))
}

fn ids(findings: &Findings) -> Vec<&'static str> {
    let mut ids: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    ids.sort_unstable();
    ids
}

fn clean((groups, findings): (Vec<Group>, Findings)) -> Vec<Group> {
    assert!(findings.is_empty(), "{findings:#?}");
    groups
}

#[test]
fn a_plain_row_becomes_a_group_with_the_defaults_of_its_connector() {
    let groups = clean(table("sql_server", "scd_type", &["scd_type_2", ""]));
    let [group] = groups.as_slice() else { panic!("{groups:#?}") };
    assert_eq!(group.name(), "p_01");
    assert_eq!(group.connection, "conn");
    let gateway = group.gateway.as_ref().unwrap();
    assert_eq!((gateway.catalog.as_str(), gateway.schema.as_str()), ("lake", "raw"));
    let schedule = group.schedule.as_ref().unwrap();
    assert_eq!((schedule.quartz.as_str(), schedule.timezone.as_str()), ("0 */15 * * * ?", "UTC"));
    assert_eq!(group.tables[0].object.configuration.scd_type, Some(crate::connector::ScdType::Type2));
    assert_eq!(group.tables[1].object.destination.to_string(), "lake.raw.t1");
}

#[test]
fn the_most_specific_default_wins_and_never_over_a_cell() {
    let defaults = r#"{"*": {"schedule": "0 1 * * *"}, "p": {"schedule": "0 2 * * *"}, "s": {"schedule": "0 3 * * *"},
        "s_2": {"schedule": "0 4 * * *"}}"#;
    let groups = clean(table_with(
        "salesforce",
        defaults,
        "",
        "prefix,subgroup,schedule",
        &["s,2,", "s,3,", "o,,", "q,1,0 9 * * *"],
    ));
    let quartz: Vec<_> = groups.iter().map(|group| group.schedule.as_ref().unwrap().quartz.clone()).collect();
    assert_eq!(quartz, ["0 0 4 * * ?", "0 0 3 * * ?", "0 0 2 * * ?", "0 0 9 * * ?"]);
}
