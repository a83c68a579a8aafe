//! One target: a workspace and what is different there.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::overlay::Overlay;
use super::reader::{KeySpec, Kind, Reader};
use crate::closest::did_you_mean;
use crate::connector::Destination;
use crate::finding::{Finding, Place};
use crate::yaml::{self, Data, Key, Node};

/// How the CLI treats a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Names get the user's prefix, schedules are paused.
    Development,
    /// One copy, as it is written.
    Production,
}

impl Mode {
    /// As `databricks.yml` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }

    /// The mode of a target that names none: `prod` is production, anything else development.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name == "prod" { Self::Production } else { Self::Development }
    }
}

/// A workspace to deploy to, and what is different there.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The workspace, `https://…`; absent where the profile says it.
    pub host: Option<String>,
    /// The profile of the Databricks configuration file.
    pub profile: Option<String>,
    /// How the CLI treats it.
    pub mode: Mode,
    /// Where the bundle lives in the workspace.
    pub root_path: Option<String>,
    /// The SQL warehouse of this target.
    pub warehouse_id: Option<String>,
    /// `run_as`, as it is.
    pub run_as: Option<yaml::Value>,
    /// `permissions`, as they are.
    pub permissions: Option<yaml::Value>,
    /// `presets`, as they are.
    pub presets: Option<yaml::Value>,
    /// Notifications of its jobs, as they are.
    pub notifications: Option<yaml::Value>,
    /// The lock of this target, where targets have grown apart.
    pub lock: Option<PathBuf>,
    /// The folder of this target's packages.
    pub output_dir: Option<PathBuf>,
    /// Whether losing a pipeline loses its tables.
    pub cascade_on_destroy: bool,
    /// Whether the CLI is told never to destroy pipelines.
    pub prevent_destroy: bool,
    /// Catalogs by the name in the rows.
    pub catalogs: IndexMap<String, String>,
    /// Schemas by the name in the rows.
    pub schemas: IndexMap<String, String>,
    /// Connections by the name in the rows.
    pub connections: IndexMap<String, String>,
    /// Merged into the target in `databricks.yml` as it is.
    pub bundle: Option<yaml::Value>,
    /// The same with its places; absent where nobody wrote it.
    pub overlay: Option<Overlay>,
    /// Where it is written; absent where it is made from a profile or the environment.
    pub place: Option<Place>,
    /// Where its `root_path` is written.
    pub root_path_place: Option<Place>,
    /// Whether it says that it is the default.
    pub is_default: bool,
}

impl Target {
    /// A target of which only the name is known.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            host: None,
            profile: None,
            mode: Mode::of_name(name),
            root_path: None,
            warehouse_id: None,
            run_as: None,
            permissions: None,
            presets: None,
            notifications: None,
            lock: None,
            output_dir: None,
            cascade_on_destroy: false,
            prevent_destroy: false,
            catalogs: IndexMap::new(),
            schemas: IndexMap::new(),
            connections: IndexMap::new(),
            bundle: None,
            overlay: None,
            place: None,
            root_path_place: None,
            is_default: false,
        }
    }

    /// The catalog of this target for one of the rows.
    #[must_use]
    pub fn catalog<'a>(&'a self, name: &'a str) -> &'a str {
        mapped(&self.catalogs, name)
    }

    /// The schema of this target for one of the rows.
    #[must_use]
    pub fn schema<'a>(&'a self, name: &'a str) -> &'a str {
        mapped(&self.schemas, name)
    }

    /// A destination of the rows as it is called in this target.
    #[must_use]
    pub fn destination(&self, destination: &Destination) -> Destination {
        Destination {
            catalog: self.catalog(&destination.catalog).to_owned(),
            schema: self.schema(&destination.schema).to_owned(),
            table: destination.table.clone(),
        }
    }

    /// The connection of this target for one of the rows.
    #[must_use]
    pub fn connection<'a>(&'a self, name: &'a str) -> &'a str {
        mapped(&self.connections, name)
    }
}

fn mapped<'a>(names: &'a IndexMap<String, String>, name: &'a str) -> &'a str {
    if names.is_empty() {
        return name;
    }
    let exact = names.get(name);
    exact
        .or_else(|| {
            names.iter().find(|(from, _)| from.to_lowercase() == name.to_lowercase()).map(|(_, to)| to)
        })
        .map_or(name, String::as_str)
}

/// A target that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The settings have others.
    #[error("there is no target `{name}`{}", instead(closest.as_deref(), known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The closest there is.
        closest: Option<String>,
        /// All there are.
        known: Vec<String>,
    },
    /// It would become part of paths in the workspace and of command lines.
    #[error("`{0}` is no name for a target: only letters, digits, `_`, `-` and `.` are taken")]
    Name(String),
}

