//! Which workspace, and by what right: the unified authentication of the Databricks tools.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use secrecy::{ExposeSecret, SecretString};

use super::attribute::{ATTRIBUTES, Attribute, attribute};
use super::auth_type::{AuthType, UNSUPPORTED};
use super::host::{Cloud, Host, HostError};
use super::keyring::Kept;
use super::profile::{DEFAULT, Profile, ProfileFile, ProfileFileError};
use super::program::Program;
use crate::environment::Environment;

/// What the user asked for, before environment and profiles are looked at.
#[derive(Debug, Clone, Default)]
pub struct AccessRequest {
    /// The address, from the command line or the target's settings.
    pub host: Option<String>,
    /// The profile, from the command line, the target's settings or the environment.
    pub profile: Option<String>,
    /// Whether somebody named the profile on purpose (`--profile`, a target's `profile`). Its values then come before
    /// the environment's; otherwise the environment comes first and the profile fills the gaps.
    pub profile_is_explicit: bool,
}

/// A resolved workspace: its address, how to authenticate there, and where each value came from.
///
/// Cheap to clone. Neither `Debug` nor any method shows a secret.
#[derive(Clone)]
pub struct Access {
    host: Host,
    values: Arc<Values>,
    profile: Option<String>,
    config_file: Option<PathBuf>,
    candidates: Arc<[AuthType]>,
    settled: Arc<OnceLock<AuthType>>,
    unused: Arc<[&'static str]>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line or the settings of the target.
    Request,
    /// An environment variable.
    Variable(&'static str),
    /// A profile of a configuration file.
    Profile {
        /// The file.
        path: PathBuf,
        /// The profile's name.
        profile: String,
        /// The line, counted from 1.
        line: usize,
    },
}

/// Why no access could be resolved. Nothing of it needs the network.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccessError {
    /// No address anywhere.
    #[error("no workspace is named{}", searched(.file))]
    NoHost {
        /// The configuration file that was looked at.
        file: Option<PathBuf>,
    },
    /// The address is none.
    #[error("{origin}: {source}")]
    Host {
        /// Where the address stands.
        origin: Origin,
        /// What is wrong with it.
        source: HostError,
    },
    /// A profile and the address beside it lead to two workspaces.
    #[error("profile `{profile}` in {} belongs to {theirs}, but the workspace is {ours} (from {origin})", .path.display())]
    HostMismatch {
        /// The configuration file.
        path: PathBuf,
        /// The profile.
        profile: String,
        /// The profile's address.
        theirs: Host,
        /// The address that was asked for.
        ours: Host,
        /// Where the latter stands.
        origin: Origin,
    },
    /// The configuration file cannot be read.
    #[error("cannot read {}: {problem}", .path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        problem: String,
    },
    /// The configuration file is not one.
    #[error("cannot parse config file {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        source: ProfileFileError,
    },
    /// The profile does not exist or is empty.
    #[error("{} has no {profile} profile configured", .path.display())]
    NoProfile {
        /// The file.
        path: PathBuf,
        /// The profile that was asked for.
        profile: String,
        /// The profiles that are there.
        known: Vec<String>,
    },
    /// Several profiles belong to the address, and none was named.
    #[error("several profiles in {} belong to {host}: {}", .path.display(), .profiles.join(", "))]
    ManyProfiles {
        /// The file.
        path: PathBuf,
        /// The address.
        host: Host,
        /// The profiles.
        profiles: Vec<String>,
    },
    /// Values of two ways to authenticate at once.
    #[error("more than one authorization method configured: {}. {values}", .families.join(" and "))]
    ManyMethods {
        /// The families, sorted.
        families: Vec<&'static str>,
        /// The values with their origins, secrets hidden.
        values: String,
    },
    /// `auth_type` names nothing.
    #[error("auth type \"{name}\" not found (from {origin})")]
    UnknownAuthType {
        /// The name.
        name: String,
        /// Where it stands.
        origin: Origin,
    },
    /// `auth_type`, or the values given, ask for a way that tapworks does not speak.
    #[error("authentication by {name} is not supported by tapworks (asked for by {origin})")]
    UnsupportedAuthType {
        /// The name.
        name: &'static str,
        /// What asked for it.
        origin: Origin,
    },
    /// `auth_type` names a way whose values are missing.
    #[error("auth type {auth_type} needs {missing}, which is not set")]
    Incomplete {
        /// The way.
        auth_type: AuthType,
        /// The missing attribute.
        missing: &'static str,
    },
}

/// The attributes that were found, each with its origin.
#[derive(Default)]
pub(crate) struct Values {
    found: IndexMap<&'static str, Value>,
}

