//! What the rules of a run say: findings, which rules were judged, and what they could not look at.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::finding::{Finding, Findings, Severity};

/// A rule that could not be run, or not to its end. It never counts as passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The target it would have been judged for; absent where it holds for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Stable id, `TW322`.
    pub rule: &'static str,
    /// What kept it from being run, with what to ask for.
    pub why: String,
}

/// What rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What they found.
    pub findings: Findings,
    /// What they could not look at.
    pub skipped: Vec<Skipped>,
    /// The rules that were judged, for a target or for all.
    judged: BTreeSet<Judged>,
}

type Judged = (Option<String>, &'static str);

/// How many rules came to what; a rule that is judged for two targets counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleCounts {
    /// Judged to the end, with nothing worse than a note.
    pub passed: usize,
    /// With an error.
    pub failed: usize,
    /// With a warning, and nothing worse.
    pub warned: usize,
    /// Not run, or not to the end.
    pub skipped: usize,
}

impl Verdict {
    /// Adds a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Says that these rules were judged; what was skipped of them counts as skipped all the same.
    pub fn cover(&mut self, target: Option<&str>, rules: impl IntoIterator<Item = &'static str>) {
        self.judged.extend(rules.into_iter().map(|rule| (target.map(str::to_owned), rule)));
    }

    /// Whether a rule was judged for all targets.
    #[must_use]
    pub fn is_judged(&self, rule: &str) -> bool {
        self.judged.iter().any(|(target, judged)| target.is_none() && *judged == rule)
    }

    /// Says that a rule could not be run.
    pub fn skip(&mut self, target: Option<&str>, rule: &'static str, why: impl Into<String>) {
        self.skipped.push(Skipped { target: target.map(str::to_owned), rule, why: why.into() });
    }

    /// Adds all of another verdict.
    pub fn join(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.skipped.extend(other.skipped);
        self.judged.extend(other.judged);
    }

    /// The rules that were judged or ought to have been, for a target or for all.
    pub(super) fn rules(&self) -> BTreeSet<Judged> {
        let mut rules = self.judged.clone();
        rules.extend(self.skipped.iter().map(|skipped| (skipped.target.clone(), skipped.rule)));
        rules.extend(self.findings.iter().map(|finding| (finding.target.clone(), finding.rule)));
        rules
    }

    /// Leaves out what is said of rules that are not kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.findings = std::mem::take(&mut self.findings).into_iter().filter(|it| keep(it.rule)).collect();
        self.skipped.retain(|skipped| keep(skipped.rule));
        self.judged.retain(|(_, rule)| keep(rule));
    }

    /// The same in the order in which people read it; a rule that was skipped for several reasons stands once.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.findings = self.findings.sorted();
        let mut whys: BTreeMap<Judged, Vec<String>> = BTreeMap::new();
        for Skipped { target, rule, why } in self.skipped {
            let all = whys.entry((target, rule)).or_default();
            if !all.contains(&why) {
                all.push(why);
            }
        }
        let skipped =
            whys.into_iter().map(|((target, rule), why)| Skipped { target, rule, why: why.join("; ") });
        self.skipped = skipped.collect();
        self
    }

    /// The findings, with a note for what could not be judged.
    #[must_use]
    pub fn into_findings(self) -> Findings {
        let Self { mut findings, skipped, .. } = self.sorted();
        let mut reasons: BTreeMap<(Option<String>, String), Vec<&'static str>> = BTreeMap::new();
        for Skipped { target, rule, why } in skipped {
            reasons.entry((target, why)).or_default().push(rule);
        }
        for ((target, why), rules) in reasons {
            let Some(first) = rules.first() else { continue };
            let verb = if rules.len() == 1 { "was" } else { "were" };
            let mut note =
                Finding::note(first, format!("{} {verb} not judged to the end", rules.join(", "))).why(why);
            note.target = target;
            findings.push(note);
        }
        findings
    }

    /// How many rules came to what.
    #[must_use]
    pub fn counts(&self) -> RuleCounts {
        let with = |severity| -> BTreeSet<Judged> {
            let found = self.findings.iter().filter(|finding| finding.severity == severity);
            found.map(|it| (it.target.clone(), it.rule)).collect()
        };
        let (failed, mut warned) = (with(Severity::Error), with(Severity::Warning));
        warned.retain(|judged| !failed.contains(judged));
        let mut skipped: BTreeSet<Judged> =
            self.skipped.iter().map(|it| (it.target.clone(), it.rule)).collect();
        skipped.retain(|judged| !failed.contains(judged) && !warned.contains(judged));
        let (failed, warned, skipped) = (failed.len(), warned.len(), skipped.len());
        RuleCounts { passed: self.rules().len() - failed - warned - skipped, failed, warned, skipped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_counts_once_for_each_target_and_never_as_passed_where_it_was_skipped() {
        let mut verdict = Verdict::default();
        verdict.cover(Some("dev"), ["TW301", "TW302", "TW303"]);
        verdict.cover(Some("prod"), ["TW301", "TW302", "TW303"]);
        verdict.find(Finding::error("TW301", "a").for_target("dev"));
        verdict.find(Finding::warning("TW301", "b").for_target("dev"));
        verdict.find(Finding::note("TW302", "c").for_target("dev"));
        verdict.find(Finding::warning("TW301", "b").for_target("prod"));
        verdict.skip(Some("dev"), "TW301", "seen in part");
        verdict.skip(Some("prod"), "TW303", "first");
        verdict.skip(Some("prod"), "TW303", "second");
        let verdict = verdict.sorted();
        assert_eq!(verdict.counts(), RuleCounts { passed: 3, failed: 1, warned: 1, skipped: 1 });
        assert_eq!(verdict.skipped[1].why, "first; second");
    }
}
