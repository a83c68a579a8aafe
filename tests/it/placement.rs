//! No table moves by accident: `tapworks generate` with the lock, edit by edit

use std::collections::BTreeMap;

use crate::context::{Context, Said};
use crate::list::{self, Row, assert_none_moved, bytes, places, rows, shuffle, sizes};

/// What is done to a list, and what is said on the command line besides.
struct Edit {
    name: &'static str,
    /// New tables count from this number.
    rows: fn(&mut Vec<Row>, usize),
    flags: &'static [&'static str],
    /// Nothing but the order of the rows is another.
    only_order: bool,
}

fn insert(list: &mut Vec<Row>, first: usize, count: usize) {
    let connector = list[0].connector;
    list.splice(0..0, rows(connector, first, count));
}

fn edits() -> Vec<Edit> {
    let edit = |name, rows: fn(&mut Vec<Row>, usize)| Edit { name, rows, flags: &[][..], only_order: false };
    let order = |name, rows: fn(&mut Vec<Row>, usize)| Edit { name, rows, flags: &[][..], only_order: true };
    let limit = |name, flags| Edit { name, rows: |_, _| {}, flags, only_order: false };
    vec![
        edit("1 row inserted at the top", |list, first| insert(list, first, 1)),
        edit("10 rows inserted at the top", |list, first| insert(list, first, 10)),
        edit("50 rows inserted at the top", |list, first| insert(list, first, 50)),
        edit("200 rows inserted at the top", |list, first| insert(list, first, 200)),
        edit("the first row removed", |list, _| drop(list.remove(0))),
        order("reversed", |list, _| list.reverse()),
        order("shuffled", |list, _| shuffle(list)),
        order("sorted by another column", |list, _| list.sort_by(|a, b| b.table.cmp(&a.table))),
        edit("100 rows appended", |list, first| list.extend(rows(list[0].connector, first, 100))),
        limit("a higher limit", &["--max-tables-per-pipeline", "300"]),
        limit("a lower limit", &["--max-tables-per-pipeline", "100"]),
        limit("a higher limit of gateways", &["--max-tables-per-gateway", "500"]),
    ]
}

fn generate(context: &Context, folder: &str, flags: &[&str]) -> Said {
    let arguments = ["generate", "--source", "tables.csv", "--output-dir", folder, "-o", "json"];
    context.run(&[&arguments[..], flags].concat())
}

