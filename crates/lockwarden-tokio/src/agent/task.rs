//! What is known of one task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use lockwarden::instrument::{Site, ThreadId};
use lockwarden::report::ThreadInfo;
use parking_lot::Mutex;
use tokio::task::Id;

use super::census;
use super::leaf;
use super::mark::Marked;
use super::origin::Origin;
use super::probe::WokenBy;
use super::registry;
use super::runtime::RuntimeState;
use super::sent::Sent;
use super::stack::AwaitStack;
use super::waits::Waits;

/// What kind of future stands at the root of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A spawned task: the runtime polls it.
    Spawned,
    /// A task of a `LocalSet`: the thread that drives the set polls it.
    Local,
    /// The future of a `block_on` or of a `LocalSet::run_until`: its caller polls it.
    Driven,
    /// A closure on a thread of the blocking pool.
    Blocking,
}

/// One task: what holds locks and waits.
#[derive(Debug)]
pub(crate) struct Task {
    /// Its number among the threads and tasks of reports.
    pub(crate) id: ThreadId,
    /// The check of `lockwarden::testing` that it belongs to; zero for none.
    pub(crate) check: u64,
    pub(crate) kind: Kind,
    /// Where it was spawned.
    pub(crate) spawned: Site,
    /// The runtime that polls it, if it is one of ours.
    pub(crate) runtime: Option<Arc<RuntimeState>>,
    /// Counts the beginnings and the ends of polls: odd while the task is polled.
    polls: AtomicU64,
    /// The thread that polls it; zero if none does.
    carrier: AtomicU64,
    /// Set to ask the next poll to be a probe.
    wants_probe: AtomicBool,
    ended: AtomicBool,
    /// Whether it is in a `block_in_place`, so that its thread is no worker any more.
    pub(crate) is_in_place: AtomicBool,
    /// Whether there is a message to panic with at the next poll of a wait.
    alarmed: AtomicBool,
    alarm: Mutex<Option<String>>,
    /// When it last gave something away that could own a guard or a future: to a task that it
    /// spawned, or through a channel. On the clock of `leaf::next`.
    pub(super) let_out: AtomicU64,
    /// When it last gave such a thing away in another way than to a known task at the spawn of that, on the same clock: any
    /// task can own the thing now.
    pub(super) scattered: AtomicU64,
    /// Whether it has taken permits, or was spawned by a task that may have some.
    may_have_permits: AtomicBool,
    /// Its number, with how many known tasks it has spawned in the highest 16 bits.
    stamp: AtomicU64,
    /// Its own spawn, if that was by a known task.
    pub(crate) birth: Option<Birth>,
    /// The latest spawn by it of a task that has ended and had spawned known ones itself, as a stamp; zero for none. What it
    /// gave to that task can be in one of these, which are not listed as its descendants any more.
    orphaned: AtomicU64,
    /// Holds of which more is known.
    pub(super) marks: Mutex<Vec<Marked>>,
    /// How many they are.
    pub(super) marked: AtomicUsize,
    /// Holds whose guards it may have sent away.
    pub(super) sent: Sent,
    /// Its waits that are not over, and the last probe.
    pub(crate) waits: Mutex<Waits>,
    /// The waker of its first poll as a known task, until it is over.
    waker: Mutex<Option<Waker>>,
    has_waker: AtomicBool,
    /// Its number in tokio, if it was polled before it became known.
    pub(crate) tokio_id: Option<Id>,
}

/// The bits of a [`Stamp`] that are the number of the task.
const NUMBER: u32 = 48;

/// A task, and how many known tasks it had spawned at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The task with this number, before it has spawned any.
    pub(crate) fn of(task: ThreadId) -> Self {
        Self(task.get())
    }

    /// The number of the task.
    pub(crate) fn id(self) -> ThreadId {
        ThreadId::new(self.0 & ((1 << NUMBER) - 1))
    }

    /// The stamp as a word, which is not zero.
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    /// The stamp with this word, unless that is zero.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word != 0).then_some(Self(word))
    }

    /// Whether a task that this one has spawned, with the stamp `spawn`, was so after that moment.
    pub(crate) fn is_before(self, spawn: Self) -> bool {
        let since = (spawn.0 >> NUMBER).wrapping_sub(self.0 >> NUMBER);
        // Of the 16 bits of a count that starts anew one half is later.
        since & (1 << 15) == 0
    }
}

