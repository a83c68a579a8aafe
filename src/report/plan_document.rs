//! `tapworks.plan/1`, and the same for people.

use serde::Serialize;

use super::deploy_document::{ConsentDocument, ErrorDocument};
use super::source_document::SourceDocument;
use crate::digest::Digest;
use crate::finding::Findings;
use crate::plan::{
    Action, BundleChanges, Consent, Drift, Effect, Fate, Granted, HandOver, Need, ResourceChange,
    TableAction, TableChange, TargetNeed, consents,
};

/// What a deploy would change in one target, counted over all its bundles.
#[derive(Debug, Serialize)]
pub struct PlanDocument<'a> {
    format: &'static str,
    pub(super) target: &'a str,
    pub(super) host: &'a str,
    pub(super) inputs: PlanInputs<'a>,
    pub(super) summary: PlanSummary<'a>,
    pub(super) tables: Vec<InBundle<'a, TableChange>>,
    pub(super) resources: Vec<InBundle<'a, ResourceChange>>,
    pub(super) needs: Vec<&'a Need>,
    /// Those of them that nobody consented to.
    #[serde(skip)]
    pub(super) missing: Vec<&'a Need>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) consents: Vec<ConsentDocument<'a>>,
    pub(super) hand_over: Vec<&'a HandOver>,
    pub(super) drift: Vec<InBundle<'a, Drift>>,
    #[serde(skip_serializing_if = "Findings::is_empty")]
    findings: &'a Findings,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDocument>,
}

/// What a plan was made of.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct PlanInputs<'a> {
    /// The settings file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
    /// The lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
    /// The rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a SourceDocument>,
}

/// Something of one bundle.
#[derive(Debug, Serialize)]
pub(super) struct InBundle<'a, T> {
    bundle: &'a str,
    #[serde(flatten)]
    pub(super) value: &'a T,
}

#[derive(Debug, Serialize)]
pub(super) struct PlanSummary<'a> {
    pub(super) tables: TableSummary,
    pub(super) resources: ResourceSummary,
    pub(super) effects: EffectSummary,
    pub(super) needs_consent: Vec<&'a Consent>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct TableSummary {
    pub(super) add: usize,
    pub(super) remove: usize,
    #[serde(rename = "move")]
    pub(super) moved: usize,
    pub(super) update: usize,
    pub(super) unchanged: usize,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct ResourceSummary {
    pub(super) create: usize,
    pub(super) update: usize,
    pub(super) recreate: usize,
    pub(super) delete: usize,
    pub(super) unchanged: usize,
}

/// Tables by what happens to their data; `restart` counts pipelines and gateways.
#[derive(Debug, Default, Serialize)]
pub(super) struct EffectSummary {
    pub(super) initial: usize,
    pub(super) snapshot: usize,
    pub(super) restart: usize,
    pub(super) delete: usize,
}

impl<'a> PlanDocument<'a> {
    /// Of the bundles of one target.
    #[must_use]
    pub fn new(
        (target, host): (&'a str, &'a str),
        inputs: PlanInputs<'a>,
        bundles: &'a [BundleChanges],
        findings: &'a Findings,
    ) -> Self {
        let needs: Vec<&Need> = bundles.iter().flat_map(|bundle| &bundle.needs).collect();
        Self {
            format: "tapworks.plan/1",
            target,
            host,
            inputs,
            summary: PlanSummary::of(bundles),
            tables: in_bundles(bundles, |bundle| &bundle.tables),
            resources: in_bundles(bundles, |bundle| &bundle.resources),
            missing: needs.clone(),
            needs,
            consents: Vec::new(),
            hand_over: bundles.iter().flat_map(|bundle| &bundle.hand_over).collect(),
            drift: in_bundles(bundles, |bundle| &bundle.drift),
            findings,
            error: None,
        }
    }

    /// The same with what was consented to already; what remains is asked for.
    #[must_use]
    pub fn with_consents(mut self, granted: &'a [Granted], missing: &'a [TargetNeed]) -> Self {
        self.consents = granted.iter().map(ConsentDocument::of).collect();
        self.missing = missing.iter().map(|need| &need.need).collect();
        self.summary.needs_consent = consents(self.missing.iter().copied());
        self
    }

