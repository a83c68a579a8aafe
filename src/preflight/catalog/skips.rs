//! Rules that could not be run on several objects for one reason, told once.

use std::collections::BTreeMap;

use crate::preflight::Verdict;

/// How many objects and statements are named.
const SHOWN: usize = 3;

/// Objects by rule and reason.
#[derive(Debug, Default)]
pub(super) struct Skips {
    by_reason: BTreeMap<(&'static str, String), Vec<Skip>>,
}

/// An object, and the statement to ask for.
type Skip = (String, Option<String>);

impl Skips {
    /// A rule could not be run on `subject`; `statement` is what to ask for.
    pub(super) fn add(
        &mut self,
        rule: &'static str,
        subject: impl Into<String>,
        reason: impl Into<String>,
        statement: Option<String>,
    ) {
        self.by_reason.entry((rule, reason.into())).or_default().push((subject.into(), statement));
    }

    /// Tells them: `SUBJECTS: REASON; ask for  STATEMENTS`.
    pub(super) fn tell(self, target: &str, verdict: &mut Verdict) {
        for ((rule, reason), skipped) in self.by_reason {
            let subjects: Vec<&str> = skipped.iter().map(|(subject, _)| subject.as_str()).collect();
            let mut why = format!("{}: {reason}", first_few(&subjects));
            let mut statements: Vec<&str> =
                skipped.iter().filter_map(|(_, statement)| statement.as_deref()).collect();
            statements.dedup();
            if !statements.is_empty() {
                let more = if statements.len() > SHOWN { "; and so on" } else { "" };
                statements.truncate(SHOWN);
                why.push_str(&format!("; ask for  {}{more}", statements.join("; ")));
            }
            verdict.skip(Some(target), rule, why);
        }
    }
}

/// `a`, `a, b and c`, `a, b, c and 7 more`.
pub(super) fn first_few(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= SHOWN => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_is_told_once() {
        let mut skips = Skips::default();
        for name in ["a", "b", "c", "d"] {
            skips.add("TW322", format!("schema {name}"), "not shown", Some(format!("GRANT {name}")));
        }
        skips.add("TW322", "schema e", "refused", None);
        let mut verdict = Verdict::default();
        skips.tell("dev", &mut verdict);
        let why: Vec<&str> = verdict.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
        assert_eq!(
            why,
            [
                "schema a, schema b, schema c and 1 more: not shown; ask for  GRANT a; GRANT b; GRANT c; and so on",
                "schema e: refused"
            ]
        );
    }
}
