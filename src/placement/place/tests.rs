use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;
use crate::connector::{Configuration, Destination, Object, ObjectSource, connector};
use crate::placement::{Deployed, DeployedPipeline, Lock};
use crate::settings::Target;
use crate::table::GatewaySettings;

fn table(row: u32, name: &str) -> Table {
    Table {
        row,
        weight: 1,
        object: Object {
            source: ObjectSource::Table { catalog: None, schema: None, table: name.to_owned() },
            destination: Destination { catalog: "main".into(), schema: "bronze".into(), table: name.into() },
            configuration: Configuration::default(),
        },
    }
}

fn group(connector_name: &str, prefix: &str, names: &[String]) -> Group {
    let connector = connector(connector_name).unwrap();
    Group {
        project: "p".into(),
        prefix: prefix.into(),
        subgroup: "01".into(),
        connector,
        connection: "c".into(),
        gateway: (connector.family == Family::Database).then(|| GatewaySettings {
            catalog: "main".into(),
            schema: "staging".into(),
            catalog_is_named: true,
            schema_is_named: true,
            worker_type: None,
            driver_type: None,
        }),
        schedule: None,
        tags: Vec::new(),
        tables: (0..).zip(names).map(|(row, name)| table(row, name)).collect(),
    }
}

fn names(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("t{number}")).collect()
}

fn limits(pipeline: usize, gateway: usize, bundle: usize) -> Limits {
    let number = |number| NonZeroUsize::new(number).unwrap();
    Limits {
        tables_per_pipeline: number(pipeline),
        tables_per_gateway: number(gateway),
        tables_per_bundle: number(bundle),
    }
}

fn place_with(groups: Vec<Group>, limits: Limits, strategy: Placement, lock: &Lock) -> Placed {
    let memory = Memory::of_lock(lock);
    place(groups, Rules { limits, strategy, memory: &memory, place: &|_| None })
}

fn shape(layout: &Layout) -> Vec<(String, usize)> {
    let pipelines = layout.bundles.iter().flat_map(|bundle| &bundle.pipelines);
    pipelines.map(|pipeline| (pipeline.name.clone(), pipeline.objects.len())).collect()
}

/// Each table's bundle, gateway and pipeline.
fn places(layout: &Layout) -> BTreeMap<String, (String, Option<String>, String)> {
    let mut places = BTreeMap::new();
    for bundle in &layout.bundles {
        for pipeline in &bundle.pipelines {
            for object in &pipeline.objects {
                let place = (bundle.name.clone(), pipeline.gateway.clone(), pipeline.name.clone());
                assert_eq!(places.insert(object.destination.key(), place), None, "placed twice");
            }
        }
    }
    places
}

#[test]
fn applications_fill_pipelines() {
    let placed = place_with(
        vec![group("salesforce", "crm", &names(0..600))],
        Limits::default(),
        Placement::Fill,
        &Lock::default(),
    );
    let expected = [("crm_01_p01".into(), 250), ("crm_01_p02".into(), 250), ("crm_01_p03".into(), 100)];
    assert_eq!(shape(&placed.layout), expected);
    assert!(placed.layout.bundles[0].gateways.is_empty());
}

#[test]
fn databases_fill_gateways_then_pipelines() {
    let layout = place_with(
        vec![group("sql_server", "erp", &names(0..7))],
        limits(2, 5, 5000),
        Placement::Fill,
        &Lock::default(),
    )
    .layout;
    assert_eq!(
        shape(&layout),
        [
            ("erp_01_g01_p01".into(), 2),
            ("erp_01_g01_p02".into(), 2),
            ("erp_01_g01_p03".into(), 1),
            ("erp_01_g02_p01".into(), 2)
        ]
    );
    let gateways: Vec<&str> =
        layout.bundles[0].gateways.iter().map(|gateway| gateway.name.as_str()).collect();
    assert_eq!(gateways, ["erp_01_g01", "erp_01_g02"]);
}

