//! Findings of which there may be tens of thousands: the first of each rule are kept, the others are counted.

use std::collections::BTreeMap;

use crate::finding::{Finding, Findings, Place, Severity};

/// How many findings of one rule are kept.
pub const KEPT: usize = 200;

/// Collects findings. Beyond the first [`KEPT`] of a rule they are not even made, so that 20,000 rows with the same fault
/// cost no 20,000 places.
#[derive(Debug, Default)]
pub struct Fold {
    kept: Findings,
    more: BTreeMap<&'static str, (usize, Severity, usize)>,
    errors: bool,
}

impl Fold {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding of this rule, which is made only where it is kept.
    pub fn push(&mut self, rule: &'static str, finding: impl FnOnce() -> Finding) {
        let (count, severity, folded) = self.more.entry(rule).or_insert((0, Severity::Note, 0));
        *count += 1;
        if *count > KEPT {
            *folded += 1;
            return;
        }
        let finding = finding();
        *severity = (*severity).min(finding.severity);
        self.errors |= finding.severity == Severity::Error;
        self.kept.push(finding);
    }

    /// Whether there is one of severity error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors
    }

    /// What was collected, with one more finding for each rule of which some were left out.
    #[must_use]
    pub fn finish(self) -> Findings {
        let Self { mut kept, more, .. } = self;
        for (rule, (_, severity, folded)) in more {
            if folded == 0 {
                continue;
            }
            let place = kept.iter().rev().find(|finding| finding.rule == rule).and_then(|f| f.place.clone());
            let path = place.map(|place| match place {
                Place::File { file, .. } => Place::Path { path: file },
                Place::Row { table, .. } => Place::Path { path: table },
                other => other,
            });
            let what = format!("and {folded} more findings of {rule}, not shown");
            let finding = match severity {
                Severity::Error => Finding::error(rule, what),
                Severity::Warning => Finding::warning(rule, what),
                Severity::Note => Finding::note(rule, what),
            };
            kept.push(finding.at(path).fix(format!("mend the first {KEPT}, then look again")));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_first_findings_are_counted_and_not_made() {
        let mut fold = Fold::new();
        let mut made = 0;
        for line in 0..1_000 {
            fold.push("TW108", || {
                made += 1;
                Finding::error("TW108", "x").at(Place::File { file: "a.csv".into(), line, column: 1 })
            });
        }
        fold.push("TW109", || Finding::warning("TW109", "y"));
        let findings = fold.finish();
        assert_eq!(made, KEPT);
        assert_eq!(findings.len(), KEPT + 2);
        let last = findings.iter().last().unwrap();
        assert_eq!(last.what, "and 800 more findings of TW108, not shown");
        assert_eq!(last.place, Some(Place::Path { path: "a.csv".into() }));
        assert_eq!(last.severity, Severity::Error);
    }
}
