//! Makes a configuration fit its schema.
//!
//! The CLI never refuses a wrong field: it warns, drops the field, and goes on with the rest.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::reference;
use super::schema::{Struct, Type, is_map};
use super::trail::Trail;
use super::value::{Kind, Mapping, Value};

/// The value as the schema wants it, or nothing where it cannot be made to fit.
pub(super) fn normalize(
    value: Value,
    kind: Type,
    trail: Trail<'_>,
    found: &mut Diagnostics,
) -> Option<Value> {
    match kind {
        Type::Any => Some(value),
        Type::Struct(shape) => container(value, "map", trail, found, |map, found| match map {
            Kind::Map(map) => Ok(Kind::Map(fields(map, shape, trail, found))),
            other => Err(other),
        }),
        Type::Map(of) => container(value, "map", trail, found, |map, found| match map {
            Kind::Map(map) => Ok(Kind::Map(entries(map, *of, trail, found))),
            other => Err(other),
        }),
        Type::List(of) => container(value, "sequence", trail, found, |list, found| match list {
            Kind::Sequence(items) => Ok(Kind::Sequence(
                items
                    .into_iter()
                    .enumerate()
                    .filter_map(|(index, item)| normalize(item, *of, Trail::Index(&trail, index), found))
                    .collect(),
            )),
            other => Err(other),
        }),
        Type::Text | Type::Enum(_) => text(value, trail, found),
        Type::Bool => boolean(value, trail, found),
        Type::Int => integer(value, trail, found),
    }
}

/// A map or list; null stays, and a reference may become anything later.
fn container(
    value: Value,
    name: &str,
    trail: Trail<'_>,
    found: &mut Diagnostics,
    normalize: impl FnOnce(Kind, &mut Diagnostics) -> Result<Kind, Kind>,
) -> Option<Value> {
    let at = value.at;
    match normalize(value.kind, found) {
        Ok(kind) => Some(Value::new(kind, at)),
        Err(Kind::Null) => Some(Value::new(Kind::Null, at)),
        Err(kind) => {
            let value = Value::new(kind, at);
            if is_reference(&value) {
                return Some(value);
            }
            mismatch(&value, name, trail, found)
        }
    }
}

fn fields(map: Mapping, shape: &Struct, trail: Trail<'_>, found: &mut Diagnostics) -> Mapping {
    let mut kept = Mapping::with_capacity(map.len());
    for (key, mut entry) in map {
        let Some(field) = shape.field(&key) else {
            found.push(
                Diagnostic::warning(format!("unknown field: {key}"))
                    .path(trail.to_string())
                    .place(entry.key_at),
            );
            continue;
        };
        if let Some(value) = normalize(entry.value, field.kind, Trail::Key(&trail, field.name), found) {
            entry.value = value;
            kept.insert(key, entry);
        }
    }
    kept
}

fn entries(map: Mapping, of: Type, trail: Trail<'_>, found: &mut Diagnostics) -> Mapping {
    let mut kept = Mapping::with_capacity(map.len());
    for (key, mut entry) in map {
        if let Some(value) = normalize(entry.value, of, Trail::Key(&trail, &key), found) {
            entry.value = value;
            kept.insert(key, entry);
        }
    }
    kept
}

fn text(value: Value, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    match value.kind {
        Kind::String(_) => Some(value),
        Kind::Null => no_null("a string", &value, trail, found),
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Time(_) => {
            let text = value.scalar_text()?;
            Some(Value::new(Kind::String(text), value.at))
        }
        Kind::Sequence(_) | Kind::Map(_) => mismatch(&value, "string", trail, found),
    }
}

fn boolean(value: Value, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    let read = match &value.kind {
        Kind::Bool(_) => return Some(value),
        Kind::Null => return no_null("a bool", &value, trail, found),
        Kind::String(text) => match text.as_str() {
            "true" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "false" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        },
        _ => None,
    };
    match read {
        Some(read) => Some(Value::new(Kind::Bool(read), value.at)),
        None if is_reference(&value) => Some(value),
        None => mismatch(&value, "bool", trail, found),
    }
}

