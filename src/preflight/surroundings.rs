//! Does what surrounds a deploy fit: the databricks CLI, the root against the mode, who is named, how gateways run?

use super::case::Case;
use super::definition::list;
use super::principals::Principal;
use super::seen::Seen;
use super::verdict::Verdict;
use crate::finding::{Finding, Place};
use crate::settings::Mode;
use crate::text::plural;
use crate::yaml::Value;

const RULES: &[&str] = &["TW352", "TW353", "TW354"];

/// Judges the databricks CLI of this machine: what is wrong with it and what to do about it, where something is.
#[must_use]
pub fn judge_cli(problem: Option<(String, String)>) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.cover(None, ["TW350"]);
    if let Some((what, fix)) = problem {
        verdict.find(Finding::error("TW350", what).why("tapworks deploys with it").fix(fix));
    }
    verdict
}

/// Judges one target.
pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = case.covering(RULES);
    verdict.findings.extend(root(case));
    principals(case, &mut verdict);
    verdict.findings.extend(sleeping_gateways(case));
    verdict
}

/// The mode that `databricks.yml` has in the end.
fn mode(case: &Case<'_>) -> Mode {
    let passed = case.target.bundle.as_ref().and_then(|bundle| bundle.get("mode")).and_then(Value::as_str);
    match passed {
        Some("production") => Mode::Production,
        Some("development") => Mode::Development,
        _ => case.target.mode,
    }
}

/// The home of somebody else. Roots outside of homes are judged without a workspace.
fn root(case: &Case<'_>) -> Option<Finding> {
    let (bundle, paths) = case.paths.iter().find(|(bundle, _)| case.is_planned(bundle))?;
    let (me, short) = (&case.me.user_name, case.me.short_name());
    let home = |path: &str| {
        let below = path.strip_prefix("/Workspace/Users/")?;
        below.split('/').next().filter(|owner| !owner.is_empty()).map(str::to_owned)
    };
    let target = case.name();
    let place = case.target.root_path_place.clone().or_else(|| case.target.place.clone());
    let place = place.unwrap_or_else(|| Place::Resource { key: format!("bundle {bundle}") });
    let finding = match mode(case) {
        Mode::Development => {
            let path = [&paths.root, &paths.state].into_iter().find(|path| {
                home(path).is_some() && !path.contains(me.as_str()) && !path.contains(short.as_str())
            })?;
            Finding::error("TW352", format!("development target `{target}` lies in {path}, which is not the home of {me}"))
                .why("the databricks CLI refuses it: two people would overwrite each other")
                .fix("start it with ~, or put ${workspace.current_user.userName} into it, or set  mode: production")
        }
        Mode::Production => {
            let owner = home(&paths.root).filter(|owner| owner != me)?;
            Finding::warning("TW352", format!("production target `{target}` lies in the home of {owner}, {}, and {me} would deploy it", paths.root))
                .why("only its owner and workspace admins may write there unless they share it")
                .fix(format!("deploy as {owner}, or choose a root_path that all who deploy may write to, such as below /Workspace/Shared"))
        }
    };
    Some(finding.for_target(target).at(place))
}

fn principals(case: &Case<'_>, verdict: &mut Verdict) {
    let target = case.name();
    for principal in Principal::of(case.target).iter().filter(|principal| principal.is_reference()) {
        // Whoever deploys is there.
        if principal.name != "${workspace.current_user.userName}" {
            let why = format!(
                "{} `{}` in {} is resolved by the databricks CLI only",
                principal.noun(),
                principal.name,
                principal.setting
            );
            case.skip(verdict, &["TW353"], &why);
        }
    }
    for (principal, seen) in &case.facts.principals {
        let Principal { name, setting, .. } = principal;
        let noun = principal.noun();
        match seen {
            Seen::Known(false) => {
                let fix = match noun {
                    "group" => {
                        "correct the name as the workspace shows it, or have the group added to the workspace"
                    }
                    "service principal" => {
                        "write its application id, not its name, or have it added to the workspace"
                    }
                    _ => "correct the address, or have the user added to the workspace",
                };
                verdict.find(
                    Finding::error("TW353", format!("{setting} of target `{target}` names {noun} `{name}`, which the workspace does not know"))
                        .for_target(target)
                        .at(case.target.place.clone())
                        .why("the deploy would stop at the first pipeline or job that is to have it")
                        .fix(fix),
                );
            }
            seen => {
                let what = format!("whether {noun} `{name}` is there");
                case.skip_refused(
                    verdict,
                    &["TW353"],
                    seen,
                    &what,
                    "the right to look up principals, or a workspace admin's check",
                );
            }
        }
    }
}

/// In development the CLI pauses triggers, and takes `continuous` from every pipeline with it.
fn sleeping_gateways(case: &Case<'_>) -> Option<Finding> {
    if mode(case) != Mode::Development {
        return None;
    }
    let gateways: Vec<_> = case.layout.bundles.iter().flat_map(|bundle| &bundle.gateways).collect();
    let first = gateways.first()?;
    let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.clone()).collect();
    let target = case.name();
    let row = case.wanted.row_of_prefix(&first.prefix).and_then(|row| (case.place)(row));
    let keep = if gateways.len() == 1 { "does not keep running" } else { "do not keep running" };
    Some(
        Finding::warning("TW354", format!("{} of development target `{target}` {keep}: {}", plural(gateways.len(), "gateway"), list(&names)))
            .for_target(target)
            .at(case.target.place.clone().or(row))
            .why("with mode development the databricks CLI makes every pipeline non-continuous, gateways too, and without a running gateway no row arrives")
            .fix(format!(
                "start it by hand where rows are wanted: databricks bundle run --no-wait {} -t {target}; or set  mode: production  \
                 for this target, with  presets: {{name_prefix: \"[dev ${{workspace.current_user.short_name}}] \"}}  to keep names apart",
                first.key()
            )),
    )
}
