use std::num::NonZeroUsize;

use super::*;
use crate::connector::{Configuration, Destination, Family, Object, ObjectSource, connector};
use crate::placement::{Memory, Placed, Rules, place};
use crate::table::{GatewaySettings, Table};

fn group_of(connector_name: &str, names: &[&str]) -> Group {
    let connector = connector(connector_name).unwrap();
    let table = |row: u32, name: &str| Table {
        row,
        weight: 1,
        object: Object {
            source: ObjectSource::Table { catalog: None, schema: None, table: name.to_owned() },
            destination: Destination { catalog: "main".into(), schema: "bronze".into(), table: name.into() },
            configuration: Configuration::default(),
        },
    };
    Group {
        project: "shop".into(),
        prefix: "crm".into(),
        subgroup: "01".into(),
        connector,
        connection: "c".into(),
        gateway: (connector.family == Family::Database).then(|| GatewaySettings {
            catalog: "main".into(),
            schema: "staging".into(),
            catalog_is_named: false,
            schema_is_named: false,
            worker_type: None,
            driver_type: None,
        }),
        schedule: None,
        tags: Vec::new(),
        tables: (0..).zip(names).map(|(row, name)| table(row, name)).collect(),
    }
}

fn limits(pipeline: usize, gateway: usize) -> Limits {
    let number = |number| NonZeroUsize::new(number).unwrap();
    Limits { tables_per_pipeline: number(pipeline), tables_per_gateway: number(gateway), ..Limits::default() }
}

fn placed(group: &Group, limits: Limits, lock: &Lock) -> Layout {
    let memory = Memory::of_lock(lock);
    let rules = Rules { limits, strategy: Placement::Fill, memory: &memory, place: &|_| None };
    let Placed { layout, findings, .. } = place(vec![group.clone()], rules);
    assert!(findings.is_empty(), "{findings:?}");
    layout
}

/// The lock of a placement under these limits.
fn locked(group: &Group, limits: Limits) -> Lock {
    Lock::default().after(&placed(group, limits, &Lock::default())).lock
}

/// The lock with the moves that these limits need.
fn moved(group: &Group, limits: Limits, lock: &Lock) -> Lock {
    let layout = placed(group, limits, lock);
    let after = lock.after(&layout).lock;
    let moves = Moves::of(&layout, std::slice::from_ref(group), &after, Placement::Fill, limits);
    assert_eq!(moves.unfinished(lock), []);
    let moved = moves.write(lock, &after);
    moved.after(&placed(group, limits, &moved)).lock
}

/// Name, pipeline, position, and where it comes from.
fn lines(lock: &Lock) -> Vec<(&str, &str, u64, Option<&str>)> {
    lock.tables
        .iter()
        .map(|(key, table)| {
            let from = table.moving.as_ref().map(|moving| moving.from.pipeline.as_str());
            (key.trim_start_matches("main.bronze."), table.slot.pipeline.as_str(), table.slot.position, from)
        })
        .collect()
}

#[test]
fn moved_tables_stand_last_and_remember_where_they_come_from() {
    let group = group_of("salesforce", &["a", "b", "c", "d", "e"]);
    let before = locked(&group, limits(3, 9));
    let lock = moved(&group, limits(2, 9), &before);
    assert_eq!(
        lines(&lock),
        [
            ("a", "crm_01_p01", 0, None),
            ("b", "crm_01_p01", 1, None),
            ("c", "crm_01_p03", 0, Some("crm_01_p01")),
            ("d", "crm_01_p02", 0, None),
            ("e", "crm_01_p02", 1, None),
        ]
    );
    // It is read back as it was written, and nothing more is to be done.
    assert_eq!(Lock::parse(&lock.render(), "tapworks.lock").unwrap(), lock);
    assert_eq!(moved(&group, limits(2, 9), &lock), lock);
    assert!(lock.pipelines.contains_key("crm_01_p03") && lock.connections.contains_key("crm_01_p03"));
}

#[test]
fn what_was_never_in_the_lock_just_goes_elsewhere() {
    let group = group_of("salesforce", &["a", "b", "c"]);
    let lock = moved(&group, limits(2, 9), &Lock::default());
    assert!(lines(&lock).iter().all(|(.., from)| from.is_none()));
    // Placed with room for three, and moved within the same run.
    let layout = placed(&group, limits(3, 9), &Lock::default());
    let after = Lock::default().after(&layout).lock;
    let moves = Moves::of(&layout, std::slice::from_ref(&group), &after, Placement::Fill, limits(2, 9));
    assert_eq!(moves.sum().tables, 1);
    assert_eq!(lines(&moves.write(&Lock::default(), &after))[2], ("c", "crm_01_p02", 0, None));
}

#[test]
fn a_move_that_is_taken_back_is_none_and_one_that_goes_on_starts_where_the_table_lies() {
    let group = group_of("salesforce", &["a", "b", "c", "d"]);
    let before = locked(&group, limits(4, 9));
    let two = moved(&group, limits(2, 9), &before);
    assert_eq!(lines(&two)[3], ("d", "crm_01_p02", 1, Some("crm_01_p01")));
    let one = moved(&group, limits(1, 9), &two);
    // None of it is deployed: all of them still lie in the first pipeline.
    let from: Vec<_> = lines(&one).into_iter().map(|(name, _, _, from)| (name, from)).collect();
    let first = Some("crm_01_p01");
    assert_eq!(from, [("a", None), ("b", first), ("c", first), ("d", first)]);
    let mut back = two.clone();
    let layout = placed(&group, limits(2, 9), &two);
    let mut moves = Moves::of(&layout, std::slice::from_ref(&group), &two, Placement::Fill, limits(2, 9));
    let home = Move {
        keys: vec!["main.bronze.d".into()],
        weight: 1,
        from: "crm_01_p02".into(),
        to: "crm_01_p01".into(),
    };
    moves.parts[0].better.moves.push(home);
    back = moves.write(&two, &back);
    assert_eq!(lines(&back)[3], ("d", "crm_01_p01", 2, None));
}

