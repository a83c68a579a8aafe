//! One value for every setting, from flags, environment, file and defaults.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::assignments::Assignments;
use super::file::{self, SettingsFile};
use super::limits::Limits;
use super::reader::{Document, KeySpec, Kind, Reader, bad_count};
use super::target::{Target, TargetError, is_target_name};
use super::{Flags, Placement, SettingsError, Skip, SourceSetting, profiles};
use crate::closest::{closest, did_you_mean};
use crate::digest::Digest;
use crate::environment::Environment;
use crate::finding::{Finding, Findings, Place};
use crate::source::SourceSpec;
use crate::yaml::{Data, Node};

/// The versions of the databricks CLI that a bundle takes where the settings do not say.
const DATABRICKS_CLI_VERSION: &str = ">= 1.13.0";

/// Every setting, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The settings file, where there is one.
    pub file: Option<PathBuf>,
    /// Where the rows come from.
    pub source: Option<SourceSetting>,
    /// The delimiter of CSV, where it is not to be found.
    pub delimiter: Option<u8>,
    /// The connector of rows that name none.
    pub connector: Option<String>,
    /// The project of rows that name none.
    pub project: Option<String>,
    /// The folder of the packages.
    pub output_dir: PathBuf,
    /// The lock that a flag, the environment or the file names; absent where it lies at its usual place.
    pub lock: Option<PathBuf>,
    /// The lock that a flag or the environment names; it goes before that of a target.
    pub named_lock: Option<PathBuf>,
    /// The SQL warehouse that a flag or the environment names; it goes before that of a target.
    pub warehouse_id: Option<String>,
    /// The SQL warehouse of the file, behind that of a target.
    pub file_warehouse_id: Option<String>,
    /// The profile that a flag names; it goes before that of a target.
    pub profile: Option<String>,
    /// The target of commands that name none.
    pub default_target: Option<String>,
    /// The targets that flags or the environment name, in order.
    pub selected: Vec<String>,
    /// How many tables may stand together.
    pub limits: Limits,
    /// How tables are spread over pipelines the first time.
    pub placement: Placement,
    /// The time zone of schedules that name none.
    pub timezone: Option<(String, Place)>,
    /// The versions of the databricks CLI that a bundle takes.
    pub databricks_cli_version: String,
    /// Rules that are left out.
    pub skip: Vec<Skip>,
    /// By name, in order.
    pub targets: IndexMap<String, Target>,
    /// Values of blank cells.
    pub defaults: Assignments,
    /// Values that replace those of the rows.
    pub overrides: Assignments,
    /// Whether the settings name targets at all.
    has_targets: bool,
    /// Profiles of the Databricks configuration file, looked at only where there are no targets.
    profiles: BTreeMap<String, Option<String>>,
    /// `DATABRICKS_HOST`.
    environment_host: Option<String>,
    host: Option<String>,
}

pub(super) const SETTINGS_KEYS: &[KeySpec] = &[
    KeySpec {
        name: "source",
        kind: Kind::Source,
        doc: "Where the rows come from: a path, or a table and whose workspace holds it",
    },
    KeySpec { name: "connector", kind: Kind::Text, doc: "Connector of rows that name none" },
    KeySpec { name: "project", kind: Kind::Text, doc: "Project of rows that name none" },
    KeySpec { name: "targets", kind: Kind::Targets, doc: "The workspaces to deploy to, by name" },
    KeySpec { name: "default_target", kind: Kind::Text, doc: "Target of commands that name none" },
    KeySpec {
        name: "default_values",
        kind: Kind::Assignments,
        doc: "Values of blank cells: by column, or by group key and column",
    },
    KeySpec {
        name: "override_input_config",
        kind: Kind::Assignments,
        doc: "Values that replace those of the rows: by column, or by group key and column",
    },
    KeySpec {
        name: "max_tables_per_pipeline",
        kind: Kind::Count,
        doc: "How many tables a pipeline may hold; 250 where it is not said",
    },
    KeySpec {
        name: "max_tables_per_gateway",
        kind: Kind::Count,
        doc: "How many tables a gateway may serve; 250 where it is not said",
    },
    KeySpec {
        name: "max_tables_per_bundle",
        kind: Kind::Count,
        doc: "How many tables a project holds before it gets a second bundle; 5000 where it is not said",
    },
    KeySpec {
        name: "placement",
        kind: Kind::Placement,
        doc: "How tables are spread over pipelines the first time",
    },
    KeySpec {
        name: "timezone",
        kind: Kind::Text,
        doc: "Time zone of schedules that name none, as Europe/Berlin; UTC where it is not said",
    },
    KeySpec { name: "output_dir", kind: Kind::Text, doc: "Folder of the bundle packages" },
    KeySpec { name: "lock", kind: Kind::Text, doc: "The lock file" },
    KeySpec { name: "warehouse_id", kind: Kind::Text, doc: "SQL warehouse for reading a source table" },
    KeySpec {
        name: "databricks_cli_version",
        kind: Kind::Text,
        doc: "Versions of the databricks CLI that the bundle takes; >= 1.13.0 where it is not said",
    },
    KeySpec {
        name: "skip",
        kind: Kind::Skips,
        doc: "Rules that check and deploy leave out, each with a reason and maybe a last day",
    },
];

