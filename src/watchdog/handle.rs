//! The handle of a watchdog, and the start and end of its threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::action::Action;
use super::alert_thread::{AlertThread, Message};
use super::error::Error;
use super::poll_loop::{PollLoop, Settings};
use super::pulse::Pulse;
use super::shared::Shared;
use crate::engine::verdict::Verdict;
use crate::report::Report;
use crate::runtime::threads;
use crate::sink;
use crate::system::signal;
use crate::tracking::process::alerts;
use crate::tracking::thread::slot::{Slot, parked_stack};

/// How long a drop waits for the threads to end: one may be in a callback that does not return.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a thread that has closed a deadlock waits until all threads were captured.
const LOOK: Duration = Duration::from_secs(2);

/// The capacity of the channel between the two threads: a callback that does not return must not fill
/// the memory.
const WAITING: usize = 64;

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
        let patience = if is_here(&self.shared) {
            Duration::ZERO
        } else {
            PATIENCE
        };
        self.shared.stop(patience);
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

/// The right to be the only watchdog of the process.
struct Place(u32);

impl Place {
    fn take() -> Result<Self, Error> {
        let me = std::process::id();
        let before = RUNNING.load(Ordering::Relaxed);
        // The watchdog of the parent of a fork does not exist here. Acquire pairs with the Release of
        // the drop: the effects of the last watchdog are visible.
        let taken = before != me
            && RUNNING
                .compare_exchange(before, me, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        if taken {
            Ok(Self(me))
        } else {
            Err(Error::AlreadyRunning)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let free = RUNNING.compare_exchange(self.0, 0, Ordering::Release, Ordering::Relaxed);
        let _ = free;
    }
}

/// Starts the threads, after `prepare` has checked the settings and opened the files.
pub(super) fn start(prepare: impl FnOnce() -> Result<Settings, Error>) -> Result<Watchdog, Error> {
    let place = Place::take()?;
    let orders = prepare()?;
    let calls_program = orders.actions.iter().any(Action::calls_program);
    let limits = orders.limits;
    let shared = Arc::new(Shared::default());
    let (news, comes) = mpsc::sync_channel(WAITING);
    let (ready, is_ready) = mpsc::channel();
    let (own, actions, are_actions_ready) =
        (Arc::clone(&shared), orders.actions.clone(), ready.clone());
    spawn("lockwarden-tell", move || {
        run_actions(own, actions, place, &comes, &are_actions_ready);
    })?;
    let own = Arc::clone(&shared);
    spawn("lockwarden", move || look(own, orders, news, &ready))?;
    // When the function returns, both threads are attached. If one panics, its channel closes and the
    // receive ends.
    let _ = (is_ready.recv(), is_ready.recv());
    if calls_program {
        alerts::expect(limits.triggers());
    }
    *CURRENT.lock() = (std::process::id(), Arc::downgrade(&shared));
    Ok(Watchdog {
        shared,
        process: std::process::id(),
    })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned());
    match thread.spawn(run) {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::Thread { source }),
    }
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
fn look(shared: Arc<Shared>, orders: Settings, news: SyncSender<Message>, ready: &Sender<()>) {
    let slot = settle(&shared);
    parked_stack::set_delay(orders.capture_delay);
    let alerts = Arc::clone(&shared);
    let _listening = sink::listen(move |report: &Report| {
        let is_there = matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock);
        if is_there && !is_here(&alerts) {
            alerts.report(report.clone(), LOOK);
        }
    });
    let _ = ready.send(());
    PollLoop::new(shared, orders, news, slot).run();
    parked_stack::set_delay(None);
}

/// The body of the thread that runs the actions. It ends after the polling thread.
fn run_actions(
    shared: Arc<Shared>,
    actions: Vec<Action>,
    place: Place,
    news: &Receiver<Message>,
    ready: &Sender<()>,
) {
    struct Stopped(Arc<Shared>, Option<Place>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            alerts::forget();
            drop(self.1.take());
            self.0.stopped();
        }
    }
    let _stopped = Stopped(Arc::clone(&shared), Some(place));
    let slot = settle(&shared);
    let _ = ready.send(());
    let alert_thread = AlertThread {
        shared,
        actions,
        slot,
        reported: HashMap::new(),
        last_dump: None,
    };
    alert_thread.run(news);
    // A new watchdog may start only after the polling thread has ended too.
    while news.recv().is_ok() {}
}
