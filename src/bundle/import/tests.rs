use super::*;
use crate::bundle::render::HEADER;

/// As the predecessor writes it: no header, keys in its order, plain text.
const PREDECESSOR: [(&str, &str); 3] = [
    (
        "databricks.yml",
        "bundle:\n  name: shop\ninclude:\n- resources/*.yml\ntargets:\n  dev:\n    mode: development\n    workspace:\n      \
         host: https://dev.example.com\n    default: true\n",
    ),
    (
        "resources/gateways.yml",
        "resources:\n  pipelines:\n    gateway_a_00_g01:\n      name: a_00_g01\n      gateway_definition:\n        \
         connection_name: shop_conn\n        gateway_storage_catalog: lake\n        gateway_storage_schema: staging\n        \
         gateway_storage_name: a_00_g01\n      schema: staging\n      continuous: true\n      catalog: lake\n",
    ),
    (
        "resources/pipelines.yml",
        "resources:
  pipelines:
    pipeline_a_00_g01_p01:
      name: a_00_g01_p01
      ingestion_definition:
        ingestion_gateway_id: ${resources.pipelines.gateway_a_00_g01.id}
        objects:
        - table:
            source_catalog: shopdb
            source_schema: public
            source_table: T06
            destination_catalog: lake
            destination_schema: raw
            destination_table: t06
        - table:
            source_catalog: shopdb
            source_schema: public
            source_table: 2024_01
            destination_catalog: lake
            destination_schema: raw
            destination_table: 2024_01
      schema: raw
      catalog: lake
    pipeline_hr_01_p01:
      name: hr_01_p01
      catalog: lake
      schema: hr
      ingestion_definition:
        connection_name: wd_conn
        objects:
        - report:
            source_url: https://h.example.com/Workers?format=json
            destination_catalog: lake
            destination_schema: hr
            destination_table: workers
",
    ),
];

fn write(folder: &Path, bundle: &[(&str, &str)]) {
    files::create_folder(&folder.join(RESOURCES)).unwrap();
    for (name, text) in bundle {
        files::write(&folder.join(name), text.as_bytes()).unwrap();
    }
}

fn imported(bundle: &[(&str, &str)]) -> (ImportedPlaces, Findings) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), bundle);
    import(folder.path()).unwrap()
}

/// What is told of a bundle with another text in one of its files.
fn told(file: &str, from: &str, to: &str) -> Vec<String> {
    let changed = PREDECESSOR.map(|(name, text)| {
        let text = if name == file { text.replacen(from, to, 1) } else { text.to_owned() };
        (name, text)
    });
    let changed: Vec<(&str, &str)> = changed.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &changed);
    let (_, findings) = import(folder.path()).unwrap();
    let start = format!("{}/", folder.path().display());
    findings
        .into_iter()
        .map(|finding| {
            format!("{} {}", finding.place.unwrap().to_string().replace(&start, ""), finding.what)
                .replace(&start, "")
        })
        .collect()
}

fn lines(places: &ImportedPlaces) -> Vec<String> {
    let line = |table: &ImportedTable| {
        let Slot { bundle, gateway, pipeline, position } = &table.slot;
        let gateway = gateway.as_deref().unwrap_or("-");
        format!("{} <- {}: {bundle} {gateway} {pipeline} {position}", table.destination, table.source)
    };
    places.tables.iter().map(line).collect()
}

#[test]
fn the_predecessors_bundle_is_read() {
    let (places, findings) = imported(&PREDECESSOR);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(
        lines(&places),
        [
            "lake.raw.t06 <- shopdb.public.T06: shop a_00_g01 a_00_g01_p01 0",
            "lake.raw.2024_01 <- shopdb.public.2024_01: shop a_00_g01 a_00_g01_p01 1",
            "lake.hr.workers <- https://h.example.com/Workers?format=json: shop - hr_01_p01 0",
        ]
    );
    let home = |schema: &str| Home { catalog: "lake".into(), schema: schema.into() };
    assert_eq!(places.gateways, [("a_00_g01".into(), home("staging"))].into());
    assert_eq!(
        places.pipelines,
        [("a_00_g01_p01".into(), home("raw")), ("hr_01_p01".into(), home("hr"))].into()
    );
    assert_eq!(
        places.connections,
        [("a_00_g01".into(), "shop_conn".into()), ("hr_01_p01".into(), "wd_conn".into())].into()
    );
}

