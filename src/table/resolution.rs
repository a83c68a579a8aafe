//! The effective value of every column of every row, and where it comes from: rows, defaults, overrides and the
//! connector's own defaults, put together by group key.

use std::collections::HashMap;

use super::layers::{Fit, Identity, Layers, Match};
use super::subgroup;
use crate::connector::{Connector, Family, connector};
use crate::finding::Place;
use crate::settings::{Assigned, Column, Layer, Settings};
use crate::source::{Cell, RowSet};

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueOrigin<'a> {
    /// The row itself.
    Row,
    /// A default.
    Default {
        /// Its group key.
        key: &'a str,
        /// The value and its place.
        assigned: &'a Assigned,
    },
    /// An override.
    Override {
        /// Its group key.
        key: &'a str,
        /// The value and its place.
        assigned: &'a Assigned,
    },
    /// The connector's own default.
    Connector,
    /// A flag, the environment, or a setting of its own (`connector`, `project`, `timezone`).
    Setting,
    /// Another column stands in for it.
    Column(Column),
    /// What holds where nothing says anything.
    BuiltIn,
}

/// A value, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective<'a> {
    /// The value.
    pub cell: Cell<'a>,
    /// Where it comes from.
    pub origin: ValueOrigin<'a>,
}

/// What rows of one raw project, prefix, subgroup and connector have in common.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) project: Option<String>,
    pub(super) prefix: Option<String>,
    /// Padded; absent where the row has none.
    pub(super) subgroup: Option<String>,
    pub(super) connector: Option<&'static Connector>,
    /// The text that names no connector, where there is one.
    pub(super) connector_name: Option<String>,
    overrides: Vec<Match>,
    defaults: Vec<Match>,
}

/// Rows and settings put together.
#[derive(Debug)]
pub struct Resolution<'a> {
    pub(super) rows: &'a RowSet,
    pub(super) settings: &'a Settings,
    /// The position of each column in the rows.
    positions: [Option<usize>; Column::COUNT],
    overrides: Layers<'a>,
    defaults: Layers<'a>,
    pub(super) contexts: Vec<Context>,
    /// The context of each row.
    of_row: Vec<u32>,
}

type Raw<'a> = [Option<&'a str>; 4];

impl<'a> Resolution<'a> {
    /// Puts rows and settings together.
    #[must_use]
    pub fn new(rows: &'a RowSet, settings: &'a Settings) -> Self {
        let mut positions = [None; Column::COUNT];
        for (position, name) in rows.columns().iter().enumerate() {
            if let Some(column) = column_of(rows, name)
                && let Some(slot @ None) = positions.get_mut(column.index())
            {
                *slot = Some(position);
            }
        }
        let mut resolution = Self {
            rows,
            settings,
            positions,
            overrides: Layers::new(&settings.overrides),
            defaults: Layers::new(&settings.defaults),
            contexts: Vec::new(),
            of_row: Vec::with_capacity(rows.len()),
        };
        let mut known: HashMap<Raw<'a>, u32> = HashMap::new();
        let mut last: Option<(Raw<'a>, u32)> = None;
        for row in 0..rows.len() {
            let raw = resolution.raw(row);
            let context = match last {
                Some((same, context)) if same == raw => context,
                _ => *known.entry(raw).or_insert_with(|| {
                    let context = resolution.context(raw);
                    resolution.contexts.push(context);
                    u32::try_from(resolution.contexts.len() - 1).unwrap_or(u32::MAX)
                }),
            };
            last = Some((raw, context));
            resolution.of_row.push(context);
        }
        resolution
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &'a RowSet {
        self.rows
    }

    fn raw(&self, row: usize) -> Raw<'a> {
        [Column::ProjectName, Column::Prefix, Column::Subgroup, Column::Connector]
            .map(|column| self.own(row, column).scalar())
    }

