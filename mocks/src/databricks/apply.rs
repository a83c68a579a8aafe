//! Carries a plan out: each node behind those that it needs, up to ten at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value as Json;

use super::http::Client;
use super::node::Node;
use super::path::{get, replace_templates};
use super::plan::{NodePlan, Plan};
use super::reference::Step;
use super::remote::{self, again};
use super::rule::Action;
use super::state::{Entry, Journal};
use super::template::{resolve_text, segments};

/// What came of a plan.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) done: BTreeMap<String, Action>,
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// One request that is under way, and what it leads to.
enum Outcome {
    /// The old one is gone, the new one is to be made.
    Deleted,
    /// It has this id now.
    Stands(String),
    /// It is gone, or at least no longer ours: then the warning says why.
    Gone(Option<String>),
    Failed(String),
}

type Running<'a> = Pin<Box<dyn Future<Output = (&'a str, Outcome)> + 'a>>;

/// Carries out every step that is not a skip. What was done is in the journal even if something else failed.
pub(super) async fn apply(client: &Client, plan: &Plan, journal: &mut Journal, pause: Duration) -> Applied {
    let mut applied = Applied::default();
    let todo: BTreeMap<&str, &NodePlan> = plan
        .plan
        .iter()
        .filter(|(_, step)| step.action != Action::Skip)
        .map(|(name, step)| (name.as_str(), step))
        .collect();
    let (mut waits_for, unblocks) = edges(&todo);
    let mut ready: Vec<&str> = todo
        .keys()
        .copied()
        .filter(|name| waits_for.get(name).is_none_or(BTreeSet::is_empty))
        .rev()
        .collect();
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    let mut values: HashMap<&str, Json> = HashMap::new();
    let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    loop {
        let mut finished: Vec<(&str, Outcome)> = Vec::new();
        while running.len() < remote::PARALLEL
            && let Some(name) = ready.pop()
        {
            let step = todo[name];
            let broken = step.depends_on.iter().find(|needed| failed.contains(needed.node.as_str()));
            if let Some(broken) = broken.filter(|_| step.action != Action::Delete) {
                let why = format!("cannot {} {name}: dependency failed: {}", step.action.word(), broken.node);
                finished.push((name, Outcome::Failed(why)));
                continue;
            }
            match start(client, plan, journal, name, step, pause, &mut values) {
                Ok(future) => running.push(future),
                Err(outcome) => finished.push((name, outcome)),
            }
        }
        if finished.is_empty() {
            match running.next().await {
                Some(outcome) => finished.push(outcome),
                None => break,
            }
        }
        for (name, outcome) in finished {
            let step = todo[name];
            let entry = match outcome {
                Outcome::Deleted => {
                    if let Err(error) = journal.put(name, None) {
                        applied.errors.push(error.to_string());
                    }
                    if let Some(node) = Node::parse(name) {
                        let value = values.get(name).cloned().unwrap_or_default();
                        running.push(Box::pin(create(client, name, node, value, Action::Recreate)));
                    }
                    continue;
                }
                Outcome::Stands(id) => Some(Some(Entry {
                    id,
                    state: values.remove(name).unwrap_or_default(),
                    depends_on: step.depends_on.clone(),
                })),
                Outcome::Gone(warning) => {
                    applied.warnings.extend(warning);
                    Some(None)
                }
                Outcome::Failed(why) => {
                    applied.errors.push(why);
                    failed.insert(name);
                    None
                }
            };
            if let Some(entry) = entry {
                match journal.put(name, entry) {
                    Ok(()) => {
                        applied.done.insert(name.to_owned(), step.action);
                    }
                    Err(error) => {
                        applied.errors.push(error.to_string());
                        failed.insert(name);
                    }
                }
            }
            for dependent in unblocks.get(name).into_iter().flatten() {
                if let Some(waiting) = waits_for.get_mut(dependent) {
                    waiting.remove(name);
                    if waiting.is_empty() {
                        ready.push(dependent);
                    }
                }
            }
        }
    }
    applied
}

/// Who waits for whom, and whom everyone unblocks.
type Edges<'a> = (HashMap<&'a str, BTreeSet<&'a str>>, HashMap<&'a str, Vec<&'a str>>);

/// What is made waits for what it needs; what is deleted waits for what needed it.
fn edges<'a>(todo: &BTreeMap<&'a str, &'a NodePlan>) -> Edges<'a> {
    let mut waits_for: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    let mut unblocks: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, step) in todo {
        for dependency in &step.depends_on {
            let Some((needed, other)) = todo.get_key_value(dependency.node.as_str()) else { continue };
            let (first, second) = match (step.action, other.action) {
                (Action::Delete, Action::Delete) => (*name, *needed),
                (Action::Delete, _) | (_, Action::Delete) => continue,
                _ => (*needed, *name),
            };
            if waits_for.entry(second).or_default().insert(first) {
                unblocks.entry(first).or_default().push(second);
            }
        }
    }
    (waits_for, unblocks)
}

