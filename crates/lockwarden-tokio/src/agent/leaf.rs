//! One wait of a task: a future of this crate round one of tokio's, from its first poll that was
//! pending to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use lockwarden::instrument::{Mode, Site, ThreadId, WaitReason};
use lockwarden::report::LockInfo;
use parking_lot::Mutex;
use tokio::task::{Id, coop};

use super::frame::{self, Frame};
use super::mark::Loose;
use super::probe::Probe;
use super::registry;
use super::root;
use super::stack::AwaitStack;
use super::task::{Joined, Task};
use crate::examine;
use crate::sync::mpsc::room::Room;
use crate::sync::permits::Permits;

/// What a wait is for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A lock, in a mode, and its holds that may have gone elsewhere. Those who hold it can end the
    /// wait.
    Lock(LockInfo, Mode, Option<Arc<Loose>>),
    /// So many permits of a semaphore.
    Permits(Arc<Permits>, u32),
    /// The end of one of these tasks, with their numbers in tokio.
    End(Vec<(Id, Joined)>),
    /// A place in a bounded channel, or so many. Those who have one, and the receiver, can end the wait.
    Room(Arc<Room>, usize),
    /// A message of a bounded channel; whether one that waits has to be looked at for this alone.
    Message(Arc<Room>, bool),
    /// That a task of a `LocalSet` is woken, of one that was made there.
    Set(Site),
    /// Something that any task might bring about.
    AnyAgent(Thing),
}

/// Something that is waited for and is no lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thing {
    /// What reports call it: `mpsc channel`.
    pub(crate) noun: &'static str,
    /// What has to happen there.
    pub(crate) awaited: WaitReason,
    /// Where it was made.
    pub(crate) made: Site,
}

impl Target {
    /// Whether only certain tasks can end the wait.
    pub(crate) fn is_for_certain_tasks(&self) -> bool {
        !matches!(
            self,
            Target::AnyAgent(_) | Target::Message(_, false) | Target::Set(_)
        )
    }

    /// What is waited for, if that is no lock, no permit and no task.
    pub(crate) fn thing(&self) -> Option<Thing> {
        match self {
            Target::AnyAgent(thing) => Some(*thing),
            Target::Room(room, _) => Some(room.thing(WaitReason::Room)),
            Target::Message(room, _) => Some(room.thing(WaitReason::Message)),
            Target::Set(made) => Some(Thing::new("LocalSet", WaitReason::End, made)),
            _ => None,
        }
    }
}

/// A wait that is not over.
#[derive(Debug)]
pub(crate) struct Wait {
    /// The task, which lists it until it is over.
    task: Arc<Task>,
    pub(crate) target: Target,
    /// Where the future was made.
    pub(crate) created: Site,
    /// Where it is awaited.
    site: AtomicPtr<std::panic::Location<'static>>,
    pub(crate) since: Instant,
    /// A number before the future was first polled, in an order with `queued`.
    pub(crate) began: u64,
    /// A number after it was first found pending; zero until then.
    queued: AtomicU64,
    /// The count of polls of the task in which it was last polled.
    last_poll: AtomicU64,
    /// The count of polls of its task when its waker was woken, plus one; zero if it was not.
    granted: AtomicU64,
    /// Whether the future lies within that of its task, which is pinned: then no other task can ever
    /// poll it.
    pub(crate) is_inline: bool,
    waker: Mutex<Waker>,
    /// The await stack of the last probe that polled it.
    stack: Mutex<Option<Box<AwaitStack>>>,
}

impl Wait {
    /// Where it is awaited, or was made, if that is not seen.
    pub(crate) fn site(&self) -> Site {
        let site = self.site.load(Ordering::Relaxed);
        // The field is only ever set to a `Site`, and those are static.
        #[allow(unsafe_code)]
        // SAFETY: as above.
        let site: Site = unsafe { &*site };
        // An `.await` of a boxed or pinned future is seen as a line of the standard library, and a future that is a whole task
        // is awaited nowhere.
        let file = site.file();
        if file == root::FILE || file.starts_with("/rustc/") || file.contains("/library/") {
            self.created
        } else {
            site
        }
    }

    /// The number of the task.
    pub(crate) fn task_id(&self) -> ThreadId {
        self.task.id
    }

