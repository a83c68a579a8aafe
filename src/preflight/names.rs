//! Are our names free, and our prefixes ours alone?

use std::collections::BTreeMap;

use super::case::{Case, Stranger};
use super::facts::{Found, Manager};
use super::seen::Seen;
use super::verdict::Verdict;
use super::wanted::Planned;
use crate::finding::{Finding, Place};
use crate::text::plural;

const RULES: &[&str] = &["TW301", "TW302", "TW303", "TW304", "TW305", "TW310"];
const BY_PIPELINES: &[&str] = &["TW301", "TW303", "TW304", "TW305", "TW310"];
const BY_JOBS: &[&str] = &["TW302", "TW304", "TW305"];

/// What is asked about: pipelines and jobs have much in common.
#[derive(Clone, Copy)]
struct Kind {
    noun: &'static str,
    rule: &'static str,
}

const PIPELINE: Kind = Kind { noun: "pipeline", rule: "TW301" };
const JOB: Kind = Kind { noun: "job", rule: "TW302" };

/// Judges the names of pipelines and jobs.
pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = case.covering(RULES);
    let user = &case.me.user_name;
    case.skip_refused(
        &mut verdict,
        BY_PIPELINES,
        &case.facts.pipelines,
        "the list of pipelines",
        "access to pipelines in this workspace",
    );
    case.skip_refused(
        &mut verdict,
        BY_JOBS,
        &case.facts.jobs,
        "the list of jobs",
        "access to jobs in this workspace",
    );
    if !case.me.is_workspace_admin() {
        for (list, rules, noun) in [
            (case.facts.pipelines.known(), BY_PIPELINES, "pipeline"),
            (case.facts.jobs.known(), BY_JOBS, "job"),
        ] {
            if list.is_some() {
                let why = format!(
                    "seen only as far as {user} may view; to see every {noun}, ask a workspace admin to run the check, or \
                     for membership in `admins`"
                );
                case.skip(&mut verdict, rules, &why);
            }
        }
    }
    let mut elsewhere = Elsewhere::new();
    let mut neighbours = Neighbours::new();
    for found in case.facts.pipelines.known().into_iter().flatten() {
        if case.is_deployed(&found.id) {
            continue;
        }
        if let Some(planned) = case.wanted.pipeline(&found.name) {
            taken(case, PIPELINE, found, planned, &mut elsewhere, &mut verdict);
        } else if let Some(bundle) = our_bundle(case, found) {
            verdict.findings.extend(left_over(case, PIPELINE, found, bundle, None));
        } else if let Some((name, planned)) = case.wanted.pipeline_but_for_case(&found.name) {
            verdict.find(but_for_case(case, PIPELINE, found, name, planned));
        } else if let Some((prefix, subgroup)) = case.wanted.uses_our_prefix(&found.name) {
            let key = (prefix.to_owned(), subgroup.to_owned(), case.stranger(found));
            neighbours.entry(key).or_default().push(found);
        }
    }
    for found in case.facts.jobs.known().into_iter().flatten() {
        if case.is_deployed(&found.id) {
            continue;
        }
        if let Some(planned) = case.wanted.job(&found.name) {
            taken(case, JOB, found, planned, &mut elsewhere, &mut verdict);
        } else if let Some((name, planned)) = case.wanted.job_but_for_case(&found.name) {
            verdict.find(but_for_case(case, JOB, found, name, planned));
        }
    }
    verdict
        .findings
        .extend(elsewhere.into_iter().map(|((bundle, root), all)| moved(case, &bundle, &root, &all)));
    verdict.findings.extend(neighbours.iter().filter_map(|(key, all)| neighbour(case, key, all)));
    for (bundle, facts) in &case.facts.bundles {
        if facts.state.refused().is_some() && case.is_planned(bundle) {
            let what = format!("the state of bundle `{bundle}`");
            case.skip_refused(
                &mut verdict,
                &["TW304"],
                &facts.state,
                &what,
                "CAN_READ on the bundle's folder",
            );
        }
    }
    verdict
}

/// Resources of a bundle of ours that is deployed under another root: bundle and root to what was found.
type Elsewhere<'a> = BTreeMap<(String, String), Vec<(Kind, &'a Found, &'a Planned)>>;
/// Pipelines of strangers that have one of our prefixes: prefix, subgroup, who.
type Neighbours<'a> = BTreeMap<(String, String, Stranger), Vec<&'a Found>>;

fn our_bundle<'a>(case: &'a Case<'_>, found: &Found) -> Option<&'a str> {
    match &found.manager {
        Manager::Bundle(path) => case.ours(path),
        _ => None,
    }
}

