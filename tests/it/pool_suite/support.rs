//! What the files of the suite share.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use lockwarden::pool::{JobHandle, ThreadPool};
use lockwarden::thread;

/// Longer than any wait of a test that passes.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A job that has started, and ends when it is asked to.
pub(super) struct Held {
    pub(super) job: JobHandle<u32>,
    pub(super) go: mpsc::Sender<u32>,
}

impl Held {
    /// Takes up one worker of the pool.
    pub(super) fn in_pool(pool: &ThreadPool) -> Self {
        let (go, wait) = mpsc::channel();
        let (tell, started) = mpsc::channel();
        let job = pool.submit(move || {
            tell.send(()).unwrap();
            wait.recv_timeout(LIMIT).unwrap()
        });
        started.recv_timeout(LIMIT).unwrap();
        Self { job, go }
    }

    /// Lets it end with this result.
    pub(super) fn release(self, result: u32) -> JobHandle<u32> {
        self.go.send(result).unwrap();
        self.job
    }
}

/// Waits until `condition` is true.
pub(super) fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "it does not come about");
        thread::yield_now();
    }
}
