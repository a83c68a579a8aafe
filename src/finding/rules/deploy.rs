//! 5xx: running the deploy.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[Rule {
    id: "TW510",
    title: "the record of a deploy was not written",
    explanation: "After each deploy that was verified tapworks writes `tapworks.json` beside the databricks CLI's state in the \
        workspace: what was deployed, and from which version of the table list. By it the next run tells without the CLI that \
        nothing has changed, and notices rows that are older than those deployed. Where it is missing or not up to date, the \
        next run asks the CLI, which takes longer and is otherwise the same; older rows are not noticed.",
}];
