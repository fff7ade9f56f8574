//! Agents that are no threads.

#![allow(unsafe_code)]

use std::mem::needs_drop;
use std::ptr;

use super::clock::Clock;
use super::lock::{Hold, Lock, released_slow};
use super::resource::Resource;
use crate::detector::observation::Observation;
use crate::detector::{self, observe};
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::verdict::Verdict;
use crate::report::{Facts, LockInfo, ThreadInfo};
use crate::runtime::threads;
use crate::tracking::process::alerts::Triggers;
use crate::tracking::process::registry;
use crate::tracking::thread::agent::Seat;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::{self, Slot};
use crate::watchdog::startup::attach;

/// Something that holds locks and waits, and that is no thread: a task of an async runtime, which one
/// thread after another polls.
///
/// What runs in [`run`](Self::run) is recorded as done by the agent: the locks that it takes stay
/// its own when another thread runs it the next time, and their order counts as that of the agent.
/// An agent that uses no tracked primitive takes no memory but itself.
///
/// # Examples
///
/// ```
/// use std::panic::Location;
/// use lockwarden::instrument::{Agent, AcquireKind, Lock, LockKind, Mode};
///
/// static KIND: LockKind = LockKind::new("AsyncMutex").sendable();
/// let lock = Lock::new(&KIND);
/// let mut task = Agent::new(Some("ingest"));
/// let hold = task.run(|| lock.acquired_sendable(Mode::Exclusive, AcquireKind::Blocking, Location::caller()));
/// std::thread::scope(|scope| {
///     scope.spawn(|| task.run(|| lock.released_anywhere(hold)));
/// });
/// ```
#[derive(Debug)]
pub struct Agent {
    seat: Seat,
}

impl Agent {
    /// A new agent, which reports call ``task `name` ``. It belongs to the check of
    /// [`testing`](crate::testing) that the calling thread belongs to.
    #[must_use]
    pub fn new(name: Option<&str>) -> Self {
        let scope = current::scope();
        Self {
            seat: Seat::new(registry::next_agent(), scope, name.map(Box::from), None),
        }
    }

    /// The same, called by the place where it was started. Takes no memory for a name.
    #[must_use]
    pub fn started_at(place: Site) -> Self {
        let scope = current::scope();
        Self {
            seat: Seat::new(registry::next_agent(), scope, None, Some(place)),
        }
    }

    /// Counts an agent that has no [`Agent`] yet, as one of which nothing else is to be known: the
    /// [totals](crate::config::Totals) and the summary say how many there have been.
    ///
    /// Costs one atomic operation.
    #[inline]
    pub fn add_anonymous() {
        registry::add_anonymous_agent();
    }

    /// Counts one less of those that [`add_anonymous`](Self::add_anonymous) has counted, since an
    /// [`Agent`] was made for it.
    pub fn remove_anonymous() {
        registry::remove_anonymous_agent();
    }

    /// The identity of the agent in reports, unique among threads and agents.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.seat.id()
    }

    /// The number of the check of [`testing`](crate::testing) that the agent belongs to; zero if it
    /// belongs to none. For [`report_stuck`].
    #[must_use]
    pub fn check(&self) -> u64 {
        self.seat.check_id()
    }

    /// What the agent does comes after all that is in `past`: what led to its start.
    pub fn set_past(&mut self, mut past: Clock) {
        self.seat.set_past(past.0.take());
    }

    /// Runs `f` as the agent: what it does with tracked primitives is done by the agent and not by
    /// the calling thread. Agents can be nested; the inner one counts.
    ///
    /// Costs a few instructions.
    #[inline]
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct Back(Acting);
        impl Drop for Back {
            #[inline]
            fn drop(&mut self) {
                self.0.end();
            }
        }
        // SAFETY: the seat is borrowed for as long as the thread refers to it, also if `f` unwinds.
        let _back = Back(unsafe { self.act() });
        f()
    }

    /// Makes the calling thread act as the agent until [`Acting::end`] is called on the result: what
    /// [`run`](Self::run) does, for a caller that has no closure to run.
    ///
    /// # Safety
    ///
    /// Until then the agent stays alive and where it is, and no other thread acts as it.
    #[inline]
    pub unsafe fn act(&self) -> Acting {
        Acting(current::act_as(&self.seat))
    }

    /// What a report says of the agent, without what it holds and waits for.
    #[must_use]
    pub fn info(&self) -> ThreadInfo {
        ThreadInfo {
            name: self.seat.name(),
            is_task: true,
            ..ThreadInfo::new(self.id())
        }
    }
}

