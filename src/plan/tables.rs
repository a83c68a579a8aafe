//! What happens to tables.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::bundle_plan::Action;
use super::cause::Cause;
use super::changes::{TableAction, TableChange, TableCount};
use super::comparison::Comparison;
use super::definition::{Definition, FULL_REFRESH, definitions, reads_again};
use super::effect::{Effect, Fate};
use super::field::FieldDifference;
use super::full_refresh::{FullRefresh, full_refreshes};
use super::seen::Seen;

/// The tables of a bundle.
pub(super) struct Tables {
    pub(super) changes: Vec<TableChange>,
    pub(super) unchanged: usize,
    /// By the key of the pipeline.
    pub(super) counts: HashMap<String, TableCount>,
    /// The keys of the jobs that have tables read again in full from now on.
    pub(super) refreshing: BTreeSet<String>,
}

/// What is worked out once for all tables of a pipeline.
struct Known<'a> {
    seen: Seen<'a>,
    /// As last deployed, by key.
    deployed: HashMap<String, Definition<'a>>,
    /// Why it is made again, where it is.
    again: Option<Cause>,
}

impl Known<'_> {
    fn again(&self) -> Cause {
        self.again.clone().unwrap_or_default()
    }
}

/// A table as it is.
#[derive(Clone, Copy)]
struct There<'a> {
    pipeline: &'a str,
    /// As last deployed, or as found where nothing is known of a deploy.
    deployed: Definition<'a>,
    /// As found.
    found: Definition<'a>,
}

