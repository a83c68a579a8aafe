//! A thing that a plan acts on: a job, a pipeline, or the permissions of one of them.

use super::resource::Group;

/// What a key of a plan or state names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) group: Group,
    pub(super) key: String,
    pub(super) is_permissions: bool,
}

impl Node {
    /// Reads `resources.GROUP.KEY` or `resources.GROUP.KEY.permissions`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        if parts.next() != Some("resources") {
            return None;
        }
        let group = Group::named(parts.next()?)?;
        let key = parts.next()?.to_owned();
        let is_permissions = match parts.next() {
            None => false,
            Some("permissions") => true,
            Some(_) => return None,
        };
        parts.next().is_none().then_some(Self { group, key, is_permissions })
    }

    /// The key of a resource.
    pub(super) fn name(group: Group, key: &str) -> String {
        format!("resources.{}.{key}", group.name())
    }
}

/// A node's key as results print it.
pub(super) fn short(name: &str) -> &str {
    name.strip_prefix("resources.").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let node = Node::parse("resources.pipelines.p").unwrap();
        assert_eq!((node.group, node.key.as_str(), node.is_permissions), (Group::Pipelines, "p", false));
        assert!(Node::parse("resources.jobs.j.permissions").unwrap().is_permissions);
        assert_eq!(Node::parse("resources.schemas.s"), None);
        assert_eq!(Node::parse("resources.jobs.j.tasks"), None);
    }
}