    /// The same with the error that ended the run.
    #[must_use]
    pub fn with_error(mut self, message: &str, hints: &[String]) -> Self {
        self.error = Some(ErrorDocument::new(message, hints));
        self
    }

    /// The last line of a plan.
    #[must_use]
    pub fn summary(&self) -> String {
        let PlanSummary { tables, resources, .. } = &self.summary;
        let mut changes = Vec::new();
        for (count, word) in [
            (resources.create, "create"),
            (resources.update, "change"),
            (resources.recreate, "recreate"),
            (resources.delete, "delete"),
        ] {
            if count > 0 {
                changes.push(format!("{count} to {word}"));
            }
        }
        changes.push(format!("{} unchanged", resources.unchanged));
        let update =
            if tables.update == 0 { String::new() } else { format!("{} to change, ", tables.update) };
        let noun = if tables.add == 1 { "table" } else { "tables" };
        format!(
            "Plan: {} {noun} to add, {} to remove, {} to move, {update}{} unchanged. Resources: {}.",
            tables.add,
            tables.remove,
            tables.moved,
            tables.unchanged,
            changes.join(", ")
        )
    }
}

fn in_bundles<'a, T>(
    bundles: &'a [BundleChanges],
    of: impl Fn(&'a BundleChanges) -> &'a Vec<T>,
) -> Vec<InBundle<'a, T>> {
    let all = bundles.iter().flat_map(|bundle| of(bundle).iter().map(move |value| (bundle, value)));
    all.map(|(bundle, value)| InBundle { bundle: &bundle.bundle, value }).collect()
}

impl<'a> PlanSummary<'a> {
    fn of(bundles: &'a [BundleChanges]) -> Self {
        let mut tables = TableSummary::default();
        let mut resources = ResourceSummary::default();
        let mut effects = EffectSummary::default();
        for bundle in bundles {
            tables.unchanged += bundle.unchanged_tables;
            for table in &bundle.tables {
                let count = match table.action {
                    TableAction::Add => &mut tables.add,
                    TableAction::Remove => &mut tables.remove,
                    TableAction::Move => &mut tables.moved,
                    TableAction::Update => &mut tables.update,
                };
                *count += 1;
                match table.effect {
                    Effect::Initial => effects.initial += 1,
                    Effect::Snapshot => effects.snapshot += 1,
                    Effect::Delete => effects.delete += 1,
                    Effect::None | Effect::Metadata | Effect::Restart => {}
                }
            }
            effects.restart +=
                bundle.resources.iter().filter(|resource| resource.effect == Effect::Restart).count();
            resources.create += bundle.counts.created;
            resources.update += bundle.counts.updated;
            resources.recreate += bundle.counts.recreated;
            resources.delete += bundle.counts.deleted;
            resources.unchanged += bundle.counts.unchanged;
        }
        let needs_consent = consents(bundles.iter().flat_map(|bundle| &bundle.needs));
        Self { tables, resources, effects, needs_consent }
    }
}

/// The sign in front of a table.
pub(super) fn table_sign(action: TableAction) -> &'static str {
    match action {
        TableAction::Add => "+",
        TableAction::Remove => "-",
        TableAction::Move => ">",
        TableAction::Update => "~",
    }
}

/// The sign in front of a resource.
pub(super) fn resource_sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Delete => "-",
        Action::Recreate => "!",
        Action::Skip | Action::Update | Action::UpdateId | Action::Resize => "~",
    }
}

/// What happens to the data of a table, in words.
pub(super) fn table_words(table: &TableChange) -> String {
    match (table.action, table.effect) {
        (TableAction::Add, _) => "read for the first time".to_owned(),
        (TableAction::Remove, effect) => match table.fate {
            Some(Fate::Dropped) => "DROPPED".to_owned(),
            None if effect == Effect::None => "expected to be kept, no longer updated".to_owned(),
            _ => "KEPT, no longer updated".to_owned(),
        },
        (_, Effect::Snapshot) => match table.fate {
            Some(fate) => format!("{} and read again in full", fate.as_str()),
            None => "read again in full".to_owned(),
        },
        _ => "changed in place".to_owned(),
    }
}