/// The spawn of a task by a known one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    /// The task that has spawned it, just before.
    pub(crate) stamp: Stamp,
    /// When it was, on the clock of `leaf::next`.
    pub(crate) at: u64,
    /// Whether the spawning task may have permits.
    has_permits: bool,
}

/// The task of a join handle.
#[derive(Clone, Debug)]
pub(crate) enum Joined {
    /// A task that was known when it was spawned.
    Known(Arc<Task>),
    /// A task that was anonymous when it was spawned.
    Anonymous(Arc<Origin>),
}

impl Joined {
    /// Where the task was spawned.
    pub(crate) fn spawned(&self) -> Site {
        match self {
            Joined::Known(task) => task.spawned,
            Joined::Anonymous(origin) => origin.spawned,
        }
    }
}

/// What the last probe has shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probed {
    /// The count of polls when the probe was over.
    pub(crate) at: u64,
    pub(crate) woken_by: WokenBy,
    /// A number that ascends from one probe in the process to the next.
    pub(crate) sequence: u64,
}

impl Task {
    pub(crate) fn new(
        id: ThreadId,
        check: u64,
        origin: &Origin,
        tokio_id: Option<Id>,
        birth: Option<Birth>,
    ) -> Arc<Self> {
        let task = Arc::new(Self {
            id,
            check,
            kind: origin.kind,
            spawned: origin.spawned,
            runtime: origin.runtime(),
            polls: AtomicU64::new(0),
            carrier: AtomicU64::new(0),
            wants_probe: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            is_in_place: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
            alarm: Mutex::new(None),
            let_out: AtomicU64::new(0),
            scattered: AtomicU64::new(0),
            may_have_permits: AtomicBool::new(birth.is_some_and(|birth| birth.has_permits)),
            stamp: AtomicU64::new(id.get()),
            birth,
            orphaned: AtomicU64::new(0),
            marks: Mutex::default(),
            marked: AtomicUsize::new(0),
            sent: Sent::default(),
            waits: Mutex::default(),
            waker: Mutex::default(),
            has_waker: AtomicBool::new(false),
            tokio_id,
        });
        census::take_first();
        registry::add(&task);
        task
    }

    /// What a report says of it, without what it holds and waits for.
    pub(crate) fn info(&self) -> ThreadInfo {
        let mut info = ThreadInfo::of_task(self.id);
        info.name = Some(self.spawned.to_string());
        info
    }

    /// Where it is suspended, if that is in a wait of this crate.
    pub(crate) fn await_site(&self) -> Option<Site> {
        let last = self.polls().saturating_sub(1);
        let waits = self.waits.lock();
        let polled = waits.iter().find(|wait| wait.last_poll() == last);
        polled.map(|wait| wait.site())
    }

    /// Keeps the waker of a poll, if there is none: that of a task which a runtime polls is the same each time.
    #[inline]
    pub(super) fn keep_waker(&self, waker: &Waker) {
        // Relaxed: the thread that polls sets it, and who takes the waker takes the lock.
        if !self.has_waker.load(Ordering::Relaxed) {
            self.has_waker.store(true, Ordering::Relaxed);
            let waker = waker.clone();
            *self.waker.lock() = Some(waker);
        }
    }

    /// Wakes the task, for it to be polled once more: all that it was found waiting for last, or else the task.
    pub(crate) fn wake(&self) {
        let last = self.waits.lock().last().cloned();
        if let Some(wait) = last {
            return wait.wake_task();
        }
        // The call is the program's code, and may come to `end`: it does not come under the lock.
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The functions in which it waits for something that is not watched, innermost first, for each such wait that the last
    /// probe has seen.
    pub(crate) fn stacks_elsewhere(&self) -> Vec<Vec<String>> {
        let stacks = Arc::clone(&self.waits.lock().elsewhere);
        let mut stacks: Vec<Vec<String>> = stacks.iter().map(AwaitStack::lines_elsewhere).collect();
        stacks.dedup();
        stacks
    }

    /// Whether it was asked for a probe; it is none any more.
    #[inline]
    pub(crate) fn wants_probe(&self) -> bool {
        self.wants_probe.load(Ordering::Relaxed) && self.wants_probe.swap(false, Ordering::AcqRel)
    }

    /// Notes that the calling thread begins to poll it.
    #[inline]
    pub(crate) fn begin_poll(&self, carrier: u64) -> u64 {
        self.carrier.store(carrier, Ordering::Relaxed);
        // Only the thread that polls writes it. Release pairs with the Acquire in `polls`: who sees
        // the odd count sees the carrier.
        let polls = self.polls.load(Ordering::Relaxed) + 1;
        self.polls.store(polls, Ordering::Release);
        polls
    }

    /// Notes that the poll is over.
    #[inline]
    pub(crate) fn end_poll(&self) {
        let polls = self.polls.load(Ordering::Relaxed) + 1;
        // Release pairs with the Acquire in `polls`: who sees the even count sees all that the poll
        // did.
        self.polls.store(polls, Ordering::Release);
    }

    /// The count of polls: odd while the task is polled, zero if it never was.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Acquire)
    }

