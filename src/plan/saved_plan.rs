//! A plan in a file: what was planned, and what it was made from. It is carried out only while all of that still holds.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bundle_plan::BundlePlan;
use super::plan_error::PlanError;
use crate::digest::Digest;
use crate::finding::{Finding, Place};
use crate::settings::Flags;

/// The format, and its version.
const FORMAT: &str = "tapworks.saved-plan/1";

/// A plan of one target.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedPlan {
    format: String,
    /// The tapworks that made it.
    pub tapworks: String,
    /// The target.
    pub target: String,
    /// Its workspace.
    pub host: String,
    /// The user name of whoever planned: what the CLI planned names them.
    pub identity: String,
    /// The databricks CLI whose plans these are.
    pub cli_version: String,
    /// What the command line said about settings, so that it need not be said again.
    pub flags: Flags,
    /// What it was made from.
    pub inputs: Inputs,
    /// One for each bundle.
    pub bundles: Vec<SavedBundle>,
}

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Where the rows came from.
    pub source: SavedSource,
    /// The rows.
    pub rows: Digest,
    /// The settings file, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Digest>,
    /// The lock as it was read, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
}

/// Where rows came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SavedSource {
    /// A table of Unity Catalog.
    Table {
        /// Three-part name.
        table: String,
        /// Of its Delta history; absent where it could not be pinned.
        version: Option<i64>,
        /// The workspace that holds it.
        host: String,
    },
    /// A file.
    File {
        /// As it was named.
        file: String,
    },
}

/// The plan of one bundle.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedBundle {
    /// The bundle.
    pub bundle: String,
    /// Its package.
    pub package: Digest,
    /// Where its state lies in the workspace.
    pub state_path: String,
    /// What the CLI printed, byte by byte; absent where the bundle was as the last deploy left it, and no CLI was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Box<RawValue>>,
}

/// A file that is no saved plan.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    /// Not such a document.
    #[error("it is not a plan that `tapworks plan --out` wrote: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Of another version.
    #[error("its format is `{0}`, and this tapworks reads `{FORMAT}`; plan anew")]
    Format(String),
    /// The CLI's part of it.
    #[error("the plan of bundle `{bundle}` in it cannot be read: {error}")]
    Plan {
        /// The bundle.
        bundle: String,
        /// Why.
        error: PlanError,
    },
}

/// Where things stand now, to be held against a plan.
#[derive(Clone, Debug)]
pub struct Present<'a> {
    /// The target's workspace.
    pub host: &'a str,
    /// The user name of whoever deploys.
    pub identity: &'a str,
    /// The databricks CLI.
    pub cli_version: &'a str,
    /// What a plan would be made from.
    pub inputs: &'a Inputs,
    /// The bundles.
    pub bundles: &'a [PresentBundle<'a>],
}

/// A bundle as it would be planned now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentBundle<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its package.
    pub package: Digest,
    /// Where its state lies in the workspace.
    pub state_path: &'a str,
}

/// The state of a bundle in the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentState<'a> {
    /// Which deployment.
    pub lineage: &'a str,
    /// Which version of it.
    pub serial: u64,
}