fn instead(closest: Option<&str>, known: &[String]) -> String {
    match closest {
        Some(closest) => format!("; did you mean `{closest}`?"),
        None if known.is_empty() => "; the settings have none".to_owned(),
        None => format!("; the settings have: {}", known.join(", ")),
    }
}

/// Whether a target may be called that.
pub(super) fn is_target_name(name: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().all(valid) && !name.starts_with('.')
}

pub(super) const TARGET_KEYS: &[KeySpec] = &[
    KeySpec { name: "workspace_host", kind: Kind::Text, doc: "Address of the workspace, https://…" },
    KeySpec { name: "profile", kind: Kind::Text, doc: "Profile of the Databricks configuration file" },
    KeySpec {
        name: "mode",
        kind: Kind::Mode,
        doc: "How the databricks CLI treats the target; production for `prod`, else development",
    },
    KeySpec { name: "root_path", kind: Kind::Text, doc: "Where the bundle lives in the workspace" },
    KeySpec { name: "warehouse_id", kind: Kind::Text, doc: "SQL warehouse of this target" },
    KeySpec {
        name: "default",
        kind: Kind::Boolean,
        doc: "Whether it is the target of commands that name none",
    },
    KeySpec { name: "run_as", kind: Kind::Map, doc: "Identity of its jobs and pipelines, as in a bundle" },
    KeySpec { name: "permissions", kind: Kind::List, doc: "Permissions, as in a bundle" },
    KeySpec { name: "presets", kind: Kind::Map, doc: "Presets, as in a bundle" },
    KeySpec {
        name: "notifications",
        kind: Kind::Map,
        doc: "Of its jobs, as in a job: email_notifications, webhook_notifications, notification_settings",
    },
    KeySpec {
        name: "lock",
        kind: Kind::Text,
        doc: "Lock file of this target, where targets have grown apart",
    },
    KeySpec { name: "output_dir", kind: Kind::Text, doc: "Folder of this target's packages" },
    KeySpec {
        name: "cascade_on_destroy",
        kind: Kind::Boolean,
        doc: "Whether losing a pipeline loses its tables; false where it is not said",
    },
    KeySpec {
        name: "prevent_destroy",
        kind: Kind::Boolean,
        doc: "Whether the CLI is told never to destroy pipelines and gateways",
    },
    KeySpec { name: "catalogs", kind: Kind::Names, doc: "Catalogs of this target by their name in the rows" },
    KeySpec { name: "schemas", kind: Kind::Names, doc: "Schemas of this target by their name in the rows" },
    KeySpec {
        name: "connections",
        kind: Kind::Names,
        doc: "Connections of this target by their name in the rows",
    },
    KeySpec { name: "bundle", kind: Kind::Map, doc: "Merged as it is into this target in databricks.yml" },
];

/// The keys of a job that tell people.
const NOTIFICATION_KEYS: &[KeySpec] = &[
    KeySpec { name: "email_notifications", kind: Kind::Map, doc: "Who gets mail, and when" },
    KeySpec { name: "webhook_notifications", kind: Kind::Map, doc: "Which destinations are told, and when" },
    KeySpec { name: "notification_settings", kind: Kind::Map, doc: "Which runs are left out" },
];

