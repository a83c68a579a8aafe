//! Properties: whatever the rows say, and in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use saphyr_parser::{Event, Parser, ScalarStyle};
use tapworks::desired::{Desired, Remembered, Targets, ask, desired};
use tapworks::environment::Environment;
use tapworks::finding::Findings;
use tapworks::placement::Lock;
use tapworks::settings::{Flags, Settings, Target};
use tapworks::source::read_stdin;
use tapworks::yaml;

const COLUMNS: [&str; 13] = [
    "project_name",
    "prefix",
    "source_database",
    "source_schema",
    "source_table_name",
    "target_catalog",
    "target_schema",
    "target_table_name",
    "connection_name",
    "tags",
    "include_columns",
    "schedule",
    "gateway_worker_type",
];

type Row = Vec<String>;

fn run(rows: &[Row]) -> (Desired, Findings) {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    let flags = Flags { connector: Some("sql_server".into()), ..Flags::default() };
    let (settings, mut findings) = Settings::resolve(flags, &Environment::of([])).unwrap();
    let (rows, said) = read_stdin(writer.into_inner().unwrap(), &settings.read_options()).unwrap();
    findings.extend(said);
    let target = Target::named("dev");
    let mut asked = ask(&rows, &settings, false);
    findings.extend(std::mem::take(&mut asked.findings));
    if findings.has_errors() {
        return (Desired::default(), findings);
    }
    let targets = Targets { all: &[&target], deployed: &[] };
    let remembered = Remembered { lock: &Lock::default(), deployed: &[], begun: &BTreeSet::new() };
    let mut desired = desired(&asked, &rows, &settings, targets, remembered);
    findings.extend(std::mem::take(&mut desired.findings));
    (desired, findings)
}

fn row(number: usize) -> Row {
    let table = format!("t{number}");
    ["p", "a", "db", "dbo", &table, "lake", "raw", &table, "c", "", "", "", ""].map(str::to_owned).into()
}

/// Text that readers of YAML fall over, and any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "~",
            "null",
            "TRUE",
            "<<",
            "=",
            "0777",
            "0o17",
            "0x1F",
            "0b1",
            "1_000",
            "2024_01",
            "1e3",
            ".5",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "190:20:30.15",
            "2001-12-14",
            "+1",
            "-",
            "?",
            ": ",
            "a: b",
            "a #b",
            "#a",
            "'",
            "\"",
            "\\",
            "{",
            "[",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%",
            "@",
            "`",
            "---",
            "...",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "é",
            "日本",
            "a\tb",
        ])
        .prop_map(str::to_owned),
        "[ -~]{1,12}",
        "\\PC{1,8}",
        any::<String>(),
    ]
}

/// Rows some of whose cells are any text.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let changes = proptest::collection::vec((0..4_usize, 0..COLUMNS.len(), text()), 0..3);
    changes.prop_map(|changes| {
        let mut rows: Vec<Row> = (0..4).map(row).collect();
        for (number, column, text) in changes {
            rows[number][column] = text;
        }
        rows
    })
}

/// Rows that go wrong in ways that rules know.
fn mistaken_rows() -> impl Strategy<Value = Vec<Row>> {
    let mistakes = proptest::sample::select(vec![
        (4, ""),
        (5, "la.ke"),
        (6, "r w"),
        (7, "t0"),
        (8, "other"),
        (9, "nonsense"),
        (11, "99 * * * *"),
        (1, "k!"),
    ]);
    proptest::collection::vec((0..4_usize, mistakes), 0..3).prop_map(|changes| {
        let mut rows: Vec<Row> = (0..4).map(row).collect();
        for (number, (column, text)) in changes {
            rows[number][column] = text.to_owned();
        }
        rows
    })
}

/// What a reader of YAML 1.1 or of the 1.2 core schema takes for anything but text, and is meant so by us.
fn meant(text: &str) -> bool {
    matches!(text, "true" | "false")
        || (!text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !(text.len() > 1 && text.starts_with('0')))
}

/// Whether a plain scalar is anything but text, to either reader: a generous reading of both sets of rules.
fn is_no_text(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words =
        ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".inf", ".nan"];
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    // Integers in every base, floats, exponents, underscores, sexagesimals, dates and times start like this.
    let number = unsigned.starts_with(|first: char| first.is_ascii_digit())
        || (unsigned.starts_with('.') && unsigned[1..].starts_with(|next: char| next.is_ascii_digit()));
    words.contains(&lower.as_str()) || words.contains(&unsigned) || number
}

fn read_alike(text: &str) {
    let ours = yaml::read(text).unwrap().to_value();
    let theirs: yaml::Value = serde_yaml::from_str(text).unwrap();
    assert_eq!(ours, theirs, "{text}");
    for event in Parser::new_from_str(text) {
        if let Event::Scalar(scalar, ScalarStyle::Plain, _, _) = event.unwrap().0 {
            assert!(!is_no_text(&scalar) || meant(&scalar), "plain `{scalar}` in\n{text}");
        }
    }
}

/// Findings without their places, and what depends on them.
fn kinds(findings: &Findings) -> Vec<(&'static str, String)> {
    let mut kinds: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.what.clone())).collect();
    kinds.sort();
    kinds
}

fn destinations(desired: &Desired) -> BTreeSet<String> {
    let pipelines = desired.layout.bundles.iter().flat_map(|bundle| &bundle.pipelines);
    pipelines.flat_map(|pipeline| &pipeline.objects).map(|object| object.destination.key()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_gives_findings_or_a_bundle_that_every_reader_reads_alike(rows in rows()) {
        let (desired, findings) = run(&rows);
        prop_assert!(findings.has_errors() == desired.packages.is_empty());
        for package in &desired.packages {
            for (_, text) in package.files() {
                read_alike(text);
            }
        }
        // What was taken as it is stands in the bundle as it was.
        if !findings.has_errors() {
            let objects: Vec<_> = desired.layout.bundles.iter()
                .flat_map(|bundle| &bundle.pipelines).flat_map(|pipeline| &pipeline.objects).collect();
            prop_assert_eq!(objects.len(), rows.len());
            let written: Vec<yaml::Value> = desired.packages.iter().flat_map(|package| package.files())
                .filter(|(path, _)| path.ends_with("pipelines.yml"))
                .map(|(_, text)| yaml::read(text).unwrap().to_value()).collect();
            let mut sources = BTreeSet::new();
            collect_sources(&written, &mut sources);
            let given: BTreeSet<String> = rows.iter().map(|row| row[4].trim().to_owned()).collect();
            prop_assert_eq!(sources, given);
        }
    }

    #[test]
    fn the_order_of_rows_changes_places_only(
        (rows, shuffled) in mistaken_rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        let (one, first) = run(&rows);
        let (other, second) = run(&shuffled);
        prop_assert_eq!(kinds(&first), kinds(&second));
        prop_assert_eq!(destinations(&one), destinations(&other));
    }
}

fn collect_sources(values: &[yaml::Value], found: &mut BTreeSet<String>) {
    for value in values {
        match value {
            yaml::Value::Mapping(mapping) => {
                if let Some(text) = mapping.get("source_table") {
                    found.insert(text.as_str().unwrap().to_owned());
                }
                collect_sources(&mapping.values().cloned().collect::<Vec<_>>(), found);
            }
            yaml::Value::Sequence(items) => collect_sources(items, found),
            _ => {}
        }
    }
}