#[test]
fn rows_of_several_tables_stay_whole() {
    let mut web = group("google_analytics", "web", &names(0..900));
    for (index, table) in (0..).zip(&mut web.tables) {
        table.row = index / 3;
    }
    // 83 rows of three tables are 249: one more row would be more than the service recommends.
    let lock = Lock::default();
    let layout = place_with(vec![web.clone()], Limits::default(), Placement::Fill, &lock).layout;
    assert_eq!(shape(&layout)[0], ("web_01_p01".into(), 249));
    let layout = place_with(vec![web], limits(4, 4, 5000), Placement::Fill, &lock).layout;
    assert_eq!(shape(&layout)[0], ("web_01_p01".into(), 12));
}

#[test]
fn names_do_not_depend_on_the_order_of_groups() {
    let groups = || vec![group("sql_server", "b", &names(0..3)), group("salesforce", "a", &names(3..6))];
    let place = |groups| place_with(groups, Limits::default(), Placement::Fill, &Lock::default()).layout;
    assert_eq!(place(groups()), place(groups().into_iter().rev().collect()));
}

#[test]
fn the_hundredth_pipeline_stands_behind_the_ninety_ninth() {
    let groups = vec![group("salesforce", "crm", &names(0..101))];
    let layout = place_with(groups, limits(1, 1, 5000), Placement::Fill, &Lock::default()).layout;
    let names = shape(&layout);
    assert_eq!(names[98].0, "crm_01_p99");
    assert_eq!(names[99].0, "crm_01_p100");
}

#[test]
fn new_tables_fill_the_gaps_before_they_open_a_pipeline() {
    let first = place_with(
        vec![group("salesforce", "crm", &names(0..6))],
        limits(3, 3, 5000),
        Placement::Fill,
        &Lock::default(),
    );
    let lock = Lock::default().after(&first.layout).lock;
    // t1 is gone; t10 takes its room, t11 opens a pipeline.
    let rows = [11, 10, 5, 4, 3, 2, 0];
    let second = place_with(
        vec![group("salesforce", "crm", &names(rows))],
        limits(3, 3, 5000),
        Placement::Fill,
        &lock,
    );
    let lies = |name: &str| places(&second.layout)[&format!("main.bronze.{name}")].2.clone();
    assert_eq!((lies("t11"), lies("t10")), ("crm_01_p01".into(), "crm_01_p03".into()));
    assert_eq!(second.tally.new, 2);
    let update = lock.after(&second.layout);
    assert_eq!((update.added, update.gone), (2, 1));
    // It comes back to its place, past the limit.
    let third = place_with(
        vec![group("salesforce", "crm", &names([1, 11, 10, 5, 4, 3, 2, 0]))],
        limits(3, 3, 5000),
        Placement::Fill,
        &update.lock,
    );
    assert_eq!(places(&third.layout)["main.bronze.t1"].2, "crm_01_p01");
    assert_eq!((third.tally.back, third.tally.new), (1, 0));
    assert_eq!(shape(&third.layout)[0].1, 4);
}

#[test]
fn a_pipeline_that_lost_all_its_tables_is_filled_again() {
    let rules = limits(3, 6, 5000);
    let place_names = |numbers: std::ops::Range<u32>, lock: &Lock| {
        let placed =
            place_with(vec![group("sql_server", "erp", &names(numbers))], rules, Placement::Fill, lock);
        (shape(&placed.layout), lock.after(&placed.layout).lock)
    };
    let (first, lock) = place_names(0..7, &Lock::default());
    // All other destinations: what is there is used again, not deleted and made anew under the next number.
    let (second, _) = place_names(10..17, &lock);
    assert_eq!(first, second);
    let (third, _) = place_names(20..22, &lock);
    assert_eq!(third, [("erp_01_g01_p01".to_owned(), 2)]);
}