    /// The thread that polled it last, or polls it.
    pub(crate) fn carrier(&self) -> u64 {
        self.carrier.load(Ordering::Relaxed)
    }

    /// The task is about to spawn a known one.
    pub(crate) fn spawns(&self) -> Birth {
        Birth {
            stamp: Stamp(self.stamp.fetch_add(1 << NUMBER, Ordering::Relaxed)),
            at: leaf::next(),
            has_permits: self.may_have_permits(),
        }
    }

    /// The task takes permits.
    #[inline(always)]
    pub(crate) fn takes_permits(&self) -> Stamp {
        self.may_have_permits.store(true, Ordering::Relaxed);
        // Relaxed: the thread that polls the task is the one that spawns in it.
        Stamp(self.stamp.load(Ordering::Relaxed))
    }

    /// Whether it has taken permits, or was spawned by a task that may have some.
    pub(super) fn may_have_permits(&self) -> bool {
        self.may_have_permits.load(Ordering::Relaxed)
    }

    /// The latest spawn by it of a task that has ended and had spawned known ones itself.
    pub(crate) fn orphaned(&self) -> Option<Stamp> {
        Stamp::from_word(self.orphaned.load(Ordering::Acquire))
    }

    fn note_orphans_of(&self, spawn: Stamp) {
        let is_later = |word| Stamp::from_word(word).is_none_or(|known| known.is_before(spawn));
        let later = |word| is_later(word).then_some(spawn.word());
        let _ = self
            .orphaned
            .fetch_update(Ordering::Release, Ordering::Relaxed, later);
    }

    /// Notes that the task is over.
    pub(crate) fn end(&self) {
        // What it was given, and gave away, is of no task that is known as its child from now on.
        if self.let_out() != 0
            && let Some(birth) = self.birth
            && let Some(parent) = registry::find(birth.stamp.id())
        {
            parent.scatters();
            if self.stamp.load(Ordering::Relaxed) != self.id.get() {
                parent.note_orphans_of(birth.stamp);
            }
        }
        self.ended.store(true, Ordering::Release);
        registry::remove(self);
        // The waker keeps what the runtime has of the task.
        let waker = self.waker.lock().take();
        drop(waker);
    }

    /// Asks for a probe; whether that was not asked already.
    pub(crate) fn ask_for_probe(&self) -> bool {
        !self.wants_probe.swap(true, Ordering::AcqRel)
    }

    /// Asks the task to panic with `message` at the next poll of a wait.
    pub(crate) fn set_alarm(&self, message: String) {
        *self.alarm.lock() = Some(message);
        // Release pairs with the Acquire in `has_alarm`.
        self.alarmed.store(true, Ordering::Release);
    }

    /// Whether it was asked to panic.
    #[inline]
    pub(crate) fn has_alarm(&self) -> bool {
        self.alarmed.load(Ordering::Acquire)
    }

    /// Raises the panic that it was asked for.
    #[cold]
    pub(super) fn raise_alarm(&self) {
        self.alarmed.store(false, Ordering::Relaxed);
        let message = self.alarm.lock().take();
        if let Some(message) = message
            && !std::thread::panicking()
        {
            panic!("{message}");
        }
    }

    /// Raises the panic that it was asked for, before it is polled, if no wait of it would raise that.
    pub(super) fn raise_alarm_outside_of_waits(&self) {
        if self.has_alarm() && self.has_no_wait() {
            self.raise_alarm();
        }
    }

    /// Whether it is in no wait of this crate.
    pub(crate) fn has_no_wait(&self) -> bool {
        self.waits.lock().last().is_none()
    }

    /// Whether the task is over.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.has_ended() {
            registry::remove(self);
        }
    }
}