impl SavedPlan {
    /// A plan that was just made.
    #[must_use]
    pub fn new(
        target: &str,
        host: &str,
        identity: &str,
        cli_version: &str,
        flags: Flags,
        inputs: Inputs,
        bundles: Vec<SavedBundle>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            tapworks: env!("CARGO_PKG_VERSION").to_owned(),
            target: target.to_owned(),
            host: host.to_owned(),
            identity: identity.to_owned(),
            cli_version: cli_version.to_owned(),
            flags,
            inputs,
            bundles,
        }
    }

    /// Reads what [`SavedPlan::to_text`] wrote.
    ///
    /// # Errors
    /// Where it is not such a document, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Self, SavedPlanError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let Head { format } = serde_json::from_slice(bytes)?;
        if format != FORMAT {
            return Err(SavedPlanError::Format(format));
        }
        let plan: Self = serde_json::from_slice(bytes)?;
        for bundle in &plan.bundles {
            bundle.read().map_err(|error| SavedPlanError::Plan { bundle: bundle.bundle.clone(), error })?;
        }
        Ok(plan)
    }

    /// As the file holds it.
    ///
    /// # Errors
    /// Never, for all in it is text.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// The plan of this bundle.
    #[must_use]
    pub fn bundle(&self, name: &str) -> Option<&SavedBundle> {
        self.bundles.iter().find(|bundle| bundle.bundle == name)
    }

    /// What has moved on since, one finding each.
    #[must_use]
    pub fn stale(&self, now: &Present<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut moved = |what: String| found.push(self.finding(what));
        if self.host != now.host {
            moved(format!("target `{}` was {} and is {}", self.target, self.host, now.host));
        }
        if self.identity != now.identity {
            let (then, now) = (&self.identity, now.identity);
            moved(format!("it was planned as {then}, and this is {now}"));
        }
        if self.cli_version != now.cli_version {
            moved(format!("the databricks CLI was {} and is {}", self.cli_version, now.cli_version));
        }
        let (then, inputs) = (&self.inputs, now.inputs);
        if then.source.place() != inputs.source.place() {
            moved(format!("the rows were read from {} and now from {}", then.source, inputs.source));
        } else if then.rows != inputs.rows {
            moved(format!("the rows of {} are not those that were planned", inputs.source));
        }
        if then.settings != inputs.settings {
            moved(format!("the settings file {}", became(then.settings.as_ref(), inputs.settings.as_ref())));
        }
        if then.lock != inputs.lock {
            moved(format!("the lock {}", became(then.lock.as_ref(), inputs.lock.as_ref())));
        }
        if !found.is_empty() {
            // Packages are made from these: that they differ too says nothing new.
            return found;
        }
        for bundle in &self.bundles {
            match now.bundles.iter().find(|present| present.name == bundle.bundle) {
                Some(present) if present.state_path != bundle.state_path => {
                    let (then, now) = (&bundle.state_path, present.state_path);
                    let other = format!("the state of `{}` was in {then} and is in {now}", bundle.bundle);
                    found.push(self.finding(other));
                }
                Some(present) if present.package == bundle.package => {}
                Some(_) => {
                    let other = format!("the package of `{}` is not the one that was planned", bundle.bundle);
                    let now = env!("CARGO_PKG_VERSION");
                    found.push(self.finding(match self.tapworks == now {
                        true => other,
                        false => format!("{other}: tapworks was {} and is {now}", self.tapworks),
                    }));
                }
                None => found.push(self.finding(format!("bundle `{}` is no longer there", bundle.bundle))),
            }
        }
        let is_new = |name: &str| self.bundle(name).is_none();
        for PresentBundle { name, .. } in now.bundles.iter().filter(|bundle| is_new(bundle.name)) {
            found.push(self.finding(format!("bundle `{name}` is not in the plan")));
        }
        found
    }

    /// Whether a bundle was deployed by somebody else since, or removed. A plan from before the first deploy holds while
    /// there is no state: the CLI would apply it at any time, and create everything a second time.
    #[must_use]
    pub fn stale_state(&self, bundle: &str, state: Option<PresentState<'_>>) -> Option<Finding> {
        let plan = self.bundle(bundle)?.read().ok()??;
        let moved = match (&plan.lineage, state) {
            (None, None) => return None,
            (None, Some(_)) => "was not deployed yet, and now it is".to_owned(),
            (Some(_), None) => "was deployed, and now there is no state of it".to_owned(),
            (Some(lineage), Some(state)) if lineage != state.lineage => {
                format!("was removed and deployed anew: lineage {lineage} became {}", state.lineage)
            }
            // A state on this machine that could not be saved to the workspace is newer than the one there: the deploy
            // brings it home.
            (Some(_), Some(state)) => match plan.serial.unwrap_or(0) {
                serial if serial >= state.serial => return None,
                serial => format!("was deployed in between: serial {serial} became {}", state.serial),
            },
        };
        Some(
            self.finding(format!("bundle `{bundle}` {moved}"))
                .at(Place::Resource { key: format!("bundle {bundle}") }),
        )
    }

    fn finding(&self, what: String) -> Finding {
        Finding::error("TW420", what)
            .for_target(&self.target)
            .why("the plan was made for things as they were, and does exactly that")
            .fix("plan anew: tapworks plan --out FILE")
    }
}