/// How a thread acted before it began to act as an agent, or as none. See [`Agent::act`].
#[derive(Debug)]
#[must_use = "the thread acts as the agent until `end` is called"]
pub struct Acting(Option<current::Role>);

impl Acting {
    /// Makes the calling thread act, until [`end`](Self::end) is called, as a thread that has used no
    /// tracked primitive yet.
    pub fn as_none() -> Self {
        Self(current::act_as_none())
    }

    /// Makes the calling thread act as it did before.
    #[inline]
    pub fn end(&self) {
        if let Some(role) = self.0 {
            current::act_again(role);
        }
    }
}

/// Whether the calling thread acts as no agent, and has used no tracked primitive yet.
#[inline(always)]
#[must_use]
pub fn is_unattached() -> bool {
    // One jump in place of two: each poll of a task asks.
    let slot = ptr::from_ref(current::slot()).addr() ^ ptr::from_ref(Slot::detached()).addr();
    slot | current::seat().addr() == 0
}

/// Makes each thread that acts as no agent call `arrive` before its first use of a tracked primitive. It may
/// make the thread [act](Agent::act) as an agent, which is then what uses the primitive: so an agent can
/// be made when it first needs to be there. The first call in the process counts.
pub fn arrive_with(arrive: fn()) {
    let _ = current::ARRIVE.set(arrive);
}

/// A number that ascends with each call in the process: what has a greater one came later.
///
/// Costs one atomic operation.
#[inline]
#[must_use]
pub fn moment() -> u64 {
    slot::moment()
}

/// Makes each thread call `hand_over` when it gives a value that could own something to another thread: to one that it
/// spawns with [`thread`](crate::thread), or as a message of a watched channel or queue. So an agent can be asked
/// whether a guard of its may be elsewhere. The first call in the process counts.
pub fn hand_over_with(hand_over: fn()) {
    let _ = current::HAND_OVER.set(hand_over);
}

/// Makes each thread that acts as an [`Agent`] call `blocks` when it has begun to wait, without a limit, for a lock that
/// blocks the thread: [`observe_all`](super::observe_all) shows the wait from then on. The thread may be one whose end
/// another one waits for, which the waits of threads alone do not show. The first call in the process counts.
pub fn agent_blocks_with(blocks: fn()) {
    let _ = current::AGENT_BLOCKS.set(blocks);
}

/// Calls the function of [`hand_over_with`], as the calling thread gives another one a value of this type. A value
/// that needs no drop owns nothing, and is no call.
///
/// Costs one load.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::hands_over;
///
/// struct Outbox<T>(std::sync::mpsc::Sender<T>);
///
/// impl<T> Outbox<T> {
///     fn post(&self, message: T) {
///         hands_over::<T>();
///         let _ = self.0.send(message);
///     }
/// }
/// # Outbox(std::sync::mpsc::channel().0).post(vec![1]);
/// ```
#[inline]
pub fn hands_over<T>() {
    if needs_drop::<T>()
        && let Some(hand_over) = current::HAND_OVER.get()
    {
        hand_over();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // As for every point that is not needed any more.
        drop(Clock(self.seat.take_past()));
        let slot = self.seat.slot();
        if !slot.is_detached() {
            self.run(|| threads::detach_agent(slot));
        }
    }
}

