//! The way from the root of the configuration to a value, kept on the stack while a tree is walked.

/// A way; rendered only when a message needs it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trail<'walk> {
    Root,
    Key(&'walk Trail<'walk>, &'walk str),
    Index(&'walk Trail<'walk>, usize),
}

impl std::fmt::Display for Trail<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trail::Root => Ok(()),
            Trail::Key(Trail::Root, key) => out.write_str(key),
            Trail::Key(parent, key) => write!(out, "{parent}.{key}"),
            Trail::Index(parent, index) => write!(out, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_keys_and_indices() {
        let root = Trail::Root;
        let list = Trail::Key(&root, "objects");
        let item = Trail::Index(&list, 2);
        assert_eq!(Trail::Key(&item, "table").to_string(), "objects[2].table");
        assert_eq!(root.to_string(), "");
    }
}
