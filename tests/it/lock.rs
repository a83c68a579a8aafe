//! The lock: its commands, what is wrong with it, and how git merges it

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use tapworks::placement::{Lock, LockedTable, Slot};
use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, sql_server_rows};

/// The output of lakeflow-tapworks for a project behind a gateway.
const SHOP: [(&str, &str); 3] = [
    (
        "shop/databricks.yml",
        "bundle:\n  name: shop\ninclude:\n- resources/*.yml\ntargets:\n  dev:\n    mode: development\n    workspace:\n      \
         host: https://dev.example.com\n    default: true\n",
    ),
    (
        "shop/resources/gateways.yml",
        "resources:
  pipelines:
    gateway_a_00_g01:
      name: a_00_g01
      gateway_definition:
        connection_name: shop_conn
        gateway_storage_catalog: lake
        gateway_storage_schema: shop_raw
        gateway_storage_name: a_00_g01
      schema: shop_raw
      continuous: true
      catalog: lake
",
    ),
    (
        "shop/resources/pipelines.yml",
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
            source_table: Zebra
            destination_catalog: lake
            destination_schema: shop_raw
            destination_table: zebra
        - table:
            source_catalog: shopdb
            source_schema: public
            source_table: T06
            destination_catalog: lake
            destination_schema: shop_raw
            destination_table: T06
      schema: shop_raw
      catalog: lake
    pipeline_a_00_g01_p02:
      name: a_00_g01_p02
      ingestion_definition:
        ingestion_gateway_id: ${resources.pipelines.gateway_a_00_g01.id}
        objects:
        - table:
            source_catalog: shopdb
            source_schema: public
            source_table: t12
            destination_catalog: lake
            destination_schema: shop_raw
            destination_table: t12
      schema: shop_raw
      catalog: lake
",
    ),
];

/// A folder with the predecessor's output in `old`.
fn shop() -> Context {
    let context = Context::new();
    for (name, text) in SHOP {
        context.write(&format!("old/{name}"), text);
    }
    context
}

const IMPORT: &[&str] = &["lock", "import", "--from-bundle", "old", "--lock", "tapworks.lock"];

/// The same, imported.
fn imported() -> Context {
    let context = shop();
    context.run(IMPORT).exits(0);
    context
}

fn lock<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    ["lock"].into_iter().chain(arguments.iter().copied()).chain(["--lock", "tapworks.lock"]).collect()
}

