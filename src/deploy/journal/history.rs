//! A journal, read: how far the run has come.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::inputs::Inputs;
use super::line::{FORMAT, Line, RunStep, StateMark};
use crate::plan::Covered;

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// When it began.
    pub began: Timestamp,
    /// What it is made from.
    pub inputs: Inputs,
    /// The exit status of its last orderly end; absent where it was cut off since.
    pub ended: Option<u8>,
    /// What was consented to; absent where the run was cut off before that was settled.
    pub granted: Option<Vec<Covered>>,
    /// By target and project.
    projects: BTreeMap<(String, String), Progress>,
}

/// How far a project of a target has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last step that was noted.
    pub step: Option<RunStep>,
    /// When `bundle deploy` began.
    pub deploying_since: Option<Timestamp>,
    /// The state after it.
    pub state: Option<StateMark>,
    /// The deploy lock that our CLI took, where that came to be known.
    pub lock: Option<String>,
}

/// A file that is no journal of this version.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Its first line says nothing that we know.
    #[error("it does not begin as a journal of this tapworks does")]
    Unknown,
    /// A line in the middle is not one.
    #[error("line {line} cannot be read: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

impl History {
    /// Reads a journal. What follows the last line end is what a kill left of a line, and is no loss: what it would have
    /// said is found out again.
    ///
    /// # Errors
    /// Where it is not a journal.
    pub fn parse(text: &str) -> Result<Self, HistoryError> {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines().enumerate();
        let first = lines.next().and_then(|(_, line)| serde_json::from_str(line).ok());
        let Some(Line::Began { format, at, inputs }) = first else { return Err(HistoryError::Unknown) };
        if format != FORMAT {
            return Err(HistoryError::Unknown);
        }
        let mut history =
            Self { began: at, inputs: *inputs, ended: None, granted: None, projects: BTreeMap::new() };
        for (index, line) in lines {
            let line = serde_json::from_str(line)
                .map_err(|source| HistoryError::Line { line: index + 1, source })?;
            history.add(line);
        }
        Ok(history)
    }

    fn add(&mut self, line: Line) {
        match line {
            Line::Began { .. } => {}
            Line::Step { at, target, project, step, state } => {
                let progress = self.projects.entry((target, project)).or_default();
                // Planned again by a process that goes on: that does not undo what was done.
                if step != RunStep::Planned || progress.step.is_none() {
                    progress.step = Some(step);
                }
                progress.state = state.or(progress.state.take());
                if step == RunStep::Deploying {
                    progress.deploying_since = Some(at);
                    progress.lock = None;
                }
            }
            Line::Lock { target, project, id, .. } => {
                self.projects.entry((target, project)).or_default().lock = Some(id);
            }
            Line::Consented { granted, .. } => self.granted.get_or_insert_default().extend(granted),
            Line::Resumed { .. } => self.ended = None,
            Line::Ended { status, .. } => self.ended = Some(status),
        }
    }

    /// How far a project has come.
    #[must_use]
    pub fn of(&self, target: &str, project: &str) -> Progress {
        self.projects.get(&(target.to_owned(), project.to_owned())).cloned().unwrap_or_default()
    }

    /// Whether anything may have been written to a workspace.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.projects.values().any(|progress| progress.deploying_since.is_some())
    }
}

impl Progress {
    /// The deploy lock that the run left behind, where it is certain that it did: our CLI took it and did not end.
    #[must_use]
    pub fn lock_left_behind(&self) -> Option<&str> {
        self.lock.as_deref().filter(|_| self.step == Some(RunStep::Deploying))
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::tests::inputs;
    use super::*;

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|line| format!("{}\n", serde_json::to_string(line).unwrap())).collect()
    }

    fn lines() -> Vec<Line> {
        let at = Timestamp::UNIX_EPOCH;
        let (target, project) = ("dev".to_owned(), "retail".to_owned());
        let step =
            |step, state| Line::Step { at, target: target.clone(), project: project.clone(), step, state };
        let mark = |serial| Some(StateMark { lineage: "a".to_owned(), serial });
        vec![
            Line::Began { format: FORMAT.to_owned(), at, inputs: Box::new(inputs()) },
            step(RunStep::Planned, mark(3)),
            step(RunStep::Deploying, None),
            Line::Lock { at, target: target.clone(), project: project.clone(), id: "L".to_owned() },
            step(RunStep::Deployed, mark(4)),
            step(RunStep::Verified, None),
            step(RunStep::Recorded, None),
            Line::Ended { at, status: 0 },
        ]
    }

    /// A kill at any byte leaves a journal that says how far the run had come.
    #[test]
    fn every_beginning_is_a_journal() {
        let lines = lines();
        let whole = text(&lines);
        let mut last = None;
        for end in whole.find('\n').unwrap() + 1..=whole.len() {
            let history = History::parse(&whole[..end]).unwrap();
            let step = history.of("dev", "retail").step;
            assert!(step >= last, "it never goes back");
            last = step;
        }
        assert_eq!(last, Some(RunStep::Recorded));
        let history = History::parse(&whole).unwrap();
        assert_eq!((history.ended, history.wrote()), (Some(0), true));
        assert_eq!(history.of("dev", "retail").state.unwrap().serial, 4);
        assert_eq!(history.of("prod", "retail"), Progress::default());
    }

    #[test]
    fn a_lock_is_left_behind_only_by_a_deploy_that_did_not_end() {
        let lines = lines();
        let after = |count| History::parse(&text(&lines[..count])).unwrap().of("dev", "retail");
        assert_eq!(after(3).lock_left_behind(), None, "it is not known yet");
        assert_eq!(after(4).lock_left_behind(), Some("L"));
        assert_eq!(after(5).lock_left_behind(), None);
    }

    #[test]
    fn going_on_opens_it_again_and_forgets_nothing() {
        let mut lines = lines();
        lines.push(Line::Resumed { at: Timestamp::UNIX_EPOCH });
        assert_eq!(History::parse(&text(&lines)).unwrap().ended, None);
        // Cut off while it deployed, gone on with, and cut off again once there was a plan.
        let planned = lines[1].clone();
        lines.truncate(4);
        lines.extend([Line::Resumed { at: Timestamp::UNIX_EPOCH }, planned]);
        let progress = History::parse(&text(&lines)).unwrap().of("dev", "retail");
        assert_eq!((progress.step, progress.lock_left_behind()), (Some(RunStep::Deploying), Some("L")));
    }

    #[test]
    fn other_files_are_no_journals() {
        let whole = text(&lines());
        assert!(matches!(History::parse(""), Err(HistoryError::Unknown)));
        assert!(matches!(History::parse("{}\n"), Err(HistoryError::Unknown)));
        let newer = whole.replace(FORMAT, "tapworks.run/2");
        assert!(matches!(History::parse(&newer), Err(HistoryError::Unknown)));
        let broken = whole.replacen("\"step\":\"deployed\"", "\"step\":\"dep", 1);
        assert!(matches!(History::parse(&broken), Err(HistoryError::Line { line: 5, .. })));
    }
}
