//! From rows to groups, with every rule that needs no workspace on the way.

use std::collections::HashMap;

use super::group::{Group, Table};
use super::judge::Judge;
use super::resolution::Resolution;
use super::shared::Shared;
use crate::closest::did_you_mean;
use crate::connector::{Connector, connectors};
use crate::finding::{Finding, Findings};
use crate::settings::{Column, Settings};
use crate::source::RowSet;

/// The groups of the rows, in order of first appearance, and everything that is wrong with rows and settings.
#[must_use]
pub fn groups(rows: &RowSet, settings: &Settings) -> (Vec<Group>, Findings) {
    let mut judge = Judge::new(Resolution::new(rows, settings));
    if rows.is_empty() {
        // That there are none was told by who read them.
        return (Vec::new(), judge.finish());
    }
    judge.judge_columns();
    judge.judge_assigned_columns();
    judge.judge_group_keys();
    let missing = judge.judge_missing_columns();
    judge.judge_subgroups();
    let (mut drafts, of_context) = judge.drafts();
    for row in 0..rows.len() {
        let context = judge.resolution.context_index(row) as usize;
        let Some(connector) = judge.resolution.context_of(row).connector else {
            judge.tell_connector(row);
            continue;
        };
        let objects = judge.row(row, connector, &missing);
        let weight = judge.weight(row);
        let Some(draft) = of_context.get(context).copied().flatten().and_then(|index| drafts.get_mut(index))
        else {
            continue;
        };
        if draft.project.is_empty() {
            judge.tell_project(row, connector, &missing);
        } else {
            judge.judge_one_connector(draft, row, connector);
        }
        draft.shared.add(&judge, row);
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        draft.tables.extend(objects.into_iter().map(|object| Table { row, weight, object }));
    }
    let (firsts, mut groups): (Vec<usize>, Vec<Group>) =
        drafts.into_iter().map(|draft| (draft.first, judge.group(draft))).unzip();
    judge.judge_group_names(&groups, &firsts);
    judge.judge_duplicates(&groups);
    groups.retain(|group| !group.project.is_empty());
    (groups, judge.finish())
}

/// A group whose rows are still being read.
struct Draft<'a> {
    project: String,
    prefix: String,
    subgroup: String,
    connector: &'static Connector,
    first: usize,
    told_connector: bool,
    shared: Shared<'a>,
    tables: Vec<Table>,
}

impl<'a> Judge<'a> {
    /// An empty group for each project, prefix and subgroup, in order of first appearance, and the group of each context.
    fn drafts(&self) -> (Vec<Draft<'a>>, Vec<Option<usize>>) {
        let mut firsts: Vec<Option<usize>> = vec![None; self.resolution.contexts.len()];
        for row in 0..self.resolution.rows.len() {
            if let Some(first) = firsts.get_mut(self.resolution.context_index(row) as usize) {
                first.get_or_insert(row);
            }
        }
        let mut drafts: Vec<Draft<'a>> = Vec::new();
        let mut known: HashMap<(&str, &str, &str), usize> = HashMap::new();
        let mut of_context = Vec::with_capacity(firsts.len());
        for (context, first) in self.resolution.contexts.iter().zip(firsts) {
            let Some(connector) = context.connector else {
                of_context.push(None);
                continue;
            };
            // Rows without a project are no group, and are judged all the same.
            let project = context.project.as_deref().unwrap_or_default();
            let prefix = context.prefix.as_deref().unwrap_or(project);
            let subgroup = context.subgroup.as_deref().unwrap_or("01");
            let first = first.unwrap_or_default();
            let index = *known.entry((project, prefix, subgroup)).or_insert_with(|| {
                drafts.push(Draft {
                    project: project.to_owned(),
                    prefix: prefix.to_owned(),
                    subgroup: subgroup.to_owned(),
                    connector,
                    first,
                    told_connector: false,
                    shared: if project.is_empty() { Shared::apart(first) } else { Shared::new(first) },
                    tables: Vec::new(),
                });
                drafts.len() - 1
            });
            of_context.push(Some(index));
        }
        (drafts, of_context)
    }

    fn group(&mut self, draft: Draft<'a>) -> Group {
        let Draft { project, prefix, subgroup, connector, shared, tables, .. } = draft;
        let name = format!("{prefix}_{subgroup}");
        Group {
            connection: self.connection(&name, &shared),
            gateway: self.gateway(&name, &shared, connector.family),
            schedule: self.schedule(&name, &shared),
            tags: self.tags(&name, &shared),
            project,
            prefix,
            subgroup,
            connector,
            tables,
        }
    }

