use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::*;

const FILE: &str = "tapworks.lock";

fn slot(bundle: &str, gateway: Option<&str>, pipeline: &str, position: u64) -> Slot {
    let (bundle, gateway) = (bundle.to_owned(), gateway.map(str::to_owned));
    Slot { bundle, gateway, pipeline: pipeline.to_owned(), position }
}

fn locked(destination: &str, slot: Slot) -> (String, LockedTable) {
    let table = LockedTable {
        destination: destination.to_owned(),
        source: "erp.dbo.orders".to_owned(),
        slot,
        gone: false,
        moving: None,
    };
    (destination.to_lowercase(), table)
}

fn sample() -> Lock {
    let mut lock = Lock::default();
    lock.tables.extend([
        locked("main.bronze.Orders", slot("retail", Some("sales_01_g01"), "sales_01_g01_p01", 0)),
        locked("main.bronze.items", slot("retail", Some("sales_01_g01"), "sales_01_g01_p01", 1)),
        locked("main.bronze.Zeta", slot("retail", None, "crm_01_p01", 7)),
    ]);
    let items = lock.tables.get_mut("main.bronze.items").unwrap();
    items.gone = true;
    let zeta = lock.tables.get_mut("main.bronze.zeta").unwrap();
    zeta.source = "a b#c".to_owned();
    zeta.moving = Some(Moving {
        from: slot("retail", None, "crm_01_p02", 3),
        done: ["dev".to_owned(), "test".to_owned()].into(),
    });
    lock.gateways
        .insert("sales_01_g01".to_owned(), Home { catalog: "main".to_owned(), schema: "staging".to_owned() });
    lock.pipelines
        .insert("crm_01_p01".to_owned(), Home { catalog: "main".to_owned(), schema: "bronze".to_owned() });
    lock.connections.insert("sales_01_g01".to_owned(), "erp_prod".to_owned());
    lock
}

fn told(text: &str) -> Vec<(&'static str, String, String)> {
    let findings = Lock::parse(text, FILE).unwrap_err();
    assert!(findings.iter().all(|finding| !finding.why.is_empty() && !finding.fix.is_empty()));
    findings
        .into_iter()
        .map(|finding| (finding.rule, finding.place.unwrap().to_string(), finding.what))
        .collect()
}

/// The sample with another text in place of one line.
fn with_line(line: usize, text: &str) -> String {
    let rendered = sample().render();
    let mut lines: Vec<&str> = rendered.lines().collect();
    lines[line - 1] = text;
    lines.join("\n")
}