/// A name that we want and somebody has.
fn taken<'a>(
    case: &Case<'_>,
    kind: Kind,
    found: &'a Found,
    planned: &'a Planned,
    elsewhere: &mut Elsewhere<'a>,
    verdict: &mut Verdict,
) {
    let Kind { noun, rule } = kind;
    if let Some(bundle) = our_bundle(case, found) {
        verdict.findings.extend(left_over(case, kind, found, bundle, Some(planned)));
        return;
    }
    let who = case.stranger(found);
    if let Stranger::Bundle { bundle, target, root } = &who
        && *bundle == planned.bundle
        && target == case.name()
    {
        elsewhere.entry((bundle.clone(), root.clone())).or_default().push((kind, found, planned));
        return;
    }
    let (what, fix) = match &who {
        Stranger::Nobody => (
            format!("a {noun} named \"{}\" is there already, made by hand: {}", found.name, found.card()),
            format!("rename or delete that {noun}, or choose another prefix for this group"),
        ),
        Stranger::Gone { root } => (
            format!(
                "a {noun} named \"{}\" is there already, and its bundle is gone from {root}: {}",
                found.name,
                found.card()
            ),
            format!("delete that {noun} once nobody needs it, or choose another prefix for this group"),
        ),
        Stranger::Unknown => (
            format!(
                "a {noun} named \"{}\" is there already, whose cannot be seen from here: {}",
                found.name,
                found.card()
            ),
            format!("ask its owner what that {noun} is for, or choose another prefix for this group"),
        ),
        Stranger::Bundle { .. } | Stranger::Hidden { .. } => (
            format!(
                "a {noun} named \"{}\" is there already and belongs to {}: {}",
                found.name,
                who.told(),
                found.card()
            ),
            "choose another prefix for this group, or agree with the owner of that bundle".to_owned(),
        ),
    };
    verdict.find(
        Finding::error(rule, what)
            .for_target(case.name())
            .at(case.row(planned))
            .why(format!("the deploy would stop at it, or make a second {noun} of that name"))
            .fix(fix),
    );
}

fn but_for_case(case: &Case<'_>, kind: Kind, found: &Found, name: &str, planned: &Planned) -> Finding {
    let Kind { noun, rule } = kind;
    Finding::warning(
        rule,
        format!("{noun} \"{}\" has the name of our \"{name}\" but for case: {}", found.name, found.card()),
    )
    .for_target(case.name())
    .at(case.row(planned))
    .why(format!("{}; people and searches take the two for one", case.stranger(found).clause()))
    .fix("choose another prefix for this group, or rename the other")
}

/// Something that points at a bundle of ours, whose state does not know it.
fn left_over(
    case: &Case<'_>,
    kind: Kind,
    found: &Found,
    bundle: &str,
    planned: Option<&Planned>,
) -> Option<Finding> {
    // Without the state, whether it is known there cannot be said.
    let facts = case.facts.bundles.get(bundle)?;
    facts.state.known()?;
    let known = case.facts.known.get(bundle);
    if known.is_some_and(|known| known.values().any(|id| *id == found.id)) {
        return None;
    }
    let in_state = planned.and_then(|planned| facts.deployed()?.id(&planned.key));
    let noun = kind.noun;
    let what = match planned {
        Some(planned) => format!(
            "{noun} \"{}\" was left over by a deploy that broke off: it points at this bundle, whose state has {} for {}: {}",
            found.name,
            in_state.unwrap_or("nothing"),
            planned.key,
            found.card()
        ),
        None => format!(
            "{noun} \"{}\" was left over by a deploy that broke off: it points at bundle `{bundle}`, whose state does not \
             know it and whose rows no longer ask for it: {}",
            found.name,
            found.card()
        ),
    };
    let finding = Finding::error("TW304", what).for_target(case.name());
    Some(match planned {
        Some(planned) => finding
            .at(case.row(planned))
            .why("the CLI does not know it and would create it a second time")
            .fix(match in_state.filter(|held| !is_gone(case, held)) {
                None => {
                    let key = planned.key.rsplit('.').next().unwrap_or(&planned.key);
                    let (id, target) = (&found.id, case.name());
                    let let_go = match in_state {
                        Some(_) => format!("`databricks bundle deployment unbind {key} -t {target}`, then "),
                        None => String::new(),
                    };
                    format!(
                        "`tapworks deploy --recover` takes over all that was left; by hand: \
                         {let_go}`databricks bundle deployment bind {key} {id} -t {target}`, or delete it in the workspace"
                    )
                }
                Some(other) => format!(
                    "the bundle has {other} for that key: delete {} in the workspace once nothing needs it",
                    found.id
                ),
            }),
        None => {
            let mut finding = finding
                .at(Place::Resource { key: format!("bundle {bundle}") })
                .why("no deploy will ever change or remove it, and it may still write its tables")
                .fix(format!("delete that {noun} in the workspace, once nobody needs its tables"));
            finding.severity = crate::finding::Severity::Warning;
            finding
        }
    })
}

