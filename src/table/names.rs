//! Names that groups and projects get: what they may hold, and which of them meet.

use std::collections::HashMap;

use super::group::Group;
use super::judge::Judge;
use super::name;
use super::reference::find_reference;
use super::resolution::ValueOrigin;
use crate::finding::Finding;
use crate::settings::Column;

impl Judge<'_> {
    /// `firsts`: the first row of each group.
    pub(super) fn judge_group_names(&mut self, groups: &[Group], firsts: &[usize]) {
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut by_case: HashMap<String, usize> = HashMap::new();
        let mut projects: HashMap<&str, ()> = HashMap::new();
        let mut project_cases: HashMap<String, &str> = HashMap::new();
        for (index, (group, first)) in groups.iter().zip(firsts).enumerate() {
            if group.project.is_empty() {
                continue;
            }
            self.judge_key(group, *first);
            if projects.insert(&group.project, ()).is_none() {
                self.judge_project(&group.project, *first);
                match project_cases.get(&group.project.to_lowercase()) {
                    Some(other) => {
                        let other = (*other).to_owned();
                        self.tell_case(*first, Column::ProjectName, "project", &group.project, &other);
                    }
                    None => {
                        project_cases.insert(group.project.to_lowercase(), &group.project);
                    }
                }
            }
            let name = group.name();
            if let Some(other) = by_name.get(&name) {
                self.tell_same_name(group, &groups[*other], *first, firsts[*other]);
            } else {
                if let Some(other) = by_case.get(&name.to_lowercase()) {
                    self.tell_case(*first, Column::Prefix, "group", &name, &groups[*other].name());
                } else {
                    by_case.insert(name.to_lowercase(), index);
                }
                by_name.insert(name, index);
            }
        }
    }

    fn tell_same_name(&mut self, group: &Group, other: &Group, row: usize, other_row: usize) {
        let name = group.name();
        let at = self.short_place(other_row, Column::Prefix, ValueOrigin::Row);
        if group.project == other.project
            || (&group.prefix, &group.subgroup) != (&other.prefix, &other.subgroup)
        {
            self.tell_value("TW209", (row, Column::Prefix), self.resolution.value(row, Column::Prefix).origin, || {
                Finding::error("TW209", format!("two groups are both named `{name}`"))
                    .why(format!(
                        "prefix `{}` with subgroup `{}`, and prefix `{}` with subgroup `{}` ({at}), would be one pipeline",
                        group.prefix, group.subgroup, other.prefix, other.subgroup
                    ))
                    .fix("rename one of the prefixes or subgroups")
            });
            return;
        }
        self.tell_value(
            "TW210",
            (row, Column::Prefix),
            self.resolution.value(row, Column::Prefix).origin,
            || {
                let mut projects = [group.project.as_str(), other.project.as_str()];
                projects.sort_unstable();
                Finding::error(
                    "TW210",
                    format!("group `{name}` is in two projects, `{}` and `{}`", projects[0], projects[1]),
                )
                .why(format!(
                    "their gateways, pipelines and jobs would have the same names in the workspace ({at})"
                ))
                .fix("give the projects different prefixes, or different subgroups under one prefix")
            },
        );
    }

    fn tell_case(&mut self, row: usize, column: Column, what: &str, name: &str, other: &str) {
        let mut names = [name, other];
        names.sort_unstable();
        let text = format!("{what} names `{}` and `{}` differ in letter case alone", names[0], names[1]);
        self.tell_value("TW225", (row, column), self.resolution.value(row, column).origin, || {
            Finding::warning("TW225", text)
                .why(
                    "they are two to a bundle, and one to Unity Catalog and to file systems that ignore case",
                )
                .fix("write them alike if they are one, and otherwise rename one of them")
        });
    }

    fn judge_key(&mut self, group: &Group, row: usize) {
        let mut wrong = false;
        for (column, text) in [(Column::Prefix, &group.prefix), (Column::Subgroup, &group.subgroup)] {
            if let Some(c) = name::not_in_a_key(text) {
                wrong = true;
                // A prefix that is the project's name is written in the project's cell.
                let origin = self.resolution.value(row, column).origin;
                let cell = if column == Column::Prefix && self.resolution.value(row, column).cell.is_blank() {
                    (row, Column::ProjectName)
                } else {
                    (row, column)
                };
                let origin =
                    if cell.1 == column { origin } else { self.resolution.value(row, cell.1).origin };
                self.tell_value("TW206", cell, origin, || {
                    let shown = if c.is_control() { format!("U+{:04X}", u32::from(c)) } else { format!("`{c}`") };
                    Finding::error("TW206", format!("{column} `{text}` cannot be part of a name in a bundle: it holds {shown}"))
                        .why("keys of gateways, pipelines and jobs are made of letters A to Z, digits, `_` and `-`")
                        .fix("rename it, or name a prefix of its own where it comes from the project")
                });
            }
        }
        let name = group.name();
        // The longest that is made of it with three-digit numbers, `pipeline_<name>_g100_p100`.
        let suffix = if group.gateway.is_some() { "pipeline__g01_p01" } else { "pipeline__p01" };
        let length = name.chars().count() + suffix.len();
        if !wrong && length > name::MAX_LENGTH {
            let origin = self.resolution.value(row, Column::Prefix).origin;
            self.tell_value("TW207", (row, Column::Prefix), origin, || {
                let shown: String = name.chars().take(40).collect();
                Finding::error(
                    "TW207",
                    format!(
                        "names made of group `{shown}…` have {length} characters, and {} is the most",
                        name::MAX_LENGTH
                    ),
                )
                .why("the key of a pipeline and the storage of a gateway are made of prefix and subgroup")
                .fix("shorten the prefix or the subgroup")
            });
        }
    }

    fn judge_project(&mut self, project: &str, row: usize) {
        let reason = name::project(project).or_else(|| {
            let reference = find_reference(project)?;
            Some(format!("the databricks CLI replaces `{reference}`"))
        });
        if let Some(reason) = reason {
            let origin = self.resolution.value(row, Column::ProjectName).origin;
            self.tell_value("TW208", (row, Column::ProjectName), origin, || {
                let shown: String = project.chars().take(80).collect();
                Finding::error(
                    "TW208",
                    format!("project `{shown}` cannot be a folder and a bundle: {reason}"),
                )
                .why("the project is a folder below output_dir and the name of a bundle")
                .fix("rename the project")
            });
        }
    }
}