fn became(then: Option<&Digest>, now: Option<&Digest>) -> &'static str {
    match (then, now) {
        (None, Some(_)) => "was not there and now is",
        (Some(_), None) => "is no longer there",
        _ => "was changed",
    }
}

impl SavedSource {
    /// Where it is, whatever its version.
    fn place(&self) -> (&str, &str) {
        match self {
            Self::Table { table, host, .. } => (table, host),
            Self::File { file } => (file, ""),
        }
    }
}

impl std::fmt::Display for SavedSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Table { table, version: Some(version), host } => {
                write!(formatter, "{table} @ v{version} ({host})")
            }
            Self::Table { table, version: None, host } => write!(formatter, "{table} ({host})"),
            Self::File { file } => formatter.write_str(file),
        }
    }
}

impl SavedBundle {
    /// Of a package and what the CLI printed for it.
    ///
    /// # Errors
    /// Where that is no JSON.
    pub fn new(bundle: &PresentBundle<'_>, printed: Option<&[u8]>) -> Result<Self, PlanError> {
        let text = printed.map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
        let plan = text.map(RawValue::from_string).transpose()?;
        let PresentBundle { name, package, state_path } = *bundle;
        Ok(Self { bundle: name.to_owned(), package, state_path: state_path.to_owned(), plan })
    }

    /// What the CLI planned; nothing where it was not asked.
    ///
    /// # Errors
    /// Where it is no plan.
    pub fn read(&self) -> Result<Option<BundlePlan>, PlanError> {
        self.plan.as_ref().map(|plan| BundlePlan::parse(plan.get().as_bytes())).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"plan_version": 2,
  "lineage": "a", "serial": 3, "plan": {"resources.jobs.j": {"action": "create", "new_state": {"value": {"x": 1.50}}}}}"#;

    fn inputs() -> Inputs {
        let source = SavedSource::Table {
            table: "main.cfg.tables".into(),
            version: Some(7),
            host: "https://a".into(),
        };
        Inputs { source, rows: Digest::of(b"rows"), settings: Some(Digest::of(b"settings")), lock: None }
    }

    fn saved(plan: &str) -> SavedPlan {
        let flags = Flags { source: Some("main.cfg.tables".into()), ..Flags::default() };
        let bundle = present("retail", Digest::of(b"package"));
        let bundle = SavedBundle::new(&bundle, Some(plan.as_bytes())).unwrap();
        SavedPlan::new("prod", "https://a", "ana@x", "1.14.0", flags, inputs(), vec![bundle])
    }

    fn present(name: &str, package: Digest) -> PresentBundle<'_> {
        PresentBundle { name, package, state_path: "/ana/state" }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_the_cli_plan_byte_by_byte() {
        let text = saved(PLAN).to_text().unwrap();
        let read = SavedPlan::parse(text.as_bytes()).unwrap();
        assert_eq!(read.to_text().unwrap(), text);
        assert_eq!(read.bundles[0].plan.as_ref().unwrap().get(), PLAN);
        assert_eq!(read.flags.source.as_deref(), Some("main.cfg.tables"));
        assert_eq!((read.target.as_str(), read.inputs), ("prod", inputs()));
    }

    #[test]
    fn other_files_are_refused() {
        let other = saved(PLAN).to_text().unwrap().replace("saved-plan/1", "saved-plan/2");
        let error = SavedPlan::parse(other.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("tapworks.saved-plan/2"), "{error}");
        for text in ["", "{}", "PK\u{3}", "[]", PLAN] {
            assert!(SavedPlan::parse(text.as_bytes()).is_err(), "{text}");
        }
        let broken = saved(PLAN).to_text().unwrap().replace("\"create\"", "\"crate\"");
        let error = SavedPlan::parse(broken.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("the plan of bundle `retail` in it cannot be read"), "{error}");
    }

