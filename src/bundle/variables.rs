//! What differs between targets: catalogs, schemas and connections that some target names otherwise become bundle
//! variables with a value per target; everything else is written as it is.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::settings::Target;
use crate::yaml::{Mapping, Value};

/// The variables of a bundle.
#[derive(Debug, Default)]
pub(super) struct Variables {
    flags: BTreeMap<&'static str, Flag>,
    catalogs: Kind,
    schemas: Kind,
    connections: Kind,
}

/// A switch of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    /// The same in every target: written as it is.
    Same(bool),
    /// Not so: a variable.
    Different,
}

/// One kind of name: lower-case name to variable, and the name as the maps write it.
#[derive(Debug, Default)]
struct Kind(BTreeMap<String, Variable>);

#[derive(Debug)]
struct Variable {
    name: String,
    default: String,
}

const CASCADE: &str = "cascade_on_destroy";
const PREVENT: &str = "prevent_destroy";

impl Variables {
    pub(super) fn of<'a>(targets: impl Iterator<Item = &'a Target> + Clone) -> Self {
        let flag = |of: fn(&Target) -> bool| {
            let mut values = targets.clone().map(of);
            let first = values.next().unwrap_or_default();
            if values.all(|value| value == first) { Flag::Same(first) } else { Flag::Different }
        };
        Self {
            flags: [
                (CASCADE, flag(|target| target.cascade_on_destroy)),
                (PREVENT, flag(|target| target.prevent_destroy)),
            ]
            .into(),
            catalogs: Kind::of("catalog", targets.clone().map(|target| &target.catalogs)),
            schemas: Kind::of("schema", targets.clone().map(|target| &target.schemas)),
            connections: Kind::of("connection", targets.map(|target| &target.connections)),
        }
    }

    /// `cascade_on_destroy` of every pipeline.
    pub(super) fn cascade_on_destroy(&self) -> Value {
        self.flag(CASCADE)
    }

    /// `lifecycle.prevent_destroy` of every pipeline; absent where no target asks for it.
    pub(super) fn prevent_destroy(&self) -> Option<Value> {
        (self.flags.get(PREVENT) != Some(&Flag::Same(false))).then(|| self.flag(PREVENT))
    }

    fn flag(&self, name: &str) -> Value {
        match self.flags.get(name) {
            Some(Flag::Same(value)) => (*value).into(),
            _ => format!("${{var.{name}}}").into(),
        }
    }

    pub(super) fn catalog(&self, name: &str) -> Option<String> {
        self.catalogs.written(name)
    }

    pub(super) fn schema(&self, name: &str) -> Option<String> {
        self.schemas.written(name)
    }

    pub(super) fn connection(&self, name: &str) -> Option<String> {
        self.connections.written(name)
    }

    /// `variables` of the bundle: each with the name in the rows as its default.
    pub(super) fn declarations(&self) -> Mapping {
        let mut all = Mapping::new();
        for (name, _) in self.flags.iter().filter(|(_, flag)| **flag == Flag::Different) {
            let mut declaration = Mapping::new();
            declaration.insert("default".into(), false.into());
            all.insert((*name).into(), Value::Mapping(declaration));
        }
        for (kind, what) in
            [(&self.catalogs, "Catalog"), (&self.schemas, "Schema"), (&self.connections, "Connection")]
        {
            for variable in kind.0.values() {
                let mut declaration = Mapping::new();
                declaration.insert(
                    "description".into(),
                    format!("{what} {} of the table list", variable.default).into(),
                );
                declaration.insert("default".into(), variable.default.clone().into());
                all.insert(variable.name.clone().into(), Value::Mapping(declaration));
            }
        }
        all
    }

    /// `variables` of one target: the names that it maps.
    pub(super) fn values(&self, target: &Target) -> Mapping {
        let mut values = Mapping::new();
        for (name, value) in [(CASCADE, target.cascade_on_destroy), (PREVENT, target.prevent_destroy)] {
            if self.flags.get(name) == Some(&Flag::Different) {
                values.insert(name.into(), value.into());
            }
        }
        for (kind, map) in [
            (&self.catalogs, &target.catalogs),
            (&self.schemas, &target.schemas),
            (&self.connections, &target.connections),
        ] {
            for (name, value) in map {
                if let Some(variable) = kind.0.get(&name.to_lowercase()) {
                    values.insert(variable.name.clone().into(), value.clone().into());
                }
            }
        }
        values
    }
}

impl Kind {
    fn of<'a>(kind: &str, maps: impl Iterator<Item = &'a IndexMap<String, String>>) -> Self {
        let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
        let names: BTreeMap<String, &String> =
            maps.flat_map(IndexMap::keys).map(|name| (name.to_lowercase(), name)).collect();
        for (key, name) in names {
            let wanted = variable_name(kind, &key);
            let mut free = wanted.clone();
            let mut number = 2;
            while variables.values().any(|variable| variable.name == free) {
                free = format!("{wanted}_{number}");
                number += 1;
            }
            variables.insert(key, Variable { name: free, default: name.clone() });
        }
        Self(variables)
    }

    /// The reference to write in place of a name; none where it is the same in every target.
    fn written(&self, name: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&name.to_lowercase()).map(|variable| format!("${{var.{}}}", variable.name))
    }
}

/// A name that a reference can hold: letters first, then letters, digits and `_`, not ending in `_` (CLI rules 4.4).
fn variable_name(kind: &str, name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let safe = safe.trim_matches('_');
    if safe.is_empty() { kind.to_owned() } else { format!("{kind}_{safe}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_meet_get_numbers() {
        let map: IndexMap<String, String> =
            [("a b", "x"), ("a-b", "y"), ("B!", "z")].map(|(k, v)| (k.into(), v.into())).into();
        let kind = Kind::of("catalog", std::iter::once(&map));
        assert_eq!(kind.written("A B").as_deref(), Some("${var.catalog_a_b}"));
        assert_eq!(kind.written("a-b").as_deref(), Some("${var.catalog_a_b_2}"));
        assert_eq!(kind.written("b!").as_deref(), Some("${var.catalog_b}"));
        assert_eq!(kind.written("other"), None);
    }
}
