//! A deploy of two projects to two targets that is killed where a test says, and the world that it is to leave in the end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;
use tapworks_mocks::workspace::{Fault, MockWorkspace};

use crate::context::{Context, Said};
use crate::processes;

/// Until a run that hangs fails its test.
const NEVER: Duration = Duration::from_secs(60);

pub(crate) const DEPLOY: &[&str] = &["deploy", "--target", "qa,prod", "--jobs", "1", "-o", "json"];

/// The bundles of the run in their order: target, what stands before its names, project and prefix of names.
pub(crate) const BUNDLES: [[&str; 4]; 4] = [
    ["qa", "qa ", "buying", "vendors"],
    ["qa", "qa ", "retail", "sales"],
    ["prod", "", "buying", "vendors"],
    ["prod", "", "retail", "sales"],
];

/// A request of a bundle before which, or at which, everything is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// The CLI takes the lock.
    Lock,
    /// The gateway is made.
    Gateway,
    /// The pipeline behind it is made.
    Pipeline,
    /// The job is made.
    Job,
    /// The CLI saves its state.
    State,
    /// The CLI says which bundle lies there.
    Metadata,
    /// The CLI gives the lock back.
    Unlock,
    /// tapworks leaves its record.
    Record,
}

impl Moment {
    pub(crate) const ALL: [Self; 8] = [
        Self::Lock,
        Self::Gateway,
        Self::Pipeline,
        Self::Job,
        Self::State,
        Self::Metadata,
        Self::Unlock,
        Self::Record,
    ];

    /// Method, path and a part of the body.
    fn request(self, [target, names, project, prefix]: [&str; 4]) -> (&'static str, String, String) {
        let file = |name| format!("/api/2.0/workspace-files/import-file/.*/{project}/{target}/state/{name}");
        let name = |suffix| format!("\"{names}{prefix}_01_g01{suffix}\"");
        match self {
            Self::Lock => ("POST", file("deploy.lock"), String::new()),
            Self::Gateway => ("POST", "/api/2.0/pipelines".to_owned(), name("")),
            Self::Pipeline => ("POST", "/api/2.0/pipelines".to_owned(), name("_p01")),
            Self::Job => ("POST", "/api/2../jobs/create".to_owned(), name("_p01")),
            Self::State => ("POST", file("resources.json"), String::new()),
            Self::Metadata => ("POST", file("metadata.json"), String::new()),
            Self::Unlock => (
                "POST",
                "/api/2.0/workspace/delete".to_owned(),
                format!("/{project}/{target}/state/deploy.lock"),
            ),
            Self::Record => ("POST", file("tapworks.json"), String::new()),
        }
    }
}

