//! What is deployed already: is it ours, is it still there, and is it still as it was deployed?

use super::case::Case;
use super::definition::{Definition, list};
use super::facts::{BundleFacts, LivePipeline};
use super::seen::Seen;
use super::state::BundleState;
use super::verdict::Verdict;
use crate::finding::{Finding, Place};
use crate::text::plural;

const RULES: &[&str] = &["TW306", "TW308", "TW309", "TW311", "TW351"];
const READ_BUNDLE: &str = "CAN_READ on the bundle's folder";

/// Judges the bundles' own states against the workspace.
pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = case.covering(RULES);
    for (bundle, facts) in &case.facts.bundles {
        if case.is_planned(bundle) {
            planned(case, bundle, facts, &mut verdict);
        } else {
            vanished(case, bundle, facts, &mut verdict);
        }
    }
    verdict
}

fn planned(case: &Case<'_>, bundle: &str, facts: &BundleFacts, verdict: &mut Verdict) {
    let what = format!("the metadata of bundle `{bundle}`");
    case.skip_refused(verdict, &["TW306"], &facts.metadata, &what, READ_BUNDLE);
    verdict.findings.extend(another_bundle_here(case, bundle, facts));
    let what = format!("the state of bundle `{bundle}`");
    case.skip_refused(verdict, &["TW308", "TW309", "TW351"], &facts.state, &what, READ_BUNDLE);
    let what = format!("the state folder of bundle `{bundle}`");
    case.skip_refused(verdict, &["TW351"], &facts.terraform, &what, READ_BUNDLE);
    if facts.terraform.known() == Some(&true) {
        verdict.find(by_terraform(case, bundle));
    }
    let Some(state) = facts.deployed() else { return };
    let readable = |key: &String| state.definition::<Definition>(key).is_some();
    if !state.ids.keys().filter(|key| is_pipeline(key)).all(readable) && case.selection.wants("TW309") {
        let why = format!("the state of bundle `{bundle}` is not built as any that tapworks knows");
        case.skip(verdict, &["TW309"], &why);
    }
    let mut hidden = Vec::new();
    for (key, id) in &state.ids {
        if let Some(seen) = case.facts.own_pipelines.get(id) {
            match seen {
                Seen::Known(Some(live)) => verdict.findings.extend(drift(case, bundle, key, state, live)),
                Seen::Known(None) => verdict.find(gone(case, bundle, key, id, state)),
                Seen::Refused(_) | Seen::Unasked => hidden.push((key, id, seen)),
            }
        }
        match case.facts.own_jobs.get(id) {
            Some(Seen::Known(false)) => verdict.find(gone(case, bundle, key, id, state)),
            Some(Seen::Refused(words)) => {
                let why = format!(
                    "{} (id {id}) may not be viewed by {} ({words}); ask for CAN_VIEW on it",
                    short(key),
                    case.me.user_name
                );
                case.skip(verdict, &["TW308"], &why);
            }
            _ => {}
        }
    }
    if let Some((key, id, Seen::Refused(words))) = hidden.first() {
        let others = match hidden.len() - 1 {
            0 => String::new(),
            more => format!(" and {} more", plural(more, "pipeline")),
        };
        let why = format!(
            "{} (id {id}){others} may not be viewed by {} ({words}); ask for CAN_VIEW on the pipelines of bundle `{bundle}`",
            short(key),
            case.me.user_name
        );
        case.skip(verdict, &["TW308", "TW309"], &why);
    }
}

/// Whether a key is that of a pipeline; below it stand its permissions.
fn is_pipeline(key: &str) -> bool {
    key.strip_prefix("resources.pipelines.").is_some_and(|name| !name.contains('.'))
}

fn short(key: &str) -> &str {
    key.trim_start_matches("resources.")
}

fn another_bundle_here(case: &Case<'_>, bundle: &str, facts: &BundleFacts) -> Option<Finding> {
    let metadata = facts.metadata.known()?.as_ref()?;
    let target = case.name();
    if metadata.bundle == bundle && metadata.target == target {
        return None;
    }
    let root = case.paths.get(bundle).map(|paths| paths.root.as_str()).unwrap_or_default();
    let place = case.target.root_path_place.clone().or_else(|| case.target.place.clone());
    let place = place.unwrap_or_else(|| Place::Resource { key: format!("bundle {bundle}") });
    Some(
        Finding::error(
            "TW306",
            format!(
                "another bundle is deployed under {root}: `{}`, target `{}`",
                metadata.bundle, metadata.target
            ),
        )
        .for_target(target)
        .at(place)
        .why("the CLI keeps one state there: deploying this bundle would delete all of the other's pipelines")
        .fix(format!(
            "give target `{target}` a root_path of its own, with ${{bundle.name}} and ${{bundle.target}} in it"
        )),
    )
}

fn by_terraform(case: &Case<'_>, bundle: &str) -> Finding {
    let target = case.name();
    let root = case.paths.get(bundle).map(|paths| paths.state.as_str()).unwrap_or_default();
    Finding::error(
        "TW351",
        format!("bundle `{bundle}` was deployed with the Terraform engine of the databricks CLI: its state is {root}/terraform.tfstate"),
    )
    .for_target(target)
    .at(Place::Resource { key: format!("bundle {bundle}") })
    .why("tapworks deploys with the direct engine, which keeps another state: plans, and keeping tables when a pipeline goes, work there only")
    .fix(format!(
        "migrate it once, in the folder of the bundle as it was deployed: databricks bundle deployment migrate -t {target}, \
         then databricks bundle plan -t {target}, which must show no change, then databricks bundle deploy -t {target}"
    ))
}

