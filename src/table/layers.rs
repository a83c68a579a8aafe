//! Which defaults or overrides hold for a row: group keys against project, prefix and subgroup.

use std::cell::Cell;
use std::collections::HashMap;

use super::subgroup;
use crate::settings::{Assigned, Assignments, Column, Layer};

/// How closely a key fits a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// `*`.
    All,
    /// The project.
    Project,
    /// The prefix.
    Prefix,
    /// Prefix and subgroup.
    Group,
}

/// What keys are compared with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity<'a> {
    pub(super) project: Option<&'a str>,
    pub(super) prefix: Option<&'a str>,
    pub(super) subgroup: Option<&'a str>,
}

/// Layers that can be looked up by key.
#[derive(Debug)]
pub(super) struct Layers<'a> {
    layers: &'a [Layer],
    by_key: HashMap<&'a str, Vec<usize>>,
    used: Vec<Cell<bool>>,
    /// The value of each layer for each column that is known.
    values: Vec<Vec<(Column, &'a Assigned)>>,
}

/// A layer that matches a row, and how closely.
pub(super) type Match = (Fit, usize);

impl<'a> Layers<'a> {
    pub(super) fn new(assignments: &'a Assignments) -> Self {
        let layers = assignments.layers.as_slice();
        let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, layer) in layers.iter().enumerate() {
            by_key.entry(layer.key.as_str()).or_default().push(index);
        }
        let values = layers
            .iter()
            .map(|layer| {
                layer.values.iter().filter_map(|value| Some((Column::of(&value.column)?, value))).collect()
            })
            .collect();
        Self { layers, by_key, used: layers.iter().map(|_| Cell::new(false)).collect(), values }
    }

    pub(super) fn layer(&self, index: usize) -> &'a Layer {
        &self.layers[index]
    }

    /// What a layer says of a column; the last where it says it twice.
    pub(super) fn value(&self, index: usize, column: Column) -> Option<&'a Assigned> {
        self.values.get(index)?.iter().rev().find(|(own, _)| *own == column).map(|(_, value)| *value)
    }

    /// The layers that match, added to those that do already, most specific first.
    pub(super) fn matches(&self, identity: Identity<'_>, found: &mut Vec<Match>) {
        let mut add = |key: &str, fit: Fit| {
            for index in self.by_key.get(key).into_iter().flatten() {
                if let Some(used) = self.used.get(*index) {
                    used.set(true);
                }
                match found.iter_mut().find(|(_, other)| other == index) {
                    Some(present) => present.0 = present.0.max(fit),
                    None => found.push((fit, *index)),
                }
            }
        };
        if self.layers.is_empty() {
            return;
        }
        add("*", Fit::All);
        if let Some(project) = identity.project {
            add(project, Fit::Project);
        }
        if let Some(prefix) = identity.prefix {
            add(prefix, Fit::Prefix);
            if let Some(subgroup) = identity.subgroup {
                for form in subgroup::forms(subgroup) {
                    add(&format!("{prefix}_{form}"), Fit::Group);
                }
            }
        }
        // Of two keys that fit equally well the later one goes first, as later keys win everywhere.
        found.sort_by(|a, b| b.cmp(a));
    }

    /// The layers that no row matched.
    pub(super) fn unused(&self) -> impl Iterator<Item = &'a Layer> {
        self.layers
            .iter()
            .zip(&self.used)
            .filter(|(layer, used)| !used.get() && layer.key != "*")
            .map(|(layer, _)| layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    fn layers(keys: &[&str]) -> Assignments {
        let place = Place::Path { path: String::new() };
        let layer = |key: &&str| Layer { key: (*key).to_owned(), place: place.clone(), values: Vec::new() };
        Assignments { layers: keys.iter().map(layer).collect() }
    }

    fn fits(keys: &[&str], project: &str, prefix: &str, subgroup: &str) -> Vec<String> {
        let assignments = layers(keys);
        let layers = Layers::new(&assignments);
        let mut found = Vec::new();
        let identity = Identity { project: Some(project), prefix: Some(prefix), subgroup: Some(subgroup) };
        layers.matches(identity, &mut found);
        found.iter().map(|(_, index)| layers.layer(*index).key.clone()).collect()
    }

    #[test]
    fn the_most_specific_key_comes_first_whatever_the_alphabet_says() {
        let keys = ["*", "z_proj", "sales", "sales_2"];
        assert_eq!(fits(&keys, "z_proj", "sales", "02"), ["sales_2", "sales", "z_proj", "*"]);
        assert_eq!(fits(&keys, "sales", "emea", "1"), ["sales", "*"]);
    }

    #[test]
    fn subgroups_match_padded_or_not() {
        for key in ["s_2", "s_02"] {
            for subgroup in ["2", "02"] {
                assert_eq!(fits(&[key], "p", "s", subgroup), [key], "{key} {subgroup}");
            }
        }
        assert!(fits(&["s_2"], "p", "s", "002").is_empty());
    }

    #[test]
    fn keys_that_match_nothing_are_known() {
        let assignments = layers(&["*", "a", "slaes"]);
        let layers = Layers::new(&assignments);
        layers.matches(Identity { prefix: Some("a"), ..Identity::default() }, &mut Vec::new());
        assert_eq!(layers.unused().map(|layer| layer.key.as_str()).collect::<Vec<_>>(), ["slaes"]);
    }
}
