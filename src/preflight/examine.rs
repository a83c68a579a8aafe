//! The live rules of a run: every target is asked, then all are judged, since one target's pipelines may stand in
//! another's way.

use super::catalog::{OwnPipelines, Participant, judge_shared_destinations};
use super::facts::{Facts, FactsError};
use super::survey::{Question, SHARED, Survey};
use super::verdict::Verdict;

use futures_util::future::join_all;

/// The rules that are judged for each target, sorted.
pub const LIVE_RULES: &[&str] = &[
    "TW301", "TW302", "TW303", "TW304", "TW305", "TW306", "TW307", "TW308", "TW309", "TW310", "TW311",
    "TW320", "TW321", "TW322", "TW323", "TW324", "TW330", "TW331", "TW332", "TW333", "TW340", "TW341",
    "TW342", "TW343", "TW344", "TW351", "TW352", "TW353", "TW354",
];

/// What the live rules say.
#[derive(Debug)]
pub struct Examined {
    /// Of each target and with what was found there, in the order of the questions; an error where its workspace did not answer.
    pub targets: Vec<Result<(Verdict, Facts), FactsError>>,
    /// Of the targets against each other.
    pub together: Verdict,
}

/// Judges targets by the live rules, reading only. What a workspace refuses to tell is skipped and said; one that does not
/// answer keeps nobody from judging the others.
pub async fn examine(questions: &[Question<'_>]) -> Examined {
    let surveys = join_all(questions.iter().map(|question| Survey::of(*question))).await;
    let mut own = OwnPipelines::default();
    for survey in surveys.iter().flatten() {
        survey.add_own(&mut own);
    }
    let own = &own;
    let targets = join_all(surveys.iter().map(|survey| async move {
        match survey {
            Ok(survey) => Some(survey.judge(own).await),
            Err(_) => None,
        }
    }));
    let judged = targets.await;
    let together = together(&surveys);
    let targets = surveys.into_iter().zip(judged).map(|(survey, judged)| match (survey, judged) {
        (Err(error), _) => Err(error),
        (Ok(survey), judged) => {
            judged.unwrap_or_else(|| Ok(Verdict::default())).map(|verdict| (verdict, survey.into_facts()))
        }
    });
    Examined { targets: targets.collect(), together }
}

/// Judges the targets that answered against all others.
fn together(surveys: &[Result<Survey<'_>, FactsError>]) -> Verdict {
    let known: Vec<&Survey<'_>> = surveys.iter().flatten().collect();
    let Some(first) = known.first() else { return Verdict::default() };
    let Question { selection, place, .. } = first.question();
    if !selection.wants(SHARED) {
        return selection.apply(Verdict::default());
    }
    let mut participants: Vec<Participant<'_>> = known.iter().map(|survey| survey.participant()).collect();
    for survey in &known {
        let Question { everywhere, layout, .. } = survey.question();
        for target in everywhere {
            if participants.iter().all(|participant| participant.target.name != target.name) {
                participants.push(Participant::of_settings(target, layout));
            }
        }
    }
    selection.apply(judge_shared_destinations(&participants, place))
}

/// Says for every live rule of a target that it could not be run.
#[must_use]
pub fn not_examined(target: &str, why: &str) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in LIVE_RULES {
        verdict.skip(Some(target), rule, why);
    }
    verdict
}