impl Tables {
    pub(super) fn of(comparison: &Comparison<'_>, pipelines: &BTreeMap<&str, Seen<'_>>) -> Self {
        let mut tables =
            Self { changes: Vec::new(), unchanged: 0, counts: HashMap::new(), refreshing: BTreeSet::new() };
        let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
        for seen in pipelines.values() {
            if seen.node.action == Action::Skip {
                tables.unchanged += seen.found().map_or(0, |found| definitions(found).count());
                continue;
            }
            let deployed = seen.deployed.into_iter().flat_map(definitions).map(|table| (table.key(), table));
            let is_made = matches!(seen.node.action, Action::Create | Action::Recreate);
            let again = (is_made && (seen.is_lost() || seen.found().is_some()))
                .then(|| comparison.why_again(pipelines, *seen));
            known.insert(seen.key, Known { seen: *seen, deployed: deployed.collect(), again });
        }
        let mut there: HashMap<String, There<'_>> = HashMap::new();
        let mut lost: BTreeMap<&str, (&str, Definition<'_>)> = BTreeMap::new();
        for Known { seen, deployed, .. } in known.values() {
            if seen.is_lost() {
                lost.extend(deployed.iter().map(|(key, table)| (key.as_str(), (seen.key, *table))));
            }
            for found in seen.found().into_iter().flat_map(definitions) {
                let key = found.key();
                let deployed = deployed.get(&key).copied().unwrap_or(found);
                there.insert(key, There { pipeline: seen.key, deployed, found });
            }
        }
        let mut wanted = HashSet::new();
        for known in known.values() {
            tables.arrive(comparison, pipelines, known, &there, &lost, &mut wanted);
        }
        for (key, table) in &there {
            if let Some(known) = known.get(table.pipeline)
                && !wanted.contains(key)
            {
                tables.leave(comparison, known, key, table.found);
            }
        }
        for (key, (pipeline, table)) in lost {
            if !wanted.contains(key) {
                let cause = Cause::new(format!("{pipeline} was deleted by hand"));
                tables.changes.push(change(table, TableAction::Remove, pipeline, Effect::None, cause));
            }
        }
        for refresh in full_refreshes(comparison) {
            if let Some(seen) = pipelines.get(refresh.pipeline) {
                tables.refresh(comparison, *seen, &refresh);
            }
        }
        tables.changes.sort_by(|a, b| a.key.cmp(&b.key));
        tables
    }

    /// The tables that a job has read again in full. Those that are read for the first time, or again anyhow, are told already.
    fn refresh(&mut self, comparison: &Comparison<'_>, seen: Seen<'_>, refresh: &FullRefresh<'_>) {
        let job = format!("jobs.{}", refresh.job);
        let (name, place) = super::written::resource_field(comparison, &job, &refresh.path, None);
        let cause = Cause::new(name).at(place).then(format!("{job} reads in full at every run"));
        let field =
            FieldDifference { path: FULL_REFRESH.to_owned(), old: None, new: Some(job.clone().into()) };
        let is = seen.wanted().or(seen.found()).into_iter().flat_map(definitions);
        let told = self.changes.iter().enumerate().filter(|(_, told)| told.pipeline == seen.key);
        let told: HashMap<String, usize> = told.map(|(index, told)| (told.key.clone(), index)).collect();
        for table in is.filter(|table| refresh.covers(&table.key())) {
            let told = told.get(&table.destination()).and_then(|index| self.changes.get_mut(*index));
            match told {
                Some(told) if told.effect >= Effect::Initial => continue,
                Some(told) => {
                    told.effect = Effect::Snapshot;
                    told.fields.push(field.clone());
                    told.cause = cause.clone();
                }
                None => {
                    self.unchanged = self.unchanged.saturating_sub(1);
                    let effect = Effect::Snapshot;
                    let mut changed = change(table, TableAction::Update, seen.key, effect, cause.clone());
                    changed.fields.push(field.clone());
                    self.changes.push(changed);
                }
            }
            self.refreshing.insert(refresh.job.to_owned());
        }
    }

    /// The tables that a pipeline is to have.
    fn arrive(
        &mut self,
        comparison: &Comparison<'_>,
        pipelines: &BTreeMap<&str, Seen<'_>>,
        known: &Known<'_>,
        there: &HashMap<String, There<'_>>,
        lost: &BTreeMap<&str, (&str, Definition<'_>)>,
        arrived: &mut HashSet<String>,
    ) {
        let seen = known.seen;
        let before = seen.found().map_or(0, |found| definitions(found).count());
        let wanted: Vec<Definition<'_>> = seen.wanted().into_iter().flat_map(definitions).collect();
        let mut count = TableCount { before, after: wanted.len(), ..TableCount::default() };
        let rows = comparison.placed(seen.key).map(|pipeline| pipeline.rows.as_slice());
        let rows = rows.filter(|rows| rows.len() == wanted.len());
        for (index, table) in wanted.into_iter().enumerate() {
            let row = rows.and_then(|rows| rows.get(index)).copied();
            let key = table.key();
            let changed = match there.get(&key) {
                None => {
                    count.added += 1;
                    let cause = match lost.get(key.as_str()) {
                        Some(_) if seen.is_lost() => known.again(),
                        Some((pipeline, _)) => Cause::new(format!("{pipeline} was deleted by hand")),
                        None if known.deployed.contains_key(&key) => Cause::new("it was taken out by hand"),
                        None => Cause::new("new row").at(row.and_then(|row| comparison.origins.row(row))),
                    };
                    Some(change(table, TableAction::Add, seen.key, Effect::Initial, cause))
                }
                Some(old) if old.pipeline != seen.key => {
                    count.added += 1;
                    Some(moved(comparison, pipelines, old.pipeline, seen, table))
                }
                Some(_) if seen.node.action == Action::Recreate => {
                    let effect = Effect::Snapshot;
                    let mut changed = change(table, TableAction::Update, seen.key, effect, known.again());
                    changed.fate = Some(comparison.fate(seen));
                    Some(changed)
                }
                Some(old) => in_place(comparison, seen, old, table, row),
            };
            arrived.insert(key);
            match changed {
                Some(changed) => self.changes.push(changed),
                None => self.unchanged += 1,
            }
        }
        count.removed = (count.before + count.added).saturating_sub(count.after);
        self.counts.insert(seen.key.to_owned(), count);
    }

    /// A table that no pipeline is to have any more.
    fn leave(&mut self, comparison: &Comparison<'_>, known: &Known<'_>, key: &str, table: Definition<'_>) {
        let seen = known.seen;
        let fate = seen.is_destroyed().then(|| comparison.fate(seen));
        let nobody = Cause::new("no row asks for it any more");
        let (effect, cause) = match (seen.node.action, fate) {
            (Action::Delete, _) => (Effect::Delete, nobody.then(format!("{} deleted", seen.key))),
            (Action::Recreate, Some(Fate::Dropped)) => (Effect::Delete, known.again()),
            _ if seen.deployed.is_some() && !known.deployed.contains_key(key) => {
                (Effect::None, Cause::new("it was put in by hand, no row asks for it"))
            }
            _ => (Effect::None, nobody),
        };
        let mut changed = change(table, TableAction::Remove, seen.key, effect, cause);
        changed.fate = fate;
        self.changes.push(changed);
    }
}

fn change(
    table: Definition<'_>,
    action: TableAction,
    pipeline: &str,
    effect: Effect,
    cause: Cause,
) -> TableChange {
    TableChange {
        key: table.destination(),
        action,
        source: table.source(),
        pipeline: pipeline.to_owned(),
        from: None,
        effect,
        fate: None,
        fields: Vec::new(),
        cause,
    }
}

fn moved(
    comparison: &Comparison<'_>,
    pipelines: &BTreeMap<&str, Seen<'_>>,
    from: &str,
    to: Seen<'_>,
    table: Definition<'_>,
) -> TableChange {
    let cause = Cause::new(format!("it moves from {from} to {}", to.key));
    let mut changed = change(table, TableAction::Move, to.key, Effect::Snapshot, cause);
    changed.from = Some(from.to_owned());
    changed.fate = pipelines.get(from).filter(|seen| seen.is_destroyed()).map(|seen| comparison.fate(*seen));
    changed
}

/// What changes about a table that stays where it is, if anything.
fn in_place(
    comparison: &Comparison<'_>,
    seen: Seen<'_>,
    old: &There<'_>,
    table: Definition<'_>,
    row: Option<u32>,
) -> Option<TableChange> {
    let mut fields = old.deployed.differences(table);
    let edited = fields.len();
    // What was changed by hand is changed back. Where nothing was deployed, what is found is the service's own default.
    let by_hand = old.found.differences(table).into_iter().filter(|field| {
        old.deployed.field(&field.path).is_some() && !fields.iter().any(|edited| edited.path == field.path)
    });
    let by_hand: Vec<FieldDifference> = by_hand.collect();
    fields.extend(by_hand);
    let decisive = fields.iter().position(|field| reads_again(&field.path));
    let effect = if decisive.is_some() { Effect::Snapshot } else { Effect::Metadata };
    let index = decisive.unwrap_or(0);
    let field = fields.get(index)?;
    let cause = if index < edited {
        let level = old.deployed.level(table, &field.path);
        let (name, place) = super::written::table_field(comparison, seen.key, row, level, &field.path);
        Cause::new(name).at(place)
    } else {
        Cause::new(format!("{} was changed by hand, it is changed back", field.path))
    };
    let mut changed = change(table, TableAction::Update, seen.key, effect, cause);
    changed.fields = fields;
    Some(changed)
}