/// What the state holds, and the workspace does not.
fn gone(case: &Case<'_>, bundle: &str, key: &str, id: &str, state: &BundleState) -> Finding {
    let definition = state.definition::<Definition>(key).filter(|_| is_pipeline(key));
    let noun = if key.starts_with("resources.jobs.") { "job" } else { "pipeline" };
    let name = definition.as_ref().and_then(|definition| definition.name.clone());
    let name = name.map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let wanted = case.wanted.at_key(bundle, key).is_some();
    let is_gateway = definition.as_ref().is_some_and(Definition::is_gateway);
    let (why, fix) = match (wanted, noun, is_gateway) {
        (false, ..) => {
            ("no row asks for it any more", "nothing: the next deploy takes it out of the state".to_owned())
        }
        (true, "job", _) => (
            "the next deploy creates it again",
            "nothing, where it was deleted by mistake; else take its schedule out of the rows".to_owned(),
        ),
        (true, _, true) => (
            "the next deploy creates it again, and with it every pipeline behind it, whose tables are read again in full",
            format!(
                "restore it if the workspace still can; else deploy with consent to what `tapworks deploy` names for target `{}`",
                case.name()
            ),
        ),
        (true, _, false) => (
            "the next deploy creates it again; tables that it left behind have to be dropped first, and all are read again in full",
            "restore it if the workspace still can; else drop what it left behind, and deploy".to_owned(),
        ),
    };
    Finding::warning(
        "TW308",
        format!("{noun}{name} of bundle `{bundle}` is gone from the workspace: {}, id {id}", short(key)),
    )
    .for_target(case.name())
    .at(case.place_of(bundle, key))
    .why(why)
    .fix(fix)
}

/// A pipeline that somebody changed by hand.
fn drift(
    case: &Case<'_>,
    bundle: &str,
    key: &str,
    state: &BundleState,
    live: &LivePipeline,
) -> Option<Finding> {
    let was = state.definition::<Definition>(key)?;
    let is = live.definition.as_ref()?;
    let differences = was.differences(is);
    if differences.is_empty() {
        return None;
    }
    let recreates = differences.iter().any(|difference| difference.recreates);
    let what: Vec<String> = differences.into_iter().map(|difference| difference.what).collect();
    let name = was.name.as_deref().unwrap_or(&live.found.name);
    let (why, fix) = if recreates {
        (
            format!(
                "the next deploy deletes the pipeline and creates it again{}",
                behind(was.is_gateway(), was.tables())
            ),
            "put it back in the workspace before the next deploy",
        )
    } else {
        (
            "the next deploy puts it back to what the rows say".to_owned(),
            "put it back in the workspace; or, where the change is meant to stay, bring it into the rows or settings",
        )
    };
    Some(
        Finding::warning(
            "TW309",
            format!("pipeline \"{name}\" was changed by hand: {}; {}", what.join(", "), live.found.card()),
        )
        .for_target(case.name())
        .at(case.place_of(bundle, key))
        .why(why)
        .fix(fix),
    )
}

fn behind(is_gateway: bool, tables: usize) -> String {
    if is_gateway {
        ", and with it every pipeline behind it, whose tables are read again in full".to_owned()
    } else {
        format!(
            ": {} read again in full",
            if tables == 1 { "its table is".to_owned() } else { format!("its {tables} tables are") }
        )
    }
}

/// A bundle that was deployed from here, and that no row names any more.
fn vanished(case: &Case<'_>, bundle: &str, facts: &BundleFacts, verdict: &mut Verdict) {
    let what = format!("the state of bundle `{bundle}`");
    case.skip_refused(verdict, &["TW311"], &facts.state, &what, READ_BUNDLE);
    let Some(state) = facts.deployed() else { return };
    let (pipelines, jobs) = (keys(state, "resources.pipelines."), keys(state, "resources.jobs."));
    if pipelines.is_empty() && jobs.is_empty() {
        return;
    }
    let target = case.name();
    let mut deployed = format!("{} ({})", plural(pipelines.len(), "pipeline"), list(&pipelines));
    if !jobs.is_empty() {
        deployed.push_str(&format!(" and {}", plural(jobs.len(), "job")));
    }
    verdict.find(
        Finding::warning(
            "TW311",
            format!("bundle `{bundle}` is deployed to target `{target}`, and no row names its project any more: {deployed}"),
        )
        .for_target(target)
        .at(Place::Resource { key: format!("bundle {bundle}") })
        .why("its pipelines and jobs go on as they are, and no deploy changes or removes them")
        .fix(format!(
            "put its rows back; or delete what it deployed with `tapworks deploy -t {target} --remove-project {bundle}`, which \
             says first whether its tables are kept"
        )),
    );
}

fn keys(state: &BundleState, start: &str) -> Vec<String> {
    let keys = state.ids.keys().filter_map(|key| key.strip_prefix(start));
    keys.filter(|key| !key.contains('.')).map(str::to_owned).collect()
}