    #[test]
    fn each_thing_that_moved_on_is_named() {
        let plan = saved(PLAN);
        let package = Digest::of(b"package");
        let told = |host: &str, cli_version: &str, inputs: &Inputs, packages: &[(&str, Digest)]| {
            let bundles: Vec<_> = packages.iter().map(|(name, package)| present(name, *package)).collect();
            let now = Present { host, identity: "ana@x", cli_version, inputs, bundles: &bundles };
            plan.stale(&now).into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        let same = [("retail", package)];
        assert_eq!(told("https://a", "1.14.0", &inputs(), &same), Vec::<String>::new());
        let other = Inputs {
            rows: Digest::of(b"other"),
            settings: None,
            lock: Some(Digest::of(b"lock")),
            ..inputs()
        };
        assert_eq!(
            told("https://b", "1.15.0", &other, &[("retail", Digest::of(b"other"))]),
            [
                "target `prod` was https://a and is https://b",
                "the databricks CLI was 1.14.0 and is 1.15.0",
                "the rows of main.cfg.tables @ v7 (https://a) are not those that were planned",
                "the settings file is no longer there",
                "the lock was not there and now is",
            ]
        );
        let elsewhere = Inputs { source: SavedSource::File { file: "tables.csv".into() }, ..inputs() };
        assert_eq!(
            told("https://a", "1.14.0", &elsewhere, &same),
            ["the rows were read from main.cfg.tables @ v7 (https://a) and now from tables.csv"]
        );
        assert_eq!(
            told("https://a", "1.14.0", &inputs(), &[("retail", Digest::of(b"other")), ("new", package)]),
            ["the package of `retail` is not the one that was planned", "bundle `new` is not in the plan"]
        );
        assert_eq!(told("https://a", "1.14.0", &inputs(), &[]), ["bundle `retail` is no longer there"]);
        let earlier = SavedPlan { tapworks: "0.0.9".to_owned(), ..plan };
        let other = [present("retail", Digest::of(b"other"))];
        let (inputs, host) = (inputs(), "https://a");
        let now =
            Present { host, identity: "ana@x", cli_version: "1.14.0", inputs: &inputs, bundles: &other };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            earlier.stale(&now)[0].what,
            format!(
                "the package of `retail` is not the one that was planned: tapworks was 0.0.9 and is {version}"
            )
        );
    }

    #[test]
    fn another_user_and_another_state_are_named() {
        let plan = saved(PLAN);
        let inputs = inputs();
        let told = |identity: &str, state_path: &str| {
            let bundles = [PresentBundle { state_path, ..present("retail", Digest::of(b"package")) }];
            let (host, cli_version) = ("https://a", "1.14.0");
            let now = Present { host, identity, cli_version, inputs: &inputs, bundles: &bundles };
            plan.stale(&now).into_iter().map(|finding| finding.what).collect::<Vec<_>>()
        };
        assert_eq!(told("ana@x", "/ana/state"), Vec::<String>::new());
        assert_eq!(told("bob@x", "/bob/state"), ["it was planned as ana@x, and this is bob@x"]);
        assert_eq!(told("bob@x", "/ana/state"), ["it was planned as ana@x, and this is bob@x"]);
        let other = "the state of `retail` was in /ana/state and is in /bob/state";
        assert_eq!(told("ana@x", "/bob/state"), [other]);
    }

    #[test]
    fn a_state_that_moved_on_is_named() {
        let state = |lineage, serial| Some(PresentState { lineage, serial });
        let told = |plan: &SavedPlan, state| plan.stale_state("retail", state).map(|finding| finding.what);
        let later = saved(PLAN);
        assert_eq!(told(&later, state("a", 3)), None);
        assert_eq!(told(&later, state("a", 2)), None, "what could not be saved is brought home");
        assert_eq!(
            told(&later, state("a", 4)).unwrap(),
            "bundle `retail` was deployed in between: serial 3 became 4"
        );
        assert_eq!(
            told(&later, state("b", 3)).unwrap(),
            "bundle `retail` was removed and deployed anew: lineage a became b"
        );
        assert_eq!(
            told(&later, None).unwrap(),
            "bundle `retail` was deployed, and now there is no state of it"
        );
        let first = saved(r#"{"plan_version": 2, "plan": {}}"#);
        assert_eq!(told(&first, None), None);
        assert_eq!(
            told(&first, state("a", 1)).unwrap(),
            "bundle `retail` was not deployed yet, and now it is"
        );
    }
}
