//! Which workspace a credential is for.

use std::path::PathBuf;

use super::super::workspaces;
use super::super::{Context, Failure};
use crate::settings::{Flags, Settings};
use crate::workspace::{Access, AccessRequest, Host};

/// A workspace: of a target, of a profile, by its address, or that of the environment.
#[derive(clap::Args)]
pub(super) struct WhichArguments {
    /// The address of the workspace
    #[arg(long, value_name = "URL", conflicts_with_all = ["target", "profile"])]
    host: Option<String>,
    /// The workspace of this target
    #[arg(short, long, value_name = "NAME")]
    target: Option<String>,
    /// The workspace of this profile of .databrickscfg
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// The settings file; without it tapworks.yml is looked for from here upwards
    #[arg(short, long, alias = "settings", value_name = "FILE", env = "TAPWORKS_CONFIG")]
    config: Option<PathBuf>,
}

impl WhichArguments {
    /// Its address.
    pub(super) fn host(&self, context: &Context) -> Result<Host, Failure> {
        if let Some(host) = &self.host {
            return Host::parse(host).map_err(|error| Failure::usage(format!("--host: {error}")));
        }
        let access = match &self.target {
            Some(name) => {
                let settings = settings(context, self.config.clone())?;
                let target = settings.target(name).map_err(|error| Failure::usage(error.to_string()))?;
                workspaces::access(context, &target, self.profile.as_deref())?
            }
            None => {
                let request = AccessRequest {
                    host: None,
                    profile: self.profile.clone(),
                    profile_is_explicit: self.profile.is_some(),
                };
                Access::resolve(&request, &context.environment)?
            }
        };
        Ok(access.host().clone())
    }
}

/// The settings; what is wrong with them is told, and does not matter here.
pub(super) fn settings(context: &Context, config: Option<PathBuf>) -> Result<Settings, Failure> {
    let flags = Flags { config, ..Flags::default() };
    let (settings, findings) =
        Settings::resolve(flags, &context.environment).map_err(|error| Failure::usage(error.to_string()))?;
    context.printer.findings(&findings.sorted());
    Ok(settings)
}
