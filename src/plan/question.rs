//! What is asked at a terminal before data is touched.

use super::target_need::TargetNeed;

/// One question, for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The target.
    pub target: String,
    /// The words in front of the answer.
    pub text: String,
    by_name: bool,
}

impl Question {
    /// Whether this answer is a consent. Anything but the very word asked for is none.
    #[must_use]
    pub fn is_answered_by(&self, answer: &str) -> bool {
        let answer = answer.trim();
        if self.by_name {
            answer == self.target
        } else {
            answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
        }
    }

    /// What is said to an answer that is no consent.
    #[must_use]
    pub fn refusal(&self, answer: &str) -> String {
        let answer = answer.trim();
        let shown = answer.escape_debug();
        match (answer.is_empty(), self.by_name) {
            (true, _) => "No answer is taken as no.".to_owned(),
            (false, true) => format!("`{shown}` is not `{}`: taken as no.", self.target),
            (false, false) => format!("`{shown}` is taken as no."),
        }
    }
}

/// A question for each target that misses consents, in their order; for production its name is typed, so that no habit of
/// saying yes deploys there.
#[must_use]
pub fn questions(missing: &[TargetNeed], is_production: impl Fn(&str) -> bool) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for TargetNeed { target, .. } in missing {
        if questions.iter().any(|question| question.target == *target) {
            continue;
        }
        let by_name = is_production(target);
        let text = if by_name {
            format!("Do this to the data of {target}? Type the target's name to go on: ")
        } else {
            format!("Do this to the data of {target}? [y/N] ")
        };
        questions.push(Question { target: target.clone(), text, by_name });
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::super::consent::{Consent, ConsentKind};
    use super::super::need::Need;
    use super::*;

    #[test]
    fn production_is_named_and_others_say_yes() {
        let need = |target: &str| TargetNeed {
            target: target.to_owned(),
            need: Need {
                consent: Consent { kind: ConsentKind::Delete, name: "x".to_owned() },
                field: None,
                what: String::new(),
                tables: 1,
                fate: None,
            },
            cause: Cause::default(),
        };
        let asked = questions(&[need("dev"), need("prod"), need("dev")], |target| target == "prod");
        let [dev, prod] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((dev.target.as_str(), prod.target.as_str()), ("dev", "prod"));
        for (answer, yes) in
            [("y\n", true), ("YES", true), ("", false), ("n", false), ("dev", false), ("yy", false)]
        {
            assert_eq!(dev.is_answered_by(answer), yes, "{answer}");
        }
        for (answer, yes) in [
            ("prod\n", true),
            ("y", false),
            ("yes", false),
            ("Prod", false),
            ("", false),
            ("prod dev", false),
        ] {
            assert_eq!(prod.is_answered_by(answer), yes, "{answer}");
        }
        assert_eq!(prod.refusal(" y\n"), "`y` is not `prod`: taken as no.");
        assert_eq!(dev.refusal("n\n"), "`n` is taken as no.");
        assert_eq!(dev.refusal("\u{1b}[A\n"), "`\\u{1b}[A` is taken as no.");
        assert_eq!(dev.refusal("\n"), "No answer is taken as no.");
    }
}
