//! Whether an identity holds a privilege: yes, no, or not to be told.

use super::facts::{Answer, CatalogFacts};
use super::identity::Identity;
use crate::workspace::Grants;

/// What is known of a privilege.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is held.
    Granted,
    /// It is not.
    Missing,
    /// It cannot be told, and why.
    Unconfirmed(String),
}

/// A securable with what is known of its owners and grants.
pub(super) struct Rights<'a> {
    /// Absent where the object was not shown.
    pub(super) owner: Option<&'a str>,
    /// What lies above it, with the owner: who owns a catalog may grant rights on its schemas, itself included.
    pub(super) above: Vec<(String, Option<&'a str>)>,
    pub(super) grants: &'a Answer<Vec<Grants>>,
}

/// Who asked, and who owns the metastore.
pub(super) struct Asker<'a> {
    pub(super) me: Identity,
    pub(super) metastore_owner: Option<&'a str>,
}

impl<'a> Asker<'a> {
    pub(super) fn of(facts: &'a CatalogFacts) -> Self {
        let metastore = facts.metastore.there();
        Self {
            me: Identity::of_me(&facts.me),
            metastore_owner: metastore.and_then(|metastore| metastore.owner.as_deref()),
        }
    }
}

impl Rights<'_> {
    /// Whether `who` holds a privilege.
    pub(super) fn standing(&self, who: &Identity, privilege: &str, asker: &Asker<'_>) -> Standing {
        let is = |owner: Option<&str>| owner.is_some_and(|owner| who.is(owner));
        if is(self.owner) {
            return Standing::Granted;
        }
        let grants = match self.grants {
            Answer::There(grants) => grants.as_slice(),
            Answer::Missing => &[],
            Answer::Refused(why) => {
                return Standing::Unconfirmed(format!("its grants are not shown ({why})"));
            }
        };
        let holds =
            |grants: &Grants| grants.privileges.iter().any(|grant| covers(&grant.privilege, privilege));
        if grants.iter().any(|grants| who.is(&grants.principal) && holds(grants)) {
            return Standing::Granted;
        }
        if let Some(group) = grants.iter().find(|grants| who.might_be_in(&grants.principal) && holds(grants))
        {
            let group = &group.principal;
            return Standing::Unconfirmed(format!(
                "group `{group}` holds it, and whether {} is in that group is not told",
                who.name
            ));
        }
        if let Some((above, _)) = self.above.iter().find(|(_, owner)| is(*owner)) {
            return Standing::Unconfirmed(format!("{} owns {above} and may grant it to itself", who.name));
        }
        let mine = *who == asker.me;
        if !mine {
            // Groups of others are not told, so one that owns it might be theirs.
            if let Some(owner) = self.owner.filter(|owner| who.might_be_in(owner)) {
                return Standing::Unconfirmed(format!(
                    "group `{owner}` owns it, and whether {} is in that group is not told",
                    who.name
                ));
            }
            if !self.shows_all(asker) {
                return Standing::Unconfirmed(format!("{} is shown its own grants only", asker.me.name));
            }
        } else if self.owner.is_none() {
            return Standing::Unconfirmed("who owns it is not shown".to_owned());
        }
        Standing::Missing
    }

    /// Whether the asker is shown the grants of everybody.
    fn shows_all(&self, asker: &Asker<'_>) -> bool {
        let mine = |owner: Option<&str>| owner.is_some_and(|owner| asker.me.is(owner));
        mine(self.owner)
            || mine(asker.metastore_owner)
            || self.above.iter().any(|(_, owner)| mine(*owner))
            || self.holds(&asker.me, "MANAGE")
    }

    /// Whether a grant that is shown says so.
    fn holds(&self, who: &Identity, privilege: &str) -> bool {
        self.grants.there().is_some_and(|grants| {
            grants.iter().any(|grants| {
                who.is(&grants.principal)
                    && grants.privileges.iter().any(|grant| covers(&grant.privilege, privilege))
            })
        })
    }

    /// Whether the asker sees every table of a schema: by `SELECT`, `MANAGE` or ownership of the schema, or as owner of the
    /// metastore.
    pub(super) fn shows_all_tables(&self, asker: &Asker<'_>) -> bool {
        let mine = |owner: Option<&str>| owner.is_some_and(|owner| asker.me.is(owner));
        mine(self.owner)
            || mine(asker.metastore_owner)
            || self.holds(&asker.me, "SELECT")
            || self.holds(&asker.me, "MANAGE")
    }
}