struct Value {
    text: SecretString,
    origin: Origin,
}

impl Access {
    /// Resolves address and credentials in the order of the Go SDK and the CLI: what was asked for, the environment,
    /// the profile; each fills only what is still empty. A profile named on purpose comes before the environment's
    /// credentials.
    ///
    /// - The configuration file is not opened when no profile is named and the environment already gives a host or a
    ///   credential. Where the *request* gives the host and the environment no credential, the one profile with that
    ///   host is used, as the CLI does for a bundle.
    /// - Credentials never travel to another host than the one they were given with: those of an environment whose
    ///   `DATABRICKS_HOST` is another workspace are left out, a profile of another workspace is an error.
    ///
    /// Reads the configuration file and looks for programs on `PATH`; no network, no child process.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn resolve(request: &AccessRequest, environment: &Environment) -> Result<Self, AccessError> {
        Resolution::new(request, environment)?.finish()
    }

    /// The access that a credential of the keyring alone would give.
    #[must_use]
    pub fn of_kept(host: Host, kept: &Kept) -> Self {
        let mut values = Values::default();
        let auth_type = match kept {
            Kept::Token(token) => {
                values.fill("token", token.expose_secret(), Origin::Request);
                AuthType::Pat
            }
            Kept::Client { client_id, client_secret } => {
                values.fill("client_id", client_id, Origin::Request);
                values.fill("client_secret", client_secret.expose_secret(), Origin::Request);
                AuthType::OauthM2m
            }
        };
        Self {
            host,
            values: Arc::new(values),
            profile: None,
            config_file: None,
            candidates: [auth_type].into(),
            settled: Arc::new(OnceLock::new()),
            unused: [].into(),
        }
    }

    /// The address.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The way to authenticate. Until the first request this is the first that the values allow; after it, the one
    /// that worked.
    #[must_use]
    pub fn auth_type(&self) -> AuthType {
        self.settled.get().copied().or_else(|| self.candidates.first().copied()).unwrap_or(AuthType::Keyring)
    }

    /// The way to authenticate where it is certain: the one that worked, or the only one that the values allow.
    #[must_use]
    pub fn certain_auth_type(&self) -> Option<AuthType> {
        match *self.candidates {
            [only] if only != AuthType::Keyring => Some(only),
            _ => self.settled(),
        }
    }

    /// Every attribute that is set, by its name in `.databrickscfg`, with the place it came from. Never the value.
    #[must_use]
    pub fn origins(&self) -> Vec<(&'static str, Origin)> {
        self.values.found.iter().map(|(key, value)| (*key, value.origin.clone())).collect()
    }

    /// The secret value that decides the way to authenticate, and where it came from: what is kept in the keyring is not
    /// looked at then.
    #[must_use]
    pub fn given_secret(&self) -> Option<(&'static str, Origin)> {
        let keyring = self.candidates.contains(&AuthType::Keyring);
        let secret = |key: &str| attribute(key).is_some_and(|attribute| attribute.secret);
        self.origins().into_iter().find(|(key, _)| !keyring && secret(key))
    }

    /// The profile in use, where one is.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The configuration file that was read, where one was.
    #[must_use]
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    /// The warehouse that environment or profile name.
    #[must_use]
    pub fn warehouse_id(&self) -> Option<&str> {
        self.get("warehouse_id")
    }

    /// The workspace id, where address, environment or profile give it.
    #[must_use]
    pub fn workspace_id(&self) -> Option<&str> {
        self.get("workspace_id").filter(|id| *id != "none").or_else(|| self.host.workspace_id())
    }

    /// Variables of the environment that were left out because they belong to another host.
    #[must_use]
    pub fn unused_variables(&self) -> &[&'static str] {
        &self.unused
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key)
    }

    pub(crate) fn secret(&self, key: &str) -> Option<SecretString> {
        self.values.found.get(key).map(|value| value.text.clone())
    }

    pub(crate) fn candidates(&self) -> &[AuthType] {
        &self.candidates
    }

    pub(crate) fn settle(&self, auth_type: AuthType) {
        // The first to succeed decides for the whole run: a later renewal must not become another identity.
        let _ = self.settled.set(auth_type);
    }

    pub(crate) fn settled(&self) -> Option<AuthType> {
        self.settled.get().copied()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Access")
            .field("host", &self.host)
            .field("auth_type", &self.auth_type())
            .field("profile", &self.profile)
            .field("attributes", &self.values.found.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}", self.host, self.auth_type())?;
        if let Some(profile) = &self.profile {
            write!(formatter, ", profile {profile}")?;
        }
        formatter.write_str(")")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => formatter.write_str("the command line or the settings"),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
            Self::Profile { path, profile, line } => {
                write!(formatter, "profile {profile} in {}:{line}", path.display())
            }
        }
    }
}