/// Whether it is known that nothing of this id is there any more.
fn is_gone(case: &Case<'_>, id: &str) -> bool {
    let pipeline = case.facts.own_pipelines.get(id).and_then(Seen::known);
    let job = case.facts.own_jobs.get(id).and_then(Seen::known);
    matches!(pipeline, Some(None)) || matches!(job, Some(false))
}

/// The same bundle and target, deployed under another root.
fn moved(case: &Case<'_>, bundle: &str, root: &str, all: &[(Kind, &Found, &Planned)]) -> Finding {
    let example = all.first().map_or(String::new(), |(kind, found, _)| {
        format!("{} \"{}\" belongs to it: {}", kind.noun, found.name, found.card())
    });
    let more = match all.len() {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let row = all.iter().filter_map(|(_, _, planned)| planned.row).min();
    let target = case.name();
    Finding::error(
        "TW305",
        format!(
            "bundle `{bundle}` is deployed for target `{target}` under another root, {root}; {example}{more}"
        ),
    )
    .for_target(target)
    .at(row.and_then(|row| (case.place)(row)))
    .why("under a new root everything would be created a second time")
    .fix(format!("keep it where it is: `root_path: {root}` in target `{target}`"))
}

/// Strangers with our prefix.
fn neighbour(case: &Case<'_>, key: &(String, String, Stranger), all: &[&Found]) -> Option<Finding> {
    const SHOWN: usize = 3;
    let (prefix, subgroup, who) = key;
    let name = |(index, found): (usize, &&Found)| match index {
        0 => format!("\"{}\" ({})", found.name, found.card()),
        _ => format!("\"{}\"", found.name),
    };
    let mut shown: Vec<String> = all.iter().take(SHOWN).enumerate().map(name).collect();
    if all.len() > SHOWN {
        shown.push(format!("and {} more", all.len() - SHOWN));
    }
    let (pipelines, shown) = (plural(all.len(), "pipeline"), shown.join(", "));
    let at = case.wanted.row_of_prefix(prefix).and_then(|row| (case.place)(row));
    let fix = match who {
        Stranger::Gone { .. } => {
            format!(
                "where that bundle is gone for good, delete what it left: {}; else choose another prefix or subgroup",
                ids(all)
            )
        }
        _ => "choose another prefix or subgroup, or bring the two groups into one project".to_owned(),
    };
    let finding = match who {
        // Whose it is decides what it is; where that cannot be seen, nothing is said.
        Stranger::Unknown => return None,
        Stranger::Nobody => {
            let (are, them) = if all.len() == 1 { ("is", "it") } else { ("are", "them") };
            let what = format!("{pipelines} of prefix `{prefix}` {are} there, and no bundle owns {them}: {shown}");
            Finding::warning("TW310", what)
                .why(format!(
                    "no deploy will ever change or remove {them}, and names that we need later may be taken by {them}"
                ))
                .fix(format!("rename {them}, or delete what nobody needs: {}", ids(all)))
        }
        _ if case.wanted.has_subgroup(prefix, subgroup) => {
            Finding::error("TW303", format!("prefix `{prefix}` is used by {}: {pipelines}, {shown}", who.told()))
                .why(format!(
                    "both bundles would number pipelines of `{prefix}_{subgroup}`, and sooner or later meet at one name"
                ))
                .fix(fix)
        }
        _ => Finding::warning("TW303", format!("prefix `{prefix}` is used by {}: {pipelines}, {shown}", who.told()))
            .why("another group of the same prefix lies in another bundle")
            .fix(fix),
    };
    Some(finding.for_target(case.name()).at(at))
}

/// All of them by name and id, for a person who has to go through them.
fn ids(all: &[&Found]) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> =
        all.iter().take(SHOWN).map(|found| format!("{} {}", found.name, found.id)).collect();
    if all.len() > SHOWN {
        names.push(format!("and {} more", all.len() - SHOWN));
    }
    names.join(", ")
}
