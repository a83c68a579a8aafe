//! How many commands of the CLI run at a time: as many as there are cores, and as their bundles fit into memory.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::environment::Environment;
use crate::machine::Machine;

/// What a command takes for each table of its bundle, whatever it does.
const BYTES_PER_TABLE: u64 = 200_000;
/// What it takes for no table at all.
const BYTES_AT_LEAST: u64 = 64 << 20;
/// Of the memory that can be had, the part that children get.
const SHARE: (u64, u64) = (4, 5);
/// Memory is given out in parts of this size.
const PART: u64 = 1 << 20;

/// A seventh of a command's time is Go's garbage collector, unless it may let the heap grow; what it may take in all is bounded
/// then.
const GROWTH: &str = "400";
const HEAP: u64 = 2 << 30;

/// Places for commands.
#[derive(Debug)]
pub struct Budget {
    jobs: usize,
    processes: Semaphore,
    memory: Option<(u64, Semaphore)>,
}

/// A command's place, until it is dropped.
pub(super) struct Place<'a> {
    _process: Option<SemaphorePermit<'a>>,
    _memory: Option<SemaphorePermit<'a>>,
}

impl Budget {
    /// At most `jobs` commands at a time; without a number, and at most, one for each core.
    #[must_use]
    pub fn new(jobs: Option<usize>, machine: Machine) -> Self {
        let jobs = jobs.unwrap_or(machine.cores).clamp(1, machine.cores);
        let memory = machine.memory.map(|bytes| {
            let parts = (bytes / SHARE.1 * SHARE.0 / PART).clamp(1, u64::from(u32::MAX));
            (parts, Semaphore::new(usize::try_from(parts).unwrap_or(Semaphore::MAX_PERMITS)))
        });
        Self { jobs, processes: Semaphore::new(jobs), memory }
    }

    /// How many commands run at a time where memory does not matter.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Waits for a place for a command on a bundle of so many tables. One that is larger than all memory gets all of it: it
    /// may be refused by the system, but not by us.
    pub(super) async fn place(&self, tables: usize) -> Place<'_> {
        // Nothing closes these, so that waiting always ends with a permit.
        let memory = match &self.memory {
            Some((parts, memory)) => {
                let wanted = (bytes(tables) / PART).clamp(1, *parts);
                memory.acquire_many(u32::try_from(wanted).unwrap_or(u32::MAX)).await.ok()
            }
            None => None,
        };
        Place { _memory: memory, _process: self.processes.acquire().await.ok() }
    }

    /// The environment of a command on a bundle of so many tables. What the user says of Go's garbage collector goes.
    pub(super) fn environment(&self, environment: &Environment, tables: usize) -> Environment {
        if ["GOGC", "GOMEMLIMIT"].iter().any(|name| environment.variable(name).is_some()) {
            return environment.clone();
        }
        let heap = self.heap(tables);
        let limit = if heap.is_multiple_of(HEAP) {
            format!("{}GiB", heap >> 30)
        } else {
            format!("{}MiB", heap >> 20)
        };
        environment.clone().with_variable("GOGC", GROWTH).with_variable("GOMEMLIMIT", &limit)
    }

    /// The bytes that a command may take before it collects garbage more often: its share of the memory, and never less than
    /// it needs.
    fn heap(&self, tables: usize) -> u64 {
        let share = self.memory.as_ref().map_or(HEAP, |(parts, _)| parts * PART / self.jobs as u64);
        share.min(HEAP).max(bytes(tables))
    }
}

fn bytes(tables: usize) -> u64 {
    (tables as u64).saturating_mul(BYTES_PER_TABLE).max(BYTES_AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn machine(cores: usize, memory: Option<u64>) -> Machine {
        Machine { cores, memory }
    }

    /// How many commands of this size find a place at the same time.
    fn at_once(budget: &Budget, tables: usize) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut places = Vec::new();
            loop {
                let place = budget.place(tables);
                tokio::select! {
                    biased;
                    place = place => places.push(place),
                    () = tokio::task::yield_now() => return places.len(),
                }
            }
        })
    }

    #[test]
    fn cores_and_memory_bound_it() {
        for (jobs, cores, memory, tables, expected) in [
            (None, 4, None, 10_000, 4),
            (Some(2), 4, None, 10, 2),
            (Some(9), 4, None, 10, 4),
            (Some(0), 4, None, 10, 1),
            // Four fifths of 8 GiB are three times 2 GB, and a bit.
            (None, 8, Some(8 * GIB), 10_000, 3),
            (None, 8, Some(8 * GIB), 100, 8),
            // Larger than all that there is: alone.
            (None, 8, Some(GIB), 100_000, 1),
            (None, 8, Some(0), 10, 1),
        ] {
            let budget = Budget::new(jobs, machine(cores, memory));
            assert_eq!(at_once(&budget, tables), expected, "{jobs:?} {cores} {memory:?} {tables}");
        }
    }

    #[test]
    fn garbage_is_collected_less_often_unless_the_user_decides() {
        let environment = |budget: &Budget, given: &Environment, tables| {
            let made = budget.environment(given, tables);
            ["GOGC", "GOMEMLIMIT"].map(|name| made.variable(name).map(str::to_owned))
        };
        let set = |heap: &str| [Some("400".to_owned()), Some(heap.to_owned())];
        let nothing = Environment::default();
        let roomy = Budget::new(None, machine(2, None));
        assert_eq!(environment(&roomy, &nothing, 1_000), set("2GiB"));
        assert_eq!(environment(&roomy, &nothing, 20_000), set("3814MiB"));
        let tight = Budget::new(None, machine(4, Some(5 * GIB)));
        assert_eq!(environment(&tight, &nothing, 1_000), set("1024MiB"));
        let own = Environment::of([("GOGC", "50")]);
        assert_eq!(environment(&roomy, &own, 1_000), [Some("50".to_owned()), None]);
    }
}
