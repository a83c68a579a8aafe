//! Where the CLI keeps a bundle's files and state in the workspace, and what it puts before names there.

use crate::bundle::root_path;
use crate::settings::{Mode, Target};
use crate::yaml::Value;

/// The folders of one bundle for one target and user, absolute workspace paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePaths {
    /// The user's own folder.
    pub home: String,
    /// `workspace.root_path`.
    pub root: String,
    /// `workspace.state_path`.
    pub state: String,
}

/// A path that cannot be told before the CLI resolves it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` holds {reference}, which tapworks cannot resolve")]
pub struct PathError {
    /// The setting's value.
    pub path: String,
    /// The reference.
    pub reference: String,
}

impl BundlePaths {
    /// The paths as the CLI resolves them (bundle `workspace` settings; default `~/.bundle/<name>/<target>`).
    ///
    /// # Errors
    /// Where a path refers to anything but the bundle's name and target and the user's names.
    pub fn resolve(project: &str, target: &Target, user: &str, short_name: &str) -> Result<Self, PathError> {
        let setting = |name: &str| {
            target.bundle.as_ref()?.get("workspace")?.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let resolve = |path: &str| resolve(path, project, &target.name, user, short_name);
        let root = match setting("root_path").or_else(|| root_path(target).map(str::to_owned)) {
            Some(path) => resolve(&path)?,
            None => format!("/Workspace/Users/{user}/.bundle/{project}/{}", target.name),
        };
        let state = match setting("state_path") {
            Some(path) => resolve(&path)?,
            None => format!("{root}/state"),
        };
        Ok(Self { home: format!("/Workspace/Users/{user}"), root, state })
    }

    /// The file that says which bundle lies here, written after each deploy that succeeded.
    #[must_use]
    pub fn metadata_file(&self) -> String {
        format!("{}/metadata.json", self.state)
    }

    /// The lock that the CLI holds while it changes the deployment.
    #[must_use]
    pub fn lock_file(&self) -> String {
        format!("{}/deploy.lock", self.state)
    }

    /// The state that the Terraform engine of older CLIs kept.
    #[must_use]
    pub fn terraform_file(&self) -> String {
        format!("{}/terraform.tfstate", self.state)
    }

    /// The deployment's state.
    #[must_use]
    pub fn state_file(&self) -> String {
        format!("{}/resources.json", self.state)
    }
}

fn resolve(
    path: &str,
    project: &str,
    target: &str,
    user: &str,
    short_name: &str,
) -> Result<String, PathError> {
    let mut resolved = String::new();
    let mut rest = path;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let reference = &rest[start..=start + length];
        resolved.push_str(&rest[..start]);
        resolved.push_str(match &reference[2..reference.len() - 1] {
            "bundle.name" => project,
            "bundle.target" | "bundle.environment" => target,
            "workspace.current_user.userName" => user,
            "workspace.current_user.short_name" => short_name,
            _ => return Err(PathError { path: path.to_owned(), reference: reference.to_owned() }),
        });
        rest = &rest[start + length + 1..];
    }
    resolved.push_str(rest);
    if let Some(below_home) = resolved.strip_prefix("~") {
        resolved = format!("/Workspace/Users/{user}{below_home}");
    }
    if !resolved.starts_with("/Workspace/") && !resolved.starts_with("/Volumes/") {
        resolved = format!("/Workspace{resolved}");
    }
    Ok(resolved.trim_end_matches('/').to_owned())
}

/// What stands before names in this target: `[dev <short name>] ` in development, unless a preset says otherwise.
#[must_use]
pub fn name_prefix(target: &Target, short_name: &str) -> String {
    let preset =
        |value: &Option<Value>| value.as_ref()?.get("name_prefix").and_then(Value::as_str).map(str::to_owned);
    let passed_through = target.bundle.as_ref().and_then(|bundle| preset(&bundle.get("presets").cloned()));
    let prefix = passed_through.or_else(|| preset(&target.presets)).unwrap_or_else(|| match target.mode {
        Mode::Development => "[dev ${workspace.current_user.short_name}] ".to_owned(),
        Mode::Production => String::new(),
    });
    prefix
        .replace("${workspace.current_user.short_name}", short_name)
        .replace("${bundle.target}", &target.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(mode: Mode, root_path: Option<&str>) -> Target {
        let mut target = Target::named("prod");
        target.mode = mode;
        target.root_path = root_path.map(str::to_owned);
        target
    }

    #[test]
    fn references_and_home_are_resolved() {
        let paths = |root| {
            BundlePaths::resolve("retail", &target(Mode::Production, root), "ana@x.org", "ana")
                .map(|p| p.root)
        };
        assert_eq!(paths(None).as_deref(), Ok("/Workspace/Users/ana@x.org/.bundle/retail/prod"));
        assert_eq!(paths(Some("~/b/${bundle.target}")).as_deref(), Ok("/Workspace/Users/ana@x.org/b/prod"));
        assert_eq!(paths(Some("/Shared/x/${bundle.name}/")).as_deref(), Ok("/Workspace/Shared/x/retail"));
        assert_eq!(paths(Some("/Shared/${var.x}")).unwrap_err().reference, "${var.x}");
    }

    #[test]
    fn development_has_its_own_default_and_prefix() {
        let target = target(Mode::Development, None);
        let paths = BundlePaths::resolve("retail", &target, "ana@x.org", "ana").unwrap();
        assert_eq!(
            paths.metadata_file(),
            "/Workspace/Users/ana@x.org/.bundle/retail/prod/state/metadata.json"
        );
        assert_eq!(name_prefix(&target, "ana"), "[dev ana] ");
    }
}