impl Values {
    fn get(&self, key: &str) -> Option<&str> {
        self.found.get(key).map(|value| value.text.expose_secret())
    }

    fn has(&self, key: &str) -> bool {
        self.found.contains_key(key)
    }

    /// Sets an attribute that is still empty.
    fn fill(&mut self, key: &'static str, text: &str, origin: Origin) {
        if !text.is_empty() {
            self.found
                .entry(key)
                .or_insert_with(|| Value { text: SecretString::from(text.to_owned()), origin });
        }
    }

    fn families(&self) -> Vec<&'static str> {
        let found: BTreeSet<_> = ATTRIBUTES
            .iter()
            .filter(|attribute| self.has(attribute.key))
            .filter_map(|attribute| attribute.family)
            .collect();
        found.into_iter().collect()
    }

    fn origin(&self, key: &str) -> Origin {
        self.found.get(key).map_or(Origin::Request, |value| value.origin.clone())
    }

    /// All values for a message: secrets hidden, variables named.
    fn shown(&self) -> String {
        let mut text = String::from("Config: ");
        let mut variables = Vec::new();
        for (index, (key, value)) in self.found.iter().enumerate() {
            let hidden = attribute(key).is_none_or(|attribute| attribute.secret);
            let shown = if hidden { "***" } else { value.text.expose_secret() };
            text.push_str(if index == 0 { "" } else { ", " });
            text.push_str(&format!("{key}={shown}"));
            if let Origin::Variable(name) = value.origin {
                variables.push(name);
            }
        }
        if !variables.is_empty() {
            text.push_str(&format!(". Env: {}", variables.join(", ")));
        }
        text
    }
}

impl ProfileFile {
    /// Reads the configuration file of the user: `DATABRICKS_CONFIG_FILE`, else `.databrickscfg` in the home folder.
    /// One that does not exist is empty.
    ///
    /// # Errors
    /// [`AccessError::FileUnreadable`] and [`AccessError::File`].
    #[expect(clippy::disallowed_methods, reason = "the error of this file names its path itself")]
    pub fn load(environment: &Environment) -> Result<Self, AccessError> {
        let Some(path) = config_file(environment) else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|source| AccessError::File { path, source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(AccessError::FileUnreadable { path, problem: error.to_string() }),
        }
    }
}

/// The steps of [`Access::resolve`].
struct Resolution<'a> {
    environment: &'a Environment,
    values: Values,
    profile: Option<String>,
    config_file: Option<PathBuf>,
    opened: bool,
    unused: Vec<&'static str>,
}

impl<'a> Resolution<'a> {
    fn new(request: &AccessRequest, environment: &'a Environment) -> Result<Self, AccessError> {
        let mut values = Values::default();
        if let Some(host) = request.host.as_deref() {
            values.fill("host", host.trim(), Origin::Request);
        }
        let mut resolution = Self {
            environment,
            values,
            profile: None,
            config_file: config_file(environment),
            opened: false,
            unused: Vec::new(),
        };
        match request.profile.as_deref().filter(|name| !name.is_empty()) {
            Some(name) if request.profile_is_explicit => {
                resolution.fill_from_environment(|attribute| {
                    attribute.family.is_none() && !attribute.steers && attribute.key != "host"
                })?;
                resolution.fill_from_named_profile(name)?;
                resolution.fill_from_environment(|attribute| !attribute.steers)?;
            }
            named => {
                resolution.fill_from_environment(|_| true)?;
                match named.or_else(|| environment.variable("DATABRICKS_CONFIG_PROFILE")) {
                    Some(name) => resolution.fill_from_named_profile(name)?,
                    None => resolution.fill_from_unnamed_profile()?,
                }
            }
        }
        Ok(resolution)
    }