#[test]
fn what_no_longer_fits_is_told_with_both_places() {
    let first = place_with(
        vec![group("salesforce", "crm", &names(0..3))],
        Limits::default(),
        Placement::Fill,
        &Lock::default(),
    );
    let lock = Lock::default().after(&first.layout).lock;
    let renamed = vec![group("salesforce", "sales", &names(0..3))];
    let placed = place_with(renamed, Limits::default(), Placement::Fill, &lock);
    let told: Vec<&str> = placed.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "main.bronze.t0 and 2 more lie in pipeline crm_01_p01 of bundle p, but the row belongs to group `sales_01` of project `p`"
        ]
    );
}

#[test]
fn large_projects_go_on_in_another_bundle() {
    let rules = limits(250, 250, 5000);
    let first = place_with(
        vec![group("sql_server", "erp", &names(0..12_000))],
        rules,
        Placement::Fill,
        &Lock::default(),
    );
    let sizes = |layout: &Layout| -> Vec<(String, usize)> {
        layout.bundles.iter().map(|bundle| (bundle.name.clone(), bundle.tables())).collect()
    };
    assert_eq!(sizes(&first.layout), [("p".into(), 5000), ("p_b02".into(), 5000), ("p_b03".into(), 2000)]);
    let lock = Lock::default().after(&first.layout).lock;
    let more = place_with(vec![group("sql_server", "erp", &names(0..15_001))], rules, Placement::Fill, &lock);
    let after = places(&more.layout);
    assert!(places(&first.layout).iter().all(|(key, place)| after[key] == *place));
    assert_eq!(sizes(&more.layout)[2..], [("p_b03".into(), 5000), ("p_b04".into(), 1)]);
    for limit in [100, 100_000] {
        let other = place_with(
            vec![group("sql_server", "erp", &names(0..12_000))],
            limits(250, 250, limit),
            Placement::Fill,
            &lock,
        );
        assert_eq!(other.layout, first.layout);
    }
}

#[test]
fn what_is_deployed_is_as_good_a_memory_as_the_lock() {
    let groups = || vec![group("salesforce", "crm", &names((0..600).rev()))];
    let first = place_with(
        vec![group("salesforce", "crm", &names(0..600))],
        Limits::default(),
        Placement::Fill,
        &Lock::default(),
    );
    let target = Target::named("prod");
    let mut deployed = Deployed { target: "prod".into(), ..Deployed::default() };
    for pipeline in &first.layout.bundles[0].pipelines {
        deployed.pipelines.push(DeployedPipeline {
            bundle: "p".into(),
            gateway: None,
            name: pipeline.name.clone(),
            home: None,
            tables: pipeline.objects.iter().map(|object| object.destination.key()).collect(),
        });
    }
    // The lock lacks the last fifty.
    let mut lock = Lock::default().after(&first.layout).lock;
    lock.tables.retain(|key, _| !key.ends_with('7'));
    for lock in [&lock, &Lock::default()] {
        let (memory, findings) = Memory::of(lock, &[(&target, deployed.clone())], &groups());
        assert!(findings.is_empty());
        let rules =
            Rules { limits: Limits::default(), strategy: Placement::Fill, memory: &memory, place: &|_| None };
        let again = place(groups(), rules);
        assert_eq!(again.tally.new, 0);
        let objects = |layout: &Layout| -> Vec<Vec<Object>> {
            layout.bundles[0].pipelines.iter().map(|pipeline| pipeline.objects.clone()).collect()
        };
        assert_eq!(objects(&again.layout), objects(&first.layout));
    }
    // Another place in the lock is told, not followed.
    lock = Lock::default().after(&first.layout).lock;
    lock.tables.get_mut("main.bronze.t3").unwrap().slot.pipeline = "crm_01_p02".into();
    let (_, findings) = Memory::of(&lock, &[(&target, deployed)], &groups());
    let told: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "the lock has main.bronze.t3 in pipeline crm_01_p02 of bundle p, target `prod` in pipeline crm_01_p01 of bundle p"
        ]
    );
}