/// Prepares the first request of a step, or says how the step ends without one.
fn start<'a>(
    client: &'a Client,
    plan: &'a Plan,
    journal: &Journal,
    name: &'a str,
    step: &'a NodePlan,
    pause: Duration,
    values: &mut HashMap<&'a str, Json>,
) -> Result<Running<'a>, Outcome> {
    let fail = |why: &str| Outcome::Failed(format!("cannot {} {name}: {why}", step.action.word()));
    let node = Node::parse(name)
        .ok_or_else(|| fail("this stand-in knows jobs, pipelines and their permissions only"))?;
    let entry = journal.state.state.get(name);
    if step.action == Action::Delete {
        let Some(entry) = entry.filter(|_| !step.gone) else { return Err(Outcome::Gone(None)) };
        let (id, deployed) = (entry.id.clone(), entry.state.clone());
        return Ok(Box::pin(async move {
            let outcome = match again(pause, || remote::delete(client, &node, &id, &deployed)).await {
                Ok(()) => Outcome::Gone(None),
                // Nobody may delete it, so nobody needs to keep it in mind.
                Err(error) if error.status() == Some(403) => Outcome::Gone(Some(format!(
                    "cannot delete {name}: {}; the resource is no longer managed by this bundle",
                    error.message()
                ))),
                Err(error) => Outcome::Failed(format!("cannot delete {name}: deleting id={id}: {error}")),
            };
            (name, outcome)
        }));
    }
    let new = step.new_state.as_ref().ok_or_else(|| fail("the plan has no new_state"))?;
    let mut value = new.with_references();
    let mut unresolved = None;
    replace_templates(&mut value, &mut |text, key| {
        if !new.vars.values().any(|template| template == text) {
            // Text that only looks like a reference.
            return None;
        }
        let resolved = resolve_text(text, key, |needed, field| deployed(plan, journal, needed, field));
        if resolved.is_none() && !super::reference::find(text).is_empty() {
            unresolved = Some(text.to_owned());
        }
        resolved
    });
    if let Some(text) = unresolved {
        return Err(fail(&format!("cannot resolve {text}")));
    }
    values.insert(name, value.clone());
    let id = entry.map(|entry| entry.id.clone());
    match (step.action, id) {
        (Action::Recreate, Some(id)) => {
            let deployed = entry.map(|entry| entry.state.clone()).unwrap_or_default();
            Ok(Box::pin(async move {
                let outcome = match again(pause, || remote::delete(client, &node, &id, &deployed)).await {
                    Ok(()) => Outcome::Deleted,
                    Err(error) => {
                        Outcome::Failed(format!("cannot recreate {name}: deleting old id={id}: {error}"))
                    }
                };
                (name, outcome)
            }))
        }
        (Action::Update | Action::UpdateId | Action::Resize, Some(id)) => {
            let counted = || step.changes.values().filter(|change| change.action != Action::Skip);
            if counted().next().is_some()
                && counted().all(|change| change.reason.as_deref() == Some("custom"))
            {
                return Err(Outcome::Stands(id));
            }
            Ok(Box::pin(async move {
                let outcome = match again(pause, || remote::update(client, &node, &id, &value)).await {
                    Ok(id) => Outcome::Stands(id),
                    Err(error) => Outcome::Failed(format!("cannot update {name}: updating id={id}: {error}")),
                };
                (name, outcome)
            }))
        }
        (Action::Update | Action::UpdateId | Action::Resize, None) => Err(fail("it is not in the state")),
        (action, _) => Ok(Box::pin(create(client, name, node, value, action))),
    }
}

async fn create<'a>(
    client: &Client,
    name: &'a str,
    node: Node,
    value: Json,
    action: Action,
) -> (&'a str, Outcome) {
    // Never tried again: the first request may have succeeded after all.
    let outcome = match remote::create(client, &node, &value).await {
        Ok(id) => Outcome::Stands(id),
        Err(error) => Outcome::Failed(format!("cannot {} {name}: {error}", action.word())),
    };
    (name, outcome)
}

/// A field of a node as it stands now.
fn deployed(plan: &Plan, journal: &Journal, needed: &str, field: &[Step]) -> Option<Json> {
    let entry = journal.state.state.get(needed)?;
    if matches!(field, [Step::Key(key)] if key == "id") {
        return Some(entry.id.clone().into());
    }
    let path = segments(field);
    let remote = || plan.plan.get(needed)?.remote_state.as_ref();
    get(&entry.state, &path).or_else(|| get(remote()?, &path)).cloned()
}