/// What the file says, before flags and environment.
#[derive(Default)]
struct Raw {
    source: Option<SourceSetting>,
    connector: Option<String>,
    project: Option<String>,
    targets: Option<IndexMap<String, Target>>,
    default_target: Option<(String, Place)>,
    defaults: Assignments,
    overrides: Assignments,
    tables_per_pipeline: Option<NonZeroUsize>,
    tables_per_gateway: Option<NonZeroUsize>,
    tables_per_bundle: Option<NonZeroUsize>,
    placement: Option<Placement>,
    timezone: Option<(String, Place)>,
    output_dir: Option<PathBuf>,
    lock: Option<PathBuf>,
    warehouse_id: Option<String>,
    databricks_cli_version: Option<String>,
    skip: Vec<Skip>,
}

impl Settings {
    /// The fingerprint of every setting as it takes effect, wherever its file lies.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let anywhere = Self { file: None, ..self.clone() };
        Digest::of(format!("{anywhere:?}").as_bytes())
    }

    /// Reads the settings file and resolves every setting: flag before environment, before target, before file, before
    /// default.
    pub fn resolve(flags: Flags, environment: &Environment) -> Result<(Self, Findings), SettingsError> {
        let mut findings = Findings::new();
        let file = file::find(flags.config.as_deref(), environment)?;
        let mut raw = match &file {
            Some(file) => Raw::read(file, &mut findings),
            None => Raw::default(),
        };
        raw.inline(&flags, &mut findings)?;
        let settings = Self::of(raw, file.map(|file| file.path), flags, environment, &mut findings)?;
        Ok((settings, findings))
    }

    fn of(
        raw: Raw,
        file: Option<PathBuf>,
        flags: Flags,
        environment: &Environment,
        findings: &mut Findings,
    ) -> Result<Self, SettingsError> {
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let variable = |name: &str| environment.variable(name).map(str::to_owned);
        let source = source_of(flags.source, environment)?;
        let delimiter = flags
            .delimiter
            .as_deref()
            .map(|text| {
                crate::source::ReadOptions::delimiter(text).map_err(|error| SettingsError::Flag {
                    flag: "--delimiter".to_owned(),
                    message: error.to_string(),
                })
            })
            .transpose()?;
        let mut limits = Limits::default();
        let mut limit =
            |flag: Option<i64>, name: &'static str, variable: &str, file: Option<NonZeroUsize>| {
                let given = flag.map(|number| (number.to_string(), format!("--{}", name.replace('_', "-"))));
                let given =
                    given.or_else(|| Some((environment.variable(variable)?.to_owned(), variable.to_owned())));
                match given {
                    None => file,
                    Some((text, flag)) => {
                        let number = text.trim().parse::<usize>().ok().and_then(NonZeroUsize::new);
                        if number.is_none() {
                            findings.push(bad_count(name, &text, Place::Argument { flag }));
                        }
                        number
                    }
                }
            };
        if let Some(number) = limit(
            flags.max_tables_per_pipeline,
            "max_tables_per_pipeline",
            "TAPWORKS_MAX_TABLES_PER_PIPELINE",
            raw.tables_per_pipeline,
        ) {
            limits.tables_per_pipeline = number;
        }
        if let Some(number) = limit(
            flags.max_tables_per_gateway,
            "max_tables_per_gateway",
            "TAPWORKS_MAX_TABLES_PER_GATEWAY",
            raw.tables_per_gateway,
        ) {
            limits.tables_per_gateway = number;
        }
        if let Some(number) = raw.tables_per_bundle {
            limits.tables_per_bundle = number;
        }
        let in_folder = |path: PathBuf| folder.join(path);
        let named_output_dir = flags.output_dir.is_some() || variable("TAPWORKS_OUTPUT_DIR").is_some();
        let has_targets = raw.targets.is_some();
        let mut targets = raw.targets.unwrap_or_default();
        for target in targets.values_mut() {
            // What a flag says holds for every target.
            let own = target.output_dir.take().filter(|_| !named_output_dir);
            target.output_dir = own.map(in_folder);
            target.lock = target.lock.take().map(in_folder);
        }
        let default_target = default_target(raw.default_target, &targets, findings);
        if has_targets && flags.host.is_some() {
            return Err(SettingsError::Flag {
                flag: "--host".to_owned(),
                message:
                    "the targets of the settings have their workspaces, `workspace_host`; leave the flag away"
                        .to_owned(),
            });
        }
        let argument = |flag: &str| Place::Argument { flag: flag.to_owned() };
        let named_lock = flags.lock.or_else(|| variable("TAPWORKS_LOCK").map(PathBuf::from));
        Ok(Self {
            source: source.or(raw.source),
            delimiter,
            connector: flags.connector.or_else(|| variable("TAPWORKS_CONNECTOR")).or(raw.connector),
            project: flags.project.or_else(|| variable("TAPWORKS_PROJECT")).or(raw.project),
            output_dir: flags
                .output_dir
                .or_else(|| variable("TAPWORKS_OUTPUT_DIR").map(PathBuf::from))
                .unwrap_or_else(|| in_folder(raw.output_dir.unwrap_or_else(|| "dab_deployment".into()))),
            lock: named_lock.clone().or_else(|| raw.lock.map(in_folder)),
            named_lock,
            warehouse_id: flags.warehouse_id.or_else(|| variable("DATABRICKS_WAREHOUSE_ID")),
            file_warehouse_id: raw.warehouse_id,
            profile: flags.profile,
            default_target,
            selected: if flags.target.is_empty() {
                let named = variable("TAPWORKS_TARGET").unwrap_or_default();
                named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
            } else {
                flags.target
            },
            limits,
            placement: raw.placement.unwrap_or_default(),
            timezone: flags
                .timezone
                .map(|zone| (zone, argument("--timezone")))
                .or_else(|| Some((variable("TAPWORKS_TIMEZONE")?, argument("TAPWORKS_TIMEZONE"))))
                .or(raw.timezone),
            databricks_cli_version: raw
                .databricks_cli_version
                .unwrap_or_else(|| DATABRICKS_CLI_VERSION.to_owned()),
            skip: raw.skip,
            profiles: if has_targets { BTreeMap::new() } else { profiles::read(environment) },
            environment_host: variable("DATABRICKS_HOST"),
            host: flags.host,
            targets,
            defaults: raw.defaults,
            overrides: raw.overrides,
            has_targets,
            file,
        })
    }

    /// The target of this name. Where the settings have no targets at all, it is the profile of that name, else the
    /// workspace of the environment.
    pub fn target(&self, name: &str) -> Result<Target, TargetError> {
        let name = name.trim();
        if let Some(target) = self.targets.get(name) {
            return Ok(target.clone());
        }
        if self.has_targets {
            let names = self.targets.keys().map(String::as_str);
            return Err(TargetError::Unknown {
                name: name.to_owned(),
                closest: closest(name, names.clone()).map(str::to_owned),
                known: names.map(str::to_owned).collect(),
            });
        }
        if !is_target_name(name) {
            return Err(TargetError::Name(name.to_owned()));
        }
        let mut target = Target::named(name);
        match self.profiles.get(name) {
            Some(host) => {
                target.profile = Some(name.to_owned());
                // Another host than the profile's is found out where the two meet.
                target.host = self.host.clone().or_else(|| host.clone());
            }
            None => target.host = self.host.clone().or_else(|| self.environment_host.clone()),
        }
        Ok(target)
    }

    /// How files and standard input are read.
    #[must_use]
    pub fn read_options(&self) -> crate::source::ReadOptions {
        crate::source::ReadOptions { delimiter: self.delimiter }
    }

    /// Whether the settings name targets.
    #[must_use]
    pub fn has_targets(&self) -> bool {
        self.has_targets
    }

    /// The targets that a bundle holds: those of the settings, else those that the command line names.
    #[must_use]
    pub fn targets_or<'a>(&'a self, named: &'a [Target]) -> Vec<&'a Target> {
        if self.targets.is_empty() { named.iter().collect() } else { self.targets.values().collect() }
    }

    /// The SQL warehouse for a target: of a flag or the environment, else its own, else the file's.
    #[must_use]
    pub fn warehouse_for<'a>(&'a self, target: &'a Target) -> Option<&'a str> {
        self.warehouse_id.as_deref().or(target.warehouse_id.as_deref()).or(self.file_warehouse_id.as_deref())
    }

    /// Whether the bundle may write `$${` for text that the CLI would take for a reference: every version that it takes
    /// knows that (1.15 and later).
    #[must_use]
    pub fn escapes_references(&self) -> bool {
        super::version::minimum(&self.databricks_cli_version).is_some_and(|version| version >= (1, 15, 0))
    }
}

