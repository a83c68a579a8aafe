//! The bundles on disk: replaced whole, compared, and kept where their rows are gone

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::context::{Context, sql_server_rows};

const PROJECTS: usize = 8;

/// `PROJECTS` projects of 50 tables; `word` stands in every file of every bundle.
fn rows(word: &str) -> String {
    let one = sql_server_rows(50);
    let (head, body) = one.split_once('\n').unwrap();
    let mut text = format!("{head},schedule\n");
    for project in 0..PROJECTS {
        for line in body.lines() {
            let line = line.replace("retail,sales,", &format!("project{project},p{project},"));
            let line = line.replace(",bronze,sales,", &format!(",bronze,sales{project},"));
            let line = line.replace(",erp,dbo,", &format!(",{word},dbo,"));
            let line = line.replace(",bronze,staging", &format!(",bronze,{word}"));
            let minute = word.len();
            text.push_str(&format!("{line},{minute} 2 * * *\n"));
        }
    }
    text
}

const GENERATE: &[&str] = &["generate", "--source", "tables.csv", "--output-dir", "out"];

fn files_of(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (inner, prefix) in [(folder.to_owned(), ""), (folder.join("resources"), "resources/")] {
        for entry in std::fs::read_dir(&inner).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && !name.starts_with(".tapworks-") {
                found.insert(format!("{prefix}{name}"), std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    found
}

fn all_files(context: &Context) -> Vec<BTreeMap<String, String>> {
    (0..PROJECTS).map(|project| files_of(&context.path(&format!("out/project{project}")))).collect()
}

fn leftovers(context: &Context) -> usize {
    let folders = (0..PROJECTS)
        .flat_map(|project| [format!("out/project{project}"), format!("out/project{project}/resources")]);
    folders
        .flat_map(|folder| std::fs::read_dir(context.path(&folder)).into_iter().flatten())
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".tapworks-"))
        .count()
}

/// The bundles of a list, from an undisturbed run in a folder of its own.
fn bundles(list: &str) -> Vec<BTreeMap<String, String>> {
    let context = Context::new();
    context.write("tables.csv", list);
    context.run(GENERATE).exits(0);
    all_files(&context)
}

/// Runs `generate`; answers the time from its first change (a bundle loses its `databricks.yml`) to its end. With a `delay` it is
/// killed so long after that change.
fn generate_and_kill(context: &Context, delay: Option<Duration>) -> Duration {
    let root = context.path("out/project0/databricks.yml");
    let mut child = context
        .command(GENERATE)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut begun = Instant::now();
    while root.exists() && child.try_wait().unwrap().is_none() {
        begun = Instant::now();
    }
    if let Some(delay) = delay {
        while begun.elapsed() < delay && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
    }
    child.wait().unwrap();
    begun.elapsed()
}

#[test]
fn a_killed_run_leaves_no_mixture_and_the_next_finishes_it() {
    let lists = [rows("bronze"), rows("silver_")];
    let whole = lists.each_ref().map(|list| bundles(list));
    for (old, new) in whole[0].iter().zip(&whole[1]) {
        assert_eq!(old.len(), 4);
        assert!(
            old.iter().all(|(path, text)| path == "databricks.yml" || new[path] != *text),
            "{:?}",
            old.keys()
        );
    }
    let context = Context::new();
    context.write("tables.csv", &lists[0]);
    context.run(GENERATE).exits(0);
    context.write("tables.csv", &lists[1]);
    let window = generate_and_kill(&context, None);
    assert_eq!(all_files(&context), whole[1]);

    let mut unfinished = 0;
    for attempt in 0..15_u32 {
        let wanted = usize::try_from(attempt % 2).unwrap();
        context.write("tables.csv", &lists[wanted]);
        generate_and_kill(&context, Some(window * attempt / 15));
        let found = all_files(&context);
        for (project, files) in found.iter().enumerate() {
            assert!(
                !files.contains_key("databricks.yml")
                    || whole.iter().any(|bundles| bundles[project] == *files),
                "project{project} is a mixture after kill {attempt}"
            );
        }
        unfinished += u32::from(!whole.contains(&found));
        if attempt % 3 == 0 {
            context.run(GENERATE).exits(0);
            assert_eq!(all_files(&context), whole[wanted]);
            assert_eq!(leftovers(&context), 0);
        }
    }
    assert!(unfinished > 0, "no run was killed before it was done: the test shows nothing");
    context.run(GENERATE).exits(0);
    assert_eq!(all_files(&context), whole[0]);
    assert_eq!(leftovers(&context), 0);
}

#[test]
fn check_compares_and_writes_nothing() {
    let check = &["generate", "--source", "tables.csv", "--output-dir", "out", "--check", "-o", "json"];
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    let document = context.run(check).exits(3).json();
    assert_eq!(document["checked"], true);
    assert_eq!(document["projects"][0]["changes"][0]["change"], "created");
    assert!(!context.path("out").exists());

    context.run(GENERATE).exits(0);
    assert_eq!(context.run(check).exits(0).json()["projects"][0]["changes"], serde_json::json!([]));

    context.write("tables.csv", &sql_server_rows(4));
    let before = files_of(&context.path("out/retail"));
    let said = context.run(&["generate", "--source", "tables.csv", "--output-dir", "out", "--check"]);
    assert!(said.exits(3).stdout.contains("pipelines.yml  would be replaced"), "{}", said.stdout);
    assert_eq!(files_of(&context.path("out/retail")), before);

    context.write("tables.csv", &sql_server_rows(3).replace("Table1,bronze", ",bronze"));
    context.run(check).exits(1);
}

#[test]
fn a_project_without_rows_keeps_its_bundle_and_is_named() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context.run(GENERATE).exits(0);
    let before = files_of(&context.path("out/retail"));
    let shop = sql_server_rows(3).replace("retail,", "shop,").replace(",bronze,sales,", ",bronze,shop,");
    context.write("tables.csv", &shop);
    let said = context.run(GENERATE);
    let note = "note[TW151]: project `retail` has places for 3 tables in 1 pipeline, but no rows any more";
    assert!(said.exits(0).stderr.contains(note), "{}", said.stderr);
    assert_eq!(files_of(&context.path("out/retail")), before);
    assert!(context.path("out/shop/databricks.yml").exists());
}

#[cfg(unix)]
#[test]
fn what_stands_in_the_way_of_one_project_stops_all() {
    let context = Context::new();
    let mut rows = sql_server_rows(2);
    rows.push_str(
        "sql_server,shop,buying,erp,dbo,Vendors,bronze,buying,vendors,sqlserver_erp,bronze,staging\n",
    );
    context.write("tables.csv", &rows);
    std::fs::create_dir_all(context.path("elsewhere")).unwrap();
    std::fs::create_dir_all(context.path("out")).unwrap();
    std::os::unix::fs::symlink(context.path("elsewhere"), context.path("out/shop")).unwrap();
    let said = context.run(GENERATE);
    assert!(said.exits(1).stderr.contains("out/shop is a symbolic link"), "{}", said.stderr);
    assert!(!context.path("out/retail").exists());
    assert_eq!(std::fs::read_dir(context.path("elsewhere")).unwrap().count(), 0);
}
