//! The handle of a watchdog, and the start and end of its threads.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::action::Action;
use super::alert_thread::AlertThread;
use super::error::Error;
use super::poll_loop::{PollLoop, Settings};
use super::pulse::Pulse;
use super::shared::Shared;
use crate::engine::verdict::Verdict;
use crate::report::Report;
use crate::runtime::threads;
use crate::sink;
use crate::system::{self, Claim, signal};
use crate::tracking::process::alerts;
use crate::tracking::thread::slot::{Slot, parked_stack};

/// How long a drop waits for the threads to end: one may be in a callback that does not return.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a thread that has closed a deadlock waits until all threads were captured.
const LOOK: Duration = Duration::from_secs(2);

/// The id of the process that has a watchdog; zero if there is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// The shared state of the watchdog that was started last, and the id of its process.
static CURRENT: Mutex<(u32, Weak<Shared>)> = Mutex::new((0, Weak::new()));

/// Returns the shared state of the watchdog of this process, if there is one.
pub(super) fn current() -> Option<Arc<Shared>> {
    // `try_lock`, since the lock is held for a few instructions only, or, in the child of a fork at the
    // wrong moment, for ever.
    let current = CURRENT.try_lock()?;
    let (process, shared) = &*current;
    (*process == std::process::id())
        .then(|| shared.upgrade())
        .flatten()
        .filter(|shared| !shared.has_stopped())
}

/// A watchdog: a thread that polls all others, until this handle is dropped.
///
/// See the [module](super) for what it reports.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::watchdog::Watchdog;
///
/// # fn main() -> Result<(), lockwarden::watchdog::Error> {
/// let _watchdog = Watchdog::builder()
///     .wait_limit(Duration::from_secs(5))
///     .event_limit(None)
///     .hold_limit(Duration::from_secs(30))
///     .on_alert(|alert| eprintln!("{}", alert.headline()))
///     .spawn()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the watchdog ends when this is dropped"]
pub struct Watchdog {
    shared: Arc<Shared>,
    process: u32,
}

impl Watchdog {
    /// Adds the part of a heartbeat that the polling thread reads.
    pub(super) fn add(&self, pulse: &Arc<Pulse>) {
        if !self.is_of_another_process() {
            self.shared.add(Arc::clone(pulse));
        }
    }

    /// Returns whether this is the child of a fork: the thread does not exist here, and may have left
    /// shared locks locked.
    fn is_of_another_process(&self) -> bool {
        self.process != std::process::id()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.is_of_another_process() {
            return;
        }
        if is_here(&self.shared) {
            // The alert that drops the watchdog is still delivered.
            self.shared.ask_to_stop();
        } else {
            self.shared.stop(PATIENCE);
        }
    }
}

thread_local! {
    /// In a thread of a watchdog, the address of the shared state of that watchdog.
    static HERE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Returns whether the calling thread belongs to this watchdog.
fn is_here(shared: &Arc<Shared>) -> bool {
    HERE.get() == Arc::as_ptr(shared).addr()
}

/// Takes the right to be the only watchdog of the process.
pub(super) fn take_place() -> Result<Claim, Error> {
    Claim::take(&RUNNING).ok_or(Error::AlreadyRunning)
}

/// The polling thread, also before it is started: tells the other thread of its end.
struct Polls(Arc<Shared>);

impl Drop for Polls {
    fn drop(&mut self) {
        self.0.polls_no_more();
    }
}

pub(super) fn start(
    place: Claim,
    settings: Settings,
    actions: Vec<Action>,
) -> Result<Watchdog, Error> {
    let calls_program = actions.iter().any(Action::calls_program);
    let limits = settings.limits;
    let shared = Arc::new(Shared::default());
    let (own, polls) = (Arc::clone(&shared), Polls(Arc::clone(&shared)));
    spawn(
        "lockwarden-tell",
        Box::new(move || run_actions(own, actions, place)),
    )?;
    spawn("lockwarden", Box::new(move || look(&polls, settings)))?;
    shared.wait_until_attached();
    if calls_program {
        alerts::expect(&limits.triggers());
    }
    *CURRENT.lock() = (std::process::id(), Arc::downgrade(&shared));
    Ok(Watchdog {
        shared,
        process: std::process::id(),
    })
}

fn spawn(name: &str, run: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
    system::spawn(name, run).map_err(|source| Error::Thread { source })
}

/// Attaches the calling thread as one of this crate.
fn settle(shared: &Arc<Shared>) -> Option<&'static Slot> {
    signal::shield();
    HERE.set(Arc::as_ptr(shared).addr());
    let slot = threads::attach_at_start()?;
    slot.life.mark_ours();
    Some(slot)
}

/// The body of the polling thread.
fn look(Polls(shared): &Polls, settings: Settings) {
    let slot = settle(shared);
    parked_stack::set_delay(settings.capture_delay);
    let alerts = Arc::clone(shared);
    let _listening = sink::listen(Arc::new(move |report: &Report| {
        let is_there = matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock);
        if is_there && !is_here(&alerts) {
            alerts.report(report.clone(), LOOK);
        }
    }));
    shared.attached();
    PollLoop::new(Arc::clone(shared), settings, slot).run();
    parked_stack::set_delay(None);
}

/// The body of the thread that runs the actions. It ends after the polling thread.
fn run_actions(shared: Arc<Shared>, actions: Vec<Action>, place: Claim) {
    struct Stopped(Arc<Shared>, Option<Claim>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            alerts::forget();
            drop(self.1.take());
            self.0.stopped();
        }
    }
    let _stopped = Stopped(Arc::clone(&shared), Some(place));
    let slot = settle(&shared);
    shared.attached();
    let alert_thread = AlertThread {
        shared: Arc::clone(&shared),
        actions,
        slot,
        reported: Vec::new(),
        last_dump: None,
    };
    alert_thread.run();
    // A new watchdog may start only after the polling thread has ended too.
    while shared.receive().is_some() {}
}
