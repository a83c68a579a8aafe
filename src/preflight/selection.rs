//! Which rules of a run are wanted: `--only`, and those that somebody decided to leave out.

use jiff::civil::Date;

use super::verdict::Verdict;
use crate::finding::{Finding, Findings, Severity};
use crate::settings::Skip;

/// The rules that are wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Nothing but these; empty is all.
    only: Vec<&'static str>,
    skips: Vec<Skip>,
}

impl Selection {
    /// Of what the command line and the settings say. A skip whose last day is before `today` has no effect, which is a
    /// finding.
    #[must_use]
    pub fn new(
        only: Vec<&'static str>,
        skips: impl IntoIterator<Item = Skip>,
        today: Date,
    ) -> (Self, Findings) {
        let (skips, ended): (Vec<_>, Vec<_>) =
            skips.into_iter().partition(|skip| skip.until.is_none_or(|day| day >= today));
        let findings = ended.into_iter().map(|skip| {
            let day = skip.until.map(|day| day.to_string()).unwrap_or_default();
            Finding::warning(
                "TW140",
                format!("{} was to be left out until {day} only: it is judged again", skip.rule),
            )
            .at(skip.place)
            .why(format!("the reason was: {}", skip.reason))
            .fix("take the skip out, or give it another day")
        });
        (Self { only, skips }, findings.collect())
    }

    /// Whether it is worth while to ask the workspace for the sake of this rule.
    #[must_use]
    pub fn wants(&self, rule: &str) -> bool {
        self.admits(rule) && !self.skips.iter().any(|skip| skip.rule == rule)
    }

    /// Whether it is worth while to ask for the sake of one of these rules.
    #[must_use]
    pub fn wants_any(&self, rules: &[&str]) -> bool {
        rules.iter().any(|rule| self.wants(rule))
    }

    fn admits(&self, rule: &str) -> bool {
        self.only.is_empty() || self.only.contains(&rule)
    }

    /// What is left of a verdict: a rule that is left out finds nothing and counts as skipped. What is wrong with the rows
    /// themselves stays: nothing can be made of them, skipped or not.
    #[must_use]
    pub fn apply(&self, mut verdict: Verdict) -> Verdict {
        let rules = verdict.rules();
        let stays =
            |finding: &Finding| finding.severity == Severity::Error && !finding.rule.starts_with("TW3");
        for skip in &self.skips {
            let ours = |finding: &Finding| finding.rule == skip.rule;
            if verdict.findings.iter().any(|finding| ours(finding) && stays(finding)) {
                continue;
            }
            verdict.retain(|rule| rule != skip.rule);
            for (target, rule) in rules.iter().filter(|(_, rule)| *rule == skip.rule) {
                verdict.skip(target.as_deref(), rule, told(skip));
            }
        }
        let errors: Vec<Finding> = verdict.findings.iter().filter(|it| stays(it)).cloned().collect();
        verdict.retain(|rule| self.admits(rule));
        verdict.findings.extend(errors.into_iter().filter(|it| !self.admits(it.rule)));
        verdict
    }
}

fn told(skip: &Skip) -> String {
    let until = skip.until.map(|day| format!(" until {day}")).unwrap_or_default();
    format!("left out{until} by {}: {}", skip.place, skip.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    fn skip(rule: &'static str, until: Option<&str>) -> Skip {
        let place = Place::Argument { flag: "--skip".to_owned() };
        Skip { rule, reason: "known".to_owned(), until: until.and_then(Skip::day), place }
    }

    fn verdict() -> Verdict {
        let mut verdict = Verdict::default();
        verdict.cover(Some("dev"), ["TW301", "TW302", "TW303"]);
        verdict.cover(None, ["TW201", "TW230"]);
        verdict.find(Finding::error("TW301", "taken").for_target("dev"));
        verdict.find(Finding::error("TW201", "missing"));
        verdict.find(Finding::warning("TW230", "no root"));
        verdict
    }

    fn after(selection: &Selection) -> (Vec<&'static str>, Vec<String>) {
        let verdict = selection.apply(verdict()).sorted();
        let skipped = verdict.skipped.iter().map(|it| format!("{} {}", it.rule, it.why));
        (verdict.findings.iter().map(|it| it.rule).collect(), skipped.collect())
    }

    #[test]
    fn a_rule_is_left_out_to_its_last_day_and_errors_of_the_rows_stay() {
        let today = Skip::day("2026-12-31").unwrap();
        let skips = [
            skip("TW301", Some("2026-12-31")),
            skip("TW230", None),
            skip("TW201", None),
            skip("TW302", Some("2026-12-30")),
        ];
        let (selection, ended) = Selection::new(Vec::new(), skips, today);
        assert_eq!(
            ended.iter().map(|it| it.what.as_str()).collect::<Vec<_>>(),
            ["TW302 was to be left out until 2026-12-30 only: it is judged again"]
        );
        let (found, skipped) = after(&selection);
        assert_eq!(found, ["TW201"]);
        assert_eq!(
            skipped,
            ["TW230 left out by --skip: known", "TW301 left out until 2026-12-31 by --skip: known"]
        );
        assert!(!selection.wants("TW301") && selection.wants("TW302"));
    }

    #[test]
    fn only_some_rules_are_shown_and_counted() {
        let (selection, _) = Selection::new(vec!["TW301", "TW302"], [], Skip::day("2026-12-31").unwrap());
        let verdict = selection.apply(verdict()).sorted();
        assert_eq!(verdict.findings.iter().map(|it| it.rule).collect::<Vec<_>>(), ["TW201", "TW301"]);
        assert_eq!((verdict.counts().passed, verdict.counts().failed), (1, 2));
        assert!(!selection.wants("TW303"));
    }
}