/// One recorded acquisition of a lock whose guards may be sent to other threads: the counterpart of
/// [`Hold`]. Made by [`Lock::acquired_sendable`].
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released_anywhere`, or the lock counts as held for ever"]
pub struct SendableHold(Hold);

// SAFETY: a hold is a reference to a slot, and slots are `Sync`. What is bound to a thread is
// `Lock::released`, which takes a `Hold`; `released_anywhere` asks in whose slot the lock is listed.
unsafe impl Send for SendableHold {}
// SAFETY: as above; a shared reference gives nothing away.
unsafe impl Sync for SendableHold {}
impl std::panic::UnwindSafe for SendableHold {}
impl std::panic::RefUnwindSafe for SendableHold {}

impl Lock {
    /// As [`acquired`](Self::acquired), for a guard that may be dropped by another thread or agent
    /// than the one that took the lock. The [`LockKind`](crate::instrument::LockKind) has to be one
    /// [`sendable`](crate::instrument::LockKind::sendable).
    ///
    /// # Panics
    ///
    /// As [`acquired`](Self::acquired).
    #[inline(always)]
    pub fn acquired_sendable(&self, mode: Mode, kind: AcquireKind, site: Site) -> SendableHold {
        SendableHold(self.acquired(mode, kind, site))
    }

    /// Tells that the lock is about to be released, by whichever thread.
    #[inline(always)]
    pub fn released_anywhere(&self, hold: SendableHold) {
        if let Err(hold) = self.released_last(hold) {
            released_slow(hold.0.slot, self.record.ident_address(), false);
        }
    }

    /// As [`released_anywhere`](Self::released_anywhere), for the hold that the calling thread or agent began last. No
    /// call is made for that.
    ///
    /// # Errors
    ///
    /// The hold, which goes on, if it is another one: hand it to `released_anywhere`.
    #[inline(always)]
    pub fn released_last(&self, hold: SendableHold) -> Result<(), SendableHold> {
        let slot = hold.0.slot;
        if ptr::eq(slot, current::slot()) && slot.pop(self.record.ident_address()) {
            Ok(())
        } else {
            Err(hold)
        }
    }

    /// Tells that a sendable hold has changed its mode without a release of the lock.
    pub fn converted_anywhere(&self, hold: &SendableHold, mode: Mode) {
        self.converted(&hold.0, mode);
    }

    /// Returns what a report says of the lock, to a caller that has found it taken: the first
    /// holder of a lock stores its id right after the acquisition, so for a lock that has none yet the call yields until it is stored,
    /// for 50 yields at most.
    #[must_use]
    pub fn info(&self) -> LockInfo {
        match attach() {
            Some(slot) => detector::lock_info(detector::with_own(slot, |own| {
                self.record.identify_as_waiter(&mut own.pool)
            })),
            None => LockInfo::new(self.id(), self.record.kind().noun(), self.record.place()),
        }
    }
}

impl SendableHold {
    /// Whether the agent or thread that took the lock is the calling one.
    #[inline(always)]
    #[must_use]
    pub fn is_here(&self) -> bool {
        ptr::eq(self.0.slot, current::slot())
    }
}

impl Resource {
    /// What a report says of the resource.
    #[must_use]
    pub fn info(&self) -> LockInfo {
        match attach() {
            Some(slot) => detector::lock_info(detector::identify(slot, &self.record)),
            None => LockInfo::new(
                crate::instrument::LockId::of_address(self),
                self.record.kind().noun(),
                self.record.place(),
            ),
        }
    }
}

/// What every thread and agent holds and waits for, as far as the detector tracks them: each as it
/// was a moment ago.
///
/// Costs some hundred nanoseconds for each of them.
///
/// # Examples
///
/// ```
/// let me = std::thread::current();
/// let lock = lockwarden::sync::Mutex::new(0);
/// let guard = lock.lock();
/// for one in lockwarden::instrument::observe_all() {
///     if one.thread.name.as_deref() == me.name() {
///         assert!(one.is_held_known);
///     }
/// }
/// drop(guard);
/// ```
#[must_use]
pub fn observe_all() -> Vec<Observation> {
    let mut observations = Vec::new();
    for observed in observe::all(false) {
        observations.push(observed.into_observation());
    }
    observations
}

/// Reports threads and agents that cannot go on, which the caller has found out by means of its own:
/// to the check of [`testing`](crate::testing) with the number `check`, or to the process if that is
/// zero. The message of the panic that the configuration asks for, if it asks for one.
///
/// The caller holds no lock of its own that a callback of the program could ask for.
pub fn report_stuck(
    check: u64,
    verdict: Verdict,
    threads: Vec<ThreadInfo>,
    locks: Vec<LockInfo>,
) -> Option<String> {
    let facts = Facts {
        locks,
        threads,
        ..Facts::of(verdict)
    };
    let panic = detector::publish_stuck(attach()?, check, facts)?;
    Some(panic.into_message())
}