fn source_of(
    flag: Option<String>,
    environment: &Environment,
) -> Result<Option<SourceSetting>, SettingsError> {
    let (text, flag) = match flag {
        Some(text) => (text, "--source"),
        None => match environment.variable("TAPWORKS_SOURCE") {
            Some(text) => (text.to_owned(), "TAPWORKS_SOURCE"),
            None => return Ok(None),
        },
    };
    let is_file = |path: &str| environment.directory().join(path).is_file();
    let spec = SourceSpec::parse_with(&text, is_file).map_err(|error| SettingsError::Flag {
        flag: flag.to_owned(),
        message: format!("{error}; there is no such file either"),
    })?;
    Ok(Some(SourceSetting {
        spec,
        target: None,
        profile: None,
        place: Place::Argument { flag: flag.to_owned() },
    }))
}

fn default_target(
    named: Option<(String, Place)>,
    targets: &IndexMap<String, Target>,
    findings: &mut Findings,
) -> Option<String> {
    if let Some((name, place)) = named {
        if targets.contains_key(&name) || targets.is_empty() {
            return Some(name);
        }
        let hint = did_you_mean(&name, targets.keys().map(String::as_str));
        findings.push(
            Finding::error("TW121", format!("default_target names `{name}`, which is no target{hint}"))
                .at(place)
                .fix(format!("name one of: {}", targets.keys().cloned().collect::<Vec<_>>().join(", "))),
        );
    }
    let mut said = targets.values().filter(|target| target.is_default);
    if let Some(first) = said.next() {
        if let Some(second) = said.next() {
            findings.push(
                Finding::error(
                    "TW121",
                    format!("`{}` and `{}` both say that they are the default", first.name, second.name),
                )
                .at(second.place.clone())
                .fix("keep `default: true` on one target"),
            );
        }
        return Some(first.name.clone());
    }
    targets.get("dev").or_else(|| targets.values().next()).map(|target| target.name.clone())
}