    /// The functions in which the task waits, innermost first, as the last probe has seen them.
    pub(crate) fn stack(&self) -> Vec<String> {
        let stack = self.stack.lock();
        stack.as_ref().map_or_else(Vec::new, |stack| stack.lines())
    }

    /// The count of polls of the task in which it was last polled.
    pub(crate) fn last_poll(&self) -> u64 {
        self.last_poll.load(Ordering::Acquire)
    }

    /// The count of polls of its task when it was granted what it waits for.
    pub(crate) fn granted_at(&self) -> Option<u64> {
        self.granted.load(Ordering::Acquire).checked_sub(1)
    }

    /// A number after the first time that it was found pending, if that is over.
    pub(crate) fn queued(&self) -> Option<u64> {
        Some(self.queued.load(Ordering::Acquire)).filter(|queued| *queued != 0)
    }

    /// Wakes the task, for it to be polled once more.
    pub(crate) fn wake_task(&self) {
        let waker = self.waker.lock().clone();
        waker.wake();
    }

    fn note_poll(&self, frame: &Frame<'_>, site: Site, waker: &Waker) {
        self.site
            .store(std::ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        let mut kept = self.waker.lock();
        if !kept.will_wake(waker) {
            kept.clone_from(waker);
        }
        drop(kept);
        self.last_poll.store(frame.poll(), Ordering::Release);
    }
}

impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let polls = self.task.polls();
        // Before the task is woken: who sees it polled again sees the grant.
        self.granted.store(polls + 1, Ordering::Release);
        let waker = self.waker.lock().clone();
        waker.wake();
    }
}

/// A number that ascends with each call in the process.
#[inline]
pub(crate) fn next() -> u64 {
    lockwarden::instrument::moment()
}

/// The place of a wait in a future of this crate. The wait is withdrawn when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    entry: Option<Arc<Wait>>,
}

/// How a future waits.
pub(crate) struct Waiting<S> {
    /// Where the future was made.
    pub(crate) created: Site,
    /// Where it is awaited.
    pub(crate) site: Site,
    /// The address of the future.
    pub(crate) place: usize,
    /// What it waits for.
    pub(crate) target: S,
}

impl Leaf {
    pub(crate) const fn new() -> Self {
        Self { entry: None }
    }

    /// The place of a wait that is listed.
    pub(super) const fn of(wait: Arc<Wait>) -> Self {
        Self { entry: Some(wait) }
    }

    /// The wait, which stays listed.
    pub(super) fn take(&mut self) -> Option<Arc<Wait>> {
        self.entry.take()
    }

