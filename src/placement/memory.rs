//! What is remembered of where tables lie: by the lock, else by what is deployed, else by Unity Catalog.

use std::collections::{BTreeSet, HashMap};

use super::deployed::{Deployed, DeployedPipeline};
use super::lock::{Lock, Moving};
use super::sightings::Sightings;
use super::slot::{Home, Slot};
use crate::connector::Destination;
use crate::finding::{Finding, Findings};
use crate::settings::Target;
use crate::table::Group;

/// Where tables lie, and who says so.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    tables: HashMap<String, Remembered>,
    /// By name.
    pipelines: HashMap<String, Known>,
    /// The storage of gateways, by name.
    gateways: HashMap<String, Home>,
    /// Gateways that tables come from, by name.
    left_gateways: BTreeSet<String>,
}

/// A table that has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Its place.
    pub slot: Slot,
    /// Who says so.
    pub by: Witness,
    /// It was gone when it was last heard of.
    pub gone: bool,
}

/// Who remembers a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// `tapworks.lock`.
    Lock,
    /// What is deployed in this target.
    Target(String),
    /// The owner that Unity Catalog names for the destination in this target.
    Catalog(String),
}

/// A pipeline that is remembered.
#[derive(Clone, Debug, Default)]
struct Known {
    home: Option<Home>,
    /// The bundle it lies in.
    bundle: Option<String>,
    /// The position behind its last table.
    next: u64,
}

impl Memory {
    /// What the lock alone remembers.
    #[must_use]
    pub fn of_lock(lock: &Lock) -> Self {
        let mut memory = Self::default();
        for (key, table) in &lock.tables {
            memory.pipeline(&table.slot.pipeline).reach(&table.slot);
            // A pipeline that everything leaves is still there, so that its name is not free.
            if let Some(Moving { from, .. }) = &table.moving {
                memory.pipeline(&from.pipeline).reach(from);
                memory.left_gateways.extend(from.gateway.clone());
            }
            let remembered = Remembered { slot: table.slot.clone(), by: Witness::Lock, gone: table.gone };
            memory.tables.insert(key.clone(), remembered);
        }
        for (name, home) in &lock.pipelines {
            memory.pipeline(name).home = Some(home.clone());
        }
        memory.gateways.extend(lock.gateways.iter().map(|(name, home)| (name.clone(), home.clone())));
        memory
    }

    /// What the lock, and what is deployed in these targets, remember of the tables of these groups. Rows are mapped
    /// forward to what they are called in a target and looked up there. Two that disagree are findings.
    #[must_use]
    pub fn of(lock: &Lock, deployed: &[(&Target, Deployed)], groups: &[Group]) -> (Self, Findings) {
        let mut memory = Self::of_lock(lock);
        let mut disagreements = Disagreements::default();
        let mut sightings = Sightings::default();
        for (target, deployed) in deployed {
            memory.learn(lock, target, deployed, groups, &mut sightings, &mut disagreements);
        }
        for (target, deployed) in deployed {
            memory.learn_owners(target, deployed, groups);
        }
        for (name, home) in sightings.homes(groups) {
            if let Some(pipeline) = memory.pipelines.get_mut(&name) {
                pipeline.home.get_or_insert(home);
            } else {
                memory.gateways.entry(name).or_insert(home);
            }
        }
        (memory, disagreements.findings())
    }

