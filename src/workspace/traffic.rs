//! What all clients of a run share: places for requests in flight, and counts.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bounds and counts the requests of a run, whichever client sends them.
#[derive(Debug)]
pub struct Traffic {
    places: Semaphore,
    requests: AtomicU64,
    repeated: AtomicU64,
}

impl Traffic {
    /// With so many places for requests in flight, at least one.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS));
        Self { places, requests: AtomicU64::new(0), repeated: AtomicU64::new(0) }
    }

    /// Requests sent so far, repeated ones and those for tokens included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests that were sent again so far.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Waits for a place and counts the request that takes it.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; were it, a request without a limit is better than none.
        let place = self.places.acquire().await.ok();
        self.requests.fetch_add(1, Ordering::Relaxed);
        place
    }

    pub(crate) fn count_repeated(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }
}
