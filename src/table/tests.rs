//! From CSV and settings to groups and findings, as a user meets them.

use super::{Group, groups};
use crate::environment::Environment;
use crate::finding::Findings;
use crate::settings::{Flags, Placement, Settings};
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
fn a_weight_is_digits_and_one_where_it_is_blank() {
    let lines = ["0", "", "18446744073709551615", "007"];
    let groups = clean(table("sql_server", "weight", &lines));
    let weights: Vec<u64> = groups[0].tables.iter().map(|table| table.weight).collect();
    assert_eq!(weights, [0, 1, u64::MAX, 7]);
    let groups = clean(table_with("sql_server", r#"{"p": {"weight": 40}}"#, "", "weight", &["", "2"]));
    assert_eq!(groups[0].tables.iter().map(|table| table.weight).collect::<Vec<_>>(), [40, 2]);

    let bad = ["-1", "+1", "1.5", "1e3", "1_000", "18446744073709551616", "heavy"];
    let (_, findings) = table("sql_server", "weight", &bad);
    assert_eq!(ids(&findings), ["TW128"; 7]);
    assert!(!findings.has_errors(), "nothing reads it: {findings:#?}");
}

#[test]
fn a_bad_weight_is_an_error_where_it_is_used() {
    let csv = format!("{HEADER},weight\np,Db,dbo,T0,lake,raw,t0,conn,many\n");
    let mut settings = settings("sql_server", "", "");
    settings.placement = Placement::Weighted;
    let (_, findings) = groups(&rows(&csv), &settings);
    let finding = findings.iter().next().unwrap();
    assert!(findings.has_errors());
    assert_eq!(finding.what, "weight `many` is no whole number from 0 to 18446744073709551615");
    assert_eq!(finding.place.as_ref().map(ToString::to_string).as_deref(), Some("<stdin>:2:30"));
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

/// Findings as `rule line:column`, sorted.
fn placed(findings: &Findings) -> Vec<String> {
    findings
        .clone()
        .sorted()
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {}", finding.rule, place.trim_start_matches("<stdin>:"))
        })
        .collect()
}

#[test]
fn twelve_mistakes_are_twelve_findings_at_their_cells() {
    let csv = "project_name,prefix,subgroup,source_database,source_schema,source_table_name,target_catalog,target_schema,target_table_name,connection_name,schedule,pause_status,tags,scd_type,include_columns,exclude_columns\n\
        crm,a,1,S,s,A,lake,raw,a,c,a b c d e,,,,,\n\
        crm,b,1,S,s,B,lake,raw,b,c,,yes,,,,\n\
        crm,c,1,S,s,C,lake,raw,c,c,,,team,,,\n\
        crm,d,1,S,s,D,lake,raw,d,c,,,,SCD2,,\n\
        crm,e,1,S,s,E,lake,raw,e,c,,,,,Id,Name\n\
        crm,f,1,S,s,F,la/ke,raw,f,c,,,,,,\n\
        crm,g h,1,S,s,G,lake,raw,g,c,,,,,,\n\
        crm,h,1,S,s,x${var.y},lake,raw,h,c,,,,,,\n\
        crm,i,1,S,s,I,lake,raw,,c,,,,,,\n\
        crm,j,1,S,s,J,lake,RAW,A,c,,,,,,\n\
        crm,k,1,S,s,K,lake,raw,k,c,,,,,,\n\
        crm,k,,S,s,L,lake,raw,l,c,,,,,,\n\
        ../x,m,1,S,s,M,lake,raw,m,c,,,,,,\n";
    let (_, findings) = groups(&rows(csv), &settings("salesforce", "", ""));
    assert_eq!(
        placed(&findings),
        [
            "TW213 2:28",
            "TW215 3:29",
            "TW216 4:30",
            "TW220 5:31",
            "TW219 6:35",
            "TW205 7:15",
            "TW206 8:5",
            "TW224 9:13",
            "TW202 10:24",
            "TW222 11:24",
            "TW204 13:7",
            "TW208 14:1",
        ],
        "{findings:#?}"
    );
}

#[test]
fn keys_match_rows_by_project_prefix_and_group_each_for_itself() {
    let defaults = r#"{"sales": {"schedule": "0 1 * * *"}, "crm_2": {"schedule": "0 2 * * *"}}"#;
    let csv = format!(
        "{HEADER},prefix,subgroup\n\
        sales,S,s,A,lake,raw,a,c,emea,\n\
        other,S,s,B,lake,raw,b,c,sales,\n\
        crm,S,s,C,lake,raw,c,c,,02\n"
    );
    let groups = clean(groups(&rows(&csv), &settings("salesforce", defaults, "")));
    let quartz: Vec<_> =
        groups.iter().map(|group| group.schedule.as_ref().unwrap().quartz.as_str()).collect();
    assert_eq!(quartz, ["0 0 1 * * ?", "0 0 1 * * ?", "0 0 2 * * ?"]);
}

#[test]
fn overrides_may_settle_the_prefix_and_keys_see_it() {
    let overrides = r#"{"*": {"prefix": "x"}, "x": {"pause_status": "PAUSED"}, "old": {"tags": "a=1"}}"#;
    let groups = clean(table_with("salesforce", "", overrides, "prefix", &["old"]));
    assert_eq!(groups[0].name(), "x_01");
    assert_eq!(groups[0].schedule.as_ref().unwrap().pause_status, Some(super::PauseStatus::Paused));
}

#[test]
fn nothing_as_a_default_takes_the_connector_default_away_and_clears_nothing_else() {
    let none = clean(table_with("servicenow", r#"{"schedule": null}"#, "", "prefix", &["a"]));
    assert_eq!(none[0].schedule, None);
    let defaults = r#"{"*": {"schedule": "1 1 * * *"}, "a": {"schedule": null}}"#;
    let kept = clean(table_with("servicenow", defaults, "", "prefix", &["a"]));
    assert_eq!(kept[0].schedule.as_ref().unwrap().quartz, "0 1 1 * * ?");
    let removed = clean(table_with("servicenow", "", r#"{"schedule": null}"#, "schedule", &["1 1 * * *"]));
    assert_eq!(removed[0].schedule, None);
}

#[test]
fn one_value_of_a_group_holds_wherever_it_stood() {
    let groups = clean(table_with(
        "sql_server",
        r#"{"schedule": null}"#,
        "",
        "schedule,pause_status,tags,gateway_driver_type,timezone",
        &[",,,,", "0  5 * * *,paused,\"b=2,a=1\",r5,Europe/Berlin", "0 5 * * *, PAUSED ,\"a=1,b=2\",r5,"],
    ));
    let schedule = groups[0].schedule.as_ref().unwrap();
    assert_eq!((schedule.quartz.as_str(), schedule.timezone.as_str()), ("0 0 5 * * ?", "Europe/Berlin"));
    assert_eq!(schedule.pause_status, Some(super::PauseStatus::Paused));
    assert_eq!(groups[0].tags, [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]);
    assert_eq!(groups[0].gateway.as_ref().unwrap().driver_type.as_deref(), Some("r5"));
}

#[test]
fn two_values_of_a_group_conflict_at_the_second_and_name_both() {
    let (_, findings) =
        table("salesforce", "schedule,tags", &["0 1 * * *,a=1", "0 2 * * *,a=1", "0 1 * * *,"]);
    let [finding] = findings.iter().collect::<Vec<_>>()[..] else { panic!("{findings:#?}") };
    assert_eq!(finding.rule, "TW212");
    assert_eq!(finding.what, "group `p_01` has 2 values of schedule: `0 1 * * *`, `0 2 * * *`");
    assert_eq!(finding.place.as_ref().unwrap().to_string(), "<stdin>:3:30");
    assert!(finding.why.contains("line 2 says `0 1 * * *`, line 3 `0 2 * * *`"), "{}", finding.why);
}

#[test]
fn gateways_fall_back_to_the_first_table_and_take_blanks_for_nothing() {
    let csv = format!(
        "{HEADER},gateway_catalog,gateway_schema\n\
        p,S,s,A,lake,s1,a,c, , \n\
        p,S,s,B,lake,s2,b,c,ops,\n"
    );
    let groups = clean(groups(&rows(&csv), &settings("postgresql", "", "")));
    let gateway = groups[0].gateway.as_ref().unwrap();
    assert_eq!((gateway.catalog.as_str(), gateway.schema.as_str()), ("ops", "s1"));
}

#[test]
fn names_that_meet_are_found() {
    let csv = format!(
        "{HEADER},prefix,subgroup\n\
        p1,S,s,A,lake,raw,a,c,sales,01_02\n\
        p1,S,s,B,lake,raw,b,c,sales_01,02\n\
        p1,S,s,C,lake,raw,c,c,x,1\n\
        p2,S,s,D,lake,raw,d,c,x,1\n\
        P1,S,s,E,lake,raw,e,c,X,1\n"
    );
    let (_, findings) = groups(&rows(&csv), &settings("salesforce", "", ""));
    assert_eq!(placed(&findings), ["TW209 3:23", "TW210 5:23", "TW225 6:1", "TW225 6:23"], "{findings:#?}");
}

#[test]
fn long_names_mixed_connectors_and_unknown_ones_are_found() {
    let long = "x".repeat(240);
    let csv = format!(
        "{HEADER},prefix,connector\n\
        p,S,s,A,lake,raw,a,c,{long},sql_server\n\
        p,S,s,B,lake,raw,b,c,m,salesforce\n\
        p,S,s,C,lake,raw,c,c,m,servicenow\n\
        p,S,s,D,lake,raw,d,c,n,ga4\n\
        p,S,s,E,lake,raw,e,c,o,\n"
    );
    let (_, findings) = groups(&rows(&csv), &settings("", "", ""));
    assert_eq!(placed(&findings), ["TW207 2:22", "TW211 4:24", "TW203 5:24", "TW203 6:24"], "{findings:#?}");
    assert!(findings.iter().any(|finding| finding.what.contains("did you mean `google_analytics`?")));
}

#[test]
fn columns_that_are_missing_or_that_nobody_reads_are_told_once() {
    let (_, findings) = groups(
        &rows(
            "project_name,source_schema,source_table,target_catalog,shedule,primary_key,gateway,tables\np,s,A,lake,x,y,z,\np,s,B,lake,x,y,z,\n",
        ),
        &settings("salesforce", "", ""),
    );
    assert_eq!(
        placed(&findings),
        ["TW201 1:1", "TW201 1:1", "TW201 1:1", "TW201 1:1", "TW110 1:56", "TW110 1:64", "TW126 1:84"],
        "{findings:#?}"
    );
    assert!(findings.iter().any(|finding| finding.what.ends_with("did you mean `schedule`?")));
}

#[test]
fn defaults_are_judged_where_they_are_written_and_once() {
    let defaults = r#"{"*": {"schedule": "nonsense", "pause_status": "PAUSED"}, "slaes": {"tags": "a=1"}, "p_1": {"scd_type": "X", "tags": "a=1"}, "p_01": {"tags": "b=1"}}"#;
    let (_, findings) = table_with("salesforce", defaults, "", "subgroup", &["1", "1", "1"]);
    assert_eq!(ids(&findings), ["TW124", "TW127", "TW213", "TW220"], "{findings:#?}");
    let (_, findings) =
        groups(&rows(&format!("{HEADER}\np,S,s,A,l,r,a,c\n")), &settings_unchecked(r#"{"shedule": "x"}"#));
    assert_eq!(ids(&findings), ["TW123"]);
}

fn settings_unchecked(defaults: &str) -> Settings {
    settings("salesforce", defaults, "")
}

#[test]
fn a_property_of_google_analytics_is_as_many_tables_as_it_names() {
    let csv = "project_name,source_catalog,source_schema,tables,target_catalog,target_schema,connection_name\n\
        web,g,analytics_1,\" events , users,\",lake,raw,c\n\
        web,g,my prop.1,events,lake,raw,c\n\
        web,g,analytics_2,\"events,events\",lake,raw,c\n\
        web,g,analytics_3,\",\",lake,raw,c\n";
    let (groups, findings) = groups(&rows(csv), &settings("google_analytics", "", ""));
    assert_eq!(groups[0].tables[1].object.destination.table, "analytics_1_users");
    assert_eq!(placed(&findings), ["TW205 3:7", "TW222 4:19", "TW202 5:19"], "{findings:#?}");
}

#[test]
fn rows_without_a_project_are_judged_all_the_same() {
    let csv = format!(
        "{HEADER},schedule,tags\n,S,s,A,lake,raw,a,c,@daily,\n,S,s,B,lake,raw,A,d,,x\np,S,s,C,lake,raw,c,c,,\n"
    );
    let (groups, findings) = groups(&rows(&csv), &settings("salesforce", "", ""));
    assert_eq!(
        placed(&findings),
        ["TW202 2:1", "TW213 2:21", "TW202 3:1", "TW222 3:17", "TW216 3:22"],
        "{findings:#?}"
    );
    assert_eq!(groups.len(), 1);
}

#[test]
fn destinations_that_a_target_brings_together_are_found() {
    let mut settings = settings("salesforce", "", "");
    let mut target = crate::settings::Target::named("dev");
    target.catalogs.insert("lake2".into(), "LAKE".into());
    settings.targets.insert("dev".into(), target);
    let csv = format!("{HEADER}\np,S,s,A,lake,raw,a,c\np,S,s,B,lake2,raw,a,c\n");
    let (_, findings) = groups(&rows(&csv), &settings);
    assert_eq!(placed(&findings), ["TW223 3:19"], "{findings:#?}");
}

#[test]
fn references_are_allowed_where_every_version_of_the_cli_knows_the_escape() {
    let mut settings = settings("salesforce", "", "");
    let csv = format!("{HEADER},include_columns\np,S,s,${{a}},lake,raw,a,c,${{b.c}}\n");
    let (_, findings) = groups(&rows(&csv), &settings);
    assert_eq!(ids(&findings), ["TW224", "TW224"]);
    settings.databricks_cli_version = ">= 1.15.0".into();
    assert_eq!(clean(groups(&rows(&csv), &settings)).len(), 1);
}

#[test]
fn twenty_thousand_equal_faults_are_folded() {
    let mut csv = format!("{HEADER}\n");
    for index in 0..20_000 {
        csv.push_str(&format!("p,S,s,T{index},lake,,t{index},c\n"));
    }
    let (_, findings) = groups(&rows(&csv), &settings("salesforce", "", ""));
    assert_eq!(findings.len(), crate::source::KEPT + 1);
    assert!(findings.iter().any(|finding| finding.what == "and 19800 more findings of TW202, not shown"));
}

mod properties {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    /// Cells that are near to what rules look at.
    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            prop::sample::select(vec![
                "p",
                "q",
                "1",
                "01",
                "2",
                "sales",
                "sales_01",
                "a.b",
                "${var.x}",
                "PAUSED",
                "0 1 * * *",
                "0 9 * * 1",
                "a=1",
                "{\"a\": 1}",
                "[\"a\"]",
                "[",
                "{",
                "SCD_TYPE_2",
                "Id,Name",
                "salesforce",
                "sql_server",
                "..",
                "Europe/Berlin",
                "é",
                "null",
            ])
            .prop_map(str::to_owned),
            "[ -~]{0,12}",
            "\\PC{0,6}",
            any::<String>(),
        ]
    }

    fn csv_of(header: &[String], lines: &[Vec<String>]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(header).unwrap();
        for line in lines {
            writer.write_record(line).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn header() -> Vec<String> {
        crate::settings::Column::ALL.iter().map(|column| column.as_str().to_owned()).collect()
    }

    fn read(bytes: Vec<u8>) -> RowSet {
        read_stdin(bytes, &ReadOptions { delimiter: Some(b',') }).unwrap().0
    }

    /// What findings say apart from places, sorted.
    fn said(findings: &Findings) -> Vec<(&'static str, String)> {
        let mut said: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect();
        said.sort();
        said
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_text_in_any_cell_gives_findings_or_groups(
            lines in prop::collection::vec(prop::collection::vec(cell(), header().len()), 1..6),
            connector in prop::sample::select(vec!["sql_server", "salesforce", "google_analytics", "workday_reports"]),
        ) {
            let rows = read(csv_of(&header(), &lines));
            let settings = settings(connector, r#"{"p": {"tags": {"a": 1}}, "*": {"schedule": "0 1 * * *"}}"#, "");
            let (groups, findings) = groups(&rows, &settings);
            for finding in &findings {
                prop_assert!(crate::finding::rule(finding.rule).is_some(), "{}", finding.rule);
                prop_assert!(!finding.what.is_empty());
            }
            if !findings.has_errors() {
                for group in &groups {
                    prop_assert!(super::super::name::not_in_a_key(&group.name()).is_none());
                    prop_assert!(!group.connection.is_empty());
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (rows, findings) = read_stdin(bytes, &ReadOptions::default()).unwrap();
            let _ = groups(&rows, &settings("sql_server", "", ""));
            prop_assert!(!rows.is_empty() || findings.has_errors());
        }

        #[test]
        fn the_order_of_rows_changes_no_finding(
            lines in prop::collection::vec(prop::collection::vec(cell(), header().len()), 2..6),
            swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 1..6),
        ) {
            let mut shuffled = lines.clone();
            for (a, b) in swaps {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                shuffled.swap(a, b);
            }
            let settings = settings("salesforce", "", "");
            let before = groups(&read(csv_of(&header(), &lines)), &settings).1;
            let after = groups(&read(csv_of(&header(), &shuffled)), &settings).1;
            prop_assert_eq!(said(&before), said(&after));
        }
    }
}