/// Makes one of these threads and agents panic with `message`, if one waits where it can: for the end of a thread, a
/// message, a notification or the like, without a limit, but not for a lock. The caller has reported that none of them can go on.
/// With `in_test` only if libtest runs a test under way in one of them, or in one that has led to it by spawns. Returns
/// whether one is made to panic; if one should be and none can, a line on standard error says that the deadlock stays.
pub fn interrupt_stuck(stuck: &[ThreadId], message: String, in_test: bool) -> bool {
    attach().is_some() && detector::deadlock::interrupt(stuck, message, in_test)
}

/// Whether libtest runs a test in the thread with this id of the operating system; `None` if it does not answer. It is
/// asked for its stack by the signal of the dumps, which needs the feature `signals`; the names in it are looked up, which
/// may take some hundred milliseconds.
///
/// # Examples
///
/// ```
/// // The first thread of a program is not that of a test.
/// assert_ne!(lockwarden::instrument::runs_test(std::process::id()), Some(true));
/// ```
#[must_use]
pub fn runs_test(os_id: u32) -> Option<bool> {
    detector::deadlock::runs_test(os_id).ok()
}

/// Whether a watchdog calls the program at alerts, by a callback or a `tracing` subscriber, which may end any wait.
///
/// # Examples
///
/// ```
/// assert!(!lockwarden::instrument::alerts_call_program());
/// ```
#[must_use]
pub fn alerts_call_program() -> bool {
    Triggers::expected().is_some()
}

/// Marks the calling thread as one that looks after others and that none of the program waits for.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// thread::spawn(|| {
///     lockwarden::instrument::mark_observer();
///     // Polls the others from here on.
/// })
/// .join()
/// .unwrap();
/// ```
pub fn mark_observer() {
    if let Some(slot) = attach() {
        slot.life.mark_ours();
    }
}

/// Makes each [dump](crate::watchdog::dump) call `describe`, which returns a paragraph for each agent that is no
/// thread. The watchdog, and a check of [`testing`](crate::testing) that has hung, show
/// them after the threads.
///
/// It may take a moment, but not wait for a thread of the program.
///
/// # Examples
///
/// ```
/// lockwarden::instrument::describe_agents_with(|| vec!["task 7 waits for a permit".to_owned()]);
/// ```
pub fn describe_agents_with(describe: fn() -> Vec<String>) {
    crate::dump::agents::add(describe);
}

/// How many locks the calling thread, or the agent that it acts as, holds.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{ON, held_count};
/// use lockwarden::sync::Mutex;
///
/// let lock = Mutex::new(0);
/// let guard = lock.lock();
/// assert_eq!(held_count(), usize::from(ON));
/// drop(guard);
/// assert_eq!(held_count(), 0);
/// ```
#[inline]
#[must_use]
pub fn held_count() -> usize {
    let slot: &'static Slot = current::open();
    if slot.is_detached() {
        0
    } else {
        slot.count() as usize
    }
}

/// The locks that the calling thread, or the agent that it acts as, holds: which, how, and since
/// which line. Whether each may be released by another thread stands beside it.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{ON, held_by_caller};
/// use lockwarden::sync::Mutex;
///
/// let rates = Mutex::named("rates", 0);
/// let _guard = rates.lock();
/// let names: Vec<_> = held_by_caller().iter().map(|(lock, ..)| lock.name).collect();
/// assert_eq!(names, if ON { vec![Some("rates")] } else { vec![] });
/// ```
#[must_use]
pub fn held_by_caller() -> Vec<(LockInfo, crate::report::HeldInfo, bool)> {
    let slot = current::open();
    if slot.is_detached() {
        return Vec::new();
    }
    slot.maintain();
    let mut held = Vec::new();
    for (ident, info) in detector::held_here(slot) {
        let is_sendable = ident.class().kind.is_sendable();
        held.push((detector::lock_info(ident), info, is_sendable));
    }
    held
}
