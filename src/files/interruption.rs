//! For tests: the process as if it were killed after so many changes of the file system.
//!
//! From the moment on nothing is changed any more, and nothing is tidied up: what a killed process leaves.

use std::cell::Cell;

thread_local! {
    /// How many changes this thread may still make; absent where nothing is to be stopped.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Runs `work`, which can change the file system `changes` times. Whether it tried once more stands beside its result.
pub(crate) fn after<T>(changes: usize, work: impl FnOnce() -> T) -> (T, bool) {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            LEFT.set(None);
        }
    }
    let _reset = Reset;
    // One more than it may make: 0 means that it was stopped.
    LEFT.set(Some(changes + 1));
    let result = work();
    (result, LEFT.get() == Some(0))
}

/// Before each change.
pub(super) fn change() -> std::io::Result<()> {
    match LEFT.get() {
        None => Ok(()),
        Some(left) => {
            LEFT.set(Some(left.saturating_sub(1)));
            if left > 1 { Ok(()) } else { Err(std::io::Error::other("killed by the test")) }
        }
    }
}

/// Whether temporary files stay when they are dropped.
pub(super) fn leaves_everything() -> bool {
    LEFT.get().is_some()
}
