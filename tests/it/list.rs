//! A table list that tests edit, and where its tables came to lie.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::context::Context;

/// A row of the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) connector: &'static str,
    pub(crate) project: String,
    pub(crate) prefix: String,
    pub(crate) subgroup: String,
    pub(crate) source: String,
    pub(crate) catalog: String,
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) connection: String,
}

/// So many rows of one group, the destinations counted from `first`.
pub(crate) fn rows(connector: &'static str, first: usize, count: usize) -> Vec<Row> {
    let row = |number| Row {
        connector,
        project: "retail".to_owned(),
        prefix: "sales".to_owned(),
        subgroup: String::new(),
        source: format!("Table{number}"),
        catalog: "bronze".to_owned(),
        schema: "sales".to_owned(),
        table: format!("table_{number}"),
        connection: "erp".to_owned(),
    };
    (first..first + count).map(row).collect()
}

/// The list as CSV. Gateways keep their storage where the rows say, or, with `bare`, where their first row lies.
fn csv(rows: &[Row], bare: bool) -> String {
    let mut text = "connector,project_name,prefix,subgroup,source_database,source_schema,source_table_name,target_catalog,\
                    target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
        .to_owned();
    for row in rows {
        let Row { connector, project, prefix, subgroup, source, catalog, schema, table, connection } = row;
        let storage = if *connector == "sql_server" && !bare { "bronze,staging" } else { "," };
        let _ = writeln!(
            text,
            "{connector},{project},{prefix},{subgroup},erp,dbo,{source},{catalog},{schema},{table},{connection},{storage}"
        );
    }
    text
}

/// Writes the list as `tables.csv`.
pub(crate) fn write(context: &Context, rows: &[Row]) {
    context.write("tables.csv", &csv(rows, false));
}

/// The same without saying where gateways keep their storage.
pub(crate) fn write_bare(context: &Context, rows: &[Row]) {
    context.write("tables.csv", &csv(rows, true));
}

/// Another order of the rows, the same each time.
pub(crate) fn shuffle(rows: &mut [Row]) {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for last in (1..rows.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(last, (random >> 33) as usize % (last + 1));
    }
}

/// Where each destination lies, by the bundles in a folder: `bundle/pipeline`.
pub(crate) fn places(context: &Context, folder: &str) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for bundle in folders(&context.path(folder)) {
        let text = context.read(&format!("{folder}/{bundle}/resources/pipelines.yml"));
        let document: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        for (key, pipeline) in document["resources"]["pipelines"].as_mapping().unwrap() {
            for object in pipeline["ingestion_definition"]["objects"].as_sequence().unwrap() {
                let part = |name: &str| object["table"][name].as_str().unwrap().to_owned();
                let destination =
                    ["destination_catalog", "destination_schema", "destination_table"].map(part);
                let place = format!("{bundle}/{}", key.as_str().unwrap());
                let before = places.insert(destination.join("."), place);
                assert_eq!(before, None, "{destination:?} is there twice");
            }
        }
    }
    places
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Every file of a folder by its path, but for those of the databricks CLI.
pub(crate) fn bytes(context: &Context, folder: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![context.path(folder)];
    while let Some(path) = folders.pop() {
        for entry in std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.extend((!entry.ends_with(".databricks")).then_some(entry));
            } else {
                let name = entry.strip_prefix(context.path(folder)).unwrap().display().to_string();
                files.insert(name, std::fs::read_to_string(&entry).unwrap());
            }
        }
    }
    files
}

/// How many destinations each pipeline has.
pub(crate) fn sizes(places: &BTreeMap<String, String>) -> BTreeMap<&str, usize> {
    let mut sizes = BTreeMap::new();
    for place in places.values() {
        *sizes.entry(place.as_str()).or_default() += 1;
    }
    sizes
}

/// No table that was there before lies elsewhere now.
#[track_caller]
pub(crate) fn assert_none_moved(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    edit: &str,
) {
    let moved: Vec<_> = before
        .iter()
        .filter_map(|(table, place)| Some((table, place, after.get(table)?)))
        .filter(|(_, before, after)| before != after)
        .collect();
    assert!(moved.is_empty(), "{edit}: {} tables moved: {:?} …", moved.len(), &moved[..moved.len().min(3)]);
}