/// One edit of a table list, in any order of rows.
#[derive(Clone, Debug)]
enum Edit {
    Insert(u32),
    Remove(usize),
    Shuffle(u64),
    Limits(usize, usize, usize),
    Strategy(Placement),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (1_u32..30).prop_map(Edit::Insert),
        2 => (0_usize..40).prop_map(Edit::Remove),
        2 => any::<u64>().prop_map(Edit::Shuffle),
        1 => (1_usize..9, 1_usize..20, 1_usize..60).prop_map(|(p, g, b)| Edit::Limits(p, g, b)),
        1 => prop_oneof![Just(Placement::Fill), Just(Placement::Even), Just(Placement::Weighted)].prop_map(Edit::Strategy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_history_of_edits_moves_a_placed_table(
        edits in proptest::collection::vec(edit(), 1..24),
        with_gateways in any::<bool>(),
    ) {
        let connector = if with_gateways { "sql_server" } else { "salesforce" };
        let mut rows: Vec<u32> = Vec::new();
        let mut next = 0;
        let (mut limits, mut strategy) = (limits(4, 10, 30), Placement::Fill);
        let mut lock = Lock::default();
        let mut before = Layout::default();
        let mut ever: BTreeMap<String, (String, Option<String>, String)> = BTreeMap::new();
        for edit in edits {
            match edit {
                Edit::Insert(count) => {
                    // At the top, where the predecessor moves everything.
                    rows.splice(0..0, next..next + count);
                    next += count;
                }
                Edit::Remove(count) => { let count = count.min(rows.len()); rows.drain(..count); }
                Edit::Shuffle(seed) => fastrand::Rng::with_seed(seed).shuffle(&mut rows),
                Edit::Limits(p, g, b) => limits = super::tests::limits(p, g, b),
                Edit::Strategy(other) => strategy = other,
            }
            let mut groups = Vec::new();
            for prefix in ["a", "b"] {
                let own: Vec<u32> = rows.iter().copied().filter(|row| (row % 3 == 0) == (prefix == "a")).collect();
                let mut group = group(connector, prefix, &names(own.iter().copied()));
                for (table, number) in group.tables.iter_mut().zip(own) {
                    table.weight = u64::from(number * number % 97);
                }
                if !group.tables.is_empty() {
                    groups.push(group);
                }
            }
            let placed = place_with(groups, limits, strategy, &lock);
            prop_assert!(placed.findings.is_empty());
            let now = places(&placed.layout);
            prop_assert_eq!(now.len(), rows.len());
            for (key, place) in &now {
                if let Some(old) = ever.get(key) {
                    prop_assert_eq!(old, place);
                }
            }
            let size = |layout: &Layout, name: &str| shape(layout).into_iter().find(|(other, _)| other == name).map_or(0, |(_, size)| size);
            for (name, tables) in shape(&placed.layout) {
                // Tables that came back go past the limit; new ones never do.
                let returned = now.iter().filter(|(key, place)| place.2 == name && ever.contains_key(*key)).count();
                prop_assert!(tables <= limits.tables_per_pipeline.get().max(returned).max(size(&before, &name)), "{} holds {}", name, tables);
            }
            // A name belongs to one group for good.
            for bundle in &placed.layout.bundles {
                for pipeline in &bundle.pipelines {
                    let of_group = format!("{}_01_", pipeline.prefix);
                    prop_assert!(pipeline.name.starts_with(&of_group));
                }
            }
            ever.extend(now);
            lock = lock.after(&placed.layout).lock;
            before = placed.layout;
            // The lock as text remembers as much.
            let text = lock.render();
            prop_assert_eq!(&Lock::parse(&text, "tapworks.lock").unwrap(), &lock);
        }
    }
}
