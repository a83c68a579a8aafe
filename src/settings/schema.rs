//! The JSON Schema of the settings file, made from the tables of keys that its reader knows.

use serde_json::{Map, Value, json};

use super::Column;
use super::reader::{KeySpec, Kind};
use super::resolved::{SETTINGS_KEYS, SOURCE_KEYS};
use super::skip::SKIP_KEYS;
use super::target::TARGET_KEYS;

/// The JSON Schema of `tapworks.yml`.
#[must_use]
pub fn schema() -> Value {
    let mut schema = map_of(SETTINGS_KEYS);
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("title".into(), "tapworks settings".into());
        map.insert("$defs".into(), json!({"columns": columns(), "target": map_of(TARGET_KEYS)}));
    }
    schema
}

/// A map of known keys and no others, as the reader has it.
pub(crate) fn map_of(keys: &[KeySpec]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut schema = of_kind(key.kind);
            if let Value::Object(map) = &mut schema {
                map.insert("description".into(), key.doc.into());
            }
            (key.name.to_owned(), schema)
        })
        .chain([("$schema".to_owned(), json!({"type": "string"}))])
        .collect();
    json!({
        "type": ["object", "null"],
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": false,
    })
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({"type": ["string", "number", "boolean", "null"]}),
        Kind::Boolean => json!({"type": ["boolean", "null"]}),
        Kind::Count => json!({"type": ["integer", "null"], "minimum": 1}),
        Kind::Names => {
            json!({"type": ["object", "null"], "additionalProperties": {"type": ["string", "number"]}})
        }
        Kind::Mode => json!({"enum": ["development", "production", null]}),
        Kind::Placement => json!({"enum": ["fill", "even", "weighted", null]}),
        Kind::Source => json!({"anyOf": [{"type": ["string", "null"]}, map_of(SOURCE_KEYS)]}),
        Kind::Assignments => json!({
            "anyOf": [
                {"$ref": "#/$defs/columns"},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/columns"}},
            ],
        }),
        Kind::Targets => {
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/target"}})
        }
        Kind::Map => json!({"type": ["object", "null"]}),
        Kind::List => json!({"type": ["array", "null"]}),
        Kind::Skips => {
            let mut skip = map_of(SKIP_KEYS);
            skip["required"] = json!(["rule", "reason"]);
            json!({"type": ["array", "null"], "items": skip})
        }
    }
}

/// Values by column, for defaults and overrides.
fn columns() -> Value {
    let properties: Map<String, Value> = Column::ALL
        .iter()
        .map(|column| {
            let mut types = vec!["string", "number", "boolean", "null"];
            match column {
                Column::Tags => types.push("object"),
                Column::Tables | Column::IncludeColumns | Column::ExcludeColumns | Column::PrimaryKeys => {
                    types.push("array");
                }
                _ => {}
            }
            (column.as_str().to_owned(), json!({"type": types, "description": column.doc()}))
        })
        .collect();
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_column_is_in_the_schema() {
        let schema = schema();
        for key in SETTINGS_KEYS {
            assert!(schema["properties"][key.name]["description"].is_string(), "{}", key.name);
        }
        for key in TARGET_KEYS {
            assert!(schema["$defs"]["target"]["properties"][key.name].is_object(), "{}", key.name);
        }
        assert_eq!(schema["properties"]["max_tables_per_pipeline"]["minimum"], 1);
        assert_eq!(schema["$defs"]["columns"]["properties"]["tags"]["type"][4], "object");
        assert_eq!(schema["additionalProperties"], false);
    }
}