fn integer(value: Value, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    match &value.kind {
        Kind::Int(_) => Some(value),
        Kind::Null => no_null("a int", &value, trail, found),
        Kind::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(Value::new(Kind::Int(*number as i64), value.at))
        }
        Kind::Float(number) => {
            let summary =
                format!("cannot accurately represent \"{number}\" as integer due to precision loss");
            warn(summary, &value, trail, found)
        }
        Kind::String(text) => match text.parse() {
            Ok(number) => Some(Value::new(Kind::Int(number), value.at)),
            Err(_) if is_reference(&value) => Some(value),
            Err(_) => {
                let summary = format!("cannot parse \"{text}\" as an integer");
                warn(summary, &value, trail, found)
            }
        },
        _ => mismatch(&value, "int", trail, found),
    }
}

fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| reference::whole(text).is_some())
}

fn no_null(wanted: &str, value: &Value, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    warn(format!("expected {wanted} value, found null"), value, trail, found)
}

fn mismatch(value: &Value, wanted: &str, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    warn(format!("expected {wanted}, found {}", value.kind_name()), value, trail, found)
}

fn warn(summary: String, value: &Value, trail: Trail<'_>, found: &mut Diagnostics) -> Option<Value> {
    found.push(Diagnostic::warning(summary).path(trail.to_string()).place(value.at));
    None
}

/// Warns of required fields that are not set and of values that their enum lacks; run when variables are resolved.
pub(super) fn check(value: &Value, kind: Type, trail: Trail<'_>, found: &mut Diagnostics) {
    match (kind, &value.kind) {
        (Type::Struct(shape), Kind::Map(map)) => {
            for field in shape.fields {
                match map.get(field.name) {
                    Some(entry) if entry.value.kind != Kind::Null => {
                        check(&entry.value, field.kind, Trail::Key(&trail, field.name), found);
                    }
                    _ if field.required => found.push(
                        Diagnostic::warning(format!("required field \"{}\" is not set", field.name))
                            .path(trail.to_string())
                            .place(value.at),
                    ),
                    _ => {}
                }
            }
        }
        (Type::Map(of), Kind::Map(map)) => {
            for (key, entry) in map {
                check(&entry.value, *of, Trail::Key(&trail, key), found);
            }
        }
        (Type::List(of), Kind::Sequence(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(item, *of, Trail::Index(&trail, index), found);
            }
        }
        (Type::Enum(known), Kind::String(text))
            if !known.contains(&text.as_str()) && !is_reference(value) =>
        {
            let summary =
                format!("invalid value \"{text}\" for enum field. Valid values are [{}]", known.join(" "));
            found.push(Diagnostic::warning(summary).path(trail.to_string()).place(value.at));
        }
        _ => {}
    }
}

/// The value as JSON for the API: sorted keys, and no field that says nothing (null, or an empty text of an optional field).
/// What was written as `false` or `0` is sent; what is required and missing is sent as if that was written. Empty lists and maps
/// are compared, and [pruned](prune) before they are sent.
pub(super) fn to_json(value: &Value, kind: Type) -> serde_json::Value {
    match (kind, &value.kind) {
        (Type::Struct(shape), Kind::Map(map)) => {
            let mut fields: Vec<_> = map
                .iter()
                .filter_map(|(key, entry)| {
                    let field = shape.field(key)?;
                    let says_nothing = match &entry.value.kind {
                        Kind::Null => true,
                        Kind::String(text) => text.is_empty() && !field.required,
                        _ => false,
                    };
                    (!says_nothing).then(|| (key.clone(), to_json(&entry.value, field.kind)))
                })
                .collect();
            for field in shape.fields.iter().filter(|field| field.required) {
                if let (Some(nothing), false) =
                    (field.kind.nothing(), fields.iter().any(|(key, _)| key == field.name))
                {
                    fields.push((field.name.to_owned(), nothing));
                }
            }
            fields.sort_by(|(left, _), (right, _)| left.cmp(right));
            fields.into_iter().collect()
        }
        (Type::List(of), Kind::Sequence(items)) => items.iter().map(|item| to_json(item, *of)).collect(),
        (Type::Struct(_), Kind::Null) => serde_json::json!({}),
        _ => value.to_json(),
    }
}

