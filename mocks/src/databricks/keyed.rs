//! Lists of resources whose elements are told apart by a key: what base and target say of one element becomes one.

use indexmap::IndexMap;

use super::merge::{MergeError, merge};
use super::value::{Kind, Location, Value};

/// A list, and how its elements are told apart.
struct Keyed {
    group: &'static str,
    list: &'static str,
    key: &'static str,
    /// What an element is called that has no key.
    unnamed: &'static str,
    /// Whether the elements are put in the order of their keys.
    sorted: bool,
}

const KEYED: &[Keyed] = &[
    Keyed { group: "jobs", list: "job_clusters", key: "job_cluster_key", unnamed: "", sorted: false },
    Keyed { group: "jobs", list: "tasks", key: "task_key", unnamed: "", sorted: true },
    Keyed { group: "pipelines", list: "clusters", key: "label", unnamed: "default", sorted: false },
];

/// Merges the elements of these lists that have the same key, once base and target are one.
pub(super) fn merge_elements(config: &mut Value) -> Result<(), MergeError> {
    let resources = config.as_map_mut().and_then(|config| config.get_mut("resources"));
    let Some(resources) = resources.and_then(|resources| resources.value.as_map_mut()) else {
        return Ok(());
    };
    for keyed in KEYED {
        let group = resources.get_mut(keyed.group).and_then(|group| group.value.as_map_mut());
        for resource in group.into_iter().flat_map(|group| group.values_mut()) {
            let list = resource.value.as_map_mut().and_then(|fields| fields.get_mut(keyed.list));
            if let Some(list) = list
                && let Kind::Sequence(elements) = &mut list.value.kind
            {
                *elements = keyed.merged(std::mem::take(elements))?;
            }
        }
    }
    Ok(())
}

impl Keyed {
    fn merged(&self, elements: Vec<Value>) -> Result<Vec<Value>, MergeError> {
        let mut found: IndexMap<String, Value> = IndexMap::new();
        for element in elements {
            let key = self.key(&element);
            match found.get_mut(&key) {
                Some(before) => *before = merge(std::mem::take(before), element)?,
                None => {
                    found.insert(key, element);
                }
            }
        }
        if self.sorted {
            found.sort_keys();
        }
        let named = found.into_iter().map(|(key, mut element)| {
            let at = element.get(self.key).map_or_else(Location::default, |value| value.at);
            if !key.is_empty() {
                element.set(self.key, Value::new(Kind::String(key), at));
            }
            element
        });
        Ok(named.collect())
    }

    fn key(&self, element: &Value) -> String {
        let key = element.str_at(&[self.key]).unwrap_or(self.unnamed);
        if self.group == "pipelines" { key.to_lowercase() } else { key.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_of_one_key_become_one() {
        let mut config = Value::from_json(json!({"resources": {
            "pipelines": {"p": {"clusters": [{"num_workers": 1}, {"label": "Updates"}, {"label": "DEFAULT", "a": 1}]}},
            "jobs": {"j": {"tasks": [{"task_key": "b", "x": 1}, {"task_key": "a"}, {"task_key": "b", "y": 2}]}},
        }}));
        merge_elements(&mut config).unwrap();
        assert_eq!(
            config.to_json(),
            json!({"resources": {
                "pipelines": {"p": {"clusters": [
                    {"num_workers": 1, "label": "default", "a": 1}, {"label": "updates"}]}},
                "jobs": {"j": {"tasks": [{"task_key": "a"}, {"task_key": "b", "x": 1, "y": 2}]}},
            }})
        );
    }
}
