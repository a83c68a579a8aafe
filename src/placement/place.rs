//! Placement: a table that has a place keeps it; the others go where there is room, then to new pipelines.

use std::collections::{BTreeMap, HashSet};

use super::balance::{Bounds, spread};
use super::bundles::Bundles;
use super::known::Known;
use super::layout::{Bundle, Gateway, Layout, Pipeline};
use super::load::Item;
use super::memory::{Memory, Witness};
use super::name;
use super::slot::Home;
use super::unfit::Unfit;
use crate::connector::Family;
use crate::finding::{Findings, Place};
use crate::settings::{Limits, Placement};
use crate::table::{Group, Table};

/// What placement goes by, beside the groups.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// How many tables may stand together. They bind new tables only.
    pub limits: Limits,
    /// How tables without a place are spread.
    pub strategy: Placement,
    /// The places that there are.
    pub memory: &'a Memory,
    /// Where a row stands.
    pub place: &'a dyn Fn(u32) -> Option<Place>,
}

/// Every table in its pipeline.
#[derive(Debug, Default)]
pub struct Placed {
    /// Which table lies where.
    pub layout: Layout,
    /// Who remembered the places.
    pub tally: Tally,
    /// Tables that cannot keep their place.
    pub findings: Findings,
}

/// How many tables have their place from whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// They lie where this witness says.
    pub kept: BTreeMap<Witness, usize>,
    /// They were gone, and are back in their old place.
    pub back: usize,
    /// They have a place for the first time.
    pub new: usize,
}

/// Places every table. Names and their order depend on the groups' prefixes and subgroups and on memory, not on the order in
/// which groups or placed tables come.
#[must_use]
pub fn place(groups: Vec<Group>, rules: Rules<'_>) -> Placed {
    let mut projects: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for group in groups {
        projects.entry(group.project.clone()).or_default().push(group);
    }
    let mut placed = Placed::default();
    let mut unfit = Unfit::default();
    let known = Known::of(rules.memory);
    for (name, mut groups) in projects {
        groups.sort_by(|a, b| (&a.prefix, &a.subgroup).cmp(&(&b.prefix, &b.subgroup)));
        let mut bundles = Bundles::new(rules.limits.tables_per_bundle.get());
        let mut drafts = Vec::new();
        // What has a place is put there first, in all groups: it decides how much room a bundle has.
        for group in groups {
            drafts.push(Draft::of_placed(
                group,
                (rules.memory, &known),
                &mut bundles,
                &mut placed.tally,
                &mut unfit,
            ));
        }
        for draft in &mut drafts {
            draft.place_new(rules, &mut bundles);
        }
        let mut of_project: BTreeMap<u32, Bundle> = BTreeMap::new();
        for draft in drafts {
            draft.finish(rules.memory, &name, &mut of_project);
        }
        placed.layout.bundles.extend(of_project.into_values());
    }
    placed.findings = unfit.findings(rules.place);
    placed
}

/// A group on its way to gateways and pipelines.
struct Draft {
    group: Group,
    /// By number; empty where there are none.
    gateways: BTreeMap<u32, Load>,
    /// By number of the gateway (0 without one), and of the pipeline.
    pipelines: BTreeMap<(u32, u32), Filled>,
    /// The tables that have no place, by row.
    new: Vec<NewRow>,
    /// The highest number that was ever given to a gateway, and to a pipeline of each gateway.
    highest_gateway: u32,
    highest_pipeline: BTreeMap<u32, u32>,
}

/// The tables of a row that have no place.
struct NewRow {
    tables: Vec<Table>,
    /// The pipeline in which other tables of that row lie.
    beside: Option<(u32, u32)>,
}

/// A gateway's tables.
#[derive(Clone, Copy, Default)]
struct Load {
    bundle: u32,
    rows: usize,
    weight: u64,
}

/// A pipeline's tables.
#[derive(Default)]
struct Filled {
    bundle: u32,
    rows: usize,
    weight: u64,
    /// With the position of each.
    tables: Vec<(u64, Table)>,
    next: u64,
}

