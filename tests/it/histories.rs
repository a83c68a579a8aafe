//! Whatever is edited, in whatever order: a deploy without consent destroys nothing, and one with exactly the consents that the
//! refusal printed does exactly what the plan said.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value;
use tapworks_mocks::workspace::MockWorkspace;

use crate::context::{Context, Said};

/// One edit of the table list.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Insert(usize),
    RemoveFirst(usize),
    Reverse,
    /// How changes are kept, in one row: read again in place.
    History(usize),
    /// What is read, under the same destination: read again in place.
    Source(usize),
    /// Where the gateways of a group keep their storage: they are made again, with all behind them.
    Storage(usize),
    /// When the jobs of a group start.
    Schedule(usize),
    /// A group leaves, or is back.
    Group(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (1_usize..4).prop_map(Edit::Insert),
        2 => (1_usize..3).prop_map(Edit::RemoveFirst),
        1 => Just(Edit::Reverse),
        1 => (0_usize..9).prop_map(Edit::History),
        1 => (0_usize..9).prop_map(Edit::Source),
        1 => (0_usize..2).prop_map(Edit::Storage),
        1 => (0_usize..2).prop_map(Edit::Schedule),
        1 => (0_usize..2).prop_map(Edit::Group),
    ]
}

#[derive(Clone, Debug)]
struct Row {
    number: usize,
    source: String,
    history: bool,
}

struct List {
    rows: Vec<Row>,
    next: usize,
    storage: [usize; 2],
    schedule: [usize; 2],
    there: [bool; 2],
}

impl List {
    fn new() -> Self {
        let row = |number| Row { number, source: format!("T{number}"), history: false };
        Self { rows: (0..8).map(row).collect(), next: 8, storage: [0; 2], schedule: [0; 2], there: [true; 2] }
    }

    fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(count) => {
                for _ in 0..count {
                    let number = self.next;
                    self.rows.insert(0, Row { number, source: format!("T{number}"), history: false });
                    self.next += 1;
                }
            }
            Edit::RemoveFirst(count) => drop(self.rows.drain(..count.min(self.rows.len().saturating_sub(2)))),
            Edit::Reverse => self.rows.reverse(),
            Edit::History(row) => {
                let count = self.rows.len();
                let row = &mut self.rows[row % count];
                row.history = !row.history;
            }
            Edit::Source(row) => {
                let count = self.rows.len();
                self.rows[row % count].source.push('x');
            }
            Edit::Storage(group) => self.storage[group] += 1,
            Edit::Schedule(group) => self.schedule[group] += 1,
            // One of them stays: a list without rows is a mistake.
            Edit::Group(group) => self.there[group] = !self.there[group] || !self.there[1 - group],
        }
    }

    fn csv(&self) -> String {
        let mut text =
            "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                        target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema,scd_type,primary_keys,schedule\n"
                .to_owned();
        // A row of each group that never leaves.
        let fixed = [1_000, 1_001].map(|number| Row { number, source: format!("T{number}"), history: false });
        for row in fixed.iter().chain(&self.rows) {
            let group = row.number % 2;
            if self.there[group] {
                let (storage, hour) = (self.storage[group], self.schedule[group] % 24);
                let scd = if row.history { "SCD_TYPE_2" } else { "SCD_TYPE_1" };
                let _ = writeln!(
                    text,
                    "sql_server,retail,g{group},erp,dbo,{},bronze,sales,t{},erp,bronze,staging{storage},{scd},id,0 {hour} * * *",
                    row.source, row.number
                );
            }
        }
        text
    }
}

struct Site {
    workspace: MockWorkspace,
    context: Context,
}

impl Site {
    fn new() -> Self {
        let workspace = MockWorkspace::start();
        let context = Context::with(&workspace);
        let root = "/Workspace/Users/tester@example.com/.bundle/${bundle.name}/${bundle.target}";
        let settings = format!(
            "source: tables.csv\nmax_tables_per_pipeline: 4\ntargets:\n  prod:\n    workspace_host: {}\n    root_path: {root}\n",
            workspace.url()
        );
        context.write("tapworks.yml", &settings);
        Self { workspace, context }
    }

    fn run(&self, command: &str, more: &[String]) -> Said {
        self.workspace.clear_requests();
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        self.context.run(&[&[command, "--target", "prod", "-o", "json"], more.as_slice()].concat())
    }

    /// The id of each pipeline and gateway, by name.
    fn ids(&self) -> BTreeMap<String, String> {
        self.workspace.world(|world| {
            world.pipelines.iter().map(|pipeline| (pipeline.name.clone(), pipeline.id.clone())).collect()
        })
    }
}

fn planned(plan: &Value) -> [u64; 4] {
    ["create", "update", "recreate", "delete"]
        .map(|kind| plan["summary"]["resources"][kind].as_u64().unwrap())
}

fn done(deployed: &Value) -> [u64; 4] {
    let projects = deployed["targets"][0]["projects"].as_array().unwrap();
    ["created", "updated", "recreated", "deleted"]
        .map(|kind| projects.iter().map(|project| project["resources"][kind].as_u64().unwrap()).sum())
}

proptest! {
    // Each case is a dozen deploys of real processes.
    #![proptest_config(Config { cases: 5, max_shrink_iters: 8, ..Config::default() })]

    #[test]
    fn nothing_is_destroyed_without_its_consent(edits in proptest::collection::vec(edit(), 3..6)) {
        let site = Site::new();
        let mut list = List::new();
        site.context.write("tables.csv", &list.csv());
        site.run("deploy", &[]).exits(0);
        for edit in edits {
            list.apply(edit);
            site.context.write("tables.csv", &list.csv());
            let plan = site.run("plan", &[]).exits(0).json();
            prop_assert!(site.workspace.writes().is_empty());
            let before = site.ids();
            let said = site.run("deploy", &[]);
            let document = said.json();
            let needs: Vec<String> =
                document["needs_consent"].as_array().into_iter().flatten().map(|need| need.as_str().unwrap().to_owned()).collect();
            let after = site.ids();
            if needs.is_empty() {
                prop_assert_eq!(said.status, Some(0), "{:?}: {}", edit, said.stderr);
                for (name, id) in &before {
                    prop_assert_eq!(after.get(name), Some(id), "{:?}: {} is another, or gone", edit, name);
                }
                prop_assert_eq!(done(&document), planned(&plan), "{:?}", edit);
                continue;
            }
            prop_assert_eq!(said.status, Some(4), "{:?}: {}", edit, said.stderr);
            prop_assert_eq!(&after, &before);
            prop_assert!(site.workspace.writes().is_empty());
            let flags: Vec<String> = needs.iter().flat_map(|need| ["--allow".to_owned(), need.clone()]).collect();
            let said = site.run("deploy", &flags);
            prop_assert_eq!(said.status, Some(0), "{:?} with {:?}: {}", edit, flags, said.stderr);
            prop_assert_eq!(done(&said.json()), planned(&plan), "{:?}", edit);
            // What nobody named is as it was.
            let after = site.ids();
            for (name, id) in &before {
                let is_named = needs.iter().any(|need| need.ends_with(&format!("_{name}")));
                prop_assert!(is_named || after.get(name) == Some(id), "{:?}: {} without consent", edit, name);
            }
        }
    }
}