/// Applications, databases, and databases with several pipelines behind each gateway.
fn layouts() -> [(&'static str, &'static [&'static str], &'static [usize]); 3] {
    [
        ("salesforce", &[], &[250, 250, 100]),
        ("sql_server", &[], &[250, 250, 100]),
        ("sql_server", &["--max-tables-per-pipeline", "100"], &[100, 100, 50, 100, 100, 50, 100]),
    ]
}

#[test]
fn no_edit_of_a_list_moves_a_table() {
    for (connector, flags, expected) in layouts() {
        let context = Context::new();
        let list = rows(connector, 0, 600);
        list::write(&context, &list);
        generate(&context, "before", flags).exits(0);
        let before = places(&context, "before");
        assert_eq!(sizes(&before).into_values().collect::<Vec<_>>(), expected, "{connector}");
        for edit in edits() {
            let about = format!("{connector}, {}", edit.name);
            let mut edited = list.clone();
            (edit.rows)(&mut edited, 10_000);
            list::write(&context, &edited);
            context.write("after/tapworks.lock", &context.read("before/tapworks.lock"));
            let flags = if edit.flags.is_empty() { flags } else { edit.flags };
            let document = generate(&context, "after", flags).exits(0).json();
            let after = places(&context, "after");
            assert_eq!(after.len(), edited.len(), "{about}");
            assert_none_moved(&before, &after, &about);
            let kept = before.keys().filter(|table| after.contains_key(*table)).count();
            assert_eq!(document["placement"][0]["kept"]["the lock"], kept, "{about}");
            assert_eq!(document["placement"][0]["new"], edited.len() - kept, "{about}");
            if edit.only_order {
                assert_eq!(bytes(&context, "after"), bytes(&context, "before"), "{about}");
            }
            std::fs::remove_dir_all(context.path("after")).unwrap();
        }
    }
}

#[test]
fn one_edit_after_the_other_moves_no_table() {
    for (connector, flags, _) in layouts() {
        let context = Context::new();
        let mut list = rows(connector, 0, 600);
        list::write(&context, &list);
        generate(&context, "out", flags).exits(0);
        // Where each table that ever was there was put.
        let mut ever: BTreeMap<String, String> = places(&context, "out");
        for (number, edit) in edits().into_iter().enumerate() {
            (edit.rows)(&mut list, 10_000 + 1_000 * number);
            list::write(&context, &list);
            let before = bytes(&context, "out");
            generate(&context, "out", edit.flags).exits(0);
            let after = places(&context, "out");
            assert_eq!(after.len(), list.len(), "{}", edit.name);
            assert_none_moved(&ever, &after, &format!("{connector}, {}", edit.name));
            if edit.only_order {
                assert_eq!(bytes(&context, "out"), before, "{connector}, {}", edit.name);
            }
            ever.extend(after);
        }
    }
}

/// Rows of two prefixes, the first of which has three pipelines.
fn two_groups(connector: &'static str) -> Vec<Row> {
    let mut list = rows(connector, 0, 30);
    let mut other = rows(connector, 100, 5);
    for row in &mut other {
        row.prefix = "hr".to_owned();
    }
    list.extend(other);
    for row in &mut list {
        row.subgroup = "01".to_owned();
    }
    list
}

/// What is changed in a row, the rule that refuses it, and the words with both places.
type Misfit = (&'static str, fn(&mut Row), &'static str, [&'static str; 2]);

#[test]
fn a_row_that_does_not_fit_its_place_is_refused_with_both_places() {
    let of_sales = "bronze.sales.table_0";
    let misfits: [Misfit; 6] = [
        (
            "prefix",
            |row| row.prefix = "hr".into(),
            "TW250",
            ["sales_01_", "group `hr_01` of project `retail`"],
        ),
        ("new prefix", |row| row.prefix = "new".into(), "TW250", ["sales_01_", "group `new_01`"]),
        ("subgroup", |row| row.subgroup = "02".into(), "TW250", ["sales_01_", "group `sales_02`"]),
        (
            "project and prefix",
            |row| (row.project, row.prefix) = ("shop".into(), "shop".into()),
            "TW250",
            ["of bundle retail", "group `shop_01` of project `shop`"],
        ),
        ("connection", |row| row.connection = "crm".into(), "TW212", ["`crm`", "`erp`"]),
        (
            "connection and subgroup",
            |row| (row.connection, row.subgroup) = ("crm".into(), "02".into()),
            "TW250",
            ["sales_01_", "group `sales_02`"],
        ),
    ];
    for connector in ["sql_server", "salesforce"] {
        let context = Context::new();
        let flags = ["--max-tables-per-pipeline", "10", "--max-tables-per-gateway", "10"];
        let list = two_groups(connector);
        list::write(&context, &list);
        generate(&context, "out", &flags).exits(0);
        let before = bytes(&context, "out");
        // One row; then all of its pipeline, or gateway.
        for count in [1, 10] {
            for (name, change, rule, words) in misfits {
                let mut edited = list.clone();
                edited[..count].iter_mut().for_each(change);
                list::write(&context, &edited);
                let said = generate(&context, "out", &flags);
                said.exits(1);
                let about = format!("{connector}, {name}: {}", said.stderr);
                assert!(said.stderr.contains(rule), "{about}");
                assert!(words.iter().all(|word| said.stderr.contains(word)), "{about}");
                assert!(rule == "TW212" || said.stderr.contains(of_sales), "{about}");
                assert_eq!(bytes(&context, "out"), before, "{about}");
            }
        }
    }
}

#[test]
fn a_source_or_a_connection_renamed_keeps_every_place() {
    for connector in ["sql_server", "salesforce"] {
        let context = Context::new();
        let flags = ["--max-tables-per-pipeline", "10", "--max-tables-per-gateway", "10"];
        let mut list = two_groups(connector);
        list::write(&context, &list);
        generate(&context, "out", &flags).exits(0);
        let before = places(&context, "out");
        list[3].source = "Renamed".to_owned();
        list[4].table = "TABLE_4".to_owned();
        for row in list.iter_mut().filter(|row| row.prefix == "sales") {
            row.connection = "erp_2".to_owned();
        }
        list.reverse();
        list::write(&context, &list);
        let document = generate(&context, "out", &flags).exits(0).json();
        assert_eq!(document["placement"][0]["kept"]["the lock"], list.len());
        let mut after = places(&context, "out");
        // The destination is as the rows write it now; its place goes by it without case.
        let place = after.remove("bronze.sales.TABLE_4").unwrap();
        after.insert("bronze.sales.table_4".to_owned(), place);
        assert_eq!(after, before, "{connector}");
        let text = context.read("out/retail/resources/pipelines.yml");
        assert_eq!(text.matches("source_table: Renamed").count(), 1);
    }
}

#[test]
fn a_row_that_was_away_comes_back_even_past_the_limit() {
    let context = Context::new();
    let flags = ["--max-tables-per-pipeline", "10"];
    let mut list = rows("salesforce", 0, 20);
    list::write(&context, &list);
    generate(&context, "out", &flags).exits(0);
    let before = places(&context, "out");
    let removed: Vec<Row> = list.drain(..5).collect();
    list.extend(rows("salesforce", 100, 8));
    list::write(&context, &list);
    let document = generate(&context, "out", &flags).exits(0).json();
    assert_eq!(document["placement"][0]["gone"], 5);
    list.extend(removed);
    list::write(&context, &list);
    let said = generate(&context, "out", &flags);
    assert_eq!(said.exits(0).json()["placement"][0]["back"], 5);
    assert!(said.stderr.contains("warning[TW242]: pipeline sales_01_p01 holds 15 tables"), "{}", said.stderr);
    assert_none_moved(&before, &places(&context, "out"), "put back");
}

#[test]
fn twelve_thousand_tables_are_three_bundles_and_stay() {
    let context = Context::new();
    let mut list = rows("sql_server", 0, 12_000);
    list::write(&context, &list);
    generate(&context, "out", &[]).exits(0);
    let before = places(&context, "out");
    let mut bundles: BTreeMap<&str, usize> = BTreeMap::new();
    for place in before.values() {
        *bundles.entry(place.split('/').next().unwrap()).or_default() += 1;
    }
    assert_eq!(bundles, BTreeMap::from([("retail", 5000), ("retail_b02", 5000), ("retail_b03", 2000)]));
    let written = bytes(&context, "out");
    for most in ["1000", "50000"] {
        context.write("tapworks.yml", &format!("max_tables_per_bundle: {most}\nlock: out/tapworks.lock\n"));
        generate(&context, "out", &[]).exits(0);
        assert!(bytes(&context, "out") == written, "{most}");
    }
    context.write("tapworks.yml", "lock: out/tapworks.lock\n");
    list.splice(0..0, rows("sql_server", 20_000, 3000));
    list::write(&context, &list);
    generate(&context, "out", &[]).exits(0);
    let after = places(&context, "out");
    assert_eq!(after.len(), 15_000);
    assert_none_moved(&before, &after, "3,000 more");
    for (file, text) in &written {
        let stays = file.starts_with("retail/") || file.starts_with("retail_b02/");
        assert!(!stays || context.read(&format!("out/{file}")) == *text, "{file}");
    }
}

#[test]
fn a_lock_that_would_change_is_refused_where_it_must_not() {
    let context = Context::new();
    let mut list = rows("sql_server", 0, 10);
    list::write(&context, &list);
    let said = generate(&context, "out", &["--locked"]);
    assert_eq!(said.exits(3).json()["placement"][0]["new"], 10);
    let told = "error: the lock would change, and --locked forbids it; nothing was written\n  hint: ";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    assert!(!context.path("out").exists());
    generate(&context, "out", &[]).exits(0);
    let before = bytes(&context, "out");
    shuffle(&mut list);
    list::write(&context, &list);
    generate(&context, "out", &["--locked"]).exits(0);
    for edit in [|list: &mut Vec<Row>| insert(list, 100, 1), |list: &mut Vec<Row>| drop(list.pop())] {
        let mut edited = list.clone();
        edit(&mut edited);
        list::write(&context, &edited);
        generate(&context, "out", &["--locked"]).exits(3);
        assert_eq!(bytes(&context, "out"), before);
    }
}
