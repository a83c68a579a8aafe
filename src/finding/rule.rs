//! The rules by id: 1xx input, 2xx offline rules, 3xx live rules, 4xx plan and consent, 5xx deploy. Ids are stable.

use super::rules::{deploy, input, live, offline, plan};

/// A rule: its id and what it watches over.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `TW201`.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// The long form: why the rule is there and what to do.
    pub explanation: &'static str,
}

/// Every rule, sorted by id.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [input::RULES, offline::RULES, live::RULES, plan::RULES, deploy::RULES].into_iter().flatten()
}

/// The rule of this id, in any case.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        let ids: Vec<&str> = rules().map(|rule| rule.id).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == 5 && id.starts_with("TW")), "{ids:?}");
    }
}