impl Draft {
    fn of_placed(
        mut group: Group,
        (memory, known): (&Memory, &Known<'_>),
        bundles: &mut Bundles,
        tally: &mut Tally,
        unfit: &mut Unfit,
    ) -> Self {
        let tables = std::mem::take(&mut group.tables);
        let mut draft = Self {
            gateways: BTreeMap::new(),
            pipelines: BTreeMap::new(),
            new: Vec::new(),
            highest_gateway: 0,
            highest_pipeline: BTreeMap::new(),
            group,
        };
        draft.learn_pipelines(memory, known);
        let mut rows = tables.into_iter().peekable();
        while let Some(first) = rows.next() {
            let row = first.row;
            let mut whole = vec![first];
            while let Some(next) = rows.next_if(|next| next.row == row) {
                whole.push(next);
            }
            draft.put_row(whole, memory, bundles, tally, unfit);
        }
        draft
    }

    /// Pipelines that are, or were, there: they have room for new tables even where all of theirs are gone.
    fn learn_pipelines(&mut self, memory: &Memory, known: &Known<'_>) {
        let group = self.group.name();
        let Some(known) = known.group(&group) else { return };
        for gateway in &known.gateways {
            if let Some(number) = name::gateway_number(&group, gateway) {
                self.highest_gateway = self.highest_gateway.max(number);
            }
        }
        for (pipeline, bundle) in known.pipelines.iter().copied() {
            let Some(numbers) = self.numbers(pipeline) else { continue };
            let (gateway, number) = numbers;
            let highest = self.highest_pipeline.entry(gateway).or_default();
            *highest = number.max(*highest);
            self.highest_gateway = self.highest_gateway.max(gateway);
            let bundle = bundle.and_then(|bundle| name::bundle_number(&self.group.project, bundle));
            if let Some(bundle) = bundle {
                let next = memory.next_position(pipeline);
                self.pipelines.insert(numbers, Filled { bundle, next, ..Filled::default() });
                if gateway > 0 {
                    self.gateways.entry(gateway).or_insert(Load { bundle, ..Load::default() });
                }
            }
        }
    }

    /// The numbers of gateway and pipeline in a name, where it is one of this group's.
    fn numbers(&self, pipeline: &str) -> Option<(u32, u32)> {
        let group = self.group.name();
        if !self.has_gateways() {
            return Some((0, name::pipeline_number(&group, pipeline)?));
        }
        let (gateway, _) = pipeline.rsplit_once("_p")?;
        Some((name::gateway_number(&group, gateway)?, name::pipeline_number(gateway, pipeline)?))
    }

    fn has_gateways(&self) -> bool {
        self.group.connector.family == Family::Database && self.group.gateway.is_some()
    }

    fn put_row(
        &mut self,
        whole: Vec<Table>,
        memory: &Memory,
        bundles: &mut Bundles,
        tally: &mut Tally,
        unfit: &mut Unfit,
    ) {
        let mut new = Vec::new();
        let mut beside = None;
        let mut counted: HashSet<(u32, u32)> = HashSet::new();
        for table in whole {
            let Some(known) = memory.table(&table.object.destination.key()) else {
                tally.new += 1;
                new.push(table);
                continue;
            };
            let numbers = self.numbers(&known.slot.pipeline);
            let fits_gateway = match (&known.slot.gateway, numbers) {
                (Some(gateway), Some((number, _))) => {
                    name::gateway_number(&self.group.name(), gateway) == Some(number)
                }
                (None, Some(_)) => !self.has_gateways(),
                (_, None) => false,
            };
            let bundle = name::bundle_number(&self.group.project, &known.slot.bundle);
            let (Some(numbers), Some(bundle), true) = (numbers, bundle, fits_gateway) else {
                unfit.add(&table, &known.slot, &self.group);
                continue;
            };
            if known.gone {
                tally.back += 1;
            } else {
                *tally.kept.entry(known.by.clone()).or_default() += 1;
            }
            beside = beside.or(Some(numbers));
            let is_first_of_row = counted.insert(numbers);
            bundles.add(bundle, 1);
            let position = known.slot.position;
            self.put(numbers, bundle, position, table, is_first_of_row, memory);
        }
        if !new.is_empty() {
            self.new.push(NewRow { tables: new, beside });
        }
    }

    fn put(
        &mut self,
        numbers: (u32, u32),
        bundle: u32,
        position: u64,
        table: Table,
        is_first_of_row: bool,
        memory: &Memory,
    ) {
        let rows = usize::from(is_first_of_row);
        if numbers.0 > 0 {
            let gateway = self.gateways.entry(numbers.0).or_insert(Load { bundle, ..Load::default() });
            gateway.rows += rows;
            gateway.weight = gateway.weight.saturating_add(table.weight);
        }
        if !self.pipelines.contains_key(&numbers) {
            let next = memory.next_position(&self.pipeline_name(numbers));
            self.pipelines.insert(numbers, Filled { bundle, next, ..Filled::default() });
        }
        if let Some(pipeline) = self.pipelines.get_mut(&numbers) {
            pipeline.rows += rows;
            pipeline.weight = pipeline.weight.saturating_add(table.weight);
            pipeline.next = pipeline.next.max(position.saturating_add(1));
            pipeline.tables.push((position, table));
        }
    }

    fn pipeline_name(&self, (gateway, number): (u32, u32)) -> String {
        let group = self.group.name();
        let base = if gateway > 0 { name::gateway(&group, gateway) } else { group };
        name::pipeline(&base, number)
    }

    fn place_new(&mut self, rules: Rules<'_>, bundles: &mut Bundles) {
        let mut rest = Vec::new();
        for NewRow { tables, beside } in std::mem::take(&mut self.new) {
            match self.join(&tables, beside, rules, bundles) {
                Some(numbers) => self.put_new(numbers, tables, rules.memory, bundles),
                None => rest.push(tables),
            }
        }
        let rest = self.open_behind_gateways(rest, rules, bundles);
        self.open(rest, rules, bundles);
    }

    /// The least loaded pipeline with room for the tables of a row. Where others of that row lie goes first.
    fn join(
        &self,
        tables: &[Table],
        beside: Option<(u32, u32)>,
        rules: Rules<'_>,
        bundles: &Bundles,
    ) -> Option<(u32, u32)> {
        let limits = rules.limits;
        let has_room = |numbers: &(u32, u32), pipeline: &Filled| {
            let behind = self.gateways.get(&numbers.0);
            pipeline.rows < limits.tables_per_pipeline.get()
                && pipeline.tables.len() + tables.len() <= limits.most_tables_per_pipeline()
                && behind.is_none_or(|gateway| gateway.rows < limits.tables_per_gateway.get())
                && bundles.has_room(pipeline.bundle, tables.len())
        };
        if let Some(numbers) = beside
            && self.pipelines.get(&numbers).is_some_and(|pipeline| has_room(&numbers, pipeline))
        {
            return Some(numbers);
        }
        self.pipelines
            .iter()
            .filter(|(numbers, pipeline)| has_room(numbers, pipeline))
            .min_by_key(|(_, pipeline)| {
                let weight = if rules.strategy == Placement::Weighted { pipeline.weight } else { 0 };
                // One that is empty does not run any more: it comes after those that do.
                (pipeline.tables.is_empty(), weight, pipeline.tables.len())
            })
            .map(|(numbers, _)| *numbers)
    }

    fn put_new(&mut self, numbers: (u32, u32), tables: Vec<Table>, memory: &Memory, bundles: &mut Bundles) {
        let Some(pipeline) = self.pipelines.get(&numbers) else { return };
        let bundle = pipeline.bundle;
        bundles.add(bundle, tables.len());
        for (index, table) in tables.into_iter().enumerate() {
            let position = self.pipelines.get(&numbers).map_or(0, |pipeline| pipeline.next);
            self.put(numbers, bundle, position, table, index == 0, memory);
        }
    }

    /// New pipelines behind gateways that have room for more tables.
    fn open_behind_gateways(
        &mut self,
        mut rest: Vec<Vec<Table>>,
        rules: Rules<'_>,
        bundles: &mut Bundles,
    ) -> Vec<Vec<Table>> {
        let mut by_load: Vec<(u32, Load)> = self.gateways.iter().map(|(n, load)| (*n, *load)).collect();
        by_load.sort_by_key(|(number, load)| match rules.strategy {
            Placement::Weighted => (load.weight, load.rows, *number),
            Placement::Fill | Placement::Even => (0, load.rows, *number),
        });
        for (gateway, load) in by_load {
            let room = rules.limits.tables_per_gateway.get().saturating_sub(load.rows);
            let mut fits = 0;
            let mut tables = 0;
            for row in rest.iter().take(room) {
                if !bundles.has_room(load.bundle, tables + row.len()) {
                    break;
                }
                tables += row.len();
                fits += 1;
            }
            if fits == 0 {
                continue;
            }
            let mut behind: Vec<Vec<Table>> = rest.drain(..fits).collect();
            let bounds = Bounds { gateway: None, pipeline: rules.limits.tables_per_pipeline };
            for indexes in spread(&items(&behind), rules.strategy, bounds).into_iter().flatten() {
                self.open_pipeline(gateway, load.bundle, &indexes, &mut behind, rules.memory, bundles);
            }
        }
        rest
    }

    /// New gateways with new pipelines, or new pipelines where there are no gateways.
    fn open(&mut self, mut rest: Vec<Vec<Table>>, rules: Rules<'_>, bundles: &mut Bundles) {
        if rest.is_empty() {
            return;
        }
        let limits = rules.limits;
        let items = items(&rest);
        let tables_of = |indexes: &[usize]| indexes.iter().map(|index| items[*index].tables).sum::<usize>();
        let gateway = self.has_gateways().then_some(limits.tables_per_gateway);
        let bounds = Bounds { gateway, pipeline: limits.tables_per_pipeline };
        let gateways = spread(&items, rules.strategy, bounds);
        if !self.has_gateways() {
            for indexes in gateways.into_iter().flatten() {
                let bundle = bundles.with_room(tables_of(&indexes));
                self.open_pipeline(0, bundle, &indexes, &mut rest, rules.memory, bundles);
            }
            return;
        }
        for pipelines in gateways {
            let bundle = bundles.with_room(pipelines.iter().map(|indexes| tables_of(indexes)).sum());
            self.highest_gateway += 1;
            let gateway = self.highest_gateway;
            for indexes in pipelines {
                self.open_pipeline(gateway, bundle, &indexes, &mut rest, rules.memory, bundles);
            }
        }
    }

    fn open_pipeline(
        &mut self,
        gateway: u32,
        bundle: u32,
        indexes: &[usize],
        rows: &mut [Vec<Table>],
        memory: &Memory,
        bundles: &mut Bundles,
    ) {
        let highest = self.highest_pipeline.entry(gateway).or_default();
        *highest += 1;
        let numbers = (gateway, *highest);
        self.pipelines.insert(numbers, Filled { bundle, ..Filled::default() });
        for index in indexes {
            let tables = rows.get_mut(*index).map(std::mem::take).unwrap_or_default();
            self.put_new(numbers, tables, memory, bundles);
        }
    }

    fn finish(self, memory: &Memory, project: &str, bundles: &mut BTreeMap<u32, Bundle>) {
        let group_name = self.group.name();
        let filled = || self.pipelines.values().filter(|pipeline| !pipeline.tables.is_empty());
        for number in filled().map(|pipeline| pipeline.bundle) {
            bundles.entry(number).or_insert_with(|| Bundle::empty(&name::bundle(project, number), project));
        }
        for (number, load) in self.gateways.iter().filter(|(_, load)| load.rows > 0) {
            let (Some(bundle), Some(mut settings)) =
                (bundles.get_mut(&load.bundle), self.group.gateway.clone())
            else {
                continue;
            };
            let name = name::gateway(&group_name, *number);
            if let Some(home) = memory.gateway_home(&name) {
                if !settings.catalog_is_named {
                    settings.catalog.clone_from(&home.catalog);
                }
                if !settings.schema_is_named {
                    settings.schema.clone_from(&home.schema);
                }
            }
            bundle.gateways.push(Gateway {
                name,
                prefix: self.group.prefix.clone(),
                subgroup: self.group.subgroup.clone(),
                connection: self.group.connection.clone(),
                settings,
                tags: self.group.tags.clone(),
            });
        }
        let names: Vec<String> = self.pipelines.keys().map(|numbers| self.pipeline_name(*numbers)).collect();
        for (((gateway, _), mut filled), name) in self.pipelines.into_iter().zip(names) {
            let (Some(bundle), Some((_, first))) = (bundles.get_mut(&filled.bundle), filled.tables.first())
            else {
                continue;
            };
            let first_home = || Home {
                catalog: first.object.destination.catalog.clone(),
                schema: first.object.destination.schema.clone(),
            };
            let home = memory.pipeline_home(&name).cloned().unwrap_or_else(first_home);
            if filled.tables.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
                filled
                    .tables
                    .sort_by_cached_key(|(position, table)| (*position, table.object.destination.key()));
            }
            let rows = filled.tables.iter().map(|(_, table)| table.row).collect();
            let positions = filled.tables.iter().map(|(position, _)| *position).collect();
            let weight = filled.weight;
            bundle.pipelines.push(Pipeline {
                name,
                prefix: self.group.prefix.clone(),
                subgroup: self.group.subgroup.clone(),
                gateway: (gateway > 0).then(|| name::gateway(&group_name, gateway)),
                connection: self.group.connection.clone(),
                catalog: home.catalog,
                schema: home.schema,
                schedule: self.group.schedule.clone(),
                tags: self.group.tags.clone(),
                rows,
                positions,
                weight,
                objects: filled.tables.into_iter().map(|(_, table)| table.object).collect(),
            });
        }
    }
}

fn items(rows: &[Vec<Table>]) -> Vec<Item> {
    rows.iter()
        .map(|tables| Item {
            tables: tables.len(),
            weight: tables.iter().fold(0, |sum, table| sum.saturating_add(table.weight)),
        })
        .collect()
}

#[cfg(test)]
mod tests;