impl Raw {
    fn read(file: &SettingsFile, findings: &mut Findings) -> Self {
        let document = Document::File(file.shown.clone());
        let mut reader = Reader { document: &document, findings };
        let keys = reader.keys(&file.root, "the settings", SETTINGS_KEYS);
        let get = |key: &str| keys.get(key).copied();
        let present = |key: &str| get(key).filter(|node| node.data != Data::Null);
        let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
        // As messages name it: the list of a settings file in the working directory is called as that file calls it.
        let shown = Path::new(&file.shown).parent().unwrap_or(Path::new("")).to_owned();
        let placed = |reader: &mut Reader<'_>, key: &str| {
            let node = get(key)?;
            Some((reader.text(Some(node), key)?, reader.place(node.mark)))
        };
        let mut raw = Self {
            source: present("source").and_then(|node| reader.source(node, &folder, &shown)),
            connector: reader.text(get("connector"), "connector"),
            project: reader.text(get("project"), "project"),
            targets: get("targets").map(|node| reader.targets(node)),
            default_target: placed(&mut reader, "default_target"),
            timezone: placed(&mut reader, "timezone"),
            tables_per_pipeline: reader.count(get("max_tables_per_pipeline"), "max_tables_per_pipeline"),
            tables_per_gateway: reader.count(get("max_tables_per_gateway"), "max_tables_per_gateway"),
            tables_per_bundle: reader.count(get("max_tables_per_bundle"), "max_tables_per_bundle"),
            output_dir: reader.text(get("output_dir"), "output_dir").map(PathBuf::from),
            lock: reader.text(get("lock"), "lock").map(PathBuf::from),
            warehouse_id: reader.text(get("warehouse_id"), "warehouse_id"),
            ..Self::default()
        };
        raw.placement = get("placement").and_then(|node| reader.placement(node));
        raw.databricks_cli_version = get("databricks_cli_version").and_then(|node| reader.version(node));
        raw.skip = reader.skips(get("skip"));
        if let Some(node) = get("default_values") {
            raw.defaults = reader.assignments(node, "default_values");
        }
        if let Some(node) = get("override_input_config") {
            raw.overrides = reader.assignments(node, "override_input_config");
        }
        raw
    }

    /// Flags that hold JSON: targets and overrides replace the file's, defaults go over the file's.
    fn inline(&mut self, flags: &Flags, findings: &mut Findings) -> Result<(), SettingsError> {
        if let Some(text) = &flags.targets_json {
            let document = Document::Flag("--targets");
            let node = file::parse_flag("--targets", text)?;
            self.targets = Some(Reader { document: &document, findings }.targets(&node));
        }
        if let Some(text) = &flags.default_values_json {
            let document = Document::Flag("--default-values");
            let node = file::parse_flag("--default-values", text)?;
            let over = Reader { document: &document, findings }.assignments(&node, "default_values");
            self.defaults = std::mem::take(&mut self.defaults).with(over);
        }
        if let Some(text) = &flags.override_json {
            let document = Document::Flag("--override");
            let node = file::parse_flag("--override", text)?;
            self.overrides =
                Reader { document: &document, findings }.assignments(&node, "override_input_config");
        }
        Ok(())
    }
}

