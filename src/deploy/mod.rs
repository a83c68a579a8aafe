//! The deploy: per target and project `bundle validate --strict` and `bundle plan` side by side, the plan judged, then
//! exactly that plan applied and every pipeline read back. The `databricks` CLI does the work; it runs as a child.

mod apply;
mod arrivals;
mod budget;
mod child;
mod compared;
mod current;
mod definition;
mod error;
mod journal;
mod locks;
mod needs;
mod outcome;
mod planned;
mod program;
mod recognition;
mod record;
mod recover;
mod site;
mod stage;
mod verify;
mod version;

pub use apply::{apply_all, unchanged};
pub use arrivals::Arrivals;
pub use budget::Budget;
pub use child::{ChildError, Finished, Invocation};
pub use compared::compare;
pub use error::DeployError;
pub use journal::{
    History, HistoryError, Inputs, Journal, Progress, RunId, RunIdError, RunStep, Runs, RunsError, StateMark,
    TargetInput,
};
pub use locks::{HeldLocks, TakenLocks, judge_locks};
pub use outcome::{Outcome, ProjectOutcome, Status, TargetOutcome};
pub use planned::{PlannedProject, PlannedTarget, as_left, as_saved, plan_all};
pub use program::{DatabricksCli, LocatedCli, PROGRAM_VARIABLE, ProgramError};
pub use recognition::{Recognition, recognise_all};
pub use record::{Record, Recorded, RecordedResource, TableVersion, older_than};
pub use recover::{BundleKeys, TakeOver, bind};
pub use site::{ProjectBundle, Session, Site};
pub use stage::stage;
pub use verify::Difference;
pub use version::{meets, parse_version};
