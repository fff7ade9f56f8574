//! The running checks of `testing`: what their threads found and, where a check has an order graph of its
//! own, that graph.
//!
//! A thread belongs to the check whose number its slot holds ([`Slot::check_id`]). Its findings go to that
//! check as values, and to no sink. In a check with a graph of its own, acquisitions are recorded in that
//! graph alone. The seen cache of a thread uses the serial number of the thread in its keys, and a thread
//! belongs to one check until it ends; so nothing recorded in one graph counts as seen in another. The locks
//! themselves may be shared: a lock that such a check nests is no leaf any more, so its leaf edges, which
//! belong to the process, move into the graph of the process, and its drop is recorded in all graphs.
//!
//! # What it cannot see
//!
//! The first writer of a lock is recorded only in the graph of the writing thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex as PlainMutex;

use super::state;
use super::state::DetectorState;
use crate::engine::ids::LockId;
use crate::report::Report;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::process::pending_spawns;
use crate::tracking::thread::slot::Slot;
use crate::tracking::{Mutex, MutexGuard};

/// A running check.
pub(crate) struct CheckSession {
    number: u64,
    /// Its own order graph; `None` if it shares the graph of the process.
    own: Option<Mutex<DetectorState>>,
    gathered: PlainMutex<CheckFindings>,
}

/// What the threads of one check found.
#[derive(Debug, Default)]
pub(crate) struct CheckFindings {
    /// The findings that the configuration reports, in the order in which they were found.
    pub(crate) findings: Vec<Report>,
    /// The findings that the configuration only counts.
    pub(crate) counted: Vec<Report>,
    /// The messages of the panics that the configuration requested.
    pub(crate) panics: Vec<String>,
}

/// The running checks, which are few at a time.
pub(crate) static SESSIONS: ForkSafe<Vec<Arc<CheckSession>>> = ForkSafe::new(Vec::new());
/// The number of running checks with a graph of their own.
static OWN: AtomicUsize = AtomicUsize::new(0);
static NEXT: AtomicU64 = AtomicU64::new(1);

impl CheckSession {
    /// Begins a check, with an order graph of its own or that of the process.
    #[inline]
    pub(super) fn open(own: Option<DetectorState>) -> Arc<Self> {
        let own = own.map(Mutex::new);
        let trial = Arc::new(Self {
            // Relaxed: the numbers only need to be distinct.
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            own,
            gathered: PlainMutex::default(),
        });
        if trial.own.is_some() {
            // Before the graph is shared. Relaxed: a thread that drops a lock of the graph received that lock
            // from a thread that has seen the graph, and so sees this count, too.
            OWN.fetch_add(1, Ordering::Relaxed);
        }
        SESSIONS.lock().push(Arc::clone(&trial));
        trial
    }

    /// Returns the number that the slots of the check's threads hold.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Ends the check and returns its findings. From now on, findings of threads that still run go to the
    /// process.
    #[inline]
    pub(crate) fn close(&self) -> CheckFindings {
        let mut sessions = SESSIONS.lock();
        let running = sessions.len();
        sessions.retain(|trial| trial.number != self.number);
        if sessions.len() < running && self.own.is_some() {
            OWN.fetch_sub(1, Ordering::Relaxed);
        }
        drop(sessions);
        pending_spawns::close(self.number);
        std::mem::take(&mut self.gathered.lock())
    }

    /// Adds a finding that the configuration reports.
    pub(super) fn report(&self, report: Report) {
        self.gathered.lock().findings.push(report);
    }

    /// Adds a finding that the configuration only counts.
    pub(super) fn count(&self, report: Report) {
        self.gathered.lock().counted.push(report);
    }

    /// Records that a thread is going to panic with this message, as the configuration requests.
    pub(super) fn note_panic(&self, message: &str) {
        self.gathered.lock().panics.push(message.to_owned());
    }
}

/// Returns the check that the thread of a slot belongs to, if it still runs.
pub(super) fn of(slot: &Slot) -> Option<Arc<CheckSession>> {
    of_number(slot.check_id())
}

/// The check with this number, if it is still under way.
pub(super) fn of_number(number: u64) -> Option<Arc<CheckSession>> {
    if number == 0 {
        return None;
    }
    let sessions = SESSIONS.lock();
    let mut sessions = sessions.iter();
    sessions.find(|trial| trial.number == number).cloned()
}

/// The graph in which the acquisitions of a thread are recorded.
pub(super) enum Graph {
    /// The graph of the process.
    Process,
    /// The graph of a check.
    Own(Arc<CheckSession>),
}

/// Returns the graph in which the acquisitions of the thread of a slot are recorded.
pub(super) fn graph_of(slot: &Slot) -> Graph {
    match of(slot) {
        Some(trial) if trial.own.is_some() => Graph::Own(trial),
        _ => Graph::Process,
    }
}

impl Graph {
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Graph::Own(_))
    }

    /// Takes the lock of the graph. The lock of the process may be taken under that of a check, and not the
    /// other way round.
    pub(super) fn lock(&self) -> MutexGuard<'_, DetectorState> {
        if let Graph::Own(trial) = self
            && let Some(own) = &trial.own
        {
            return own.lock();
        }
        state::lock()
    }
}

/// Runs `f` on the graph of each check that has one of its own.
fn each(f: &dyn Fn(&mut DetectorState)) {
    if OWN.load(Ordering::Relaxed) == 0 {
        return;
    }
    let trials = SESSIONS.lock().clone();
    for trial in &trials {
        if let Some(own) = &trial.own {
            f(&mut own.lock());
        }
    }
}

/// Removes a dropped lock from the graphs of checks.
pub(super) fn forget(id: LockId) {
    each(&|state| state.remove_lock(id));
}

/// Updates the label of a lock in the graphs of checks.
pub(super) fn relabel(id: LockId, label: Option<&String>) {
    each(&|state| {
        if let Some(info) = state.lock_mut(id) {
            info.label = label.cloned();
        }
    });
}

/// Ends all checks in the child of a fork. A thread that the fork removed may have been in the middle of any
/// change, so their data is leaked as it is.
#[cfg(unix)]
pub(crate) fn renew() {
    std::mem::forget(std::mem::take(&mut *SESSIONS.lock()));
    OWN.store(0, Ordering::Relaxed);
}