    /// Polls `f`, and lists the wait while that is pending. Whether the waiter was granted what it
    /// waits for is seen by the waker that `f` is given.
    pub(crate) fn poll_granted<T>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Waiting<impl FnOnce() -> Target>,
        f: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        frame::with(|frame| {
            let Some(frame) = frame else {
                self.withdraw();
                return f(cx);
            };
            raise_alarm(frame);
            let before = frame.probe().map(Probe::enter_wait);
            let site = frame::outer_site(waiting.site);
            let wait = Arc::clone(self.listed(frame, waiting, cx.waker()));
            wait.note_poll(frame, site, cx.waker());
            // Without a budget the future is not polled in truth, and woken for that alone: this is
            // no grant. One that was queued before still has the waker of then.
            let poll = if coop::has_budget_remaining() {
                wait.granted.store(0, Ordering::Release);
                let waker = Waker::from(Arc::clone(&wait));
                f(&mut Context::from_waker(&waker))
            } else {
                f(cx)
            };
            if before.is_some() {
                leave_wait(frame);
            }
            self.close(frame, before, 0, &wait, poll)
        })
    }

    /// Polls `f`, and lists the wait while that is pending.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Waiting<impl FnOnce() -> Target>,
        f: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.poll_beside(cx, waiting, Inner::Nothing, f, |_| {}, || Some(0))
    }

    /// Polls `f`, after which `polled` is given the frame of the poll, and lists the wait while that is pending. Of the clones
    /// of the waker that `f` has made, so many as `others` says then are of what it polls in turn; if it says none, it
    /// was a wait for something else, which is listed by itself.
    #[inline]
    pub(crate) fn poll_beside<T>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Waiting<impl FnOnce() -> Target>,
        inner: Inner,
        f: impl FnOnce(&mut Context<'_>) -> Poll<T>,
        polled: impl FnOnce(&Frame<'_>),
        others: impl FnOnce() -> Option<usize>,
    ) -> Poll<T> {
        frame::with(|frame| {
            let Some(frame) = frame else {
                self.withdraw();
                return f(cx);
            };
            raise_alarm(frame);
            let before = match inner {
                Inner::Nothing => frame.probe().map(Probe::enter_wait),
                Inner::Futures => frame.probe().map(Probe::clones),
            };
            let poll = f(cx);
            if before.is_some() {
                leave_wait(frame);
            }
            polled(frame);
            let others = if poll.is_pending() { others() } else { None };
            let Some(others) = others else {
                self.withdraw();
                return poll;
            };
            let site = frame::outer_site(waiting.site);
            let wait = Arc::clone(self.listed(frame, waiting, cx.waker()));
            wait.note_poll(frame, site, cx.waker());
            self.close(frame, before, others, &wait, poll)
        })
    }

    fn close<T>(
        &mut self,
        frame: &Frame<'_>,
        before: Option<usize>,
        others: usize,
        wait: &Wait,
        poll: Poll<T>,
    ) -> Poll<T> {
        if poll.is_ready() {
            self.withdraw();
        } else if wait.queued().is_none() {
            wait.queued.store(next(), Ordering::Release);
        }
        if let (Some(probe), Some(before)) = (frame.probe(), before) {
            probe.track_since(before, others);
            *wait.stack.lock() = Some(Box::new(AwaitStack::capture()));
        }
        poll
    }

    /// The wait, which is listed with the task that polls.
    fn listed(
        &mut self,
        frame: &Frame<'_>,
        waiting: Waiting<impl FnOnce() -> Target>,
        waker: &Waker,
    ) -> &Arc<Wait> {
        let own = frame.task();
        let is_other = |wait: &Arc<Wait>| !Arc::ptr_eq(&wait.task, own);
        if self.entry.as_ref().is_some_and(is_other) {
            // Another task polls it now.
            self.withdraw();
        }
        self.entry.get_or_insert_with(|| {
            let wait = Arc::new(Wait {
                task: Arc::clone(own),
                target: (waiting.target)(),
                created: waiting.created,
                site: AtomicPtr::new(std::ptr::from_ref(waiting.site).cast_mut()),
                since: Instant::now(),
                began: next(),
                queued: AtomicU64::new(0),
                last_poll: AtomicU64::new(frame.poll()),
                granted: AtomicU64::new(0),
                is_inline: frame.contains(waiting.place),
                waker: Mutex::new(waker.clone()),
                stack: Mutex::default(),
            });
            let mut waits = own.waits.lock();
            waits.add(Arc::clone(&wait));
            // Under the lock of the waits: another thread may end one of them, which it has been given.
            if wait.target.is_for_certain_tasks() {
                registry::begin_wait(own);
            }
            drop(waits);
            examine::wait_began(own);
            wait
        })
    }

    /// Takes the wait off the list, if it is on it.
    #[inline]
    pub(crate) fn withdraw(&mut self) {
        if self.entry.is_some() {
            self.take_off();
        }
    }

    #[cold]
    fn take_off(&mut self) {
        if let Some(wait) = self.entry.take() {
            let mut waits = wait.task.waits.lock();
            if waits.remove(&wait) {
                registry::end_wait(&wait.task);
            }
            drop(waits);
        }
    }
}

impl Drop for Leaf {
    #[inline]
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// What a wait polls in turn.
#[derive(Clone, Copy)]
pub(crate) enum Inner {
    /// Futures of tokio alone.
    Nothing,
    /// Futures of the program, which may wait for anything.
    Futures,
}

#[cold]
fn leave_wait(frame: &Frame<'_>) {
    if let Some(probe) = frame.probe() {
        probe.leave_wait();
    }
}

/// Raises the panic that was asked of the task of this poll, if one was: it breaks a deadlock.
#[inline(always)]
fn raise_alarm(frame: &Frame<'_>) {
    if let Some(task) = frame.known()
        && task.has_alarm()
    {
        task.raise_alarm();
    }
}

// A panic of the program leaves what is listed as right as any other moment.
impl std::panic::UnwindSafe for Leaf {}
impl std::panic::RefUnwindSafe for Leaf {}