    fn tell_connector(&mut self, row: usize) {
        let name = self.resolution.context_of(row).connector_name.clone();
        let value = self.resolution.value(row, Column::Connector);
        let known = || connectors().iter().map(|connector| connector.name);
        let list = || known().collect::<Vec<_>>().join(", ");
        self.tell_value("TW203", (row, Column::Connector), value.origin, || match &name {
            Some(name) => {
                let alias = match name.to_lowercase().replace(['-', '_', ' '], "").as_str() {
                    "ga4" | "googleanalytics4" => Some("google_analytics"),
                    "postgres" => Some("postgresql"),
                    "sqlserver" | "mssql" => Some("sql_server"),
                    "workday" => Some("workday_reports"),
                    "sfdc" => Some("salesforce"),
                    _ => None,
                };
                let hint = match alias {
                    Some(alias) => format!("; did you mean `{alias}`?"),
                    None => did_you_mean(name, known()),
                };
                Finding::error("TW203", format!("`{name}` is no connector{hint}"))
                    .fix(format!("use one of: {}", list()))
            }
            None => Finding::error("TW203", "nothing says which connector reads this row")
                .fix(format!("add a column `connector`, or --connector, with one of: {}", list())),
        });
    }

    fn tell_project(
        &mut self,
        row: usize,
        connector: &'static Connector,
        missing: &[(&'static Connector, Column)],
    ) {
        if missing.contains(&(connector, Column::ProjectName)) {
            return;
        }
        let value = self.resolution.value(row, Column::ProjectName);
        self.tell_value("TW202", (row, Column::ProjectName), value.origin, || {
            Finding::error("TW202", "project_name is blank")
                .why("the project says which bundle the table belongs to")
                .fix("fill the cell, set project_name in default_values, or say --project")
        });
    }

    fn judge_one_connector(&mut self, draft: &mut Draft<'a>, row: usize, connector: &'static Connector) {
        if draft.connector == connector || draft.told_connector {
            return;
        }
        draft.told_connector = true;
        let mut names = [draft.connector.name, connector.name];
        names.sort_unstable();
        let value = self.resolution.value(row, Column::Connector);
        let name = format!("{}_{}", draft.prefix, draft.subgroup);
        self.tell_value("TW211", (row, Column::Connector), value.origin, || {
            Finding::error("TW211", format!("group `{name}` mixes {} and {}", names[0], names[1]))
                .why("a pipeline reads from one source")
                .fix("give the rows of each connector a prefix or subgroup of their own")
        });
    }

    /// Within a prefix all rows name a subgroup, or none does.
    fn judge_subgroups(&mut self) {
        #[derive(Default)]
        struct Uses {
            blank: Option<usize>,
            blanks: usize,
            named: Option<(usize, String)>,
        }
        let mut counts = vec![(0_usize, usize::MAX); self.resolution.contexts.len()];
        for row in 0..self.resolution.rows.len() {
            if let Some((count, first)) = counts.get_mut(self.resolution.context_index(row) as usize) {
                *count += 1;
                *first = (*first).min(row);
            }
        }
        let mut prefixes: HashMap<&str, Uses> = HashMap::new();
        let mut order = Vec::new();
        for (context, (count, first)) in self.resolution.contexts.iter().zip(counts) {
            let Some(prefix) = &context.prefix else { continue };
            let uses = prefixes.entry(prefix).or_insert_with(|| {
                order.push(prefix.clone());
                Uses::default()
            });
            match &context.subgroup {
                None => {
                    uses.blanks += count;
                    uses.blank.get_or_insert(first);
                }
                Some(subgroup) => {
                    uses.named.get_or_insert((first, subgroup.clone()));
                }
            }
        }
        let mut mixed = Vec::new();
        for prefix in &order {
            if let Some(Uses { blank: Some(blank), blanks, named: Some((row, subgroup)) }) =
                prefixes.get(prefix.as_str())
            {
                mixed.push((prefix.clone(), *blank, *blanks, *row, subgroup.clone()));
            }
        }
        for (prefix, blank, blanks, row, subgroup) in mixed {
            let named = self.short_place(row, Column::Subgroup, super::ValueOrigin::Row);
            let place = self.resolution.row_place(blank, Some(Column::Subgroup));
            self.tell("TW204", || {
                let rows = crate::text::plural(blanks, "row");
                Finding::error(
                    "TW204",
                    format!("prefix `{prefix}` has {rows} without a subgroup, and others with one"),
                )
                .at(place)
                .why(format!("whether these belong to `{subgroup}` ({named}) or apart from it is not said"))
                .fix("give every row of the prefix a subgroup, or none")
            });
        }
    }
}
