//! Deploy locks that are held before anything is written: whose they are, and whether they may be taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::finding::{Finding, Findings, Place};
use crate::preflight::DeployLock;

/// What to do about locks that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldLocks {
    /// They are respected.
    Respect,
    /// They are taken: the user has said so.
    Take,
}

/// The bundles of a target whose lock the next command that writes takes from its holder.
#[derive(Debug, Default)]
pub struct TakenLocks(Mutex<BTreeSet<String>>);

impl TakenLocks {
    /// Whether the command that is run next for this bundle takes the lock by force. Once only: when that command ends, it
    /// gives the lock back.
    #[must_use]
    pub fn take(&self, bundle: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(bundle)
    }

    /// Whether the lock of this bundle is still to be taken.
    #[must_use]
    pub fn holds(&self, bundle: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(bundle)
    }
}

/// Judges the locks that are held in a target, by bundle. `left_behind` names the lock that this very run, when it was cut
/// off, is known to have left on a bundle: that one is no other's. Every holder is told.
#[must_use]
pub fn judge_locks(
    target: &str,
    locks: &BTreeMap<String, DeployLock>,
    held: HeldLocks,
    left_behind: impl Fn(&str) -> Option<String>,
) -> (TakenLocks, Findings) {
    let mut findings = Findings::new();
    let mut taken = BTreeSet::new();
    for (bundle, lock) in locks {
        if left_behind(bundle).as_deref() == Some(lock.id.as_str()) {
            taken.insert(bundle.clone());
            continue;
        }
        let what = format!("bundle `{bundle}` is locked by {lock}");
        let finding = match held {
            HeldLocks::Respect => Finding::error("TW501", what)
                .why("another deploy is under way, or was cut off and left its lock behind: the lock has no end of its own")
                .fix("wait for that deploy; once you know that it is gone, `tapworks deploy --recover` takes the lock and what it left over, `--force-lock` the lock alone"),
            HeldLocks::Take => {
                taken.insert(bundle.clone());
                Finding::warning("TW501", what)
                    .why("the lock is taken from its holder, as asked for; if that deploy is still under way, the two disturb each other")
            }
        };
        findings.push(finding.for_target(target).at(Place::Resource { key: format!("bundle {bundle}") }));
    }
    (TakenLocks(Mutex::new(taken)), findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks() -> BTreeMap<String, DeployLock> {
        let lock = DeployLock {
            id: "L".to_owned(),
            user: "a@b.c".to_owned(),
            since: "2026-01-02T03:04:05Z".to_owned(),
            forced: false,
        };
        [("retail".to_owned(), lock)].into()
    }

    #[test]
    fn anothers_lock_is_respected_and_its_holder_told() {
        for left_behind in [None, Some("another".to_owned())] {
            let (taken, findings) =
                judge_locks("prod", &locks(), HeldLocks::Respect, |_| left_behind.clone());
            assert!(findings.has_errors() && !taken.take("retail"));
            let what = &findings.iter().next().unwrap().what;
            assert_eq!(what, "bundle `retail` is locked by a@b.c since 2026-01-02 03:04:05 UTC");
        }
    }

    #[test]
    fn it_is_taken_when_asked_for_and_the_holder_is_told_all_the_same() {
        let (taken, findings) = judge_locks("prod", &locks(), HeldLocks::Take, |_| None);
        assert!(!findings.has_errors() && !findings.is_empty());
        assert!(taken.take("retail"));
        assert!(!taken.take("retail"), "once");
    }

    #[test]
    fn our_own_is_no_others() {
        let (taken, findings) = judge_locks("prod", &locks(), HeldLocks::Respect, |_| Some("L".to_owned()));
        assert!(findings.is_empty() && taken.holds("retail") && taken.take("retail"));
    }
}