#[test]
fn a_folder_of_bundles_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("one"), &PREDECESSOR);
    let other = PREDECESSOR
        .map(|(name, text)| (name, text.replace("shop", "two").replace("a_00", "b_00").replace("hr", "it")));
    write(&folder.path().join("two"), &other.each_ref().map(|(name, text)| (*name, text.as_str())));
    files::create_folder(&folder.path().join("empty")).unwrap();
    files::write(&folder.path().join("notes.txt"), b"").unwrap();
    let (places, findings) = import(folder.path()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((places.tables.len(), places.pipelines.len()), (6, 4));
    assert!(matches!(import(&folder.path().join("empty")), Err(ImportError::NoBundle(_))));
    assert!(matches!(import(&folder.path().join("none")), Err(ImportError::NoBundle(_))));
}

#[test]
fn variables_and_escapes_of_ours_become_the_names_of_the_rows() {
    let root = format!(
        "{HEADER}bundle:\n  name: p\nvariables:\n  catalog_bronze:\n    description: Catalog Bronze of the table list\n    default: Bronze\n"
    );
    let pipelines = format!(
        "{HEADER}resources:\n  pipelines:\n    pipeline_x_01_p01:\n      catalog: ${{var.catalog_bronze}}\n      schema: s\n      \
         ingestion_definition:\n        connection_name: $${{a.b}}\n        objects:\n          - table:\n              source_table: $${{x}}\n              \
         destination_catalog: ${{var.catalog_bronze}}\n              destination_schema: s\n              destination_table: t$${{x}}\n"
    );
    let bundle = |root: &str| imported(&[(ROOT, root), ("resources/pipelines.yml", &pipelines)]);
    let (places, findings) = bundle(&root);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(lines(&places), ["Bronze.s.t${x} <- ${x}: p - x_01_p01 0"]);
    assert_eq!(places.connections["x_01_p01"], "${a.b}");
    assert_eq!(places.pipelines["x_01_p01"].catalog, "Bronze");
    // Blank homes are none.
    let blank = pipelines.replace("      catalog: ${var.catalog_bronze}\n", "      catalog: ' '\n");
    let (places, findings) = imported(&[(ROOT, &root), ("resources/pipelines.yml", &blank)]);
    assert!(findings.is_empty() && places.pipelines.is_empty() && places.tables.len() == 1, "{findings:?}");
    // Of another's variables it is not known what their defaults stand for, and its CLI replaces what looks escaped.
    let (places, findings) = bundle(root.strip_prefix(HEADER).unwrap());
    assert!(places.tables.is_empty());
    assert_eq!(findings.len(), 4, "{findings:?}");
    assert!(findings.iter().all(|finding| finding.rule == "TW157"), "{findings:?}");
}

#[test]
fn what_would_leave_a_table_without_its_place_is_told() {
    let pipelines = "resources/pipelines.yml";
    for (file, from, to, expected) in [
        (
            pipelines,
            "pipeline_a_00_g01_p01:",
            "pipeline_:",
            "resources/pipelines.yml:3:5 `pipeline_` is no key of a pipeline: pipeline_NAME",
        ),
        (
            pipelines,
            "gateway_a_00_g01.id",
            "gateway_a_00_g09.id",
            "resources/pipelines.yml:6:31 `${resources.pipelines.gateway_a_00_g09.id}` is no gateway of this bundle",
        ),
        (
            pipelines,
            "            destination_table: t06\n",
            "",
            "resources/pipelines.yml:9:13 `destination_table` is missing, or no text",
        ),
        (
            pipelines,
            "- report:",
            "- schema:",
            "resources/pipelines.yml:31:11 this is neither a table nor a report",
        ),
        (
            pipelines,
            "destination_schema: raw",
            "destination_schema: ${var.schema}",
            "resources/pipelines.yml:13:33 `destination_schema` is ${var.schema}, and it is not said which name the rows have",
        ),
        (ROOT, "  name: shop\n", "  uuid: x\n", "databricks.yml:1:1 the bundle has no name: `bundle.name`"),
    ] {
        assert_eq!(told(file, from, to), [expected]);
    }
    let broken = told(pipelines, "resources:\n", "resources: [\n");
    assert!(broken.len() == 1 && broken[0].starts_with("resources/pipelines.yml:"), "{broken:?}");
    let (_, findings) = imported(&PREDECESSOR[1..]);
    assert!(findings.iter().next().unwrap().what.contains("there is no databricks.yml"), "{findings:?}");
}
