//! A configuration value that remembers where it was written.

use indexmap::IndexMap;

/// A place in one of the configuration files; the default is "nowhere", for what the program made up itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Location {
    /// Index into [`Sources`], counted from one.
    pub(super) file: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The configuration files, in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct Sources {
    names: Vec<String>,
}

impl Sources {
    /// Remembers a file and answers the number by which locations name it.
    pub(super) fn add(&mut self, name: &str) -> u32 {
        self.names.push(name.to_owned());
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    /// The name of the file of a location, relative to the bundle's root.
    pub(super) fn file(&self, at: Location) -> Option<&str> {
        self.names.get((at.file as usize).checked_sub(1)?).map(String::as_str)
    }

    /// `file:line:column`, unless the location is nowhere.
    pub(super) fn show(&self, at: Location) -> Option<String> {
        Some(format!("{}:{}:{}", self.file(at)?, at.line, at.column))
    }
}

/// A map of the configuration; every key knows where it was written.
pub(super) type Mapping = IndexMap<String, Entry>;

/// A value of a map with the place of its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key_at: Location,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A date or time, kept as it was written.
    Time(String),
    String(String),
    Sequence(Vec<Value>),
    Map(Mapping),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) at: Location,
}

impl Value {
    pub(super) fn new(kind: Kind, at: Location) -> Self {
        Self { kind, at }
    }

    /// A string that no file holds.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::new(Kind::String(text.into()), Location::default())
    }

    /// An empty map that no file holds.
    pub(super) fn empty() -> Self {
        Self::new(Kind::Map(Mapping::new()), Location::default())
    }

    /// The name of the kind, as messages give it.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Int(_) => "int",
            Kind::Float(_) => "float",
            Kind::Time(_) => "time",
            Kind::String(_) => "string",
            Kind::Sequence(_) => "sequence",
            Kind::Map(_) => "map",
        }
    }

    pub(super) fn as_map(&self) -> Option<&Mapping> {
        if let Kind::Map(map) = &self.kind { Some(map) } else { None }
    }

    pub(super) fn as_map_mut(&mut self) -> Option<&mut Mapping> {
        if let Kind::Map(map) = &mut self.kind { Some(map) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) | Kind::Time(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        if let Kind::Bool(value) = self.kind { Some(value) } else { None }
    }

    /// The child under a key, where this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key).map(|entry| &entry.value).filter(|value| value.kind != Kind::Null)
    }

    /// The descendant under several keys.
    pub(super) fn at_path(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a descendant.
    pub(super) fn str_at(&self, keys: &[&str]) -> Option<&str> {
        self.at_path(keys)?.as_str()
    }

    /// Sets a child; a value that is no map becomes one.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        if !matches!(self.kind, Kind::Map(_)) {
            self.kind = Kind::Map(Mapping::new());
        }
        if let Kind::Map(map) = &mut self.kind {
            match map.get_mut(key) {
                Some(entry) => entry.value = value,
                None => {
                    map.insert(key.to_owned(), Entry { key_at: value.at, value });
                }
            }
        }
    }

    /// Takes a child out.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.as_map_mut()?.shift_remove(key).map(|entry| entry.value)
    }

    /// The text that a scalar has inside a longer string, and where a field wants a string.
    pub(super) fn scalar_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Int(value) => Some(value.to_string()),
            Kind::Float(value) => Some(float_text(*value)),
            Kind::Time(text) | Kind::String(text) => Some(text.clone()),
            Kind::Null | Kind::Sequence(_) | Kind::Map(_) => None,
        }
    }

    /// This value as plain JSON, keys sorted, without what is null.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Int(value) => (*value).into(),
            Kind::Float(value) => float_json(*value),
            Kind::Time(text) | Kind::String(text) => text.as_str().into(),
            Kind::Sequence(items) => items.iter().map(Value::to_json).collect(),
            Kind::Map(map) => {
                let mut fields: Vec<_> =
                    map.iter().filter(|(_, entry)| entry.value.kind != Kind::Null).collect();
                fields.sort_by_key(|(key, _)| *key);
                fields.into_iter().map(|(key, entry)| (key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// A value read from JSON, which belongs to no place.
    pub(super) fn from_json(json: serde_json::Value) -> Self {
        let kind = match json {
            serde_json::Value::Null => Kind::Null,
            serde_json::Value::Bool(value) => Kind::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(value) => Kind::Int(value),
                None => Kind::Float(number.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Kind::String(text),
            serde_json::Value::Array(items) => {
                Kind::Sequence(items.into_iter().map(Value::from_json).collect())
            }
            serde_json::Value::Object(fields) => Kind::Map(
                fields
                    .into_iter()
                    .map(|(key, json)| {
                        (key, Entry { key_at: Location::default(), value: Value::from_json(json) })
                    })
                    .collect(),
            ),
        };
        Self::new(kind, Location::default())
    }
}

/// A float as JSON; a whole one has no fraction.
pub(super) fn float_json(value: f64) -> serde_json::Value {
    serde_json::Number::from_f64(value).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

/// The shortest decimal form without an exponent.
fn float_text(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}
