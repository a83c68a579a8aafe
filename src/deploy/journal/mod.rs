//! The journal of a run, `.tapworks/runs/<id>.jsonl`: what it is made from, and how far each project of each target has
//! come. Every line is written before the next step begins, so that a run which was killed can go on where it was.

mod history;
mod id;
mod inputs;
mod line;
mod runs;
mod writer;

pub use history::{History, HistoryError, Progress};
pub use id::{RunId, RunIdError};
pub use inputs::{Inputs, TargetInput};
pub use line::{RunStep, StateMark};
pub use runs::{Runs, RunsError};
pub use writer::Journal;
