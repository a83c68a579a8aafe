//! What a target puts over its bundle, with the places where that is written.

use super::reader::Document;
use crate::finding::Place;
use crate::yaml::{Data, Node};

/// `targets.<name>.bundle`, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    document: Document,
    node: Node,
}

impl Overlay {
    pub(super) fn new(document: &Document, node: &Node) -> Self {
        Self { document: document.clone(), node: node.clone() }
    }

    /// Where the value at this path is written, and how many steps of the path lead there: a value that is no map stands for
    /// all that lies below it.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Option<(usize, Place)> {
        let (mut node, mut found) = (&self.node, None);
        for (index, name) in path.iter().enumerate() {
            let Data::Map(entries) = &node.data else { break };
            let (key, value) = entries.iter().rev().find(|(key, _)| key.text == *name)?;
            (node, found) = (value, Some((index + 1, self.document.place(key.mark))));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_for_what_lies_below_it_and_a_map_does_not() {
        let node = crate::yaml::read("resources:\n  jobs:\n    x:\n      tasks: [{task_key: a}]").unwrap();
        let overlay = Overlay::new(&Document::File("tapworks.yml".into()), &node);
        let line = |path: &[&str]| overlay.place(path).map(|(depth, place)| format!("{depth} {place}"));
        assert_eq!(line(&["resources", "jobs", "x"]).as_deref(), Some("3 tapworks.yml:3:5"));
        assert_eq!(
            line(&["resources", "jobs", "x", "tasks", "[0]", "y"]).as_deref(),
            Some("4 tapworks.yml:4:7")
        );
        assert_eq!(line(&["resources", "jobs", "x", "name"]), None);
        assert_eq!(line(&[]), None);
    }
}