#[test]
fn the_predecessors_bundle_becomes_a_lock() {
    let context = shop();
    let dry = context.run(&[IMPORT, &["--dry-run"]].concat());
    dry.exits(0);
    assert!(dry.stdout.starts_with("tapworks.lock  would be written\n"), "{}", dry.stdout);
    assert!(!context.path("tapworks.lock").exists());
    let said = context.run(IMPORT);
    said.exits(0);
    insta::assert_snapshot!(said.stdout, @r"
    tapworks.lock  written
      added    2 tables to pipeline a_00_g01_p01 in shop
      added    1 table to pipeline a_00_g01_p02 in shop
    ");
    insta::assert_snapshot!(context.read("tapworks.lock"), @r"
    # Where every table lies: its bundle, its gateway, its pipeline and its place in there.
    # Written by tapworks. Commit it, and change it with `tapworks lock` only.
    # After a merge conflict, keep the lines of both sides.
    version 1

    # shop a_00_g01
    connection a_00_g01 name=shop_conn
    gateway a_00_g01 catalog=lake schema=shop_raw

    # shop a_00_g01_p01
    pipeline a_00_g01_p01 catalog=lake schema=shop_raw
    table lake.shop_raw.T06 source=shopdb.public.T06 bundle=shop gateway=a_00_g01 pipeline=a_00_g01_p01 position=1
    table lake.shop_raw.zebra source=shopdb.public.Zebra bundle=shop gateway=a_00_g01 pipeline=a_00_g01_p01 position=0

    # shop a_00_g01_p02
    pipeline a_00_g01_p02 catalog=lake schema=shop_raw
    table lake.shop_raw.t12 source=shopdb.public.t12 bundle=shop gateway=a_00_g01 pipeline=a_00_g01_p02 position=0

    end
    ");
    let again = context.run(IMPORT);
    assert_eq!(again.exits(0).stdout, "tapworks.lock  unchanged\n");
    // The one bundle says the same as the folder of bundles.
    let one = context.run(&["lock", "import", "--from-bundle", "old/shop", "--lock", "one.lock"]);
    one.exits(0);
    assert_eq!(context.read("one.lock"), context.read("tapworks.lock"));
}

#[test]
fn what_is_in_the_lock_is_shown() {
    let context = imported();
    let said = context.run(&lock(&["show"]));
    said.exits(0);
    insta::assert_snapshot!(said.stdout, @r"
    a_00_g01_p01 behind a_00_g01 in shop: 2 tables
      lake.shop_raw.zebra  shopdb.public.Zebra
      lake.shop_raw.T06    shopdb.public.T06
    a_00_g01_p02 behind a_00_g01 in shop: 1 table
      lake.shop_raw.t12  shopdb.public.t12
    tapworks.lock: 3 tables, 2 pipelines
    ");
    let one = context.run(&lock(&["show", "--table", "LAKE.shop_raw.t12", "-o", "json"]));
    insta::assert_snapshot!(one.exits(0).stdout, @r#"
    {
      "format": "tapworks.lock/1",
      "lock": "tapworks.lock",
      "exists": true,
      "tables": [
        {
          "table": "lake.shop_raw.t12",
          "source": "shopdb.public.t12",
          "bundle": "shop",
          "gateway": "a_00_g01",
          "pipeline": "a_00_g01_p02",
          "position": 0
        }
      ],
      "pipelines": {
        "a_00_g01_p02": {
          "catalog": "lake",
          "schema": "shop_raw"
        }
      },
      "gateways": {
        "a_00_g01": {
          "catalog": "lake",
          "schema": "shop_raw"
        }
      },
      "connections": {
        "a_00_g01": "shop_conn"
      }
    }
    "#);
    let pipeline = context.run(&lock(&["show", "--pipeline", "pipeline_a_00_g01_p01", "-o", "json"]));
    let tables = pipeline.exits(0).json()["tables"].as_array().unwrap().len();
    assert_eq!(tables, 2);
    let none = context.run(&lock(&["show", "--table", "lake.shop_raw.t13"]));
    insta::assert_snapshot!(none.exits(1).stderr, @r"
    error: the lock holds no table lake.shop_raw.t13; did you mean `lake.shop_raw.t12`?
    ");
    let none = context.run(&lock(&["show", "--pipeline", "nothing_like_it"]));
    insta::assert_snapshot!(none.exits(1).stderr, @r"
    error: the lock holds no pipeline nothing_like_it
    ");
    let missing = context.run(&["lock", "show", "--lock", "other.lock", "-o", "json"]);
    let json = missing.exits(0).json();
    assert_eq!((json["exists"].as_bool(), json["tables"].as_array().map(Vec::len)), (Some(false), Some(0)));
}

#[test]
fn a_renamed_destination_takes_its_place_along() {
    let context = imported();
    let before = context.read("tapworks.lock");
    let said = context.run(&lock(&["mv", "lake.shop_raw.ZEBRA", "lake.shop_raw.Okapi"]));
    insta::assert_snapshot!(said.exits(0).stdout, @r"
    tapworks.lock  written
      renamed  lake.shop_raw.Okapi, was lake.shop_raw.zebra, in pipeline a_00_g01_p01
    ");
    let line = before.lines().find(|line| line.contains("zebra")).unwrap();
    assert!(context.read("tapworks.lock").contains(&line.replace("shop_raw.zebra", "shop_raw.Okapi")));
    let taken = context.run(&lock(&["mv", "lake.shop_raw.t06", "lake.shop_raw.t12"]));
    insta::assert_snapshot!(taken.exits(1).stderr, @r"
    error: lake.shop_raw.t12 has a place already, in pipeline a_00_g01_p02
      hint: where that place is the wrong one, first: tapworks lock forget lake.shop_raw.t12
    ");
    context.run(&lock(&["mv", "lake.shop_raw.zebra", "lake.shop_raw.y"])).exits(1);
    context.run(&lock(&["mv", "lake.shop_raw.okapi", "shop_raw.y"])).exits(2);
    let json = context.run(&lock(&["mv", "lake.shop_raw.okapi", "lake.shop_raw.zebra", "-o", "json"]));
    insta::assert_snapshot!(json.exits(0).stdout, @r#"
    {
      "format": "tapworks.lock-change/1",
      "lock": "tapworks.lock",
      "added": [
        {
          "table": "lake.shop_raw.zebra",
          "source": "shopdb.public.Zebra",
          "bundle": "shop",
          "gateway": "a_00_g01",
          "pipeline": "a_00_g01_p01",
          "position": 0
        }
      ],
      "changed": [],
      "removed": [
        {
          "table": "lake.shop_raw.Okapi",
          "source": "shopdb.public.Zebra",
          "bundle": "shop",
          "gateway": "a_00_g01",
          "pipeline": "a_00_g01_p01",
          "position": 0
        }
      ],
      "pipelines": [],
      "gateways": [],
      "connections": []
    }
    "#);
    assert_eq!(context.read("tapworks.lock"), before);
}

#[test]
fn a_renamed_connection_keeps_every_place() {
    let context = imported();
    let before = context.read("tapworks.lock");
    let said = context.run(&lock(&["mv", "--connection", "shop_conn", "shop_conn_2"]));
    insta::assert_snapshot!(said.exits(0).stdout, @r"
    tapworks.lock  written
      changed  connection of a_00_g01: shop_conn_2, was shop_conn
    ");
    let after = context.read("tapworks.lock");
    assert_eq!(after, before.replace("name=shop_conn\n", "name=shop_conn_2\n"));
    context.run(&lock(&["mv", "--connection", "shop_conn", "x"])).exits(1);
}

#[test]
fn a_forgotten_table_leaves_the_lock() {
    let context = imported();
    let before = context.read("tapworks.lock");
    let dry = context.run(&lock(&["forget", "lake.shop_raw.t12", "--dry-run"]));
    insta::assert_snapshot!(dry.exits(0).stdout, @r"
    tapworks.lock  would be written
      removed  lake.shop_raw.t12 from pipeline a_00_g01_p02
      removed  pipeline a_00_g01_p02: lake.shop_raw
    ");
    assert_eq!(context.read("tapworks.lock"), before);
    context.run(&lock(&["forget", "lake.shop_raw.t12", "lake.shop_raw.nothing"])).exits(1);
    assert_eq!(context.read("tapworks.lock"), before, "all or nothing");
    context.run(&lock(&["forget", "lake.shop_raw.T12", "lake.shop_raw.t06"])).exits(0);
    let after = context.read("tapworks.lock");
    assert!(after.contains("zebra") && !after.contains("t12") && !after.contains("a_00_g01_p02"), "{after}");
    let no_lock = context.run(&["lock", "forget", "a.b.c", "--lock", "other.lock"]);
    insta::assert_snapshot!(no_lock.exits(1).stderr, @r"
    error: there is no lock other.lock
      hint: `generate` writes it; `tapworks lock import` makes one from bundles
    ");
}

#[test]
fn an_import_that_disagrees_is_refused_unless_forced() {
    let context = imported();
    let before = context.read("tapworks.lock");
    let moved = before.replace(
        "table lake.shop_raw.t12 source=shopdb.public.t12 bundle=shop gateway=a_00_g01 pipeline=a_00_g01_p02 position=0",
        "table lake.shop_raw.t12 source=shopdb.public.t12 bundle=shop gateway=a_00_g01 pipeline=a_00_g01_p01 position=2",
    );
    assert_ne!(moved, before);
    context.write("tapworks.lock", &moved);
    let said = context.run(IMPORT);
    insta::assert_snapshot!(said.exits(1).stderr, @r"
    error[TW156]: lake.shop_raw.t12 lies in pipeline a_00_g01_p01 by the lock, and in pipeline a_00_g01_p02 by the import
      --> tapworks.lock:17:1
      = why: a table that changes its pipeline is read again in full
      = fix: --force takes what is imported: say it where that is what is deployed

    error: 1 error; nothing was written
    ");
    assert_eq!(context.read("tapworks.lock"), moved);
    let json = context.run(&[IMPORT, &["-o", "json"]].concat()).exits(1).json();
    assert_eq!(json["findings"][0]["rule"], "TW156");
    assert_eq!(json["error"]["message"], "1 error; nothing was written");
    let forced = context.run(&[IMPORT, &["--force"]].concat());
    insta::assert_snapshot!(forced.exits(0).stdout, @r"
    tapworks.lock  written
      changed  lake.shop_raw.t12: pipeline a_00_g01_p02 in shop, was pipeline a_00_g01_p01 in shop
    ");
    assert_eq!(context.read("tapworks.lock"), before);
}

#[test]
fn a_damaged_lock_is_told_and_left_alone() {
    let context = imported();
    let damaged = context.read("tapworks.lock").replace("table lake.shop_raw.t12", "tabel lake.shop_raw.t12");
    context.write("tapworks.lock", &damaged);
    for arguments in [
        lock(&["show"]),
        lock(&["forget", "lake.shop_raw.zebra"]),
        lock(&["mv", "lake.shop_raw.zebra", "a.b.c"]),
        IMPORT.to_vec(),
    ] {
        let said = context.run(&arguments);
        said.exits(1);
        assert!(
            said.stderr.contains("error[TW152]: a line of the lock cannot start with `tabel`"),
            "{}",
            said.stderr
        );
        assert!(said.stderr.contains("--> tapworks.lock:"), "{}", said.stderr);
        assert_eq!(context.read("tapworks.lock"), damaged);
    }
    let json = context.run(&lock(&["show", "-o", "json"])).exits(1).json();
    assert_eq!(json["findings"][0]["rule"], "TW152");
    // A folder is not an empty lock.
    let folder = context.run(&["lock", "show", "--lock", "old"]);
    assert!(folder.exits(2).stderr.contains("cannot read old: "), "{}", folder.stderr);
}

#[test]
fn the_lock_lies_where_the_settings_say() {
    let context = shop();
    let import = |more: &[&str]| context.run(&[&["lock", "import", "--from-bundle", "old"], more].concat());
    import(&[]).exits(0);
    assert!(context.path("dab_deployment/tapworks.lock").exists());
    import(&["--output-dir", "out"]).exits(0);
    assert!(context.path("out/tapworks.lock").exists());
    context.write("tapworks.yml", "targets:\n  dev: {profile: d}\n  prod: {profile: p, lock: prod.lock}\n");
    let several = import(&[]);
    insta::assert_snapshot!(several.exits(2).stderr, @r"
    error: the targets have different locks: dev tapworks.lock, prod prod.lock
      hint: name a target with --target, or a lock with --lock
    ");
    import(&["--target", "dev"]).exits(0);
    import(&["--target", "prod"]).exits(0);
    assert!(context.path("tapworks.lock").exists() && context.path("prod.lock").exists());
    import(&["--target", "prod", "--lock", "named.lock"]).exits(0);
    assert!(context.path("named.lock").exists());
    let none = context.run(&["lock", "import", "--from-bundle", "temporary", "--target", "dev"]);
    insta::assert_snapshot!(none.exits(2).stderr, @r"
    error: temporary holds no bundle: there is no databricks.yml in it, nor in a folder in it
    ");
}

#[test]
fn bundles_of_ours_are_imported_by_the_names_of_the_rows() {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(600));
    // Neither one to one, nor the same in both targets; and in another letter case than the rows.
    context.write(
        "tapworks.yml",
        "targets:\n  dev: {profile: d, catalogs: {BRONZE: dev_bronze}, connections: {sqlserver_erp: dev_erp}}\n  \
         prod: {profile: p, schemas: {staging: sales, sales: sales}}\n",
    );
    context.run(&["generate", "--source", "tables.csv", "--output-dir", "out"]).exits(0);
    let pipelines = context.read("out/retail/resources/pipelines.yml");
    assert!(pipelines.contains(r#"destination_catalog: "${var.catalog_bronze}""#), "{pipelines}");
    context.run(&["lock", "import", "--from-bundle", "out", "--lock", "imported.lock"]).exits(0);
    let lock = Lock::parse(&context.read("imported.lock"), "imported.lock").unwrap();
    assert_eq!(lock.tables.len(), 600);
    // The pipeline and the position of each row, as 600 rows fill pipelines of 250.
    for (number, name) in ["sales_01_g01_p01", "sales_01_g02_p01", "sales_01_g03_p01"].iter().enumerate() {
        for (position, row) in (number * 250..600.min((number + 1) * 250)).enumerate() {
            let slot = &lock.tables[&format!("bronze.sales.table_{row}")].slot;
            assert_eq!((slot.pipeline.as_str(), slot.position), (*name, position as u64));
            assert_eq!(
                (slot.bundle.as_str(), slot.gateway.as_deref()),
                ("retail", name.strip_suffix("_p01"))
            );
        }
    }
    assert_eq!(lock.tables["bronze.sales.table_7"].source, "erp.dbo.Table7");
    let connections: BTreeSet<&str> = lock.connections.values().map(String::as_str).collect();
    assert_eq!(connections, ["sqlserver_erp"].into());
    let schemas: BTreeSet<&str> = lock.gateways.values().map(|home| home.schema.as_str()).collect();
    assert_eq!(schemas, ["staging"].into());
}

const GROUPS: usize = 100;

/// A lock of 10,000 tables in a hundred groups, two pipelines each.
fn large() -> Lock {
    let mut lock = Lock::default();
    for group in 0..GROUPS {
        for table in 0..100 {
            add(&mut lock, group, 1 + table / 50, &format!("table_{table:03}"), table as u64 % 50);
        }
    }
    lock
}

fn add(lock: &mut Lock, group: usize, pipeline: usize, table: &str, position: u64) {
    let name = format!("group{group:02}_01");
    let destination = format!("lake.raw_{group}.{table}");
    let slot = Slot {
        bundle: "retail".to_owned(),
        gateway: Some(format!("{name}_g01")),
        pipeline: format!("{name}_g01_p0{pipeline}"),
        position,
    };
    let locked = LockedTable {
        destination: destination.clone(),
        source: format!("erp.dbo.{table}"),
        slot,
        gone: false,
        moving: None,
    };
    assert!(lock.tables.insert(destination, locked).is_none());
}

/// A repository with this lock, in the folder of a context.
struct Repository {
    context: Context,
}

impl Repository {
    fn with(lock: &Lock) -> Self {
        let repository = Self { context: Context::new() };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(lock);
        repository
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.context.path("");
        Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.hooksPath="])
            .args(arguments)
            .current_dir(&folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/local/bin")
            .env("HOME", &folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap()
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn commit(&self, lock: &Lock) {
        self.context.write("tapworks.lock", &lock.render());
        self.git(&["add", "tapworks.lock"]);
        self.git(&["commit", "--quiet", "-m", "lock"]);
    }

    /// Merges two branches that changed the lock in these ways; whether git could do it alone.
    fn merge(&self, ours: &Lock, theirs: &Lock) -> bool {
        self.git(&["checkout", "--quiet", "-B", "theirs", "main"]);
        self.commit(theirs);
        self.git(&["checkout", "--quiet", "-B", "ours", "main"]);
        self.commit(ours);
        self.run(&["merge", "--no-edit", "theirs"]).status.success()
    }

    fn text(&self) -> String {
        self.context.read("tapworks.lock")
    }
}

/// The tables of both.
fn both(ours: &Lock, theirs: &Lock) -> Lock {
    let mut lock = ours.clone();
    lock.tables.extend(theirs.tables.clone());
    lock
}

#[test]
fn git_merges_branches_that_add_tables_to_different_groups() {
    let base = large();
    assert_eq!(base.tables.len(), 10_000);
    let repository = Repository::with(&base);
    // In neighbouring groups, at the end of the one (with a new pipeline) and at the start of the other, and far apart.
    for (one, other) in [(40, 41), (41, 40), (0, GROUPS - 1)] {
        let (mut ours, mut theirs) = (base.clone(), base.clone());
        for number in 0..50 {
            add(&mut ours, one, 2, &format!("z_last_{number}"), 50 + number);
            add(&mut ours, one, 3, &format!("new_{number}"), number);
            add(&mut theirs, other, 1, &format!("a_first_{number}"), 50 + number);
        }
        assert!(repository.merge(&ours, &theirs), "groups {one} and {other}");
        let text = repository.text();
        let merged = Lock::parse(&text, "tapworks.lock").unwrap();
        assert_eq!(merged, both(&ours, &theirs));
        assert_eq!(merged.render(), text, "what git makes of two locks is how tapworks writes it");
    }
}

#[test]
fn a_conflict_in_one_group_is_about_the_added_lines_and_both_sides_are_kept() {
    let base = large();
    let repository = Repository::with(&base);
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    let mut added = BTreeSet::new();
    for number in 0..20 {
        for (lock, name) in
            [(&mut ours, format!("new_{number}_ours")), (&mut theirs, format!("new_{number}_theirs"))]
        {
            add(lock, 40, 2, &name, 50 + number);
            added.insert(format!("lake.raw_40.{name}"));
        }
    }
    assert!(!repository.merge(&ours, &theirs));
    let text = repository.text();
    let unresolved = repository.context.run(&["lock", "show", "--lock", "tapworks.lock"]);
    assert!(unresolved.exits(1).stderr.contains("error[TW153]"), "{}", unresolved.stderr);
    let mut kept = String::new();
    let mut in_conflict = false;
    for line in text.lines() {
        match line.split(' ').next() {
            Some("<<<<<<<") => in_conflict = true,
            Some(">>>>>>>") => in_conflict = false,
            Some("=======") => {}
            _ => {
                let table = line.split(' ').nth(1).unwrap_or_default();
                assert!(
                    !in_conflict || added.contains(table),
                    "`{line}` was not added, and is in the conflict"
                );
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    assert_eq!(Lock::parse(&kept, "tapworks.lock").unwrap(), both(&ours, &theirs));
    repository.context.write("tapworks.lock", &kept);
    repository.context.run(&["lock", "show", "--lock", "tapworks.lock", "-q"]).exits(0);
}

#[test]
fn the_union_driver_of_git_merges_everything_and_what_disagrees_is_told() {
    let base = large();
    let repository = Repository::with(&base);
    repository.context.write(".gitattributes", "tapworks.lock merge=union\n");
    repository.git(&["add", ".gitattributes"]);
    repository.git(&["commit", "--quiet", "-m", "attributes"]);
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    for number in 0..20 {
        add(&mut ours, GROUPS, 1, &format!("ours_{number}"), number);
        add(&mut theirs, GROUPS, 1, &format!("theirs_{number}"), number);
    }
    assert!(repository.merge(&ours, &theirs));
    assert_eq!(Lock::parse(&repository.text(), "tapworks.lock").unwrap(), both(&ours, &theirs));
    add(&mut ours, 7, 1, "twice", 50);
    add(&mut theirs, 7, 2, "twice", 50);
    assert!(repository.merge(&ours, &theirs));
    let findings = Lock::parse(&repository.text(), "tapworks.lock").unwrap_err();
    let told: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(told, ["TW155"], "{findings:?}");
    assert!(Path::new(&repository.context.path(".git")).exists());
}

/// A workspace with 8 tables deployed to `dev` and `prod`, whose catalogs have other names, in pipelines of 3; and the lock as
/// the deploys left it.
fn deployed() -> (MockWorkspace, Context, String) {
    let workspace = MockWorkspace::start();
    let context = Context::with(&workspace);
    let host = workspace.url();
    let settings = format!(
        "max_tables_per_pipeline: 3\ntargets:\n  dev:\n    workspace_host: {host}\n    catalogs: {{bronze: bronze_dev}}\n  prod:\n    \
         workspace_host: {host}\n"
    );
    context.write("tapworks.yml", &settings);
    context.write("tables.csv", &sql_server_rows(8));
    workspace.world(|world| {
        world.catalog.add_catalog("bronze_dev");
    });
    context.run(&[DEPLOY, &["--target", "dev", "--target", "prod"]].concat()).exits(0);
    let lock = context.read("tapworks.lock");
    (workspace, context, lock)
}

const DEPLOY: &[&str] = &["deploy", "--source", "tables.csv"];
const FROM_WORKSPACE: &[&str] = &["lock", "import", "--from-workspace", "--source", "tables.csv"];

#[test]
fn what_is_deployed_becomes_the_lock_again() {
    let (workspace, context, lock) = deployed();
    for target in ["dev", "prod"] {
        std::fs::remove_file(context.path("tapworks.lock")).unwrap();
        workspace.clear_requests();
        let said = context.run(&[FROM_WORKSPACE, &["--target", target]].concat());
        said.exits(0);
        assert_eq!(
            said.stdout,
            "tapworks.lock  written\n  added    3 tables to pipeline sales_01_g01_p01 in retail\n  \
            added    3 tables to pipeline sales_01_g01_p02 in retail\n  added    2 tables to pipeline sales_01_g01_p03 in retail\n"
        );
        assert_eq!(context.read("tapworks.lock"), lock, "{target}");
        assert!(workspace.writes().is_empty());
    }
    assert_eq!(
        context.run(&[FROM_WORKSPACE, &["--target", "dev"]].concat()).exits(0).stdout,
        "tapworks.lock  unchanged\n"
    );
    context.run(&["generate", "--source", "tables.csv", "--locked"]).exits(0);
}

#[test]
fn a_workspace_that_says_another_place_is_followed_only_by_force() {
    let (_workspace, context, lock) = deployed();
    let other = lock.replace("pipeline=sales_01_g01_p03 position=1", "pipeline=sales_01_g01_p02 position=3");
    assert_ne!(other, lock);
    context.write("tapworks.lock", &other);
    let refused = context.run(&[DEPLOY, &["--target", "prod"]].concat());
    assert!(refused.exits(1).stderr.contains("TW251"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("`tapworks lock import --from-workspace -t prod --force`"),
        "{}",
        refused.stderr
    );
    let refused = context.run(&[FROM_WORKSPACE, &["-t", "prod"]].concat());
    assert!(refused.exits(1).stderr.contains("TW156"), "{}", refused.stderr);
    assert_eq!(context.read("tapworks.lock"), other);
    let forced = context.run(&[FROM_WORKSPACE, &["-t", "prod", "--force"]].concat());
    insta::assert_snapshot!(forced.exits(0).stdout, @r"
    tapworks.lock  written
      changed  bronze.sales.table_7: pipeline sales_01_g01_p03 in retail, was pipeline sales_01_g01_p02 in retail
    ");
    assert_eq!(context.read("tapworks.lock"), lock);
    context.run(&[DEPLOY, &["--target", "prod"]].concat()).exits(0);
}

#[test]
fn tables_without_rows_are_left_out_and_nothing_deployed_is_an_error() {
    let (_workspace, context, _) = deployed();
    std::fs::remove_file(context.path("tapworks.lock")).unwrap();
    context.write("tables.csv", &sql_server_rows(5));
    let said = context.run(&[FROM_WORKSPACE, &["-t", "prod", "--dry-run"]].concat());
    assert!(
        said.exits(0).stderr.contains("left out: 3 tables deployed to `prod` that no row names\n"),
        "{}",
        said.stderr
    );
    context.write("tables.csv", &sql_server_rows(5).replace("retail", "other"));
    let said = context.run(&[FROM_WORKSPACE, &["-t", "prod"]].concat());
    assert!(
        said.exits(1).stderr.contains("nothing of these projects is deployed to target `prod`"),
        "{}",
        said.stderr
    );
    assert!(!context.path("tapworks.lock").exists());
}

#[test]
fn what_cannot_be_read_is_not_taken_for_nothing() {
    let (workspace, mut context, lock) = deployed();
    for status in [403, 500] {
        let denied = Fault::on("GET", "/api/2.0/workspace/export").always();
        workspace.fault(denied.error(status, "DENIED", "not for you"));
        context.set("TAPWORKS_RETRY_TIMEOUT", "1");
        let said = context.run(&[FROM_WORKSPACE, &["-t", "prod"]].concat());
        said.exits(5);
        // Nor is a table placed anew by a deploy that cannot tell.
        std::fs::remove_file(context.path("tapworks.lock")).unwrap();
        context.run(&[DEPLOY, &["--target", "prod"]].concat()).exits(5);
        assert!(!context.path("tapworks.lock").exists());
        context.write("tapworks.lock", &lock);
        workspace.clear_faults();
    }
    assert_eq!(context.read("tapworks.lock"), lock);
    // Wrong usage.
    context.run(&["lock", "import"]).exits(2);
    context.run(&["lock", "import", "--from-workspace", "--from-bundle", "x"]).exits(2);
}
