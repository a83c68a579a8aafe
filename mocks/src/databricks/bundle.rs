//! A bundle, loaded for one target.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::arguments::Common;
use super::auth::{self, Wish};
use super::constraint;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::environment::Environment;
use super::escape;
use super::files;
use super::git::{self, Checkout};
use super::http::Client;
use super::identity::Identity;
use super::keyed;
use super::mode::{self, Situation};
use super::normalize;
use super::permission;
use super::preset::Presets;
use super::resolve::Scope;
use super::resource::{self, Group, Resources};
use super::schema::{ROOT, Type};
use super::target;
use super::trail::Trail;
use super::value::{Sources, Value};
use super::variable;

/// A bundle as far as it could be loaded. What is there after an error is good for a message only.
#[derive(Default)]
pub(super) struct Bundle {
    pub(super) root: PathBuf,
    pub(super) sources: Sources,
    pub(super) diagnostics: Diagnostics,
    pub(super) config: Value,
    pub(super) resources: Resources,
    pub(super) checkout: Checkout,
    connection: Option<Connection>,
    bundle_folder: PathBuf,
}

impl Default for Value {
    fn default() -> Self {
        Value::empty()
    }
}

/// The workspace, and who we are there.
struct Connection {
    client: Client,
    identity: Identity,
    workspace_id: String,
}

impl Bundle {
    /// Loads everything that a command needs; stops at the first error, which is then among the diagnostics.
    pub(super) async fn load(common: &Common, environment: &Environment) -> Self {
        let mut bundle = Bundle::default();
        if let Err(error) = bundle.fill(common, environment).await {
            bundle.diagnostics.push(error);
        }
        bundle
    }

    async fn fill(&mut self, common: &Common, environment: &Environment) -> Result<(), Diagnostic> {
        let error = |error: &dyn std::fmt::Display| Diagnostic::error(error.to_string());
        self.root = files::find_root(environment)?;
        self.config = files::load_root(&self.root, &mut self.sources, &mut self.diagnostics)?;
        if let Some(wanted) = self.config.str_at(&["bundle", "databricks_cli_version"]) {
            match constraint::check(wanted, environment.cli_version()) {
                Ok(()) => {}
                Err(unmet) if unmet.is_warning => self.diagnostics.push(Diagnostic::warning(unmet.message)),
                Err(unmet) => return Err(Diagnostic::error(unmet.message)),
            }
        }
        if self.text(&["bundle", "name"]).contains("${") {
            self.diagnostics.push(
                Diagnostic::warning("please do not use variable interpolation in the name of your bundle")
                    .path("bundle.name")
                    .detail("The name is a part of the path at which the state of the bundle is stored by default; where it changes, everything is deployed a second time."),
            );
        }
        let config = std::mem::take(&mut self.config);
        let name_only = config.get("bundle").cloned();
        self.config = match files::load_includes(&self.root, config, &mut self.sources, &mut self.diagnostics)
        {
            Ok(config) => config,
            Err(error) => {
                if let Some(bundle) = name_only {
                    self.config.set("bundle", bundle);
                }
                return Err(error);
            }
        };

        if escape::is_known_to(environment.cli_version()) {
            escape::hide(&mut self.config);
        }
        let name =
            target::choose(&self.config, common.target.as_deref(), environment).map_err(|e| error(&e))?;
        let explicit = self.config.str_at(&["targets", &name, "workspace", "root_path"]);
        let target_sets_root_path = explicit.is_some_and(|path| !path.is_empty());
        self.set("bundle", "target", &name);
        self.set("bundle", "environment", &name);
        target::apply(&mut self.config, &name).map_err(|e| error(&e))?;
        self.bundle_folder = match environment.get("DATABRICKS_BUNDLE_TMP") {
            Some(folder) => environment.folder().join(folder).join(&name),
            None => self.root.join(".databricks").join("bundle").join(&name),
        };
        self.checkout = git::checkout(&self.root);
        self.note_checkout();

        let mut variables = self.config.take("variables").unwrap_or_default();
        variable::assign_flags(&mut variables, &common.variables).map_err(|e| error(&e))?;
        self.connect(common, environment).await?;
        self.set_paths()?;
        variable::assign(&mut variables, environment, &self.bundle_folder).map_err(|e| error(&e))?;
        self.resolve(variables).map_err(|e| error(&e))?;
        keyed::merge_elements(&mut self.config).map_err(|e| error(&e))?;
        normalize::check(&self.config, Type::Struct(&ROOT), Trail::Root, &mut self.diagnostics);
        self.shape_resources(target_sets_root_path)
    }

