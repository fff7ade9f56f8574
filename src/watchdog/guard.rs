//! The watchdog, as the program has it.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::builder::Builder;
use super::error::Error;
use super::heartbeat::{Heartbeat, Pulse};
use super::limits;
use super::run::{Orders, Runner};
use super::shared::Shared;
use super::signal;
use crate::detector;
use crate::engine::verdict::Verdict;
use crate::report::Report;
use crate::sink;
use crate::tracking::slot::place;

/// For how long the end of a watchdog is waited for: it may be in a callback that does not return.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long a thread that has closed a deadlock waits until all threads were looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The process that has a watchdog; zero if there is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// What the watchdog that was started last works for, and its process.
static CURRENT: Mutex<(u32, Weak<Shared>)> = Mutex::new((0, Weak::new()));

/// What the watchdog of this process works for, if there is one.
#[cfg(feature = "timer")]
pub(super) fn current() -> Option<Arc<Shared>> {
    // Not waited for: it is locked for a few instructions, or, in the child of a fork at the wrong
    // moment, for ever.
    let current = CURRENT.try_lock()?;
    let (process, shared) = &*current;
    (*process == std::process::id())
        .then(|| shared.upgrade())
        .flatten()
        .filter(|shared| !shared.has_stopped())
}

/// A thread that watches over all others, until this is dropped.
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
///     .call(|alert| eprintln!("{}", alert.headline()))
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
    /// A watchdog with its defaults.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Sets up a heartbeat that is to beat once within every `limit`, from now on.
    ///
    /// A limit of less than 10 milliseconds counts as that.
    #[track_caller]
    #[must_use = "the heartbeat ends when it is dropped"]
    pub fn heartbeat(&self, name: impl Into<String>, limit: Duration) -> Heartbeat {
        let limit = limits::within_reason(limit);
        let pulse = Pulse::new(name.into(), Location::caller(), limit);
        if !self.is_of_another_process() {
            self.shared.add(Arc::clone(&pulse));
        }
        Heartbeat::new(pulse)
    }

    /// Whether this is the child of a fork: the thread is not here, and may have left what it shares
    /// with others locked.
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
    /// Where the calling thread is a watchdog, what it works for.
    static HERE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Whether the calling thread is the one that works for this.
fn is_here(shared: &Arc<Shared>) -> bool {
    HERE.get() == Arc::as_ptr(shared).addr()
}

/// The place of the one watchdog of the process, taken.
struct Place(u32);

impl Place {
    fn take() -> Result<Self, Error> {
        let me = std::process::id();
        let before = RUNNING.load(Ordering::Relaxed);
        // A watchdog of the process that this one was forked from is not here. Acquire pairs with
        // the Release of the drop: what the last one has done is done.
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

/// Starts the thread, after `prepare` has put in order what it needs.
pub(super) fn start(prepare: impl FnOnce() -> Result<Orders, Error>) -> Result<Watchdog, Error> {
    let place = Place::take()?;
    let orders = prepare()?;
    let shared = Arc::new(Shared::default());
    let own = Arc::clone(&shared);
    let (ready, is_ready) = mpsc::channel();
    thread::Builder::new()
        .name("lockwarden".to_owned())
        .spawn(move || work(own, orders, place, &ready))
        .map_err(|source| Error::Thread { source })?;
    // Whoever has the watchdog can rely on it. If the thread panics, there is nobody to wait for.
    let _ = is_ready.recv();
    *CURRENT.lock() = (std::process::id(), Arc::downgrade(&shared));
    Ok(Watchdog {
        shared,
        process: std::process::id(),
    })
}

/// The thread.
fn work(shared: Arc<Shared>, orders: Orders, place: Place, ready: &mpsc::Sender<()>) {
    struct Stopped(Arc<Shared>, Option<Place>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            place::set_delay(None);
            drop(self.1.take());
            self.0.stopped();
        }
    }
    signal::shield();
    HERE.set(Arc::as_ptr(&shared).addr());
    let slot = detector::attach();
    if let Some(slot) = slot {
        slot.life.mark_ours();
    }
    let stopped = Stopped(Arc::clone(&shared), Some(place));
    place::set_delay(orders.capture_delay);
    let told = Arc::clone(&shared);
    let listening = sink::listen(move |report: &Report| {
        let is_there = matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock);
        if is_there && !is_here(&told) {
            told.tell(report.clone(), LOOK);
        }
    });
    let _ = ready.send(());
    Runner::new(shared, orders, slot).run();
    drop(listening);
    drop(stopped);
}
