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