    fn set(&mut self, section: &str, key: &str, text: &str) {
        self.set_value(section, key, Value::text(text));
    }

    fn set_value(&mut self, section: &str, key: &str, value: Value) {
        let mut whole = self.config.take(section).unwrap_or_default();
        whole.set(key, value);
        self.config.set(section, whole);
    }

    fn note_checkout(&mut self) {
        let mut git = self.config.at_path(&["bundle", "git"]).cloned().unwrap_or_default();
        git.set("bundle_root_path", Value::text(self.checkout.folder.clone()));
        if let Some(branch) = self.checkout.branch.clone() {
            if git.get("branch").is_some() {
                git.set("actual_branch", Value::text(branch));
            } else {
                git.set("branch", Value::text(branch));
            }
        }
        if let Some(commit) = self.checkout.commit.clone() {
            git.set("commit", Value::text(commit));
        }
        self.set_value("bundle", "git", git);
    }

    async fn connect(&mut self, common: &Common, environment: &Environment) -> Result<(), Diagnostic> {
        let engine =
            self.config.str_at(&["bundle", "engine"]).or(environment.get("DATABRICKS_BUNDLE_ENGINE"));
        if engine.is_some_and(|engine| engine != "direct") {
            return Err(Diagnostic::error(format!(
                "engine \"{}\" is not one that this stand-in knows; it knows direct",
                engine.unwrap_or_default()
            )));
        }
        let host = self.config.str_at(&["workspace", "host"]).map(str::to_owned);
        let profile = self.config.str_at(&["workspace", "profile"]).map(str::to_owned);
        for (field, value) in [("host", &host), ("profile", &profile)] {
            if value.as_deref().is_some_and(|value| value.contains("${")) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        "Variable interpolation is not supported for fields that configure authentication",
                    )
                    .path(format!("workspace.{field}")),
                );
            }
        }
        let wish = Wish {
            profile_flag: common.profile.as_deref(),
            bundle_profile: profile.as_deref(),
            bundle_host: host.as_deref(),
        };
        let login = auth::login(wish, environment).map_err(|error| Diagnostic::error(error.to_string()))?;
        let error = |error: super::http::HttpError| Diagnostic::error(error.to_string());
        let client = Client::connect(login, environment).await.map_err(error)?;
        // Older workspaces do not serve this; then links just lack the id.
        let about = client.get("/.well-known/databricks-config", &[]).await.unwrap_or_default();
        let identity = Identity::fetch(&client).await.map_err(error)?;
        let workspace_id = match &about["workspace_id"] {
            Json::String(id) => id.clone(),
            Json::Number(id) => id.to_string(),
            _ => String::new(),
        };
        self.set_value("workspace", "current_user", Value::from_json(identity.to_json()));
        self.connection = Some(Connection { client, identity, workspace_id });
        Ok(())
    }

    /// Expands `~` and fills in the paths that are not set.
    fn set_paths(&mut self) -> Result<(), Diagnostic> {
        let name = self.config.str_at(&["bundle", "name"]).unwrap_or_default();
        let root_path = match self.config.str_at(&["workspace", "root_path"]) {
            Some(path) if !path.is_empty() => path.to_owned(),
            _ if name.is_empty() => {
                return Err(Diagnostic::error(
                    "unable to define default workspace root: bundle name not defined",
                ));
            }
            _ => "~/.bundle/${bundle.name}/${bundle.target}".to_owned(),
        };
        let home = format!("/Workspace/Users/{}", self.identity().user_name);
        let expand = |path: &str| match path.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None if path == "~" => home.clone(),
            None if path.starts_with("/Users/") || path.starts_with("/Shared/") => {
                format!("/Workspace{path}")
            }
            None => path.to_owned(),
        };
        let root_path = expand(root_path.trim_end_matches('/'));
        for (key, folder) in [
            ("file_path", "files"),
            ("resource_path", "resources"),
            ("artifact_path", "artifacts"),
            ("state_path", "state"),
        ] {
            let path = match self.config.str_at(&["workspace", key]) {
                Some(path) if !path.is_empty() => expand(path),
                _ => format!("{root_path}/{folder}"),
            };
            self.set("workspace", key, &path);
        }
        self.set("workspace", "root_path", &root_path);
        Ok(())
    }

    fn resolve(&mut self, mut variables: Value) -> Result<(), super::resolve::ResolveError> {
        let scope = Scope {
            bundle: self.config.get("bundle").cloned().unwrap_or_default(),
            workspace: self.config.get("workspace").cloned().unwrap_or_default(),
            variables: variable::values(&variables),
        };
        let result = scope.resolve(&mut variables).and_then(|()| {
            for section in ["bundle", "workspace"] {
                let mut value = self.config.take(section).unwrap_or_default();
                let resolved = scope.resolve(&mut value);
                self.config.set(section, value);
                resolved?;
            }
            scope.resolve(&mut self.config)
        });
        if variables.as_map().is_some_and(|map| !map.is_empty()) {
            self.config.set("variables", variables);
        }
        result
    }

    fn shape_resources(&mut self, target_sets_root_path: bool) -> Result<(), Diagnostic> {
        // A reference may have become something else than its field wants: the schema is asked once more.
        let sources = &self.sources;
        if let Some(resources) = self.config.take("resources") {
            let mut wrapped = Value::empty();
            wrapped.set("resources", resources);
            let fitted =
                normalize::normalize(wrapped, Type::Struct(&ROOT), Trail::Root, &mut self.diagnostics);
            if let Some(resources) = fitted.unwrap_or_default().take("resources") {
                self.config.set("resources", resources);
            }
        }
        resource::check_kinds(&self.config)?;
        let mut resources =
            resource::of_config(&self.config, |value| sources.file(value.at).unwrap_or_default().to_owned());
        if let Some(run_as) = self.config.get("run_as").map(Value::to_json) {
            let set = |key: &str| run_as[key].as_str().is_some_and(|name| !name.is_empty());
            match (set("user_name"), set("service_principal_name")) {
                (true, true) => {
                    return Err(Diagnostic::error(
                        "run_as section cannot specify both user_name and service_principal_name",
                    ));
                }
                (false, false) => {
                    return Err(Diagnostic::error(
                        "run_as section must specify exactly one identity. Neither service_principal_name nor user_name is specified",
                    ));
                }
                _ => resource::add_run_as(&mut resources, &run_as),
            }
        }
        let root_path = self.path("root_path").to_owned();
        let of_bundle = permission::list(&self.config);
        let reviewed = permission::review(&self.config, &root_path, self.identity());
        let mode = self.config.str_at(&["bundle", "mode"]).map(str::to_owned);
        let mut presets = Presets::of(&self.config);
        let situation = Situation {
            config: &self.config,
            resources: &resources,
            identity: self.identity(),
            target_sets_root_path,
        };
        let judged = mode::apply(mode.as_deref(), &situation, &mut presets);
        if mode.as_deref() == Some("development")
            && self.config.at_path(&["bundle", "deployment", "lock", "enabled"]).is_none()
        {
            let mut deployment = self.config.at_path(&["bundle", "deployment"]).cloned().unwrap_or_default();
            let mut lock = deployment.take("lock").unwrap_or_default();
            lock.set("enabled", Value::from_json(json!(false)));
            deployment.set("lock", lock);
            self.set_value("bundle", "deployment", deployment);
        }
        match judged {
            Some(found) if found.severity == super::diagnostic::Severity::Error => return Err(found),
            Some(found) => self.diagnostics.push(found),
            None => {}
        }
        if let Some(error) = presets.apply(&mut resources) {
            return Err(error);
        }
        permission::apply(&mut resources, &of_bundle, self.identity());
        resource::add_defaults(&mut resources, self.path("state_path"));
        self.resources = resources;
        for found in reviewed {
            self.diagnostics.push(found);
        }
        Ok(())
    }

    /// The text of a field of the configuration, empty where it is not set.
    pub(super) fn text(&self, path: &[&str]) -> &str {
        self.config.str_at(path).unwrap_or_default()
    }

    /// One of the paths of the workspace section.
    pub(super) fn path(&self, key: &str) -> &str {
        self.text(&["workspace", key])
    }

    /// The file of the state folder.
    pub(super) fn state_file(&self, name: &str) -> String {
        format!("{}/{name}", self.path("state_path"))
    }

    pub(super) fn target(&self) -> &str {
        self.text(&["bundle", "target"])
    }

    /// The folder for what the CLI keeps beside the bundle.
    pub(super) fn local_folder(&self) -> &PathBuf {
        &self.bundle_folder
    }

    /// Who deploys; the client and the identity are there once loading went without an error.
    pub(super) fn identity(&self) -> &Identity {
        static NOBODY: std::sync::OnceLock<Identity> = std::sync::OnceLock::new();
        match &self.connection {
            Some(connection) => &connection.identity,
            None => NOBODY.get_or_init(Identity::nobody),
        }
    }

    /// The connection to the workspace, where there is one.
    pub(super) fn client(&self) -> Option<&Client> {
        self.connection.as_ref().map(|connection| &connection.client)
    }

    /// The address of a deployed resource in the workspace's own pages.
    pub(super) fn url(&self, group: Group, id: &str) -> String {
        let Some(connection) = &self.connection else { return String::new() };
        let query = match connection.workspace_id.as_str() {
            "" => String::new(),
            id => format!("?w={id}"),
        };
        format!("{}/{}/{id}{query}", connection.client.host(), group.name())
    }

    /// Whether deployments take the lock.
    pub(super) fn lock_enabled(&self) -> bool {
        self.config
            .at_path(&["bundle", "deployment", "lock", "enabled"])
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }

    /// Whether the configuration itself asks to take a lock by force.
    pub(super) fn lock_forced(&self) -> bool {
        self.config
            .at_path(&["bundle", "deployment", "lock", "force"])
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// The folders whose files are uploaded.
    pub(super) fn sync_paths(&self) -> Vec<String> {
        match self.config.at_path(&["sync", "paths"]).map(Value::to_json) {
            Some(Json::Array(paths)) => {
                paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect()
            }
            _ => vec![".".to_owned()],
        }
    }

    /// The whole resolved configuration, as `validate -o json` shows it.
    pub(super) fn to_json(&self) -> Map<String, Json> {
        let mut whole = match self.config.to_json() {
            Json::Object(whole) => whole,
            _ => Map::new(),
        };
        whole.shift_remove("targets");
        if !self.resources.is_empty() {
            let mut groups = Map::new();
            for ((group, key), resource) in &self.resources {
                let group = groups.entry(group.name()).or_insert_with(|| json!({}));
                group[key] = Json::Object(resource.fields.clone());
            }
            whole.insert("resources".to_owned(), Json::Object(groups));
        }
        whole.values_mut().for_each(escape::show);
        whole
    }
}
