//! What happens while a command runs, told to whoever watches. The library never prints: `report` does.

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A step began, `validate`, for a target and maybe a project.
    StepStarted(Step<'a>),
    /// The newest line that the running step said.
    StepLine(Step<'a>, &'a str),
    /// A step ended.
    StepFinished(Step<'a>, Ended),
    /// Something worth a line.
    Said(&'a str),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Well,
    /// Otherwise; the error is told where it is handled.
    Badly,
}

/// Which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step<'a> {
    /// The target it is for.
    pub target: &'a str,
    /// The project; absent for steps of a whole target.
    pub project: Option<&'a str>,
    /// What is done: `checks`, `databricks bundle plan`, …
    pub name: &'a str,
}

/// Watches a run.
pub trait Watch: Send + Sync {
    /// Is told of everything, in order, from any thread.
    fn tell(&self, event: Event<'_>);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn tell(&self, _: Event<'_>) {}
}