/// Whether a granted privilege stands for a wanted one; old metastores have other words for some.
fn covers(granted: &str, wanted: &str) -> bool {
    granted == wanted
        || (granted == "ALL_PRIVILEGES" && wanted != "MANAGE")
        || (granted == "USAGE" && matches!(wanted, "USE_CATALOG" | "USE_SCHEMA"))
        || (granted == "CREATE" && matches!(wanted, "CREATE_SCHEMA" | "CREATE_TABLE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Grant, Me};

    fn grants(all: &[(&str, &[&str])]) -> Answer<Vec<Grants>> {
        let grant = |privilege: &&str| Grant { privilege: (*privilege).to_owned(), ..Grant::default() };
        Answer::There(
            all.iter()
                .map(|(principal, privileges)| Grants {
                    principal: (*principal).to_owned(),
                    privileges: privileges.iter().map(grant).collect(),
                })
                .collect(),
        )
    }

    fn asker() -> Asker<'static> {
        let me = Me { user_name: "ana@x.org".into(), groups: vec!["team".into()], ..Me::default() };
        Asker { me: Identity::of_me(&me), metastore_owner: None }
    }

    fn rights<'a>(owner: &'a str, catalog_owner: &'a str, grants: &'a Answer<Vec<Grants>>) -> Rights<'a> {
        Rights { owner: Some(owner), above: vec![("catalog c".into(), Some(catalog_owner))], grants }
    }

    #[test]
    fn owners_and_grants_count_and_so_do_all_privileges() {
        let asker = asker();
        let standing = |owner, all: &[(&str, &[&str])], privilege| {
            rights(owner, "x@x.org", &grants(all)).standing(&asker.me, privilege, &asker)
        };
        assert_eq!(standing("team", &[], "CREATE_TABLE"), Standing::Granted);
        assert_eq!(standing("b@x.org", &[("team", &["CREATE_TABLE"])], "CREATE_TABLE"), Standing::Granted);
        assert_eq!(
            standing("b@x.org", &[("account users", &["ALL_PRIVILEGES"])], "USE_SCHEMA"),
            Standing::Granted
        );
        assert_eq!(standing("b@x.org", &[("team", &["USE_SCHEMA"])], "CREATE_TABLE"), Standing::Missing);
        assert_eq!(standing("b@x.org", &[("c@x.org", &["CREATE_TABLE"])], "CREATE_TABLE"), Standing::Missing);
        assert_eq!(standing("b@x.org", &[("ana@x.org", &["ALL_PRIVILEGES"])], "MANAGE"), Standing::Missing);
    }

    #[test]
    fn what_cannot_be_told_is_not_taken_for_missing() {
        let asker = asker();
        let why = |standing| match standing {
            Standing::Unconfirmed(why) => why,
            other => panic!("{other:?}"),
        };
        let theirs = grants(&[("loaders", &["CREATE_TABLE"])]);
        let standing = rights("b@x.org", "x@x.org", &theirs).standing(&asker.me, "CREATE_TABLE", &asker);
        assert!(why(standing).starts_with("group `loaders` holds it"));
        let standing = rights("b@x.org", "team", &grants(&[])).standing(&asker.me, "CREATE_TABLE", &asker);
        assert_eq!(why(standing), "ana@x.org owns catalog c and may grant it to itself");
        let refused = Answer::Refused("403 no".into());
        let standing = rights("b@x.org", "x@x.org", &refused).standing(&asker.me, "CREATE_TABLE", &asker);
        assert_eq!(why(standing), "its grants are not shown (403 no)");
    }

    #[test]
    fn another_identity_is_judged_only_by_who_sees_all_grants() {
        let asker = asker();
        let robot = Identity { name: "robot@x.org".into(), groups: None };
        let none = grants(&[]);
        let standing =
            |owner, catalog_owner| rights(owner, catalog_owner, &none).standing(&robot, "USE_SCHEMA", &asker);
        assert!(matches!(standing("b@x.org", "x@x.org"), Standing::Unconfirmed(_)));
        assert_eq!(standing("ana@x.org", "x@x.org"), Standing::Missing);
        assert_eq!(standing("b@x.org", "ana@x.org"), Standing::Missing);
        // My own group owns it; the robot might be in it too.
        assert!(matches!(standing("team", "x@x.org"), Standing::Unconfirmed(_)));
    }
}
