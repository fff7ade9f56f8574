//! Whether a runtime whose workers all seem to be blocked runs a new task.
//!
//! A worker that a library has left through tokio's own `block_in_place` looks as one that is blocked,
//! while another thread goes on in its place. A task that is spawned then and does not run is what
//! distinguishes the two.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::agent::runtime::RuntimeState;

/// How long a new task is given to run.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long an answer stands.
const KEPT: Duration = Duration::from_secs(2);

/// What a runtime did with a new task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has not run it.
    Silent,
    /// It is too early to say.
    Waiting,
    /// It has run it.
    Runs,
}

/// The tasks that were spawned to see whether they run.
#[derive(Default)]
pub(super) struct Canaries(Vec<Canary>);

struct Canary {
    runtime: Arc<RuntimeState>,
    spawned: Instant,
    has_run: Arc<AtomicBool>,
}

impl Canaries {
    /// What this runtime did with the last one, which is spawned if there is none.
    pub(super) fn ask(&mut self, runtime: &Arc<RuntimeState>) -> Answer {
        self.0.retain(|canary| canary.spawned.elapsed() < KEPT);
        let known = self
            .0
            .iter()
            .find(|canary| Arc::ptr_eq(&canary.runtime, runtime));
        let Some(canary) = known else {
            let has_run = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&has_run);
            runtime
                .handle
                .spawn(async move { theirs.store(true, Ordering::Release) });
            self.0.push(Canary {
                runtime: Arc::clone(runtime),
                spawned: Instant::now(),
                has_run,
            });
            return Answer::Waiting;
        };
        if canary.has_run.load(Ordering::Acquire) {
            Answer::Runs
        } else if canary.spawned.elapsed() < PATIENCE {
            Answer::Waiting
        } else {
            Answer::Silent
        }
    }
}
