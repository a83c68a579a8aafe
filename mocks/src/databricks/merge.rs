//! How two configurations become one.

use super::value::{Entry, Kind, Value};

/// Two values of one path that cannot be merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot merge {under} with {over} at {path}")]
pub(super) struct MergeError {
    under: &'static str,
    over: &'static str,
    path: String,
}

/// Lays `over` on `under`: maps key by key, sequences one behind the other, of scalars the later one. Null is nothing.
pub(super) fn merge(under: Value, over: Value) -> Result<Value, MergeError> {
    merge_at(under, over, &mut Vec::new())
}

fn merge_at(under: Value, over: Value, path: &mut Vec<String>) -> Result<Value, MergeError> {
    let (under_name, over_name) = (under.kind_name(), over.kind_name());
    match (under.kind, over.kind) {
        (Kind::Null, kind) => Ok(Value::new(kind, over.at)),
        (kind, Kind::Null) => Ok(Value::new(kind, under.at)),
        (Kind::Map(mut map), Kind::Map(later)) => {
            for (key, entry) in later {
                match map.get_mut(&key) {
                    Some(there) => {
                        path.push(key);
                        let before = std::mem::take(&mut there.value);
                        *there = Entry { key_at: entry.key_at, value: merge_at(before, entry.value, path)? };
                        path.pop();
                    }
                    None => {
                        map.insert(key, entry);
                    }
                }
            }
            Ok(Value::new(Kind::Map(map), over.at))
        }
        (Kind::Sequence(mut items), Kind::Sequence(later)) => {
            items.extend(later);
            Ok(Value::new(Kind::Sequence(items), over.at))
        }
        (Kind::Map(_) | Kind::Sequence(_), _) | (_, Kind::Map(_) | Kind::Sequence(_)) => {
            Err(MergeError { under: under_name, over: over_name, path: path.join(".") })
        }
        (_, kind) => Ok(Value::new(kind, over.at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(under: serde_json::Value, over: serde_json::Value) -> Result<serde_json::Value, MergeError> {
        merge(Value::from_json(under), Value::from_json(over)).map(|value| value.to_json())
    }

    #[test]
    fn maps_by_key_sequences_by_concatenation() {
        assert_eq!(
            merged(json!({"a": {"x": 1, "y": 2}, "l": [1]}), json!({"a": {"y": 3}, "l": [2], "n": null})),
            Ok(json!({"a": {"x": 1, "y": 3}, "l": [1, 2]}))
        );
    }

    #[test]
    fn kinds_must_agree() {
        assert!(merged(json!({"a": {"x": 1}}), json!({"a": [1]})).is_err());
        assert_eq!(merged(json!({"a": 1}), json!({"a": "b"})), Ok(json!({"a": "b"})));
    }
}
