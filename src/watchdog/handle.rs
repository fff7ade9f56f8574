//! The watchdog, as the program has it.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::action::Action;
use super::alert_thread::{AlertThread, Message};
use super::builder::Builder;
use super::error::Error;
use super::heartbeat::{Heartbeat, Pulse};
use super::limits;
use super::poll_loop::{PollLoop, Settings};
use super::shared::Shared;
use crate::detector;
use crate::dump::signal;
use crate::engine::verdict::Verdict;
use crate::report::Report;
use crate::sink;
use crate::tracking::thread::slot::{Slot, parked_stack};

/// For how long the end of a watchdog is waited for: it may be in a callback that does not return.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long a thread that has closed a deadlock waits until all threads were looked at.
const LOOK: Duration = Duration::from_secs(2);

/// How much there may be to tell while something else is being told: a callback that does not return is
/// not to fill the memory.
const WAITING: usize = 64;

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

/// Starts the threads, after `prepare` has put in order what it needs.
pub(super) fn start(prepare: impl FnOnce() -> Result<Settings, Error>) -> Result<Watchdog, Error> {
    let place = Place::take()?;
    let orders = prepare()?;
    let shared = Arc::new(Shared::default());
    let (news, comes) = mpsc::sync_channel(WAITING);
    let (ready, is_ready) = mpsc::channel();
    let (own, actions, is_teller_ready) =
        (Arc::clone(&shared), orders.actions.clone(), ready.clone());
    spawn("lockwarden-tell", move || {
        tell(own, actions, place, &comes, &is_teller_ready);
    })?;
    let own = Arc::clone(&shared);
    spawn("lockwarden", move || look(own, orders, news, &ready))?;
    // Whoever has the watchdog can rely on it. If a thread panics, there is nobody to wait for.
    let _ = (is_ready.recv(), is_ready.recv());
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

/// Makes the calling thread one of the watchdog.
fn settle(shared: &Arc<Shared>) -> Option<&'static Slot> {
    signal::shield();
    HERE.set(Arc::as_ptr(shared).addr());
    let slot = detector::attach()?;
    slot.life.mark_ours();
    Some(slot)
}

/// The thread that looks.
fn look(shared: Arc<Shared>, orders: Settings, news: SyncSender<Message>, ready: &Sender<()>) {
    let slot = settle(&shared);
    parked_stack::set_delay(orders.capture_delay);
    let told = Arc::clone(&shared);
    let _listening = sink::listen(move |report: &Report| {
        let is_there = matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock);
        if is_there && !is_here(&told) {
            told.tell(report.clone(), LOOK);
        }
    });
    let _ = ready.send(());
    PollLoop::new(shared, orders, news, slot).run();
    parked_stack::set_delay(None);
}

/// The thread that tells. It ends after the other one.
fn tell(
    shared: Arc<Shared>,
    actions: Vec<Action>,
    place: Place,
    news: &Receiver<Message>,
    ready: &Sender<()>,
) {
    struct Stopped(Arc<Shared>, Option<Place>);
    impl Drop for Stopped {
        fn drop(&mut self) {
            drop(self.1.take());
            self.0.stopped();
        }
    }
    let _stopped = Stopped(Arc::clone(&shared), Some(place));
    let slot = settle(&shared);
    let _ = ready.send(());
    let teller = AlertThread {
        shared,
        actions,
        slot,
        told: HashMap::new(),
    };
    teller.run(news);
    // Nobody else has the place of the watchdog before the one that looks is gone too.
    while news.recv().is_ok() {}
}