    fn learn<'a>(
        &mut self,
        lock: &Lock,
        target: &'a Target,
        deployed: &'a Deployed,
        groups: &'a [Group],
        sightings: &mut Sightings<'a>,
        disagreements: &mut Disagreements,
    ) {
        // What each deployed table is called in the rows.
        let mut names: HashMap<String, &Destination> = HashMap::new();
        for table in groups.iter().flat_map(|group| &group.tables) {
            let destination = &table.object.destination;
            names.insert(target.destination(destination).key(), destination);
        }
        for pipeline in &deployed.pipelines {
            let mut next = 0;
            for deployed_key in &pipeline.tables {
                let Some(destination) = names.get(deployed_key) else {
                    next += 1;
                    continue;
                };
                let key = destination.key();
                for name in pipeline.gateway.iter().chain([&pipeline.name]) {
                    sightings.table(name, destination);
                }
                let slot = Slot {
                    bundle: pipeline.bundle.clone(),
                    gateway: pipeline.gateway.clone(),
                    pipeline: pipeline.name.clone(),
                    position: next,
                };
                if let Some(known) = self.tables.get(&key) {
                    let is_here = known.slot.is_beside(&slot);
                    next = if is_here { known.slot.position.saturating_add(1) } else { next + 1 };
                    let moving_from = lock.tables.get(&key).and_then(|table| table.moving.as_ref());
                    let expected = is_here || moving_from.is_some_and(|moving| moving.from.is_beside(&slot));
                    if !expected {
                        disagreements.add(known, target, &slot, destination);
                    }
                    continue;
                }
                next += 1;
                self.pipeline(&pipeline.name).reach(&slot);
                let by = Witness::Target(target.name.clone());
                self.tables.insert(key, Remembered { slot, by, gone: false });
            }
            let known = self.pipeline(&pipeline.name);
            known.bundle.get_or_insert_with(|| pipeline.bundle.clone());
            if let Some(home) = &pipeline.home {
                sightings.home(&pipeline.name, target, home);
            }
        }
        for gateway in &deployed.gateways {
            if let Some(storage) = &gateway.storage {
                sightings.home(&gateway.name, target, storage);
            }
        }
    }

    /// What Unity Catalog tells of the owners of destinations, for tables that nobody else remembers.
    fn learn_owners(&mut self, target: &Target, deployed: &Deployed, groups: &[Group]) {
        if deployed.owners.is_empty() {
            return;
        }
        let pipelines: HashMap<&str, &DeployedPipeline> =
            deployed.pipelines.iter().map(|pipeline| (pipeline.name.as_str(), pipeline)).collect();
        for table in groups.iter().flat_map(|group| &group.tables) {
            let destination = &table.object.destination;
            let key = destination.key();
            let owner = deployed.owners.get(&target.destination(destination).key());
            let Some(pipeline) = owner.and_then(|owner| pipelines.get(owner.as_str())) else { continue };
            if self.tables.contains_key(&key) {
                continue;
            }
            let slot = Slot {
                bundle: pipeline.bundle.clone(),
                gateway: pipeline.gateway.clone(),
                pipeline: pipeline.name.clone(),
                position: self.next_position(&pipeline.name),
            };
            self.pipeline(&pipeline.name).reach(&slot);
            let by = Witness::Catalog(target.name.clone());
            self.tables.insert(key, Remembered { slot, by, gone: false });
        }
    }

    /// Where the table of this key lies.
    #[must_use]
    pub fn table(&self, key: &str) -> Option<&Remembered> {
        self.tables.get(key)
    }

    /// The own catalog and schema of a pipeline, as the rows call them.
    #[must_use]
    pub fn pipeline_home(&self, name: &str) -> Option<&Home> {
        self.pipelines.get(name)?.home.as_ref()
    }

    /// The storage of a gateway, as the rows call it.
    #[must_use]
    pub fn gateway_home(&self, name: &str) -> Option<&Home> {
        self.gateways.get(name)
    }

    /// The position behind the last table that a pipeline is known to have, or have had.
    pub(super) fn next_position(&self, pipeline: &str) -> u64 {
        self.pipelines.get(pipeline).map_or(0, |known| known.next)
    }

    /// The names of all pipelines that are, or were, there, with their bundles.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.pipelines.iter().map(|(name, known)| (name.as_str(), known.bundle.as_deref()))
    }

    /// The names of all gateways that are, or were, there.
    pub(super) fn gateway_names(&self) -> impl Iterator<Item = &str> {
        let of_tables = self.tables.values().filter_map(|table| table.slot.gateway.as_deref());
        let left = self.left_gateways.iter().map(String::as_str);
        of_tables.chain(self.gateways.keys().map(String::as_str)).chain(left)
    }

    fn pipeline(&mut self, name: &str) -> &mut Known {
        if !self.pipelines.contains_key(name) {
            self.pipelines.insert(name.to_owned(), Known::default());
        }
        self.pipelines.entry(name.to_owned()).or_default()
    }
}

impl Known {
    fn reach(&mut self, slot: &Slot) {
        self.next = self.next.max(slot.position.saturating_add(1));
        self.bundle.get_or_insert_with(|| slot.bundle.clone());
    }
}

/// Places that differ, by what differs: a thousand tables of one pipeline are one finding.
#[derive(Default)]
struct Disagreements {
    found: Vec<(Witness, Slot, String, Slot, Vec<String>)>,
}

impl Disagreements {
    fn add(&mut self, known: &Remembered, target: &Target, other: &Slot, destination: &Destination) {
        let same = |(by, slot, name, deployed, _): &&mut (Witness, Slot, String, Slot, Vec<String>)| {
            *by == known.by
                && slot.is_beside(&known.slot)
                && *name == target.name
                && deployed.is_beside(other)
        };
        let table = destination.to_string();
        match self.found.iter_mut().find(same) {
            Some((.., tables)) => tables.push(table),
            None => self.found.push((
                known.by.clone(),
                known.slot.clone(),
                target.name.clone(),
                other.clone(),
                vec![table],
            )),
        }
    }

    fn findings(self) -> Findings {
        let mut findings = Findings::new();
        for (by, slot, target, deployed, tables) in self.found {
            let more = match tables.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            let fix = match &by {
                Witness::Lock => format!(
                    "take what is deployed into the lock: `tapworks lock import --from-workspace -t {target} --force`; or, where the targets have grown apart for good, \
                     give target `{target}` a `lock` and an `output_dir` of its own"
                ),
                Witness::Target(_) | Witness::Catalog(_) => format!(
                    "give target `{target}` a `lock` and an `output_dir` of its own, since the targets have grown apart"
                ),
            };
            findings.push(
                Finding::error(
                    "TW251",
                    format!(
                        "{by} has {}{more} in {}, target `{target}` in {}",
                        tables[0],
                        slot.beside(&deployed),
                        deployed.beside(&slot)
                    ),
                )
                .for_target(target)
                .why("whichever is followed, these tables would move in the other, and be read again in full")
                .fix(fix),
            );
        }
        findings
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lock => formatter.write_str("the lock"),
            Self::Target(name) => write!(formatter, "target `{name}`"),
            Self::Catalog(name) => write!(formatter, "Unity Catalog of target `{name}`"),
        }
    }
}
