//! Characters that are not seen: in what is read they are mistakes, and in what is shown they are escaped.

use crate::context::{Context, Said, sql_server_rows};

/// Whether a text moves the cursor, turns round or ends early; colours are ours.
#[track_caller]
fn is_seen(text: &str) {
    let plain = text.replace(['\n', '\t'], " ");
    let mut rest = plain.as_str();
    while let Some(at) =
        rest.find(|c: char| c.is_control() || ['\u{200b}', '\u{202e}', '\u{2066}'].contains(&c))
    {
        let colour = rest[at..]
            .strip_prefix("\u{1b}[")
            .map(|from| from.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        let after = colour.and_then(|after| after.strip_prefix('m'));
        rest = after.unwrap_or_else(|| panic!("{:?} in {text:?}", &rest[at..]));
    }
}

fn judged(context: &Context, rows: &str) -> Said {
    context.write("tables.csv", rows);
    let said = context.run(&[
        "generate",
        "--source",
        "tables.csv",
        "--color",
        "always",
        "--report",
        "md=md",
        "--report",
        "github=github",
    ]);
    for text in [&said.stdout, &said.stderr, &context.read("md"), &context.read("github")] {
        is_seen(text);
    }
    said
}

#[test]
fn names_with_characters_that_are_not_seen_are_findings_that_show_them() {
    let context = Context::new();
    let long = "t".repeat(1_000_000);
    for (cell, put, told) in [
        (
            "table_1,",
            "x\u{202e}cba,",
            "target_table_name `x\\u{202e}cba` is no name for Unity Catalog: there is an invisible character in it (U+202E)",
        ),
        (
            "Table1,",
            "Table\u{202e}1,",
            "source_table_name cannot be `Table\\u{202e}1`: there is an invisible character in it (U+202E)",
        ),
        (
            "Table1,",
            "Tab\0le1,",
            "source_table_name cannot be `Tab\\u{0}le1`: there is a control character in it (U+0000)",
        ),
        ("Table1,", "\"Tab\nle1\",", "source_table_name cannot be `Tab\\nle1`: there is a control character"),
        ("Table1,", &format!("{long},"), "tttt…`: it has 1000000 characters, and 255 is the most"),
        (
            "retail,",
            "re\u{200b}tail,",
            "project `re\\u{200b}tail` cannot be a folder and a bundle: there is an invisible character",
        ),
        ("sql_server,", "\u{1b}[2Jfoo,", "`\\u{1b}[2Jfoo` is no connector"),
        ("sales,erp", "sa\u{2066}les,erp", "prefix `sa\\u{2066}les` cannot be part of a name in a bundle"),
    ] {
        let said = judged(&context, &sql_server_rows(2).replacen(cell, put, 1));
        assert!(said.exits(1).stderr.contains(told), "{told}\n{}", said.stderr);
        assert!(said.stderr.len() < 10_000);
        assert!(!context.path("dab_deployment").exists());
    }
}

#[test]
fn explain_shows_a_value_on_one_line() {
    let context = Context::new();
    let rows = sql_server_rows(1).replace("\nsql_server", ",include_columns\nsql_server");
    context.write("tables.csv", &rows.replace("bronze,staging\n", "bronze,staging,\"id,\n  name\"\n"));
    let said = context.run(&["explain", "table", "bronze.sales.table_0", "--source", "tables.csv"]);
    assert!(
        said.exits(0).stdout.contains("include_columns    id,\\n  name  from the row"),
        "{}",
        said.stdout
    );
}
