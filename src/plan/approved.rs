//! What a deploy may do to data: exactly what was consented to.

use std::collections::BTreeSet;

use super::bundle_plan::BundlePlan;
use super::consent::Consent;
use super::consented::Granted;
use super::need::Need;
use super::target_need::TargetNeed;

/// Every consent that was given, by target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approved(BTreeSet<(String, Consent)>);

impl Approved {
    /// Of what was granted; of several needs of one consent none may be missing.
    #[must_use]
    pub fn of(granted: &[Granted], missing: &[TargetNeed]) -> Self {
        let key = |need: &TargetNeed| (need.target.clone(), need.need.consent.clone());
        let missing: BTreeSet<_> = missing.iter().map(key).collect();
        let granted = granted.iter().map(|granted| key(&granted.need));
        Self(granted.filter(|consent| !missing.contains(consent)).collect())
    }

    /// Whether all that this plan does to data in this target was consented to: all that the comparison found, and, whatever
    /// that overlooked, all that the CLI itself would ask about.
    #[must_use]
    pub fn covers(&self, target: &str, needs: &[Need], plan: &BundlePlan) -> bool {
        let given = |consent: &Consent| self.0.contains(&(target.to_owned(), consent.clone()));
        needs.iter().all(|need| given(&need.consent)) && self.uncovered(target, plan).next().is_none()
    }

    /// What the plan destroys without consent.
    pub fn uncovered<'a>(
        &self,
        target: &str,
        plan: &'a BundlePlan,
    ) -> impl Iterator<Item = Consent> + use<'a> {
        let given = self.clone();
        let target = target.to_owned();
        plan.destructive().filter_map(move |(key, node)| {
            let consent = Consent::to_destroy(key, node.action);
            (!given.0.contains(&(target.clone(), consent.clone()))).then_some(consent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::super::consent::ConsentKind;
    use super::super::consented::By;
    use super::*;

    const PLAN: &str = r#"{"plan_version": 2, "plan": {
        "resources.pipelines.a": {"action": "recreate"},
        "resources.pipelines.b": {"action": "delete"},
        "resources.pipelines.c": {"action": "update"},
        "resources.jobs.j": {"action": "delete"}}}"#;

    fn need(kind: ConsentKind, name: &str) -> Need {
        let consent = Consent { kind, name: name.to_owned() };
        Need { consent, field: None, what: String::new(), tables: 1, fate: None }
    }

    fn in_prod(need: &Need) -> TargetNeed {
        TargetNeed { target: "prod".to_owned(), need: need.clone(), cause: Cause::default() }
    }

    fn approved(needs: &[Need]) -> Approved {
        let granted: Vec<Granted> =
            needs.iter().map(|need| Granted { need: in_prod(need), by: By::Flag }).collect();
        Approved::of(&granted, &[])
    }

    #[test]
    fn a_plan_is_covered_when_each_thing_that_it_destroys_is() {
        let plan = BundlePlan::parse(PLAN.as_bytes()).unwrap();
        let (a, b) = (need(ConsentKind::Recreate, "a"), need(ConsentKind::Delete, "b"));
        let both = [a.clone(), b.clone()];
        assert!(approved(&both).covers("prod", &both, &plan));
        assert!(!approved(&both).covers("dev", &both, &plan));
        assert!(!approved(&both[..1]).covers("prod", &both, &plan));
        // A deletion is not covered by consent to a recreation, nor is what the comparison overlooked.
        let other = [a, need(ConsentKind::Recreate, "b")];
        assert!(!approved(&other).covers("prod", &[], &plan));
        assert_eq!(approved(&other).uncovered("prod", &plan).collect::<Vec<_>>(), [b.consent]);
        let snapshot = [need(ConsentKind::Snapshot, "c")];
        assert!(!approved(&both).covers("prod", &snapshot, &plan), "what the CLI would not ask about");
        let granted = Granted { need: in_prod(&both[0]), by: By::Flag };
        let half = Approved::of(std::slice::from_ref(&granted), std::slice::from_ref(&granted.need));
        assert_eq!(half, Approved::default(), "one of two needs of a consent is not the consent");
        assert!(approved(&[]).covers(
            "prod",
            &[],
            &BundlePlan::parse(br#"{"plan_version": 2, "plan": {}}"#).unwrap()
        ));
    }
}