#[test]
fn what_everything_leaves_keeps_its_name_until_the_move_is_over() {
    let group = group_of("sql_server", &["a", "b", "c", "d"]);
    let before = locked(&group, limits(1, 2));
    let mut emptied = before.clone();
    for (position, name) in (5..).zip(["c", "d"]) {
        let table = emptied.tables.get_mut(&format!("main.bronze.{name}")).unwrap();
        let to = Slot {
            bundle: "shop".into(),
            gateway: Some("crm_01_g01".into()),
            pipeline: "crm_01_g01_p01".into(),
            position,
        };
        let from = std::mem::replace(&mut table.slot, to);
        assert_eq!(from.gateway.as_deref(), Some("crm_01_g02"));
        table.moving = Some(Moving { from, done: BTreeSet::new() });
    }
    let layout = placed(&group, limits(9, 9), &emptied);
    let lock = emptied.after(&layout).lock;
    assert_eq!(lock, emptied, "what the lock holds of the old gateway stays");
    let more = group_of("sql_server", &["a", "b", "c", "d", "e", "f", "g"]);
    let layout = placed(&more, limits(1, 2), &lock);
    let gateways: Vec<&str> =
        layout.bundles[0].gateways.iter().map(|gateway| gateway.name.as_str()).collect();
    assert_eq!(gateways, ["crm_01_g01", "crm_01_g02", "crm_01_g03"]);
    let lies = |name: &str| {
        let pipelines = &layout.bundles[0].pipelines;
        let holds =
            |pipeline: &&Pipeline| pipeline.objects.iter().any(|object| object.destination.table == name);
        pipelines.iter().find(holds).map(|pipeline| pipeline.name.clone()).unwrap()
    };
    assert_eq!([lies("c"), lies("d"), lies("e")], ["crm_01_g01_p01", "crm_01_g01_p01", "crm_01_g02_p01"]);
    let over = lock.arrived("prod", &BTreeSet::from(["shop"]), &BTreeSet::from(["prod"]));
    let over = over.after(&placed(&group, limits(9, 9), &over)).lock;
    assert!(!over.gateways.contains_key("crm_01_g02") && !over.render().contains("crm_01_g02"));
}

#[test]
fn a_move_is_over_once_all_targets_have_it() {
    let group = group_of("salesforce", &["a", "b", "c"]);
    let lock = moved(&group, limits(2, 9), &locked(&group, limits(3, 9)));
    let all = BTreeSet::from(["dev", "prod"]);
    let other = lock.arrived("dev", &BTreeSet::from(["another"]), &all);
    assert_eq!(other, lock);
    let dev = lock.arrived("dev", &BTreeSet::from(["shop"]), &all);
    assert_eq!(dev.tables["main.bronze.c"].moving.as_ref().unwrap().done, BTreeSet::from(["dev".to_owned()]));
    assert_eq!(Lock::parse(&dev.render(), "tapworks.lock").unwrap(), dev);
    // A table that has arrived somewhere waits for the others.
    let layout = placed(&group, limits(1, 9), &dev);
    let moves = Moves::of(&layout, std::slice::from_ref(&group), &dev, Placement::Fill, limits(1, 9));
    assert_eq!(moves.unfinished(&dev), [], "the last of equals goes, which is another one");
    let prod = dev.arrived("prod", &BTreeSet::from(["shop"]), &all);
    assert_eq!(prod.tables["main.bronze.c"].moving, None);
    assert_eq!(lines(&prod)[2], ("c", "crm_01_p02", 0, None));
}

#[test]
fn one_that_has_arrived_in_some_targets_does_not_move_again() {
    let group = group_of("salesforce", &["a", "b", "c"]);
    let lock = moved(&group, limits(2, 9), &locked(&group, limits(3, 9)));
    let dev = lock.arrived("dev", &BTreeSet::from(["shop"]), &BTreeSet::from(["dev", "prod"]));
    let layout = placed(&group, limits(2, 9), &dev);
    let mut moves = Moves::of(&layout, std::slice::from_ref(&group), &dev, Placement::Fill, limits(2, 9));
    assert!(moves.is_empty());
    let on = Move {
        keys: vec!["main.bronze.c".into()],
        weight: 1,
        from: "crm_01_p02".into(),
        to: "crm_01_p01".into(),
    };
    moves.parts[0].better.moves.push(on);
    let unfinished = Unfinished {
        destination: "main.bronze.c".into(),
        from: "crm_01_p01".into(),
        to: "crm_01_p02".into(),
        done: BTreeSet::from(["dev".to_owned()]),
    };
    assert_eq!(moves.unfinished(&dev), [unfinished]);
}

#[test]
fn two_bundles_of_a_group_open_pipelines_of_different_names() {
    let names: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let group = group_of("salesforce", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let four = NonZeroUsize::new(4).unwrap();
    let small = Limits { tables_per_bundle: four, ..limits(4, 9) };
    let lock = locked(&group, small);
    let layout = placed(&group, small, &lock);
    assert_eq!(layout.bundles.len(), 2);
    let lower = Limits { tables_per_bundle: four, ..limits(3, 9) };
    let moves = Moves::of(&layout, std::slice::from_ref(&group), &lock, Placement::Fill, lower);
    let to: Vec<(&str, &str)> =
        moves.all().map(|(part, one)| (part.bundle.as_str(), one.to.as_str())).collect();
    assert_eq!(to, [("shop", "crm_01_p03"), ("shop_b02", "crm_01_p04")]);
}
