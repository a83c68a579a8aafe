//! The users, groups and service principals that a target names.

use crate::settings::Target;
use crate::workspace::PrincipalKind;
use crate::yaml::Value;

/// One that `run_as` or `permissions` name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: String,
    /// Where it is named, `run_as` or `permissions`.
    pub setting: &'static str,
}

impl Principal {
    /// Those of a target, in what is set and in what is passed through.
    #[must_use]
    pub fn of(target: &Target) -> Vec<Self> {
        let passed = |key: &str| target.bundle.as_ref().and_then(|bundle| bundle.get(key));
        let mut found: Vec<Self> = Vec::new();
        // What is passed through replaces a single value, and is added to a list.
        if let Some(run_as) = passed("run_as").or(target.run_as.as_ref()) {
            found.extend(Self::named_in(run_as, "run_as"));
        }
        for permissions in [target.permissions.as_ref(), passed("permissions")].into_iter().flatten() {
            let entries = permissions.as_sequence().into_iter().flatten();
            found.extend(entries.filter_map(|entry| Self::named_in(entry, "permissions")));
        }
        found.sort();
        found.dedup();
        found
    }

    fn named_in(value: &Value, setting: &'static str) -> Option<Self> {
        let kinds = [
            ("user_name", PrincipalKind::User),
            ("group_name", PrincipalKind::Group),
            ("service_principal_name", PrincipalKind::ServicePrincipal),
        ];
        kinds.into_iter().find_map(|(key, kind)| {
            let name = value.get(key)?.as_str()?.trim().to_owned();
            Some(Self { kind, name, setting })
        })
    }

    /// Whether its name holds a reference that only the CLI resolves.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.name.contains("${")
    }

    /// `user`, `group`, `service principal`.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Group => "group",
            PrincipalKind::ServicePrincipal => "service principal",
        }
    }
}