pub(super) const SOURCE_KEYS: &[KeySpec] = &[
    KeySpec { name: "table", kind: Kind::Text, doc: "catalog.schema.table" },
    KeySpec { name: "target", kind: Kind::Text, doc: "The target whose workspace holds the table" },
    KeySpec { name: "profile", kind: Kind::Text, doc: "The profile of the workspace that holds the table" },
];

impl Reader<'_> {
    fn source(&mut self, node: &Node, folder: &Path, shown: &Path) -> Option<SourceSetting> {
        let place = self.place(node.mark);
        let (text, target, profile) = if let Data::Map(_) = node.data {
            let keys = self.keys(node, "source", SOURCE_KEYS);
            let get = |key: &str| keys.get(key).copied();
            let target = self.text(get("target"), "source.target");
            let profile = self.text(get("profile"), "source.profile");
            if target.is_some() && profile.is_some() {
                self.findings.push(
                    Finding::error("TW122", "source names both a target and a profile")
                        .at(place.clone())
                        .why("the two may be different workspaces")
                        .fix("keep one of them"),
                );
            }
            let Some(table) = self.text(get("table"), "source.table") else {
                self.findings.push(
                    Finding::error("TW122", "source names no table")
                        .at(place)
                        .fix("add  table: catalog.schema.table"),
                );
                return None;
            };
            (table, target, profile)
        } else {
            (self.text(Some(node), "source")?, None, None)
        };
        match SourceSpec::parse_with(&text, |path| folder.join(path).is_file()) {
            Ok(spec) => {
                let spec = match spec {
                    SourceSpec::File(path) => SourceSpec::File(shown.join(path)),
                    other => other,
                };
                Some(SourceSetting { spec, target, profile, place })
            }
            Err(error) => {
                self.findings.push(
                    Finding::error("TW122", error.to_string())
                        .at(place)
                        .fix("write a path, or a table as catalog.schema.table"),
                );
                None
            }
        }
    }

    fn placement(&mut self, node: &Node) -> Option<Placement> {
        let text = self.text(Some(node), "placement")?;
        let found = Placement::ALL.into_iter().find(|placement| placement.as_str() == text);
        if found.is_none() {
            let names = || Placement::ALL.iter().map(|placement| placement.as_str());
            let hint = did_you_mean(&text, names());
            self.findings.push(
                Finding::error("TW112", format!("`{text}` is no placement{hint}"))
                    .at(self.place(node.mark))
                    .fix(format!("use one of: {}", names().collect::<Vec<_>>().join(", "))),
            );
        }
        found
    }

    fn version(&mut self, node: &Node) -> Option<String> {
        let text = self.text(Some(node), "databricks_cli_version")?;
        if super::version::minimum(&text).is_some() {
            return Some(text);
        }
        self.findings.push(
            Finding::error("TW112", format!("`{text}` is no constraint on versions"))
                .at(self.place(node.mark))
                .fix("write for example  databricks_cli_version: \">= 1.13.0\""),
        );
        None
    }
}
