//! Paths into the JSON of a resource, as plans print them: `a.b[3].c`, `tasks[task_key='x'].y`, `a['k.x']`.

use serde_json::Value as Json;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    /// The entry of a map whose keys are the user's.
    Entry(String),
    Index(usize),
    /// The element of a list whose field has this value.
    Keyed {
        field: &'static str,
        value: String,
    },
}

/// The text of a path.
pub(super) fn show(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            // The list of permissions has no name of its own.
            Segment::Key(key) if key == EMBEDDED => {}
            Segment::Key(key) if is_plain(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Key(key) | Segment::Entry(key) => {
                text.push_str(&format!("['{}']", key.replace('\'', "''")));
            }
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
            Segment::Keyed { field, value } => text.push_str(&format!("[{field}='{value}']")),
        }
    }
    text
}

/// The key under which a resource that is a list keeps it.
pub(super) const EMBEDDED: &str = "__embed__";

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
}

/// The value at a path.
pub(super) fn get<'json>(root: &'json Json, path: &[Segment]) -> Option<&'json Json> {
    path.iter().try_fold(root, |value, segment| match segment {
        Segment::Key(key) | Segment::Entry(key) => value.get(key),
        Segment::Index(index) => value.get(index),
        Segment::Keyed { field, value: wanted } => {
            value.as_array()?.iter().find(|item| item[*field].as_str() == Some(wanted))
        }
    })
}

/// Calls `visit` with every text of a tree that may hold a reference, and its path.
pub(super) fn each_template(root: &Json, visit: &mut impl FnMut(&[Segment], &str)) {
    fn walk(value: &Json, path: &mut Vec<Segment>, visit: &mut impl FnMut(&[Segment], &str)) {
        match value {
            Json::String(text) if text.contains("${") => visit(path, text),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if !item.is_string() || item.as_str().is_some_and(|text| text.contains("${")) {
                        path.push(Segment::Index(index));
                        walk(item, path, visit);
                        path.pop();
                    }
                }
            }
            Json::Object(fields) => {
                for (key, item) in fields {
                    let may_hold = match item {
                        Json::String(text) => text.contains("${"),
                        Json::Array(_) | Json::Object(_) => true,
                        _ => false,
                    };
                    if may_hold {
                        path.push(Segment::Key(key.clone()));
                        walk(item, path, visit);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }
    walk(root, &mut Vec::new(), visit);
}

/// Replaces texts of a tree; where `replace` answers nothing the text stays.
pub(super) fn replace_templates(
    root: &mut Json,
    replace: &mut impl FnMut(&str, Option<&str>) -> Option<Json>,
) {
    fn walk(
        value: &mut Json,
        key: Option<&str>,
        replace: &mut impl FnMut(&str, Option<&str>) -> Option<Json>,
    ) {
        match value {
            Json::String(text) if text.contains("${") => {
                if let Some(new) = replace(text, key) {
                    *value = new;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| walk(item, key, replace)),
            Json::Object(fields) => fields.iter_mut().for_each(|(key, item)| walk(item, Some(key), replace)),
            _ => {}
        }
    }
    walk(root, None, replace);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(key: &str) -> Segment {
        Segment::Key(key.to_owned())
    }

    #[test]
    fn paths_are_shown() {
        assert_eq!(show(&[key("a"), key("b"), Segment::Index(3), key("c")]), "a.b[3].c");
        assert_eq!(show(&[key("tags"), key("k.x")]), "tags['k.x']");
        assert_eq!(show(&[key("tags"), Segment::Entry("it's".to_owned())]), "tags['it''s']");
        let keyed = Segment::Keyed { field: "task_key", value: "x".to_owned() };
        assert_eq!(show(&[key("tasks"), keyed.clone(), key("y")]), "tasks[task_key='x'].y");
        assert_eq!(show(&[key(EMBEDDED), keyed]), "[task_key='x']");
    }

    #[test]
    fn values_are_found() {
        let json = json!({"tasks": [{"task_key": "x", "y": 1}]});
        let keyed = Segment::Keyed { field: "task_key", value: "x".to_owned() };
        assert_eq!(get(&json, &[key("tasks"), keyed, key("y")]), Some(&json!(1)));
        assert_eq!(get(&json, &[key("tasks"), Segment::Index(1)]), None);
    }

    #[test]
    fn templates_are_visited_and_replaced() {
        let mut json = json!({"a": "${x.y}", "b": [{"c": "k${z}"}, "plain"]});
        let mut seen = Vec::new();
        each_template(&json, &mut |path, text| seen.push((show(path), text.to_owned())));
        assert_eq!(seen, [("a".to_owned(), "${x.y}".to_owned()), ("b[0].c".to_owned(), "k${z}".to_owned())]);
        replace_templates(&mut json, &mut |text, key| (key == Some("a")).then(|| json!(text.len())));
        assert_eq!(json, json!({"a": 6, "b": [{"c": "k${z}"}, "plain"]}));
    }
}