impl Reader<'_> {
    /// The targets, in order.
    pub(super) fn targets(&mut self, node: &Node) -> IndexMap<String, Target> {
        let entries = self.entries(node, "targets");
        if entries.is_empty() && matches!(node.data, Data::Map(_) | Data::Null) {
            self.findings.push(
                Finding::error("TW115", "`targets` is empty")
                    .at(self.place(node.mark))
                    .why("a bundle is deployed to a target")
                    .fix("name a target, for example  dev: {workspace_host: https://…}"),
            );
        }
        let mut targets = IndexMap::new();
        for (key, node) in entries {
            let target = self.target(key, node);
            targets.insert(target.name.clone(), target);
        }
        targets
    }

    fn target(&mut self, key: &Key, node: &Node) -> Target {
        let name = key.text.trim();
        let what = format!("target `{name}`");
        let keys = self.keys(node, &what, TARGET_KEYS);
        let get = |key: &str| keys.get(key).copied();
        let value = |key: &str| get(key).filter(|node| node.data != Data::Null).map(Node::to_value);
        let mut target = Target::named(name);
        target.place = Some(self.place(key.mark));
        self.target_name(key, name);
        target.profile = self.text(get("profile"), "profile");
        target.host = self.host(key, get("workspace_host"), target.profile.is_some());
        target.mode = self.mode(get("mode")).unwrap_or(target.mode);
        target.root_path = self.text(get("root_path"), "root_path");
        target.root_path_place = get("root_path").map(|node| self.place(node.mark));
        target.warehouse_id = self.text(get("warehouse_id"), "warehouse_id");
        target.is_default = self.boolean(get("default"), "default").unwrap_or(false);
        target.lock = self.text(get("lock"), "lock").map(PathBuf::from);
        target.output_dir = self.text(get("output_dir"), "output_dir").map(PathBuf::from);
        target.cascade_on_destroy =
            self.boolean(get("cascade_on_destroy"), "cascade_on_destroy").unwrap_or(false);
        target.prevent_destroy = self.boolean(get("prevent_destroy"), "prevent_destroy").unwrap_or(false);
        target.catalogs = self.names(get("catalogs"), "catalogs");
        target.schemas = self.names(get("schemas"), "schemas");
        target.connections = self.names(get("connections"), "connections");
        for key in ["run_as", "presets", "bundle"] {
            if let Some(node) = get(key)
                && !matches!(node.data, Data::Map(_) | Data::Null)
            {
                self.wrong_type(node, key, "a map");
            }
        }
        if let Some(node) = get("permissions")
            && !matches!(node.data, Data::List(_) | Data::Null)
        {
            self.wrong_type(node, "permissions", "a list");
        }
        if let Some(node) = get("notifications") {
            for (key, node) in self.keys(node, "notifications", NOTIFICATION_KEYS) {
                if !matches!(node.data, Data::Map(_) | Data::Null) {
                    self.wrong_type(node, key, "a map");
                }
            }
        }
        target.run_as = value("run_as");
        target.permissions = value("permissions");
        target.presets = value("presets");
        target.notifications = value("notifications");
        target.bundle = value("bundle");
        target.overlay = get("bundle").map(|node| Overlay::new(self.document, node));
        target
    }

    fn target_name(&mut self, key: &Key, name: &str) {
        if !is_target_name(name) {
            self.findings.push(
                Finding::error("TW116", format!("`{name}` is no name for a target"))
                    .at(self.place(key.mark))
                    .why("it becomes part of paths in the workspace and of command lines")
                    .fix("use letters, digits, `_`, `-` and `.`"),
            );
        }
    }

    fn host(&mut self, key: &Key, node: Option<&Node>, has_profile: bool) -> Option<String> {
        if let Some(node) = node.filter(|node| !matches!(node.data, Data::Text(_) | Data::Null)) {
            self.wrong_type(node, "workspace_host", "an address, https://…");
            return None;
        }
        let text = self.text(node, "workspace_host");
        let mark = node.map_or(key.mark, |node| node.mark);
        let Some(text) = text else {
            if !has_profile {
                self.findings.push(
                    Finding::error("TW117", format!("target `{}` has no workspace_host", key.text.trim()))
                        .at(self.place(mark))
                        .why("nothing says which workspace it is")
                        .fix("add  workspace_host: https://…  or  profile: NAME"),
                );
            }
            return None;
        };
        let whole = if text.contains("://") { text.clone() } else { format!("https://{text}") };
        let reason = match url::Url::parse(&whole) {
            Err(error) => Some(error.to_string()),
            Ok(_) if text.contains(char::is_whitespace) => Some("there is a blank in it".to_owned()),
            Ok(url) if !matches!(url.scheme(), "https" | "http") => Some("it is no web address".to_owned()),
            Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("no host is in it".to_owned()),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Some("an address carries no credentials".to_owned())
            }
            Ok(url) if url.scheme() == "http" && !is_loopback(&url) => {
                Some("plain http is taken for loopback addresses only".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(reason) = reason {
            self.findings.push(
                Finding::error(
                    "TW118",
                    format!("`{}` is no address of a workspace: {reason}", without_user(&text)),
                )
                .at(self.place(mark))
                .fix("write https:// and the name of the host, as the browser shows it"),
            );
            return None;
        }
        Some(whole.trim_end_matches('/').to_owned())
    }

    fn mode(&mut self, node: Option<&Node>) -> Option<Mode> {
        let text = self.text(node, "mode")?;
        match text.as_str() {
            "development" => Some(Mode::Development),
            "production" => Some(Mode::Production),
            other => {
                let hint = did_you_mean(other, ["development", "production"]);
                let place = node.map(|node| self.place(node.mark));
                self.findings.push(
                    Finding::error("TW119", format!("`{other}` is no mode{hint}"))
                        .at(place)
                        .why("the databricks CLI refuses it")
                        .fix("use development or production"),
                );
                None
            }
        }
    }
}

/// An address for a message: what may be a password or a token in front of its host is not repeated.
fn without_user(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    match rest.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("…@{host}"),
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => text.to_owned(),
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
