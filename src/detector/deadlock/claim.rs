//! The claim of a deadlock: one of its threads reports it, once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::reported;
use super::snapshot::Snapshots;
use super::victim::{self, Heirs};
use crate::config::{self, Action};
use crate::detector::check_session;
use crate::detector::panic::Panic;
use crate::detector::state;
use crate::engine::verdict::Verdict;
use crate::report::{Basis, Facts};
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait;

/// The number of deadlocks that are claimed and not reported yet.
static UNREPORTED: AtomicUsize = AtomicUsize::new(0);

/// How long a thread delays its own finding until a deadlock is reported. Only a slow subscriber can exceed
/// it, and then the reports come in another order.
const PATIENCE: Duration = Duration::from_secs(1);

/// The exclusive right of the caller to report a deadlock; dropped when that is done.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(super) waits: reported::ReportedWaits,
    pub(crate) heirs: Heirs,
}

impl Claim {
    /// Reports the deadlock for a thread that closed it by a wait for a lock. If that thread cannot unwind,
    /// another thread of the deadlock gets the panic; and if none can be woken for that, a line says that
    /// nothing will break the deadlock.
    pub(crate) fn answer(
        self,
        unwinds: bool,
        slot: &'static Slot,
        found: Vec<Facts>,
    ) -> Option<Panic> {
        let trial = check_session::of(slot);
        let panic = reported::publish_once(&self.waits, slot, trial.as_deref(), found)?;
        if unwinds {
            return Some(panic);
        }
        self.heirs.give_or_say(panic);
        None
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        UNREPORTED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits until the deadlocks that other threads have claimed are reported, so that existing deadlocks come
/// before possible ones. The caller has looked, and so has held the detector's lock after those threads.
pub(crate) fn let_another_thread_report() {
    let start = wait::now();
    // Relaxed: a claim increments it under the detector's lock.
    while UNREPORTED.load(Ordering::Relaxed) > 0 && wait::time_since(start) < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Claims the deadlock of these threads for the caller, unless one of them has moved, or is still in a
/// deadlock that it has reported. The first one is the thread that closed the deadlock.
pub(super) fn claim(all: &Snapshots, threads: &[usize]) -> Option<Claim> {
    // Before the lock: it may read files.
    let heirs = Heirs::of(all, threads);
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them report it,
    // and the other one finds it marked.
    let _guard = state::lock();
    let reported = |at: &usize| {
        let thread = &all.threads[*at];
        // Relaxed: read and written under the detector's lock.
        let reported = thread.slot.wait.reported.load(Ordering::Relaxed);
        thread.wait.is_some_and(|wait| wait.epoch == reported)
    };
    if !threads.iter().all(|&at| all.stands(at)) || threads.iter().any(reported) {
        return None;
    }
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each other
    // again without having left their present waits.
    victim::mark(all, threads[0]);
    UNREPORTED.fetch_add(1, Ordering::Relaxed);
    // Before the report is written, so that the watchdog does not report these waits meanwhile.
    if is_reported(Verdict::Deadlock) {
        for thread in threads.iter().map(|&at| &all.threads[at]) {
            if let Some(wait) = thread.wait {
                thread.slot.wait.set_named(wait.since);
            }
        }
    }
    Some(Claim {
        waits: reported::ReportedWaits::new(all, threads),
        heirs,
    })
}

/// Returns whether the configuration reports this verdict.
pub(crate) fn is_reported(verdict: Verdict) -> bool {
    config::current().action(verdict, Basis::Instances) != Action::Ignore
}