    /// Fills from the environment the attributes that `wanted` names. Credentials of an environment that belongs to
    /// another workspace stay where they are.
    fn fill_from_environment(&mut self, wanted: impl Fn(&Attribute) -> bool) -> Result<(), AccessError> {
        let foreign = match (self.host()?, self.environment.variable("DATABRICKS_HOST")) {
            (Some(ours), Some(theirs)) => Host::parse(theirs).is_ok_and(|theirs| theirs != ours),
            _ => false,
        };
        for attribute in ATTRIBUTES.iter().filter(|attribute| wanted(attribute)) {
            if self.values.has(attribute.key) {
                continue;
            }
            for variable in attribute.variables {
                if let Some(text) = self.environment.variable(variable) {
                    if foreign
                        && (attribute.family.is_some() || attribute.steers || attribute.key == "warehouse_id")
                    {
                        self.unused.push(variable);
                    } else {
                        self.values.fill(attribute.key, text, Origin::Variable(variable));
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    fn fill_from_named_profile(&mut self, name: &str) -> Result<(), AccessError> {
        let (path, file) = self.open()?;
        let Some(profile) = file.profile(name) else {
            let known = file.profiles().map(|(name, _)| name.to_owned()).collect();
            return Err(AccessError::NoProfile { path, profile: name.to_owned(), known });
        };
        self.fill_from_profile(&path, name, profile)
    }

    /// Without a name: the profile of the asked host, or the default one, or none; by the rules of
    /// [`Access::resolve`].
    fn fill_from_unnamed_profile(&mut self) -> Result<(), AccessError> {
        let has_auth = !self.values.families().is_empty() || self.values.has("auth_type");
        if has_auth {
            return Ok(());
        }
        match self.host()? {
            Some(host) if self.values.origin("host") == Origin::Request => self.fill_from_profile_of(&host),
            Some(_) => Ok(()),
            None => {
                let (path, file) = self.open()?;
                let name = file.default_profile().unwrap_or(DEFAULT);
                match file.profile(name) {
                    Some(profile) => self.fill_from_profile(&path, name, profile),
                    None if file.default_profile().is_some() => {
                        let known = file.profiles().map(|(name, _)| name.to_owned()).collect();
                        Err(AccessError::NoProfile { path, profile: name.to_owned(), known })
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn fill_from_profile_of(&mut self, host: &Host) -> Result<(), AccessError> {
        let (path, file) = self.open()?;
        let mut matching: Vec<_> = file
            .profiles()
            .filter(|(_, profile)| {
                profile.get("host").is_some_and(|text| Host::parse(text).is_ok_and(|found| found == *host))
            })
            .collect();
        if matching.len() > 1
            && let Some(id) = self.values.get("workspace_id").or(host.workspace_id())
            && let Some(one) = matching.iter().find(|(_, profile)| profile.get("workspace_id") == Some(id))
        {
            matching = vec![*one];
        }
        match matching.as_slice() {
            [] => Ok(()),
            [(name, profile)] => self.fill_from_profile(&path, name, profile),
            several => {
                let profiles = several.iter().map(|(name, _)| (*name).to_owned()).collect();
                Err(AccessError::ManyProfiles { path, host: host.clone(), profiles })
            }
        }
    }

    fn fill_from_profile(&mut self, path: &Path, name: &str, profile: &Profile) -> Result<(), AccessError> {
        let origin = |line| Origin::Profile { path: path.to_owned(), profile: name.to_owned(), line };
        for (key, value) in profile.keys() {
            if key == "host"
                && let Some(ours) = self.host()?
                && !value.text.expose_secret().is_empty()
            {
                let theirs = Host::parse(value.text.expose_secret())
                    .map_err(|source| AccessError::Host { origin: origin(value.line), source })?;
                if theirs != ours {
                    return Err(AccessError::HostMismatch {
                        path: path.to_owned(),
                        profile: name.to_owned(),
                        theirs,
                        ours,
                        origin: self.values.origin("host"),
                    });
                }
            }
        }
        for (key, value) in profile.keys() {
            if let Some(attribute) = attribute(key) {
                self.values.fill(attribute.key, value.text.expose_secret(), origin(value.line));
            }
        }
        self.profile = Some(name.to_owned());
        Ok(())
    }

    /// The configuration file. One that does not exist is empty.
    fn open(&mut self) -> Result<(PathBuf, ProfileFile), AccessError> {
        self.opened = true;
        let path = self.config_file.clone().unwrap_or_else(|| PathBuf::from(".databrickscfg"));
        ProfileFile::load(self.environment).map(|file| (path, file))
    }

    fn host(&self) -> Result<Option<Host>, AccessError> {
        self.values
            .get("host")
            .map(|text| {
                Host::parse(text)
                    .map_err(|source| AccessError::Host { origin: self.values.origin("host"), source })
            })
            .transpose()
    }

    fn finish(self) -> Result<Access, AccessError> {
        let Some(host) = self.host()? else {
            return Err(AccessError::NoHost { file: self.config_file.filter(|_| self.opened) });
        };
        let candidates = match self.values.get("auth_type") {
            Some(name) => vec![self.chosen(name)?],
            None => {
                let families = self.values.families();
                if families.len() > 1 {
                    return Err(AccessError::ManyMethods { families, values: self.values.shown() });
                }
                self.possible(&host)?
            }
        };
        tracing::debug!(host = %host, auth = ?candidates, profile = self.profile, "access resolved");
        Ok(Access {
            host,
            values: Arc::new(self.values),
            profile: self.profile,
            config_file: self.config_file.filter(|_| self.opened),
            candidates: candidates.into(),
            settled: Arc::new(OnceLock::new()),
            unused: self.unused.into(),
        })
    }

    /// The one way that `auth_type` names.
    fn chosen(&self, name: &str) -> Result<AuthType, AccessError> {
        let origin = self.values.origin("auth_type");
        if let Some(name) = UNSUPPORTED.iter().find(|known| **known == name) {
            return Err(AccessError::UnsupportedAuthType { name, origin });
        }
        let auth_type = AuthType::named(name)
            .ok_or_else(|| AccessError::UnknownAuthType { name: name.to_owned(), origin })?;
        let needed: &[&'static str] = match auth_type {
            AuthType::Pat => &["token"],
            AuthType::Basic => &["username", "password"],
            AuthType::OauthM2m => &["client_id", "client_secret"],
            AuthType::GithubOidc => &["actions_id_token_request_url", "actions_id_token_request_token"],
            AuthType::FileOidc => &["databricks_id_token_filepath"],
            AuthType::AzureClientSecret => &["azure_client_id", "azure_client_secret"],
            _ => &[],
        };
        match needed.iter().find(|key| !self.values.has(key)) {
            Some(missing) => Err(AccessError::Incomplete { auth_type, missing }),
            None => Ok(auth_type),
        }
    }

    /// The ways that the values allow, in the order of the chain.
    ///
    /// A secret that was given on purpose ends the chain: were it refused, going on would mean to act as somebody
    /// else than the user said.
    fn possible(&self, host: &Host) -> Result<Vec<AuthType>, AccessError> {
        let has = |key: &str| self.values.has(key);
        let refused =
            |name, key: &str| Err(AccessError::UnsupportedAuthType { name, origin: self.values.origin(key) });
        let mut possible = Vec::new();
        if has("token") {
            return Ok(vec![AuthType::Pat]);
        }
        if has("username") && has("password") {
            return Ok(vec![AuthType::Basic]);
        }
        if has("client_id") && has("client_secret") {
            return Ok(vec![AuthType::OauthM2m]);
        }
        let azure = matches!(host.cloud(), Cloud::Azure { .. }) || has("azure_workspace_resource_id");
        if has("azure_client_id") && has("azure_client_secret") && azure {
            return Ok(vec![AuthType::AzureClientSecret]);
        }
        if Program::databricks(self.values.get("databricks_cli_path"), self.environment).is_some() {
            possible.push(AuthType::DatabricksCli);
        }
        if has("metadata_service_url") {
            return refused("metadata-service", "metadata_service_url");
        }
        if has("actions_id_token_request_url") && has("actions_id_token_request_token") {
            possible.push(AuthType::GithubOidc);
        }
        let variable = self.values.get("oidc_token_env").unwrap_or("DATABRICKS_OIDC_TOKEN");
        if self.environment.variable(variable).is_some() {
            possible.push(AuthType::EnvOidc);
        }
        if has("databricks_id_token_filepath") {
            possible.push(AuthType::FileOidc);
        }
        if self.values.get("azure_use_msi").is_some_and(|text| matches!(text, "true" | "1")) {
            return refused("azure-msi", "azure_use_msi");
        }
        if azure && Program::find("az", self.environment).is_some() {
            possible.push(AuthType::AzureCli);
        }
        for (key, name) in
            [("google_credentials", "google-credentials"), ("google_service_account", "google-id")]
        {
            if has(key) && possible.is_empty() {
                return refused(name, key);
            }
        }
        possible.push(AuthType::Keyring);
        Ok(possible)
    }
}

/// The configuration file: `DATABRICKS_CONFIG_FILE`, with a leading `~` for the home folder, or `~/.databrickscfg`.
fn config_file(environment: &Environment) -> Option<PathBuf> {
    let Some(named) = environment.variable("DATABRICKS_CONFIG_FILE") else {
        return environment.home().map(|home| home.join(".databrickscfg"));
    };
    let path = match (named.strip_prefix('~'), environment.home()) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            home.join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(named),
    };
    Some(environment.directory().join(path))
}

fn searched(file: &Option<PathBuf>) -> String {
    match file {
        Some(path) => format!(
            ": neither the settings, nor DATABRICKS_HOST, nor a default profile in {}",
            path.display()
        ),
        None => ": neither the settings nor DATABRICKS_HOST".to_owned(),
    }
}
