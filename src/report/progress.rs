//! Steps as they happen: bars where a terminal shows them, lines everywhere else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::printer::Printer;
use crate::event::{Ended, Event, Step, Watch};
use crate::text::visible;

/// Shows the steps of a run on standard error. Clones show the same steps.
#[derive(Clone)]
pub struct Progress {
    printer: Arc<Printer>,
    running: Arc<Mutex<HashMap<String, Running>>>,
}

struct Running {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Through this printer.
    #[must_use]
    pub fn new(printer: Arc<Printer>) -> Self {
        Self { printer, running: Arc::default() }
    }

    /// A step that lasts until the guard goes, with a line that can be changed.
    #[must_use]
    pub fn step(&self, name: &str) -> StepGuard {
        self.started(name);
        StepGuard { progress: self.clone(), name: name.to_owned(), ended: false }
    }

    /// A line about a decision; only when verbose.
    pub fn detail(&self, line: &str) {
        self.printer.detail(line);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn started(&self, name: &str) {
        let bar = self.printer.is_animated().then(|| {
            let bar = self.printer.bars().add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix}  {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            self.printer.detail(&format!("{name} ..."));
        }
        self.running().insert(name.to_owned(), Running { since: Instant::now(), bar });
    }

    /// The newest thing to say about a running step.
    pub fn line(&self, name: &str, line: &str) {
        match self.running().get(name).and_then(|running| running.bar.as_ref()) {
            Some(bar) => bar.set_message(visible(line).into_owned()),
            None => self.printer.detail(&format!("{name}: {line}")),
        }
    }

    /// A number that grows: shown on a bar, never told line by line.
    pub fn count(&self, name: &str, line: &str) {
        if let Some(bar) = self.running().get(name).and_then(|running| running.bar.as_ref()) {
            bar.set_message(visible(line).into_owned());
        }
    }

    fn finished(&self, name: &str, note: &str, ended: Ended) {
        let Some(running) = self.running().remove(name) else { return };
        if let Some(bar) = running.bar {
            bar.finish_and_clear();
        }
        let mark = if ended == Ended::Well { "" } else { "  failed" };
        let seconds = running.since.elapsed().as_secs_f64();
        let note = if note.is_empty() { String::new() } else { format!("  {note}") };
        self.printer.say(&format!("  {name}{note}{mark}  {seconds:.1} s"));
    }
}

impl Watch for Progress {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::StepStarted(step) => self.started(&title(step)),
            Event::StepLine(step, line) => self.line(&title(step), line),
            Event::StepFinished(step, ended) => self.finished(&title(step), "", ended),
            Event::Said(line) => self.printer.say(line),
        }
    }
}

fn title(step: Step<'_>) -> String {
    match step.project {
        Some(project) => format!("{}/{project}  {}", step.target, step.name),
        None => format!("{}  {}", step.target, step.name),
    }
}

/// A step that is under way.
pub struct StepGuard {
    progress: Progress,
    name: String,
    ended: bool,
}

impl StepGuard {
    /// It is done; `note` stands behind its name.
    pub fn done(mut self, note: &str) {
        self.ended = true;
        self.progress.finished(&self.name, note, Ended::Well);
    }
}

impl Drop for StepGuard {
    fn drop(&mut self) {
        if !self.ended {
            self.progress.finished(&self.name, "", Ended::Badly);
        }
    }
}
