//! 5xx: running the deploy.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "TW501",
        title: "the deploy lock is held",
        explanation: "The CLI locks a bundle while it changes it, with a file `deploy.lock` beside its state that names who took \
        it and when. The lock never ends by itself: a deploy that was killed leaves it behind. tapworks never breaks it \
        unasked. Wait for the other deploy; if it is gone, `deploy --recover` takes the lock and everything that was left \
        over, and `--force-lock` takes the lock alone. The lock of a run of one's own that was cut off is given back by \
        `deploy --resume`. Targets in development mode take no lock.",
    },
    Rule {
        id: "TW510",
        title: "the record of a deploy was not written",
        explanation: "After each deploy that was verified tapworks writes `tapworks.json` beside the databricks CLI's state in the \
        workspace: what was deployed, and from which version of the table list. By it the next run tells without the CLI that \
        nothing has changed, and notices rows that are older than those deployed. Where it is missing or not up to date, the \
        next run asks the CLI, which takes longer and is otherwise the same; older rows are not noticed.",
    },
];