/// The definition without the lists and maps that are empty: a request has no way to say them.
pub(super) fn prune(mut value: serde_json::Value) -> serde_json::Value {
    fn walk(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(walk),
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(walk);
                fields.retain(|key, value| match value {
                    serde_json::Value::Array(items) => !items.is_empty(),
                    serde_json::Value::Object(entries) => !(entries.is_empty() && is_map(key)),
                    _ => true,
                });
            }
            _ => {}
        }
    }
    walk(&mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::super::schema::{JOB, PIPELINE};
    use super::super::yaml;
    use super::*;
    use serde_json::json;

    fn run(text: &str, shape: &'static Struct) -> (serde_json::Value, Vec<String>) {
        let mut found = Diagnostics::default();
        let value =
            normalize(yaml::load(text, 1).unwrap(), Type::Struct(shape), Trail::Root, &mut found).unwrap();
        check(&value, Type::Struct(shape), Trail::Root, &mut found);
        let messages =
            found.0.into_iter().map(|found| format!("{}: {}", found.paths[0], found.summary)).collect();
        (to_json(&value, Type::Struct(shape)), messages)
    }

    #[test]
    fn wrong_fields_are_dropped_with_a_warning() {
        let (json, messages) = run("nome: x\nserverless: perhaps\ncontinuous: yes\ntags: 3\n", &PIPELINE);
        assert_eq!(json, json!({"continuous": true}));
        assert_eq!(
            messages,
            [
                ": unknown field: nome",
                "serverless: expected bool, found string",
                "tags: expected map, found int"
            ]
        );
    }

    #[test]
    fn scalars_become_text() {
        let (json, messages) = run("name: 1.10\ncatalog: true\nschema: 2024-01-01\nstorage: ~\n", &PIPELINE);
        assert_eq!(json, json!({"name": "1.1", "catalog": "true", "schema": "2024-01-01"}));
        assert_eq!(messages, ["storage: expected a string value, found null"]);
    }

    #[test]
    fn a_wrong_element_leaves_its_place() {
        let text = "ingestion_definition:\n  objects:\n    - table: Orders\n    - 3\n";
        let (json, messages) = run(text, &PIPELINE);
        assert_eq!(json, json!({"ingestion_definition": {"objects": [{}]}}));
        assert_eq!(
            messages,
            [
                "ingestion_definition.objects[0].table: expected map, found string",
                "ingestion_definition.objects[1]: expected map, found int"
            ]
        );
    }

    #[test]
    fn integers_are_read_from_text() {
        let (json, messages) = run("max_concurrent_runs: \"2\"\ntimeout_seconds: two\n", &JOB);
        assert_eq!(json, json!({"max_concurrent_runs": 2}));
        assert_eq!(messages, ["timeout_seconds: cannot parse \"two\" as an integer"]);
    }

    #[test]
    fn required_and_enumerated() {
        let (_, messages) = run(
            "gateway_definition: {gateway_storage_catalog: a, gateway_storage_schema: b}\n\
             ingestion_definition: {objects: [{table: {source_table: t, destination_catalog: c, \
             destination_schema: s, table_configuration: {scd_type: SCD}}}]}\n",
            &PIPELINE,
        );
        assert_eq!(messages[0], "gateway_definition: required field \"connection_name\" is not set");
        assert!(messages[1].starts_with(
            "ingestion_definition.objects[0].table.table_configuration.scd_type: invalid value \"SCD\""
        ));
    }

    #[test]
    fn what_is_required_is_always_sent() {
        let (json, _) = run("gateway_definition: {connection_name: ''}\nrestart_window: {}\n", &PIPELINE);
        let gateway =
            json!({"connection_name": "", "gateway_storage_catalog": "", "gateway_storage_schema": ""});
        assert_eq!(json, json!({"gateway_definition": gateway, "restart_window": {"start_hour": 0}}));
    }

    #[test]
    fn references_wait() {
        let (json, messages) = run("serverless: ${var.s}\ntags: ${var.t}\n", &PIPELINE);
        assert_eq!(json, json!({"serverless": "${var.s}", "tags": "${var.t}"}));
        assert!(messages.is_empty());
    }

    #[test]
    fn empty_text_says_nothing_but_false_does() {
        let (json, _) = run("name: ''\ncontinuous: false\ntags: {}\nclusters: []\nfilters: {}\n", &PIPELINE);
        assert_eq!(json, json!({"continuous": false, "filters": {}, "tags": {}, "clusters": []}));
        assert_eq!(prune(json), json!({"continuous": false, "filters": {}}), "an empty block is sent");
    }
}
