//! Where bundles live in a workspace, judged before any workspace is asked: the databricks CLI keeps one state below a
//! root, and refuses roots that do not suit the target's mode.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mode, Target};
use crate::finding::{Finding, Findings, Place, Severity};
use crate::yaml::Value;

/// The root that the CLI takes in development where none is named.
const DEVELOPMENT_ROOT: &str = "~/.bundle/${bundle.name}/${bundle.target}";
const USER: &str = "${workspace.current_user.userName}";

/// Judges the roots of these bundles in these targets. `strict`: what the CLI will refuse is an error, as it is for a
/// deploy; else a warning, for a package may be for somebody else to deploy.
#[must_use]
pub fn judge_roots(targets: &[&Target], bundles: &[&str], strict: bool) -> Findings {
    let mut findings = Findings::new();
    let refused = if strict { Severity::Error } else { Severity::Warning };
    let merged: Vec<Merged<'_>> = targets.iter().map(|target| Merged::of(target)).collect();
    for target in &merged {
        target.judge_mode(refused, &mut findings);
    }
    judge_shared_roots(&merged, bundles, &mut findings);
    judge_names(bundles, &mut findings);
    findings
}

/// A target as `databricks.yml` has it, with what is passed through over what is set.
struct Merged<'a> {
    target: &'a Target,
    workspace: String,
    mode: Mode,
    root: Option<String>,
    state: Option<String>,
    users_may_manage: bool,
}

impl<'a> Merged<'a> {
    fn of(target: &'a Target) -> Self {
        let bundle = target.bundle.as_ref();
        let passed = |name: &str| bundle?.get("workspace")?.get(name)?.as_str().map(str::to_owned);
        let mode = match bundle.and_then(|bundle| bundle.get("mode")).and_then(Value::as_str) {
            Some("production") => Mode::Production,
            Some("development") => Mode::Development,
            _ => target.mode,
        };
        let host = passed("host").or_else(|| target.host.clone());
        let workspace = match (host, &target.profile) {
            (Some(host), _) => host.trim_end_matches('/').to_lowercase(),
            (None, Some(profile)) => format!("profile {profile}"),
            (None, None) => String::new(),
        };
        let permissions = [target.permissions.as_ref(), bundle.and_then(|bundle| bundle.get("permissions"))];
        Self {
            target,
            workspace,
            mode,
            root: passed("root_path").or_else(|| target.root_path.clone()),
            state: passed("state_path"),
            users_may_manage: permissions.into_iter().flatten().any(users_may_manage),
        }
    }

    fn place(&self) -> Option<Place> {
        self.target.root_path_place.clone().or_else(|| self.target.place.clone())
    }

    fn judge_mode(&self, refused: Severity, findings: &mut Findings) {
        let name = &self.target.name;
        let Some(root) = &self.root else {
            if self.mode == Mode::Production {
                findings.push(
                    Finding::warning("TW230", format!("production target `{name}` has no root_path"))
                        .at(self.place())
                        .why("the bundle goes below the deploying identity's folder; another identity would make a second copy")
                        .fix("name one that all of them use, as  root_path: /Workspace/…/.bundle/${bundle.name}/${bundle.target}"),
                );
            }
            return;
        };
        let path = resolved(root, "", "");
        let shared = path == "/Workspace/Shared" || path.starts_with("/Workspace/Shared/");
        let own = path.starts_with("/Workspace/Users/") || root.contains("${workspace.current_user.");
        let mut finding = if self.mode == Mode::Development && !own {
            Finding::error(
                "TW233",
                format!("development target `{name}` has root_path `{root}`, which is nobody's own"),
            )
            .why("the databricks CLI refuses it: two people would overwrite each other")
            .fix(format!("start it with ~, or put {USER} into it, or set  mode: production"))
        } else if self.mode == Mode::Production && shared && !self.users_may_manage {
            Finding::error(
                "TW232",
                format!("target `{name}` has root_path `{root}`, which everybody can write to"),
            )
            .why("the databricks CLI refuses it without permissions that say so")
            .fix("move it, or add  permissions: [{level: CAN_MANAGE, group_name: users}]")
        } else {
            return;
        };
        finding.severity = refused;
        findings.push(finding.at(self.place()));
    }

