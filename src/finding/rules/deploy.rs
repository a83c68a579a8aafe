//! 5xx: running the deploy.

use crate::finding::Rule;

pub(crate) const RULES: &[Rule] = &[Rule {
    id: "TW501",
    title: "the deploy lock is held",
    explanation: "The CLI locks a bundle while it changes it, with a file `deploy.lock` beside its state that names who took \
        it and when. The lock never ends by itself: a deploy that was killed leaves it behind. tapworks never breaks it \
        unasked. Wait for the other deploy; if it is gone, `deploy --recover` takes the lock and everything that was left \
        over, and `--force-lock` takes the lock alone. The lock of a run of one's own that was cut off is given back by \
        `deploy --resume`. Targets in development mode take no lock.",
}];
