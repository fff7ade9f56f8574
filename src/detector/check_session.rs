//! The checks of `testing` that are under way: what their threads found and, where a check has an
//! order graph of its own, what they taught it.
//!
//! A thread belongs to the check that its slot names ([`Slot::scope`]). Its findings go there as
//! values, and to no sink. In a check with a graph of its own its acquisitions are told to that
//! graph alone. What a thread remembers to be known it remembers under its own serial number, and
//! it belongs to one check for life; so nothing that was learnt of one graph counts as known of
//! another. The locks themselves may be shared: one that such a check nests is no leaf any more, so
//! that its contexts, which are those of the process, stand in the graph of the process, and its
//! drop is told to all graphs.
//!
//! # What it cannot see
//!
//! That a lock had its first writer is told to the graph of the thread that was it.

use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex as PlainMutex;

use super::order::classes;
use super::state;
use super::state::DetectorState;
use crate::engine::ids::LockId;
use crate::engine::order_graph::IdMap;
use crate::report::Report;
use crate::shim::fork_safe::ForkSafe;
use crate::shim::{Mutex, MutexGuard};
use crate::tracking::process::pending_spawns;
use crate::tracking::thread::slot::Slot;

/// One check under way.
pub(crate) struct CheckSession {
    number: u64,
    /// Its own order graph; `None` if it shares that of the process.
    own: Option<Mutex<DetectorState>>,
    gathered: PlainMutex<CheckFindings>,
}

/// What was found by the threads of one check.
#[derive(Debug, Default)]
pub(crate) struct CheckFindings {
    /// What the configuration reports, in the order in which it was found.
    pub(crate) findings: Vec<Report>,
    /// What it only counts.
    pub(crate) counted: Vec<Report>,
    /// The messages of the panics that it asked for.
    pub(crate) panics: Vec<String>,
}

pub(crate) static SESSIONS: ForkSafe<IdMap<u64, Arc<CheckSession>>> =
    ForkSafe::new(IdMap::with_hasher(BuildHasherDefault::new()));
/// How many of them have a graph of their own.
static OWN: AtomicUsize = AtomicUsize::new(0);
static NEXT: AtomicU64 = AtomicU64::new(1);

impl CheckSession {
    /// Begins a check, with an order graph of its own or that of the process.
    pub(crate) fn open(own: bool) -> Arc<Self> {
        let own = own.then(|| {
            let mut state = DetectorState::of_check();
            classes::declare_again(&mut state);
            Mutex::new(state)
        });
        let trial = Arc::new(Self {
            // Relaxed: the numbers need to be distinct and nothing else.
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            own,
            gathered: PlainMutex::default(),
        });
        if trial.own.is_some() {
            // Before the graph is shown to anyone. Relaxed: whoever drops a lock that stands in the
            // graph has it from a thread that has seen the graph, and by that this.
            OWN.fetch_add(1, Ordering::Relaxed);
        }
        SESSIONS.lock().insert(trial.number, Arc::clone(&trial));
        trial
    }

    /// The number that the slots of its threads have.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Ends the check: what was found. Threads that it leaves behind belong to the process from now
    /// on, as far as findings go.
    pub(crate) fn close(&self) -> CheckFindings {
        if SESSIONS.lock().remove(&self.number).is_some() && self.own.is_some() {
            OWN.fetch_sub(1, Ordering::Relaxed);
        }
        pending_spawns::close(self.number);
        std::mem::take(&mut self.gathered.lock())
    }

    /// Takes in a finding that the configuration reports.
    pub(super) fn report(&self, report: Report) {
        self.gathered.lock().findings.push(report);
    }

    /// Takes in a finding that the configuration only counts.
    pub(super) fn count(&self, report: Report) {
        self.gathered.lock().counted.push(report);
    }

    /// Notes that a thread is going to panic with this message, as the configuration asks.
    pub(super) fn note_panic(&self, message: &str) {
        self.gathered.lock().panics.push(message.to_owned());
    }
}

/// The check that the thread of a slot belongs to, if it is still under way.
pub(super) fn of(slot: &Slot) -> Option<Arc<CheckSession>> {
    of_number(slot.check_id())
}

/// The check with this number, if it is still under way.
pub(super) fn of_number(number: u64) -> Option<Arc<CheckSession>> {
    match number {
        0 => None,
        number => SESSIONS.lock().get(&number).cloned(),
    }
}

/// Where the acquisitions of a thread are told.
pub(super) enum Graph {
    /// With the process at large.
    Process,
    /// With a check that has a graph of its own.
    Own(Arc<CheckSession>),
}

/// Where the acquisitions of the thread of a slot are told.
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

    /// Takes its lock. That of the process may be taken under that of a check, and not the other
    /// way round.
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
fn each(mut f: impl FnMut(&mut DetectorState)) {
    if OWN.load(Ordering::Relaxed) == 0 {
        return;
    }
    let trials: Vec<Arc<CheckSession>> = SESSIONS.lock().values().cloned().collect();
    for trial in trials {
        if let Some(own) = &trial.own {
            f(&mut own.lock());
        }
    }
}

/// A lock that may stand in the graphs of checks is gone.
pub(super) fn forget(id: LockId) {
    each(|state| state.remove_lock(id));
}

/// A lock that may stand there has got another label.
pub(super) fn relabel(id: LockId, label: Option<&String>) {
    each(|state| {
        if let Some(info) = state.lock_mut(id) {
            info.label = label.cloned();
        }
    });
}

/// In the child of a fork: what was under way is not any more. A thread that is gone may have been
/// in the middle of anything, so it is left behind as it is.
#[cfg(unix)]
pub(crate) fn renew() {
    std::mem::forget(std::mem::take(&mut *SESSIONS.lock()));
    OWN.store(0, Ordering::Relaxed);
}