    fn root_of(&self, bundle: &str) -> String {
        let default = match self.mode {
            Mode::Development => DEVELOPMENT_ROOT.to_owned(),
            Mode::Production => {
                format!("/Workspace/Users/{USER}/.bundle/${{bundle.name}}/${{bundle.target}}")
            }
        };
        resolved(self.root.as_deref().unwrap_or(&default), bundle, &self.target.name)
    }

    fn state_of(&self, bundle: &str) -> String {
        match &self.state {
            Some(state) => {
                let state = state.replace("${workspace.root_path}", &self.root_of(bundle));
                resolved(&state, bundle, &self.target.name)
            }
            None => format!("{}/state", self.root_of(bundle)),
        }
    }
}

fn users_may_manage(permissions: &Value) -> bool {
    permissions.as_sequence().is_some_and(|permissions| {
        permissions.iter().any(|permission| {
            let is = |key: &str, text: &str| permission.get(key).and_then(Value::as_str) == Some(text);
            is("group_name", "users") && is("level", "CAN_MANAGE")
        })
    })
}

/// A path with what is known put in; the user stays a reference, for everybody has a home of their own.
fn resolved(path: &str, bundle: &str, target: &str) -> String {
    let mut path = path
        .trim()
        .replace("${bundle.name}", bundle)
        .replace("${bundle.target}", target)
        .replace("${bundle.environment}", target);
    if let Some(below_home) = path.strip_prefix('~') {
        path = format!("/Workspace/Users/{USER}{below_home}");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = format!("/{}", parts.join("/"));
    match parts.first() {
        Some(&("Users" | "Shared" | "Repos")) => format!("/Workspace{path}"),
        _ => path,
    }
}

/// Two bundles, or two targets of one workspace, at one place.
fn judge_shared_roots(targets: &[Merged<'_>], bundles: &[&str], findings: &mut Findings) {
    let mut told: BTreeSet<Vec<usize>> = BTreeSet::new();
    for state in [false, true] {
        let mut places: BTreeMap<(&str, String), Vec<(usize, &str)>> = BTreeMap::new();
        for (index, target) in targets.iter().enumerate() {
            for bundle in bundles {
                let path = if state { target.state_of(bundle) } else { target.root_of(bundle) };
                places.entry((&target.workspace, path)).or_default().push((index, bundle));
            }
        }
        for ((_, path), owners) in places {
            let names: BTreeSet<&str> = owners.iter().map(|(_, bundle)| *bundle).collect();
            let indexes: BTreeSet<usize> = owners.iter().map(|(index, _)| *index).collect();
            if names.len() < 2 && indexes.len() < 2 {
                continue;
            }
            // One missing reference makes as many of these as there are bundles.
            if !told.insert(indexes.iter().copied().collect()) {
                continue;
            }
            let place = indexes.last().and_then(|index| targets.get(*index)).and_then(Merged::place);
            findings.push(shared(&path, state, targets, &names, &indexes).at(place));
        }
    }
}

fn shared(
    path: &str,
    state: bool,
    targets: &[Merged<'_>],
    bundles: &BTreeSet<&str>,
    indexes: &BTreeSet<usize>,
) -> Finding {
    let setting = if state { "state_path" } else { "root_path" };
    let names: Vec<String> = indexes
        .iter()
        .filter_map(|index| targets.get(*index))
        .map(|target| format!("`{}`", target.target.name))
        .collect();
    let (what, missing) = if bundles.len() > 1 {
        let mut shown: Vec<String> = bundles.iter().take(3).map(|bundle| format!("`{bundle}`")).collect();
        if bundles.len() > 3 {
            shown.push(format!("{} more", bundles.len() - 3));
        }
        let missing = if names.len() > 1 { "${bundle.name}/${bundle.target}" } else { "${bundle.name}" };
        (
            format!("bundles {} have one {setting} in {}, {path}", shown.join(", "), names.join(" and ")),
            missing,
        )
    } else {
        (
            format!("targets {} have one {setting} in one workspace, {path}", names.join(" and ")),
            "${bundle.target}",
        )
    };
    Finding::error("TW231", what)
        .why(
            "the databricks CLI keeps one state there, and the second deploy deletes what the first one made",
        )
        .fix(format!("put {missing} into the path, as  {setting}: {path}/{missing}"))
}

fn judge_names(bundles: &[&str], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for bundle in bundles {
        if !seen.insert(*bundle) {
            findings.push(
                Finding::error("TW234", format!("two bundles are named `{bundle}`"))
                    .why("they are one folder and one state; the second deploy deletes what the first one made")
                    .fix("rename the project that has this name"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, root: Option<&str>) -> Target {
        let mut target = Target::named(name);
        target.host = Some("https://h".into());
        target.root_path = root.map(str::to_owned);
        target
    }

    fn judge(targets: &[Target], bundles: &[&str]) -> Vec<(&'static str, Severity)> {
        let targets: Vec<&Target> = targets.iter().collect();
        judge_roots(&targets, bundles, true).iter().map(|finding| (finding.rule, finding.severity)).collect()
    }

    #[test]
    fn roots_of_their_own_are_fine() {
        let roots = [
            target("dev", None),
            target("qa", Some("~/b/${bundle.name}/${bundle.target}")),
            target("prod", Some("/Workspace/prod/${bundle.name}")),
        ];
        assert_eq!(judge(&roots, &["a", "b", "c"]), []);
    }

    #[test]
    fn two_bundles_or_two_targets_at_one_root_are_found_once() {
        let error = |id| vec![(id, Severity::Error)];
        assert_eq!(judge(&[target("prod", Some("/x"))], &["a", "b", "c"]), error("TW231"));
        let both = [
            target("dev", Some("/Users/x@y/${bundle.name}")),
            target("qa", Some("/Workspace/Users/x@y//${bundle.name}/")),
        ];
        assert_eq!(judge(&both, &["a", "b", "c"]), error("TW231"));
        let mut apart = both.clone();
        apart[1].host = Some("https://other".into());
        assert_eq!(judge(&apart, &["a"]), []);
        let mut state = [target("dev", None), target("qa", None)];
        for target in &mut state {
            target.bundle = crate::yaml::read("workspace:\n  state_path: /Workspace/state/${bundle.name}")
                .ok()
                .map(|n| n.to_value());
        }
        assert_eq!(judge(&state, &["a"]), error("TW231"));
        assert_eq!(judge(&[target("dev", None)], &["a", "a"]).last(), Some(&("TW234", Severity::Error)));
    }

    #[test]
    fn roots_suit_the_mode() {
        assert_eq!(judge(&[target("prod", None)], &["a"]), [("TW230", Severity::Warning)]);
        assert_eq!(judge(&[target("dev", Some("/Shared/x"))], &["a"]), [("TW233", Severity::Error)]);
        assert_eq!(
            judge(&[target("dev", Some("/Workspace/Users/${workspace.current_user.userName}/x"))], &["a"]),
            []
        );
        let mut shared = target("prod", Some("/Shared/x"));
        assert_eq!(judge(std::slice::from_ref(&shared), &["a"]), [("TW232", Severity::Error)]);
        shared.permissions =
            crate::yaml::read("[{level: CAN_MANAGE, group_name: users}]").ok().map(|node| node.to_value());
        assert_eq!(judge(&[shared.clone()], &["a"]), []);
        shared.permissions = None;
        let lenient = judge_roots(&[&shared], &["a"], false);
        assert_eq!(lenient.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning]);
    }
}