/// Two projects with a gateway, a pipeline and a job each, and two targets in one workspace.
pub(crate) struct Site {
    pub(crate) workspace: MockWorkspace,
    pub(crate) context: Context,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { workspace: MockWorkspace::start(), context: Context::new() };
        site.check_out(Context::new())
    }

    /// The same workspace, and a folder that holds nothing but what is kept in git.
    pub(crate) fn check_out(self, _: Context) -> Self {
        let Self { workspace, .. } = self;
        let context = Context::with(&workspace);
        workspace.world(|world| {
            world.catalog.add_catalog("bronze_qa");
        });
        let file = context.write("source/tables.csv", ROWS);
        workspace.world(|world| world.watch_csv("main.cfg.tables", &file)).unwrap();
        let host = workspace.url();
        let target = |name: &str, more: &str| {
            format!(
                "  {name}:\n    workspace_host: {host}\n    mode: production\n    root_path: /Workspace/Users/tester@example.com/${{bundle.name}}/${{bundle.target}}\n{more}"
            )
        };
        context.write(
            "tapworks.yml",
            &format!(
                "source: main.cfg.tables\ntargets:\n{}{}",
                target("qa", "    catalogs: {bronze: bronze_qa}\n    presets:\n      name_prefix: \"qa \"\n"),
                target("prod", "")
            ),
        );
        Self { workspace, context }
    }

    /// Deploys, and kills tapworks and every CLI at this request. It has no effect, unless it was `done`.
    pub(crate) fn killed_at(&self, moment: Moment, bundle: [&str; 4], done: bool) {
        self.killed_in(DEPLOY, moment, bundle, done);
    }

    /// The same in a run of other arguments.
    pub(crate) fn killed_in(&self, arguments: &[&str], moment: Moment, bundle: [&str; 4], done: bool) {
        let (method, path, containing) = moment.request(bundle);
        let fault = || Fault::on(method, &path).containing(&containing);
        self.workspace.fault(fault().delay(NEVER).always());
        if !done {
            self.workspace.fault(fault().status(503).always());
        }
        let path = regex(&path);
        let takes_lock = regex("/api/2.0/workspace-files/import-file/.*/state/deploy.lock");
        let locks = || self.journal().matches("\"line\":\"lock\"").count();
        let (seen, noted) = (self.workspace.requests().len(), locks());
        let mut run = self.start(arguments);
        self.until(&mut run, || {
            let requests = self.workspace.requests().split_off(seen);
            let asked = requests.iter().any(|request| {
                request.method == method
                    && path(&request.path)
                    && String::from_utf8_lossy(&request.body).contains(&containing)
            });
            // What it learned of its locks is written down by then, were the machine not so busy.
            let in_apply = moment > Moment::Lock && moment < Moment::Record;
            let posts =
                requests.iter().filter(|request| request.method == "POST" && takes_lock(&request.path));
            let taken: BTreeSet<&str> = posts.map(|request| request.path.as_str()).collect();
            asked && (!in_apply || locks() - noted >= taken.len())
        });
        self.power_off(&mut run);
        self.workspace.clear_faults();
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let file = |name: &str| std::fs::File::create(self.context.path(name)).unwrap();
        let mut command = self.context.command(arguments);
        command.stdout(file("stdout.log")).stderr(file("stderr.log")).spawn().unwrap()
    }

    /// Waits until something is so, while the run is under way.
    #[track_caller]
    pub(crate) fn until(&self, run: &mut Child, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            let ended = run.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before: {}", self.context.read("stderr.log"));
            assert!(began.elapsed() < NEVER, "it never came to that: {}", self.context.read("stderr.log"));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills the run with all that it started.
    pub(crate) fn power_off(&self, run: &mut Child) {
        run.kill().unwrap();
        run.wait().unwrap();
        processes::kill(&self.context.path(""));
        self.sweep();
    }

    /// What a killed process leaves among temporary files is the system's to remove.
    pub(crate) fn sweep(&self) {
        let temporary = self.context.path("temporary");
        std::fs::remove_dir_all(&temporary).unwrap();
        std::fs::create_dir(&temporary).unwrap();
    }

    /// The journal of the only run.
    pub(crate) fn journal(&self) -> String {
        let runs = self.context.path(".tapworks/runs");
        let names = std::fs::read_dir(runs).into_iter().flatten().flatten().map(|entry| entry.path());
        let journal = names.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
        journal.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    pub(crate) fn resume(&self) -> Said {
        self.context.run(&["deploy", "--resume", "last", "-o", "json"])
    }

    /// The writing requests since the log was cleared, as `METHOD path`.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.workspace.writes().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Says in which of its parts a picture differs from another.
    #[track_caller]
    pub(crate) fn is_like(&self, meant: &BTreeMap<String, Vec<String>>, about: &str) {
        for (part, here) in self.picture() {
            assert_eq!(Some(&here), meant.get(&part), "{about}: {part}");
        }
    }

    /// What the workspace holds, without what differs from one run to the next: ids by the names of what they stand for.
    pub(crate) fn picture(&self) -> BTreeMap<String, Vec<String>> {
        self.workspace.world(|world| {
            let mut names: Vec<(String, String)> = Vec::new();
            names.extend(
                world.pipelines.iter().map(|found| (found.id.clone(), format!("<pipeline {}>", found.name))),
            );
            names.extend(
                world.jobs.iter().map(|found| (found.id.to_string(), format!("<job {}>", found.name()))),
            );
            let named = |text: &str| {
                names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id.as_str(), name))
            };
            let pipelines = world
                .pipelines
                .iter()
                .map(|found| named(&format!("{} {}", found.name, Value::Object(found.spec.clone()))));
            let jobs =
                world.jobs.iter().map(|found| named(&Value::Object(found.settings.clone()).to_string()));
            let mut picture = BTreeMap::from([
                ("pipelines".to_owned(), sorted(pipelines.collect())),
                ("jobs".to_owned(), sorted(jobs.collect())),
                ("files".to_owned(), world.files.paths().map(str::to_owned).collect()),
            ]);
            for [target, _, project, _] in BUNDLES {
                let read = |name: &str| -> Value {
                    let bytes = world
                        .files
                        .read(&format!("/Users/tester@example.com/{project}/{target}/state/{name}"));
                    bytes.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
                };
                let state = read("resources.json");
                let record = read("tapworks.json");
                let metadata = read("metadata.json");
                let told = vec![
                    named(&state["state"].to_string()),
                    named(&record["resources"].to_string().replace(|c: char| c.is_ascii_hexdigit(), "")),
                    (record["serial"] == state["serial"] && record["lineage"] == state["lineage"])
                        .to_string(),
                    named(&metadata["config"]["resources"].to_string()),
                ];
                picture.insert(format!("{target}/{project}"), told);
            }
            picture
        })
    }
}

/// The world after a run that nobody disturbed.
pub(crate) fn undisturbed() -> BTreeMap<String, Vec<String>> {
    let site = Site::new();
    site.context.run(DEPLOY).exits(0);
    site.picture()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// A test of paths by the one expression that is used here: `.*`.
pub(crate) fn regex(pattern: &str) -> impl Fn(&str) -> bool {
    let parts: Vec<String> = pattern.split(".*").map(str::to_owned).collect();
    move |path| match parts.as_slice() {
        [whole] => {
            whole.len() == path.len() && whole.bytes().zip(path.bytes()).all(|(a, b)| a == b || a == b'.')
        }
        [first, last] => path.starts_with(first.as_str()) && path.ends_with(last.as_str()),
        _ => false,
    }
}

const ROWS: &str = "connector,project_name,prefix,source_database,source_schema,source_table_name,target_catalog,target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n\
    sql_server,retail,sales,erp,dbo,Orders,bronze,sales,orders,sqlserver_erp,bronze,staging\n\
    sql_server,retail,sales,erp,dbo,Items,bronze,sales,items,sqlserver_erp,bronze,staging\n\
    sql_server,buying,vendors,erp,dbo,Vendors,bronze,buying,vendors,sqlserver_erp,bronze,staging\n";