    /// The cell of a row itself.
    pub(super) fn own(&self, row: usize, column: Column) -> Cell<'a> {
        self.position(column).map_or(Cell::Null, |position| self.rows.cell(row, position))
    }

    pub(super) fn position(&self, column: Column) -> Option<usize> {
        self.positions.get(column.index()).copied().flatten()
    }

    /// Settles project, prefix, subgroup and connector, one after the other: each may be set by a default or an override
    /// whose key matches what is settled before. A key that took part in that stays matched.
    fn context(&self, raw: Raw<'_>) -> Context {
        let [project, prefix, subgroup, connector_cell] = raw;
        let (mut overrides, mut defaults) = (Vec::new(), Vec::new());
        let mut settle = |column: Column, own: Option<&str>, identity: Identity<'_>| -> Option<String> {
            let mut over = Vec::new();
            self.overrides.matches(identity, &mut over);
            if let Some((matched, assigned)) = self.overriding(&over, column) {
                remember(&mut overrides, matched);
                return assigned.value.cell().scalar().map(str::to_owned);
            }
            if let Some(own) = own {
                return Some(own.to_owned());
            }
            let mut under = Vec::new();
            self.defaults.matches(identity, &mut under);
            let (matched, assigned) = self.defaulting(&under, column)?;
            remember(&mut defaults, matched);
            assigned.value.cell().scalar().map(str::to_owned)
        };
        let project = settle(Column::ProjectName, project, Identity { project, prefix, subgroup })
            .or_else(|| self.settings.project.clone());
        let identity =
            Identity { project: project.as_deref(), prefix: prefix.or(project.as_deref()), subgroup };
        let prefix = settle(Column::Prefix, prefix, identity).or_else(|| project.clone());
        let identity = Identity {
            project: project.as_deref(),
            prefix: prefix.as_deref(),
            subgroup: subgroup.or(Some("01")),
        };
        let subgroup = settle(Column::Subgroup, subgroup, identity).map(|text| subgroup::padded(&text));
        let identity = Identity {
            project: project.as_deref(),
            prefix: prefix.as_deref(),
            subgroup: subgroup.as_deref().or(Some("01")),
        };
        let named =
            settle(Column::Connector, connector_cell, identity).or_else(|| self.settings.connector.clone());
        self.overrides.matches(identity, &mut overrides);
        self.defaults.matches(identity, &mut defaults);
        let found = named.as_deref().and_then(connector);
        Context {
            project,
            prefix,
            subgroup,
            connector: found,
            connector_name: named.filter(|_| found.is_none()),
            overrides,
            defaults,
        }
    }

    fn overriding(&self, matches: &[Match], column: Column) -> Option<(Match, &'a Assigned)> {
        matches.iter().find_map(|matched| Some((*matched, self.overrides.value(matched.1, column)?)))
    }

    /// A default of nothing stands for "none" under `*`, where it takes the connector's default away, and says nothing
    /// under any other key.
    fn defaulting(&self, matches: &[Match], column: Column) -> Option<(Match, &'a Assigned)> {
        matches.iter().find_map(|matched| {
            let assigned = self.defaults.value(matched.1, column)?;
            let says_something = assigned.value != crate::source::Value::Null || matched.0 == Fit::All;
            says_something.then_some((*matched, assigned))
        })
    }

    pub(super) fn context_of(&self, row: usize) -> &Context {
        // Every row got a context when the resolution was made.
        let index = self.of_row.get(row).map_or(0, |index| *index as usize);
        &self.contexts[index]
    }

    pub(super) fn context_index(&self, row: usize) -> u32 {
        self.of_row.get(row).copied().unwrap_or(0)
    }

    /// The effective value of a column of a row. Project, prefix, subgroup and connector as they are settled; a gateway's
    /// storage falls back for the whole group, not for a row.
    #[must_use]
    pub fn value(&self, row: usize, column: Column) -> Effective<'a> {
        self.candidates(row, column)
            .find(|(_, wins)| *wins)
            .map_or(Effective { cell: Cell::Null, origin: ValueOrigin::BuiltIn }, |(value, _)| value)
    }

    /// Every value that was there for a column of a row, the strongest first, and whether it may win: a blank cell never
    /// does.
    pub fn candidates(&self, row: usize, column: Column) -> impl Iterator<Item = (Effective<'a>, bool)> + '_ {
        let context = self.context_of(row);
        let overrides = context.overrides.iter().filter_map(move |(_, index)| {
            let assigned = self.overrides.value(*index, column)?;
            let key = self.overrides.layer(*index).key.as_str();
            Some((
                Effective { cell: assigned.value.cell(), origin: ValueOrigin::Override { key, assigned } },
                true,
            ))
        });
        let own = self.own(row, column);
        let own = std::iter::once((Effective { cell: own, origin: ValueOrigin::Row }, !own.is_blank()));
        let defaults = context.defaults.iter().filter_map(move |(fit, index)| {
            let assigned = self.defaults.value(*index, column)?;
            let key = self.defaults.layer(*index).key.as_str();
            let wins = assigned.value != crate::source::Value::Null || *fit == Fit::All;
            Some((
                Effective { cell: assigned.value.cell(), origin: ValueOrigin::Default { key, assigned } },
                wins,
            ))
        });
        let last = self.built_in(row, context, column).into_iter().map(|value| (value, true));
        overrides.chain(own).chain(defaults).chain(last)
    }

    fn built_in(&self, row: usize, context: &Context, column: Column) -> Option<Effective<'a>> {
        let setting = |text: &'a str| Effective { cell: Cell::Text(text), origin: ValueOrigin::Setting };
        match column {
            Column::Schedule => {
                let schedule = context.connector?.schedule;
                Some(Effective { cell: Cell::Text(schedule), origin: ValueOrigin::Connector })
            }
            Column::TargetTableName
                if context.connector.is_some_and(|connector| connector.family == Family::Database) =>
            {
                let table = self.value(row, Column::SourceTableName);
                Some(Effective { cell: table.cell, origin: ValueOrigin::Column(Column::SourceTableName) })
            }
            Column::ProjectName => self.settings.project.as_deref().map(setting),
            Column::Connector => self.settings.connector.as_deref().map(setting),
            Column::Timezone => Some(match &self.settings.timezone {
                Some((zone, _)) => setting(zone),
                None => Effective { cell: Cell::Text("UTC"), origin: ValueOrigin::BuiltIn },
            }),
            _ => None,
        }
    }

    /// Where an effective value is written: the very cell, or the settings value that stands in for it.
    #[must_use]
    pub fn place(&self, row: usize, column: Column, origin: ValueOrigin<'_>) -> Place {
        match origin {
            ValueOrigin::Default { assigned, .. } | ValueOrigin::Override { assigned, .. } => {
                assigned.place.clone()
            }
            ValueOrigin::Column(other) => {
                let origin = self.value(row, other).origin;
                self.place(row, other, origin)
            }
            ValueOrigin::Setting if column == Column::Timezone => match &self.settings.timezone {
                Some((_, place)) => place.clone(),
                None => self.row_place(row, Some(column)),
            },
            ValueOrigin::Row | ValueOrigin::Connector | ValueOrigin::Setting | ValueOrigin::BuiltIn => {
                self.row_place(row, Some(column))
            }
        }
    }

    /// The place of a row, or of its cell where the rows have that column.
    #[must_use]
    pub fn row_place(&self, row: usize, column: Option<Column>) -> Place {
        let name = column.and_then(|column| {
            let position = self.position(column)?;
            self.rows.columns().get(position).map(String::as_str)
        });
        self.rows.place(u32::try_from(row).unwrap_or(u32::MAX), name)
    }

    /// Keys that name the same group and set the same column, each pair once.
    pub(super) fn rivals(&self) -> Vec<(&'static str, &'a Layer, &'a Layer, Column)> {
        let mut found: Vec<(&'static str, &'a Layer, &'a Layer, Column)> = Vec::new();
        for context in &self.contexts {
            let defaults = self.defaults.rivals(&context.defaults).map(|rivals| ("default_values", rivals));
            let overrides =
                self.overrides.rivals(&context.overrides).map(|rivals| ("override_input_config", rivals));
            for (what, (earlier, later, column)) in defaults.into_iter().chain(overrides) {
                if !found.iter().any(|(_, first, second, _)| {
                    std::ptr::eq(*first, earlier) && std::ptr::eq(*second, later)
                }) {
                    found.push((what, earlier, later, column));
                }
            }
        }
        found
    }

    /// Default keys and override keys that no row matched.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&'static str, &'a Layer)> + '_ {
        let defaults = self.defaults.unused().map(|layer| ("default_values", layer));
        let overrides = self.overrides.unused().map(|layer| ("override_input_config", layer));
        defaults.chain(overrides)
    }
}

/// The column that a name of the rows stands for. SQL does not look at the case of a column's name, so neither do we where a
/// workspace table gives the names; a file's names are taken as written.
pub(super) fn column_of(rows: &RowSet, name: &str) -> Option<Column> {
    match rows.origin() {
        crate::source::Origin::Table { .. } => Column::of(&name.to_lowercase()),
        crate::source::Origin::File(_) | crate::source::Origin::Stdin => Column::of(name),
    }
}

fn remember(found: &mut Vec<Match>, matched: Match) {
    if !found.iter().any(|(_, index)| *index == matched.1) {
        found.push(matched);
    }
}
