//! Whose rights count: the identity that pipelines run as.

use crate::settings::Target;
use crate::workspace::Me;
use crate::yaml::Value;

/// An identity as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user name; the application id of a service principal.
    pub name: String,
    /// The groups that the workspace lists for it; only one's own are told.
    pub groups: Option<Vec<String>>,
}

impl Identity {
    /// Who asks.
    #[must_use]
    pub fn of_me(me: &Me) -> Self {
        Self { name: me.user_name.clone(), groups: Some(me.groups.clone()) }
    }

    /// Who the pipelines of a target run as: its `run_as`, else who deploys them.
    ///
    /// # Errors
    /// The text of a `run_as` that only the CLI can resolve.
    pub fn running(target: &Target, me: &Me) -> Result<Self, String> {
        let passed_through = target.bundle.as_ref().and_then(|bundle| bundle.get("run_as"));
        let Some(run_as) = passed_through.or(target.run_as.as_ref()) else { return Ok(Self::of_me(me)) };
        let name = ["user_name", "service_principal_name"]
            .iter()
            .find_map(|key| run_as.get(key).and_then(Value::as_str))
            .unwrap_or_default();
        if name == "${workspace.current_user.userName}" || name.eq_ignore_ascii_case(&me.user_name) {
            return Ok(Self::of_me(me));
        }
        if name.is_empty() || name.contains("${") {
            return Err(name.to_owned());
        }
        Ok(Self { name: name.to_owned(), groups: None })
    }

    /// Whether a principal of a grant, or an owner, is this identity or a group that it is known to be in.
    pub(super) fn is(&self, principal: &str) -> bool {
        principal.eq_ignore_ascii_case(&self.name)
            || principal == "account users"
            || self.groups.iter().flatten().any(|group| group == principal)
    }

    /// Whether it might be in a group of this name without our knowing: what is neither an address nor an application id
    /// is a group.
    pub(super) fn might_be_in(&self, principal: &str) -> bool {
        let me = Me { user_name: principal.to_owned(), ..Me::default() };
        !principal.contains('@') && !me.is_service_principal() && !self.is(principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn me() -> Me {
        Me { user_name: "ana@x.org".into(), groups: vec!["team".into()], ..Me::default() }
    }

    fn running(run_as: &str, passed_through: bool) -> Result<Identity, String> {
        let mut target = Target::named("prod");
        let value = yaml::read(run_as).unwrap().to_value();
        if passed_through {
            target.run_as = Some(yaml::read("user_name: other@x.org").unwrap().to_value());
            target.bundle = Some(value);
        } else {
            target.run_as = Some(value);
        }
        Identity::running(&target, &me())
    }

    #[test]
    fn pipelines_run_as_who_the_target_says() {
        assert_eq!(Identity::running(&Target::named("dev"), &me()), Ok(Identity::of_me(&me())));
        let robot = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        let other = Identity { name: robot.into(), groups: None };
        assert_eq!(running(&format!("service_principal_name: {robot}"), false), Ok(other.clone()));
        assert_eq!(running(&format!("run_as: {{service_principal_name: {robot}}}"), true), Ok(other));
        assert_eq!(running("user_name: Ana@X.org", false), Ok(Identity::of_me(&me())));
        assert_eq!(
            running("user_name: ${workspace.current_user.userName}", false),
            Ok(Identity::of_me(&me()))
        );
        assert_eq!(running("user_name: ${var.who}", false), Err("${var.who}".into()));
    }

    #[test]
    fn only_groups_may_hide_a_member() {
        let me = Identity::of_me(&me());
        assert!(me.is("ANA@x.org") && me.is("team") && me.is("account users") && !me.is("Team"));
        assert!(me.might_be_in("admins of data") && !me.might_be_in("team") && !me.might_be_in("bob@x.org"));
    }
}
