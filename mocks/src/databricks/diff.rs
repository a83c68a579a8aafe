//! Where two versions of a resource differ.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::path::{EMBEDDED, Segment};
use super::permission;
use super::schema;

/// The paths at which `left` and `right` differ, as high up as lists and blocks make it necessary.
///
/// Blocks are compared field by field where both sides have them. Lists of known keys are compared by key, other lists
/// by index if they are equally long, and as a whole if not.
pub(super) fn diff(left: &Json, right: &Json) -> Vec<Vec<Segment>> {
    let mut found = Vec::new();
    walk(Some(left), Some(right), &mut Vec::new(), &mut found);
    found
}

fn walk(left: Option<&Json>, right: Option<&Json>, path: &mut Vec<Segment>, found: &mut Vec<Vec<Segment>>) {
    match (left, right) {
        (Some(Json::Object(left)), Some(Json::Object(right))) => {
            let is_map = matches!(path.last(), Some(Segment::Key(name)) if schema::is_map(name));
            let step =
                |key: &String| if is_map { Segment::Entry(key.clone()) } else { Segment::Key(key.clone()) };
            for (key, value) in left {
                path.push(step(key));
                walk(Some(value), right.get(key), path, found);
                path.pop();
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                path.push(step(key));
                walk(None, Some(value), path, found);
                path.pop();
            }
        }
        (Some(Json::Array(left)), Some(Json::Array(right))) => match keyed(path, left, right) {
            Some((left, right)) => by_key(&left, &right, path, found),
            None if left.len() == right.len() => {
                for (index, (left, right)) in left.iter().zip(right).enumerate() {
                    path.push(Segment::Index(index));
                    walk(Some(left), Some(right), path, found);
                    path.pop();
                }
            }
            None => found.push(path.clone()),
        },
        (left, right) if same(left, right) => {}
        _ => found.push(path.clone()),
    }
}

fn same(left: Option<&Json>, right: Option<&Json>) -> bool {
    match (left, right) {
        (Some(Json::Number(left)), Some(Json::Number(right))) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (left, right) => left == right,
    }
}

/// The elements of a list by the segment that names them, in their order.
type Named<'json> = Vec<(Segment, &'json Json)>;

/// Both lists by key, if the list at this path has one and every element does.
fn keyed<'json>(
    path: &[Segment],
    left: &'json [Json],
    right: &'json [Json],
) -> Option<(Named<'json>, Named<'json>)> {
    let Some(Segment::Key(list)) = path.last() else { return None };
    let parent = path.len().checked_sub(2).map(|at| &path[at]);
    let field = match list.as_str() {
        EMBEDDED => {
            let name = |items: &'json [Json]| {
                items
                    .iter()
                    .map(|item| {
                        let (field, value) = permission::principal(item)?;
                        Some((Segment::Keyed { field, value: value.to_owned() }, item))
                    })
                    .collect::<Option<Named<'_>>>()
            };
            return Some((name(left)?, name(right)?));
        }
        "tasks" | "depends_on" => "task_key",
        "job_clusters" => "job_cluster_key",
        "environments" => "environment_key",
        "parameters" if path.len() == 1 => "name",
        _ if matches!(parent, Some(Segment::Key(parent)) if parent == "webhook_notifications") => "id",
        _ => return None,
    };
    let name = |items: &'json [Json]| {
        items
            .iter()
            .map(|item| Some((Segment::Keyed { field, value: item[field].as_str()?.to_owned() }, item)))
            .collect::<Option<Named<'_>>>()
    };
    Some((name(left)?, name(right)?))
}

fn by_key(left: &Named<'_>, right: &Named<'_>, path: &mut Vec<Segment>, found: &mut Vec<Vec<Segment>>) {
    fn index<'a, 'json>(named: &'a Named<'json>) -> HashMap<(&'a str, &'a str), &'json Json> {
        let pairs = named.iter().filter_map(|(segment, item)| match segment {
            Segment::Keyed { field, value } => Some(((*field, value.as_str()), *item)),
            _ => None,
        });
        pairs.collect()
    }
    fn of<'a, 'json>(
        index: &HashMap<(&'a str, &'a str), &'json Json>,
        segment: &'a Segment,
    ) -> Option<&'json Json> {
        match segment {
            Segment::Keyed { field, value } => index.get(&(*field, value.as_str())).copied(),
            _ => None,
        }
    }
    let (in_left, in_right) = (index(left), index(right));
    for (segment, item) in left {
        path.push(segment.clone());
        walk(Some(item), of(&in_right, segment), path, found);
        path.pop();
    }
    for (segment, item) in right.iter().filter(|(segment, _)| of(&in_left, segment).is_none()) {
        path.push(segment.clone());
        walk(None, Some(item), path, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::show;
    use super::*;
    use serde_json::json;

    fn paths(left: Json, right: Json) -> Vec<String> {
        diff(&left, &right).iter().map(|path| show(path)).collect()
    }

    #[test]
    fn fields_and_blocks() {
        assert_eq!(paths(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1, "c": 3}})), ["a.c"]);
        assert_eq!(paths(json!({}), json!({"tags": {"a": "b"}})), ["tags"]);
        assert_eq!(paths(json!({"a": 1}), json!({"a": 1.0})), Vec::<String>::new());
    }

    #[test]
    fn entries_of_maps_are_quoted() {
        assert_eq!(paths(json!({"tags": {"a": "b"}}), json!({"tags": {"a": "c"}})), ["tags['a']"]);
        let configuration = |value: &str| json!({"clusters": [{"spark_conf": {"spark.x": value}}]});
        assert_eq!(paths(configuration("1"), configuration("2")), ["clusters[0].spark_conf['spark.x']"]);
    }

    #[test]
    fn lists_by_index_or_whole() {
        assert_eq!(paths(json!({"l": [{"a": 1}, {"a": 2}]}), json!({"l": [{"a": 1}, {"a": 3}]})), ["l[1].a"]);
        assert_eq!(paths(json!({"l": [1]}), json!({"l": [1, 2]})), ["l"]);
    }

    #[test]
    fn tasks_by_key() {
        let left = json!({"tasks": [{"task_key": "a", "x": 1}, {"task_key": "b"}]});
        let right = json!({"tasks": [{"task_key": "b"}, {"task_key": "a", "x": 2}, {"task_key": "c"}]});
        assert_eq!(paths(left, right), ["tasks[task_key='a'].x", "tasks[task_key='c']"]);
    }

    #[test]
    fn permissions_by_principal() {
        let left = json!({"__embed__": [{"level": "CAN_RUN", "group_name": "a"}]});
        let right = json!({"__embed__": [{"level": "CAN_VIEW", "group_name": "a"}, {"level": "X", "user_name": "u"}]});
        assert_eq!(paths(left, right), ["[group_name='a'].level", "[user_name='u']"]);
    }
}
