//! Unity Catalog grants: who holds which privilege on what, and from where (REST API, Grants).

use std::collections::HashMap;

use super::catalog::UnityCatalog;
use super::identity::Identity;

/// A privilege that someone holds on a securable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held<'g> {
    pub(crate) principal: &'g str,
    pub(crate) privilege: &'g str,
    /// Type and name of the parent that it was granted on, if it was a parent.
    pub(crate) inherited_from: Option<(&'static str, String)>,
}

/// Who was granted what. Owners hold everything and are not listed, as on the service.
#[derive(Debug, Default)]
pub struct Grants {
    direct: HashMap<(String, String), Vec<Granted>>,
}

/// A principal and its privileges.
pub(crate) type Granted = (String, Vec<String>);

impl Grants {
    /// Grants privileges (`SELECT`, `USE_SCHEMA`, …) on a securable (`table`, `c.s.t`) to a user or group.
    pub fn grant(&mut self, kind: &str, full_name: &str, principal: &str, privileges: &[&str]) {
        let entries = self.direct.entry(key(kind, full_name)).or_default();
        let new = privileges.iter().map(|privilege| (*privilege).to_owned());
        match entries.iter_mut().find(|(known, _)| known == principal) {
            Some((_, held)) => held.extend(new),
            None => entries.push((principal.to_owned(), new.collect())),
        }
    }

    /// Takes all privileges of a user or group on a securable back.
    pub fn revoke(&mut self, kind: &str, full_name: &str, principal: &str) {
        if let Some(entries) = self.direct.get_mut(&key(kind, full_name)) {
            entries.retain(|(known, _)| known != principal);
        }
    }

    /// The direct grants on a securable.
    pub(crate) fn on(&self, kind: &str, full_name: &str) -> &[Granted] {
        self.direct.get(&key(kind, full_name)).map_or(&[], Vec::as_slice)
    }

    /// The grants on a securable and on what it lies in.
    pub(crate) fn effective(&self, kind: &str, full_name: &str) -> Vec<Held<'_>> {
        let mut all = Vec::new();
        for (level, (parent_kind, parent)) in chain(kind, full_name).into_iter().enumerate() {
            for (principal, privileges) in self.on(parent_kind, &parent) {
                for privilege in privileges {
                    let inherited_from = (level > 0).then(|| (parent_kind, parent.clone()));
                    all.push(Held { principal, privilege, inherited_from });
                }
            }
        }
        all
    }
}

fn key(kind: &str, full_name: &str) -> (String, String) {
    (kind.to_lowercase(), full_name.to_lowercase())
}

/// A securable and what it lies in, innermost first. Privileges on the metastore are not inherited.
fn chain(kind: &str, full_name: &str) -> Vec<(&'static str, String)> {
    let kind = match kind.to_lowercase().as_str() {
        "catalog" => "catalog",
        "schema" => "schema",
        "table" => "table",
        "volume" => "volume",
        "function" => "function",
        "connection" => "connection",
        "metastore" => "metastore",
        _ => "other",
    };
    let mut all = vec![(kind, full_name.to_owned())];
    if matches!(kind, "table" | "volume" | "function")
        && let Some((schema, _)) = full_name.rsplit_once('.')
    {
        all.push(("schema", schema.to_owned()));
    }
    if !matches!(kind, "catalog" | "connection" | "metastore" | "other")
        && let Some((catalog, _)) = full_name.split_once('.')
    {
        all.push(("catalog", catalog.to_owned()));
    }
    all
}

/// Whether a granted privilege stands for a wanted one.
fn covers(granted: &str, wanted: &str) -> bool {
    granted == wanted
        || (granted == "ALL_PRIVILEGES"
            && !matches!(wanted, "MANAGE" | "EXTERNAL_USE_SCHEMA" | "EXTERNAL_USE_LOCATION"))
}

impl UnityCatalog {
    /// The owner of a securable that exists.
    #[must_use]
    pub fn owner_of(&self, kind: &str, full_name: &str) -> Option<&str> {
        let key = full_name.to_lowercase();
        let owner = match kind.to_lowercase().as_str() {
            "metastore" => &self.metastore.as_ref().filter(|metastore| metastore.id == key)?.owner,
            "connection" => &self.connections.get(&key)?.owner,
            "catalog" => &self.catalogs.get(&key)?.owner,
            "schema" => &self.schemas.get(&key)?.owner,
            "table" => &self.tables.get(&key)?.owner,
            "volume" => &self.volumes.get(&key)?.owner,
            _ => return None,
        };
        Some(owner)
    }

    /// Whether someone holds a privilege, as owner or by a grant there or above.
    #[must_use]
    pub fn holds(&self, who: &Identity, kind: &str, full_name: &str, privilege: &str) -> bool {
        self.owner_of(kind, full_name).is_some_and(|owner| who.is(owner))
            || self
                .grants
                .effective(kind, full_name)
                .iter()
                .any(|held| covers(held.privilege, privilege) && who.is(held.principal))
    }

    /// Whether someone may see that a securable is there: any privilege on it, above it or (for a parent) below it.
    pub(crate) fn may_see(&self, who: &Identity, kind: &str, full_name: &str) -> bool {
        chain(kind, full_name)
            .iter()
            .any(|(kind, name)| self.owner_of(kind, name).is_some_and(|owner| who.is(owner)))
            || self.grants.effective(kind, full_name).iter().any(|held| who.is(held.principal))
    }

    /// Whether someone may read a table, and what is missing if not: privilege, type and name.
    pub(crate) fn may_select(
        &self,
        who: &Identity,
        catalog: &str,
        schema: &str,
        table: &str,
    ) -> Result<(), (&'static str, &'static str, String)> {
        let needs = [
            ("USE_CATALOG", "catalog", catalog.to_owned()),
            ("USE_SCHEMA", "schema", format!("{catalog}.{schema}")),
            ("SELECT", "table", format!("{catalog}.{schema}.{table}")),
        ];
        for (privilege, kind, name) in needs {
            if self.owner_of(kind, &name).is_some() && !self.holds(who, kind, &name, privilege) {
                return Err((privilege, kind, name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::catalog::Table;

    #[test]
    fn privileges_come_from_the_owner_from_grants_and_from_above() {
        let mut catalog = UnityCatalog::new("boss");
        catalog.put_table(Table::new("c", "s", "t", "MANAGED"));
        let (boss, ann) = (Identity::user("boss"), Identity::user("ann").in_group("team"));
        assert!(catalog.holds(&boss, "table", "c.s.t", "SELECT"));
        assert_eq!(catalog.may_select(&ann, "c", "s", "t").unwrap_err().0, "USE_CATALOG");
        catalog.grants.grant("catalog", "C", "team", &["USE_CATALOG", "SELECT"]);
        assert_eq!(catalog.may_select(&ann, "c", "s", "t").unwrap_err().0, "USE_SCHEMA");
        catalog.grants.grant("schema", "c.s", "ann", &["ALL_PRIVILEGES"]);
        assert_eq!(catalog.may_select(&ann, "c", "s", "t"), Ok(()));
        assert!(!catalog.holds(&ann, "schema", "c.s", "MANAGE"));
        let inherited = &catalog.grants.effective("table", "c.s.t")[1];
        assert_eq!(inherited.inherited_from, Some(("catalog", "c".to_owned())));
    }
}
