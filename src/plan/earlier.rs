//! The consents of a run that was cut off, for the one that goes on with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::consent::Consent;
use super::effect::Fate;
use super::target_need::TargetNeed;

/// What was consented to before a run was cut off: it covers that again, and nothing that has come up since.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    /// Those of its command line, with their targets.
    pub allowed: Vec<(String, Consent)>,
    /// What they were spent on, once it was planned; before that nothing was written.
    pub granted: Option<Vec<Covered>>,
}

/// A need as a journal keeps it. What a field becomes is left out: by then it may name what the run has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    target: String,
    consent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tables: Option<Fate>,
}

impl Covered {
    /// What a consent was spent on.
    #[must_use]
    pub fn of(need: &TargetNeed) -> Self {
        let field = need.need.field.as_ref();
        Self {
            target: need.target.clone(),
            consent: need.need.consent.to_string(),
            field: field.map(|field| field.path.clone()),
            old: field.and_then(|field| field.old.clone()),
            tables: need.need.fate,
        }
    }
}

impl Earlier {
    /// Whether this was consented to.
    pub(super) fn covers(&self, need: &TargetNeed) -> bool {
        match &self.granted {
            Some(granted) => granted.contains(&Covered::of(need)),
            None => self
                .allowed
                .iter()
                .any(|(target, consent)| *target == need.target && *consent == need.need.consent),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cause::Cause;
    use super::super::consent::ConsentKind;
    use super::super::field::FieldDifference;
    use super::super::need::Need;
    use super::*;

    fn need(old: &str, new: &str) -> TargetNeed {
        let consent = Consent { kind: ConsentKind::Recreate, name: "gw".to_owned() };
        let field =
            FieldDifference { path: "schema".to_owned(), old: Some(json!(old)), new: Some(json!(new)) };
        let need =
            Need { consent, field: Some(field), what: String::new(), tables: 3, fate: Some(Fate::Kept) };
        TargetNeed { target: "prod".to_owned(), need, cause: Cause::default() }
    }

    #[test]
    fn what_was_granted_is_covered_and_nothing_else() {
        let first = need("a", "b");
        let allowed = vec![("prod".to_owned(), first.need.consent.clone())];
        let unplanned = Earlier { allowed: allowed.clone(), granted: None };
        assert!(unplanned.covers(&first), "it was cut off before anything was planned");
        let planned = Earlier { allowed: allowed.clone(), granted: Some(vec![Covered::of(&first)]) };
        assert!(planned.covers(&first) && planned.covers(&need("a", "what the run has made")));
        assert!(!planned.covers(&need("changed by hand since", "b")));
        assert!(!planned.covers(&TargetNeed { target: "dev".to_owned(), ..first.clone() }));
        let mut dropped = first.clone();
        dropped.need.fate = Some(Fate::Dropped);
        assert!(!planned.covers(&dropped), "somebody has deployed another flag since");
        assert!(!Earlier { allowed, granted: Some(Vec::new()) }.covers(&first));
        let text = serde_json::to_string(&Covered::of(&first)).unwrap();
        assert_eq!(serde_json::from_str::<Covered>(&text).unwrap(), Covered::of(&first));
    }
}