#[test]
fn the_text_is_sorted_and_parted_by_pipeline() {
    insta::assert_snapshot!(sample().render(), @r#"
    # Where every table lies: its bundle, its gateway, its pipeline and its place in there.
    # Written by tapworks. Commit it, and change it with `tapworks lock` only.
    # After a merge conflict, keep the lines of both sides.
    version 1

    # retail crm_01_p01
    pipeline crm_01_p01 catalog=main schema=bronze
    table main.bronze.Zeta source="a b#c" bundle=retail pipeline=crm_01_p01 position=7 from_bundle=retail from_pipeline=crm_01_p02 from_position=3 deployed=dev deployed=test

    # retail sales_01_g01
    connection sales_01_g01 name=erp_prod
    gateway sales_01_g01 catalog=main schema=staging

    # retail sales_01_g01_p01
    table main.bronze.items source=erp.dbo.orders bundle=retail gateway=sales_01_g01 pipeline=sales_01_g01_p01 position=1 gone
    table main.bronze.Orders source=erp.dbo.orders bundle=retail gateway=sales_01_g01 pipeline=sales_01_g01_p01 position=0

    end
    "#);
}

#[test]
fn what_is_rendered_is_read_with_its_lines() {
    let lock = Lock::parse(&sample().render(), FILE).unwrap();
    assert_eq!(lock, sample());
    let place = |key: &str| lock.place(key).map(|place| place.to_string());
    assert_eq!(place("main.bronze.orders").as_deref(), Some("tapworks.lock:16:1"));
    assert_eq!(place("main.bronze.other"), None);
    assert_eq!(Lock::parse(&Lock::default().render(), FILE).unwrap(), Lock::default());
}

#[test]
fn line_ends_marks_blanks_and_order_of_lines_are_no_matter() {
    let text = sample().render();
    assert_eq!(Lock::parse(&text.replace('\n', "\r\n"), FILE).unwrap(), sample());
    assert_eq!(Lock::parse(&format!("\u{feff}{text}"), FILE).unwrap(), sample());
    assert_eq!(Lock::parse(&text.replace('\n', " \t \n  "), FILE).unwrap(), sample());
    assert_eq!(Lock::parse(text.trim_end(), FILE).unwrap(), sample());
    let (head, body) = text.split_once("version 1\n").unwrap();
    let (body, _) = body.split_once("\nend").unwrap();
    let backwards: Vec<&str> = body.lines().rev().collect();
    let text = format!("{head}version 1\n{}\nend\n", backwards.join("\n"));
    assert_eq!(Lock::parse(&text, FILE).unwrap(), sample());
}

#[test]
fn equal_lines_of_one_table_are_one() {
    let text = sample().render();
    let doubled: Vec<&str> = text.lines().flat_map(|line| [line, line]).collect();
    assert_eq!(Lock::parse(&doubled.join("\n"), FILE).unwrap(), sample());
}

#[test]
fn lines_that_disagree_are_named_both() {
    let text =
        with_line(15, "table MAIN.bronze.orders source=x bundle=retail pipeline=crm_01_p01 position=1");
    assert_eq!(
        told(&text),
        [(
            "TW155",
            "tapworks.lock:16:1".to_owned(),
            "table main.bronze.Orders is there twice, differently: lines 15 and 16".to_owned()
        )]
    );
    let text = with_line(15, "connection sales_01_g01 name=other");
    assert_eq!(
        told(&text),
        [(
            "TW155",
            "tapworks.lock:15:1".to_owned(),
            "the connection of sales_01_g01 is there twice, differently: lines 11 and 15".to_owned()
        )]
    );
    let text = with_line(11, "gateway sales_01_g01 catalog=main schema=other");
    assert_eq!(told(&text)[0].2, "gateway sales_01_g01 is there twice, differently: lines 11 and 12");
}

#[test]
fn a_pipeline_is_in_one_place() {
    let text = with_line(16, "table main.bronze.Orders source=x bundle=b2 pipeline=crm_01_p01 position=1");
    assert_eq!(
        told(&text),
        [(
            "TW155",
            "tapworks.lock:8:1".to_owned(),
            "pipeline crm_01_p01 lies in two places: bundle b2, no gateway (line 16), and bundle retail, no gateway (line 8)"
                .to_owned()
        )]
    );
}

#[test]
fn every_damaged_line_is_told_at_once() {
    let text = "version 1\n\
        tabel a.b.c source=x bundle=p pipeline=q position=0\n\
        table a.b.c source=x bundle=p pipeline=q\n\
        table a.b.d source=x bundle=p pipeline=q position=first\n\
        table a.b.e source=x bundle=p pipeline=q position=0 frozen\n\
        table a.b.f source=x source=y bundle=p pipeline=q position=0\n\
        table a.b.g source=\"x bundle=p pipeline=q position=0\n\
        table\n\
        table a.b.h source=x bundle=p pipeline=q position=0 deployed=dev\n\
        table a.b.i source=x bundle=p pipeline=q position=0 from_pipeline=r\n\
        pipeline q catalog=main\n\
        gateway\n\
        connection q\n\
        end\n\
        table a.b.z source=x bundle=p pipeline=q position=0\n";
    let found: Vec<String> =
        told(text).into_iter().map(|(rule, place, what)| format!("{rule} {place} {what}")).collect();
    insta::assert_snapshot!(found.join("\n"), @r"
    TW152 tapworks.lock:2:1 a line of the lock cannot start with `tabel`
    TW152 tapworks.lock:3:1 the line has no `position=`
    TW152 tapworks.lock:4:42 position `first` is no whole number
    TW152 tapworks.lock:5:53 `frozen` cannot stand in a line that starts with `table`
    TW152 tapworks.lock:6:22 `source=` is in the line twice
    TW152 tapworks.lock:7:20 quoted text is not closed, or not written as in JSON
    TW152 tapworks.lock:8:1 the line names no table
    TW152 tapworks.lock:9:53 `deployed` says that a move is deployed, and no move is named
    TW152 tapworks.lock:10:1 the line has no `from_bundle=`
    TW152 tapworks.lock:11:1 the line has no `schema=`
    TW152 tapworks.lock:12:1 the line names no gateway
    TW152 tapworks.lock:13:1 the line has no `name=`
    TW152 tapworks.lock:15:1 the lock goes on behind its end, line 14
    ");
}

#[test]
fn a_file_that_was_cut_off_is_damaged() {
    let text = sample().render();
    for (at, _) in text.match_indices('\n').filter(|(at, _)| *at + 6 < text.len()) {
        let found = told(&text[..=at]);
        assert!(found.iter().any(|(rule, _, _)| *rule == "TW152"), "{found:?}");
    }
    assert_eq!(told("")[0].1, "tapworks.lock:1:1");
    assert!(told("end\n")[0].2.contains("`version 1`"), "{:?}", told("end\n"));
}

#[test]
fn a_newer_version_says_that_alone() {
    let found = told("version 2\nwhatever\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "TW154");
    for version in ["version", "version one", "version 0", "version 1 2"] {
        assert_eq!(told(&format!("{version}\nend\n"))[0].0, "TW152", "{version}");
    }
}

#[test]
fn an_unresolved_merge_is_told_by_line() {
    let mut lines: Vec<String> = sample().render().lines().map(str::to_owned).collect();
    let other = lines[15].replace("position=0", "position=9");
    lines.splice(
        15..16,
        ["<<<<<<< HEAD".to_owned(), lines[15].clone(), "=======".to_owned(), other, ">>>>>>> b".to_owned()],
    );
    assert_eq!(
        told(&lines.join("\n")),
        [(
            "TW153",
            "tapworks.lock:16:1".to_owned(),
            "`<<<<<<<`: a merge of the lock was not finished".to_owned()
        )]
    );
    for marker in ["=======", ">>>>>>> b", "||||||| 1234"] {
        assert_eq!(told(&with_line(9, marker))[0].0, "TW153", "{marker}");
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}(_[0-9]{2})?",
        "[ \"#=<>|\\\\\t\n\r\u{feff}\u{2028}\u{85}\u{202e}é顧İ🦀.a-]{0,6}",
        any::<String>(),
    ]
}

fn locks() -> impl Strategy<Value = Lock> {
    let places = btree_map(name(), (name(), proptest::option::of(name())), 1..5);
    let table = (name(), name(), any::<prop::sample::Index>(), any::<u64>(), any::<bool>());
    let moving = proptest::option::of((
        name(),
        proptest::option::of(name()),
        name(),
        any::<u64>(),
        btree_set(name(), 0..3),
    ));
    let homes = || btree_map(name(), (name(), name()), 0..3);
    (places, vec((table, moving), 0..12), homes(), homes(), btree_map(name(), name(), 0..3)).prop_map(
        |(places, tables, pipelines, gateways, connections)| {
            let places: Vec<_> = places.into_iter().collect();
            let home = |(name, (catalog, schema))| (name, Home { catalog, schema });
            let tables = tables.into_iter().map(|((destination, source, place, position, gone), moving)| {
                let (pipeline, (bundle, gateway)) = place.get(&places).clone();
                let table = LockedTable {
                    destination: destination.clone(),
                    source,
                    slot: Slot { bundle, gateway, pipeline, position },
                    gone,
                    moving: moving.map(|(bundle, gateway, pipeline, position, done)| Moving {
                        from: Slot { bundle, gateway, pipeline, position },
                        done,
                    }),
                };
                (destination.to_lowercase(), table)
            });
            Lock {
                tables: tables.collect(),
                pipelines: pipelines.into_iter().map(home).collect(),
                gateways: gateways.into_iter().map(home).collect(),
                connections,
                lines: LockLines::default(),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_lock_is_read_as_it_was_written(lock in locks()) {
        let text = lock.render();
        let read = Lock::parse(&text, FILE);
        prop_assert_eq!(read.as_ref(), Ok(&lock), "{}", text);
        prop_assert_eq!(read.unwrap().render(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(version 1\n)?([a-z]{1,9}[ =\"<>|#\n]{1,2}){0,9}(end\n)?") {
        let _ = Lock::parse(&text, FILE);
    }
}
